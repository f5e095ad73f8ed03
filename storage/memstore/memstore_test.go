package memstore_test

import (
	"context"
	"io"
	"testing"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
)

func harness() storetest.Harness {
	return storetest.Harness{
		Open: func(context.Context) (storage.Store, error) { return memstore.New(nil), nil },
		// A second handle of a store in memory is the store itself.
		Second: func(_ context.Context, s storage.Store) (storage.Store, error) { return s, nil },
		Bytes: func(s storage.Store) ([]io.ReadCloser, error) {
			return memstore.Bytes(s.(*memstore.Store)), nil
		},
	}
}

func TestConformance(t *testing.T) { storetest.Run(t, harness()) }
