package memstore

import (
	"context"
	"iter"
	"sync/atomic"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

// Snapshot returns a view of this instant. It costs nothing to keep.
func (s *Store) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	n, err := s.now(ctx)
	if err != nil {
		return nil, err
	}
	return &snapshot{s: s, n: n}, nil
}

type snapshot struct {
	s      *Store
	n      uint32
	closed atomic.Bool
}

func (v *snapshot) begin(ctx context.Context) error {
	if v.closed.Load() {
		return storage.ErrClosed
	}
	_, err := v.s.now(ctx)
	return err
}

func (v *snapshot) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return func(yield func(storage.Fact, error) bool) {
		if err := v.begin(ctx); err != nil {
			yield(storage.Fact{}, err)
			return
		}
		v.s.scan(ctx, q, v.n, yield)
	}
}

func (v *snapshot) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	return func(yield func(storage.Tie, error) bool) {
		if err := v.begin(ctx); err != nil {
			yield(storage.Tie{}, err)
			return
		}
		v.s.ties(ctx, ids, v.n, yield)
	}
}

func (v *snapshot) Close() error {
	v.closed.Store(true)
	return nil
}

// Count counts without decoding.
func (s *Store) Count(ctx context.Context, q storage.Query) (int64, error) {
	n, err := s.now(ctx)
	if err != nil {
		return 0, err
	}
	if !q.After.IsZero() { // ties at that instant have to be decoded
		count := int64(0)
		for _, err := range s.Scan(ctx, q) {
			if err != nil {
				return 0, err
			}
			count++
		}
		return count, nil
	}
	sc, err := s.scanner(q, n)
	if err != nil {
		return 0, err
	}
	if err := sc.plan(ctx); err != nil {
		return 0, err
	}
	count := 0
	for !sc.done && (q.Limit == 0 || count < q.Limit) {
		s.mu.RLock()
		if err = s.begin(ctx); err == nil {
			count += len(sc.next(lastChunk))
		}
		s.mu.RUnlock()
		if err != nil {
			return 0, err
		}
	}
	if q.Limit > 0 {
		count = min(count, q.Limit)
	}
	return int64(count), nil
}

// Split cuts at instants that part the longest run evenly.
func (s *Store) Split(ctx context.Context, q storage.Query, n int) ([]storage.Query, error) {
	if _, err := s.now(ctx); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var longest []int64
	for _, r := range s.order.runs {
		if len(r.at) > len(longest) {
			longest = r.at
		}
	}
	var cuts []time.Time
	for k := 1; k < n && len(longest) > 0; k++ {
		cuts = append(cuts, time.UnixMicro(longest[len(longest)*k/n]).UTC())
	}
	return storage.SplitAt(q, cuts), nil
}
