package sqlitestore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/sqlitestore"
	"github.com/tabi-go/tabi/touchpoint"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "tabi")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	s, err := sqlitestore.Open(filepath.Join(dir, "journeys.db"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()

	ctx := context.Background()
	tp := touchpoint.Touch{
		ID: "1", Source: "web", At: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC),
		Kind: touchpoint.KindPageview, IDs: []identity.ID{identity.MakeID(identity.UserID, "u1")},
	}
	for range 2 {
		outs, err := s.Append(ctx, []storage.Fact{{Touch: &tp}})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(outs[0].Status)
	}
	n, err := storage.Count(ctx, s, storage.Query{Classes: []storage.Class{storage.ClassTouch}})
	fmt.Println(n, err)
	// Output:
	// accepted
	// duplicate
	// 1 <nil>
}
