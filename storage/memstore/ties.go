package memstore

import (
	"context"
	"iter"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

// Ties is storage.Store's.
func (s *Store) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	return func(yield func(storage.Tie, error) bool) {
		n, err := s.now(ctx)
		if err != nil {
			yield(storage.Tie{}, err)
			return
		}
		s.ties(ctx, ids, n, yield)
	}
}

// A tieRow is the earliest touch of a group, or one fact of identity, copied.
type tieRow struct {
	storage.Row
	last  int64
	count int
}

// ties yields the ties of the first n rows.
func (s *Store) ties(ctx context.Context, ids []identity.ID, n uint32, yield func(storage.Tie, error) bool) {
	err := storage.Query{IDs: ids}.Check()
	at := place{}
	for err == nil && !at.done {
		var rows []tieRow
		if rows, err = s.tieRows(ctx, ids, n, &at); err != nil {
			break
		}
		for i := range rows {
			f, err := rows[i].Fact()
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(storage.Tie{}, err)
				return
			}
			t := storage.Tie{Evidence: f.Evidence, Override: f.Override, Membership: f.Membership, Parent: f.Parent}
			if f.Touch != nil {
				t.Sighting, t.Last, t.Count = f.Touch.Sighting(), time.UnixMicro(rows[i].last).UTC(), int64(rows[i].count)
			}
			if !yield(t, nil) {
				return
			}
		}
	}
	if err != nil {
		yield(storage.Tie{}, err)
	}
}

// A place is how far a walk over groups has come.
type place struct {
	listed, done bool
	list         []uint32 // the groups that are left, unless all are walked
	next         uint32   // the next group, when all are walked
	row          uint32   // the rows of that group from here on
}

// tieRows copies the next ties under the lock.
func (s *Store) tieRows(ctx context.Context, ids []identity.ID, n uint32, at *place) (out []tieRow, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	if !at.listed && ids != nil {
		at.list = s.groupsOf(ids)
		if g, ok := s.byName[bare]; ok {
			at.list = append(at.list, g)
		}
	}
	at.listed = true
	for walked := 0; len(out) < lastChunk && walked < maxWalk; walked++ {
		i := at.next
		if ids != nil {
			if len(at.list) == 0 {
				at.done = true
				return out, nil
			}
			i = at.list[0]
		} else if i == uint32(len(s.groups)) {
			at.done = true
			return out, nil
		}
		g := s.groups[i]
		if g != nil && g.class > storage.ClassTouch && g.class <= storage.ClassParent {
			var whole bool
			if out, whole = s.factTies(g, n, at, out); !whole {
				return out, nil
			}
		} else if g != nil && g.class == storage.ClassTouch {
			if t, ok := s.groupTie(g, n); ok {
				out = append(out, t)
			}
		}
		at.row = 0
		if ids != nil {
			at.list = at.list[1:]
		} else {
			at.next++
		}
	}
	return out, nil
}

// factTies copies the facts of a group, and reports whether these were all.
func (s *Store) factTies(g *group, n uint32, at *place, out []tieRow) ([]tieRow, bool) {
	for _, ref := range g.refs {
		if ref < at.row || !s.rows.visible(ref, n) {
			continue
		}
		if len(out) >= lastChunk {
			at.row = ref
			return out, false
		}
		out = append(out, tieRow{Row: *s.copyRow(s.rows.at(ref))})
	}
	return out, true
}

// groupTie copies the earliest touch of a group as the first n rows know it.
func (s *Store) groupTie(g *group, n uint32) (tieRow, bool) {
	if g.count == 0 {
		return tieRow{}, false
	}
	first, last, count := g.first, g.last, g.count
	if newest := g.refs[len(g.refs)-1]; newest >= n {
		count = 0
		for _, ref := range g.refs {
			if !s.rows.visible(ref, n) {
				continue
			}
			r := s.rows.at(ref)
			if count == 0 || s.before(r, s.rows.at(first)) {
				first = ref
			}
			if count == 0 || r.at > last {
				last = r.at
			}
			count++
		}
		if count == 0 {
			return tieRow{}, false
		}
	}
	return tieRow{Row: *s.copyRow(s.rows.at(first)), last: last, count: count}, true
}
