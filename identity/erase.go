package identity

import (
	"slices"
	"time"
)

// A Receipt says what an erasure takes away, and what an export of the person holds: the
// two are one set.
type Receipt struct {
	Person PersonID
	Own    []ID // identifiers of nobody else, by CompareIDs: they go
	// Detached are identifiers that other people have evidence for too, or that too many
	// hold: they stay, and the person's evidence for them goes.
	Detached  []ID
	Touches   []Ref // owned by the person: they go, by (At, Source, ID)
	Redacted  []Ref // owned by others: they stay and lose the own identifiers, be it the last
	Evidence  int   // pieces of evidence that go
	Overrides []string
	Relations int // memberships that go
}

// EraseSet returns what forgetting a person would take away; it changes nothing. It is
// false for an unknown person.
func (r *Resolution) EraseSet(p PersonID) (Receipt, bool) {
	person, ok := r.Lookup(p)
	if !ok {
		return Receipt{}, false
	}
	out := Receipt{Person: person.ID}
	mine := map[uint32]bool{}
	for _, id := range person.IDs {
		x, _ := r.f.number(id)
		mine[x] = true
	}
	elsewhere := r.heldElsewhere(mine)
	for x := range elsewhere {
		out.Detached = append(out.Detached, r.f.entries[x].id)
	}
	for x := range mine {
		if !elsewhere[x] {
			out.Own = append(out.Own, r.f.entries[x].id)
		}
	}
	slices.SortFunc(out.Own, CompareIDs)
	slices.SortFunc(out.Detached, CompareIDs)
	for _, i := range orderOf(len(r.f.sights), r.f.compareSightings) {
		s := r.f.sightingAt(i)
		switch {
		case r.Owner(s).Person == person.ID:
			out.Touches = append(out.Touches, s.Ref)
		case slices.ContainsFunc(s.IDs, out.owns):
			out.Redacted = append(out.Redacted, s.Ref)
		}
	}
	out.Touches, out.Redacted = once(out.Touches), once(out.Redacted)
	for i := range r.f.evidence {
		if out.takes(r.f.evidenceAt(&r.f.evidence[i]), person.IDs) {
			out.Evidence++
		}
	}
	for i := range r.f.overs {
		if out.names(&r.f.overs[i]) {
			out.Overrides = append(out.Overrides, r.f.overs[i].ID)
		}
	}
	slices.Sort(out.Overrides)
	for _, m := range r.f.relates {
		if out.owns(m.Person) {
			out.Relations++
		}
	}
	return out, true
}

// heldElsewhere returns, of the members of a person and the shared identifiers next to
// them, those that others have evidence for.
func (r *Resolution) heldElsewhere(mine map[uint32]bool) map[uint32]bool {
	out := map[uint32]bool{}
	note := func(a, b uint32) {
		for _, e := range [2][2]uint32{{a, b}, {b, a}} {
			switch x, y := e[0], e[1]; {
			case !mine[x] || mine[y]:
			case r.shared[y]:
				out[y] = true // the shared one is detached, not what it is tied to
			default:
				out[x] = true
			}
		}
	}
	comps := map[uint32]bool{}
	for x := range mine {
		if c := r.comp[x]; !comps[c] {
			comps[c] = true
			for _, e := range r.edgesOf(c, nil) {
				if e.dead == live {
					note(e.a, e.b)
				}
			}
		}
	}
	for x := range mine {
		for _, iv := range r.intervals[x] {
			note(x, iv.partner)
		}
		if r.shared[x] {
			out[x] = true
		}
	}
	return out
}

// owns reports whether an identifier goes.
func (rc *Receipt) owns(id ID) bool {
	_, ok := slices.BinarySearchFunc(rc.Own, id, CompareIDs)
	return ok
}

func (rc *Receipt) detaches(id ID) bool {
	_, ok := slices.BinarySearchFunc(rc.Detached, id, CompareIDs)
	return ok
}

// takes reports whether evidence goes: it names an own identifier, or ties two detached
// ones of which one was the person's.
func (rc *Receipt) takes(e Evidence, members []ID) bool {
	if rc.owns(e.A) || rc.owns(e.B) {
		return true
	}
	return rc.detaches(e.A) && rc.detaches(e.B) && (slices.Contains(members, e.A) || slices.Contains(members, e.B))
}

// names reports whether an override names an own identifier, or a touch that goes.
func (rc *Receipt) names(o *Override) bool {
	return slices.ContainsFunc(o.names(), rc.owns) || o.Scope.Ref.ID != "" && slices.Contains(rc.Touches, o.Scope.Ref)
}

// Forget removes what a receipt of [Resolution.EraseSet] names from the facts, and with
// it every trace in what the graph keeps or encodes; the rest is as if the person had
// never been. Resolutions made before still hold what they held. Doing it twice is doing
// it once. The feed of [Graph.Since] begins anew, with everybody Created, under higher
// numbers. Without a Key in the rules the error is [ErrNoKey] and nothing is done.
func (g *Graph) Forget(rc Receipt) error {
	if g == nil {
		return ErrNilGraph
	}
	if len(g.ruleset().rules.Key) == 0 {
		return ErrNoKey
	}
	rc.Own, rc.Detached = sortedIDs(rc.Own), sortedIDs(rc.Detached)
	members := append(slices.Clone(rc.Own), rc.Detached...)
	if r := g.Resolve(time.Time{}); len(rc.Own) > 0 {
		if p, ok := r.Person(rc.Own[0]); ok {
			members = p.IDs
		}
	}
	gone := map[Ref]bool{}
	for _, ref := range rc.Touches {
		gone[ref] = true
	}
	n := g.Empty()
	for i := range g.sights {
		s := g.sightingAt(uint32(i))
		if gone[s.Ref] {
			continue
		}
		had := len(s.IDs)
		if s.IDs = slices.DeleteFunc(s.IDs, rc.owns); len(s.IDs) < had {
			s.Website, s.ReverseIP = "", ""
		}
		n.See(s)
	}
	for i := range g.evidence {
		if e := g.evidenceAt(&g.evidence[i]); !rc.takes(e, members) {
			n.Add(e)
		}
	}
	for _, o := range g.overs {
		if !rc.names(&o) {
			n.Apply(o)
		}
	}
	for _, m := range g.relates {
		if !rc.owns(m.Person) {
			n.Relate(m)
		}
	}
	n.Nest(g.nests...)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.take(n)
	return nil
}

// take replaces the facts of a graph by those of another, and begins its feed anew.
func (g *Graph) take(n *Graph) {
	g.facts, g.sightTable, g.factTable = n.facts, n.sightTable, n.factTable
	g.overIndex, g.relateIndex, g.nestIndex = n.overIndex, n.relateIndex, n.nestIndex
	g.restart()
}

// restart forgets the people, which the next read derives again.
func (g *Graph) restart() {
	if old := g.now; old != nil && old.feed != nil {
		g.now = g.newPresent()
		g.now.feed = &feed{refused: map[uint32][]refusal{}, seq: old.feed.seq}
		return
	}
	g.now = nil
}
