package logstore

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"github.com/tabi-go/tabi/storage"
)

// A plan is what an erasure does to the store as it is.
type plan struct {
	gone   map[storage.Key]bool // removed or replaced
	fresh  []storage.Row        // replacements, additions, the record: in this order
	record *storage.Erased
}

// Erase is storage.Store's. The erasure is one record of the log; then the log is written
// again without the facts that went.
func (s *Store) Erase(ctx context.Context, e storage.Erasure) (storage.Receipt, error) {
	if err := storage.CheckBatch(ctx, len(e.Redact)+len(e.Add)); err != nil {
		return storage.Receipt{}, err
	}
	if err := e.Check(); err != nil {
		return storage.Receipt{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.begin(ctx); err != nil {
		return storage.Receipt{}, err
	}
	key := storage.Key{Class: storage.ClassErasure, ID: e.ID}
	if _, known := s.rows[key.Hash()]; !known {
		if err := s.commitErasure(ctx, e); err != nil {
			return storage.Receipt{}, err
		}
	}
	facts, err := s.byKey(context.WithoutCancel(ctx), []storage.Key{key})
	if err != nil {
		return storage.Receipt{}, err
	}
	record := facts[key].Erasure
	rec := storage.Receipt{ID: e.ID, Removed: record.Removed, Redacted: record.Redacted}
	if err := s.sweep(ctx); err != nil {
		return rec, err
	}
	rec.Done = true
	return rec, nil
}

// sweep writes the log without the bytes of erased facts.
func (s *Store) sweep(ctx context.Context) error {
	if !s.unwept {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.poison != nil {
		return s.poison
	}
	return s.rewrite()
}

// commitErasure writes an erasure to the log, then does it in memory.
func (s *Store) commitErasure(ctx context.Context, e storage.Erasure) error {
	p, err := s.plan(context.WithoutCancel(ctx), e) // in memory: no time is worth breaking off
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	goes := make([][16]byte, 0, len(p.gone))
	for key := range p.gone {
		goes = append(goes, key.Hash())
	}
	slices.SortFunc(goes, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	w := newWriter(s.next, goes)
	for i := range p.fresh {
		w.fact(s.next+uint64(i), p.fresh[i].Received, p.fresh[i].Body)
	}
	if err := s.write(w); err != nil {
		return err
	}
	for _, hash := range goes {
		delete(s.rows, hash)
	}
	s.order = slices.DeleteFunc(slices.Clone(s.order), func(x place) bool { return p.gone[x.key] })
	for i := range p.fresh {
		s.remember(&p.fresh[i])
	}
	s.list.Join(*p.record)
	s.unwept = s.unwept || len(p.gone) > 0
	_, err = s.Store.Erase(context.WithoutCancel(ctx), e)
	return err
}

// plan finds out what e removes and replaces.
func (s *Store) plan(ctx context.Context, e storage.Erasure) (*plan, error) {
	p := &plan{gone: make(map[storage.Key]bool)}
	removed := make(map[storage.Class]int64)
	for _, q := range e.Remove {
		for f, err := range s.Store.Scan(ctx, q) {
			if err != nil {
				return nil, err
			}
			if k := f.Key(); !p.gone[k] && k.Class != storage.ClassErasure && k.Class != storage.ClassAudit {
				p.gone[k] = true
				removed[k.Class]++
			}
		}
	}
	if err := s.planRedaction(p, e.Redact); err != nil {
		return nil, err
	}
	p.record = e.Record(removed, int64(len(p.fresh)))
	seen := make(map[[16]byte]bool)
	for _, f := range append(slices.Clone(e.Add), storage.Fact{Erasure: p.record}) {
		var r storage.Row
		if err := r.Encode(f); err != nil {
			return nil, err
		}
		if _, known := s.rows[r.Hash]; !known && !seen[r.Hash] {
			seen[r.Hash] = true
			p.fresh = append(p.fresh, r)
		}
	}
	return p, nil
}

// planRedaction adds the replacements of facts that are there, stay and differ.
func (s *Store) planRedaction(p *plan, redact []storage.Fact) error {
	removed := maps.Clone(p.gone)
	seen := make(map[storage.Key]bool)
	for _, f := range redact {
		var r storage.Row
		if err := r.Encode(f); err != nil {
			return err
		}
		old, known := s.rows[r.Hash]
		if !known {
			continue
		}
		if old.at != r.At || seen[r.Key] {
			return storage.ErrErasure
		}
		seen[r.Key] = true
		if removed[r.Key] || old.sum == r.Sum {
			continue
		}
		r.Received = old.received
		p.gone[r.Key] = true
		p.fresh = append(p.fresh, r)
	}
	return nil
}
