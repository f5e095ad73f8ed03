package storage_test

import (
	"cmp"
	"errors"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

func TestSelectsIsThePlainMeaningOfAQuery(t *testing.T) {
	f := storage.Fact{Touch: sample()}
	p := f.Position()
	for _, c := range []struct {
		what string
		q    storage.Query
		want bool
	}{
		{"no condition", storage.Query{}, true},
		{"its class", storage.Query{Classes: []storage.Class{storage.ClassAudit, storage.ClassTouch}}, true},
		{"another class", storage.Query{Classes: []storage.Class{storage.ClassAudit}}, false},
		{"no class at all", storage.Query{Classes: []storage.Class{}}, false},
		{"its key", storage.Query{Keys: []storage.Key{f.Key()}}, true},
		{"its key in another class", storage.Query{Keys: []storage.Key{{Class: storage.ClassAudit, Source: p.Source, ID: p.ID}}}, false},
		{"its source", storage.Query{Sources: []string{"crm"}}, true},
		{"another spelling of it", storage.Query{Sources: []string{"CRM"}}, false},
		{"its kind", storage.Query{Kinds: []touchpoint.Kind{"meeting"}}, true},
		{"another kind", storage.Query{Kinds: []touchpoint.Kind{"call"}}, false},
		{"one of its identifiers", storage.Query{IDs: []identity.ID{u(1), f.Touch.IDs[1]}}, true},
		{"an identifier of another type", storage.Query{IDs: []identity.ID{identity.MakeID("email", "u-17")}}, false},
		{"from its instant", storage.Query{From: t0}, true},
		{"from a nanosecond later", storage.Query{From: t0.Add(1)}, false},
		{"to its instant", storage.Query{To: t0}, false},
		{"to a nanosecond later", storage.Query{To: t0.Add(1)}, true},
		{"after its place", storage.Query{After: p}, false},
		{"after a lesser place", storage.Query{After: storage.Position{At: p.At, Source: p.Source, ID: "0"}}, true},
		{"before its place", storage.Query{After: p, Desc: true}, false},
		{"before a greater place", storage.Query{After: storage.Position{At: p.At.Add(time.Second)}, Desc: true}, true},
		{"all but one of them", storage.Query{Sources: []string{"crm"}, From: t0, Kinds: []touchpoint.Kind{}}, false},
	} {
		if got := c.q.Selects(f); got != c.want {
			t.Errorf("%s: %t", c.what, got)
		}
	}
	if (storage.Query{Kinds: []touchpoint.Kind{""}}).Selects(everything()[2]) {
		t.Error("evidence has a kind")
	}
}

// Places are told apart by instant, source, id and class, in this order.
func TestPositionsCompareTermByTerm(t *testing.T) {
	places := []storage.Position{
		{}, {At: t0, Source: "b", ID: "b", Class: 2}, {At: t0, Source: "b", ID: "b", Class: 3}, {At: t0, Source: "b", ID: "c", Class: 1},
		{At: t0, Source: "c", ID: "a", Class: 1}, {At: t0.Add(time.Microsecond), Source: "a", ID: "a", Class: 1},
	}
	for i, p := range places {
		for k, o := range places {
			if got, want := p.Compare(o), cmp.Compare(i, k); got != want {
				t.Errorf("%v with %v: %d, want %d", p, o, got, want)
			}
		}
	}
}

func TestCursorText(t *testing.T) {
	var c storage.Cursor
	if err := c.UnmarshalText([]byte("mem-1-2")); err != nil || c != storage.MakeCursor("mem-1-2") || c.String() != "mem-1-2" {
		t.Error(c, err)
	}
	for _, bad := range []string{"a b", "a\n", "é", "\x00", string(make([]byte, 5000))} {
		if err := c.UnmarshalText([]byte(bad)); !errors.Is(err, storage.ErrCursor) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := c.UnmarshalText(nil); err != nil || c != (storage.Cursor{}) {
		t.Error("the empty text is not the zero cursor")
	}
}

func TestClassNames(t *testing.T) {
	for i, c := range storage.Classes() {
		if int(c) != i+1 || c.String() == "invalid" {
			t.Errorf("class %d is %v", i, c)
		}
	}
	if storage.Class(0).String() != "invalid" || (storage.ClassAudit+1).String() != "invalid" || storage.Class(99).String() != "invalid" {
		t.Error("an unknown class has a name")
	}
}
