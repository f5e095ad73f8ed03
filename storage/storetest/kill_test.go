package storetest_test

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// kept is a store that closing does not end.
type kept struct{ storage.Store }

func (kept) Close() error { return nil }

// A child of Kill writes until its store fails, and what it wrote is what its parent looks
// for: all that is acknowledged, and no half of anything.
func TestKillTellsWhatIsLostHalfOrForeign(t *testing.T) {
	t.Setenv("TABI_STORETEST_KILL_NEXT", "0")
	faults := &storetest.Faults{Cause: syscall.EIO}
	faults.Refuse.Nth = 25
	s := memstore.New(nil)
	h := storetest.KillHarness{Batch: 4, Open: func(_ context.Context, place string) (storage.Store, error) {
		switch place {
		case "refusing":
			return &distorted{Store: memstore.New(nil), outs: each(func(o *touchpoint.Outcome) { o.Status = touchpoint.Rejected })}, nil
		case "nowhere":
			return nil, syscall.ENOENT
		case "read-only":
			return storetest.Faulty(s, &storetest.Faults{Refuse: storetest.When{From: 1}}), nil
		}
		return kept{storetest.Faulty(s, faults)}, nil
	}}
	if err := storetest.KillChild(t.Context(), h, "here"); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	if err := storetest.KillChild(t.Context(), h, "nowhere"); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("a store that does not open: %v", err)
	}
	if err := storetest.KillChild(t.Context(), h, "refusing"); err == nil || !strings.Contains(err.Error(), "batch 0") {
		t.Errorf("a store that refuses what it is offered: %v", err)
	}
	last := 0
	var acked []int
	for _, err := range s.Scan(t.Context(), storage.Query{Classes: []storage.Class{storage.ClassErasure}}) {
		if err != nil {
			t.Fatal(err)
		}
		last++
	}
	if last != 2 {
		t.Fatalf("%d erasures", last)
	}
	n, err := s.Count(t.Context(), storage.Query{Classes: []storage.Class{storage.ClassTouch}})
	if err != nil {
		t.Fatal(err)
	}
	last = int(n)/4 + 2
	for i := range last {
		acked = append(acked, i)
	}
	cleared := 0
	find := func(what, want string, change func(), acked, gone []int, last int) {
		t.Helper()
		if change != nil {
			change()
		}
		err := storetest.KillLook(t.Context(), h, last, acked, gone, cleared)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	erase := func(ids ...string) func() {
		return func() {
			q := storage.Query{Classes: []storage.Class{storage.ClassTouch}}
			for _, id := range ids {
				q.Keys = append(q.Keys, storage.Key{Class: storage.ClassTouch, Source: "s", ID: id})
			}
			for f := range s.Scan(t.Context(), storage.Query{Classes: q.Classes, Limit: 1}) {
				for i := range q.Keys {
					q.Keys[i].Source = f.Touch.Source
				}
			}
			if _, err := s.Erase(t.Context(), storage.Erasure{ID: "test-" + ids[0], At: firstAt(t, s).At, Remove: []storage.Query{q}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	find("as it was told", "", nil, acked, []int{4, 14}, last)
	find("an erasure of which nobody knows", "an acknowledged erasure is lost", nil, acked, []int{3}, last)
	find("batches after the last", "never begun", nil, nil, nil, 3)
	find("a batch that is not there", "acknowledged, and is lost", nil, append(acked, last), nil, last)
	find("half of a batch", "half a batch", erase("t8"), acked, nil, last)
	find("a batch lost", "acknowledged, and is lost", erase("t9", "t10", "t11"), acked, nil, last)
	cleared = 2
	find("the first batch lost of those after a removal", "acknowledged, and is lost", nil, []int{2}, nil, last)
	cleared = 3
	find("a batch that was removed", "", nil, []int{2}, nil, last)
	find("one that was not", "removed with all others, and is back", nil, []int{1}, nil, last)
	cleared = 0
	find("a fact of somebody", "never written", func() {
		f := firstAt(t, s)
		f.ID, f.IDs = "other", []identity.ID{identity.MakeID(identity.UserID, "x")}
		if _, err := s.Append(t.Context(), []storage.Fact{{Touch: &f}}); err != nil {
			t.Fatal(err)
		}
	}, nil, nil, last)
	h.Place = "nowhere"
	find("a store that does not open", "open: ", nil, nil, nil, last)
	h.Place = "read-only"
	find("a store that cannot be read", "verify: ", nil, nil, nil, last)
}

func firstAt(t *testing.T, s storage.Store) touchpoint.Touch {
	t.Helper()
	for f, err := range s.Scan(t.Context(), storage.Query{Classes: []storage.Class{storage.ClassTouch}, Limit: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		return *f.Touch
	}
	t.Fatal("nothing there")
	return touchpoint.Touch{}
}
