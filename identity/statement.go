package identity

import (
	"slices"
)

// statements are the overrides in force at one instant, ready for the solver.
type statements struct {
	retracts []*Override // by (At, Actor, ID), like the rest
	byID     map[uint32][]int32
	byRef    map[string][]int32
	anywhere []int32 // retractions that name neither identifier nor ref

	musts []must
	parts []partition
	sides map[uint32][]int32 // identifier to its sides: 2·part, or 2·part+1
}

// A must is a MustLink in force; a is the stronger identifier.
type must struct {
	a, b uint32
	o    *Override
}

// A partition is a Separate or CannotLink in force.
type partition struct{ o *Override }

// inForce selects the overrides that count at the instant at.
func (f *facts) inForce(at int64) *statements {
	st := &statements{}
	if len(f.overs) == 0 {
		return st
	}
	all := f.heard(at)
	restored := map[string]int{} // by the last Restore of each target
	for i, o := range all {
		if o.Op == Restore {
			restored[o.Target] = i
		}
	}
	type idPair struct{ a, b ID }
	latest := map[idPair]int{}
	counts := func(i int) bool {
		r, ok := restored[all[i].ID]
		return !ok || r < i
	}
	for i, o := range all {
		if (o.Op == MustLink || o.Op == CannotLink || o.Op == Clear) && counts(i) {
			latest[idPair{o.A, o.B}] = i
		}
	}
	for i, o := range all {
		if !counts(i) {
			continue
		}
		switch o.Op {
		case Retract:
			st.retract(f, o)
		case Separate:
			st.part(f, o, o.Left, o.Right)
		case MustLink, CannotLink:
			if latest[idPair{o.A, o.B}] != i {
				continue
			}
			if o.Op == CannotLink {
				st.part(f, o, []ID{o.A}, []ID{o.B})
				continue
			}
			a, _ := f.number(o.A)
			b, _ := f.number(o.B)
			if a != b {
				st.musts = append(st.musts, must{a, b, o})
			}
		}
	}
	return st
}

// heard returns the overrides up to an instant in the order in which they are heard.
func (f *facts) heard(at int64) []*Override {
	var all []*Override
	for i := range f.overs {
		if o := &f.overs[i]; o.At.UnixMicro() <= at {
			all = append(all, o)
		}
	}
	if !slices.IsSortedFunc(all, compareOverrides) { // they mostly come in order
		slices.SortFunc(all, compareOverrides)
	}
	return all
}

func (st *statements) retract(f *facts, o *Override) {
	i := int32(len(st.retracts))
	st.retracts = append(st.retracts, o)
	switch {
	case !o.Scope.A.IsZero():
		if st.byID == nil {
			st.byID = map[uint32][]int32{}
		}
		a, _ := f.number(o.Scope.A)
		st.byID[a] = append(st.byID[a], i)
	case o.Scope.Ref.ID != "":
		if st.byRef == nil {
			st.byRef = map[string][]int32{}
		}
		st.byRef[o.Scope.Ref.ID] = append(st.byRef[o.Scope.Ref.ID], i)
	default:
		st.anywhere = append(st.anywhere, i)
	}
}

func (st *statements) part(f *facts, o *Override, left, right []ID) {
	if st.sides == nil {
		st.sides = map[uint32][]int32{}
	}
	side := int32(2 * len(st.parts))
	st.parts = append(st.parts, partition{o})
	for _, ids := range [][]ID{left, right} {
		for _, id := range ids {
			n, _ := f.number(id)
			st.sides[n] = append(st.sides[n], side)
		}
		side++
	}
}

// killer returns the first retraction that kills an edge, -1 for none.
func (st *statements) killer(f *facts, e *edge) int32 {
	if len(st.retracts) == 0 {
		return -1
	}
	ref := f.refOf(e)
	best := int32(-1)
	for _, list := range [][]int32{st.byID[e.a], st.byID[e.b], st.byRef[ref], st.anywhere} {
		for _, i := range list { // ascending
			if best >= 0 && i > best {
				break
			}
			if f.selects(&st.retracts[i].Scope, e, ref) {
				best = i
				break
			}
		}
	}
	return best
}

// selects reports whether a scope selects an edge.
func (f *facts) selects(s *Scope, e *edge, ref string) bool {
	a, b := f.entries[e.a].id, f.entries[e.b].id
	switch {
	case !s.A.IsZero() && s.A != a && s.A != b,
		!s.B.IsZero() && s.B != a && s.B != b,
		s.Kind != nil && *s.Kind != e.kind,
		s.Source != "" && s.Source != f.sources[e.source],
		s.Ref.Source != "" && s.Ref.Source != f.sources[e.source],
		s.Ref.ID != "" && s.Ref.ID != ref,
		!s.From.IsZero() && e.at < s.From.UnixMicro(),
		!s.To.IsZero() && e.at >= s.To.UnixMicro():
		return false
	}
	return true
}
