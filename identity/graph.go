package identity

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
)

// A Graph is a set of facts about identifiers. Adding a fact twice, or in another
// order, changes nothing. The zero Graph is ready and has the [DefaultRules].
//
// A Graph is like a map: one writer or many readers at a time. A nil Graph knows
// nothing and refuses every fact with [ErrNilGraph].
type Graph struct {
	rs *ruleset // nil: the default rules
	facts

	sightTable, factTable table
	overIndex             map[string]int
	relateIndex           map[Membership]struct{}
	nestIndex             map[Parent]struct{}

	mu  sync.Mutex // guards now, which readers bring up to date
	now *present
}

// New returns an empty graph under the rules, nil for [DefaultRules]. The rules are
// copied. The error is that of [Rules.Validate].
func New(r *Rules) (*Graph, error) {
	if r == nil {
		return new(Graph), nil
	}
	if err := r.Validate(); err != nil {
		return nil, err
	}
	return &Graph{rs: compile(r)}, nil
}

// Empty returns an empty graph under the rules of g: cheaper than [New], which checks and
// prepares them, where many small graphs are made. Graphs made so share nothing else.
func (g *Graph) Empty() *Graph {
	n := new(Graph)
	if g != nil {
		n.rs = g.rs
	}
	return n
}

func (g *Graph) ruleset() *ruleset {
	if g == nil || g.rs == nil {
		return defaultRuleset()
	}
	return g.rs
}

// each applies add to every fact of a batch.
func each[T any](g *Graph, facts []T, add func(*T) error) []error {
	var errs []error
	for i := range facts {
		err := ErrNilGraph
		if g != nil {
			err = add(&facts[i])
		}
		if err != nil {
			if errs == nil {
				errs = make([]error, len(facts))
			}
			errs[i] = err
		}
	}
	return errs
}

// stranger stands for an identifier that has no number yet.
const stranger = ^uint32(0)

// See adds sightings. It returns nil if all were taken, else one error or nil for each.
// Of each sighting the linkable identifiers of one entity are tied to the strongest of
// them: a star, so that an identifier that turns out shared links nobody through it.
func (g *Graph) See(s ...Sighting) []error {
	if len(s) < 2 || g == nil {
		return each(g, s, g.see)
	}
	var errs []error
	for start := 0; start < len(s); start += seeBatch {
		part := s[start:min(start+seeBatch, len(s))]
		g.approach(part)
		for i, err := range each(g, part, g.see) {
			if err != nil {
				if errs == nil {
					errs = make([]error, len(s))
				}
				errs[start+i] = err
			}
		}
	}
	return errs
}

// seeBatch is the number of sightings whose identifiers are looked up together.
const seeBatch = 32

// approach brings the memory of a batch's look-ups near, step by step for all of it, so
// that the waits overlap.
func (g *Graph) approach(s []Sighting) {
	if len(g.idTable.slots) == 0 {
		return
	}
	var slots [4 * seeBatch]uint64
	n := 0
	mask := uint64(len(g.idTable.slots) - 1)
	for i := range s {
		for _, id := range s[i].IDs {
			if n < len(slots) {
				slots[n] = hashID(id)
				n++
			}
		}
	}
	for i, h := range slots[:n] {
		if slots[i] = g.idTable.slots[h>>32&mask]; slots[i]>>32 != h>>32 {
			slots[i] = 0
		}
	}
	near := 0
	for _, slot := range slots[:n] {
		if slot == 0 {
			continue
		}
		if v := g.entries[uint32(slot)-1].id.value; v != "" {
			near += int(v[0])
		}
	}
	g.warm(near)
}

// warm keeps the compiler from leaving the reads out.
//
//go:noinline
func (g *Graph) warm(int) {}

func (g *Graph) see(s *Sighting) error {
	rs := g.ruleset()
	if err := checkTime("at", s.At); err != nil {
		return err
	}
	if len(s.IDs) > MaxSighting {
		return ErrTooMany
	}
	if s.Kind >= Probabilistic {
		return &InvalidError{"kind", "out_of_range"}
	}
	if err := checkText("ref", s.Source, s.ID); err != nil {
		return err
	}
	if err := checkText("website", s.Website, s.ReverseIP); err != nil {
		return err
	}
	start := len(g.members)
	for _, id := range s.IDs {
		x, ok := g.number(id)
		if !ok {
			if err := rs.checkID(id); err != nil {
				g.members = g.members[:start]
				return err
			}
			x = stranger
		}
		g.members = append(g.members, x)
	}
	ids := g.members[start:]
	for i, x := range ids {
		if x == stranger { // only now that all are good
			ids[i] = g.intern(rs, s.IDs[i])
		}
	}
	g.order(ids)
	ids = slices.Compact(ids)
	g.members = g.members[:start+len(ids)]

	n := sight{at: s.At.UnixMicro(), source: g.sourceNumber(s.Source), start: uint32(start), n: uint16(len(ids)),
		kind: s.Kind, end: s.End, hinted: s.Website != "" || s.ReverseIP != ""}
	h := mix(maphash.String(hashSeed, s.ID) + uint64(n.source))
	if _, ok := g.sightTable.find(h, func(i uint32) bool { return g.sameSight(&g.sights[i], &n, s, i) }); ok {
		g.members = g.members[:start]
		return nil
	}
	n.ref = strings.Clone(s.ID)
	g.sightTable.insert(h, uint32(len(g.sights)))
	if n.hinted {
		g.hints = append(g.hints, hint{uint32(len(g.sights)), strings.Clone(s.Website), strings.Clone(s.ReverseIP)})
	}
	g.sights = append(g.sights, n)
	return nil
}

// sameSight reports whether the stored sighting number i says what the new one n of s says.
func (g *Graph) sameSight(o, n *sight, s *Sighting, i uint32) bool {
	if o.ref != s.ID || o.source != n.source || o.at != n.at || o.kind != n.kind || o.end != n.end ||
		!slices.Equal(g.idsOf(o), g.idsOf(n)) {
		return false
	}
	w, ip := g.hintOf(i)
	return w == s.Website && ip == s.ReverseIP
}

func (f *facts) hintOf(sight uint32) (website, reverseIP string) {
	if !f.sights[sight].hinted {
		return "", ""
	}
	i, _ := slices.BinarySearchFunc(f.hints, sight, func(h hint, s uint32) int { return int(h.sight) - int(s) })
	return f.hints[i].website, f.hints[i].reverseIP
}

// Add adds evidence. It returns nil if all was taken, else one error or nil for each.
// Evidence of an identifier with itself is taken and says nothing.
func (g *Graph) Add(e ...Evidence) []error { return each(g, e, g.add) }

func (g *Graph) add(e *Evidence) error {
	rs := g.ruleset()
	if err := checkTime("at", e.At); err != nil {
		return err
	}
	if e.Kind > Probabilistic {
		return &InvalidError{"kind", "out_of_range"}
	}
	if err := checkText("ref", e.Source, e.Ref); err != nil {
		return err
	}
	if err := checkSpan(e.From, e.To); err != nil {
		return err
	}
	if err := rs.checkID(e.A); err != nil {
		return err
	}
	if err := rs.checkIDs(rs.entity(e.A), e.B); err != nil {
		return err
	}
	if e.A == e.B {
		return nil
	}
	n := fact{a: g.intern(rs, e.A), b: g.intern(rs, e.B), source: g.sourceNumber(e.Source), weight: e.Weight, kind: e.Kind,
		ref: e.Ref, at: e.At.UnixMicro(), from: micros(e.From, minTime), to: micros(e.To, maxTime)}
	if g.compare(n.a, n.b) > 0 {
		n.a, n.b = n.b, n.a
	}
	h := mix(mix(uint64(n.a)<<32|uint64(n.b)) + uint64(n.source)<<8 + uint64(n.kind) + maphash.String(hashSeed, n.ref))
	if _, ok := g.factTable.find(h, func(i uint32) bool { return g.evidence[i].covers(&n) }); ok {
		return nil
	}
	n.ref = strings.Clone(n.ref)
	g.factTable.insert(h, uint32(len(g.evidence)))
	g.evidence = append(g.evidence, n)
	return nil
}

// sameKey reports whether two pieces of evidence are about one thing.
func (f *fact) sameKey(o *fact) bool {
	return f.a == o.a && f.b == o.b && f.kind == o.kind && f.source == o.source && f.ref == o.ref
}

// covers reports whether n adds nothing to f at any instant: records of one key join to
// the least At, the greatest Weight and the lesser (From, To).
func (f *fact) covers(n *fact) bool {
	return f.sameKey(n) && f.at <= n.at && f.weight >= n.weight && (f.from < n.from || f.from == n.from && f.to <= n.to)
}

// Relate adds memberships. It returns nil if all were taken, else one error or nil for each.
func (g *Graph) Relate(m ...Membership) []error { return each(g, m, g.relate) }

func (g *Graph) relate(m *Membership) error {
	rs := g.ruleset()
	if err := checkTime("at", m.At); err != nil {
		return err
	}
	if err := checkSpan(m.From, m.To); err != nil {
		return err
	}
	if err := checkText("membership", m.Role, m.Source, m.Ref); err != nil {
		return err
	}
	if err := rs.checkIDs(PersonEntity, m.Person); err != nil {
		return err
	}
	if err := rs.checkIDs(AccountEntity, m.Account); err != nil {
		return err
	}
	n := *m
	n.At, n.From, n.To = canonical(m.At), canonical(m.From), canonical(m.To)
	if _, ok := g.relateIndex[n]; ok {
		return nil
	}
	if g.relateIndex == nil {
		g.relateIndex = map[Membership]struct{}{}
	}
	g.relateIndex[n] = struct{}{}
	g.intern(rs, n.Person)
	g.intern(rs, n.Account)
	g.relates = append(g.relates, n)
	return nil
}

// Nest adds parents of accounts. It returns nil if all were taken, else one error or nil for each.
func (g *Graph) Nest(p ...Parent) []error { return each(g, p, g.nest) }

func (g *Graph) nest(p *Parent) error {
	rs := g.ruleset()
	if err := checkTime("at", p.At); err != nil {
		return err
	}
	if err := checkSpan(p.From, p.To); err != nil {
		return err
	}
	if err := checkText("parent", p.Source, p.Ref); err != nil {
		return err
	}
	if err := rs.checkIDs(AccountEntity, p.Child, p.Parent); err != nil {
		return err
	}
	n := *p
	n.At, n.From, n.To = canonical(p.At), canonical(p.From), canonical(p.To)
	if _, ok := g.nestIndex[n]; ok || n.Child == n.Parent {
		return nil
	}
	if g.nestIndex == nil {
		g.nestIndex = map[Parent]struct{}{}
	}
	g.nestIndex[n] = struct{}{}
	g.intern(rs, n.Child)
	g.intern(rs, n.Parent)
	g.nests = append(g.nests, n)
	return nil
}

// Format prints how much a graph holds, never what. Without it fmt would print the
// unexported values.
func (g *Graph) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "identity.Graph(%d identifiers, %d sightings)", len(g.entries), len(g.sights))
}
