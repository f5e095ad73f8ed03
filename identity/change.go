package identity

import (
	"bytes"
	"cmp"
	"iter"
	"slices"
)

// A ChangeKind says what happened to people.
type ChangeKind uint8

// The kinds of changes, in the order in which a batch lists them.
const (
	Created      ChangeKind = iota + 1 // a person of new identifiers
	Merged                             // people, or a person and new identifiers, became one
	Split                              // part of a person became one of its own
	Rekeyed                            // the same person under another id: its anchor changed
	NewRefusal                         // a pair is kept apart; IDs are its two ends
	Lifted                             // a pair is no longer kept apart
	NowShared                          // an identifier turned out to be shared
	NowUnshared                        // a shared identifier is so no longer
	NowOversized                       // links were refused because of a person's size
)

var changeNames = [...]string{"", "created", "merged", "split", "rekeyed", "refused", "lifted", "shared", "unshared", "oversized"}

// String returns the kind in lower case.
func (k ChangeKind) String() string {
	if k == 0 {
		return "unknown"
	}
	return nameOf(changeNames[:], int(k))
}

// A Change is one thing that happened to people. Taking every Change of the kinds
// Created, Merged, Split and Rekeyed in turn, and giving its IDs to its Person, rebuilds
// the partition.
type Change struct {
	Seq    uint64 // place in the feed of [Graph.Since], else 0
	Kind   ChangeKind
	Person PersonID      // as it is now; of a pair, the stronger end's
	Was    []PersonID    // the people it came from; of a pair, the weaker end's
	IDs    []ID          // all its identifiers now; the two ends of a pair
	Reason RefusalReason // of a refused or lifted pair
	Cause  Ref           // key of a fact that brought it about, in the feed only; overrides have no Source
}

// A refusal is a pair kept apart after a decision, or by retraction.
type refusal struct {
	a, b   ID
	reason RefusalReason
}

// Changes compares the people of two resolutions, ordered by (Kind, Person). Pairs that
// can never link (blocked, off) are not told.
func Changes(before, after *Resolution) []Change {
	cs := diffGroups(before.groups(), after.groups())
	cs = append(cs, diffRefusals(before.refusals(), after.refusals(), before.personOrZero, after.personOrZero)...)
	sortChanges(cs)
	return cs
}

func (r *Resolution) personOrZero(id ID) PersonID {
	p, _ := r.Person(id)
	return p.ID
}

func (r *Resolution) groups() []*group {
	if r.empty() {
		return nil
	}
	var gs []*group
	for _, i := range r.byID[PersonEntity] {
		c := &r.clusters[i]
		gs = append(gs, &group{id: c.id, anchor: r.f.entries[c.anchor].id, ids: r.ids[c.start:c.end:c.end], shared: c.shared, oversized: c.oversized})
	}
	return gs
}

func (r *Resolution) refusals() map[refusal]bool {
	out := map[refusal]bool{}
	if r.empty() {
		return out
	}
	s := r.solver()
	for c := range r.parts.comps() {
		members := r.parts.membersOf(c)
		if r.entityOf(members[0]) != PersonEntity || r.simple(members) {
			continue
		}
		for _, d := range r.decideComp(s, c) {
			if d.verdict == Refused && d.reason != isBlocked && d.reason != isOff {
				out[refusal{r.f.entries[d.a].id, r.f.entries[d.b].id, reasonNames[d.reason]}] = true
			}
		}
	}
	return out
}

// diffGroups tells what became of people.
func diffGroups(before, after []*group) []Change {
	was := map[ID]*group{}
	for _, g := range before {
		for _, id := range g.ids {
			was[id] = g
		}
	}
	var cs []Change
	add := func(kind ChangeKind, g *group, from ...*group) {
		c := Change{Kind: kind, Person: g.id, IDs: g.ids}
		for _, f := range from {
			c.Was = append(c.Was, f.id)
		}
		slices.SortFunc(c.Was, func(a, b PersonID) int { return bytes.Compare(a[:], b[:]) })
		cs = append(cs, c)
	}
	for _, g := range after {
		var from []*group
		fresh := 0
		for _, id := range g.ids {
			if old := was[id]; old == nil {
				fresh++
			} else if !slices.Contains(from, old) {
				from = append(from, old)
			}
		}
		switch {
		case len(from) == 0:
			add(Created, g)
		case len(from) > 1 || fresh > 0:
			add(Merged, g, from...)
		case len(from[0].ids) > len(g.ids):
			add(Split, g, from...)
		}
		if len(from) == 1 && from[0].id != g.id && slices.Contains(g.ids, from[0].anchor) {
			add(Rekeyed, g, from...)
		}
		wasShared := slices.ContainsFunc(from, func(f *group) bool { return f.shared })
		if g.shared && !wasShared {
			add(NowShared, g)
		}
		if wasShared && !g.shared {
			add(NowUnshared, g)
		}
		if g.oversized && !slices.ContainsFunc(from, func(f *group) bool { return f.oversized }) {
			add(NowOversized, g, from...)
		}
	}
	return cs
}

func diffRefusals(before, after map[refusal]bool, was, is func(ID) PersonID) []Change {
	var cs []Change
	for r := range after {
		if !before[r] {
			cs = append(cs, Change{Kind: NewRefusal, Person: is(r.a), Was: []PersonID{is(r.b)}, IDs: []ID{r.a, r.b}, Reason: r.reason})
		}
	}
	for r := range before {
		if !after[r] {
			cs = append(cs, Change{Kind: Lifted, Person: is(r.a), Was: []PersonID{is(r.b)}, IDs: []ID{r.a, r.b}, Reason: r.reason})
		}
	}
	return cs
}

func sortChanges(cs []Change) {
	slices.SortFunc(cs, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), bytes.Compare(a.Person[:], b.Person[:]),
			slices.CompareFunc(a.IDs, b.IDs, CompareIDs), cmp.Compare(a.Reason, b.Reason))
	})
}

// A feed collects the changes of a graph as its people are brought up to date.
type feed struct {
	log     []Change
	seq     uint64
	batch   []Change
	refused map[uint32][]refusal // by the stronger end
}

// note compares one component before and after it was decided.
func (f *feed) note(p *present, ring []uint32, before, after []*group, cause Ref) {
	if p.entityOf(ring[0]) != PersonEntity {
		return
	}
	old, now := map[refusal]bool{}, map[refusal]bool{}
	for _, x := range ring {
		for _, r := range f.refused[x] {
			old[r] = true
		}
		delete(f.refused, x)
	}
	add := func(a, b uint32, reason reasonCode) {
		r := refusal{p.f.entries[a].id, p.f.entries[b].id, reasonNames[reason]}
		if !now[r] {
			now[r] = true
			f.refused[a] = append(f.refused[a], r)
		}
	}
	for i := range p.solver.pairs {
		if q := &p.solver.pairs[i]; q.verdict == Refused {
			add(p.solver.members[q.a], p.solver.members[q.b], q.reason)
		}
	}
	for i := range p.solver.edges {
		if e := &p.solver.edges[i]; e.dead != live {
			add(e.a, e.b, e.dead)
		}
	}
	home := func(id ID) (u PersonID) {
		if x, ok := p.f.number(id); ok && p.group[x] != nil {
			u = p.group[x].id
		}
		return u
	}
	cs := append(diffGroups(distinct(before), distinct(after)), diffRefusals(old, now, home, home)...)
	for i := range cs {
		cs[i].Cause = cause
	}
	f.batch = append(f.batch, cs...)
}

// distinct returns the groups of a ring, each once.
func distinct(gs []*group) []*group {
	seen := map[*group]bool{}
	var out []*group
	for _, g := range gs {
		if g != nil && !seen[g] {
			seen[g] = true
			out = append(out, g)
		}
	}
	return out
}

// publish numbers the changes of one batch.
func (f *feed) publish() {
	sortChanges(f.batch)
	for _, c := range f.batch {
		f.seq++
		c.Seq = f.seq
		f.log = append(f.log, c)
	}
	f.batch = nil
}

// Since walks the changes of people after a sequence number, 0 for all, and lets go of
// those up to it: the feed has one follower. The first call begins the feed, with
// everybody Created; a graph that nobody follows keeps no log. Facts between two reads
// are one batch, ordered by (Kind, Person). Numbers are local to the process. It writes
// to the graph, like See.
func (g *Graph) Since(seq uint64) iter.Seq[Change] {
	if g == nil {
		return func(func(Change) bool) {}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.now == nil || g.now.feed == nil {
		g.now = g.newPresent()
		g.now.feed = &feed{refused: map[uint32][]refusal{}}
	}
	f := g.present().feed
	i, _ := slices.BinarySearchFunc(f.log, seq+1, func(c Change, s uint64) int { return cmp.Compare(c.Seq, s) })
	f.log = slices.Clone(f.log[i:])
	return slices.Values(f.log)
}
