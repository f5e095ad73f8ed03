package storage_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// What a store may take is left to it, with its key; what none takes is told at once.
func TestOfferRefusesWhatNoStoreTakes(t *testing.T) {
	var r storage.Row
	for _, f := range everything() {
		k := f.Key()
		if out := r.Offer(f); out.Status != 0 || out.Key != (touchpoint.Key{Source: k.Source, ID: k.ID}) || out.Err != nil || out.Reason != "" {
			t.Errorf("%v: %v, reason %q, error %v", f, out.Status, out.Reason, out.Err)
		}
		if r.Key != k || r.Hash != k.Hash() || r.Sum != storage.HashBody(r.Body) {
			t.Errorf("%v: the row is not that of the fact", f)
		}
	}
	nameless := erased()
	nameless.Erasure.ID = ""
	for _, c := range []struct {
		name   string
		fact   storage.Fact
		key    touchpoint.Key
		field  string
		reason touchpoint.Reason
	}{
		{"an erasure", erased(), touchpoint.Key{}, "class", touchpoint.UnknownType},
		{"an erasure that is bad itself", nameless, touchpoint.Key{}, "id", touchpoint.Missing},
		{"a touch", storage.Fact{Touch: &touchpoint.Touch{Source: "web", ID: "1", At: t0}}, touchpoint.Key{Source: "web", ID: "1"}, "kind", touchpoint.Missing},
		{"evidence", storage.Fact{Evidence: &identity.Evidence{A: u(1), Source: "crm", At: t0}}, touchpoint.Key{}, "b", touchpoint.Missing},
		{"nothing", storage.Fact{}, touchpoint.Key{}, "class", touchpoint.Missing},
	} {
		out := r.Offer(c.fact)
		var e *touchpoint.InvalidError
		if out.Status != touchpoint.Rejected || out.Key != c.key || out.Reason != c.reason || !errors.As(out.Err, &e) || e.Field != c.field || e.Reason != c.reason {
			t.Errorf("%s: %v with key %v, reason %q, error %v", c.name, out.Status, out.Key, out.Reason, out.Err)
		}
	}
}

// Ties are decoded into a touch that is used again: nothing of the one before may be left.
func TestTieIsTheSightingOfItsTouch(t *testing.T) {
	var r storage.Row
	facts := append(everything(), storage.Fact{Touch: &touchpoint.Touch{Source: "web", ID: "2", At: t0, Kind: touchpoint.KindPageview}})
	for _, props := range []string{`{"reverse_ip_domain":"a.example","website":"b.example"}`, `{"reverse_ip_domain":"a.example"}`, `{"title":"t","website":"b.example"}`,
		`{"person":{"website":"c.example"}}`, `{"title":"t"}`} {
		p, err := touchpoint.ParseProps([]byte(props))
		if err != nil {
			t.Fatal(err)
		}
		facts = append(facts, storage.Fact{Touch: &touchpoint.Touch{Source: "web", ID: "1", At: t0, Kind: touchpoint.KindLogout, IDs: []identity.ID{u(1)}, Props: p}})
	}
	for _, f := range facts {
		if err := r.Encode(f); err != nil {
			t.Fatal(err)
		}
		want := storage.Tie{Evidence: f.Evidence, Override: f.Override, Membership: f.Membership, Parent: f.Parent}
		if f.Touch != nil {
			want = storage.Tie{Sighting: f.Touch.Sighting(), Last: t0.Add(time.Hour), Count: 7}
		}
		if got, err := r.Tie(7, t0.Add(time.Hour).UnixMicro()); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %#v, want %#v, error %v", f, got, want, err)
		}
	}
	r.Sum[0]++
	var e *storage.CorruptError
	if got, err := r.Tie(1, 0); !errors.As(err, &e) || !reflect.DeepEqual(got, storage.Tie{}) {
		t.Errorf("a damaged row: %v, error %v", got, err)
	}
}
