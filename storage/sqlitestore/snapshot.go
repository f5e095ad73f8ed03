package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"iter"
	"sync/atomic"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

// Snapshot returns a view of this instant: the facts up to the last seq. It holds no
// connection and costs nothing to keep.
func (s *Store) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	v := &snapshot{s: s}
	err := s.reading(ctx, func(c *sql.Conn) (err error) {
		v.bound, err = lastSeq(ctx, c)
		return err
	})
	if err != nil {
		return nil, s.failure(ctx, "read", err)
	}
	v.bound = cmp.Or(v.bound, -1)
	return v, nil
}

type snapshot struct {
	s      *Store
	bound  int64 // the last seq; −1 before the first fact
	closed atomic.Bool
}

func (v *snapshot) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return view(v, v.s.scan(ctx, q, v.bound))
}

func (v *snapshot) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	return view(v, v.s.ties(ctx, ids, v.bound))
}

// view is a sequence that cannot begin once the snapshot is closed.
func view[T any](v *snapshot, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if v.closed.Load() {
			var none T
			yield(none, storage.ErrClosed)
			return
		}
		seq(yield)
	}
}

func (v *snapshot) Close() error {
	v.closed.Store(true)
	return nil
}

// Split cuts at instants that part what q selects evenly.
func (s *Store) Split(ctx context.Context, q storage.Query, n int) ([]storage.Query, error) {
	var cuts []time.Time
	err := s.reading(ctx, func(c *sql.Conn) error {
		sel, err := checked(q, 0)
		if err != nil || sel.none {
			return err
		}
		return inOneInstant(ctx, c, func() error {
			var total, at int64
			text, args := sel.sql("count(*)", "", 0)
			if err := c.QueryRowContext(ctx, text, args...).Scan(&total); err != nil {
				return err
			}
			for k := int64(1); k < int64(n) && k < total; k++ {
				text, args := sel.sql("f.at", " ORDER BY f.at LIMIT 1 OFFSET ?", 0)
				if err := c.QueryRowContext(ctx, text, append(args, total*k/int64(n))...).Scan(&at); err != nil {
					return err
				}
				cuts = append(cuts, time.UnixMicro(at).UTC())
			}
			return nil
		})
	})
	if err != nil {
		return nil, s.failure(ctx, "split", err)
	}
	return storage.SplitAt(q, cuts), nil
}
