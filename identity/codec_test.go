package identity_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// furnished is a graph with a fact of every sort.
func furnished(t testing.TB) *identity.Graph {
	t.Helper()
	g := graph(t, nil,
		identity.Sighting{Ref: identity.Ref{Source: "web", ID: "1"}, At: day(1, 1), Kind: identity.Login, End: true,
			IDs: ids(t, "user_id:u1 email:ann@acme.example"), Website: "www.acme.example", ReverseIP: "acme.example"},
		touch(t, "2", day(1, 2), "user_id:u2 device_id:d1"))
	must(t, g.Add(
		identity.Evidence{A: id(t, "user_id:u1"), B: id(t, "phone:+14155550101"), Kind: identity.Import, Source: "crm", Ref: "7", At: day(1, 3), From: day(1, 1), To: day(2, 1)},
		identity.Evidence{A: id(t, "email:ann@acme.example"), B: id(t, "email:bob@acme.example"), Kind: identity.Probabilistic, Weight: 900, Source: "match", At: day(1, 3)},
	))
	kind := identity.Login
	must(t, g.Apply(
		identity.Override{ID: "o1", At: day(1, 4), Actor: "ann", Reason: "asked", Op: identity.MustLink, A: id(t, "user_id:u2"), B: id(t, "device_id:d2"), Force: true},
		identity.Override{ID: "o2", At: day(1, 4), Op: identity.CannotLink, A: id(t, "user_id:u1"), B: id(t, "user_id:u2")},
		identity.Override{ID: "o3", At: day(1, 5), Op: identity.Retract, Scope: identity.Scope{Source: "crm", Kind: &kind, From: day(1, 1), To: day(3, 1)}},
		identity.Override{ID: "o4", At: day(1, 5), Op: identity.Separate, Left: ids(t, "user_id:u1"), Right: ids(t, "device_id:d9 device_id:d8")},
		identity.Override{ID: "o5", At: day(1, 6), Op: identity.Restore, Target: "o3"},
	))
	must(t, g.Relate(
		identity.Membership{Person: id(t, "user_id:u1"), Account: id(t, "domain:acme.example"), Role: "buyer", Primary: true, From: day(1, 1), To: day(6, 1), Source: "crm", Ref: "c1", At: day(1, 2), Confidence: 90},
		identity.Membership{Person: id(t, "user_id:u2"), Account: id(t, "domain:acme.example"), Source: "crm", Ref: "c2", At: day(1, 2)},
	))
	must(t, g.Nest(
		identity.Parent{Child: id(t, "domain:acme.example"), Parent: id(t, "domain:holding.example"), Source: "crm", Ref: "p1", At: day(1, 2)},
		identity.Parent{Child: id(t, "domain:holding.example"), Parent: id(t, "domain:group.example"), From: day(1, 1), To: day(9, 1), Source: "crm", Ref: "p2", At: day(1, 2)},
	))
	return g
}

// What a resolution says of a graph, accounts and hierarchy included.
func state(g *identity.Graph) string {
	r := g.Resolve(time.Time{})
	h, errs := r.Hierarchy(day(2, 1))
	text := people(r) + "\n" + accounts(r) + fmt.Sprint(r.Counts(), errs)
	for a := range r.Accounts() {
		text += fmt.Sprint("\n", a.ID, h.Ancestors(a.ID), h.Descendants(a.ID))
	}
	return text
}

func TestEveryFactOfAGraphIsReadBack(t *testing.T) {
	t.Parallel()
	g := furnished(t)
	b, err := g.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	back, merged := new(identity.Graph), new(identity.Graph)
	if err := back.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	if err := merged.Merge(g); err != nil {
		t.Fatal(err)
	}
	must(t, merged.Relate(identity.Membership{Person: id(t, "user_id:u2"), Account: id(t, "domain:acme.example"), Source: "crm", Ref: "c2", At: day(1, 2)}))
	must(t, merged.Nest(identity.Parent{Child: id(t, "domain:acme.example"), Parent: id(t, "domain:holding.example"), Source: "crm", Ref: "p1", At: day(1, 2)}))
	for name, h := range map[string]*identity.Graph{"read back": back, "merged, with two facts again": merged} {
		again, _ := h.MarshalBinary()
		if !bytes.Equal(again, b) || state(h) != state(g) {
			t.Errorf("%s: %s\nwant %s", name, state(h), state(g))
		}
	}
	with, err := g.With(nil)
	if err != nil || state(with) != state(g) {
		t.Errorf("under the same rules: %v", err)
	}
}

// Bytes that were cut or changed are corrupt, or another graph of other facts; never a
// panic, and the graph that reads them stays as it was.
func TestBytesOfAGraphThatWereDamaged(t *testing.T) {
	t.Parallel()
	b, _ := furnished(t).MarshalBinary()
	g := graph(t, nil, touch(t, "9", day(1, 1), "user_id:z"))
	before := state(g)
	for n := range b {
		if err := g.UnmarshalBinary(b[:n]); !errors.Is(err, identity.ErrCorrupt) {
			t.Fatalf("%d of %d bytes: %v", n, len(b), err)
		}
	}
	if err := g.UnmarshalBinary(append(slices.Clone(b), 0)); !errors.Is(err, identity.ErrCorrupt) {
		t.Errorf("a byte too many: %v", err)
	}
	for i := range b {
		c := slices.Clone(b)
		c[i] ^= 1 << (i % 8)
		h := new(identity.Graph)
		if err := h.UnmarshalBinary(c); err == nil {
			if again, _ := h.MarshalBinary(); !bytes.Equal(again, c) {
				t.Errorf("byte %d: read as something else", i)
			}
		} else if !errors.Is(err, identity.ErrCorrupt) && !errors.Is(err, identity.ErrRules) {
			t.Errorf("byte %d: %v", i, err)
		}
	}
	if state(g) != before {
		t.Error("damaged bytes changed the graph")
	}
	var none *identity.Graph
	if err := none.UnmarshalBinary(b); !errors.Is(err, identity.ErrNilGraph) {
		t.Error(err)
	}
}

// Any other byte in any place of a state is refused, or is another state.
func TestEveryByteOfASmallGraphDamaged(t *testing.T) {
	whole, err := graph(t, nil, touch(t, "1", day(1, 1), "user_id:u1 device_id:dd")).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		for v := range 256 {
			b := bytes.Clone(whole)
			b[i] = byte(v)
			var g identity.Graph
			if g.UnmarshalBinary(b) != nil {
				continue
			}
			if again, err := g.MarshalBinary(); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("byte %d as %d was read, and is written as others", i, v)
			}
		}
	}
}

func TestIDsOfPeopleAndAccountsAreText(t *testing.T) {
	t.Parallel()
	r := furnished(t).Resolve(time.Time{})
	p, _ := r.Person(id(t, "user_id:u1"))
	a, _ := r.AccountByID(id(t, "domain:acme.example"))
	type both struct {
		Person  identity.PersonID
		Account identity.AccountID
	}
	for _, want := range []both{{p.ID, a.ID}, {}} {
		b, err := json.Marshal(want)
		var got both
		if err != nil || json.Unmarshal(bytes.ToUpper(b), &got) != nil || got != want {
			t.Errorf("%s: %+v, want %+v", b, got, want)
		}
	}
	text := p.ID.String()
	for _, bad := range []string{"x", text[:35], strings.Replace(text, "-", "_", 1), text[:35] + "g", text + "0", "{" + text[1:35] + "}"} {
		q := p.ID
		if err := q.UnmarshalText([]byte(bad)); !errors.Is(err, identity.ErrCorrupt) || q != p.ID {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestWordsOfKindsAndOps(t *testing.T) {
	t.Parallel()
	for k := identity.CoOccurrence; k <= identity.Probabilistic; k++ {
		for _, s := range []string{k.String(), strings.ToUpper(k.String()), strings.ReplaceAll(k.String(), "_", "")} {
			if got, err := identity.ParseKind(s); err != nil || got != k {
				t.Errorf("%s: %v, %v", s, got, err)
			}
		}
	}
	for o := identity.Retract; o <= identity.Separate; o++ {
		if got, err := identity.ParseOp(o.String()); err != nil || got != o {
			t.Errorf("%s: %v, %v", o, got, err)
		}
	}
	var bad *identity.InvalidError
	if _, err := identity.ParseKind("guess"); !errors.As(err, &bad) || bad.Field != "kind" {
		t.Errorf("%v", err)
	}
	if _, err := identity.ParseOp("undo"); !errors.As(err, &bad) || bad.Field != "op" {
		t.Errorf("%v", err)
	}
	for _, s := range []string{identity.Kind(200).String(), identity.Op(200).String(), identity.ChangeKind(0).String(), identity.Verdict(200).String(),
		(identity.Probabilistic + 1).String(), (identity.Separate + 1).String(), (identity.NowOversized + 1).String(), (identity.Refused + 1).String()} {
		if s != "unknown" {
			t.Errorf("a number without a word is called %q", s)
		}
	}
}

func TestAccountsInACircleAreNamed(t *testing.T) {
	t.Parallel()
	g := new(identity.Graph)
	ring := ids(t, "domain:a.example domain:b.example domain:c.example")
	other := ids(t, "domain:y.example domain:z.example")
	for i, x := range ring {
		must(t, g.See(identity.Sighting{Ref: identity.Ref{ID: fmt.Sprint(i)}, At: day(1, 1), IDs: []identity.ID{x}}))
		must(t, g.Nest(identity.Parent{Child: x, Parent: ring[(i+1)%3], Source: "crm", At: day(1, 1+i)}))
	}
	for i, x := range other {
		must(t, g.See(identity.Sighting{Ref: identity.Ref{ID: "o" + fmt.Sprint(i)}, At: day(1, 1), IDs: []identity.ID{x}}))
		must(t, g.Nest(identity.Parent{Child: x, Parent: other[1-i], Source: "crm", At: day(1, 1+i)}))
	}
	r := g.Resolve(time.Time{})
	h, errs := r.Hierarchy(day(2, 1))
	var cycle *identity.CycleError
	if len(errs) != 2 || !errors.As(errs[0], &cycle) || !errors.As(errs[1], &cycle) {
		t.Fatalf("%v", errs)
	}
	parents := 0
	for _, x := range append(ring, other...) {
		a, _ := r.AccountByID(x)
		if h.Ultimate(a.ID) != a.ID {
			parents++
		}
		if all := errs[0].Error() + errs[1].Error(); !strings.Contains(all, a.ID.String()) || strings.Contains(all, x.Value()) {
			t.Errorf("%s", all)
		}
	}
	if parents != 3 {
		t.Errorf("%d parents, want all but the last edge of each circle", parents)
	}
	if h, errs := (*identity.Resolution)(nil).Hierarchy(day(1, 1)); h == nil || errs != nil {
		t.Error("nothing has a circle")
	}
}

func TestComponentsOfNumberKeys(t *testing.T) {
	t.Parallel()
	var c, o, back identity.Components
	c.AddKeys(1, 2)
	c.AddKeys(5, 5)
	c.Add("a", "b")
	o.AddKeys(3, 2)
	o.AddKeys(7, 8)
	o.Add("b", "c")
	c.Merge(&o)
	b, err := c.MarshalBinary()
	if err != nil || back.UnmarshalBinary(b) != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*identity.Components{"merged": &c, "read back": &back} {
		var groups []string
		of := map[int][]string{}
		for k, n := range c.AllKeys() {
			of[n] = append(of[n], fmt.Sprint(k))
			if m, ok := c.FindKey(k); !ok || m != n {
				t.Errorf("%s: %d is found in %d, walked in %d", name, k, m, n)
			}
		}
		for _, g := range of {
			slices.Sort(g)
			groups = append(groups, strings.Join(g, " "))
		}
		slices.Sort(groups)
		if got := strings.Join(groups, ", "); got != "1 2 3, 5, 7 8" || c.Count() != 4 || c.Len() != 9 {
			t.Errorf("%s: %s; %d keys in %d components", name, got, c.Len(), c.Count())
		}
		if _, ok := c.FindKey(99); ok {
			t.Errorf("%s: a key that nobody added", name)
		}
		if _, ok := c.Find("z"); ok {
			t.Errorf("%s: a text that nobody added", name)
		}
		for range c.AllKeys() {
			break
		}
		for range c.All() {
			break
		}
	}
	for n := range b {
		if err := new(identity.Components).UnmarshalBinary(b[:n]); !errors.Is(err, identity.ErrCorrupt) {
			t.Errorf("%d of %d bytes: %v", n, len(b), err)
		}
	}
}

func TestRulesThatAreLegalAndProbablyNotMeant(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		types map[identity.Type]identity.TypeRule
		want  []string
	}{
		{map[identity.Type]identity.TypeRule{"k": {Class: identity.KeyClass, Max: 1}, "c": {Rank: 1}}, nil},
		{map[identity.Type]identity.TypeRule{"k": {Class: identity.KeyClass}, "c": {Rank: 1}}, []string{"k: a key without Max protects nobody"}},
		{map[identity.Type]identity.TypeRule{"k": {Class: identity.KeyClass, Max: 1}, "c": {}}, []string{"k: c of a weaker class has the same rank"}},
		{map[identity.Type]identity.TypeRule{"c": {}, "a": {Entity: identity.AccountEntity}, "odd": {Entity: 7}},
			[]string{"person: no key type, so identifiers have no owners to count", "account: no key type, so identifiers have no owners to count"}},
	} {
		if got := (&identity.Rules{Types: c.types}).Warnings(); !slices.Equal(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if err := (*identity.Rules)(nil).Validate(); err != nil {
		t.Error(err)
	}
}

// A hook of the caller decides what links; one that panics joins nobody.
func TestBlockedHookOfTheCaller(t *testing.T) {
	t.Parallel()
	r := identity.DefaultRules()
	rule := r.Types[identity.UserID]
	rule.Blocked = func(v string) bool {
		if v == "boom" {
			panic(v)
		}
		return strings.HasPrefix(v, "bot")
	}
	r.Types[identity.UserID] = rule
	for v, want := range map[string]bool{"u1": true, "bot7": false, "boom": false, "null": true} {
		if ok, _ := r.Linkable(identity.MakeID(identity.UserID, v)); ok != want {
			t.Errorf("%s links: %v", v, ok)
		}
	}
	for v, want := range map[string]bool{strings.Repeat("0", 70): false, strings.Repeat("0-", 40): false, strings.Repeat("0-", 40) + "1": true,
		"'" + strings.Repeat("x", 70) + "'": true, strings.Repeat("x ", 40) + "x": true} {
		if ok, _ := (*identity.Rules)(nil).Linkable(identity.MakeID(identity.UserID, v)); ok != want {
			t.Errorf("%q links: %v", v, ok)
		}
	}
}

func TestSplitsAndPreviewsThatCannotBe(t *testing.T) {
	t.Parallel()
	g := furnished(t)
	o := identity.Override{ID: "s", At: day(2, 1)}
	var bad *identity.InvalidError
	if _, err := g.Split(o); !errors.As(err, &bad) || bad.Field != "left" {
		t.Errorf("nothing: %v", err)
	}
	if _, err := g.Split(o, id(t, "user_id:stranger")); !errors.As(err, &bad) {
		t.Errorf("a stranger: %v", err)
	}
	if _, err := g.Split(o, id(t, "user_id:u1"), id(t, "user_id:u2")); !errors.As(err, &bad) || bad.Reason != "out_of_range" {
		t.Errorf("two people: %v", err)
	}
	if _, err := (*identity.Graph)(nil).Split(o, id(t, "user_id:u1")); !errors.Is(err, identity.ErrNilGraph) {
		t.Error(err)
	}
	if _, err := g.Preview(identity.Override{ID: "x", At: day(1, 1)}); !errors.As(err, &bad) || bad.Field != "op" {
		t.Errorf("an override without an op: %v", err)
	}
	if d, err := (*identity.Graph)(nil).Preview(); err != nil || len(d.Changes) != 0 {
		t.Errorf("nothing: %+v, %v", d, err)
	}
	if err := (*identity.Graph)(nil).Forget(identity.Receipt{}); !errors.Is(err, identity.ErrNilGraph) {
		t.Error(err)
	}
	for range (*identity.Graph)(nil).Since(0) {
		t.Error("nothing changed")
	}
	for range g.Since(0) {
		break
	}
}

// Facts of every sort with one field wrong; see also TestFactsThatCannotBeTaken.
func TestFieldsOfFactsThatAreRefused(t *testing.T) {
	t.Parallel()
	late := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	u, d, a := id(t, "user_id:u"), id(t, "device_id:dd"), id(t, "domain:acme.example")
	g := new(identity.Graph)
	member := func(change func(*identity.Membership)) []error {
		m := identity.Membership{Person: u, Account: a, At: day(1, 1)}
		change(&m)
		return g.Relate(m)
	}
	parent := func(change func(*identity.Parent)) []error {
		p := identity.Parent{Child: a, Parent: id(t, "domain:b.example"), At: day(1, 1)}
		change(&p)
		return g.Nest(p)
	}
	evidence := func(change func(*identity.Evidence)) []error {
		e := identity.Evidence{A: u, B: d, At: day(1, 1)}
		change(&e)
		return g.Add(e)
	}
	override := func(change func(*identity.Override)) []error {
		o := identity.Override{ID: "1", At: day(1, 1), Op: identity.Retract, Scope: identity.Scope{Source: "crm"}}
		change(&o)
		return g.Apply(o)
	}
	for want, errs := range map[string][]error{
		"at: time_range 1":        member(func(m *identity.Membership) { m.At = late }),
		"from: time_range":        member(func(m *identity.Membership) { m.From = late }),
		"to: time_range":          member(func(m *identity.Membership) { m.To = late }),
		"membership: control":     member(func(m *identity.Membership) { m.Role = "a\x00" }),
		"membership: utf8":        member(func(m *identity.Membership) { m.Ref = "\xff" }),
		"are never one":           member(func(m *identity.Membership) { m.Account = d }),
		"at: time_range 2":        parent(func(p *identity.Parent) { p.At = late }),
		"to: out_of_range":        parent(func(p *identity.Parent) { p.From, p.To = day(2, 1), day(1, 1) }),
		"parent: too_long":        parent(func(p *identity.Parent) { p.Ref = strings.Repeat("x", 1025) }),
		"at: missing":             evidence(func(e *identity.Evidence) { e.At = time.Time{} }),
		"ref: control":            evidence(func(e *identity.Evidence) { e.Source = "\n" }),
		"unknown identifier type": evidence(func(e *identity.Evidence) { e.A = identity.MakeID("shoe", "1") }),
		"utf8":                    evidence(func(e *identity.Evidence) { e.A = identity.MakeID(identity.UserID, "\xff") }),
		"override: utf8":          override(func(o *identity.Override) { o.Reason = "\xff" }),
		"at: time_range 3":        override(func(o *identity.Override) { o.At = late }),
		"from: time_range 2":      override(func(o *identity.Override) { o.Scope.From = late }),
		"unknown identifier":      override(func(o *identity.Override) { o.Scope.A = identity.MakeID("shoe", "1") }),
		"website: control":        g.See(identity.Sighting{At: day(1, 1), Website: "a\x01", IDs: []identity.ID{u}}),
	} {
		want := strings.TrimRight(want, " 123")
		if len(errs) != 1 || errs[0] == nil || !strings.Contains(errs[0].Error(), want) {
			t.Errorf("%s: %v", want, errs)
		}
	}
	if people(g.Resolve(time.Time{})) != "" {
		t.Error("something was kept")
	}
}

func TestListsOfDomainsThatBreak(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken pipe")
	var table identity.Table
	if err := table.LoadSuffixes(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if c := table.Class("gmail.com"); c != identity.FreeMail {
		t.Errorf("after a list that broke gmail.com is %v", c)
	}
	if c := table.Class("com"); c != identity.Company {
		t.Errorf("a suffix is %v", c)
	}
}
