package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// An application tests what it does when an answer is lost: it offers again.
func ExampleFaulty() {
	ctx := context.Background()
	st := storetest.Faulty(memstore.New(nil), &storetest.Faults{Lose: storetest.When{Nth: 1}})
	facts := []storage.Fact{{Touch: &touchpoint.Touch{Source: "web", ID: "1", At: time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC), Kind: "pageview"}}}
	for range 2 {
		outcomes, err := st.Append(ctx, facts)
		fmt.Println(outcomes[0].Status, errors.Is(err, storage.ErrUncertain))
	}
	// Output:
	// retry true
	// duplicate false
}

// The suite works without package testing, so it can be tested itself.
func ExampleCheck() {
	err := storetest.Check(context.Background(), storetest.Harness{
		Seeds: 1, Ops: 1,
		Open: func(context.Context) (storage.Store, error) { return nil, errors.New("no disk") },
	})
	var f *storetest.Failure
	fmt.Println(errors.As(err, &f), f.Rule, f.Detail)
	// Output: true S1/append/empty-batch Open: no disk
}
