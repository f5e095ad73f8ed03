package identity

import "slices"

// A view is facts under rules with the overrides in force: what it takes to decide a
// component. A Resolution has one of a snapshot, a Graph one of its facts as they stand.
type view struct {
	rs    *ruleset
	f     *facts
	st    *statements
	first []int64 // by identifier: when first seen
	plain []bool  // by identifier: no override or dead evidence hangs on it
}

func (v *view) linkable(x uint32) bool { return v.f.entries[x].block == linkable }

func (v *view) sightEdge(i, centre, x uint32) edge {
	s := &v.f.sights[i]
	return edge{a: centre, b: x, source: s.source, at: s.at, fact: i, seen: true, kind: s.kind, by: -1}
}

func (v *view) factEdge(i uint32) edge {
	e := &v.f.evidence[i]
	return edge{a: e.a, b: e.b, source: e.source, weight: e.weight, at: e.at, fact: i, kind: e.kind, by: -1}
}

// judge marks an edge of linkable identifiers that never comes to a decision.
func (v *view) judge(e *edge) {
	if e.by = v.st.killer(v.f, e); e.by >= 0 {
		e.dead = isRetracted
		return
	}
	p := &v.rs.rules.Probabilistic
	if e.kind == Probabilistic && (!p.Merge || e.weight < p.Threshold) {
		e.dead = isBelow
	}
}

// anchorOf sorts identifiers by strength and returns the one that names them: of those
// of the best rank the first seen, unless the rules look at values alone.
func (v *view) anchorOf(ids []uint32) uint32 {
	slices.SortFunc(ids, v.f.compare)
	anchor := ids[0]
	if v.rs.rules.AnchorByValue {
		return anchor
	}
	rank := func(x uint32) int { return v.rs.types[v.f.entries[x].typ].Rank }
	for _, x := range ids[1:] {
		if rank(x) != rank(anchor) {
			break
		}
		if v.first[x] < v.first[anchor] {
			anchor = x
		}
	}
	return anchor
}

func (v *view) entityOf(x uint32) Entity { return v.rs.types[v.f.entries[x].typ].Entity }

func (v *view) solver() *solver {
	return &solver{rs: v.rs, f: v.f, st: v.st, first: v.first, local: make([]int32, len(v.f.entries))}
}

// simple reports whether nothing can keep the members of a component apart.
func (v *view) simple(members []uint32) bool {
	if len(members) == 1 {
		return true
	}
	if len(members) > v.rs.rules.MaxIdentifiers {
		return false
	}
	var small [32]int32
	count := small[:]
	if len(v.rs.types) > len(small) {
		count = make([]int32, len(v.rs.types))
	}
	for _, x := range members {
		t := v.f.entries[x].typ
		ti := &v.rs.types[t]
		count[t]++
		if !v.plain[x] || ti.limited() && int(count[t]) > ti.Max ||
			ti.Class != KeyClass && ti.MaxDegree > 0 && len(members)-1 > ti.MaxDegree {
			return false
		}
	}
	return true
}
