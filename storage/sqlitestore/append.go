package sqlitestore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A row is a fact made ready for the table.
type row struct {
	storage.Row
	kind string   // of a touch
	set  [16]byte // of its identifiers
	born int64    // seq of what it redacts
}

// A batch is the facts of one Append, made ready outside of every lock.
type batch struct {
	facts  []storage.Fact
	rows   []row
	outs   []touchpoint.Outcome
	size   int                  // bytes of the bodies
	stored map[int]*storage.Row // of the facts that are in conflict
}

// encode fills a row.
func (r *row) encode(f storage.Fact) error {
	if err := r.Encode(f); err != nil {
		return err
	}
	r.describe(f)
	return nil
}

// describe adds to an encoded row what the table wants beside it.
func (r *row) describe(f storage.Fact) {
	r.set = storage.HashSet(r.Key.Class, r.Key.Source, r.IDs)
	if f.Touch != nil {
		r.kind = string(f.Touch.Kind)
	}
}

// prepare encodes the facts; outcomes of those that are refused are set.
func (b *batch) prepare(ctx context.Context) error {
	for i, f := range b.facts {
		if i%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		r := &b.rows[i]
		if b.outs[i] = r.Offer(f); b.outs[i].Status != 0 {
			continue
		}
		r.describe(f)
		if b.size += len(r.Body); b.size > storage.MaxBatchBytes {
			return storage.ErrBatchTooLarge
		}
	}
	return nil
}

// Append is storage.Store's. Calls that wait at the same time share one transaction; each
// batch is there whole or not at all.
func (s *Store) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	if err := storage.CheckBatch(ctx, len(facts)); err != nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	b := &batch{facts: facts, rows: make([]row, len(facts)), outs: make([]touchpoint.Outcome, len(facts))}
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	if err := s.queue.do(&job{ctx: ctx, b: b}, s.lead); err != nil {
		return nil, err
	}
	return b.outs, b.finish()
}

// finish names the fields of conflicts, outside of the transaction, and returns the first
// cause of something to retry.
func (b *batch) finish() error {
	for i, r := range b.stored {
		out := &b.outs[i]
		if out.Status != touchpoint.Conflict {
			continue
		}
		stored, err := r.Fact()
		if err != nil {
			out.Status, out.Err = touchpoint.Retry, err
			continue
		}
		offered, _ := b.rows[i].Fact() // encoded a moment ago
		out.Fields = storage.Diff(stored, offered)
	}
	for _, o := range b.outs {
		if o.Status == touchpoint.Retry {
			return o.Err
		}
	}
	return nil
}

// appendAll writes batches in one transaction and sets their outcomes.
func (s *Store) appendAll(batches []*batch) {
	idle := true
	for _, b := range batches {
		for _, o := range b.outs {
			idle = idle && o.Status != 0
		}
	}
	if idle {
		return
	}
	err := s.transact("append", func(w *writing, st state) error {
		for _, b := range batches {
			for i := range b.rows {
				if b.outs[i].Status != 0 {
					continue
				}
				if err := s.decide(w, st, b, i); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil {
		return
	}
	for _, b := range batches {
		for i := range b.outs {
			if o := &b.outs[i]; o.Status != touchpoint.Rejected && o.Status != touchpoint.Suppressed {
				o.Status, o.Err = touchpoint.Retry, err
			}
		}
	}
}

// decide looks fact i up and inserts it.
func (s *Store) decide(w *writing, st state, b *batch, i int) error {
	r, out := &b.rows[i], &b.outs[i]
	if st.suppressing {
		for _, t := range b.facts[i].Tags {
			var hit bool
			if err := w.row(stmtSuppressed, t[:], r.At).Scan(&hit); err != nil {
				return err
			}
			if hit {
				out.Status, out.Reason = touchpoint.Suppressed, touchpoint.SuppressedReason
				return nil
			}
		}
	}
	if st.erasing {
		var hit bool
		if err := w.row(stmtErasing, r.Hash[:]).Scan(&hit); err != nil {
			return err
		}
		if hit {
			out.Status, out.Err = touchpoint.Retry, storage.ErrUnavailable
			return nil
		}
	}
	fresh, err := s.insert(w, r, nil)
	if err != nil {
		return err
	}
	if fresh {
		out.Status = touchpoint.Accepted
		return nil
	}
	stored, err := s.stored(w, r)
	if err != nil {
		return err
	}
	if stored.Sum == r.Sum {
		out.Status = touchpoint.Duplicate
		return nil
	}
	out.Status = touchpoint.Conflict
	if b.stored == nil {
		b.stored = make(map[int]*storage.Row)
	}
	b.stored[i] = stored
	return nil
}

// stored reads what is there under the key of r.
func (s *Store) stored(w *writing, r *row) (*storage.Row, error) {
	var sum []byte
	got := new(storage.Row)
	err := w.row(stmtStored, r.Hash[:]).Scan(&sum, &got.Received, &got.Body)
	if errors.Is(err, sql.ErrNoRows) || err == nil && len(sum) != 16 {
		err = &storage.CorruptError{Where: "fact_key", Offset: -1}
	}
	copy(got.Sum[:], sum)
	return got, err
}
