package pgstore

import (
	"context"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/tabi-go/tabi/storage"
)

// eager is how many rows an iteration reads before its first value. Most iterations end
// there, and hold no connection in the loop body.
const eager = 1024

// iterate yields what a statement selects. build makes the statement at the first pull.
func iterate[T any](ctx context.Context, s *Store, build func(st *statement) error, decode func(*record) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		if err := s.begin(ctx); err != nil {
			yield(zero, err)
			return
		}
		defer s.open.Add(-1)
		if s.open.Add(1) > storage.MaxIterations {
			yield(zero, storage.ErrLimit)
			return
		}
		st := &statement{}
		if err := build(st); err != nil {
			yield(zero, err)
			return
		}
		r, err := readFirst(ctx, s, st, decode)
		if err == nil {
			defer r.release()
			err = r.yield(ctx, s, yield)
		}
		if err != nil {
			yield(zero, err)
		}
	}
}

// readFirst reads the first part, again where the connection fails.
func readFirst[T any](ctx context.Context, s *Store, st *statement, decode func(*record) (T, error)) (r *reading[T], err error) {
	err = s.reread(ctx, func() error {
		r = &reading[T]{decode: decode}
		err := r.first(ctx, s, st)
		if err != nil {
			r.release()
		}
		return err
	})
	return r, err
}

// readRow reads the one row that a statement selects, again where the connection fails.
func (s *Store) readRow(ctx context.Context, text string, args []any, into ...any) error {
	return s.reread(ctx, func() error { return s.pool.QueryRow(ctx, s.sql(text), args...).Scan(into...) })
}

// reread runs f, which changes nothing, again where the connection fails: the pool may hold
// some that the server has ended long ago.
func (s *Store) reread(ctx context.Context, f func() error) error {
	pause := firstPause
	for try := 1; ; try++ {
		err := classify(ctx, f())
		switch {
		case err == nil:
			return nil
		case try == maxTries, !repeatable(ctx, err), s.closed.Load():
			return s.orClosed(err)
		}
		time.Sleep(pause)
		pause *= 2
	}
}

// A reading is one open statement.
type reading[T any] struct {
	decode func(*record) (T, error)
	buf    []T
	bad    error // of decode, after buf
	conn   *pgxpool.Conn
	batch  pgx.BatchResults // that rows are of, if any
	rows   record
	cancel context.CancelFunc
	holds  chan struct{} // where a slot is to be given back
}

// first begins the statement and reads a first part: all of it, unless there is much and
// a connection may be held.
func (r *reading[T]) first(ctx context.Context, s *Store, st *statement) (err error) {
	if r.conn, err = s.pool.Acquire(ctx); err != nil {
		return classify(ctx, err)
	}
	ctx, r.cancel = context.WithCancel(ctx)
	if err := r.send(ctx, s, st); err != nil {
		return classify(ctx, err)
	}
	for r.rows.Next() {
		v, err := r.decode(&r.rows)
		if err != nil {
			r.bad = classify(ctx, err)
			return nil
		}
		if r.buf = append(r.buf, v); len(r.buf) == eager {
			select {
			case s.holds <- struct{}{}:
				r.holds = s.holds
				return nil
			default: // read on: whoever holds the connections may wait for us
			}
		}
	}
	err = classify(ctx, r.rows.Err())
	r.release()
	return err
}

// send sends the statement. What is set for it holds until the end of its transaction.
func (r *reading[T]) send(ctx context.Context, s *Store, st *statement) (err error) {
	text := s.sql(st.text.String())
	if !st.interpreted {
		r.rows.Rows, err = r.conn.Query(ctx, text, st.args...)
		return err
	}
	b := &pgx.Batch{}
	b.Queue("select set_config('jit', 'off', true)")
	b.Queue(text, st.args...)
	r.batch = r.conn.SendBatch(ctx, b)
	if _, err := r.batch.Exec(); err != nil {
		return err
	}
	r.rows.Rows, err = r.batch.Query()
	return err
}

// yield yields the first part and the rest; the error is the iteration's.
func (r *reading[T]) yield(ctx context.Context, s *Store, yield func(T, error) bool) error {
	for i, v := range r.buf {
		if err := s.begin(ctx); err != nil {
			return err
		}
		if !yield(v, nil) {
			return nil
		}
		clear(r.buf[i : i+1])
	}
	if r.bad != nil || r.rows.Rows == nil {
		return r.bad
	}
	for r.rows.Next() {
		v, err := r.decode(&r.rows)
		if err == nil {
			err = s.begin(ctx)
		}
		if err != nil {
			return classify(ctx, err)
		}
		if !yield(v, nil) {
			return nil
		}
	}
	if err := r.rows.Err(); err != nil {
		return classify(ctx, err)
	}
	r.release()
	return nil
}

// release lets go of the connection. A statement that has not ended is cut off, which
// costs the connection: to read the rest could take long.
func (r *reading[T]) release() {
	if r.rows.Rows != nil {
		if r.cancel(); r.rows.CommandTag().String() == "" {
			_ = r.conn.Conn().Close(context.Background())
		}
		r.rows.Close()
		r.rows.Rows = nil
	}
	if r.batch != nil {
		_ = r.batch.Close()
		r.batch = nil
	}
	if r.conn != nil {
		r.cancel()
		r.conn.Release()
		r.conn = nil
	}
	if r.holds != nil {
		<-r.holds
		r.holds = nil
	}
}

// A record is the row that rows stand at, with room for its columns that the next row uses
// again.
type record struct {
	pgx.Rows
	hash pgtype.UUID
	body pgtype.DriverBytes
	row  storage.Row
	into []any
}

// fact decodes the columns hash, body, received after others.
func (s *Store) fact(r *record, others ...any) (storage.Fact, error) {
	if err := s.columns(r, others...); err != nil {
		return storage.Fact{}, err
	}
	return r.row.Fact()
}

// columns reads the columns hash, body, received after others.
func (s *Store) columns(r *record, others ...any) error {
	r.into = append(append(r.into[:0], others...), &r.hash, &r.body, &r.row.Received)
	if err := r.Scan(r.into...); err != nil {
		return err
	}
	r.row.Body, r.row.Sum, r.row.Trusted = r.body, r.hash.Bytes, s.opts.SkipVerify
	return nil
}
