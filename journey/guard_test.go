package journey_test

import (
	"errors"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// Whichever call of a store panics, the caller gets a CallbackError, and doing the same
// again gives what an undisturbed run gives.
func TestAPanicOfTheStoreIsAnErrorAtEveryCall(t *testing.T) {
	at := on("05-01")
	page := touch(touchpoint.KindPageview, "05-01", by("user_id:u1", "email:u@example.com"))
	calls := map[string]func(*journey.Tracker) error{
		"record": func(tr *journey.Tracker) error { _, err := tr.Record(ctx, page); return err },
		"view":   func(tr *journey.Tracker) error { _, err := tr.View(ctx, at); return err },
		"one": func(tr *journey.Tracker) error {
			_, err := tr.View(ctx, at, identity.MakeID(identity.UserID, "u1"))
			return err
		},
		"changes": func(tr *journey.Tracker) error {
			for _, err := range tr.Changes(ctx, storage.Cursor{}) {
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	for name, call := range calls {
		n := 1
		for ; ; n++ {
			var store memstore.Store
			faults := &storetest.Faults{}
			tr, err := journey.NewTracker(storetest.Faulty(&store, faults), nil)
			if err != nil {
				t.Fatal(err)
			}
			if name != "record" {
				if _, err := tr.Record(ctx, page); err != nil {
					t.Fatal(err)
				}
			}
			before := faults.Calls()
			faults.Set(func(f *storetest.Faults) { f.Panic.Nth = before + n })
			err = call(tr)
			if faults.Calls() < before+n {
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				break // every call has panicked once
			}
			var panicked *touchpoint.CallbackError
			if !errors.As(err, &panicked) || panicked.Where == "" || len(panicked.Stack) == 0 {
				t.Fatalf("%s, call %d: %v", name, n, err)
			}
			if partial := (*journey.PartialError)(nil); name == "record" && (!errors.As(err, &partial) || partial.Retry != 1 || !errors.Is(err, storage.ErrUncertain)) {
				t.Fatalf("%s: %v", name, err)
			}
			if err := call(tr); err != nil {
				t.Fatalf("%s again: %v", name, err)
			}
		}
		if n == 1 {
			t.Errorf("%s calls no store", name)
		}
	}
}

// A panic of the loop that reads journeys is the reader's own.
func TestAPanicOfTheReaderGoesOn(t *testing.T) {
	tr, err := journey.NewTracker(new(memstore.Store), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Record(ctx, touch(touchpoint.KindPageview, "05-01")); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if v := recover(); v != "mine" {
			t.Errorf("recovered %v", v)
		}
	}()
	for range tr.Journeys(ctx, journey.Query{}) {
		panic("mine")
	}
}
