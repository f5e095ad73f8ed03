package identity

import (
	"cmp"
	"slices"
	"sort"
)

// An edge is one piece of evidence inside one component; a is the stronger identifier.
type edge struct {
	a, b   uint32
	source uint32
	weight int32
	at     int64
	fact   uint32 // number of the sighting, or of the evidence
	seen   bool   // fact is a sighting
	kind   Kind
	dead   reasonCode
	by     int32 // the retraction, if dead by one
}

func (f *facts) refOf(e *edge) string {
	if e.seen {
		return f.sights[e.fact].ref
	}
	return f.evidence[e.fact].ref
}

// A reasonCode numbers the reasons of a refusal in the order in which they are looked for.
type reasonCode uint8

const (
	live reasonCode = iota
	isBlocked
	isOff
	isRetracted
	isBelow
	isSharedOwners
	isSharedDegree
	isSeparated
	isLimited
	isOversized
)

var reasonNames = [...]RefusalReason{"", RefusedBlocked, RefusedOff, RefusedRetracted, RefusedBelowThreshold,
	RefusedSharedOwners, RefusedSharedDegree, RefusedCannotLink, RefusedLimit, RefusedOversized}

// A pair is all live evidence between two identifiers, or one must-link. Its ends are
// local numbers of the solver, which follow the order of strength.
type pair struct {
	a, b     int32
	first    int64 // least At in the best tier
	weight   int32 // greatest, of tier 1
	tier     uint8 // 0 deterministic, 1 only probabilistic
	verdict  Verdict
	reason   reasonCode
	detail   int32 // partition, type or number behind the reason
	count    int32 // values that a limit counted
	lo, hi   int32 // its edges
	override *Override
}

// A solver decides one component. It is made for reuse: its slices grow to the largest.
type solver struct {
	rs    *ruleset
	f     *facts
	st    *statements
	first []int64 // by identifier
	local []int32 // by identifier; valid for members of the component at hand

	members []uint32 // by strength
	edges   []edge
	pairs   []pair // must-links first, then by the order of decision
	musts   int    // how many of the pairs are must-links

	root      []int32
	size      []int32
	limited   []uint16 // limited types of the component
	counts    []int32  // members × limited types
	dates     [][]int64
	sides     [][]int32
	shared    []reasonCode
	owners    []int32
	oversized []bool
}

// solve decides the component of the members. The edges' dead marks are set; edges end
// up sorted by pair, then by reason.
func (s *solver) solve(members []uint32, edges []edge, musts []must) {
	s.begin(members, edges)
	for _, m := range musts {
		p := pair{a: s.local[m.a], b: s.local[m.b], override: m.o, first: m.o.At.UnixMicro()}
		s.try(&p, m.o.Force)
		s.pairs = append(s.pairs, p)
	}
	s.musts = len(s.pairs)
	s.group()
	rest := s.pairs[s.musts:]
	s.share(rest)
	slices.SortFunc(rest, s.order)
	for i := range rest {
		p := &rest[i]
		a, b := s.find(p.a), s.find(p.b)
		switch why := max(s.shared[p.a], s.shared[p.b]); {
		case a == b:
			p.verdict = Confirmed
		case why != live:
			if s.shared[p.a] != live && s.shared[p.b] != live {
				why = min(s.shared[p.a], s.shared[p.b])
			}
			p.verdict, p.reason = Refused, why
		default:
			s.try(p, false)
		}
	}
	s.settle()
}

func (s *solver) begin(members []uint32, edges []edge) {
	slices.SortFunc(members, s.f.compare)
	n := len(members)
	s.members, s.edges, s.pairs = members, edges, s.pairs[:0]
	s.root, s.size = resize(s.root, n), resize(s.size, n)
	s.shared, s.owners, s.oversized = resize(s.shared, n), resize(s.owners, n), resize(s.oversized, n)
	s.sides = resize(s.sides, n)
	s.limited = s.limited[:0]
	for i, m := range members {
		s.local[m] = int32(i)
		s.root[i], s.size[i] = int32(i), 1
		s.shared[i], s.owners[i], s.oversized[i] = live, 0, false
		s.sides[i] = s.st.sides[m]
		t := s.f.entries[m].typ
		if s.rs.types[t].limited() && (len(s.limited) == 0 || s.limited[len(s.limited)-1] != t) {
			s.limited = append(s.limited, t) // members are sorted by type
		}
	}
	l := len(s.limited)
	s.counts, s.dates = resize(s.counts, n*l), resize(s.dates, n*l)
	clear(s.counts)
	clear(s.dates)
	for i, m := range members {
		k := slices.Index(s.limited, s.f.entries[m].typ)
		if k < 0 {
			continue
		}
		s.counts[i*l+k] = 1
		if s.rs.types[s.limited[k]].per > 0 {
			s.dates[i*l+k] = []int64{s.first[m]}
		}
	}
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/2)
	}
	return s[:n]
}

// group makes a pair of the live edges between two identifiers.
func (s *solver) group() {
	slices.SortFunc(s.edges, func(x, y edge) int {
		return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b), cmp.Compare(x.dead, y.dead))
	})
	for lo := 0; lo < len(s.edges); {
		e := &s.edges[lo]
		hi := lo + 1
		for hi < len(s.edges) && s.edges[hi].a == e.a && s.edges[hi].b == e.b && s.edges[hi].dead == e.dead {
			hi++
		}
		if e.dead == live {
			p := pair{a: s.local[e.a], b: s.local[e.b], tier: 1, first: maxTime, lo: int32(lo), hi: int32(hi)}
			for i := lo; i < hi; i++ {
				if s.edges[i].kind != Probabilistic {
					p.tier = 0
				}
			}
			for i := lo; i < hi; i++ {
				switch e := &s.edges[i]; {
				case e.kind != Probabilistic:
					p.first = min(p.first, e.at)
				case p.tier == 1:
					p.first = min(p.first, e.at)
					p.weight = max(p.weight, e.weight)
				}
			}
			s.pairs = append(s.pairs, p)
		}
		lo = hi
	}
}

// share marks the identifiers that too many hold, by the clusters that must-links made.
func (s *solver) share(pairs []pair) {
	n := len(s.members)
	degree := make([]int32, n)
	type holder struct{ x, typ, root int32 }
	var holders []holder
	hold := func(x, key int32) {
		degree[x]++
		t := s.f.entries[s.members[key]].typ
		if ti := &s.rs.types[t]; ti.Class == KeyClass && ti.limited() {
			holders = append(holders, holder{x, int32(t), s.find(key)})
		}
	}
	for i := range pairs {
		hold(pairs[i].a, pairs[i].b)
		hold(pairs[i].b, pairs[i].a)
	}
	slices.SortFunc(holders, func(p, q holder) int {
		return cmp.Or(cmp.Compare(p.x, q.x), cmp.Compare(p.typ, q.typ), cmp.Compare(p.root, q.root))
	})
	holders = slices.Compact(holders)
	for lo := 0; lo < len(holders); {
		h, hi := holders[lo], lo+1
		for hi < len(holders) && holders[hi].x == h.x && holders[hi].typ == h.typ {
			hi++
		}
		per := s.rs.types[h.typ].Max
		s.owners[h.x] = max(s.owners[h.x], int32((hi-lo+per-1)/per))
		lo = hi
	}
	for i, m := range s.members {
		t := &s.rs.types[s.f.entries[m].typ]
		switch {
		case t.Class == KeyClass:
		case t.MaxOwners > 0 && int(s.owners[i]) > t.MaxOwners:
			s.shared[i] = isSharedOwners
		case t.MaxDegree > 0 && int(degree[i]) > t.MaxDegree:
			s.shared[i] = isSharedDegree
			s.owners[i] = degree[i]
		}
	}
}

// order is the order in which pairs are decided. It never looks at arrival or number.
func (s *solver) order(p, q pair) int {
	if c := cmp.Or(cmp.Compare(p.tier, q.tier), cmp.Compare(s.ranks(p), s.ranks(q))); c != 0 {
		return c
	}
	if p.weight != q.weight {
		return cmp.Compare(q.weight, p.weight) // 0 in tier 0
	}
	return cmp.Or(cmp.Compare(p.first, q.first), cmp.Compare(p.a, q.a), cmp.Compare(p.b, q.b))
}

func (s *solver) ranks(p pair) int {
	return s.typeOf(p.a).Rank + s.typeOf(p.b).Rank
}

func (s *solver) typeOf(i int32) *typeInfo { return &s.rs.types[s.f.entries[s.members[i]].typ] }

func (s *solver) find(i int32) int32 {
	for s.root[i] != i {
		s.root[i] = s.root[s.root[i]]
		i = s.root[i]
	}
	return i
}

// try joins the clusters of a pair unless a rule forbids it. Every refusal stays right
// when clusters grow, so a refused pair is never one in the end.
func (s *solver) try(p *pair, force bool) {
	a, b := s.find(p.a), s.find(p.b)
	if a == b {
		p.verdict = Confirmed
		return
	}
	p.verdict = Refused
	if part, ok := separated(s.sides[a], s.sides[b]); ok {
		p.reason, p.detail = isSeparated, part
		return
	}
	if !force {
		if t, n, over := s.overLimit(a, b); over {
			p.reason, p.detail, p.count = isLimited, int32(t), n
			return
		}
	}
	if int(s.size[a]+s.size[b]) > s.rs.rules.MaxIdentifiers {
		p.reason = isOversized
		return
	}
	p.verdict = Accepted
	s.join(a, b)
}

// separated finds a partition of which a holds one side and b the other.
func separated(a, b []int32) (part int32, ok bool) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch x, y := a[i]>>1, b[j]>>1; {
		case x < y:
			i++
		case x > y:
			j++
		case a[i] != b[j]:
			return x, true
		default:
			i++
			j++
		}
	}
	return 0, false
}

// overLimit finds the first type, in the order of strength, of which the union would hold
// too many within some window that both sides share.
func (s *solver) overLimit(a, b int32) (typ uint16, n int32, over bool) {
	l := len(s.limited)
	for k, t := range s.limited {
		x, y := s.counts[int(a)*l+k], s.counts[int(b)*l+k]
		ti := &s.rs.types[t]
		if x == 0 || y == 0 || int(x+y) <= ti.Max {
			continue
		}
		if ti.per == 0 {
			return t, x + y, true
		}
		if n := fullest(s.dates[int(a)*l+k], s.dates[int(b)*l+k], ti.per); int(n) > ti.Max {
			return t, n, true
		}
	}
	return 0, 0, false
}

// fullest returns the number of dates in the fullest half-open window of length per that
// holds a date of each side. Windows that begin at a date are enough.
func fullest(a, b []int64, per int64) int32 {
	best := int32(0)
	for _, list := range [2][]int64{a, b} {
		for _, from := range list {
			in := func(d []int64) int32 {
				lo := sort.Search(len(d), func(i int) bool { return d[i] >= from })
				hi := sort.Search(len(d), func(i int) bool { return d[i]-from >= per })
				return int32(hi - lo)
			}
			if x, y := in(a), in(b); x > 0 && y > 0 {
				best = max(best, x+y)
			}
		}
	}
	return best
}

// join makes one cluster of two roots.
func (s *solver) join(a, b int32) {
	if s.size[a] < s.size[b] {
		a, b = b, a
	}
	s.root[b] = a
	s.size[a] += s.size[b]
	l := len(s.limited)
	for k := range s.limited {
		x, y := int(a)*l+k, int(b)*l+k
		s.counts[x] += s.counts[y]
		if len(s.dates[y]) > 0 {
			d := append(slices.Clone(s.dates[x]), s.dates[y]...)
			slices.Sort(d)
			s.dates[x], s.dates[y] = d, nil
		}
	}
	if len(s.sides[b]) > 0 {
		d := append(slices.Clone(s.sides[a]), s.sides[b]...)
		slices.Sort(d)
		s.sides[a] = slices.Compact(d)
	}
}

// settle takes the marks that only the final clusters show.
func (s *solver) settle() {
	for i := range s.pairs {
		p := &s.pairs[i]
		a, b := s.find(p.a), s.find(p.b)
		switch {
		case p.reason == isOversized:
			s.oversized[a], s.oversized[b] = true, true
		case a == b && p.verdict == Refused:
			// a shared identifier that an override had joined already
			p.verdict, p.reason = Confirmed, live
		}
	}
}

// clusters walks what was decided: the members of each cluster, and whether it is one
// identifier that too many hold, and whether its size kept links out. The members are
// only lent.
func (s *solver) clusters(do func(members []uint32, shared, oversized bool)) {
	n := len(s.members)
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(i, j int32) int { return cmp.Compare(s.find(i), s.find(j)) })
	members := make([]uint32, 0, n)
	for lo := 0; lo < n; {
		root := s.find(order[lo])
		members = members[:0]
		for ; lo < n && s.find(order[lo]) == root; lo++ {
			members = append(members, s.members[order[lo]])
		}
		do(members, len(members) == 1 && s.shared[root] != live, s.oversized[root])
	}
}
