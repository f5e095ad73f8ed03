package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"strconv"
	"strings"

	"github.com/tabi-go/tabi/storage"
)

// errStop says that the loop over an iteration wants no more.
var errStop = errors.New("stop")

// read gives a reading connection to f, which yields through it, and yields f's error.
func read[T any](ctx context.Context, s *Store, yield func(T, error) bool, f func(c *sql.Conn) error) {
	err := s.reading(ctx, f)
	if err != nil && err != errStop {
		var none T
		yield(none, s.failure(ctx, "read", err))
	}
}

func (s *Store) reading(ctx context.Context, f func(c *sql.Conn) error) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	defer s.open.Add(-1)
	if s.open.Add(1) > storage.MaxIterations {
		return storage.ErrLimit
	}
	c, err := s.readers.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return f(c)
}

// each calls f for each row of a query, as long as the store is open and ctx goes on.
func (s *Store) each(ctx context.Context, c *sql.Conn, text string, args []any, f func(rows *sql.Rows) error) error {
	rows, err := c.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := s.ready(ctx); err != nil {
			return err
		}
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// factColumns are what fact decodes.
const factColumns = "f.received, f.hash, f.body"

// fact decodes the row that rows stands at; more are what comes before factColumns.
func (s *Store) fact(rows *sql.Rows, more ...any) (storage.Fact, error) {
	r, err := s.row(rows, more...)
	if err != nil {
		return storage.Fact{}, err
	}
	return r.Fact()
}

// row is the row that rows stands at. Its body is overwritten by the next one.
func (s *Store) row(rows *sql.Rows, more ...any) (r storage.Row, err error) {
	var sum, body sql.RawBytes
	if err := rows.Scan(append(more, &r.Received, &sum, &body)...); err != nil {
		return r, err
	}
	r.Body, r.Trusted = body, s.opts.SkipVerify
	if copy(r.Sum[:], sum); !r.Trusted && len(sum) != len(r.Sum) {
		return r, &storage.CorruptError{Where: "fact", Offset: -1}
	}
	return r, nil
}

// Scan is storage.Store's.
func (s *Store) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return s.scan(ctx, q, 0)
}

func (s *Store) scan(ctx context.Context, q storage.Query, bound int64) iter.Seq2[storage.Fact, error] {
	return func(yield func(storage.Fact, error) bool) {
		read(ctx, s, yield, func(c *sql.Conn) error {
			sel, err := checked(q, bound)
			if err != nil || sel.none {
				return err
			}
			text, args := sel.sql(factColumns, sel.order, q.Limit)
			return s.each(ctx, c, text, args, func(rows *sql.Rows) error {
				f, err := s.fact(rows)
				if err == nil && !yield(f, nil) {
					err = errStop
				}
				return err
			})
		})
	}
}

func checked(q storage.Query, bound int64) (*selection, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	return selecting(q, bound), nil
}

// Count counts without decoding.
func (s *Store) Count(ctx context.Context, q storage.Query) (n int64, err error) {
	err = s.reading(ctx, func(c *sql.Conn) error {
		sel, err := checked(q, 0)
		if err != nil || sel.none {
			return err
		}
		text, args := sel.sql("1", "", q.Limit)
		return c.QueryRowContext(ctx, "SELECT COUNT(*) FROM ("+text+")", args...).Scan(&n)
	})
	return n, s.failure(ctx, "count", err)
}

// Changes is storage.Store's: the order of seq, as there is one writer at a time.
func (s *Store) Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		read(ctx, s, yield, func(c *sql.Conn) error {
			from, err := s.place(ctx, c, after)
			if err != nil {
				return err
			}
			text := "SELECT f.seq, " + factColumns + " FROM fact AS f NOT INDEXED WHERE f.seq > ? AND " + notErased + " ORDER BY f.seq"
			return s.each(ctx, c, text, []any{from}, func(rows *sql.Rows) error {
				var seq int64
				f, err := s.fact(rows, &seq)
				if err == nil && !yield(storage.Change{Cursor: s.cursor(seq), Fact: f}, nil) {
					err = errStop
				}
				return err
			})
		})
	}
}

func (s *Store) cursor(seq int64) storage.Cursor {
	return storage.MakeCursor("sqlite-" + s.name + "-" + strconv.FormatInt(seq, 10))
}

// place reads a cursor.
func (s *Store) place(ctx context.Context, c *sql.Conn, at storage.Cursor) (int64, error) {
	at = storage.UnmarkCursor(at)
	if at == (storage.Cursor{}) {
		return 0, nil
	}
	text := at.String()
	seq, err := strconv.ParseInt(text[strings.LastIndexByte(text, '-')+1:], 10, 64)
	if err != nil || seq <= 0 || at != s.cursor(seq) {
		return 0, storage.ErrCursor
	}
	last, err := lastSeq(ctx, c)
	if err == nil && seq > last {
		err = storage.ErrCursor
	}
	return seq, err
}

// lastSeq returns the greatest seq that was ever given.
func lastSeq(ctx context.Context, c *sql.Conn) (seq int64, err error) {
	err = c.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'fact'").Scan(&seq)
	return seq, err
}
