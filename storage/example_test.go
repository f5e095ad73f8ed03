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

// What one person did, in two reads: who it is, then what happened.
func Example() {
	ctx := context.Background()
	device, user := identity.MakeID(identity.AnonymousID, "a1"), identity.MakeID(identity.UserID, "u1")
	at := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	var s storage.Store = memstore.New(nil)
	outs, err := s.Append(ctx, []storage.Fact{
		{Touch: &touchpoint.Touch{Source: "web", ID: "1", At: at, Kind: "pageview", IDs: []identity.ID{device}}},
		{Touch: &touchpoint.Touch{Source: "web", ID: "2", At: at.Add(time.Hour), Kind: "login", IDs: []identity.ID{device, user}}},
		{Touch: &touchpoint.Touch{Source: "web", ID: "1", At: at, Kind: "pageview", IDs: []identity.ID{device}}},
	})
	if err != nil {
		panic(err)
	}
	for _, o := range outs {
		fmt.Println(o.Key.ID, o.Status)
	}
	ties, err := storage.Component(ctx, s, []identity.ID{user}, func(identity.ID) bool { return true }, 0)
	if err != nil {
		panic(err)
	}
	fmt.Println(len(ties), "groups of touches")
	for tp, err := range storage.Touches(ctx, s, storage.Query{IDs: []identity.ID{device, user}}) {
		if err != nil {
			panic(err)
		}
		fmt.Println(tp.At.Format(time.TimeOnly), tp.Kind)
	}
	// Output:
	// 1 accepted
	// 2 accepted
	// 1 duplicate
	// 2 groups of touches
	// 09:00:00 pageview
	// 10:00:00 login
}
