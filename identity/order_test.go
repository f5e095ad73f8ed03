package identity_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// The first and last of each range of invisible characters are refused inside of a value,
// their neighbours are not.
func TestInvisibleCharactersAtTheEndsOfTheirRanges(t *testing.T) {
	var rules *identity.Rules
	for c, refused := range map[rune]bool{0xAD: true, 0xFEFF: true, 0x200B: true, 0x200F: true, 0x2010: false, 0x2027: false, 0x2028: true, 0x202E: true,
		0x2060: true, 0x2064: true, 0x2065: false, 0x2066: true, 0x2069: true, 0x206A: false} {
		_, err := rules.ID(identity.UserID, "a"+string(c)+"b")
		var ie *identity.IDError
		if got := errors.As(err, &ie) && ie.Code == "invisible"; got != refused {
			t.Errorf("%U: %v", c, err)
		}
	}
}

// Vectors of RFC 3492 with neighbouring code points, repeated ones, the digit 0, and a
// distance of 455 after one division, the last that is not divided again.
func TestHostNamesInPunycode(t *testing.T) {
	for host, want := range map[string]string{"äå.example": "xn--4cac.example", "bücher.example": "xn--bcher-kva.example",
		"ñandú.example": "xn--and-6ma2c.example", "日本語.example": "xn--wgv71a119e.example", "éèê.example": "xn--8cabe.example",
		"ππππππ.example": "xn--1xaaaaaa.example", "あ始社.example": "xn--l8j736jd4u.example", "他们为什么不说中文.example": "xn--ihqwcrb4cv8a8dqg056pqjye.example"} {
		if got := id(t, "domain:"+host).Value(); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}

// Names of types use the whole of their alphabet; their text forms refuse what is no ID.
func TestTextOfIDsAtTheBorders(t *testing.T) {
	for name, ok := range map[string]bool{"a": true, "z": true, "a09_z": true, "0a": false, "_a": false, "A": false, "a{": false, "a`": false} {
		b, _ := json.Marshal(map[string]string{"type": name, "value": "v"})
		var x identity.ID
		if err := json.Unmarshal(b, &x); (err == nil) != ok {
			t.Errorf("type %s: %v", name, err)
		}
	}
	for n, ok := range map[int]bool{identity.MaxValue: true, identity.MaxValue + 1: false} {
		var x identity.ID
		if err := x.UnmarshalText([]byte("user_id:" + strings.Repeat("x", n))); (err == nil) != ok {
			t.Errorf("a value of %d bytes: %v", n, err)
		}
	}
	for _, text := range []string{`1`, `[]`, `"user_id:u"`, `{"type":1}`, `{"type":"user_id","value":"u2","value":1}`} {
		x := id(t, "user_id:u1")
		if err := x.UnmarshalJSON([]byte(text)); !errors.Is(err, identity.ErrCorrupt) || x != id(t, "user_id:u1") {
			t.Errorf("%s: %v, %v", text, err, x.Value())
		}
	}
}

// The evidence of a link is summed by kind, then by source; a ref counts once, and First
// and Last are the least and the greatest instant whatever the refs are called.
func TestEvidenceOfALinkIsSummed(t *testing.T) {
	a, b := id(t, "user_id:u1"), id(t, "device_id:d1")
	said := func(kind identity.Kind, source, ref string, d int) identity.Evidence {
		return identity.Evidence{A: a, B: b, Kind: kind, Source: source, Ref: ref, At: day(1, d)}
	}
	g := graph(t, nil)
	must(t, g.Add(said(identity.Import, "b", "1", 5), said(identity.Import, "a", "1", 4), said(identity.Import, "a", "2", 9), said(identity.Import, "a", "3", 2),
		said(identity.Form, "z", "1", 3)))
	for ref, days := range map[string][]int{"told twice": {1, 9}, "between": {5}} { // of two records of one touch the earlier stands
		for _, d := range days {
			must(t, g.See(touch(t, ref, day(1, d), "user_id:u1 device_id:d1")))
		}
	}
	var got []string
	for l := range g.Resolve(time.Time{}).Links() {
		for _, s := range l.Evidence {
			got = append(got, fmt.Sprintf("%v %s ×%d %d–%d", s.Kind, s.Source, s.Count, s.First.Day(), s.Last.Day()))
		}
	}
	if text := strings.Join(got, ", "); text != "co_occurrence web ×2 1–5, form z ×1 3–3, import a ×3 2–9, import b ×1 5–5" {
		t.Error(text)
	}
}

// Links come in the order of decision: deterministic before probable, then by the ranks
// of the types, the weight, the first instant, the ends; stopped ones last, by their ends.
func TestLinksComeInTheOrderOfDecision(t *testing.T) {
	rules := identity.DefaultRules()
	rules.Probabilistic = identity.ScorerRules{Merge: true, Threshold: 1000}
	g := graph(t, &rules)
	say := func(a, b string, kind identity.Kind, d int, weight int32) {
		must(t, g.Add(identity.Evidence{A: id(t, a), B: id(t, b), Kind: kind, Source: "s", Ref: "1", At: day(1, d), Weight: weight}))
	}
	say("user_id:u9", "device_id:d9", identity.Probabilistic, 1, 500)
	say("user_id:u8", "device_id:d8", identity.Probabilistic, 1, 400)
	say("user_id:u1", "email:ann@a.example", identity.Probabilistic, 1, 2000)
	say("user_id:u2", "email:bob@a.example", identity.Probabilistic, 9, 3000)
	say("user_id:u3", "device_id:d3", identity.Login, 4, 0)
	say("user_id:u4", "device_id:d4", identity.Login, 3, 0)
	say("user_id:u6", "device_id:d6", identity.Login, 4, 0)
	say("user_id:u5", "email:eve@a.example", identity.Login, 7, 0)
	var got []string
	for l := range g.Resolve(time.Time{}).Links() {
		got = append(got, l.A.Value()+"-"+l.B.Value())
	}
	if text := strings.Join(got, " "); text != "u5-eve@a.example u4-d4 u3-d3 u6-d6 u2-bob@a.example u1-ann@a.example u8-d8 u9-d9" {
		t.Error(text)
	}
}

// With KnownOnly a domain that no fact names makes no account, on a list neither.
func TestKnownOnlyListsNoDerivedAccount(t *testing.T) {
	for only, want := range map[bool]string{false: "acme.example", true: ""} {
		rules := identity.DefaultRules()
		rules.Accounts.KnownOnly = only
		if got := accounts(graph(t, &rules, touch(t, "1", day(1, 1), "user_id:u1 email:ann@acme.example")).Resolve(time.Time{})); got != want {
			t.Errorf("KnownOnly %v: %q", only, got)
		}
	}
}

// A membership counts from its own instant on.
func TestMembershipIsKnownFromItsInstant(t *testing.T) {
	s := touch(t, "1", day(1, 1), "user_id:u1")
	for _, others := range [][]identity.Sighting{nil, {touch(t, "2", day(1, 1), "crm_account_id:A1")}} { // the account told of elsewhere or not
		g := graph(t, nil, append(others, s)...)
		must(t, g.Relate(identity.Membership{Person: id(t, "user_id:u1"), Account: id(t, "crm_account_id:A1"), Source: "crm", Ref: "1", At: day(1, 5)}))
		for at, want := range map[time.Time]identity.AccountReason{day(1, 5).Add(-time.Microsecond): identity.AccountNone, day(1, 5): identity.AccountMembership} {
			if a := g.Resolve(at).Account(s); a.Reason != want {
				t.Errorf("at %v: %+v", at, a)
			}
		}
	}
}

// Of several accounts on a touch the strongest identifier's is taken, in whatever order
// they stand there.
func TestStrongestAccountOnATouch(t *testing.T) {
	g := graph(t, nil, touch(t, "1", day(1, 1), "crm_account_id:A1"), touch(t, "2", day(1, 1), "domain:acme.example"), touch(t, "3", day(1, 1), "crm_account_id:A2"))
	r := g.Resolve(time.Time{})
	want := accountID(t, r, "crm_account_id:A1")
	for _, list := range []string{"crm_account_id:A1 domain:acme.example crm_account_id:A2", "domain:acme.example crm_account_id:A2 crm_account_id:A1",
		"crm_account_id:A2 domain:acme.example crm_account_id:A1"} {
		if a := r.Account(touch(t, "9", day(1, 2), list)); a.Account != want || a.Reason != identity.AccountOnTouch {
			t.Errorf("%s: %+v", list, a)
		}
	}
}

// Of two bounded owners the one with the latest From owns, of one From the stronger.
func TestBoundedOwnersWithOneFrom(t *testing.T) {
	phone := id(t, "phone:+14155550100")
	g := graph(t, nil, touch(t, "1", day(1, 1), "phone:+14155550100"))
	own := func(user string, from time.Time) identity.Evidence {
		return identity.Evidence{A: id(t, "user_id:"+user), B: phone, Kind: identity.Manual, Source: "crm", Ref: user, At: day(4, 2), From: from, To: day(8, 1)}
	}
	must(t, g.Add(own("bob", day(5, 1)), own("ann", day(5, 1)), own("abe", day(4, 1))))
	for at, want := range map[time.Time]identity.OwnerReason{day(4, 2): identity.OwnerInterval, day(4, 2).Add(-time.Microsecond): identity.OwnerIdentifier} {
		if o := g.Resolve(at).Owner(touch(t, "9", day(6, 1), "phone:+14155550100")); o.Reason != want {
			t.Errorf("as of %v: %s", at, o.Reason)
		}
	}
	r := g.Resolve(time.Time{})
	for at, want := range map[time.Time]string{day(4, 1): "abe", day(4, 30): "abe", day(5, 1): "ann", day(7, 31): "ann"} {
		if o := r.Owner(touch(t, "9", at, "phone:+14155550100")); o.Via.Value() != want {
			t.Errorf("%v: %s, want %s", at, o.Via.Value(), want)
		}
	}
}

// Statements that say the same in other words are one: the ends of a link and the members
// of a side have no order, and a member counts once.
func TestStatementsInOtherWordsAreOne(t *testing.T) {
	a, b, c := id(t, "user_id:u1"), id(t, "device_id:d1"), id(t, "device_id:d2")
	for name, said := range map[string][2]identity.Override{
		"must link": {{Op: identity.MustLink, A: a, B: b}, {Op: identity.MustLink, A: b, B: a}},
		"separate": {{Op: identity.Separate, Left: []identity.ID{a}, Right: []identity.ID{b, c}},
			{Op: identity.Separate, Left: []identity.ID{a, a}, Right: []identity.ID{c, b, c}}},
	} {
		g := graph(t, nil)
		for _, o := range said {
			o.ID, o.At = "o", day(1, 1)
			if errs := g.Apply(o); errs != nil {
				t.Errorf("%s: %v", name, errs)
			}
		}
	}
}

// The last instant of the year 9999 is taken, the first of the next is not.
func TestLastInstantOfTheCalendar(t *testing.T) {
	end := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	for at, ok := range map[time.Time]bool{end.Add(-time.Microsecond): true, end: false, time.Unix(0, 0): true, time.Unix(0, -1000): false} {
		s := touch(t, "1", at, "user_id:u1")
		if errs := new(identity.Graph).See(s); (errs == nil) != ok {
			t.Errorf("%v: %v", at, errs)
		}
	}
}

// An identifier of no known type is named as such, wherever it stands among others.
func TestUnknownTypeAmongOthers(t *testing.T) {
	u, odd := id(t, "user_id:u1"), identity.MakeID("nothing", "x")
	for _, ends := range [][2]identity.ID{{u, odd}, {odd, u}} {
		want := new(identity.Graph).Add(identity.Evidence{A: odd, B: odd, Kind: identity.Manual, Source: "s", At: day(1, 1)})
		got := new(identity.Graph).Add(identity.Evidence{A: ends[0], B: ends[1], Kind: identity.Manual, Source: "s", At: day(1, 1)})
		if fmt.Sprint(got) != fmt.Sprint(want) || errors.Is(errors.Join(got...), identity.ErrCrossEntity) {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

// The first login of a shared device is one like the others: it owns the touches after it
// in its session, known to the graph or not, and may be the nearest.
func TestFirstLoginOfASharedDevice(t *testing.T) {
	logins := []identity.Sighting{touch(t, "1", clock(8, 0), "user_id:u1 device_id:dd"), touch(t, "2", clock(20, 0), "user_id:u2 device_id:dd")}
	for at, want := range map[time.Time]string{clock(7, 50): "u1 login_after", clock(8, 5): "u1 login_before", clock(7, 30): "u1 login_after", clock(7, 29): "u1 nearest", clock(8, 30): "u1 login_before", clock(8, 31): "u1 nearest", clock(14, 0): "u1 nearest", clock(14, 1): "u2 nearest", clock(23, 0): "u2 nearest"} {
		asked := touch(t, "9", at, "device_id:dd")
		for known := range 2 {
			g := graph(t, &identity.Rules{Unowned: identity.Nearest, Carry: -1}, append(logins[:2:2], []identity.Sighting{asked}[:known]...)...)
			if o := g.Resolve(time.Time{}).Owner(asked); o.Via.Value()+" "+string(o.Reason) != want {
				t.Errorf("%v, known %d: %s %s, want %s", at, known, o.Via.Value(), o.Reason, want)
			}
		}
	}
}

// The candidates of a domain that several accounts share come by AccountID.
func TestCandidatesOfASharedDomainAreSorted(t *testing.T) {
	g := graph(t, nil)
	for i := range 9 {
		must(t, g.See(touch(t, fmt.Sprint(i), day(1, 1), fmt.Sprintf("crm_account_id:A%d domain:acme.example", i))))
	}
	s := touch(t, "9", day(1, 2), "user_id:u1 email:ann@acme.example")
	must(t, g.See(s))
	a := g.Resolve(time.Time{}).Account(s)
	if len(a.Candidates) != 9 {
		t.Fatalf("%+v", a)
	}
	for i := 1; i < len(a.Candidates); i++ {
		if a.Candidates[i-1].String() >= a.Candidates[i].String() {
			t.Errorf("out of order: %v", a.Candidates)
		}
	}
}

// A shared device with a single login, the other owner known from a list, has that login
// as its nearest.
func TestNearestOfASingleLogin(t *testing.T) {
	g := graph(t, &identity.Rules{Unowned: identity.Nearest, Carry: -1}, touch(t, "1", clock(8, 0), "user_id:u1 device_id:dd"))
	must(t, g.Add(identity.Evidence{A: id(t, "user_id:u2"), B: id(t, "device_id:dd"), Kind: identity.Import, Source: "crm", Ref: "1", At: clock(9, 0)}))
	if o := g.Resolve(time.Time{}).Owner(touch(t, "9", clock(20, 0), "device_id:dd")); o.Via.Value() != "u1" || o.Reason != identity.OwnerNearest {
		t.Errorf("%s %s", o.Via.Value(), o.Reason)
	}
}

// Of the retractions that kill a tie the first is named, whatever it selects by.
func TestTheFirstRetractionIsNamed(t *testing.T) {
	a, b := id(t, "user_id:u1"), id(t, "device_id:dd")
	scopes := []identity.Scope{{A: a}, {B: b}, {Ref: identity.Ref{Source: "web", ID: "1"}}, {Source: "web"}}
	for i, first := range scopes {
		for j, second := range scopes {
			g := graph(t, nil, touch(t, "1", day(1, 1), "user_id:u1 device_id:dd"))
			must(t, g.Apply(identity.Override{ID: "2", At: day(1, 3), Actor: "bob", Op: identity.Retract, Scope: second},
				identity.Override{ID: "1", At: day(1, 2), Actor: "ann", Op: identity.Retract, Scope: first}))
			if x := g.Resolve(time.Time{}).Explain(a, b); len(x.Path) != 1 || x.Path[0].Detail != "retracted, ann, 2026-01-02" {
				t.Errorf("%d before %d: %+v", i, j, x.Path)
			}
		}
	}
}

// Must-links are heard by their instants: of two that cannot both be, the first stands, in
// whatever order the identifiers came.
func TestTheFirstMustLinkStands(t *testing.T) {
	for _, order := range [][]string{{"user_id:u1", "user_id:u2", "email:ann@x.org"}, {"email:ann@x.org", "user_id:u2", "user_id:u1"}, {"user_id:u2", "email:ann@x.org", "user_id:u1"}} {
		for _, first := range []string{"u1", "u2"} {
			g := graph(t, nil)
			for i, s := range order {
				must(t, g.See(touch(t, string(rune('a'+i)), day(1, 1), s)))
			}
			mail := id(t, "email:ann@x.org")
			link := func(user string) identity.Override {
				o := identity.Override{ID: user, At: day(1, 3), Op: identity.MustLink, A: mail, B: id(t, "user_id:"+user)}
				if user == first {
					o.At = day(1, 2)
				}
				return o
			}
			must(t, g.Apply(link("u1"), link("u2")))
			now, _ := g.Person(mail)
			then, _ := g.Resolve(time.Time{}).Person(mail)
			if want := "ann@x.org " + first; values(now.IDs) != want || values(then.IDs) != want {
				t.Errorf("%v: now %s, resolved %s, want %s", order, values(now.IDs), values(then.IDs), want)
			}
		}
	}
}

// Touches of one kind of tie are one link, in whatever order they came.
func TestStoppedTiesOfOnePairAreOneLink(t *testing.T) {
	lists := []string{"user_id:u1 anonymous_id:null", "user_id:u1 device_id:null", "user_id:u2 anonymous_id:null", "email:ann@x.org device_id:null"}
	g := graph(t, nil)
	for round := range 2 {
		for i, list := range append(lists, "user_id:u1 email:ann@x.org") {
			must(t, g.See(touch(t, fmt.Sprint(round, i), day(1, 1+round), list)))
		}
	}
	n := 0
	for l := range g.Resolve(time.Time{}).Links() {
		if n++; len(l.Evidence) != 1 || l.Evidence[0].Count != 2 {
			t.Errorf("%v and %v: %+v", l.A.Type(), l.B.Type(), l.Evidence)
		}
	}
	if n != len(lists)+1 {
		t.Errorf("%d links", n)
	}
}

// Pairs that tie in all else are decided, and told, by the strength of their ends: the
// rank first, and not the name of the type.
func TestPairsThatTieGoByStrength(t *testing.T) {
	for _, lists := range [][]string{{"user_id:u1 device_id:dd", "email:ann@x.org phone:+14155550100"}, {"email:ann@x.org phone:+14155550100", "user_id:u1 device_id:dd"}} {
		g := graph(t, nil, touch(t, "1", day(1, 1), lists[0]), touch(t, "2", day(1, 1), lists[1]))
		var got []string
		for l := range g.Resolve(time.Time{}).Links() {
			got = append(got, string(l.A.Type()))
		}
		if !slices.Equal(got, []string{"user_id", "email"}) {
			t.Error(got)
		}
	}
}

// Statements of one author at one instant are heard by their ids.
func TestStatementsOfOneInstantGoByID(t *testing.T) {
	a, b := id(t, "user_id:u1"), id(t, "device_id:dd")
	for _, last := range []identity.Op{identity.MustLink, identity.CannotLink} {
		first := identity.MustLink + identity.CannotLink - last
		o := []identity.Override{{ID: "1", At: day(1, 2), Actor: "ann", Op: first, A: a, B: b}, {ID: "2", At: day(1, 2), Actor: "ann", Op: last, A: a, B: b}}
		for range 2 {
			g := graph(t, nil, touch(t, "1", day(1, 1), "user_id:u1"), touch(t, "2", day(1, 1), "device_id:dd"))
			must(t, g.Apply(o...))
			if x := g.Explain(a, b); x.Same != (last == identity.MustLink) {
				t.Errorf("%v after %v: same %v", last, first, x.Same)
			}
			o[0], o[1] = o[1], o[0]
		}
	}
}

// A resolution counts the touches up to its instant, with that.
func TestCountsIncludeTheInstant(t *testing.T) {
	g := graph(t, nil, touch(t, "1", day(1, 1), "user_id:u1"), touch(t, "2", day(1, 2), "user_id:null"), touch(t, "3", day(1, 3), "user_id:u2"))
	for at, want := range map[time.Time]int{day(1, 1).Add(-time.Microsecond): 0, day(1, 1): 1, day(1, 2): 2, day(1, 3).Add(-time.Microsecond): 2, day(1, 3): 3} {
		if c := g.Resolve(at).Counts(); c.Touches != want || c.Unowned != min(1, want/2) {
			t.Errorf("%v: %+v", at, c)
		}
	}
}

// What is seen later is not known before.
func TestNothingIsExplainedBeforeItIsSeen(t *testing.T) {
	g := graph(t, nil, touch(t, "1", day(1, 1), "user_id:u1"), touch(t, "2", day(1, 2), "user_id:u1 device_id:dd"))
	a, b := id(t, "user_id:u1"), id(t, "device_id:dd")
	for _, ends := range [][2]identity.ID{{a, b}, {b, a}, {b, b}} {
		if x := g.Resolve(day(1, 1)).Explain(ends[0], ends[1]); x.Same || x.Reason != identity.UnknownID {
			t.Errorf("before: %+v", x)
		}
		if x := g.Resolve(day(1, 2)).Explain(ends[0], ends[1]); !x.Same {
			t.Errorf("then: %+v", x)
		}
	}
}

// A retraction of one kind of evidence is read back as that, for every kind.
func TestRetractedKindsAreReadBack(t *testing.T) {
	for k := identity.CoOccurrence; k <= identity.Probabilistic; k++ {
		g := graph(t, nil, touch(t, "1", day(1, 1), "user_id:u1 device_id:dd"))
		must(t, g.Apply(identity.Override{ID: "o", At: day(1, 2), Op: identity.Retract, Scope: identity.Scope{Kind: &k}}))
		b, err := g.MarshalBinary()
		var back identity.Graph
		if err != nil || back.UnmarshalBinary(b) != nil {
			t.Errorf("%v is not read back", k)
		}
		if want := map[bool]string{true: "dd | u1", false: "dd u1"}[k == identity.CoOccurrence]; people(back.Resolve(time.Time{})) != want {
			t.Errorf("%v: %s", k, people(back.Resolve(time.Time{})))
		}
	}
}

// Of two walks with as few refused links the one whose first link is decided before the
// other's is told, whether the links were refused or taken back, in whatever order the
// identifiers came.
func TestExplanationsThatTieGoByTheFirstLink(t *testing.T) {
	mail := func(name string) identity.ID { return id(t, "email:"+name+"@x.org") }
	pairs := []string{"ab", "ac", "cd", "bd"}
	for _, arrival := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}} {
		refused, taken := graph(t, nil), graph(t, nil)
		for _, i := range arrival {
			a, b := mail(pairs[i][:1]), mail(pairs[i][1:])
			e := identity.Evidence{A: a, B: b, Kind: identity.Import, Source: "crm", Ref: pairs[i], At: day(1, 1+i)}
			must(t, refused.Add(e))
			must(t, taken.Add(e))
			must(t, refused.Apply(identity.Override{ID: pairs[i], At: day(2, 1), Op: identity.CannotLink, A: a, B: b}))
		}
		must(t, taken.Apply(identity.Override{ID: "all", At: day(2, 1), Op: identity.Retract, Scope: identity.Scope{Source: "crm"}}))
		for name, g := range map[string]*identity.Graph{"refused": refused, "taken back": taken} {
			x := g.Resolve(time.Time{}).Explain(mail("a"), mail("d"))
			if x.Same || len(x.Path) != 2 || x.Path[0].B != mail("b") || x.Path[1].B != mail("d") {
				t.Errorf("%s, arrival %v: %d links", name, arrival, len(x.Path))
			}
		}
	}
}

// A tie that was stopped for two reasons is two links, each once, in the order in which
// reasons are looked for, whatever the order of arrival.
func TestTieStoppedForTwoReasonsIsTwoLinks(t *testing.T) {
	a, b := id(t, "user_id:u1"), id(t, "device_id:dd")
	evidence := []identity.Evidence{{A: a, B: b, Kind: identity.Import, Source: "crm", Ref: "1", At: day(1, 1)},
		{A: a, B: b, Kind: identity.Probabilistic, Source: "scorer", Ref: "1", At: day(1, 2), Weight: 100},
		{A: a, B: b, Kind: identity.Import, Source: "crm", Ref: "2", At: day(1, 3)}, {A: a, B: b, Kind: identity.Probabilistic, Source: "scorer", Ref: "2", At: day(1, 4), Weight: 200}}
	for range 2 {
		slices.Reverse(evidence)
		g := graph(t, nil)
		must(t, g.Add(evidence...))
		must(t, g.Apply(identity.Override{ID: "1", At: day(2, 1), Op: identity.Retract, Scope: identity.Scope{Source: "crm"}}))
		var got []string
		for l := range g.Resolve(time.Time{}).Links() {
			got = append(got, fmt.Sprint(l.Reason, " ×", l.Evidence[0].Count))
		}
		if text := strings.Join(got, ", "); text != "retracted ×2, below_threshold ×2" {
			t.Error(text)
		}
	}
}

// A must-link is one link, and one with a value that never links is one that was stopped.
func TestMustLinkIsOneLink(t *testing.T) {
	for value, want := range map[string]string{"u1": "accepted  true", "undefined": "refused blocked true"} {
		g := graph(t, nil)
		must(t, g.Apply(identity.Override{ID: "1", At: day(1, 1), Op: identity.MustLink, A: id(t, "user_id:"+value), B: id(t, "device_id:dd")}))
		var got []string
		for l := range g.Resolve(time.Time{}).Links() {
			got = append(got, fmt.Sprint(l.Verdict, " ", l.Reason, " ", l.Override != nil))
		}
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("%s: %s", value, text)
		}
	}
}

// A retraction of a span takes back what was seen from its first instant on, up to its
// last but not with it.
func TestRetractionOfASpanAtItsBorders(t *testing.T) {
	from, to := day(1, 5), day(1, 9)
	for at, stays := range map[time.Time]bool{from.Add(-time.Microsecond): true, from: false, to.Add(-time.Microsecond): false, to: true} {
		g := graph(t, nil, touch(t, "1", at, "user_id:u1 device_id:dd"))
		must(t, g.Apply(identity.Override{ID: "1", At: day(2, 1), Op: identity.Retract, Scope: identity.Scope{From: from, To: to}}))
		if got := people(g.Resolve(time.Time{})); (got == "dd u1") != stays {
			t.Errorf("seen %v: %s", at, got)
		}
	}
}

// Nobody logged in on a device that lists say two people use: nobody is nearest.
func TestNearestWithoutAnyLogin(t *testing.T) {
	g := graph(t, &identity.Rules{Unowned: identity.Nearest}, touch(t, "1", clock(8, 0), "device_id:dd"))
	for _, user := range []string{"u1", "u2"} {
		must(t, g.Add(identity.Evidence{A: id(t, "user_id:"+user), B: id(t, "device_id:dd"), Kind: identity.Import, Source: "crm", Ref: user, At: clock(9, 0)}))
	}
	if o := g.Resolve(time.Time{}).Owner(touch(t, "9", clock(8, 10), "device_id:dd")); o != (identity.Owner{Reason: identity.UnownedShared}) {
		t.Errorf("%s %s", o.Via.Value(), o.Reason)
	}
}
