package identity

import "iter"

// components says for each raw component which identifiers and facts it holds, as
// ranges of flat slices. A component is named by its least identifier.
type components struct {
	memberStart, sightStart, factStart, mustStart []uint32
	members, sights, facts, musts                 []uint32
}

func (p *components) comps() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for c := range uint32(len(p.memberStart) - 1) {
			if p.memberStart[c] < p.memberStart[c+1] && !yield(c) {
				return
			}
		}
	}
}

func (p *components) membersOf(c uint32) []uint32 {
	return p.members[p.memberStart[c]:p.memberStart[c+1]]
}

// index sorts identifiers and facts by component, by counting.
func (r *Resolution) index() components {
	n := len(r.f.entries)
	var p components
	p.memberStart, p.members = bucket(n, func(put func(comp, item uint32)) {
		for x := range r.known {
			if r.known[x] {
				put(r.comp[x], uint32(x))
			}
		}
	})
	p.sightStart, p.sights = bucket(n, func(put func(comp, item uint32)) {
		for i := range r.f.sights {
			s := &r.f.sights[i]
			if s.at > r.at {
				continue
			}
			last := uint32(n) // the identifiers of one entity are one component
			for _, x := range r.f.idsOf(s) {
				if r.linkable(x) && r.comp[x] != last {
					last = r.comp[x]
					put(last, uint32(i))
				}
			}
		}
	})
	p.factStart, p.facts = bucket(n, func(put func(comp, item uint32)) {
		for i := range r.f.evidence {
			e := &r.f.evidence[i]
			if e.at > r.at || e.bounded() {
				continue
			}
			if r.linkable(e.a) {
				put(r.comp[e.a], uint32(i))
			} else if r.linkable(e.b) {
				put(r.comp[e.b], uint32(i))
			}
		}
	})
	p.mustStart, p.musts = bucket(n, func(put func(comp, item uint32)) {
		for i, m := range r.st.musts {
			if r.linkable(m.a) {
				put(r.comp[m.a], uint32(i))
			} else if r.linkable(m.b) {
				put(r.comp[m.b], uint32(i))
			}
		}
	})
	return p
}

// bucket calls each twice, to count and to place, and returns the items by bucket.
func bucket(n int, each func(put func(comp, item uint32))) (start, items []uint32) {
	start = make([]uint32, n+2)
	total := uint32(0)
	each(func(c, _ uint32) { start[c+2]++; total++ })
	for i := 2; i < len(start); i++ {
		start[i] += start[i-1]
	}
	items = make([]uint32, total)
	each(func(c, item uint32) {
		items[start[c+1]] = item
		start[c+1]++
	})
	return start[:n+1], items
}

// edgesOf appends the linkable edges of a component, dead ones marked.
func (r *Resolution) edgesOf(c uint32, edges []edge) []edge {
	for _, i := range r.parts.sights[r.parts.sightStart[c]:r.parts.sightStart[c+1]] {
		r.f.star(r.rs, &r.f.sights[i], func(centre, x uint32) {
			if r.comp[x] == c {
				e := r.sightEdge(i, centre, x)
				r.judge(&e)
				edges = append(edges, e)
			}
		})
	}
	for _, i := range r.parts.facts[r.parts.factStart[c]:r.parts.factStart[c+1]] {
		e := r.factEdge(i)
		if r.linkable(e.a) && r.linkable(e.b) {
			r.judge(&e)
			edges = append(edges, e)
		}
	}
	return edges
}

// mustsOf returns the must-links of a component in the order in which they are heard.
func (r *Resolution) mustsOf(c uint32) []must {
	var ms []must
	for _, i := range r.parts.musts[r.parts.mustStart[c]:r.parts.mustStart[c+1]] {
		if m := r.st.musts[i]; r.linkable(m.a) && r.linkable(m.b) {
			ms = append(ms, m)
		}
	}
	return ms
}
