package memstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// expiring is a context that ends after its error was asked for a number of times.
type expiring struct {
	context.Context
	left int
}

func (c *expiring) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// A scan whose context ends at any moment says so; it never ends as if there were no more.
func TestAScanCutShortIsAnError(t *testing.T) {
	st := memstore.New(nil)
	id := identity.MakeID(identity.Email, "ann@example.com")
	var facts []storage.Fact
	var keys []storage.Key
	for i := range 100 {
		f := storage.Fact{Touch: &touchpoint.Touch{Source: "test", ID: fmt.Sprint(i), Kind: "pageview",
			At: time.Date(2026, 1, 1, i, 0, 0, 0, time.UTC), IDs: []identity.ID{id}}}
		facts, keys = append(facts, f), append(keys, f.Key())
	}
	if _, err := st.Append(t.Context(), facts); err != nil {
		t.Fatal(err)
	}
	for name, q := range map[string]storage.Query{"all": {}, "by key": {Keys: keys}, "by identifier": {IDs: []identity.ID{id}},
		"newest first": {IDs: []identity.ID{id}, Desc: true}} {
		whole := false
		for left := range 1000 {
			n := 0
			var failed error
			for _, err := range st.Scan(&expiring{t.Context(), left}, q) {
				if err != nil {
					failed = err
					break
				}
				n++
			}
			if failed == nil {
				whole = n == len(facts)
				if !whole {
					t.Errorf("%s: %d of %d facts and no error", name, n, len(facts))
				}
				break
			}
			if !errors.Is(failed, context.Canceled) {
				t.Errorf("%s: %v", name, failed)
			}
		}
		if !whole {
			t.Errorf("%s: never read whole", name)
		}
	}
}

// A count is all of them or an error, and a long one can be cut short.
func TestACountCutShortIsAnError(t *testing.T) {
	st := memstore.New(nil)
	fill(t, st, 5000, 1, func(n int) time.Time { return t0.Add(time.Duration(n) * time.Second) })
	for name, q := range map[string]storage.Query{"all": {}, "by identifier": {IDs: []identity.ID{user(0)}}, "after a place": {After: storage.Position{At: t0.Add(-time.Hour)}}} {
		for left := 0; ; left += 1 + left/4 {
			n, err := st.Count(&expiring{t.Context(), left}, q)
			if err == nil {
				if n != 5000 || left < 3 {
					t.Errorf("%s: %d facts after %d looks at the context", name, n, left)
				}
				break
			}
			if n != 0 || !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %d facts, %v", name, n, err)
			}
		}
	}
}

// An erasure that is cancelled once it is committed says that it is not done, and how.
func TestACancelledErasureStopsAndSaysSo(t *testing.T) {
	stopped := 0
	for left := 0; ; left++ {
		st := memstore.New(nil)
		fill(t, st, 3000, 1, func(int) time.Time { return t0 })
		rec, err := st.Erase(&expiring{t.Context(), left}, storage.Erasure{ID: "e", At: t0, Remove: []storage.Query{{IDs: []identity.ID{user(0)}}}})
		if rec.Done != (err == nil) || err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("done %t, %v", rec.Done, err)
		}
		if err == nil {
			break
		}
		if rec.Removed[storage.ClassTouch] == 3000 {
			stopped++
		}
	}
	if stopped < 3 {
		t.Errorf("an erasure of 3,000 facts was stopped at %d places after its commit", stopped)
	}
}
