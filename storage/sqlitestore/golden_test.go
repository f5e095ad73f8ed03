package sqlitestore_test

import (
	"testing"

	"github.com/tabi-go/tabi/storage/storetest"
)

func TestGoldenJourneys(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine and a hundred stores: not with -short")
	}
	storetest.RunGolden(t, newBench(t).harness(), "../../journey/testdata/golden")
}
