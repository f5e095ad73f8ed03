package identity_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// Table 2.1: every bound of identity at its limit and one over.
func TestBoundsOfIdentityAtTheLimitAndOneOver(t *testing.T) {
	value := func(n int) error {
		_, err := (*identity.Rules)(nil).ID(identity.UserID, strings.Repeat("x", n))
		return err
	}
	rules := func(change func(*identity.Rules)) error {
		r := identity.DefaultRules()
		change(&r)
		return r.Validate()
	}
	typ := func(change func(*identity.TypeRule)) error {
		return rules(func(r *identity.Rules) {
			tr := r.Types[identity.Email]
			change(&tr)
			r.Types[identity.Email] = tr
		})
	}
	named := func(n int) error {
		return rules(func(r *identity.Rules) { r.Types[identity.Type(strings.Repeat("a", n))] = identity.TypeRule{Rank: 9} })
	}
	pattern := func(n int) error {
		return typ(func(tr *identity.TypeRule) {
			tr.BlockRegexp = []*regexp.Regexp{regexp.MustCompile(strings.Repeat("a", n))}
		})
	}
	seen := func(n int) error {
		ids := make([]identity.ID, n)
		for i := range ids {
			ids[i] = identity.MakeID(identity.DeviceID, fmt.Sprint("device", i))
		}
		for _, err := range new(identity.Graph).See(identity.Sighting{At: day(1, 1), IDs: ids}) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	source := func(n int) error {
		for _, err := range new(identity.Graph).See(identity.Sighting{Ref: identity.Ref{Source: strings.Repeat("s", n)}, At: day(1, 1)}) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	fact := func(n int) error {
		return errors.Join(new(identity.Graph).See(identity.Sighting{At: day(1, 1), IDs: []identity.ID{identity.MakeID(identity.UserID, strings.Repeat("x", n))}})...)
	}
	apart := func(left, right int) error {
		o := identity.Override{ID: "1", At: day(1, 1), Op: identity.Separate}
		for i := range left {
			o.Left = append(o.Left, identity.MakeID(identity.DeviceID, fmt.Sprint("left", i)))
		}
		for i := range right {
			o.Right = append(o.Right, identity.MakeID(identity.DeviceID, fmt.Sprint("right", i)))
		}
		return errors.Join(new(identity.Graph).Apply(o)...)
	}
	for name, c := range map[string]struct{ at, over error }{
		"identifier value, 512 B":    {value(identity.MaxValue), value(identity.MaxValue + 1)},
		"identifier of a fact":       {fact(identity.MaxValue), fact(identity.MaxValue + 1)},
		"left side of a Separate":    {apart(identity.MaxSide, 1), apart(identity.MaxSide+1, 1)},
		"right side of a Separate":   {apart(1, identity.MaxSide), apart(1, identity.MaxSide+1)},
		"type name, 63 B":            {named(63), named(64)},
		"identifiers of a touch":     {seen(100), seen(101)},
		"name of a source, 1 KiB":    {source(1024), source(1025)},
		"owners of an identifier":    {typ(func(tr *identity.TypeRule) { tr.MaxOwners = 100 }), typ(func(tr *identity.TypeRule) { tr.MaxOwners = 101 })},
		"user pattern, 1 KiB":        {pattern(identity.MaxPattern), pattern(identity.MaxPattern + 1)},
		"negative limit of a person": {rules(func(r *identity.Rules) { r.MaxIdentifiers = 0 }), rules(func(r *identity.Rules) { r.MaxIdentifiers = -1 })},
	} {
		if c.at != nil || c.over == nil {
			t.Errorf("%s: at the limit %v, one over %v", name, c.at, c.over)
		}
	}
	if _, err := regexp.Compile(fmt.Sprintf("a{%d}", 1001)); err == nil { // Go's own bound, on which ours rests
		t.Error("a pattern may repeat 1,001 times")
	}
}

// Sightings of the most identifiers are taken together as one by one.
func TestBatchesOfTheLargestTouches(t *testing.T) {
	var batch []identity.Sighting
	for i := range 3 {
		s := identity.Sighting{Ref: identity.Ref{Source: "web", ID: fmt.Sprint(i)}, At: day(1, 1)}
		for j := range identity.MaxSighting {
			s.IDs = append(s.IDs, identity.MakeID(identity.DeviceID, fmt.Sprintf("d%d-%d", i, j)))
		}
		batch = append(batch, s)
	}
	one, all := graph(t, nil), graph(t, nil)
	for range 2 { // unknown identifiers, then known ones
		for _, s := range batch {
			must(t, one.See(s))
		}
		must(t, all.See(batch...))
	}
	a, _ := one.MarshalBinary()
	b, _ := all.MarshalBinary()
	if string(a) != string(b) {
		t.Error("a batch is not its sightings")
	}
}

// Table 2.1: a person of 1,000 identifiers is whole; the next identifier is refused, said
// so, and nothing else changes.
func TestBoundOfAPersonAtTheLimitAndOneOver(t *testing.T) {
	for _, n := range []int{999, 1000} { // devices beside the user id
		g := graph(t, nil)
		for i := range n {
			must(t, g.See(touch(t, fmt.Sprint(i), day(1, 1).Add(time.Duration(i)*time.Second), fmt.Sprintf("user_id:u1 device_id:dev%04d", i))))
		}
		r := g.Resolve(time.Time{})
		p, _ := r.Person(id(t, "user_id:u1"))
		refused := 0
		for l := range r.Links() {
			if l.Reason == identity.RefusedOversized {
				refused++
			}
		}
		if len(p.IDs) != 1000 || p.Oversized != (n == 1000) || refused != n-999 {
			t.Errorf("%d identifiers: the person has %d, oversized %v, %d links refused", n+1, len(p.IDs), p.Oversized, refused)
		}
	}
}

// storm is n mail addresses joined by hand into one component of a shape.
func storm(n int, parent func(int) int) []identity.Evidence {
	mail := func(i int) identity.ID { return identity.MakeID(identity.CRMLeadID, fmt.Sprintf("m%07d", i)) }
	out := make([]identity.Evidence, 0, n)
	for i := 1; i < n; i++ {
		out = append(out, identity.Evidence{A: mail(i), B: mail(parent(i)), Kind: identity.Manual, Source: "merge", Ref: "1", At: day(1, 1)})
	}
	return out
}

// Table 2.3, merge storm: chain, star and binary tree of many identifiers. Nothing recurses
// over data (a small stack is enough), the bulk path holds at most 200 B an identifier, and
// people elsewhere stay what they were.
func TestMergeStormOfAChainAStarAndATree(t *testing.T) {
	n := 20_000
	if os.Getenv("TABI_LONG") != "" {
		n = 1_000_000
	} else if testing.Short() {
		n = 3000
	}
	defer debug.SetMaxStack(debug.SetMaxStack(128 << 10)) // a deeper goroutine ends the test
	for name, parent := range map[string]func(int) int{
		"chain": func(i int) int { return i - 1 },
		"star":  func(int) int { return 0 },
		"tree":  func(i int) int { return (i - 1) / 2 },
	} {
		facts := storm(n, parent)
		var c identity.Components
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range uint64(n) {
			c.AddKeys(i, uint64(parent(max(1, int(i)))))
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if c.Len() != n || c.Count() != 1 {
			t.Errorf("%s: %d keys in %d components", name, c.Len(), c.Count())
		}
		if per := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / int64(n); per > 200 {
			t.Errorf("%s: %d B an identifier", name, per)
		}
		runtime.KeepAlive(&c)

		for _, limit := range []int{0, 2 * n} {
			rules := open(map[identity.Type]identity.TypeRule{identity.CRMLeadID: {Rank: 1}, identity.Email: {Rank: 1}})
			rules.MaxIdentifiers = limit
			g := graph(t, rules, touch(t, "1", day(1, 1), "email:ann@x.org email:bob@x.org"))
			alone := people(g.Resolve(time.Time{}))
			must(t, g.Add(facts...))
			r := g.Resolve(time.Time{})
			largest, total := 0, 0
			for p := range r.People() {
				largest, total = max(largest, len(p.IDs)), total+len(p.IDs)
			}
			if want := min(n, 1000); limit == 0 && largest > want || limit > 0 && largest != n || total != n+2 {
				t.Errorf("%s: %d identifiers, the largest person has %d", name, total, largest)
			}
			p, _ := r.Person(identity.MakeID(identity.Email, "ann@x.org"))
			if values(p.IDs) != alone {
				t.Errorf("%s: another component is now %s", name, values(p.IDs))
			}
		}
	}
}

// Table 2.3, cycles and self links: no-ops, however often.
func TestCyclesAndSelfLinksAreNoOps(t *testing.T) {
	ids := []identity.ID{id(t, "email:a@x.org"), id(t, "email:b@x.org"), id(t, "phone:+14155550101")}
	link := func(a, b int) identity.Evidence {
		return identity.Evidence{A: ids[a], B: ids[b], Kind: identity.Import, Source: "crm", Ref: fmt.Sprint(a, b), At: day(1, 1)}
	}
	g := graph(t, nil)
	must(t, g.Add(link(0, 1), link(1, 2)))
	want := people(g.Resolve(time.Time{}))
	for range 3 {
		g.Add(link(2, 0), link(1, 0), link(0, 0), link(1, 1)) // a self link may be refused; it is no link
		if got := people(g.Resolve(time.Time{})); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
	if e := g.Explain(ids[0], ids[0]); !e.Same || len(e.Path) != 0 {
		t.Errorf("an identifier and itself: %+v", e)
	}
}

// Table 2.3, pattern denial of service: Go's patterns are linear in their input, so that the
// patterns known to hang other engines end on the longest value there is.
func TestEvilPatternsEnd(t *testing.T) {
	rule := identity.DefaultRules().Types[identity.UserID]
	for _, p := range []string{`(a+)+$`, `([a-zA-Z]+)*$`, `(a|aa)+$`, `(a|a?)+$`, `(.*a){20}$`, `^(([a-z])+.)+[A-Z]([a-z])+$`, `(x+x+)+y`,
		`(?:a*)*b`, `((a*)*)*b`, `^(\w+\s?)*$`, `(.*)(.*)(.*)(.*)(.*)b`, `a{1,1000}b`} {
		rule.BlockRegexp = append(rule.BlockRegexp, regexp.MustCompile(p))
	}
	rules := identity.Rules{Types: map[identity.Type]identity.TypeRule{identity.UserID: rule}}
	if err := rules.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{strings.Repeat("a", identity.MaxValue-1) + "!", strings.Repeat("x", identity.MaxValue-1) + "!"} {
		rules.Linkable(identity.MakeID(identity.UserID, v))
	}
	if _, err := regexp.Compile(fmt.Sprintf("(a{%d}){%[1]d}", 1000)); err == nil {
		t.Error("a pattern of a million copies was compiled")
	}
}

// Table 2.3, kiosk: whatever random touches, evidence and decisions say, no person holds
// two values of a Key type with Max 1 unless somebody forced them together (I9).
func TestKioskNeverJoinsTwoKeysInRandomGraphs(t *testing.T) {
	t.Parallel()
	n, refused := 10_000, 0
	if testing.Short() {
		n = 1000
	}
	for seed := range uint64(n) {
		w := randomWorld(rand.New(rand.NewPCG(seed, 77)))
		for i := range w.overs {
			w.overs[i].Force = false
		}
		r := w.graph(t).Resolve(time.Time{})
		for p := range r.People() {
			held := map[identity.Type]int{}
			for _, x := range p.IDs {
				if rule := w.rules.Types[x.Type()]; rule.Class == identity.KeyClass && rule.Max == 1 {
					held[x.Type()]++
				}
			}
			for typ, k := range held {
				if k > 1 {
					t.Fatalf("seed %d: one person has %d values of %s: %s", seed, k, typ, values(p.IDs))
				}
			}
		}
		for l := range r.Links() {
			if l.Reason == identity.RefusedLimit {
				refused++ // the rule was met, and its refusal is said
			}
		}
	}
	if refused < n/10 {
		t.Errorf("%d refusals in %d graphs: the graphs are too thin to tell", refused, n)
	}
}
