package identity

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// An Op is what an [Override] does.
type Op uint8

// The operations of an [Override]. The numbers are part of the encodings.
const (
	Retract    Op = iota + 1 // matching evidence is dead, present and future
	Restore                  // takes back the override named by Target, usually a Retract
	MustLink                 // A and B are one
	CannotLink               // A and B are two
	Clear                    // no statement about A and B any more
	Separate                 // nobody may hold a member of both Left and Right
)

var opNames = [...]string{"", "retract", "restore", "must_link", "cannot_link", "clear", "separate"}

// String returns the operation in lower case with underscores, such as "must_link".
func (o Op) String() string {
	if o == 0 {
		return "unknown"
	}
	return nameOf(opNames[:], int(o))
}

// ParseOp reads what String returns.
func ParseOp(s string) (Op, error) {
	i := slices.Index(opNames[1:], s)
	if i < 0 {
		return 0, &InvalidError{"op", "out_of_range"}
	}
	return Op(i + 1), nil
}

// An Override is an operator's statement about evidence, keyed by ID: reversible,
// replay-proof, and audited by At, Actor and Reason. It counts from At on. For one pair
// the latest of MustLink, CannotLink and Clear is in force, by (At, Actor, ID); an
// override is out of force once a later Restore names it.
type Override struct {
	ID            string
	At            time.Time
	Actor, Reason string
	Op            Op
	A, B          ID     // MustLink, CannotLink, Clear
	Left, Right   []ID   // Separate, at most MaxSide each
	Force         bool   // MustLink: even over a limit
	Scope         Scope  // Retract
	Target        string // Restore: the ID of another override
}

// A Scope selects the evidence that a Retract kills. A zero field means any; a scope
// with every field zero is refused. A alone is every edge of A. To bounds it to
// evidence with At < To.
type Scope struct {
	A, B     ID
	Kind     *Kind
	Source   string
	Ref      Ref
	From, To time.Time
}

// Apply adds overrides. It returns nil if all were taken, else one error or nil for
// each: [ErrNoScope] for a retraction of everything, [ErrConflict] where the ID is known
// with other content (the first stays).
func (g *Graph) Apply(o ...Override) []error { return each(g, o, g.apply) }

func (g *Graph) apply(o *Override) error {
	n, err := g.ruleset().canonicalOverride(o)
	if err != nil {
		return err
	}
	if i, ok := g.overIndex[n.ID]; ok {
		if compareOverrides(&g.overs[i], &n) != 0 {
			return ErrConflict
		}
		return nil
	}
	if g.overIndex == nil {
		g.overIndex = map[string]int{}
	}
	g.overIndex[n.ID] = len(g.overs)
	g.overs = append(g.overs, n)
	for _, id := range n.names() {
		g.intern(g.ruleset(), id)
	}
	return nil
}

// canonicalOverride checks an override and drops the fields that its Op does not use.
func (rs *ruleset) canonicalOverride(o *Override) (n Override, err error) {
	if o.ID == "" {
		return n, &InvalidError{"id", "missing"}
	}
	if err := checkText("override", o.ID, o.Actor, o.Reason, o.Target, o.Scope.Source, o.Scope.Ref.Source, o.Scope.Ref.ID); err != nil {
		return n, err
	}
	if err := checkTime("at", o.At); err != nil {
		return n, err
	}
	n = Override{ID: o.ID, At: canonical(o.At), Actor: o.Actor, Reason: o.Reason, Op: o.Op}
	switch o.Op {
	case Retract:
		n.Scope, err = rs.canonicalScope(o.Scope)
	case Restore:
		if n.Target = o.Target; n.Target == "" {
			err = &InvalidError{"target", "missing"}
		}
	case MustLink, CannotLink, Clear:
		n.A, n.B = o.A, o.B
		n.Force = o.Force && o.Op == MustLink
		if err = rs.checkID(n.A); err == nil {
			err = rs.checkIDs(rs.entity(n.A), n.B)
		}
		if n.A.Compare(n.B, &rs.rules) > 0 {
			n.A, n.B = n.B, n.A
		}
		if err == nil && n.A == n.B && o.Op == CannotLink {
			err = &InvalidError{"b", "out_of_range"}
		}
	case Separate:
		if len(o.Left) > MaxSide || len(o.Right) > MaxSide {
			return n, ErrTooMany
		}
		n.Left, n.Right = sortedIDs(o.Left), sortedIDs(o.Right)
		if len(n.Left) == 0 || len(n.Right) == 0 {
			return n, &InvalidError{"left", "missing"}
		}
		if err = rs.checkID(n.Left[0]); err == nil {
			err = rs.checkIDs(rs.entity(n.Left[0]), append(slices.Clone(n.Left), n.Right...)...)
		}
		for _, id := range n.Left {
			if _, both := slices.BinarySearchFunc(n.Right, id, CompareIDs); both {
				err = cmp.Or(err, error(&InvalidError{"right", "out_of_range"}))
			}
		}
	default:
		err = &InvalidError{"op", "out_of_range"}
	}
	return n, err
}

func (rs *ruleset) canonicalScope(s Scope) (Scope, error) {
	n := Scope{A: s.A, B: s.B, Source: s.Source, Ref: s.Ref, From: canonical(s.From), To: canonical(s.To)}
	if s.Kind != nil {
		k := *s.Kind
		n.Kind = &k
	}
	if (Scope{A: s.A, B: s.B, Source: s.Source, Ref: s.Ref, From: n.From, To: n.To}) == (Scope{}) && n.Kind == nil {
		return n, ErrNoScope
	}
	if err := checkSpan(s.From, s.To); err != nil {
		return n, err
	}
	for _, id := range []ID{n.A, n.B} {
		if id.IsZero() {
			continue
		}
		if err := rs.checkID(id); err != nil {
			return n, err
		}
	}
	if n.A.IsZero() || !n.B.IsZero() && n.A.Compare(n.B, &rs.rules) > 0 {
		n.A, n.B = n.B, n.A
	}
	return n, nil
}

// canonical returns an instant to the microsecond in UTC, and the zero time as it is.
func canonical(t time.Time) time.Time { return instant(micros(t, minTime)) }

func sortedIDs(ids []ID) []ID {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, CompareIDs)
	return slices.Compact(ids)
}

// names lists the identifiers of an override, those of a scope too.
func (o *Override) names() []ID {
	var ids []ID
	for _, id := range []ID{o.A, o.B, o.Scope.A, o.Scope.B} {
		if !id.IsZero() {
			ids = append(ids, id)
		}
	}
	return append(append(ids, o.Left...), o.Right...)
}

// compareOverrides orders by (At, Actor, ID), the order in which statements are heard,
// then by the rest of the content.
func compareOverrides(a, b *Override) int {
	if c := a.At.Compare(b.At); c != 0 {
		return c
	}
	if c := strings.Compare(a.Actor, b.Actor); c != 0 {
		return c
	}
	if c := strings.Compare(a.ID, b.ID); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(a.Op, b.Op), strings.Compare(a.Reason, b.Reason),
		CompareIDs(a.A, b.A), CompareIDs(a.B, b.B),
		slices.CompareFunc(a.Left, b.Left, CompareIDs), slices.CompareFunc(a.Right, b.Right, CompareIDs),
		compareBools(a.Force, b.Force), strings.Compare(a.Target, b.Target),
		CompareIDs(a.Scope.A, b.Scope.A), CompareIDs(a.Scope.B, b.Scope.B),
		cmp.Compare(kindOrMinus(a.Scope.Kind), kindOrMinus(b.Scope.Kind)),
		strings.Compare(a.Scope.Source, b.Scope.Source),
		strings.Compare(a.Scope.Ref.Source, b.Scope.Ref.Source), strings.Compare(a.Scope.Ref.ID, b.Scope.Ref.ID),
		a.Scope.From.Compare(b.Scope.From), a.Scope.To.Compare(b.Scope.To))
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func kindOrMinus(k *Kind) int {
	if k == nil {
		return -1
	}
	return int(*k)
}
