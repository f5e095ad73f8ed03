package identity_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// worlds is how many random worlds a property is tried on.
func worlds(n int) int {
	if os.Getenv("TABI_LONG") != "" {
		return 10 * n
	}
	return n
}

const (
	key     identity.Type = "key"
	key2    identity.Type = "key_two"
	contact identity.Type = "contact"
	device  identity.Type = "device"
	company identity.Type = "company"
	site    identity.Type = "site"
)

// denseRules vary with the seed, and are tight, so that small worlds meet every rule.
func denseRules(r *rand.Rand) identity.Rules {
	day := 24 * time.Hour
	rules := identity.Rules{MaxIdentifiers: []int{1000, 1000, 6}[r.IntN(3)], Types: map[identity.Type]identity.TypeRule{
		key:     {Class: identity.KeyClass, Max: 1},
		key2:    {Class: identity.KeyClass, Max: r.IntN(3), Rank: r.IntN(2)},
		contact: {Rank: 1, Max: r.IntN(4), Per: []time.Duration{0, 0, 3 * day, 10 * day}[r.IntN(4)], MaxOwners: r.IntN(3), MaxDegree: []int{0, 3}[r.IntN(2)]},
		device:  {Class: identity.DeviceClass, Rank: 1 + r.IntN(2), MaxOwners: r.IntN(3), MaxDegree: []int{0, 4}[r.IntN(2)]},
		company: {Entity: identity.AccountEntity, Class: identity.KeyClass, Max: 1},
		site:    {Entity: identity.AccountEntity, Rank: 1, MaxOwners: 1},
	}}
	rules.Types[key] = identity.TypeRule{Class: identity.KeyClass, Max: 1}
	if rules.Types[key2].Rank == 1 {
		t := rules.Types[device]
		t.Rank = 2
		rules.Types[device] = t
	}
	if r.IntN(3) == 0 {
		rules.Probabilistic = identity.ScorerRules{Merge: true, Threshold: 3000}
	}
	if r.IntN(8) == 0 {
		t := rules.Types[contact]
		t.Off = true
		rules.Types[contact] = t
	}
	rules.Unowned = identity.Unowned(r.IntN(3))
	return rules
}

var cast = func() []identity.ID {
	var out []identity.ID
	for _, s := range []string{"key k1", "key k2", "key k3", "key_two q1", "key_two q2", "contact c1", "contact c2", "contact c3", "contact c4",
		"device d1", "device d2", "device d3", "device d4", "contact null", "company a1", "company a2", "site s1", "site s2"} {
		typ, v, _ := strings.Cut(s, " ")
		out = append(out, identity.MakeID(identity.Type(typ), v))
	}
	return out
}()

const peopleCast = 14

func randomTime(r *rand.Rand) time.Time {
	return time.Date(2026, 1, 1+r.IntN(20), r.IntN(3), 0, 0, 0, time.UTC)
}

func pick(r *rand.Rand) identity.ID { return cast[r.IntN(len(cast))] }

// mate picks an identifier of the same entity.
func mate(r *rand.Rand, x identity.ID) identity.ID {
	if slices.Index(cast, x) < peopleCast {
		return cast[r.IntN(peopleCast)]
	}
	return cast[peopleCast+r.IntN(len(cast)-peopleCast)]
}

func randomWorld(r *rand.Rand) world {
	w := world{rules: denseRules(r)}
	for i := range 5 + r.IntN(26) {
		name := fmt.Sprint(i)
		source := []string{"web", "crm"}[r.IntN(2)]
		switch n := r.IntN(20); {
		case n < 12:
			s := identity.Sighting{Ref: identity.Ref{Source: source, ID: name}, At: randomTime(r), Kind: identity.Kind(r.IntN(3)), End: r.IntN(6) == 0}
			for range 1 + r.IntN(3) {
				s.IDs = append(s.IDs, pick(r))
			}
			w.sights = append(w.sights, s)
		case n < 16:
			e := identity.Evidence{A: pick(r), Kind: identity.Kind(r.IntN(6)), Source: source, Ref: fmt.Sprint(r.IntN(3)), At: randomTime(r)}
			e.B = mate(r, e.A)
			if e.Kind == identity.Probabilistic {
				e.Weight = int32(r.IntN(6) * 1000)
			}
			if r.IntN(6) == 0 {
				e.From = randomTime(r)
				e.To = e.From.Add(72 * time.Hour)
			}
			w.evidence = append(w.evidence, e)
		default:
			w.overs = append(w.overs, randomOverride(r, name, len(w.overs)))
		}
	}
	return w
}

func randomOverride(r *rand.Rand, name string, before int) identity.Override {
	o := identity.Override{ID: "o" + name, At: randomTime(r), Actor: []string{"ann", "bob"}[r.IntN(2)], Op: identity.Op(1 + r.IntN(6))}
	o.A = pick(r)
	o.B = mate(r, o.A)
	for o.A == o.B {
		o.B = mate(r, o.A)
	}
	switch o.Op {
	case identity.Retract:
		switch r.IntN(4) {
		case 0:
			o.Scope.A = o.A
		case 1:
			o.Scope.A, o.Scope.B = o.A, o.B
		case 2:
			o.Scope.Source = "crm"
			o.Scope.To = randomTime(r)
		case 3:
			k := identity.Kind(r.IntN(3))
			o.Scope = identity.Scope{Ref: identity.Ref{Source: "web", ID: fmt.Sprint(r.IntN(20))}, Kind: &k}
			if r.IntN(2) == 0 {
				o.Scope.Kind = nil
			}
		}
	case identity.Restore:
		o.Target = fmt.Sprintf("o%d", r.IntN(before*3+1))
	case identity.MustLink:
		o.Force = r.IntN(2) == 0
	case identity.Separate:
		o.Left, o.Right = []identity.ID{o.A}, []identity.ID{o.B}
		for range r.IntN(2) {
			x := mate(r, o.A)
			if x != o.B {
				o.Left = append(o.Left, x)
			}
		}
	}
	return o
}

// fact is one step of feeding a graph.
type fact func(g *identity.Graph) []error

func (w *world) facts() []fact {
	var out []fact
	for _, s := range w.sights {
		out = append(out, func(g *identity.Graph) []error { return g.See(s) })
	}
	for _, e := range w.evidence {
		out = append(out, func(g *identity.Graph) []error { return g.Add(e) })
	}
	for _, o := range w.overs {
		out = append(out, func(g *identity.Graph) []error { return g.Apply(o) })
	}
	return out
}

func (w *world) graph(t testing.TB) *identity.Graph {
	t.Helper()
	g := graph(t, &w.rules)
	for _, f := range w.facts() {
		must(t, f(g))
	}
	return g
}

// resolutionText writes partition, anchors, marks and refusals.
func resolutionText(r *identity.Resolution) string {
	var out []string
	write := func(anchor identity.ID, ids []identity.ID, shared, big bool) {
		line := anchor.Value() + ": " + values(ids)
		if shared {
			line += " shared"
		}
		if big {
			line += " oversized"
		}
		out = append(out, line)
	}
	for p := range r.People() {
		write(p.Anchor, p.IDs, p.Shared, p.Oversized)
	}
	for a := range r.Accounts() {
		write(a.Anchor, a.IDs, a.Shared, a.Oversized)
	}
	for l := range r.Links() {
		if l.Verdict == identity.Refused && l.Override == nil {
			switch l.Reason {
			case identity.RefusedBlocked, identity.RefusedOff, identity.RefusedRetracted, identity.RefusedBelowThreshold:
			default:
				out = append(out, l.A.Value()+"-"+l.B.Value()+" "+string(l.Reason))
			}
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), "\n")
}

// fullText adds owners, links and ids.
func (w *world) fullText(r *identity.Resolution) string {
	var b strings.Builder
	b.WriteString(resolutionText(r))
	for p := range r.People() {
		fmt.Fprintf(&b, "\n%v", p.ID)
	}
	for l := range r.Links() {
		fmt.Fprintf(&b, "\n%s %s %v %s %s %v", l.A.Value(), l.B.Value(), l.Verdict, l.Reason, l.Detail, l.Evidence)
	}
	for _, s := range w.sights {
		o := r.Owner(s)
		fmt.Fprintf(&b, "\n%s %v %s %s", s.ID, o.Person, o.Via.Value(), o.Reason)
		a := r.Account(s)
		fmt.Fprintf(&b, " %v %s %v", a.Account, a.Reason, a.Candidates)
	}
	return b.String()
}

// Invariants 4 and 5 follow from agreeing with the naive solver, which checks every join.
func TestEngineAgreesWithNaiveSolver(t *testing.T) {
	for seed := range uint64(worlds(1500)) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := randomWorld(r)
		at := time.Time{}
		if r.IntN(3) == 0 {
			at = randomTime(r)
		}
		got, want := resolutionText(w.graph(t).Resolve(at)), w.text(w.solve(at))
		if got != want {
			t.Fatalf("seed %d:\n%s\nnaive:\n%s", seed, got, want)
		}
	}
}

// Invariants 1 and 2: repetition, order, batching and a split over two graphs show nowhere.
func TestOrderAndRepetitionShowNowhere(t *testing.T) {
	for seed := range uint64(worlds(150)) {
		r := rand.New(rand.NewPCG(seed, 2))
		w := randomWorld(r)
		g := w.graph(t)
		want := w.fullText(g.Resolve(time.Time{}))
		bytesOf, err := g.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		facts := w.facts()
		facts = append(facts, facts[:len(facts)/3]...)
		r.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
		cut := r.IntN(len(facts) + 1)
		a, b := graph(t, &w.rules), graph(t, &w.rules)
		for i, f := range facts {
			if i < cut {
				must(t, f(a))
			} else {
				must(t, f(b))
			}
		}
		if err := a.Merge(b); err != nil {
			t.Fatal(err)
		}
		if got := w.fullText(a.Resolve(time.Time{})); got != want {
			t.Fatalf("seed %d: shuffled:\n%s\nfirst:\n%s", seed, got, want)
		}
		c := graph(t, &w.rules)
		other, _ := a.MarshalBinary()
		if err := c.UnmarshalBinary(other); err != nil {
			t.Fatal(err)
		}
		back, _ := c.MarshalBinary()
		if !bytes.Equal(bytesOf, other) || !bytes.Equal(other, back) {
			t.Fatalf("seed %d: bytes differ", seed)
		}
	}
}

// Invariant 19: facts of the future do not exist.
func TestResolveAtIsResolveOfThePast(t *testing.T) {
	for seed := range uint64(worlds(300)) {
		r := rand.New(rand.NewPCG(seed, 3))
		w := randomWorld(r)
		at := randomTime(r)
		past := world{rules: w.rules}
		for _, s := range w.sights {
			if !s.At.After(at) {
				past.sights = append(past.sights, s)
			}
		}
		for _, e := range w.evidence {
			if !e.At.After(at) {
				past.evidence = append(past.evidence, e)
			}
		}
		for _, o := range w.overs {
			if !o.At.After(at) {
				past.overs = append(past.overs, o)
			}
		}
		got, want := past.fullText(w.graph(t).Resolve(at)), past.fullText(past.graph(t).Resolve(time.Time{}))
		if got != want {
			t.Fatalf("seed %d:\n%s\npast:\n%s", seed, got, want)
		}
	}
}

var stopped = regexp.MustCompile(` refused (retracted|blocked|off) `)

// Invariant 7: a retraction equals never having seen the evidence, and restoring it
// brings everything back.
func TestRetractionEqualsNeverSeen(t *testing.T) {
	for seed := range uint64(worlds(300)) {
		r := rand.New(rand.NewPCG(seed, 4))
		w := randomWorld(r)
		for typ, tr := range w.rules.Types { // an identifier keeps its date, which windows see
			tr.Per = 0
			w.rules.Types[typ] = tr
		}
		if len(w.evidence) == 0 {
			continue
		}
		e := w.evidence[r.IntN(len(w.evidence))]
		e.Ref = "gone"
		before := w.graph(t)
		must(t, before.See(identity.Sighting{Ref: identity.Ref{ID: "keep"}, At: day(12, 1), IDs: []identity.ID{e.A}}, identity.Sighting{Ref: identity.Ref{ID: "keep 2"}, At: day(12, 1), IDs: []identity.ID{e.B}}))
		want := w.fullText(before.Resolve(time.Time{}))
		must(t, before.Add(e))
		with := w.fullText(before.Resolve(time.Time{}))
		must(t, before.Apply(identity.Override{ID: "undo", At: day(12, 2), Op: identity.Retract, Scope: identity.Scope{Ref: identity.Ref{ID: "gone"}}}))
		strip := func(s string) string {
			var keep []string
			for line := range strings.Lines(s) {
				if !stopped.MatchString(line) { // dead evidence still shows as such
					keep = append(keep, strings.TrimSpace(line))
				}
			}
			return strings.Join(keep, "\n")
		}
		if got := strip(w.fullText(before.Resolve(time.Time{}))); got != strip(want) {
			t.Fatalf("seed %d:\n%s\nnever seen:\n%s", seed, got, want)
		}
		must(t, before.Apply(identity.Override{ID: "redo", At: day(12, 3), Op: identity.Restore, Target: "undo"}))
		if got := w.fullText(before.Resolve(time.Time{})); got != with {
			t.Fatalf("seed %d: restored:\n%s\nbefore:\n%s", seed, got, with)
		}
	}
}

// Invariant 15: account facts never change the person partition. Invariant 13: nor does
// an order-preserving renaming change any partition.
func TestAccountsAndNamesLeavePeopleAlone(t *testing.T) {
	for seed := range uint64(worlds(200)) {
		r := rand.New(rand.NewPCG(seed, 5))
		w := randomWorld(r)
		without := world{rules: w.rules, overs: w.overs}
		for _, s := range w.sights {
			s.IDs = slices.DeleteFunc(slices.Clone(s.IDs), func(x identity.ID) bool { return w.rules.Types[x.Type()].Entity == identity.AccountEntity })
			without.sights = append(without.sights, s)
		}
		for _, e := range w.evidence {
			if w.rules.Types[e.A.Type()].Entity == identity.PersonEntity {
				without.evidence = append(without.evidence, e)
			}
		}
		if got, want := people(w.graph(t).Resolve(time.Time{})), people(without.graph(t).Resolve(time.Time{})); got != want {
			t.Fatalf("seed %d: %s, without accounts %s", seed, got, want)
		}
	}
}

// Invariants 6 and 8: every touch has one owner or a reason, and every id that was ever
// issued resolves.
func TestEveryIssuedIDResolves(t *testing.T) {
	for seed := range uint64(worlds(100)) {
		r := rand.New(rand.NewPCG(seed, 6))
		w := randomWorld(r)
		g := graph(t, &w.rules)
		issued := map[identity.PersonID]identity.ID{}
		for _, f := range w.facts() {
			must(t, f(g))
			res := g.Resolve(time.Time{})
			for p := range res.People() {
				issued[p.ID] = p.Anchor
			}
		}
		res := g.Resolve(time.Time{})
		for u, anchor := range issued {
			p, ok := res.Lookup(u)
			q, _ := res.Person(anchor)
			if !ok || p.ID != q.ID {
				t.Fatalf("seed %d: %v no longer resolves", seed, u)
			}
		}
		for _, s := range w.sights {
			if o := res.Owner(s); o.Person.IsZero() != strings.HasPrefix(string(o.Reason), "unowned") {
				t.Fatalf("seed %d: %+v", seed, o)
			}
		}
	}
}

// Invariant 9: forcing the refused pairs of an explanation and lifting the separations it
// names makes two identifiers one.
func TestExplanationsHold(t *testing.T) {
	for seed := range uint64(worlds(300)) {
		r := rand.New(rand.NewPCG(seed, 7))
		w := randomWorld(r)
		w.rules.MaxIdentifiers = 1000
		g := w.graph(t)
		res := g.Resolve(time.Time{})
		a := cast[r.IntN(peopleCast)]
		b := mate(r, a)
		e := res.Explain(a, b)
		p, okP := res.Person(a)
		q, okQ := res.Person(b)
		if same := okP && okQ && p.ID == q.ID; a != b && e.Same != same {
			t.Fatalf("seed %d: same %v, people say %v", seed, e.Same, same)
		}
		if kept := g.Explain(a, b); fmt.Sprint(kept.Same, kept.Person, kept.Reason, len(kept.Path)) != fmt.Sprint(e.Same, e.Person, e.Reason, len(e.Path)) {
			t.Fatalf("seed %d: the graph says %+v, its resolution %+v", seed, kept, e)
		}
		at := a
		for _, l := range e.Path {
			switch at {
			case l.A:
				at = l.B
			case l.B:
				at = l.A
			default:
				t.Fatalf("seed %d: the path is no walk", seed)
			}
			if e.Same && l.Verdict != identity.Accepted {
				t.Fatalf("seed %d: a %v link in a tree", seed, l.Verdict)
			}
		}
		if len(e.Path) > 0 && at != b {
			t.Fatalf("seed %d: the path ends elsewhere", seed)
		}
		if e.Same || len(e.Path) == 0 || strings.Contains(fmt.Sprint(e.Path), "blocked") || strings.Contains(fmt.Sprint(e.Path), " off ") {
			continue
		}
		lift := world{rules: w.rules, sights: w.sights, evidence: w.evidence}
		for _, o := range w.overs {
			if o.Op != identity.Separate && o.Op != identity.CannotLink {
				lift.overs = append(lift.overs, o)
			}
		}
		lg := lift.graph(t)
		for i, l := range e.Path {
			if l.Verdict == identity.Refused {
				must(t, lg.Apply(identity.Override{ID: fmt.Sprint("force", i), At: day(11, 1), Op: identity.MustLink, A: l.A, B: l.B, Force: true}))
			}
		}
		// Lifted separations may have kept others apart too: force the accepted links as well.
		for i, l := range e.Path {
			if l.Verdict != identity.Refused {
				must(t, lg.Apply(identity.Override{ID: fmt.Sprint("keep", i), At: day(11, 1), Op: identity.MustLink, A: l.A, B: l.B, Force: true}))
			}
		}
		if got := lg.Resolve(time.Time{}).Explain(a, b); !got.Same {
			t.Fatalf("seed %d: still apart: %+v", seed, got)
		}
	}
}
