package identity_test

import (
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// The naive solver: the rules of the specification with sets, breadth-first search and
// sorting, sharing no code with the engine but ID.Compare and Linkable.

type world struct {
	rules    identity.Rules
	sights   []identity.Sighting
	evidence []identity.Evidence
	overs    []identity.Override
}

type bond struct {
	a, b   identity.ID
	kind   identity.Kind
	source string
	ref    string
	at     time.Time
	weight int32
}

type duo struct{ a, b identity.ID }

type set map[identity.ID]bool

type answer struct {
	home    map[identity.ID]*set
	shared  set
	big     map[*set]bool
	refused map[duo]identity.RefusalReason
	first   map[identity.ID]time.Time
}

func (w *world) less(a, b identity.ID) bool { return a.Compare(b, &w.rules) < 0 }

func (w *world) links(x identity.ID) bool { ok, _ := w.rules.Linkable(x); return ok }

func heard(a, b identity.Override) bool { // a before b
	if !a.At.Equal(b.At) {
		return a.At.Before(b.At)
	}
	if a.Actor != b.Actor {
		return a.Actor < b.Actor
	}
	return a.ID < b.ID
}

func (w *world) inForce(at time.Time) (musts []identity.Override, parts [][2][]identity.ID, retracts []identity.Override) {
	var all []identity.Override
	for _, o := range w.overs {
		if at.IsZero() || !o.At.After(at) {
			all = append(all, o)
		}
	}
	sort.Slice(all, func(i, j int) bool { return heard(all[i], all[j]) })
	all = slices.CompactFunc(all, func(a, b identity.Override) bool { return a.ID == b.ID })
	lifted := func(o identity.Override) bool {
		for _, r := range all {
			if r.Op == identity.Restore && r.Target == o.ID && heard(o, r) {
				return true
			}
		}
		return false
	}
	for _, o := range all {
		if lifted(o) {
			continue
		}
		if o.Op == identity.MustLink || o.Op == identity.CannotLink {
			latest := true
			for _, p := range all {
				if p.Op >= identity.MustLink && p.Op <= identity.Clear && !lifted(p) && heard(o, p) &&
					(p.A == o.A && p.B == o.B || p.A == o.B && p.B == o.A) {
					latest = false
				}
			}
			if !latest {
				continue
			}
		}
		switch o.Op {
		case identity.Retract:
			retracts = append(retracts, o)
		case identity.MustLink:
			musts = append(musts, o)
		case identity.CannotLink:
			parts = append(parts, [2][]identity.ID{{o.A}, {o.B}})
		case identity.Separate:
			parts = append(parts, [2][]identity.ID{o.Left, o.Right})
		}
	}
	return
}

func kills(o identity.Override, e bond) bool {
	s := o.Scope
	for _, x := range []identity.ID{s.A, s.B} {
		if !x.IsZero() && x != e.a && x != e.b {
			return false
		}
	}
	return (s.Kind == nil || *s.Kind == e.kind) && (s.Source == "" || s.Source == e.source) &&
		(s.Ref.Source == "" || s.Ref.Source == e.source) && (s.Ref.ID == "" || s.Ref.ID == e.ref) &&
		(s.From.IsZero() || !e.at.Before(s.From)) && (s.To.IsZero() || e.at.Before(s.To))
}

func (w *world) solve(at time.Time) *answer {
	musts, parts, retracts := w.inForce(at)
	ans := &answer{home: map[identity.ID]*set{}, shared: set{}, big: map[*set]bool{}, refused: map[duo]identity.RefusalReason{}, first: map[identity.ID]time.Time{}}
	meet := func(x identity.ID) {
		if w.links(x) && ans.home[x] == nil {
			ans.home[x] = &set{x: true}
		}
	}
	date := func(x identity.ID, t time.Time) {
		if old, ok := ans.first[x]; !ok || t.Before(old) {
			ans.first[x] = t
		}
	}
	dead := func(e bond) bool {
		for _, o := range retracts {
			if kills(o, e) {
				return true
			}
		}
		p := w.rules.Probabilistic
		return e.kind == identity.Probabilistic && (!p.Merge || e.weight < p.Threshold)
	}
	var bonds []bond
	for _, s := range w.sights {
		if !at.IsZero() && s.At.After(at) {
			continue
		}
		groups := map[identity.Entity][]identity.ID{}
		for _, x := range s.IDs {
			date(x, s.At)
			meet(x)
			if w.links(x) {
				e := w.rules.Types[x.Type()].Entity
				groups[e] = append(groups[e], x)
			}
		}
		for _, g := range groups {
			sort.Slice(g, func(i, j int) bool { return w.less(g[i], g[j]) })
			for _, x := range g[1:] {
				if e := (bond{g[0], x, s.Kind, s.Source, s.ID, s.At, 0}); x != g[0] && !dead(e) {
					bonds = append(bonds, e)
				}
			}
		}
	}
	for _, v := range w.evidence {
		if !at.IsZero() && v.At.After(at) || v.A == v.B {
			continue
		}
		meet(v.A)
		meet(v.B)
		e := bond{v.A, v.B, v.Kind, v.Source, v.Ref, v.At, v.Weight}
		if w.less(e.b, e.a) {
			e.a, e.b = e.b, e.a
		}
		if v.From.IsZero() && v.To.IsZero() && w.links(v.A) && w.links(v.B) && !dead(e) {
			date(v.A, v.At)
			date(v.B, v.At)
			bonds = append(bonds, e)
		}
	}
	try := func(a, b identity.ID, force bool) identity.RefusalReason {
		x, y := ans.home[a], ans.home[b]
		if x == y {
			return ""
		}
		holds := func(s *set, ids []identity.ID) bool {
			return slices.ContainsFunc(ids, func(i identity.ID) bool { return (*s)[i] })
		}
		for _, p := range parts {
			if (holds(x, p[0]) || holds(y, p[0])) && (holds(x, p[1]) || holds(y, p[1])) {
				return identity.RefusedCannotLink
			}
		}
		if !force && w.breaks(ans, x, y) {
			return identity.RefusedLimit
		}
		if len(*x)+len(*y) > w.rules.MaxIdentifiers {
			ans.big[x], ans.big[y] = true, true
			return identity.RefusedOversized
		}
		for i := range *y {
			(*x)[i] = true
			ans.home[i] = x
		}
		if ans.big[y] {
			ans.big[x] = true
		}
		return ""
	}
	for _, o := range w.overs {
		if o.Op == identity.MustLink && (at.IsZero() || !o.At.After(at)) {
			meet(o.A)
			meet(o.B)
		}
	}
	for _, m := range musts {
		if m.A != m.B && w.links(m.A) && w.links(m.B) {
			a, b := m.A, m.B
			if w.less(b, a) {
				a, b = b, a
			}
			try(a, b, m.Force)
		}
	}
	type tie struct {
		duo
		tier   int
		weight int32
		first  time.Time
	}
	ties := map[duo]*tie{}
	for _, e := range bonds {
		d := duo{e.a, e.b}
		if ties[d] == nil {
			ties[d] = &tie{duo: d, tier: 1}
		}
		if e.kind != identity.Probabilistic {
			ties[d].tier = 0
		}
	}
	for _, e := range bonds {
		t := ties[duo{e.a, e.b}]
		if (e.kind == identity.Probabilistic) != (t.tier == 1) {
			continue
		}
		if t.first.IsZero() || e.at.Before(t.first) {
			t.first = e.at
		}
		if t.tier == 1 {
			t.weight = max(t.weight, e.weight)
		}
	}
	why := map[identity.ID]identity.RefusalReason{}
	for x := range ans.home {
		tr := w.rules.Types[x.Type()]
		near := set{}
		for d := range ties {
			if d.a == x {
				near[d.b] = true
			} else if d.b == x {
				near[d.a] = true
			}
		}
		owners := map[identity.Type]map[*set]bool{}
		for y := range near {
			if kt := w.rules.Types[y.Type()]; kt.Class == identity.KeyClass && kt.Max > 0 {
				if owners[y.Type()] == nil {
					owners[y.Type()] = map[*set]bool{}
				}
				owners[y.Type()][ans.home[y]] = true
			}
		}
		if tr.Class == identity.KeyClass {
			continue
		}
		if tr.MaxDegree > 0 && len(near) > tr.MaxDegree {
			why[x] = identity.RefusedSharedDegree
		}
		for typ, os := range owners {
			m := w.rules.Types[typ].Max
			if tr.MaxOwners > 0 && (len(os)+m-1)/m > tr.MaxOwners {
				why[x] = identity.RefusedSharedOwners
			}
		}
	}
	var order []*tie
	for _, t := range ties {
		order = append(order, t)
	}
	rank := func(t *tie) int { return w.rules.Types[t.a.Type()].Rank + w.rules.Types[t.b.Type()].Rank }
	sort.Slice(order, func(i, j int) bool {
		p, q := order[i], order[j]
		switch {
		case p.tier != q.tier:
			return p.tier < q.tier
		case rank(p) != rank(q):
			return rank(p) < rank(q)
		case p.weight != q.weight:
			return p.weight > q.weight
		case !p.first.Equal(q.first):
			return p.first.Before(q.first)
		case p.a != q.a:
			return w.less(p.a, q.a)
		}
		return w.less(p.b, q.b)
	})
	for _, t := range order {
		reason := identity.RefusalReason("")
		if ans.home[t.a] != ans.home[t.b] {
			for _, x := range []identity.ID{t.a, t.b} {
				if reason != identity.RefusedSharedOwners && why[x] != "" {
					reason = why[x]
				}
			}
			if reason == "" {
				reason = try(t.a, t.b, false)
			}
		}
		if reason != "" {
			ans.refused[t.duo] = reason
		}
	}
	for d := range ans.refused {
		if ans.home[d.a] == ans.home[d.b] {
			delete(ans.refused, d)
		}
	}
	for x := range why {
		if len(*ans.home[x]) == 1 {
			ans.shared[x] = true
		}
	}
	return ans
}

// breaks applies the limit rule by trying every window that begins at an identifier.
func (w *world) breaks(ans *answer, x, y *set) bool {
	for typ, tr := range w.rules.Types {
		if tr.Max == 0 {
			continue
		}
		date := func(i identity.ID) int64 {
			if t, ok := ans.first[i]; ok {
				return t.UnixMicro()
			}
			return 1 << 62 // never dated: together, after all others
		}
		var all []identity.ID
		for _, s := range []*set{x, y} {
			for i := range *s {
				if i.Type() == typ {
					all = append(all, i)
				}
			}
		}
		for _, from := range all {
			n, ofX, ofY := 0, false, false
			for _, i := range all {
				if d := date(i) - date(from); tr.Per == 0 || d >= 0 && d < tr.Per.Microseconds() {
					n++
					ofX, ofY = ofX || (*x)[i], ofY || (*y)[i]
				}
			}
			if n > tr.Max && ofX && ofY {
				return true
			}
		}
	}
	return false
}

// text writes an answer out the way resolutionText does.
func (w *world) text(ans *answer) string {
	var out []string
	for _, s := range ans.home {
		var vs []string
		anchor := identity.ID{}
		for x := range *s {
			vs = append(vs, x.Value())
			if anchor.IsZero() || w.anchors(ans, x, anchor) {
				anchor = x
			}
		}
		slices.Sort(vs)
		line := anchor.Value() + ": " + strings.Join(vs, " ")
		if len(*s) == 1 && ans.shared[anchor] {
			line += " shared"
		}
		if ans.big[s] {
			line += " oversized"
		}
		out = append(out, line)
	}
	for d, reason := range ans.refused {
		out = append(out, d.a.Value()+"-"+d.b.Value()+" "+string(reason))
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), "\n")
}

func (w *world) anchors(ans *answer, x, y identity.ID) bool {
	rx, ry := w.rules.Types[x.Type()].Rank, w.rules.Types[y.Type()].Rank
	fx, okX := ans.first[x]
	fy, okY := ans.first[y]
	switch {
	case rx != ry:
		return rx < ry
	case okX != okY:
		return okX
	case okX && !fx.Equal(fy):
		return fx.Before(fy)
	}
	return w.less(x, y)
}
