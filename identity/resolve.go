package identity

import (
	"cmp"
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
	r := &Resolution{rs: g.ruleset(), at: micros(at, maxTime)}
	if g != nil {
		r.f = g.facts
		r.f.idTable = g.idTable.clone()
	}
	r.st = r.f.inForce(r.at)
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
	for _, m := range r.st.musts {
		if r.linkable(m.a) && r.linkable(m.b) {
			r.meet(m.a)
			r.meet(m.b)
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

func (r *Resolution) linkable(x uint32) bool { return r.f.entries[x].block == linkable }

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

func (r *Resolution) sightEdge(i, centre, x uint32) edge {
	s := &r.f.sights[i]
	return edge{a: centre, b: x, source: s.source, at: s.at, fact: i, seen: true, kind: s.kind, by: -1}
}

func (r *Resolution) factEdge(i uint32) edge {
	e := &r.f.evidence[i]
	return edge{a: e.a, b: e.b, source: e.source, weight: e.weight, at: e.at, fact: i, kind: e.kind, by: -1}
}

// judge marks an edge of linkable identifiers that never comes to a decision.
func (r *Resolution) judge(e *edge) {
	if e.by = r.st.killer(&r.f, e); e.by >= 0 {
		e.dead = isRetracted
		return
	}
	p := &r.rs.rules.Probabilistic
	if e.kind == Probabilistic && (!p.Merge || e.weight < p.Threshold) {
		e.dead = isBelow
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

func (r *Resolution) solver() *solver {
	return &solver{rs: r.rs, f: &r.f, st: r.st, first: r.first, local: make([]int32, len(r.f.entries))}
}

// simple reports whether nothing can keep the members of a component apart.
func (r *Resolution) simple(members []uint32) bool {
	if len(members) == 1 {
		return true
	}
	if len(members) > r.rs.rules.MaxIdentifiers {
		return false
	}
	var small [32]int32
	count := small[:]
	if len(r.rs.types) > len(small) {
		count = make([]int32, len(r.rs.types))
	}
	for _, x := range members {
		t := r.f.entries[x].typ
		ti := &r.rs.types[t]
		count[t]++
		if !r.plain[x] || ti.limited() && int(count[t]) > ti.Max ||
			ti.Class != KeyClass && ti.MaxDegree > 0 && len(members)-1 > ti.MaxDegree {
			return false
		}
	}
	return true
}

// keep takes the clusters of a solved component.
func (r *Resolution) keep(s *solver) {
	n := len(s.members)
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(i, j int32) int { return cmp.Compare(s.find(i), s.find(j)) })
	cl := make([]uint32, 0, n)
	for lo := 0; lo < n; {
		root := s.find(order[lo])
		cl = cl[:0]
		for ; lo < n && s.find(order[lo]) == root; lo++ {
			cl = append(cl, s.members[order[lo]])
		}
		r.cluster(cl, s.oversized[root])
		if len(cl) == 1 && s.shared[root] != live {
			r.shared[cl[0]] = true
			r.clusters[len(r.clusters)-1].shared = true
		}
	}
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
	slices.SortFunc(ids, r.f.compare)
	anchor := ids[0]
	rank := func(x uint32) int { return r.rs.types[r.f.entries[x].typ].Rank }
	for _, x := range ids[1:] {
		if rank(x) != rank(anchor) {
			break
		}
		if r.first[x] < r.first[anchor] {
			anchor = x
		}
	}
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
