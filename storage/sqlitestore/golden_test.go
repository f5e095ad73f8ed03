package sqlitestore_test

import (
	"testing"

	"github.com/tabi-go/tabi/storage/storetest"
)

func TestGoldenJourneys(t *testing.T) {
	storetest.RunGolden(t, newBench(t).harness(), "../../journey/testdata/golden")
}
