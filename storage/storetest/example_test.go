package storetest_test

import (
	"context"
	"fmt"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
)

// In a test of a store use Run; Check is for programs.
func ExampleCheck() {
	err := storetest.Check(context.Background(), storetest.Harness{
		Open:  func(context.Context) (storage.Store, error) { return memstore.New(nil), nil },
		Seeds: 1, Ops: 100,
	})
	fmt.Println(err)
	// Output: <nil>
}
