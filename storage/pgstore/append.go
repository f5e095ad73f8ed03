package pgstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// Append is storage.Store's. The whole batch becomes visible at once.
func (s *Store) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	if err := storage.CheckBatch(ctx, len(facts)); err != nil {
		return nil, err
	}
	a := &appending{outs: make([]touchpoint.Outcome, len(facts))}
	if err := a.prepare(ctx, facts); err != nil {
		return nil, err
	}
	if len(a.rows) == 0 {
		return a.outs, nil
	}
	write := s.write
	if len(a.outs) <= smallFacts && a.size <= smallBytes {
		write = s.appendSmall
	}
	if err := write(ctx, a); err != nil {
		return nil, err
	}
	for _, o := range a.outs {
		if o.Status == touchpoint.Retry {
			return a.outs, o.Err
		}
	}
	return a.outs, nil
}

// write runs the transaction and sets the outcomes. An error says that nothing happened
// and there is nothing to tell.
func (s *Store) write(ctx context.Context, a *appending) error {
	err := s.transact(ctx, func(conn *pgx.Conn) error { return s.appendOnce(ctx, conn, a) })
	switch {
	case err == nil:
		s.learn(a)
	case errors.Is(err, storage.ErrClosed), ctx.Err() != nil && !errors.Is(err, storage.ErrUncertain):
		return err
	default:
		a.fail(err)
	}
	return nil
}

// fail makes every fact that is not rejected one to try again.
func (a *appending) fail(err error) {
	for i := range a.outs {
		if out := &a.outs[i]; out.Status != touchpoint.Rejected {
			*out = touchpoint.Outcome{Status: touchpoint.Retry, Key: out.Key, Err: err}
		}
	}
}

// appending is one call of Append, or several that share a transaction.
type appending struct {
	outs  []touchpoint.Outcome
	rows  []row // those that are not rejected
	size  int   // of their bodies
	tags  tagColumns
	epoch int64 // of the transaction that committed
}

// A row is a fact made ready outside of the transaction.
type row struct {
	storage.Row
	n     int // place in the transaction, which is that of the offer
	kind  touchpoint.Kind
	idset [16]byte
}

func newRow(n int, f storage.Fact) (row, error) {
	r := row{n: n}
	if err := r.Encode(f); err != nil {
		return row{}, err
	}
	r.describe(f)
	return r, nil
}

// describe adds to an encoded row what the tables want beside it.
func (r *row) describe(f storage.Fact) {
	if f.Touch != nil {
		r.kind = f.Touch.Kind
	}
	r.idset = storage.HashSet(r.Key.Class, r.Key.Source, r.IDs)
}

// prepare encodes facts; outcomes of those that are refused are set.
func (a *appending) prepare(ctx context.Context, facts []storage.Fact) error {
	for i, f := range facts {
		if i%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		r := row{n: i}
		if a.outs[i] = r.Offer(f); a.outs[i].Status != 0 {
			continue
		}
		r.describe(f)
		if a.size += len(r.Body); a.size > storage.MaxBatchBytes {
			return storage.ErrBatchTooLarge
		}
		a.rows = append(a.rows, r)
		for _, t := range f.Tags {
			a.tags.add(i, t, r.At)
		}
	}
	return nil
}

// appendOnce does everything but the commit.
func (s *Store) appendOnce(ctx context.Context, conn *pgx.Conn, a *appending) error {
	b := &pgx.Batch{}
	s.lock(b, false)
	s.queueGuard(b)
	s.queueInsert(b, a.rows, a.tags)
	known := s.queueNewMembers(b, a.rows)
	res := conn.SendBatch(ctx, b)
	defer res.Close()
	for range 2 { // begin, lock
		if _, err := res.Exec(); err != nil {
			return err
		}
	}
	g, err := readGuard(res)
	if err != nil {
		return err
	}
	told, err := collect(res, scanInsertion)
	if err != nil {
		return err
	}
	if err := res.Close(); err != nil {
		return err
	}
	a.epoch = g.epoch
	if err := s.judge(ctx, conn, a, told); err != nil || known == a.epoch {
		return err
	}
	// An erasure has deleted sets since they were known.
	b = &pgx.Batch{}
	s.queueMembers(b, a.rows, func(*row) bool { return true })
	return conn.SendBatch(ctx, b).Close()
}

// collect reads the rows of the next result of a batch.
func collect[T any](res pgx.BatchResults, one pgx.RowToFunc[T]) ([]T, error) {
	rows, err := res.Query()
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, one)
}

// judge sets the outcomes: of each key the first fact that is not refused was offered,
// the others are compared with it.
func (s *Store) judge(ctx context.Context, conn *pgx.Conn, a *appending, told []insertion) error {
	suppressed := make(map[int32]bool) // of facts that are refused
	isNew := make(map[[16]byte]bool, len(told))
	for _, x := range told {
		if x.key.Valid {
			isNew[x.key.Bytes] = true
		} else {
			suppressed[x.n] = suppressed[x.n] || x.suppressed
		}
	}
	known := make(map[[16]byte]*storage.Row) // what a key holds, beside those that are new
	var ask []pgtype.UUID
	for i := range a.rows {
		r := &a.rows[i]
		if _, out := suppressed[int32(r.n)]; !out && !isNew[r.Hash] && known[r.Hash] == nil {
			known[r.Hash] = &storage.Row{}
			ask = append(ask, uuid(r.Hash))
		}
	}
	if err := s.stored(ctx, conn, ask, known); err != nil {
		return err
	}
	for i := range a.rows {
		r := &a.rows[i]
		out := &a.outs[r.n]
		*out = touchpoint.Outcome{Key: out.Key}
		by, refused := suppressed[int32(r.n)]
		switch held := known[r.Hash]; {
		case refused && by:
			out.Status, out.Reason = touchpoint.Suppressed, touchpoint.SuppressedReason
		case refused:
			out.Status, out.Err = touchpoint.Retry, &failure{storage.ErrUnavailable, errErasing}
		case held == nil:
			out.Status = touchpoint.Accepted
			known[r.Hash] = &r.Row
		case held.Sum == r.Sum:
			out.Status = touchpoint.Duplicate
		default:
			was, err := held.Fact()
			if err != nil { // others of the transaction have no part in it
				out.Status, out.Err = touchpoint.Retry, err
				continue
			}
			is, _ := r.Fact() // encoded a moment ago
			out.Status, out.Fields = touchpoint.Conflict, storage.Diff(was, is)
		}
	}
	return nil
}

var errErasing = errors.New("a key is being erased")

// stored fills in the rows that hold these keys. It is a statement of its own, which sees
// what the insert has waited for.
func (s *Store) stored(ctx context.Context, conn *pgx.Conn, ask []pgtype.UUID, known map[[16]byte]*storage.Row) error {
	if len(ask) == 0 {
		return nil
	}
	rows, err := conn.Query(ctx, s.sql("select key, hash, body from {}fact where key = any($1)"), ask)
	if err != nil {
		return err
	}
	found := 0
	for rows.Next() {
		var key, hash pgtype.UUID
		var body []byte
		if err := rows.Scan(&key, &hash, &body); err != nil {
			return err
		}
		*known[key.Bytes] = storage.Row{Sum: hash.Bytes, Body: body, Received: storage.NoTime}
		found++
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if found < len(ask) {
		return &storage.CorruptError{Where: "key", Offset: -1}
	}
	return nil
}
