package memstore_test

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// A snapshot to a stream is how a store in memory is kept, and how a bug report becomes a
// test.
func Example() {
	ctx := context.Background()
	var s memstore.Store
	if _, err := s.Append(ctx, []storage.Fact{{Touch: &touchpoint.Touch{
		Source: "web", ID: "1", At: time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC), Kind: "pageview",
		IDs: []identity.ID{identity.MakeID(identity.AnonymousID, "a1")},
	}}}); err != nil {
		panic(err)
	}
	var file bytes.Buffer
	if err := storage.Dump(ctx, &s, &file); err != nil {
		panic(err)
	}
	var again memstore.Store
	tally, err := storage.Restore(ctx, &again, &file)
	if err != nil {
		panic(err)
	}
	a, _ := storage.Digest(ctx, &s)
	b, _ := storage.Digest(ctx, &again)
	fmt.Println(tally[touchpoint.Accepted], a == b)
	// Output: 1 true
}
