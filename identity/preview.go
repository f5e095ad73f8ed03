package identity

import (
	"slices"
	"time"
)

// A Diff says what a change would do to people and to the owners of touches.
type Diff struct {
	Changes       []Change
	Moved         []Ref // touches that would have another owner, by (At, Source, ID)
	Before, After Counts
}

// Counts says how much a resolution holds. The number of touches is conserved by every
// merge, split and retraction.
type Counts struct {
	People, Accounts              int
	Touches, Unowned              int
	Placeholder, Malformed, Short int // identifiers that never link, by reason
}

// Counts counts people, accounts, and touches with and without an owner.
func (r *Resolution) Counts() Counts {
	var c Counts
	if r.empty() {
		return c
	}
	c.People, c.Accounts = len(r.byID[PersonEntity]), len(r.byID[AccountEntity])+len(r.derived().order)
	never := map[uint32]bool{}
	for i := range r.f.sights {
		if r.f.sights[i].at <= r.at {
			c.Touches++
			for _, x := range r.f.idsOf(&r.f.sights[i]) {
				never[x] = !r.linkable(x)
			}
			if r.Owner(r.f.sightingAt(uint32(i))).Person.IsZero() {
				c.Unowned++
			}
		}
	}
	for x, is := range never {
		switch b := r.f.entries[x].block; {
		case !is:
		case b == blockPlaceholder:
			c.Placeholder++
		case b == blockMalformed:
			c.Malformed++
		case b == blockShort:
			c.Short++
		}
	}
	return c
}

// Preview says what overrides would do, without changing anything: resolves all facts
// with and without them. The error is that of [Graph.Apply].
func (g *Graph) Preview(o ...Override) (*Diff, error) {
	after := g.fork()
	for _, err := range after.Apply(o...) {
		if err != nil {
			return nil, err
		}
	}
	return diff(g.Resolve(time.Time{}), after.Resolve(time.Time{})), nil
}

// PreviewRules says what other rules would do, without changing anything. Identifiers of
// types that the new rules lack are left out. Normalisers do not run again: under a
// changed one, import again. A change of rules is always a new derivation of everything.
func (g *Graph) PreviewRules(r *Rules) (*Diff, error) {
	after, err := g.With(r)
	if err != nil {
		return nil, err
	}
	return diff(g.Resolve(time.Time{}), after.Resolve(time.Time{})), nil
}

// With returns a graph of the same facts under other rules, as [Graph.PreviewRules] reads
// them: sightings lose the identifiers of unknown types, other facts that name one are
// left out.
func (g *Graph) With(r *Rules) (*Graph, error) {
	n, err := New(r)
	if err != nil || g == nil {
		return n, err
	}
	rs := n.ruleset()
	for i := range g.sights {
		s := g.sightingAt(uint32(i))
		s.IDs = slices.DeleteFunc(s.IDs, func(id ID) bool { return rs.checkID(id) != nil })
		n.See(s)
	}
	for i := range g.evidence {
		n.Add(g.evidenceAt(&g.evidence[i]))
	}
	n.Apply(g.overs...)
	n.Relate(g.relates...)
	n.Nest(g.nests...)
	return n, nil
}

// fork returns a graph of the same facts that can take more without the first one
// noticing.
func (g *Graph) fork() *Graph {
	n := new(Graph)
	if g == nil {
		return n
	}
	n.rs, n.facts = g.rs, g.facts
	n.idTable, n.sourceTable = g.idTable.clone(), g.sourceTable.clone()
	n.entries, n.sources = slices.Clip(g.entries), slices.Clip(g.sources)
	n.overs = slices.Clip(g.overs)
	n.overIndex = map[string]int{}
	n.reindexOverrides()
	return n
}

func diff(before, after *Resolution) *Diff {
	d := &Diff{Changes: Changes(before, after), Before: before.Counts(), After: after.Counts()}
	if before.empty() {
		return d
	}
	order := orderOf(len(before.f.sights), before.f.compareSightings)
	for _, i := range order {
		s := before.f.sightingAt(i)
		if before.Owner(s).Person != after.Owner(s).Person {
			d.Moved = append(d.Moved, s.Ref)
		}
	}
	d.Moved = once(d.Moved)
	return d
}

// Split takes identifiers out of their person: it applies o as a Separate of them from
// the rest of that person as it stands now, and returns it. Of o it reads ID, At, Actor
// and Reason. Every identifier can be split off, the anchor too; a Restore of o undoes
// it. The identifiers must be of one person and not all of it, else the error is an
// [*InvalidError].
func (g *Graph) Split(o Override, ids ...ID) (Override, error) {
	if g == nil {
		return o, ErrNilGraph
	}
	o.Op, o.Left = Separate, sortedIDs(ids)
	if len(o.Left) == 0 {
		return o, &InvalidError{"left", "missing"}
	}
	p, ok := g.Person(o.Left[0])
	if !ok {
		return o, &InvalidError{"left", "missing"}
	}
	o.Right = slices.DeleteFunc(sortedIDs(p.IDs), func(id ID) bool {
		_, split := slices.BinarySearchFunc(o.Left, id, CompareIDs)
		return split
	})
	if len(o.Left)+len(o.Right) != len(p.IDs) {
		return o, &InvalidError{"left", "out_of_range"}
	}
	for _, err := range g.Apply(o) {
		return o, err
	}
	return o, nil
}

// once keeps the first of each: a touch may have been told twice, at two times.
func once(refs []Ref) []Ref {
	seen := make(map[Ref]bool, len(refs))
	return slices.DeleteFunc(refs, func(ref Ref) bool {
		again := seen[ref]
		seen[ref] = true
		return again
	})
}
