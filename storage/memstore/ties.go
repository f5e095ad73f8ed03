package memstore

import (
	"context"
	"iter"

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

// A tieRef is the earliest touch of a group, or one fact of identity.
type tieRef struct {
	ref   uint32
	count uint32
	last  int64
}

// ties yields the ties of the first n rows.
func (s *Store) ties(ctx context.Context, ids []identity.ID, n uint32, yield func(storage.Tie, error) bool) {
	err := storage.Query{IDs: ids}.Check()
	at := place{}
	c := copied.Get().(*copies)
	defer c.release()
	for err == nil && !at.done {
		var refs []tieRef
		if refs, err = s.tieRows(ctx, ids, n, &at, c); err != nil {
			break
		}
		for i := range c.rows {
			t, err := c.rows[i].Tie(int64(refs[i].count), refs[i].last)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(storage.Tie{}, err)
				return
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
func (s *Store) tieRows(ctx context.Context, ids []identity.ID, n uint32, at *place, c *copies) ([]tieRef, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	refs := s.tieRefs(ids, n, at)
	s.copyRows(c, len(refs), func(i int) uint32 { return refs[i].ref })
	return refs, nil
}

// tieRefs lists the next ties. The lock is held.
func (s *Store) tieRefs(ids []identity.ID, n uint32, at *place) (out []tieRef) {
	if !at.listed && ids != nil {
		at.list = s.groupsOf(ids)
		if g, ok := s.byName[bare]; ok {
			at.list = append(at.list, g)
		}
	}
	at.listed = true
	out = make([]tieRef, 0, min(len(at.list), lastChunk))
	for walked := 0; len(out) < lastChunk && walked < maxWalk; walked++ {
		i := at.next
		if ids != nil {
			if len(at.list) == 0 {
				at.done = true
				return out
			}
			i = at.list[0]
		} else if i == uint32(len(s.groups)) {
			at.done = true
			return out
		}
		g := s.groups[i]
		if g != nil && g.class > storage.ClassTouch && g.class <= storage.ClassParent {
			var whole bool
			if out, whole = s.factTies(g, n, at, out); !whole {
				return out
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
	return out
}

// factTies lists the facts of a group, and reports whether these were all.
func (s *Store) factTies(g *group, n uint32, at *place, out []tieRef) ([]tieRef, bool) {
	for _, ref := range g.refs {
		if ref < at.row || !s.rows.visible(ref, n) {
			continue
		}
		if len(out) >= lastChunk {
			at.row = ref
			return out, false
		}
		out = append(out, tieRef{ref: ref})
	}
	return out, true
}

// groupTie is the earliest touch of a group as the first n rows know it.
func (s *Store) groupTie(g *group, n uint32) (tieRef, bool) {
	if g.count == 0 {
		return tieRef{}, false
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
			return tieRef{}, false
		}
	}
	return tieRef{first, uint32(count), last}, true
}
