package pgstore

import (
	"context"
	"iter"
	"sync/atomic"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

// A snapshot is a view that a caller holds.
type snapshot struct {
	s *Store
	view
	closed atomic.Bool
}

// Scan is storage.Snapshot's.
func (v *snapshot) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return whileOpen(v, v.s.scan(ctx, q, v.view))
}

// Ties is storage.Snapshot's.
func (v *snapshot) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	return whileOpen(v, v.s.ties(ctx, ids, v.view))
}

// Close lets go of the instant.
func (v *snapshot) Close() error {
	v.closed.Store(true)
	return nil
}

func whileOpen[T any](v *snapshot, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if v.closed.Load() {
			var zero T
			yield(zero, storage.ErrClosed)
			return
		}
		seq(yield)
	}
}
