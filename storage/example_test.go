package storage_test

import (
	"context"
	"fmt"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

func visit(id string, minute int, ids ...identity.ID) storage.Fact {
	return storage.Fact{Touch: &touchpoint.Touch{Source: "web", ID: id, At: time.Date(2026, 4, 1, 9, minute, 0, 0, time.UTC), Kind: touchpoint.KindPageview, IDs: ids}}
}

// A batch has one outcome a fact; a replay is harmless.
func ExampleStore() {
	ctx := context.Background()
	var st storage.Store = memstore.New(nil)
	facts := []storage.Fact{visit("1", 0, u(1)), visit("", 1, u(1)), visit("2", 2, u(2))}
	for range 2 {
		outcomes, err := st.Append(ctx, facts)
		fmt.Println(outcomes[0].Status, outcomes[1].Status, outcomes[1].Reason, outcomes[2].Status, err)
	}
	for t, err := range storage.Touches(ctx, st, storage.Query{IDs: []identity.ID{u(2)}}) {
		fmt.Println(t.ID, t.At.Format(time.TimeOnly), err)
	}
	// Output:
	// accepted rejected missing accepted <nil>
	// duplicate rejected missing duplicate <nil>
	// 2 09:02:00 <nil>
}

// The touches that tie identifiers together are few, however many touches there are.
func ExampleComponent() {
	ctx := context.Background()
	st := memstore.New(nil)
	cookie := identity.MakeID(identity.AnonymousID, "a1")
	for n := range 50 {
		_, _ = st.Append(ctx, []storage.Fact{visit(fmt.Sprint(n), n, cookie)})
	}
	_, _ = st.Append(ctx, []storage.Fact{visit("login", 55, cookie, u(1)), visit("other", 56, u(2))})
	ties, err := storage.Component(ctx, st, []identity.ID{u(1)}, nil, 0)
	for _, t := range ties {
		fmt.Println(len(t.Sighting.IDs), "identifiers,", t.Count, "touches, first", t.Sighting.Ref.ID)
	}
	fmt.Println(err)
	// Output:
	// 2 identifiers, 1 touches, first login
	// 1 identifiers, 50 touches, first 0
	// <nil>
}

// A reader keeps its cursor and asks again.
func ExampleStore_changes() {
	ctx := context.Background()
	var st storage.Store = memstore.New(nil)
	var at storage.Cursor
	for n := range 3 {
		_, _ = st.Append(ctx, []storage.Fact{visit(fmt.Sprint("late", n), 30-n, u(n))})
		for c, err := range st.Changes(ctx, at) {
			fmt.Println(c.Fact.Touch.ID, err)
			at = c.Cursor
		}
	}
	// Output:
	// late0 <nil>
	// late1 <nil>
	// late2 <nil>
}

// An erasure removes what names an identifier, and keeps it from coming back.
func ExampleStore_erase() {
	ctx := context.Background()
	var st storage.Store = memstore.New(nil)
	fact := visit("1", 0, u(1))
	fact.Tags = []storage.Tag{{0xA1}} // the keyed tag of u1, made by the caller
	_, _ = st.Append(ctx, []storage.Fact{fact, visit("2", 1, u(2))})
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	rec, err := st.Erase(ctx, storage.Erasure{
		ID: "4f0c2a31", At: at,
		Remove:   []storage.Query{{IDs: []identity.ID{u(1)}}},
		Suppress: []storage.Suppression{{KeyID: "k1", Tag: storage.Tag{0xA1}, At: at}},
	})
	fmt.Println(rec.Removed[storage.ClassTouch], rec.Done, err)
	outcomes, _ := st.Append(ctx, []storage.Fact{fact})
	fmt.Println(outcomes[0].Status)
	// Output:
	// 1 true <nil>
	// suppressed
}
