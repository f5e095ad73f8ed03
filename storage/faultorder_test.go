package storage_test

import (
	"errors"
	"testing"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// An audit's counts are a map; which of two bad names is told must not depend on its order.
func TestOfTwoBadNamesOfCountsTheFirstIsTold(t *testing.T) {
	t.Parallel()
	for range 20 {
		err := storage.Check(storage.Fact{Audit: &storage.Audit{ID: "a", At: t0, Actor: "ann", Action: "export",
			Counts: map[string]int64{"a\x00": 1, "b\xff": 1}}})
		var inv *touchpoint.InvalidError
		if !errors.As(err, &inv) || inv.Reason != touchpoint.Control {
			t.Fatalf("%v, want that of the first name sorted", err)
		}
	}
}
