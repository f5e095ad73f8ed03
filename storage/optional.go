package storage

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Snapshot reads one instant of a store, whatever is appended meanwhile. What an
// erasure removes afterwards is gone from it too. It needs a Close. Safe for concurrent use.
type Snapshot interface {
	// Scan is [Store].Scan as of the snapshot's instant.
	Scan(ctx context.Context, q Query) iter.Seq2[Fact, error]
	// Ties is [Store].Ties as of the snapshot's instant.
	Ties(ctx context.Context, ids []identity.ID) iter.Seq2[Tie, error]
	// Close lets go of the instant. Reads after it fail with ErrClosed.
	Close() error
}

// A Snapshotter can hold still. See [OpenSnapshot].
type Snapshotter interface {
	Snapshot(ctx context.Context) (Snapshot, error)
}

// A Splitter cuts a query for parallel reading. See [Split].
type Splitter interface {
	Split(ctx context.Context, q Query, n int) ([]Query, error)
}

// A Counter counts without reading. See [Count].
type Counter interface {
	Count(ctx context.Context, q Query) (int64, error)
}

// A Loader takes facts in bulk. See [Load].
type Loader interface {
	Load(ctx context.Context, facts iter.Seq2[Fact, error]) (touchpoint.Tally, error)
}

// A Migrator has a schema.
type Migrator interface {
	// Migrate brings the schema up to date and tells its version before and after.
	Migrate(ctx context.Context) (from, to int, err error)
	// Version is the schema's version, 0 for none.
	Version(ctx context.Context) (int, error)
}

// A Reclaimer gives space of erased facts back and names what stays out of reach.
type Reclaimer interface {
	Reclaim(ctx context.Context) ([]string, error)
}

// A Lagger can tell by how much Changes lags behind Append. See [Lag].
type Lagger interface {
	Lag(ctx context.Context) (time.Duration, error)
}

// A Verifier checks what only the store itself can see. See [Verify].
type Verifier interface {
	Verify(ctx context.Context) error
}

// OpenSnapshot returns a view of one instant, or ErrUnsupported.
func OpenSnapshot(ctx context.Context, s Store) (Snapshot, error) {
	if sn, ok := s.(Snapshotter); ok {
		return sn.Snapshot(ctx)
	}
	return nil, ErrUnsupported
}

// Split returns at most n queries that select together what q selects, each fact in
// exactly one, in parts of about equal count and in order. A store that is no [Splitter]
// gives one query; so do a Limit and Desc.
func Split(ctx context.Context, s Store, q Query, n int) ([]Query, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	if sp, ok := s.(Splitter); ok && n > 1 && q.Limit == 0 && !q.Desc {
		return sp.Split(ctx, q, n)
	}
	return []Query{q}, nil
}

// SplitAt cuts q at instants, which ascend; those that would leave a part without an
// instant are passed over. It is for authors of stores.
func SplitAt(q Query, instants []time.Time) []Query {
	parts := []Query{q}
	for _, at := range instants {
		last := &parts[len(parts)-1]
		if !last.From.IsZero() && !at.After(last.From) || !last.To.IsZero() && !at.Before(last.To) {
			continue
		}
		next := *last
		last.To, next.From = at, at
		parts = append(parts, next)
	}
	return parts
}

// Count returns the number of facts that q selects.
func Count(ctx context.Context, s Store, q Query) (int64, error) {
	if c, ok := s.(Counter); ok {
		return c.Count(ctx, q)
	}
	var n int64
	for _, err := range s.Scan(ctx, q) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// Load appends facts in batches, as fast as the store can, and tallies the outcomes. It
// may be started again after any error, as keys decide. It ends at the first error of
// facts, and when a batch has facts to retry.
func Load(ctx context.Context, s Store, facts iter.Seq2[Fact, error]) (touchpoint.Tally, error) {
	if l, ok := s.(Loader); ok {
		return l.Load(ctx, facts)
	}
	var tally touchpoint.Tally
	batch := make([]Fact, 0, loadBatch)
	flush := func() error {
		more, err := appendAll(ctx, s, batch)
		tally.Merge(more)
		batch = batch[:0]
		return err
	}
	for f, err := range facts {
		if err != nil {
			return tally, errors.Join(err, flush())
		}
		if batch = append(batch, f); len(batch) == loadBatch {
			if err := flush(); err != nil {
				return tally, err
			}
		}
	}
	if len(batch) == 0 {
		return tally, nil
	}
	return tally, flush()
}

// appendAll appends a batch, in halves where its facts are so long that it is too large.
func appendAll(ctx context.Context, s Store, batch []Fact) (touchpoint.Tally, error) {
	outs, err := s.Append(ctx, batch)
	if half := len(batch) / 2; errors.Is(err, ErrBatchTooLarge) && half > 0 {
		tally, err := appendAll(ctx, s, batch[:half])
		if err == nil {
			var rest touchpoint.Tally
			rest, err = appendAll(ctx, s, batch[half:])
			tally.Merge(rest)
		}
		return tally, err
	}
	return touchpoint.Count(outs), err
}

// loadBatch is how many facts Load appends at once where the store has no way of its own.
const loadBatch = 1000

// Lag returns how far Changes is behind, 0 for a store that never is.
func Lag(ctx context.Context, s Store) (time.Duration, error) {
	if l, ok := s.(Lagger); ok {
		return l.Lag(ctx)
	}
	return 0, nil
}

// Reclaim asks the store to give the space of erased facts back, and returns the places
// that it cannot clean.
func Reclaim(ctx context.Context, s Store) ([]string, error) {
	if r, ok := s.(Reclaimer); ok {
		return r.Reclaim(ctx)
	}
	return nil, nil
}
