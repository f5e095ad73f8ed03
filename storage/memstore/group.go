package memstore

import (
	"encoding/binary"
	"slices"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A group is the facts of one class, source, kind and set of identifiers. Whether a query
// selects a fact is decided for its group, but for keys and time.
type group struct {
	name   string // of byName; source, kind and ids are parts of it
	class  storage.Class
	source string
	kind   touchpoint.Kind
	ids    []identity.ID
	refs   []uint32 // in the order of commits, hidden rows included

	count       int    // live rows
	first       uint32 // the earliest of them by Position
	since, last int64  // their first and last instant
}

// appendName appends the name of the group of a fact: each part with its length.
func appendName(b []byte, f storage.Fact, r *storage.Row) []byte {
	var kind touchpoint.Kind
	if f.Touch != nil {
		kind = f.Touch.Kind
	}
	b = appendPart(append(b, byte(r.Key.Class)), r.Key.Source)
	b = appendPart(b, string(kind))
	for _, id := range r.IDs {
		b = appendPart(appendPart(b, string(id.Type())), id.Value())
	}
	return b
}

func appendPart(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// group returns the index of the group of a name with so many identifiers, and makes it
// where it is new.
func (s *Store) group(name []byte, ids int) uint32 {
	if g, ok := s.byName[string(name)]; ok {
		return g
	}
	if s.byName == nil {
		s.byName, s.members = make(map[string]uint32), make(map[identity.ID][]uint32)
	}
	g := &group{name: string(name), class: storage.Class(name[0])}
	rest := g.name[1:]
	part := func() (p string) {
		n, w := uint64(0), 0
		for ; ; w++ {
			n |= uint64(rest[w]&0x7F) << (7 * w)
			if rest[w] < 0x80 {
				break
			}
		}
		p, rest = rest[w+1:][:n], rest[w+1:][n:]
		return p
	}
	g.source, g.kind = part(), touchpoint.Kind(part())
	i := uint32(len(s.groups))
	g.ids = make([]identity.ID, 0, ids)
	for len(rest) > 0 {
		t := identity.Type(part())
		id := identity.MakeID(t, part())
		g.ids = append(g.ids, id)
		s.members[id] = append(s.members[id], i)
	}
	s.groups = append(s.groups, g)
	s.byName[g.name] = i
	return i
}

// join counts a new live row.
func (s *Store) join(g *group, ref uint32, r *row) {
	g.refs = append(g.refs, ref)
	s.count(g, ref, r)
}

func (s *Store) count(g *group, ref uint32, r *row) {
	if g.count == 0 {
		g.first, g.since, g.last = ref, r.at, r.at
	} else if r.at < g.since || r.at == g.since && s.before(r, s.rows.at(g.first)) {
		g.first, g.since = ref, r.at
	}
	g.last = max(g.last, r.at)
	g.count++
}

// before compares the positions of two rows of one group: the source is the same.
func (s *Store) before(a, b *row) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	return idOf(s.bodies.body(a)) < idOf(s.bodies.body(b))
}

// idOf reads the id of a touch, which stands second in its encoding; the ids of other
// facts are not needed.
func idOf(body []byte) string {
	if storage.Class(body[1]) != storage.ClassTouch {
		return ""
	}
	_, w := binary.Uvarint(body[2:])
	rest := body[2+w:]
	n, w := binary.Uvarint(rest)
	rest = rest[w:][n:]
	n, w = binary.Uvarint(rest)
	return string(rest[w:][:n])
}

// recount counts the live rows of a group again.
func (s *Store) recount(g *group) {
	g.count = 0
	for _, ref := range g.refs {
		if r := s.rows.at(ref); r.state() == live {
			s.count(g, ref, r)
		}
	}
}

// forget lets a group go that has no rows left.
func (s *Store) forget(i uint32) {
	g := s.groups[i]
	delete(s.byName, g.name)
	for _, id := range g.ids {
		if left := slices.DeleteFunc(s.members[id], func(k uint32) bool { return k == i }); len(left) > 0 {
			s.members[id] = left
		} else {
			delete(s.members, id)
		}
	}
	s.groups[i] = nil
}

// bare is the group of the overrides that name no identifier.
var bare = string(appendPart(appendPart([]byte{byte(storage.ClassOverride)}, ""), ""))
