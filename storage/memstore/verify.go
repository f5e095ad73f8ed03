package memstore

import (
	"context"
	"errors"
	"slices"

	"github.com/tabi-go/tabi/storage"
)

// Verify checks the tables of the store against each other in both directions.
func (s *Store) Verify(ctx context.Context) error {
	if _, err := s.now(ctx); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var errs []error
	wrong := func(where string, at uint32) {
		errs = append(errs, &storage.CorruptError{Where: where, Offset: int64(at)})
	}
	seen, kept := 0, 0
	for i := range s.rows.n {
		r := s.rows.at(i)
		if r == nil || r.state() == dead {
			continue
		}
		kept++
		if r.state() == live {
			seen++
			if ref, ok := s.keys.find(&r.key, &s.rows); !ok || ref != i {
				wrong("key", i)
			}
		}
		if g := s.groups[r.group]; g == nil || !has(g.refs, i) {
			wrong("group", i)
		}
	}
	if seen != s.live || s.keys.used > kept {
		wrong("count", 0)
	}
	timed := 0
	for _, run := range s.order.runs {
		for k, ref := range run.ref {
			if r := s.rows.at(ref); r != nil && r.state() != dead && r.at == run.at[k] && (k == 0 || run.at[k-1] <= run.at[k]) {
				timed++
			}
		}
	}
	if timed != kept {
		wrong("order", 0)
	}
	for i, g := range s.groups {
		if g == nil {
			continue
		}
		if at, ok := s.byName[g.name]; !ok || at != uint32(i) || len(g.refs) == 0 {
			wrong("group", uint32(i))
		}
		for _, id := range g.ids {
			if !has(s.members[id], uint32(i)) {
				wrong("member", uint32(i))
			}
		}
	}
	var lost []uint32
	for _, list := range s.members {
		for _, i := range list {
			if s.groups[i] == nil {
				lost = append(lost, i)
			}
		}
	}
	slices.Sort(lost) // the map has no order
	for _, i := range lost {
		wrong("member", i)
	}
	return errors.Join(errs...)
}

// has reports whether an ascending list holds i.
func has(list []uint32, i uint32) bool {
	_, ok := slices.BinarySearch(list, i)
	return ok
}
