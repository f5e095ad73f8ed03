package pgstore_test

import (
	"context"
	"testing"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/pgstore"
	"github.com/tabi-go/tabi/storage/storetest"
)

func TestConformance(t *testing.T) {
	l := newLab(t)
	h := storetest.Harness{
		Open: func(ctx context.Context) (storage.Store, error) { return l.open(ctx, pgstore.Options{}) },
		Reopen: func(ctx context.Context, s storage.Store) (storage.Store, error) {
			l.use(s.(*store).opts.Schema, +1)
			defer l.use(s.(*store).opts.Schema, -1)
			if err := s.Close(); err != nil {
				return nil, err
			}
			return l.open(ctx, s.(*store).opts)
		},
		Second: func(ctx context.Context, s storage.Store) (storage.Store, error) {
			return l.open(ctx, s.(*store).opts)
		},
		Fault: l.fault,
	}
	if testing.Short() {
		h.Seeds, h.Ops = 2, 50
	}
	storetest.Run(t, h)
}
