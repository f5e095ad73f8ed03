package memstore_test

import (
	"testing"

	"github.com/tabi-go/tabi/storage/storetest"
)

func TestGoldenJourneys(t *testing.T) {
	storetest.RunGolden(t, harness(), "../../journey/testdata/golden")
}
