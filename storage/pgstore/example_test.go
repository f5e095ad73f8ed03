package pgstore_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/pgstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// A store is opened by its DSN, and says of each fact what became of it.
func Example() {
	ctx := context.Background()
	s, err := pgstore.Open(ctx, os.Getenv("DATABASE_URL"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	outcomes, err := s.Append(ctx, []storage.Fact{{Touch: &touchpoint.Touch{
		Source: "web", ID: "1", At: time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC), Kind: touchpoint.KindPageview,
		IDs: []identity.ID{identity.MakeID(identity.AnonymousID, "a1")},
	}}})
	if err != nil {
		log.Fatal(err) // offer again what is to be retried: keys decide
	}
	fmt.Println(outcomes[0].Status)
}

// A reader of the feed keeps the cursor, and goes on from it.
func ExampleStore_Changes() {
	ctx := context.Background()
	s, err := pgstore.Open(ctx, os.Getenv("DATABASE_URL"), &pgstore.Options{Schema: "acme"})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	var at storage.Cursor
	for c, err := range s.Changes(ctx, at) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(c.Fact.Class(), c.Fact.At())
		at = c.Cursor
	}
}
