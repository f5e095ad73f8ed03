package memstore

import (
	"context"
	"slices"

	"github.com/tabi-go/tabi/storage"
)

// A work is the list of rows that a committed erasure has still to purge.
type work struct {
	erasure string
	rows    []uint32
}

const purgeStep = 1000 // rows purged while the lock is held

// A change is one replacement or addition of an erasure, made ready.
type change struct {
	storage.Row
	name []byte
	old  uint32 // of a replacement
}

// Erase is storage.Store's. Nothing of what is erased stays in the store's memory once it
// is done.
func (s *Store) Erase(ctx context.Context, e storage.Erasure) (storage.Receipt, error) {
	if err := storage.CheckBatch(ctx, len(e.Redact)+len(e.Add)); err != nil {
		return storage.Receipt{}, err
	}
	if err := e.Check(); err != nil {
		return storage.Receipt{}, err
	}
	redact, err := ready(e.Redact)
	if err != nil {
		return storage.Receipt{}, err
	}
	add, err := ready(e.Add)
	if err != nil {
		return storage.Receipt{}, err
	}
	record, err := s.commitErasure(ctx, e, redact, add)
	if err != nil {
		return storage.Receipt{}, err
	}
	rec := storage.Receipt{ID: e.ID, Removed: record.Removed, Redacted: record.Redacted}
	if err := s.purge(ctx); err != nil {
		return rec, err
	}
	rec.Done = true
	return rec, nil
}

func ready(facts []storage.Fact) ([]change, error) {
	list := make([]change, len(facts))
	for i, f := range facts {
		if err := list[i].Encode(f); err != nil {
			return nil, err
		}
		list[i].name = appendName(nil, f, &list[i].Row)
	}
	return list, nil
}

// commitErasure is the atomic step. It returns what is on record, of the first call where
// this is a later one.
func (s *Store) commitErasure(ctx context.Context, e storage.Erasure, redact, add []change) (*storage.Erased, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	key := storage.Key{Class: storage.ClassErasure, ID: e.ID}.Hash()
	if ref, ok := s.keys.find(&key, &s.rows); ok {
		f, err := s.copyRow(s.rows.at(ref)).Fact()
		return f.Erasure, err
	}
	gone, err := s.selected(e.Remove)
	if err != nil {
		return nil, err
	}
	if redact, err = s.replaceable(redact, gone); err != nil {
		return nil, err
	}
	removed := make(map[storage.Class]int64)
	for _, ref := range gone {
		removed[s.groups[s.rows.at(ref).group].class]++
	}
	record := e.Record(removed, int64(len(redact)))
	erased, err := ready([]storage.Fact{{Erasure: record}})
	if err != nil {
		return nil, err
	}

	var fresh []stamp
	for i := range redact {
		c := &redact[i]
		fresh = append(fresh, stamp{c.At, s.insert(&c.Row, c.name, c.old+1)})
		gone = append(gone, c.old)
	}
	for _, c := range append(add, erased...) {
		if _, ok := s.keys.find(&c.Hash, &s.rows); !ok {
			fresh = append(fresh, stamp{c.At, s.insert(&c.Row, c.name, 0)})
		}
	}
	s.order.add(fresh)
	s.hide(gone)
	s.list.Join(*record)
	s.erasures++
	if len(gone) > 0 {
		s.open = append(s.open, work{e.ID, gone})
	}
	return record, nil
}

// selected returns the rows that an erasure removes, each once. The lock is held.
func (s *Store) selected(queries []storage.Query) ([]uint32, error) {
	var list []uint32
	for _, q := range queries {
		refs, err := s.refs(q)
		if err != nil {
			return nil, err
		}
		for _, ref := range refs {
			if c := s.groups[s.rows.at(ref).group].class; c != storage.ClassErasure && c != storage.ClassAudit {
				list = append(list, ref)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// refs returns the rows that a query selects. The lock is held.
func (s *Store) refs(q storage.Query) (list []uint32, err error) {
	sc, err := s.scanner(q, s.rows.n)
	if err != nil {
		return nil, err
	}
	switch {
	case q.Keys != nil:
		sc.listKeys()
	case q.IDs != nil:
		for _, i := range s.groupsOf(q.IDs) {
			for _, ref := range s.groups[i].refs {
				sc.list = sc.take(sc.list, ref)
			}
		}
	default:
		s.order.walk(sc.lo, sc.hi, false, func(x stamp) bool {
			sc.list = sc.take(sc.list, x.ref)
			return true
		})
	}
	if q.After.IsZero() && q.Limit == 0 {
		for _, x := range sc.list {
			list = append(list, x.ref)
		}
		return list, nil
	}
	sc.sortList()
	rows := make([]storage.Row, len(sc.list))
	for i, x := range sc.list {
		rows[i] = *s.copyRow(s.rows.at(x.ref))
	}
	err = sc.decode(rows, func(f storage.Fact) bool {
		key := f.Key().Hash()
		ref, _ := s.keys.find(&key, &s.rows)
		list = append(list, ref)
		return len(list) != q.Limit
	})
	return list, err
}

// replaceable returns the replacements of facts that are there, stay and differ.
func (s *Store) replaceable(list []change, gone []uint32) ([]change, error) {
	var out []change
	seen := make(map[[16]byte]bool)
	for _, c := range list {
		ref, ok := s.keys.find(&c.Hash, &s.rows)
		if !ok || s.rows.at(ref).state() != live {
			continue
		}
		r := s.rows.at(ref)
		if r.at != c.At || seen[c.Hash] {
			return nil, storage.ErrErasure
		}
		seen[c.Hash] = true
		if _, removed := slices.BinarySearch(gone, ref); removed || r.sum == c.Sum {
			continue
		}
		c.old, c.Received = ref, r.received
		out = append(out, c)
	}
	return out, nil
}

// hide takes rows out of every read.
func (s *Store) hide(rows []uint32) {
	groups := make(map[uint32]bool)
	for _, ref := range rows {
		r := s.rows.at(ref)
		r.setState(hidden)
		s.live--
		groups[r.group] = true
	}
	for g := range groups {
		s.recount(s.groups[g])
	}
	s.dropSummaries(groups)
}

// purge wipes the rows of all open erasures, step by step.
func (s *Store) purge(ctx context.Context) error {
	for {
		if more, err := s.purgeSome(ctx); !more || err != nil {
			return err
		}
	}
}

func (s *Store) purgeSome(ctx context.Context) (more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) == 0 {
		return false, nil
	}
	if err := s.begin(ctx); err != nil {
		return true, err
	}
	w := &s.open[0]
	step := w.rows[:min(purgeStep, len(w.rows))]
	w.rows = w.rows[len(step):]
	groups := make(map[uint32]bool)
	for _, ref := range step {
		groups[s.rows.at(ref).group] = true
		s.bury(ref)
	}
	for i := range groups {
		g := s.groups[i]
		g.refs = slices.DeleteFunc(g.refs, func(ref uint32) bool {
			r := s.rows.at(ref)
			return r == nil || r.state() == dead
		})
		if len(g.refs) == 0 {
			s.forget(i)
		}
	}
	if len(w.rows) == 0 {
		s.open = slices.Delete(s.open, 0, 1)
		s.rewrite()
	}
	return true, nil
}

func (s *Store) bury(ref uint32) {
	r := s.rows.at(ref)
	s.bodies.wipe(r)
	s.keys.drop(&r.key, ref)
	s.rows.bury(ref)
	s.order.bury(&s.rows)
}
