package identity_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// open are rules of key and contact without other limits.
func open(types map[identity.Type]identity.TypeRule) *identity.Rules {
	return &identity.Rules{Types: types}
}

func TestRaisingALimitMayPart(t *testing.T) {
	touches := func() []identity.Sighting {
		return []identity.Sighting{
			touch(t, "1", clock(1, 0), "user_id:u1 email:e1@x.org"),
			touch(t, "2", clock(2, 0), "user_id:u1 email:e2@x.org"),
			touch(t, "3", clock(3, 0), "user_id:u2 email:e2@x.org"),
		}
	}
	for limit, want := range map[int]string{
		1: "e1@x.org u1 | e2@x.org u2",
		2: "e1@x.org e2@x.org u1 | u2",
	} {
		r := identity.DefaultRules()
		e := r.Types[identity.Email]
		e.Max = limit
		r.Types[identity.Email] = e
		if got := people(graph(t, &r, touches()...).Resolve(time.Time{})); got != want {
			t.Errorf("limit %d: %s, want %s", limit, got, want)
		}
	}
}

func TestPublishedGraph(t *testing.T) {
	rows := readCSV(t, shared(t, "data/identity/dbt_identity_graph_idr_test.csv"))
	build := func(rules *identity.Rules) *identity.Resolution {
		g := graph(t, rules)
		for i, row := range rows {
			at, err := time.Parse("2006-01-02 15:04:05", row["timestamp"])
			if err != nil {
				t.Fatal(err)
			}
			s := identity.Sighting{Ref: identity.Ref{Source: "dbt", ID: string(rune('a' + i))}, At: at}
			for _, n := range []string{"1", "2"} {
				x, err := rules.ID(identity.Type(row["type_"+n]), row["node_"+n])
				if err != nil {
					t.Fatal(err)
				}
				s.IDs = append(s.IDs, x)
			}
			must(t, g.See(s))
		}
		return g.Resolve(time.Time{})
	}
	key := func(limit int) identity.TypeRule { return identity.TypeRule{Class: identity.KeyClass, Max: limit} }
	free := build(open(map[identity.Type]identity.TypeRule{"customer_id": key(0), identity.Email: {Rank: 1}}))
	if got, want := people(free), "112 113 ddd@b.com qqq@b.com | 123 456 789 aaa@a.com bbb@a.com ccc@a.com potato@a.com"; got != want {
		t.Errorf("without limits: %s", got)
	}
	limited := build(open(map[identity.Type]identity.TypeRule{"customer_id": key(1), identity.Email: identity.DefaultRules().Types[identity.Email]}))
	if got, want := people(limited), "112 ddd@b.com qqq@b.com | 113 | 123 bbb@a.com | 456 potato@a.com | 789 aaa@a.com ccc@a.com"; got != want {
		t.Errorf("one customer id each: %s", got)
	}
	var refused []string
	for l := range limited.Links() {
		if l.Verdict == identity.Refused {
			refused = append(refused, l.A.Value()+" "+l.B.Value()+" "+string(l.Reason)+" "+l.Detail)
		}
	}
	if got, want := joined(refused), "113 ddd@b.com limit limit customer_id=1: two values | 123 aaa@a.com limit limit customer_id=1: two values | 456 ccc@a.com limit limit customer_id=1: two values"; got != want {
		t.Errorf("refused: %s", got)
	}
}

func TestSharedDeviceKeepsTwoHundredUsersApart(t *testing.T) {
	g := graph(t, nil)
	for i := range 200 {
		must(t, g.See(touch(t, string(rune(0x4E00+i)), clock(1, 0).Add(time.Duration(i)*time.Minute), "device_id:kiosk user_id:u"+string(rune(0x4E00+i)))))
	}
	n := 0
	for p := range g.Resolve(time.Time{}).People() {
		n++
		if len(p.IDs) != 1 || p.Shared != (p.Anchor.Value() == "kiosk") {
			t.Errorf("%d identifiers, shared %v", len(p.IDs), p.Shared)
		}
	}
	if n != 201 {
		t.Errorf("%d people", n)
	}
}

func TestOversizedPersonKeepsItsStrongestLinks(t *testing.T) {
	rules := identity.DefaultRules()
	rules.MaxIdentifiers = 3
	g := graph(t, &rules)
	for i, d := range []string{"da", "db", "dc", "dd"} {
		must(t, g.See(touch(t, d, clock(i, 0), "user_id:u1 device_id:"+d)))
	}
	r := g.Resolve(time.Time{})
	if got := people(r); got != "da db u1 | dc | dd" {
		t.Error(got)
	}
	p, _ := r.Person(id(t, "user_id:u1"))
	if !p.Oversized {
		t.Error("not flagged")
	}
	if e := r.Explain(id(t, "user_id:u1"), id(t, "device_id:dd")); e.Same || e.Reason != identity.RefusedOversized {
		t.Errorf("%+v", e)
	}
}

func TestWindowedLimit(t *testing.T) {
	rules := identity.DefaultRules()
	e := rules.Types[identity.Email]
	e.Max, e.Per = 1, 24*time.Hour
	rules.Types[identity.Email] = e
	g := graph(t, &rules,
		touch(t, "1", day(1, 1), "user_id:u1 email:a@x.org"),
		touch(t, "2", day(1, 1).Add(23*time.Hour), "user_id:u1 email:b@x.org"),
		touch(t, "3", day(1, 2), "user_id:u1 email:c@x.org"))
	if got := people(g.Resolve(time.Time{})); got != "a@x.org c@x.org u1 | b@x.org" {
		t.Error(got)
	}
}

// A window counts against a union only where both sides have part in it: a person whom a
// must-link took over the limit still gains what was seen at another time.
func TestForcedOverAWindowedLimitGainsOutsideOfIt(t *testing.T) {
	rules := identity.DefaultRules()
	e := rules.Types[identity.Email]
	e.Max, e.Per = 1, 24*time.Hour
	rules.Types[identity.Email] = e
	for _, forced := range []int{1, 5} { // days of January; the other address is of the 3rd
		g := graph(t, &rules,
			touch(t, "1", day(1, forced), "user_id:u1 email:a@x.org"),
			touch(t, "2", day(1, forced).Add(time.Hour), "email:b@x.org"),
			touch(t, "3", day(1, 3), "user_id:u1 email:c@x.org"))
		must(t, g.Apply(identity.Override{ID: "o", At: day(1, 6), Op: identity.MustLink, A: id(t, "email:a@x.org"), B: id(t, "email:b@x.org"), Force: true}))
		if got := people(g.Resolve(time.Time{})); got != "a@x.org b@x.org c@x.org u1" {
			t.Errorf("forced on the %d.: %s", forced, got)
		}
	}
}

// Owners are counted type by type, also where a must-link made one of two keys.
func TestOwnersAreCountedByTypeOfKey(t *testing.T) {
	g := graph(t, nil, touch(t, "1", day(1, 1), "crm_contact_id:c1 device_id:dd"), touch(t, "2", day(1, 1), "user_id:u1 device_id:dd"),
		touch(t, "3", day(1, 1), "crm_contact_id:c2 device_id:dd"), touch(t, "4", day(1, 1), "user_id:u2 device_id:dd"))
	must(t, g.Apply(identity.Override{ID: "o", At: day(1, 2), Op: identity.MustLink, A: id(t, "user_id:u1"), B: id(t, "crm_contact_id:c1")}))
	if got := people(g.Resolve(time.Time{})); got != "c1 u1 | c2 | dd | u2" {
		t.Error(got)
	}
	if x := g.Explain(id(t, "user_id:u2"), id(t, "device_id:dd")); len(x.Path) != 1 || x.Path[0].Detail != "shared by 2" {
		t.Errorf("%+v", x.Path)
	}
}

// The number of values is told in words up to ten.
func TestLimitTellsHowManyValues(t *testing.T) {
	for limit, want := range map[int]string{1: "two", 9: "ten", 10: "11", 11: "12"} {
		rules := identity.DefaultRules()
		e := rules.Types[identity.Email]
		e.Max = limit
		rules.Types[identity.Email] = e
		g := graph(t, &rules)
		for i := range limit + 1 {
			must(t, g.See(touch(t, fmt.Sprint(i), day(1, 1+i), fmt.Sprintf("user_id:u1 email:m%02d@x.org", i))))
		}
		x := g.Explain(id(t, "user_id:u1"), id(t, fmt.Sprintf("email:m%02d@x.org", limit)))
		if len(x.Path) != 1 || x.Path[0].Detail != fmt.Sprintf("limit email=%d: %s values", limit, want) {
			t.Errorf("limit %d: %+v", limit, x.Path)
		}
	}
}

func TestStrongestScoreOfAPairCounts(t *testing.T) {
	rules := identity.Rules{Probabilistic: identity.ScorerRules{Merge: true, Threshold: 1000}, Types: map[identity.Type]identity.TypeRule{
		"key": {Class: identity.KeyClass, Max: 1}, "mail": {Rank: 1}}}
	score := func(key, ref string, weight int32) identity.Evidence {
		return identity.Evidence{A: identity.MakeID("key", key), B: identity.MakeID("mail", "m"), Kind: identity.Probabilistic, Source: "match", Ref: ref, At: day(1, 1), Weight: weight}
	}
	facts := []identity.Evidence{score("k1", "a", 9000), score("k1", "b", 5000), score("k2", "a", 7000), score("k3", "a", 900)}
	for range facts {
		facts = append(facts[1:], facts[0])
		g := graph(t, &rules)
		must(t, g.Add(facts...))
		r := g.Resolve(time.Time{})
		if got := people(r); got != "k1 m | k2 | k3" {
			t.Error(got)
		}
		if e := r.Explain(identity.MakeID("key", "k3"), identity.MakeID("mail", "m")); e.Reason != identity.RefusedBelowThreshold || e.Path[0].Detail != "0.900 bits" {
			t.Errorf("%+v", e)
		}
	}
}

// Records of one key join to the least time and the greatest weight; what a record adds
// nothing to leaves no trace in the bytes, whichever came first.
func TestRecordsOfOneKeyJoin(t *testing.T) {
	at := func(d int, weight int32) identity.Evidence {
		return identity.Evidence{A: id(t, "user_id:u1"), B: id(t, "device_id:dd"), Kind: identity.Probabilistic, Source: "match", Ref: "1", At: day(1, d), Weight: weight}
	}
	one, both, reverse := graph(t, nil), graph(t, nil), graph(t, nil)
	must(t, one.Add(at(1, 5000), at(3, 9000)))
	must(t, both.Add(at(1, 5000), at(2, 4000), at(3, 9000), at(4, 9000)))
	must(t, reverse.Add(at(4, 9000), at(3, 9000), at(2, 4000), at(1, 5000)))
	want, _ := one.MarshalBinary()
	for name, g := range map[string]*identity.Graph{"forward": both, "backward": reverse} {
		if got, _ := g.MarshalBinary(); string(got) != string(want) {
			t.Errorf("%s: the bytes keep what says nothing", name)
		}
		for l := range g.Resolve(time.Time{}).Links() {
			if e := l.Evidence; len(e) != 1 || e[0].Count != 1 || !e[0].First.Equal(day(1, 1)) || !e[0].Last.Equal(day(1, 1)) || e[0].Weight != 9000 {
				t.Errorf("%s: %+v", name, e)
			}
		}
		for l := range g.Resolve(day(1, 2)).Links() {
			if l.Evidence[0].Weight != 5000 {
				t.Errorf("%s: the future weighs %d", name, l.Evidence[0].Weight)
			}
		}
	}
}

func TestAnchorByFirstSeenOrByValue(t *testing.T) {
	for byValue, want := range map[bool]string{false: "zoe@x.org", true: "ann@x.org"} {
		g := graph(t, &identity.Rules{AnchorByValue: byValue},
			touch(t, "1", day(1, 1), "device_id:dd email:zoe@x.org"), touch(t, "2", day(1, 2), "device_id:dd email:ann@x.org"))
		p, _ := g.Person(id(t, "device_id:dd"))
		q, _ := g.Resolve(time.Time{}).Person(id(t, "device_id:dd"))
		if p.Anchor.Value() != want || q.ID != p.ID {
			t.Errorf("by value %v: anchor %s, want %s", byValue, p.Anchor.Value(), want)
		}
	}
}
