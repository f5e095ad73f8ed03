package logstore

import (
	"context"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A batch is the facts of one Append and what becomes of them.
type batch struct {
	facts []storage.Fact
	rows  []storage.Row
	outs  []touchpoint.Outcome
	fresh []int       // facts to write
	first map[int]int // the fresh fact that a later one of the batch repeats
}

// prepare encodes the facts; the outcomes of those that are refused are set.
func prepare(ctx context.Context, facts []storage.Fact) (*batch, error) {
	if err := storage.CheckBatch(ctx, len(facts)); err != nil {
		return nil, err
	}
	b := &batch{facts: facts, rows: make([]storage.Row, len(facts)), outs: make([]touchpoint.Outcome, len(facts))}
	size := 0
	for i, f := range facts {
		if b.outs[i] = b.rows[i].Offer(f); b.outs[i].Status != 0 {
			continue
		}
		if size += len(b.rows[i].Body); size > storage.MaxBatchBytes {
			return nil, storage.ErrBatchTooLarge
		}
	}
	return b, nil
}

// Append is storage.Store's. The batch is one record of the log.
func (s *Store) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	b, err := prepare(ctx, facts)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	s.decide(b)
	if len(b.fresh) > 0 {
		w := newWriter(s.next, nil)
		for n, i := range b.fresh {
			w.fact(s.next+uint64(n), b.rows[i].Received, b.rows[i].Body)
		}
		if err := s.write(w); err != nil {
			b.fail(err)
		} else if err := s.accept(ctx, b); err != nil {
			return nil, err
		}
	}
	if err := s.explain(ctx, b); err != nil {
		return nil, err
	}
	for _, o := range b.outs {
		if o.Status == touchpoint.Retry {
			return b.outs, o.Err
		}
	}
	return b.outs, nil
}

// decide gives each fact the outcome it has once the fresh ones are durable.
func (s *Store) decide(b *batch) {
	fresh := make(map[[16]byte]int)
	b.first = make(map[int]int)
	for i := range b.rows {
		r, out := &b.rows[i], &b.outs[i]
		if out.Status != 0 {
			continue
		}
		known, there := s.rows[r.Hash]
		first, repeat := fresh[r.Hash]
		switch {
		case s.list.Refuses(b.facts[i].Tags, b.facts[i].At()):
			out.Status, out.Reason = touchpoint.Suppressed, touchpoint.SuppressedReason
		case s.poison != nil:
			out.Status, out.Err = touchpoint.Retry, s.poison
		case there && known.sum == r.Sum:
			out.Status = touchpoint.Duplicate
		case there:
			out.Status = touchpoint.Conflict
		case repeat:
			b.first[i] = first
			if out.Status = touchpoint.Conflict; b.rows[first].Sum == r.Sum {
				out.Status = touchpoint.Duplicate
			}
		default:
			out.Status = touchpoint.Accepted
			fresh[r.Hash] = i
			b.fresh = append(b.fresh, i)
		}
	}
}

// fail makes everything that was to be written, or repeats it, wait for another try.
func (b *batch) fail(err error) {
	for _, i := range b.fresh {
		b.outs[i].Status, b.outs[i].Err = touchpoint.Retry, err
	}
	for i := range b.first {
		b.outs[i].Status, b.outs[i].Err = touchpoint.Retry, err
	}
}

// write appends a record to the log and makes it durable.
func (s *Store) write(w *writer) error {
	if s.poison != nil {
		return s.poison
	}
	if err := s.owner.check(); err != nil {
		return unavailable(err)
	}
	// The room for its mark first: else a disk that is full by then would keep the mark out,
	// and damage to the record could be taken for a write that was cut off.
	rec := w.finish(s.id)
	if _, err := s.file.WriteAt(make([]byte, markSize), s.end+int64(len(rec))); err != nil {
		return unavailable(err)
	}
	if _, err := s.file.WriteAt(rec, s.end); err != nil {
		return unavailable(err) // half a record is none, and the next is written over it
	}
	err := s.file.Sync()
	if err == nil {
		err = s.owner.check() // a thief that came meanwhile may not have seen the record
	}
	if err != nil {
		s.poison = uncertain(err)
		return s.poison
	}
	s.end += int64(len(rec))
	// Without its mark the record is written again when the log is opened; no more.
	_, _ = s.file.WriteAt(appendMark(nil, s.id, w.seq()), s.end)
	s.end += markSize
	return nil
}

// accept brings what is durable to memory.
func (s *Store) accept(ctx context.Context, b *batch) error {
	facts := make([]storage.Fact, len(b.fresh))
	for n, i := range b.fresh {
		facts[n] = b.facts[i]
		facts[n].Tags = nil // have been looked up
		s.remember(&b.rows[i])
	}
	_, err := s.Store.Append(context.WithoutCancel(ctx), facts)
	return err
}

// remember gives a durable fact its place.
func (s *Store) remember(r *storage.Row) {
	s.rows[r.Hash] = row{r.At, r.Received, r.Sum, r.Body}
	s.order = append(s.order, place{s.next, r.Key, r.Hash})
	s.next++
}

// explain names the fields in which facts in conflict differ.
func (s *Store) explain(ctx context.Context, b *batch) error {
	var keys []storage.Key
	for i, out := range b.outs {
		if _, repeat := b.first[i]; out.Status == touchpoint.Conflict && !repeat {
			keys = append(keys, b.rows[i].Key)
		}
	}
	stored, err := s.byKey(context.WithoutCancel(ctx), keys)
	if err != nil {
		return err
	}
	for i := range b.outs {
		if out := &b.outs[i]; out.Status == touchpoint.Conflict {
			known := stored[b.rows[i].Key]
			if first, repeat := b.first[i]; repeat {
				known = b.facts[first]
			}
			out.Fields = storage.Diff(known, b.facts[i])
		}
	}
	return nil
}
