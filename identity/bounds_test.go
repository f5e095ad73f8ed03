package identity_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
)

func TestFactsThatCannotBeTaken(t *testing.T) {
	many := make([]identity.ID, 101)
	for i := range many {
		many[i] = identity.MakeID(identity.DeviceID, fmt.Sprint("device", i))
	}
	u := id(t, "user_id:u")
	ev := func(change func(*identity.Evidence)) func(*identity.Graph) []error {
		e := identity.Evidence{A: u, B: id(t, "device_id:dd"), At: day(1, 1)}
		change(&e)
		return func(g *identity.Graph) []error { return g.Add(e) }
	}
	ov := func(o identity.Override) func(*identity.Graph) []error {
		if o.At.IsZero() {
			o.At = day(1, 1)
		}
		return func(g *identity.Graph) []error { return g.Apply(o) }
	}
	see := func(s identity.Sighting) func(*identity.Graph) []error {
		return func(g *identity.Graph) []error { return g.See(s) }
	}
	for name, c := range map[string]struct {
		add  func(*identity.Graph) []error
		want string
	}{
		"no time":             {see(identity.Sighting{}), "at: missing"},
		"before 1970":         {see(identity.Sighting{At: time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC)}), "at: time_range"},
		"after 9999":          {see(identity.Sighting{At: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}), "at: time_range"},
		"101 identifiers":     {see(identity.Sighting{At: day(1, 1), IDs: many}), "too many"},
		"zero identifier":     {see(identity.Sighting{At: day(1, 1), IDs: make([]identity.ID, 1)}), "unknown identifier type"},
		"unknown type":        {see(identity.Sighting{At: day(1, 1), IDs: []identity.ID{identity.MakeID("shoe", "42")}}), "unknown identifier type"},
		"long value":          {see(identity.Sighting{At: day(1, 1), IDs: []identity.ID{identity.MakeID("email", strings.Repeat("x", 513))}}), "too_long"},
		"scored sighting":     {see(identity.Sighting{At: day(1, 1), Kind: identity.Probabilistic}), "kind: out_of_range"},
		"long ref":            {see(identity.Sighting{At: day(1, 1), Ref: identity.Ref{ID: strings.Repeat("x", 1025)}}), "ref: too_long"},
		"bad kind":            {ev(func(e *identity.Evidence) { e.Kind = 9 }), "kind: out_of_range"},
		"empty interval":      {ev(func(e *identity.Evidence) { e.From, e.To = day(2, 1), day(2, 1) }), "to: out_of_range"},
		"two entities":        {ev(func(e *identity.Evidence) { e.B = id(t, "domain:example.com") }), "never one"},
		"no override id":      {ov(identity.Override{Op: identity.Retract}), "id: missing"},
		"no scope":            {ov(identity.Override{ID: "1", Op: identity.Retract}), "needs a scope"},
		"no op":               {ov(identity.Override{ID: "1"}), "op: out_of_range"},
		"no target":           {ov(identity.Override{ID: "1", Op: identity.Restore}), "target: missing"},
		"apart from itself":   {ov(identity.Override{ID: "1", Op: identity.CannotLink, A: u, B: u}), "b: out_of_range"},
		"one side":            {ov(identity.Override{ID: "1", Op: identity.Separate, Left: []identity.ID{u}}), "left: missing"},
		"on both sides":       {ov(identity.Override{ID: "1", Op: identity.Separate, Left: []identity.ID{u}, Right: []identity.ID{u}}), "right: out_of_range"},
		"1,001 on a side":     {ov(identity.Override{ID: "1", Op: identity.Separate, Left: make([]identity.ID, 1001), Right: []identity.ID{u}}), "too many"},
		"parent of an entity": {func(g *identity.Graph) []error { return g.Nest(identity.Parent{Child: u, Parent: u, At: day(1, 1)}) }, "never one"},
	} {
		g := new(identity.Graph)
		errs := c.add(g)
		if len(errs) != 1 || errs[0] == nil || !strings.Contains(errs[0].Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, errs, c.want)
		}
		if people(g.Resolve(time.Time{})) != "" {
			t.Errorf("%s: something was kept", name)
		}
	}
	if errs := new(identity.Graph).See(identity.Sighting{At: day(1, 1), IDs: many[:100]}, identity.Sighting{}); errs[0] != nil || errs[1] == nil {
		t.Error("a bad sighting must not stop a good one:", errs)
	}
}

func TestConflictingOverride(t *testing.T) {
	o := identity.Override{ID: "1", At: day(1, 1), Op: identity.MustLink, A: id(t, "user_id:u"), B: id(t, "device_id:dd")}
	p := o
	p.Force = true
	a, b := graph(t, nil), graph(t, nil)
	must(t, a.Apply(o, o))
	must(t, b.Apply(p))
	if errs := a.Apply(p); len(errs) != 1 || errs[0] != identity.ErrConflict {
		t.Error(errs)
	}
	c, d := graph(t, nil), graph(t, nil)
	must(t, c.Apply(o))
	must(t, d.Apply(p))
	if err := c.Merge(b); err != identity.ErrConflict {
		t.Error(err)
	}
	if err := d.Merge(a); err != identity.ErrConflict {
		t.Error(err)
	}
	x, _ := c.MarshalBinary()
	y, _ := d.MarshalBinary()
	if string(x) != string(y) {
		t.Error("merging depends on the order")
	}
}

// Invariant 14: tenants never mix.
func TestGraphsThatDoNotMerge(t *testing.T) {
	a, b := graph(t, &identity.Rules{Tenant: "a"}), graph(t, &identity.Rules{Tenant: "b"})
	if err := a.Merge(b); err != identity.ErrTenant {
		t.Error(err)
	}
	if err := a.Merge(graph(t, &identity.Rules{Tenant: "a", Key: []byte("k")})); err != identity.ErrRules {
		t.Error(err)
	}
	bytes, _ := b.MarshalBinary()
	if err := a.UnmarshalBinary(bytes); err != identity.ErrRules {
		t.Error(err)
	}
	if err := a.Merge(nil); err != nil {
		t.Error(err)
	}
	must(t, a.See(touch(t, "1", day(1, 1), "user_id:u1")))
	must(t, b.See(touch(t, "1", day(1, 1), "user_id:u1")))
	p, _ := a.Resolve(time.Time{}).Person(id(t, "user_id:u1"))
	q, _ := b.Resolve(time.Time{}).Person(id(t, "user_id:u1"))
	if p.ID == q.ID {
		t.Error("two tenants, one id")
	}
}

func TestNilAndZeroAreHarmless(t *testing.T) {
	var g *identity.Graph
	if errs := g.See(identity.Sighting{}); !errors.Is(errs[0], identity.ErrNilGraph) {
		t.Error(errs)
	}
	if err := g.Merge(new(identity.Graph)); err == nil {
		t.Error("nil graph took facts")
	}
	if b, err := g.MarshalBinary(); err != nil || len(b) == 0 {
		t.Error(err)
	}
	for _, r := range []*identity.Resolution{nil, g.Resolve(time.Time{}), new(identity.Graph).Resolve(day(1, 1))} {
		if _, ok := r.Person(identity.ID{}); ok || people(r) != "" || accounts(r) != "" {
			t.Error("somebody is known")
		}
		if _, ok := r.Lookup(identity.PersonID{1}); ok {
			t.Error("an id resolves")
		}
		if o := r.Owner(identity.Sighting{}); o.Reason != identity.UnownedNoIdentifier {
			t.Error(o.Reason)
		}
		if a := r.Account(identity.Sighting{}); a.Reason != identity.AccountNone {
			t.Error(a.Reason)
		}
		if e := r.Explain(identity.ID{}, identity.ID{}); e.Reason != identity.UnknownID {
			t.Error(e.Reason)
		}
		for l := range r.Links() {
			t.Error(l)
		}
	}
}

// No error text and nothing that prints contains an identifier's value.
func TestNothingPrintsAValue(t *testing.T) {
	c := identity.MakeID(identity.Email, "canary@example.com")
	u := identity.MakeID(identity.UserID, "canary")
	g := graph(t, nil)
	must(t, g.See(identity.Sighting{Ref: identity.Ref{Source: "web", ID: "1"}, At: day(1, 1), IDs: []identity.ID{c, u}}))
	must(t, g.Add(identity.Evidence{A: c, B: u, At: day(1, 1)}))
	r := g.Resolve(time.Time{})
	p, _ := r.Person(c)
	e := r.Explain(c, identity.MakeID(identity.UserID, "canary2"))
	var errs []any
	for _, bad := range []error{
		g.See(identity.Sighting{At: day(1, 1), IDs: []identity.ID{identity.MakeID("email", "canary\x00")}})[0],
		g.Apply(identity.Override{ID: "canary", At: day(1, 1), Op: identity.CannotLink, A: c, B: c})[0],
		func() error { _, err := (*identity.Rules)(nil).Parse("canary:canary\x00"); return err }(),
		func() error { var x identity.ID; return x.UnmarshalJSON([]byte(`{"type":"Canary","value":"canary"}`)) }(),
	} {
		if bad == nil {
			t.Error("taken")
		}
		errs = append(errs, bad)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		for _, v := range append(errs, p, e, r.Owner(touch(t, "1", day(1, 1), "email:canary@example.com")), r.Account(identity.Sighting{IDs: []identity.ID{c}}), c,
			identity.Sighting{IDs: []identity.ID{c}}, identity.Evidence{A: c}, identity.Override{A: c, Left: []identity.ID{c}}, identity.Membership{Person: c},
			g, r) {
			if text := fmt.Sprintf(verb, v); strings.Contains(strings.ToLower(text), "canary") {
				t.Errorf("%s of %v leaks", verb, reflect.TypeOf(v))
			}
		}
		for l := range r.Links() {
			if strings.Contains(fmt.Sprintf(verb, l), "canary") {
				t.Errorf("%s of a link leaks", verb)
			}
		}
	}
}

// Invariant 20: every order of every small set of facts gives one state.
// Table 2.3, cycles: all graphs of at most 5 nodes and, when TABI_LONG is set, at most 6
// links (5 otherwise), in all orders of their links.
func TestCyclesOfAllSmallGraphsInAllOrdersAreOneState(t *testing.T) {
	ids := []identity.ID{id(t, "user_id:k1"), id(t, "user_id:k2"), id(t, "email:c@x.org"), id(t, "device_id:d1"), id(t, "device_id:d2")}
	var edges []identity.Evidence
	for i := range ids {
		for j := range i {
			edges = append(edges, identity.Evidence{A: ids[i], B: ids[j], Kind: identity.Login, Source: "s", Ref: fmt.Sprint(i, j), At: day(1, 1+(7*i+3*j)%5)})
		}
	}
	n := 5
	if testing.Short() {
		n = 4
	}
	if worlds(1) > 1 {
		n = 6
	}
	var set []identity.Evidence
	var choose func(from int)
	choose = func(from int) {
		if len(set) > 0 {
			checkOrders(t, set)
		}
		if len(set) == n {
			return
		}
		for i := from; i < len(edges); i++ {
			set = append(set, edges[i])
			choose(i + 1)
			set = set[:len(set)-1]
		}
	}
	choose(0)
}

func checkOrders(t *testing.T, set []identity.Evidence) {
	t.Helper()
	want := ""
	var permute func(k int, order []identity.Evidence)
	permute = func(k int, order []identity.Evidence) {
		if k == len(order) {
			g := graph(t, nil)
			must(t, g.Add(order...))
			b, _ := g.MarshalBinary()
			got := people(g.Resolve(time.Time{})) + string(b)
			if want == "" {
				want = got
			}
			if got != want {
				t.Fatal("two orders, two states")
			}
			return
		}
		for i := k; i < len(order); i++ {
			order[k], order[i] = order[i], order[k]
			permute(k+1, order)
			order[k], order[i] = order[i], order[k]
		}
	}
	permute(0, set)
}
