package identity

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// Merge adds every fact of o, which stays as it was. It is set union: commutative,
// associative and idempotent. The error is [ErrTenant] or [ErrRules], and then nothing
// was added; or [ErrConflict] where the two hold one override ID with different content:
// the lesser by (At, Actor) stays and all else was added.
func (g *Graph) Merge(o *Graph) error {
	if g == nil {
		return ErrNilGraph
	}
	if o == nil || o == g {
		return nil
	}
	rs, other := g.ruleset(), o.ruleset()
	switch {
	case rs.rules.Tenant != other.rules.Tenant:
		return ErrTenant
	case rs != other && rs.fingerprint() != other.fingerprint():
		return ErrRules
	}
	var first error
	keep := func(errs []error) {
		for _, err := range errs {
			first = cmp.Or(first, err)
		}
	}
	for i := range o.sights {
		keep(g.See(o.sightingAt(uint32(i))))
	}
	for i := range o.evidence {
		keep(g.Add(o.evidenceAt(&o.evidence[i])))
	}
	for _, v := range o.overs {
		if i, ok := g.overIndex[v.ID]; ok && compareOverrides(&v, &g.overs[i]) != 0 {
			first = cmp.Or(first, ErrConflict)
			if compareOverrides(&v, &g.overs[i]) > 0 {
				continue
			}
			g.overs = slices.Delete(slices.Clone(g.overs), i, i+1) // a snapshot may hold the old one
			g.reindexOverrides()
			g.restart()
		}
		keep(g.Apply(v))
	}
	keep(g.Relate(o.relates...))
	keep(g.Nest(o.nests...))
	return first
}

func (g *Graph) reindexOverrides() {
	clear(g.overIndex)
	for i, o := range g.overs {
		g.overIndex[o.ID] = i
	}
}

func (f *facts) sightingAt(i uint32) Sighting {
	s := &f.sights[i]
	out := Sighting{Ref: Ref{f.sources[s.source], s.ref}, At: instant(s.at), Kind: s.kind, End: s.end}
	for _, x := range f.idsOf(s) {
		out.IDs = append(out.IDs, f.entries[x].id)
	}
	out.Website, out.ReverseIP = f.hintOf(i)
	return out
}

func (f *facts) evidenceAt(e *fact) Evidence {
	return Evidence{A: f.entries[e.a].id, B: f.entries[e.b].id, Kind: e.kind, Source: f.sources[e.source], Ref: e.ref,
		At: instant(e.at), From: instant(e.from), To: instant(e.to), Weight: e.weight}
}

// The encoding: a version byte, the fingerprint of the rules, then each class of facts
// with its number, in canonical order; identifiers and sources by their place in sorted
// tables. Numbers are varints, text is its length and bytes. Equal states give equal
// bytes.
const encodingVersion = 1

type encoder struct{ b []byte }

func (e *encoder) num(vs ...int64) {
	for _, v := range vs {
		e.b = binary.AppendVarint(e.b, v)
	}
}

func (e *encoder) text(ss ...string) {
	for _, s := range ss {
		e.b = binary.AppendUvarint(e.b, uint64(len(s)))
		e.b = append(e.b, s...)
	}
}

func (e *encoder) flag(b bool) {
	if b {
		e.num(1)
	} else {
		e.num(0)
	}
}

func (e *encoder) id(id ID) { e.text(string(id.typ), id.value) }

func (e *encoder) ids(ids []ID) {
	e.num(int64(len(ids)))
	for _, id := range ids {
		e.id(id)
	}
}

// MarshalBinary returns the facts of the graph: equal states give equal bytes. The
// bytes carry the values of the identifiers. A nil graph is an empty one.
func (g *Graph) MarshalBinary() ([]byte, error) {
	rs := g.ruleset()
	fingerprint := rs.fingerprint()
	e := &encoder{append([]byte{encodingVersion}, fingerprint[:]...)}
	if g == nil {
		g = new(Graph)
	}
	used := make([]bool, len(g.entries))
	for i := range g.sights {
		for _, x := range g.idsOf(&g.sights[i]) {
			used[x] = true
		}
	}
	facts := g.undominated()
	for i := range facts {
		used[facts[i].a], used[facts[i].b] = true, true
	}
	var order []uint32
	for x, u := range used {
		if u {
			order = append(order, uint32(x))
		}
	}
	slices.SortFunc(order, func(a, b uint32) int { return CompareIDs(g.entries[a].id, g.entries[b].id) })
	place := make([]int64, len(g.entries))
	e.num(int64(len(order)))
	for i, x := range order {
		place[x] = int64(i)
		e.id(g.entries[x].id)
	}

	sights := make([]uint32, len(g.sights))
	for i := range sights {
		sights[i] = uint32(i)
	}
	slices.SortFunc(sights, g.compareSightings)
	e.num(int64(len(sights)))
	for _, i := range sights {
		s := &g.sights[i]
		website, ip := g.hintOf(i)
		e.num(s.at)
		e.text(g.sources[s.source], s.ref)
		e.num(int64(s.kind))
		e.flag(s.end)
		e.text(website, ip)
		e.num(int64(s.n))
		for _, x := range g.idsOf(s) {
			e.num(place[x])
		}
	}
	e.num(int64(len(facts)))
	for i := range facts {
		f := &facts[i]
		e.num(place[f.a], place[f.b], int64(f.kind), f.at, f.from, f.to, int64(f.weight))
		e.text(g.sources[f.source], f.ref)
	}
	overs := g.heard(maxTime)
	e.num(int64(len(overs)))
	for _, o := range overs {
		e.override(o)
	}
	relates := slices.SortedFunc(slices.Values(g.relates), compareMemberships)
	e.num(int64(len(relates)))
	for _, m := range relates {
		e.id(m.Person)
		e.id(m.Account)
		e.text(m.Role, m.Source, m.Ref)
		e.flag(m.Primary)
		e.num(micros(m.From, minTime), micros(m.To, minTime), m.At.UnixMicro(), int64(m.Confidence))
	}
	nests := slices.SortedFunc(slices.Values(g.nests), compareParents)
	e.num(int64(len(nests)))
	for _, p := range nests {
		e.id(p.Child)
		e.id(p.Parent)
		e.text(p.Source, p.Ref)
		e.num(micros(p.From, minTime), micros(p.To, minTime), p.At.UnixMicro())
	}
	return e.b, nil
}

func (e *encoder) override(o *Override) {
	e.text(o.ID)
	e.num(o.At.UnixMicro())
	e.text(o.Actor, o.Reason)
	e.num(int64(o.Op))
	e.id(o.A)
	e.id(o.B)
	e.ids(o.Left)
	e.ids(o.Right)
	e.flag(o.Force)
	e.text(o.Target)
	e.id(o.Scope.A)
	e.id(o.Scope.B)
	e.num(int64(kindOrMinus(o.Scope.Kind)))
	e.text(o.Scope.Source, o.Scope.Ref.Source, o.Scope.Ref.ID)
	e.num(micros(o.Scope.From, minTime), micros(o.Scope.To, minTime))
}

// undominated returns the evidence without what other records of its key make idle, in
// canonical order.
func (g *Graph) undominated() []fact {
	fs := slices.SortedFunc(slices.Values(g.evidence), g.compareFacts)
	var out []fact
	for i := range fs {
		idle := false
		for j := len(out) - 1; j >= 0 && out[j].sameKey(&fs[i]); j-- {
			idle = idle || out[j].covers(&fs[i])
		}
		if !idle {
			out = append(out, fs[i])
		}
	}
	return out
}

// compareFacts orders by key, then so that what covers stands before what is covered.
func (g *Graph) compareFacts(a, b fact) int {
	return cmp.Or(CompareIDs(g.entries[a.a].id, g.entries[b.a].id), CompareIDs(g.entries[a.b].id, g.entries[b.b].id),
		cmp.Compare(a.kind, b.kind), strings.Compare(g.sources[a.source], g.sources[b.source]), strings.Compare(a.ref, b.ref),
		cmp.Compare(a.at, b.at), cmp.Compare(b.weight, a.weight), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
}

func (f *facts) compareSightings(i, j uint32) int {
	a, b := &f.sights[i], &f.sights[j]
	if c := cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(f.sources[a.source], f.sources[b.source]), strings.Compare(a.ref, b.ref),
		cmp.Compare(a.kind, b.kind), compareBools(a.end, b.end)); c != 0 {
		return c
	}
	wa, pa := f.hintOf(i)
	wb, pb := f.hintOf(j)
	return cmp.Or(strings.Compare(wa, wb), strings.Compare(pa, pb),
		slices.CompareFunc(f.idsOf(a), f.idsOf(b), func(x, y uint32) int { return CompareIDs(f.entries[x].id, f.entries[y].id) }))
}

func compareParents(a, b Parent) int {
	return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Source, b.Source), strings.Compare(a.Ref, b.Ref),
		CompareIDs(a.Child, b.Child), CompareIDs(a.Parent, b.Parent), a.From.Compare(b.From), a.To.Compare(b.To))
}

// UnmarshalBinary replaces the facts of the graph by encoded ones. The graph's rules
// must be those of the encoded graph, else [ErrRules]; bytes that MarshalBinary does not
// write are [ErrCorrupt]. After an error the graph is as it was.
func (g *Graph) UnmarshalBinary(b []byte) error {
	if g == nil {
		return ErrNilGraph
	}
	rs := g.ruleset()
	if len(b) < 33 || b[0] != encodingVersion {
		return ErrCorrupt
	}
	if rs.fingerprint() != [32]byte(b[1:33]) {
		return ErrRules
	}
	n := g.Empty()
	d := &decoder{b: b[33:]}
	d.graph(n)
	if d.bad || len(d.b) > 0 {
		return ErrCorrupt
	}
	if again, _ := n.MarshalBinary(); !bytes.Equal(again, b) {
		return ErrCorrupt // one state, one encoding
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.take(n)
	return nil
}
