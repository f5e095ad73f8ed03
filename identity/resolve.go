package identity

import (
	"slices"
	"time"
)

// Resolve computes people and accounts from the facts with At up to at; the zero at is
// all facts. The cost is near-linear in the facts, and n·log n inside a component that
// holds a shared identifier, an override or a limit.
//
// The rules, in order. For each component of linkable evidence: must-links join first,
// by (At, Actor, ID), unless separated, over the size, or, without Force, over a limit.
// An identifier with too many owners or neighbours is shared and joins nobody else. Then
// the pairs, strongest first (deterministic before probabilistic, sum of ranks, weight,
// first seen, the identifiers), join unless the union would hold both sides of a
// Separate, break a limit, or be over the size. The result is the lexicographically
// first maximal consistent set of pairs, not the largest one, and raising a limit may
// part people whom a lower one joined.
func (g *Graph) Resolve(at time.Time) *Resolution {
	f := new(facts)
	if g != nil {
		*f = g.facts
		f.idTable = g.idTable.clone()
	}
	r := &Resolution{at: micros(at, maxTime)}
	r.view = view{rs: g.ruleset(), f: f, st: f.inForce(r.at)}
	r.scan()
	r.resolve()
	r.mint()
	r.openSessions()
	r.openIntervals()
	r.lazily()
	return r
}

// scan finds the raw components: all linkable evidence, dead or alive.
func (r *Resolution) scan() {
	n := len(r.f.entries)
	r.first = make([]int64, n)
	r.comp = make([]uint32, n)
	r.known = make([]bool, n)
	r.plain = make([]bool, n)
	for i := range r.first {
		r.first[i], r.comp[i], r.plain[i] = maxTime, uint32(i), true
	}
	for i := range r.f.sights {
		s := &r.f.sights[i]
		if s.at > r.at {
			continue
		}
		for _, x := range r.f.idsOf(s) {
			r.first[x] = min(r.first[x], s.at)
			r.meet(x)
		}
		r.f.star(r.rs, s, func(centre, x uint32) {
			r.link(centre, x)
			if len(r.st.retracts) > 0 {
				e := r.sightEdge(uint32(i), centre, x)
				r.judge(&e)
				r.plain[x] = r.plain[x] && e.dead == live
			}
		})
	}
	for i := range r.f.evidence {
		e := &r.f.evidence[i]
		if e.at > r.at {
			continue
		}
		r.meet(e.a)
		r.meet(e.b)
		if e.bounded() || !r.linkable(e.a) || !r.linkable(e.b) {
			continue
		}
		r.link(e.a, e.b)
		d := r.factEdge(uint32(i))
		if r.judge(&d); d.dead == live {
			r.first[e.a], r.first[e.b] = min(r.first[e.a], e.at), min(r.first[e.b], e.at)
		} else {
			r.plain[e.a] = false
		}
	}
	for i := range r.f.overs { // whom a must-link once named stays known, so that ids keep resolving
		if o := &r.f.overs[i]; o.Op == MustLink && o.At.UnixMicro() <= r.at {
			r.meetID(o.A)
			r.meetID(o.B)
		}
	}
	for _, m := range r.st.musts {
		if r.linkable(m.a) && r.linkable(m.b) {
			r.link(m.a, m.b)
			r.plain[m.a] = false
		}
	}
	for x := range r.st.sides {
		r.plain[x] = false
	}
	for _, m := range r.f.relates {
		if m.At.UnixMicro() <= r.at {
			r.meetID(m.Account)
		}
	}
	for _, p := range r.f.nests {
		if p.At.UnixMicro() <= r.at {
			r.meetID(p.Child)
			r.meetID(p.Parent)
		}
	}
}

func (r *Resolution) meet(x uint32) { r.known[x] = r.linkable(x) }

func (r *Resolution) meetID(id ID) {
	x, _ := r.f.number(id)
	r.meet(x)
}

// star calls do for every edge of a sighting: per entity the strongest linkable
// identifier, then each other one.
func (f *facts) star(rs *ruleset, s *sight, do func(centre, x uint32)) {
	centre, entity := int64(-1), PersonEntity
	for _, x := range f.idsOf(s) {
		e := &f.entries[x]
		if e.block != linkable {
			continue
		}
		if te := rs.types[e.typ].Entity; centre < 0 || te != entity {
			centre, entity = int64(x), te
			continue
		}
		do(uint32(centre), x)
	}
}

func (r *Resolution) root(x uint32) uint32 {
	for r.comp[x] != x {
		r.comp[x] = r.comp[r.comp[x]]
		x = r.comp[x]
	}
	return x
}

// link joins two raw components under the lesser number.
func (r *Resolution) link(a, b uint32) {
	a, b = r.root(a), r.root(b)
	if a > b {
		a, b = b, a
	}
	r.comp[b] = a
}

// resolve decides every component and lays the clusters out.
func (r *Resolution) resolve() {
	n := len(r.f.entries)
	r.person = make([]int32, n)
	r.shared = make([]bool, n)
	for i := range r.person {
		r.person[i] = -1
		r.comp[i] = r.root(uint32(i)) // ascending roots: one pass flattens
	}
	r.parts = r.index()
	s := r.solver()
	for c := range r.parts.comps() {
		members := r.parts.membersOf(c)
		if r.simple(members) {
			r.cluster(members, false)
			continue
		}
		s.solve(members, r.edgesOf(c, s.edges[:0]), r.mustsOf(c))
		r.keep(s)
	}
}

// keep takes the clusters of a solved component.
func (r *Resolution) keep(s *solver) {
	s.clusters(func(members []uint32, shared, oversized bool) {
		r.cluster(members, oversized)
		if shared {
			r.shared[members[0]] = true
			r.clusters[len(r.clusters)-1].shared = true
		}
	})
}

// A cluster is a person or an account: order[start:end] are its identifiers by strength.
type cluster struct {
	id         [16]byte
	anchor     uint32
	start, end uint32
	entity     Entity
	shared     bool
	oversized  bool
}

func (r *Resolution) cluster(members []uint32, oversized bool) {
	start := len(r.order)
	for _, x := range members {
		r.order = append(r.order, x)
		r.person[x] = int32(len(r.clusters))
	}
	ids := r.order[start:]
	anchor := r.anchorOf(ids)
	r.clusters = append(r.clusters, cluster{anchor: anchor, start: uint32(start), end: uint32(len(r.order)),
		entity: r.rs.types[r.f.entries[anchor].typ].Entity, oversized: oversized})
}

// mint makes the ids of the clusters and their order.
func (r *Resolution) mint() {
	m := r.rs.minter()
	r.ids = make([]ID, len(r.order))
	for i, x := range r.order {
		r.ids[i] = r.f.entries[x].id
	}
	for i := range r.clusters {
		c := &r.clusters[i]
		c.id = m.mint(c.entity, r.f.entries[c.anchor].id)
		r.byID[c.entity] = append(r.byID[c.entity], int32(i))
	}
	for e := range r.byID {
		slices.SortFunc(r.byID[e], func(i, j int32) int {
			return slices.Compare(r.clusters[i].id[:], r.clusters[j].id[:])
		})
	}
}
