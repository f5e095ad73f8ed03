package pgstore_test

import (
	"context"
	"testing"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/pgstore"
	"github.com/tabi-go/tabi/storage/storetest"
)

func TestGoldenJourneys(t *testing.T) {
	l := newLab(t)
	storetest.RunGolden(t, storetest.Harness{
		Open: func(ctx context.Context) (storage.Store, error) { return l.open(ctx, pgstore.Options{}) },
	}, "../../journey/testdata/golden")
}
