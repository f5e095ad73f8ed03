package identity

import (
	"slices"
	"time"
)

// present keeps the people of a graph up to date fact by fact. It holds the raw
// components of all linkable evidence, dead and shared ends included, so that whatever a
// fact changes stays inside the components it touches; these are decided again at the
// next read, once for any number of facts. Its answers are those of Resolve.
type present struct {
	view
	sights, evidence, relates, nests, overs int // facts of the graph that are in

	comp, next []uint32 // raw components: parent, and the ring of members
	seen       []bool   // named by a sighting, evidence or a must-link
	mustOf     map[uint32][]int32

	sightHead []int32 // by identifier: the sightings it is the centre of, as a list
	sightNext []int32 // by 2·sighting + entity
	factHead  []int32 // by identifier: the evidence it is the stronger end of
	factNext  []int32

	group  []*group // by identifier
	dirty  []stain
	round  uint32
	solved []uint32 // by identifier: the round in which its component was decided
	solver *solver
	mint   *minter

	feed *feed // nil: nobody follows
}

// A group is a person or an account as it stands.
type group struct {
	id                [16]byte
	entity            Entity
	anchor            ID
	ids               []ID
	shared, oversized bool
}

// A stain is a component to decide again, named by a member, and the fact that asks for it.
type stain struct {
	x     uint32
	cause Ref
}

// present brings the people up to date. The caller holds the lock.
func (g *Graph) present() *present {
	if g.now == nil {
		g.now = g.newPresent()
	}
	g.now.catchUp()
	return g.now
}

func (g *Graph) newPresent() *present {
	p := &present{view: view{rs: g.ruleset(), f: &g.facts, st: &statements{}}, mint: g.ruleset().minter()}
	p.solver = &solver{rs: p.rs, f: p.f}
	return p
}

// Person returns the person of an identifier by all facts, as [Graph.Resolve] with the
// zero instant would. It is kept up to date: after new facts only the components that
// they touch are decided again, and a warm call costs one look-up. It may be called by
// many readers at a time, like any read.
func (g *Graph) Person(id ID) (Person, bool) {
	gr, ok := g.groupOf(id, PersonEntity)
	if !ok {
		return Person{}, false
	}
	return Person{ID: gr.id, Anchor: gr.anchor, IDs: gr.ids, Shared: gr.shared, Oversized: gr.oversized}, true
}

// Account is [Graph.Person] for account identifiers.
func (g *Graph) Account(id ID) (Account, bool) {
	gr, ok := g.groupOf(id, AccountEntity)
	if !ok {
		return Account{}, false
	}
	return Account{ID: gr.id, Anchor: gr.anchor, IDs: gr.ids, Shared: gr.shared, Oversized: gr.oversized}, true
}

// Explain says by all facts why a and b are one, or why not; see [Resolution.Explain].
// For two identifiers with linkable evidence in common it costs their component, else a
// Resolve of everything.
func (g *Graph) Explain(a, b ID) Explanation {
	if part := g.componentOf(a, b); part != nil {
		return part.Resolve(time.Time{}).Explain(a, b)
	}
	return g.Resolve(time.Time{}).Explain(a, b)
}

// componentOf returns a graph of the facts of the raw component that ties a and b
// together, nil if none does.
func (g *Graph) componentOf(a, b ID) *Graph {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.present()
	x, okX := p.f.number(a)
	y, okY := p.f.number(b)
	if !okX || !okY || x == y || p.root(x) != p.root(y) {
		return nil
	}
	part := g.Empty()
	for c := x; ; {
		for slot := p.sightHead[c]; slot >= 0; slot = p.sightNext[slot] {
			part.See(p.f.sightingAt(uint32(slot / 2)))
		}
		for i := p.factHead[c]; i >= 0; i = p.factNext[i] {
			part.Add(p.f.evidenceAt(&p.f.evidence[i]))
		}
		if c = p.next[c]; c == x {
			break
		}
	}
	part.Apply(p.f.overs...)
	return part
}

func (g *Graph) groupOf(id ID, e Entity) (*group, bool) {
	if g == nil {
		return nil, false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.present()
	x, ok := p.f.number(id)
	if !ok || p.group[x] == nil || p.group[x].entity != e {
		return nil, false
	}
	return p.group[x], true
}

// catchUp takes new facts in and decides what they touch.
func (p *present) catchUp() {
	p.grow()
	for ; p.sights < len(p.f.sights); p.sights++ {
		p.takeSight(uint32(p.sights))
	}
	for ; p.evidence < len(p.f.evidence); p.evidence++ {
		p.takeFact(uint32(p.evidence))
	}
	for ; p.relates < len(p.f.relates); p.relates++ {
		m := &p.f.relates[p.relates]
		p.name(m.Account, Ref{m.Source, m.Ref})
	}
	for ; p.nests < len(p.f.nests); p.nests++ {
		n := &p.f.nests[p.nests]
		p.name(n.Child, Ref{n.Source, n.Ref})
		p.name(n.Parent, Ref{n.Source, n.Ref})
	}
	if p.overs < len(p.f.overs) {
		p.takeOverrides()
	}
	if len(p.dirty) == 0 {
		return
	}
	p.round++
	p.solver.st, p.solver.first = p.st, p.first
	for _, s := range p.dirty {
		if root := p.root(s.x); p.solved[root] != p.round {
			p.solved[root] = p.round
			p.decide(root, s.cause)
		}
	}
	p.dirty = p.dirty[:0]
	if p.feed != nil {
		p.feed.publish()
	}
}

func (p *present) grow() {
	for i := len(p.comp); i < len(p.f.entries); i++ {
		p.comp, p.next = append(p.comp, uint32(i)), append(p.next, uint32(i))
		p.first, p.plain, p.seen = append(p.first, maxTime), append(p.plain, true), append(p.seen, false)
		p.sightHead, p.factHead = append(p.sightHead, -1), append(p.factHead, -1)
		p.group, p.solved, p.solver.local = append(p.group, nil), append(p.solved, 0), append(p.solver.local, 0)
	}
}

func (p *present) root(x uint32) uint32 {
	for p.comp[x] != x {
		p.comp[x] = p.comp[p.comp[x]]
		x = p.comp[x]
	}
	return x
}

// link joins two raw components and their rings.
func (p *present) link(a, b uint32) {
	a, b = p.root(a), p.root(b)
	if a == b {
		return
	}
	if a > b {
		a, b = b, a
	}
	p.comp[b] = a
	p.next[a], p.next[b] = p.next[b], p.next[a]
}

func (p *present) stain(x uint32, cause Ref) {
	if n := len(p.dirty); n == 0 || p.dirty[n-1].x != x {
		p.dirty = append(p.dirty, stain{x, cause})
	}
}

// meet makes an identifier known and reports whether that, or its date, is news.
func (p *present) meet(x uint32, at int64) bool {
	news := !p.seen[x] || at < p.first[x]
	p.seen[x] = true
	p.first[x] = min(p.first[x], at)
	return news
}

// name makes an account known that a statement names.
func (p *present) name(id ID, cause Ref) {
	if x, _ := p.f.number(id); p.meet(x, maxTime) {
		p.stain(x, cause)
	}
}

func (p *present) takeSight(i uint32) {
	s := &p.f.sights[i]
	cause := Ref{p.f.sources[s.source], s.ref}
	p.sightNext = append(p.sightNext, -1, -1)
	centre, entity := int64(-1), PersonEntity
	for _, x := range p.f.idsOf(s) {
		news := p.meet(x, s.at)
		if !p.linkable(x) {
			continue
		}
		switch e := p.entityOf(x); {
		case centre < 0 || e != entity:
			centre, entity = int64(x), e
			slot := 2*int32(i) + int32(e)
			p.sightNext[slot], p.sightHead[x] = p.sightHead[x], slot
			if news {
				p.stain(x, cause)
			}
		default:
			p.link(uint32(centre), x)
			p.stain(uint32(centre), cause)
		}
	}
}

func (p *present) takeFact(i uint32) {
	e := &p.f.evidence[i]
	cause := Ref{p.f.sources[e.source], e.ref}
	p.factNext = append(p.factNext, -1)
	for _, x := range []uint32{e.a, e.b} {
		if p.meet(x, maxTime) {
			p.stain(x, cause)
		}
	}
	if e.bounded() || !p.linkable(e.a) || !p.linkable(e.b) {
		return
	}
	p.factNext[i], p.factHead[e.a] = p.factHead[e.a], int32(i)
	p.link(e.a, e.b)
	d := p.factEdge(i)
	if p.judge(&d); d.dead == live {
		p.meet(e.a, e.at)
		p.meet(e.b, e.at)
	}
	p.plain[e.a] = p.plain[e.a] && e.kind != Probabilistic
	p.stain(e.a, cause)
}

// takeOverrides hears the overrides anew and stains what the new ones touch.
func (p *present) takeOverrides() {
	p.st = p.f.inForce(maxTime)
	p.mustOf = map[uint32][]int32{}
	for i, m := range p.st.musts {
		if p.linkable(m.a) && p.linkable(m.b) {
			p.link(m.a, m.b)
			p.plain[m.a] = false // once restored, no evidence holds the two together
			p.mustOf[m.a] = append(p.mustOf[m.a], int32(i))
			p.mustOf[m.b] = append(p.mustOf[m.b], int32(i))
		}
	}
	for ; p.overs < len(p.f.overs); p.overs++ {
		o := &p.f.overs[p.overs]
		cause := Ref{ID: o.ID}
		p.touch(o, cause)
		if o.Op != Restore {
			continue
		}
		for i := range p.f.overs[:p.overs] {
			if t := &p.f.overs[i]; t.ID == o.Target {
				p.touch(t, cause)
			}
		}
	}
}

// touch stains the components that an override speaks of: those of the identifiers it
// names, or, for a retraction by source or time alone, all.
func (p *present) touch(o *Override, cause Ref) {
	for _, id := range o.names() {
		x, _ := p.f.number(id)
		p.seen[x] = p.seen[x] || o.Op == MustLink
		p.stain(x, cause)
	}
	if s := &o.Scope; o.Op == Retract && s.A.IsZero() {
		for i := range p.f.sights {
			if n := &p.f.sights[i]; s.Ref.ID == "" || n.ref == s.Ref.ID {
				for _, x := range p.f.idsOf(n) {
					p.stain(x, cause)
				}
			}
		}
		for i := range p.f.evidence {
			if e := &p.f.evidence[i]; s.Ref.ID == "" || e.ref == s.Ref.ID {
				p.stain(e.a, cause)
				p.stain(e.b, cause)
			}
		}
	}
}

// decide decides one raw component.
func (p *present) decide(root uint32, cause Ref) {
	var ring, members []uint32
	touched := len(p.st.retracts) > 0
	for x := root; ; {
		ring = append(ring, x)
		if p.linkable(x) && p.seen[x] {
			members = append(members, x)
			touched = touched || p.mustOf[x] != nil || p.st.sides[x] != nil
		}
		if x = p.next[x]; x == root {
			break
		}
	}
	before := make([]*group, len(ring))
	for i, x := range ring {
		before[i] = p.group[x]
		p.group[x] = nil
	}
	if len(p.f.overs) > 0 {
		p.date(members)
	}
	p.solver.pairs, p.solver.edges = p.solver.pairs[:0], p.solver.edges[:0]
	if len(members) > 0 && !touched && p.simple(members) {
		p.keep(members, false, false)
	} else if len(members) > 0 {
		p.solver.solve(members, p.edgesOf(members, p.solver.edges), p.mustsOf(members))
		p.solver.clusters(p.keep)
	}
	if p.feed != nil {
		after := make([]*group, len(ring))
		for i, x := range ring {
			after[i] = p.group[x]
		}
		p.feed.note(p, ring, before, after, cause)
	}
}

// date finds anew when the members of a component were first seen: overrides kill and
// revive evidence.
func (p *present) date(members []uint32) {
	for _, x := range members {
		p.first[x] = maxTime
	}
	for _, centre := range members {
		for slot := p.sightHead[centre]; slot >= 0; slot = p.sightNext[slot] {
			s := &p.f.sights[slot/2]
			for _, x := range p.f.idsOf(s) {
				if p.entityOf(x) == p.entityOf(centre) {
					p.first[x] = min(p.first[x], s.at)
				}
			}
		}
		for i := p.factHead[centre]; i >= 0; i = p.factNext[i] {
			e := p.factEdge(uint32(i))
			if p.judge(&e); e.dead == live {
				p.first[e.a], p.first[e.b] = min(p.first[e.a], e.at), min(p.first[e.b], e.at)
			}
		}
	}
}

func (p *present) edgesOf(members []uint32, edges []edge) []edge {
	for _, centre := range members {
		for slot := p.sightHead[centre]; slot >= 0; slot = p.sightNext[slot] {
			i := uint32(slot / 2)
			for _, x := range p.f.idsOf(&p.f.sights[i]) {
				if x != centre && p.linkable(x) && p.entityOf(x) == p.entityOf(centre) {
					e := p.sightEdge(i, centre, x)
					p.judge(&e)
					edges = append(edges, e)
				}
			}
		}
		for i := p.factHead[centre]; i >= 0; i = p.factNext[i] {
			e := p.factEdge(uint32(i))
			p.judge(&e)
			edges = append(edges, e)
		}
	}
	return edges
}

func (p *present) mustsOf(members []uint32) []must {
	var in []int32
	for _, x := range members {
		in = append(in, p.mustOf[x]...)
	}
	slices.Sort(in)
	var ms []must
	for _, i := range slices.Compact(in) {
		ms = append(ms, p.st.musts[i])
	}
	return ms
}

// keep makes a group of a cluster.
func (p *present) keep(members []uint32, shared, oversized bool) {
	anchor := p.anchorOf(members)
	g := &group{entity: p.entityOf(anchor), anchor: p.f.entries[anchor].id, ids: make([]ID, len(members)), shared: shared, oversized: oversized}
	g.id = p.mint.mint(g.entity, g.anchor)
	for i, x := range members {
		g.ids[i] = p.f.entries[x].id
		p.group[x] = g
	}
}
