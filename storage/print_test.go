package storage_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// T15, privacy 8: nothing that holds an identifier prints it.
func TestNothingPrintsAnIdentifier(t *testing.T) {
	const canary = "zq-canary-7"
	id := identity.MakeID(identity.UserID, canary)
	f := storage.Fact{Touch: &touchpoint.Touch{Source: "web", ID: canary, At: t0, Kind: "k", IDs: []identity.ID{id}, Touchpoint: canary}}
	e := storage.Fact{Evidence: &identity.Evidence{A: id, B: id, At: t0}}
	var r storage.Row
	if err := r.Encode(f); err != nil {
		t.Fatal(err)
	}
	q := storage.Query{IDs: []identity.ID{id}, Keys: []storage.Key{f.Key()}}
	values := []any{
		f, &f, e, []storage.Fact{f}, storage.Change{Fact: f}, storage.Tie{Sighting: f.Touch.Sighting(), Count: 1}, storage.Tie{Evidence: e.Evidence}, r, &r, q,
		storage.Erasure{ID: "e", Remove: []storage.Query{q}, Redact: []storage.Fact{f}}, storage.Summary{IDs: []identity.ID{id}, Body: []byte(canary)}, storage.SummaryQuery{IDs: []identity.ID{id}},
	}
	var out bytes.Buffer
	text, js := slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		if _, list := v.([]storage.Fact); !list { // slog marshals a list as data
			text.Info("x", "v", v)
			js.Info("x", "v", v)
		}
	}
	for _, form := range []string{canary, fmt.Sprintf("%x", canary)} {
		if i := strings.Index(out.String(), form); i >= 0 {
			t.Errorf("printed: %s", out.String()[max(0, i-80):i])
		}
	}
	if s, ok := any(f).(fmt.Stringer); !ok || s.String() != "touch" {
		t.Error("a fact does not say what it is")
	}
}

func TestComponentSurvivesAPanickingCallback(t *testing.T) {
	s := filled(t)
	_, err := storage.Component(t.Context(), s, []identity.ID{u(1)}, func(identity.ID) bool { panic("zq-secret") }, 0)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
}
