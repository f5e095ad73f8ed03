package identity_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// alike runs every pair of variants through two graphs in both orders of telling and both
// directions of merging, wants one state of them, and adds its bytes without the header of
// the rules to the sum. Variants that are each other's conflict are told to one graph each.
func alike[F any](t *testing.T, sum hash.Hash, conflicts bool, tell func(*identity.Graph, ...F) []error, variants ...F) {
	t.Helper()
	bytesOf := func(g *identity.Graph) []byte {
		b, err := g.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		back := new(identity.Graph)
		if err := back.UnmarshalBinary(b); err != nil {
			t.Fatalf("not read back: %v", err)
		}
		return b[33:]
	}
	graphOf := func(fs ...F) *identity.Graph {
		g := new(identity.Graph)
		must(t, tell(g, fs...))
		return g
	}
	for i, x := range variants {
		for j, y := range variants[:i] {
			xy, yx := graphOf(x), graphOf(y)
			for _, err := range []error{xy.Merge(graphOf(y)), yx.Merge(graphOf(x))} {
				if (err != nil) != conflicts {
					t.Errorf("variants %d, %d: %v", i, j, err)
				}
			}
			want := bytesOf(xy)
			if !bytes.Equal(bytesOf(yx), want) {
				t.Errorf("variants %d, %d: the direction of merging shows", i, j)
			}
			if !conflicts && !(bytes.Equal(bytesOf(graphOf(x, y)), want) && bytes.Equal(bytesOf(graphOf(y, x)), want)) {
				t.Errorf("variants %d, %d: the order shows", i, j)
			}
			sum.Write(want)
		}
	}
}

// changed is a fact and, for each change, the fact with this one change.
func changed[F any](base F, changes ...func(*F)) []F {
	out := []F{base}
	for _, change := range changes {
		v := base
		change(&v)
		out = append(out, v)
	}
	return out
}

// Facts that differ in a single field have one order in a state, whatever order they came
// in. The order is part of the format, since a state in another one is not read: the sums
// change only with the version of the encoding.
func TestFactsThatDifferInOneFieldHaveOneOrder(t *testing.T) {
	type (
		E = identity.Evidence
		M = identity.Membership
		P = identity.Parent
		O = identity.Override
		S = identity.Sighting
	)
	u1, u2, d1, d2 := id(t, "user_id:u1"), id(t, "user_id:u2"), id(t, "device_id:d1"), id(t, "device_id:d2")
	a1, a2, a3 := id(t, "domain:a.example"), id(t, "domain:b.example"), id(t, "domain:c.example")
	login := identity.Login
	for name, c := range map[string]struct {
		run  func(sum hash.Hash)
		want string
	}{
		"sightings": {func(sum hash.Hash) {
			alike(t, sum, false, (*identity.Graph).See, changed(S{Ref: identity.Ref{Source: "m", ID: "5"}, At: day(1, 5), IDs: []identity.ID{u1, d1}},
				func(s *S) { s.At = day(1, 4) }, func(s *S) { s.At = day(1, 6) }, func(s *S) { s.Source = "l" }, func(s *S) { s.Source = "n" },
				func(s *S) { s.Ref.ID = "4" }, func(s *S) { s.Ref.ID = "6" }, func(s *S) { s.Kind = identity.Login }, func(s *S) { s.End = true },
				func(s *S) { s.Website = "a.example" }, func(s *S) { s.ReverseIP = "a.example" },
				func(s *S) { s.IDs = []identity.ID{u2, d1} }, func(s *S) { s.IDs = []identity.ID{u1, d2} })...)
		}, "b39d662ac26bad72"},
		"sightings of people and accounts": {func(sum hash.Hash) {
			alike(t, sum, false, (*identity.Graph).See, changed(S{Ref: identity.Ref{Source: "m", ID: "5"}, At: day(1, 5), IDs: []identity.ID{a1, d1, u1}},
				func(s *S) { s.IDs = []identity.ID{a1, u1} }, func(s *S) { s.IDs = []identity.ID{a2, d1, u1} })...)
		}, "729826b431fc3f61"},
		"evidence": {func(sum hash.Hash) {
			alike(t, sum, false, (*identity.Graph).Add, changed(E{A: u1, B: d1, Kind: identity.Probabilistic, Source: "m", Ref: "5", At: day(1, 5), Weight: 5},
				func(e *E) { e.A = u2 }, func(e *E) { e.B = d2 }, func(e *E) { e.Kind, e.Weight = identity.Import, 0 }, func(e *E) { e.Source = "l" },
				func(e *E) { e.Source = "n" }, func(e *E) { e.Ref = "4" }, func(e *E) { e.Ref = "6" }, func(e *E) { e.At = day(1, 4) },
				func(e *E) { e.Weight = 4 }, func(e *E) { e.Weight = 6 }, func(e *E) { e.From = day(1, 1) }, func(e *E) { e.From = day(1, 2) },
				func(e *E) { e.To = day(2, 1) }, func(e *E) { e.To = day(2, 2) })...)
		}, "050eabaea8e797b7"},
		"memberships": {func(sum hash.Hash) {
			alike(t, sum, false, (*identity.Graph).Relate, changed(M{Person: u1, Account: a1, Source: "m", Ref: "5", At: day(1, 5), Confidence: 5, Role: "m"},
				func(m *M) { m.At = day(1, 4) }, func(m *M) { m.Source = "l" }, func(m *M) { m.Source = "n" }, func(m *M) { m.Ref = "4" },
				func(m *M) { m.Person = u2 }, func(m *M) { m.Account = a2 }, func(m *M) { m.From = day(1, 1) }, func(m *M) { m.To = day(2, 1) },
				func(m *M) { m.Primary = true }, func(m *M) { m.Confidence = 4 }, func(m *M) { m.Confidence = 6 }, func(m *M) { m.Role = "l" })...)
		}, "7e3f2c69988733bf"},
		"parents": {func(sum hash.Hash) {
			alike(t, sum, false, (*identity.Graph).Nest, changed(P{Child: a1, Parent: a2, Source: "m", Ref: "5", At: day(1, 5)},
				func(p *P) { p.At = day(1, 4) }, func(p *P) { p.Source = "l" }, func(p *P) { p.Ref = "4" }, func(p *P) { p.Child = a3 },
				func(p *P) { p.Parent = a3 }, func(p *P) { p.From = day(1, 1) }, func(p *P) { p.To = day(2, 1) })...)
		}, "2483e6ad2e3fbaab"},
		// Of two overrides of one ID the lesser stays.
		"overrides of one id": {func(sum hash.Hash) {
			link := O{ID: "o", At: day(1, 5), Actor: "m", Reason: "m", Op: identity.MustLink, A: u1, B: d1}
			alike(t, sum, true, (*identity.Graph).Apply, changed(link, func(o *O) { o.At = day(1, 4) }, func(o *O) { o.Actor = "l" },
				func(o *O) { o.Op = identity.CannotLink }, func(o *O) { o.Op = identity.Clear }, func(o *O) { o.Reason = "l" },
				func(o *O) { o.A = u2 }, func(o *O) { o.B = d2 }, func(o *O) { o.Force = true })...)
			part := O{ID: "o", At: day(1, 5), Op: identity.Separate, Left: []identity.ID{u1}, Right: []identity.ID{d1}}
			alike(t, sum, true, (*identity.Graph).Apply, changed(part, func(o *O) { o.Left = []identity.ID{u2} }, func(o *O) { o.Right = []identity.ID{d2} },
				func(o *O) { o.Left = []identity.ID{u1, u2} })...)
			back := O{ID: "o", At: day(1, 5), Op: identity.Restore, Target: "m"}
			alike(t, sum, true, (*identity.Graph).Apply, changed(back, func(o *O) { o.Target = "l" })...)
			kill := O{ID: "o", At: day(1, 5), Op: identity.Retract, Scope: identity.Scope{A: u1, B: d1}}
			alike(t, sum, true, (*identity.Graph).Apply, changed(kill, func(o *O) { o.Scope.A = u2 }, func(o *O) { o.Scope.B = d2 },
				func(o *O) { o.Scope.Kind = &login }, func(o *O) { o.Scope.Source = "m" }, func(o *O) { o.Scope.Ref.Source = "m" },
				func(o *O) { o.Scope.Ref.ID = "5" }, func(o *O) { o.Scope.From = day(1, 1) }, func(o *O) { o.Scope.To = day(2, 1) })...)
		}, "1f2e2e6386fbf498"},
		"overrides of one instant": {func(sum hash.Hash) {
			alike(t, sum, false, (*identity.Graph).Apply, O{ID: "1", At: day(1, 5), Actor: "m", Op: identity.MustLink, A: u1, B: d1},
				O{ID: "2", At: day(1, 5), Actor: "l", Op: identity.CannotLink, A: u1, B: d1}, O{ID: "3", At: day(1, 5), Actor: "m", Op: identity.Clear, A: u1, B: d1},
				O{ID: "0", At: day(1, 4), Actor: "n", Op: identity.CannotLink, A: u1, B: d1})
		}, "745911db4ab26544"},
	} {
		sum := sha256.New()
		c.run(sum)
		if got := fmt.Sprintf("%x", sum.Sum(nil)[:8]); got != c.want {
			t.Errorf("%s: sum %s, want %s", name, got, c.want)
		}
	}
}

// A hierarchy counts a statement from its own instant on and an edge in [From, To), orders
// children by AccountID, and names several cycles by their first account.
func TestHierarchyAtItsBorders(t *testing.T) {
	holding := id(t, "domain:holding.example")
	nest := func(child, parent identity.ID, at, from, to time.Time) identity.Parent {
		return identity.Parent{Child: child, Parent: parent, Source: "crm", Ref: child.Value(), At: at, From: from, To: to}
	}
	account := func(name string) identity.ID { return id(t, "domain:"+name+".example") }
	g := new(identity.Graph)
	var never time.Time
	for i := range 12 {
		must(t, g.Nest(nest(account(fmt.Sprint("child", i)), holding, day(1, 1), never, never)))
	}
	for i := range 12 { // the edge that is left out is now one end's, now the other's
		a, b := account(fmt.Sprint("left", i)), account(fmt.Sprint("right", i))
		must(t, g.Nest(nest(a, b, day(1, 1), never, never), nest(b, a, day(1, 2), never, never)))
	}
	must(t, g.Nest(nest(account("bounded"), holding, day(1, 1), day(2, 1), day(3, 1)), nest(account("late"), holding, day(1, 9), never, never)))

	r := g.Resolve(time.Time{})
	top, bounded, late := accountID(t, r, "domain:holding.example"), accountID(t, r, "domain:bounded.example"), accountID(t, r, "domain:late.example")
	h, errs := r.Hierarchy(day(1, 20))
	list := h.Descendants(top)
	if len(list) != 13 {
		t.Errorf("%d children", len(list))
	}
	for i := 1; i < len(list); i++ {
		if bytes.Compare(list[i-1][:], list[i][:]) >= 0 {
			t.Fatalf("children out of order: %v", list)
		}
	}
	var last identity.AccountID
	for _, err := range errs {
		first := err.(*identity.CycleError).Accounts[0]
		if bytes.Compare(last[:], first[:]) >= 0 {
			t.Errorf("cycles out of order: %v", errs)
		}
		last = first
	}
	if len(errs) != 12 {
		t.Errorf("%d cycles", len(errs))
	}
	tick := time.Microsecond
	for at, want := range map[time.Time]bool{day(2, 1).Add(-tick): false, day(2, 1): true, day(3, 1).Add(-tick): true, day(3, 1): false} {
		if h, _ := r.Hierarchy(at); (h.Ultimate(bounded) == top) != want {
			t.Errorf("valid at %v: %v", at, !want)
		}
	}
	for known, want := range map[time.Time]bool{day(1, 9).Add(-tick): false, day(1, 9): true} {
		if h, _ := g.Resolve(known).Hierarchy(day(2, 1)); (h.Ultimate(late) == top) != want {
			t.Errorf("known at %v: %v", known, !want)
		}
	}
}
