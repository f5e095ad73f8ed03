package identity

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// A decided pair is a Link before it is written out; a is the stronger identifier.
type decided struct {
	a, b     uint32
	stopped  bool // before any decision: blocked, off, retracted, below_threshold
	tier     uint8
	verdict  Verdict
	reason   reasonCode
	rank     int
	weight   int32
	first    int64
	detail   int32
	count    int32
	edges    []edge
	override *Override
}

// decideComp decides every pair of one component, in the order of Links.
func (r *Resolution) decideComp(s *solver, c uint32) []decided {
	members := slices.Clone(r.parts.membersOf(c))
	edges := r.edgesOf(c, nil)
	s.solve(members, edges, r.mustsOf(c))
	var ds []decided
	for i := range s.pairs {
		p := &s.pairs[i]
		d := decided{a: s.members[p.a], b: s.members[p.b], tier: p.tier, verdict: p.verdict, reason: p.reason,
			rank: s.ranks(*p), weight: p.weight, first: p.first, detail: p.detail, count: p.count,
			edges: s.edges[p.lo:p.hi], override: p.override}
		if d.reason == isSharedOwners || d.reason == isSharedDegree {
			d.count = s.owners[p.a]
			if s.shared[p.a] != d.reason {
				d.count = s.owners[p.b]
			}
		}
		ds = append(ds, d)
	}
	return r.appendStopped(ds, append(slices.Clone(s.edges), r.blockedEdges(c)...))
}

// blockedEdges returns the edges of a component's facts that end at an identifier that
// never links. The centre of a touch without linkable identifier is nobody's.
func (r *Resolution) blockedEdges(c uint32) []edge {
	var edges []edge
	add := func(e edge) {
		if r.f.compare(e.a, e.b) > 0 {
			e.a, e.b = e.b, e.a
		}
		e.dead = isOff
		for _, x := range []uint32{e.a, e.b} {
			if b := r.f.entries[x].block; b != linkable && b != blockOff {
				e.dead = isBlocked
			}
		}
		edges = append(edges, e)
	}
	for _, i := range r.parts.sights[r.parts.sightStart[c]:r.parts.sightStart[c+1]] {
		s := &r.f.sights[i]
		for _, centre := range r.f.idsOf(s) {
			if !r.linkable(centre) || r.comp[centre] != c {
				continue
			}
			for _, x := range r.f.idsOf(s) {
				if !r.linkable(x) && r.entityOf(x) == r.entityOf(centre) {
					add(r.sightEdge(i, centre, x))
				}
			}
			break
		}
	}
	for _, i := range r.parts.facts[r.parts.factStart[c]:r.parts.factStart[c+1]] {
		if e := r.factEdge(i); !r.linkable(e.a) || !r.linkable(e.b) {
			add(e)
		}
	}
	return edges
}

// appendStopped adds a pair for each reason that stopped evidence between two identifiers.
func (r *Resolution) appendStopped(ds []decided, edges []edge) []decided {
	edges = slices.DeleteFunc(edges, func(e edge) bool { return e.dead == live })
	slices.SortStableFunc(edges, func(x, y edge) int {
		return cmp.Or(r.f.compare(x.a, y.a), r.f.compare(x.b, y.b)) // those of a pair stand by reason
	})
	for lo := 0; lo < len(edges); {
		e, hi := &edges[lo], lo+1
		by, weight := e.by, e.weight
		for hi < len(edges) && edges[hi].a == e.a && edges[hi].b == e.b && edges[hi].dead == e.dead {
			by, weight = min(by, edges[hi].by), max(weight, edges[hi].weight)
			hi++
		}
		ds = append(ds, decided{a: e.a, b: e.b, stopped: true, verdict: Refused, reason: e.dead, weight: weight, detail: by, edges: edges[lo:hi]})
		lo = hi
	}
	return ds
}

// decideAll decides every pair of the graph, in the order of Links.
func (r *Resolution) decideAll() []decided {
	s := r.solver()
	var all []decided
	for c := range r.parts.comps() {
		all = append(all, r.decideComp(s, c)...)
	}
	all = append(all, r.blockedMusts()...)
	slices.SortStableFunc(all, r.compareDecided)
	return all
}

// blockedMusts are must-links with an identifier that never links.
func (r *Resolution) blockedMusts() []decided {
	var ds []decided
	for _, m := range r.st.musts {
		if r.linkable(m.a) && r.linkable(m.b) {
			continue
		}
		d := decided{a: m.a, b: m.b, stopped: true, verdict: Refused, reason: isOff, override: m.o}
		for _, x := range []uint32{m.a, m.b} {
			if b := r.f.entries[x].block; b != linkable && b != blockOff {
				d.reason = isBlocked
			}
		}
		ds = append(ds, d)
	}
	return ds
}

// compareDecided is the order of Links: must-links as they are heard, pairs as they are
// decided, then what was stopped before.
func (r *Resolution) compareDecided(p, q decided) int {
	class := func(d *decided) int {
		switch {
		case d.stopped:
			return 2
		case d.override != nil:
			return 0
		}
		return 1
	}
	if c := cmp.Compare(class(&p), class(&q)); c != 0 {
		return c
	}
	ends := cmp.Or(r.strength(p.a, q.a), r.strength(p.b, q.b))
	switch class(&p) {
	case 0:
		return cmp.Or(compareOverrides(p.override, q.override), ends)
	case 1:
		return cmp.Or(cmp.Compare(p.tier, q.tier), cmp.Compare(p.rank, q.rank), cmp.Compare(q.weight, p.weight),
			cmp.Compare(p.first, q.first), ends)
	}
	return ends // several reasons of one pair stand in their order already
}

// strength is ID.Compare on numbers.
func (r *Resolution) strength(x, y uint32) int {
	a, b := &r.f.entries[x], &r.f.entries[y]
	return cmp.Or(cmp.Compare(r.rs.types[a.typ].Rank, r.rs.types[b.typ].Rank), CompareIDs(a.id, b.id))
}

// Links walks every pair of identifiers with its verdict, in the order in which pairs
// are decided; pairs that evidence never brought to a decision (blocked, off, retracted,
// below_threshold) come last. Live and stopped evidence of one pair are two links. It
// decides the whole graph again.
func (r *Resolution) Links() iter.Seq[Link] {
	return func(yield func(Link) bool) {
		if r.empty() {
			return
		}
		for _, d := range r.decideAll() {
			if !yield(r.linkOf(&d)) {
				return
			}
		}
	}
}

func (r *Resolution) linkOf(d *decided) Link {
	l := Link{A: r.f.entries[d.a].id, B: r.f.entries[d.b].id, Verdict: d.verdict, Reason: reasonNames[d.reason],
		Detail: r.detail(d), Evidence: r.support(d.edges)}
	if d.override != nil {
		o := *d.override
		l.Override = &o
	}
	return l
}

// support sums edges up by kind and source. An edge counts once for each ref.
func (r *Resolution) support(edges []edge) []Support {
	edges = slices.Clone(edges)
	slices.SortFunc(edges, func(x, y edge) int {
		return cmp.Or(cmp.Compare(x.kind, y.kind), strings.Compare(r.f.sources[x.source], r.f.sources[y.source]),
			strings.Compare(r.f.refOf(&x), r.f.refOf(&y)), cmp.Compare(x.at, y.at))
	})
	var out []Support
	for i := range edges {
		e := &edges[i]
		source, at := r.f.sources[e.source], instant(e.at)
		last := len(out) - 1
		if i == 0 || out[last].Kind != e.kind || out[last].Source != source {
			out = append(out, Support{Kind: e.kind, Source: source, First: at, Last: at, Count: 1, Weight: e.weight})
			continue
		}
		s := &out[last]
		s.Weight = max(s.Weight, e.weight)
		if r.f.refOf(&edges[i-1]) == r.f.refOf(e) {
			continue // two records of one key: the earlier At stands
		}
		s.Count++
		if at.Before(s.First) {
			s.First = at
		}
		if at.After(s.Last) {
			s.Last = at
		}
	}
	return out
}

// detail says a refusal in words, without any identifier's value.
func (r *Resolution) detail(d *decided) string {
	switch d.reason {
	case isBlocked, isOff:
		var words []string
		for _, x := range []uint32{d.a, d.b} {
			if e := &r.f.entries[x]; e.block != linkable {
				words = append(words, string(e.id.typ)+" "+blockReasons[e.block])
			}
		}
		return strings.Join(words, ", ")
	case isRetracted:
		return stated("retracted", r.st.retracts[d.detail])
	case isBelow:
		if !r.rs.rules.Probabilistic.Merge {
			return "probabilistic evidence only suggests"
		}
		return fmt.Sprintf("%s bits", bits(d.weight))
	case isSharedOwners:
		return fmt.Sprintf("shared by %d", d.count)
	case isSharedDegree:
		return fmt.Sprintf("tied to %d identifiers", d.count)
	case isSeparated:
		if o := r.st.parts[d.detail].o; o.Op == Separate {
			return stated("separated", o)
		} else {
			return stated("cannot link", o)
		}
	case isLimited:
		t := &r.rs.types[d.detail]
		return fmt.Sprintf("limit %s=%d: %s values", t.name, t.Max, numeral(d.count))
	case isOversized:
		return fmt.Sprintf("over %d identifiers", r.rs.rules.MaxIdentifiers)
	}
	return ""
}

// stated names the author and the day of an override.
func stated(what string, o *Override) string {
	if o.Actor != "" {
		what += ", " + o.Actor
	}
	return what + ", " + o.At.Format("2006-01-02")
}

// bits writes thousandths of a bit with three decimals.
func bits(w int32) string {
	sign := ""
	v := int64(w)
	if v < 0 {
		sign, v = "-", -v
	}
	return fmt.Sprintf("%s%d.%03d", sign, v/1000, v%1000)
}

func numeral(n int32) string {
	small := [...]string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
	if int(n) < len(small) {
		return small[n]
	}
	return strconv.Itoa(int(n))
}
