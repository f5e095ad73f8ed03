package identity_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
)

func accountID(t testing.TB, r *identity.Resolution, s string) identity.AccountID {
	t.Helper()
	a, ok := r.AccountByID(id(t, s))
	if !ok {
		t.Fatalf("no account of %s", s)
	}
	return a.ID
}

func TestJobChangeLeavesTheOldJourneyAlone(t *testing.T) {
	march, july := touch(t, "2", day(3, 1), "anonymous_id:dd"), touch(t, "4", day(7, 1), "anonymous_id:dd")
	early := touch(t, "0", day(1, 1), "anonymous_id:dd")
	r := graph(t, nil, early,
		touch(t, "1", day(1, 5), "user_id:ann email:ann@acme.example anonymous_id:dd"), march,
		touch(t, "3", day(6, 1), "user_id:ann email:ann@newco.example"), july,
	).Resolve(time.Time{})
	acme, newco := accountID(t, r, "domain:acme.example"), accountID(t, r, "domain:newco.example")
	for _, c := range []struct {
		s    identity.Sighting
		want identity.AccountID
	}{{early, acme}, {march, acme}, {july, newco}} {
		if a := r.Account(c.s); a.Account != c.want || a.Reason != identity.AccountEmail {
			t.Errorf("%v: %+v", c.s.At, a)
		}
	}
	if got := accounts(r); got != "acme.example | newco.example" {
		t.Error(got)
	}
	if a, ok := r.LookupAccount(acme); !ok || a.Anchor.Value() != "acme.example" {
		t.Errorf("look-up of a derived account: %+v", a)
	}
}

func TestAccountRules(t *testing.T) {
	member := func(account, ref string, primary bool, from, to time.Time) identity.Membership {
		return identity.Membership{Person: id(t, "user_id:ann"), Account: id(t, account), Primary: primary, From: from, To: to,
			Source: "crm", Ref: ref, At: day(1, 1)}
	}
	plain := touch(t, "t", day(3, 1), "user_id:ann")
	mail := touch(t, "t", day(3, 1), "user_id:ann email:ann@acme.example")
	never := time.Time{}
	for _, c := range []struct {
		name    string
		rules   identity.AccountRules
		touch   identity.Sighting
		members []identity.Membership
		more    []identity.Sighting
		reason  identity.AccountReason
		domain  string
		account string
		several int
	}{
		{name: "on touch before all", touch: touch(t, "t", day(3, 1), "user_id:ann email:ann@acme.example crm_account_id:A1"),
			members: []identity.Membership{member("crm_account_id:A2", "1", true, never, never)}, reason: identity.AccountOnTouch, account: "crm_account_id:A1"},
		{name: "only membership", touch: mail, members: []identity.Membership{member("crm_account_id:A2", "1", false, never, never)},
			reason: identity.AccountMembership, account: "crm_account_id:A2"},
		{name: "primary membership", touch: plain, members: []identity.Membership{
			member("crm_account_id:A1", "1", false, never, never), member("crm_account_id:A2", "2", true, never, never)},
			reason: identity.AccountMembership, account: "crm_account_id:A2"},
		{name: "two memberships", touch: plain, members: []identity.Membership{
			member("crm_account_id:A1", "1", false, never, never), member("crm_account_id:A2", "2", false, never, never)},
			reason: identity.AccountAmbiguous, several: 2},
		{name: "two memberships, first taken", rules: identity.AccountRules{TakeFirst: true}, touch: plain, members: []identity.Membership{
			member("crm_account_id:A1", "1", false, day(1, 1), never), member("crm_account_id:A2", "2", false, day(2, 1), never)},
			reason: identity.AccountMembership, account: "crm_account_id:A2", several: 2},
		{name: "ended membership", touch: plain, members: []identity.Membership{
			member("crm_account_id:A1", "1", true, never, day(3, 1)), member("crm_account_id:A2", "2", false, never, never)},
			reason: identity.AccountMembership, account: "crm_account_id:A2"},
		{name: "membership from its instant on", touch: plain, members: []identity.Membership{
			member("crm_account_id:A1", "1", false, day(3, 1), never)}, reason: identity.AccountMembership, account: "crm_account_id:A1"},
		{name: "membership that begins later", touch: plain, members: []identity.Membership{
			member("crm_account_id:A1", "1", false, day(3, 1).Add(time.Microsecond), never)}, reason: identity.AccountNone},
		{name: "later record ends a membership", touch: plain, members: []identity.Membership{
			member("crm_account_id:A1", "1", true, never, never),
			{Person: id(t, "user_id:ann"), Account: id(t, "crm_account_id:A1"), Source: "crm", Ref: "1", At: day(2, 1), To: day(2, 15)}},
			reason: identity.AccountNone},
		{name: "domain", touch: mail, reason: identity.AccountEmail, domain: "acme.example", account: "domain:acme.example"},
		{name: "free mail", touch: touch(t, "t", day(3, 1), "email:ann@gmail.com"), reason: identity.AccountNone},
		{name: "free mail on the touch, company mail of the owner", touch: touch(t, "t", day(3, 1), "user_id:ann email:ann@gmail.com"),
			more:   []identity.Sighting{touch(t, "o", day(4, 1), "user_id:ann email:ann@acme.example")},
			reason: identity.AccountEmail, domain: "acme.example", account: "domain:acme.example"},
		{name: "own domain", rules: identity.AccountRules{OwnDomains: []string{"Acme.example"}}, touch: mail, reason: identity.AccountNone},
		{name: "known domains only", rules: identity.AccountRules{KnownOnly: true}, touch: mail, reason: identity.AccountNone},
		{name: "known domain", rules: identity.AccountRules{KnownOnly: true}, touch: mail,
			more:   []identity.Sighting{touch(t, "o", day(1, 1), "domain:acme.example crm_account_id:A7")},
			reason: identity.AccountEmail, domain: "acme.example", account: "crm_account_id:A7"},
		{name: "subsidiaries", touch: mail,
			more: []identity.Sighting{touch(t, "o", day(1, 1), "domain:acme.example crm_account_id:A7"),
				touch(t, "p", day(1, 2), "domain:acme.example crm_account_id:A8")},
			reason: identity.AccountAmbiguous, domain: "acme.example", several: 2},
		{name: "website of the owner", touch: plain,
			more:   []identity.Sighting{{Ref: identity.Ref{Source: "f", ID: "1"}, At: day(9, 1), IDs: ids(t, "user_id:ann"), Website: "https://www.acme.example/de"}},
			reason: identity.AccountWebsite, domain: "acme.example", account: "domain:acme.example"},
		{name: "website of the owner, a page of free mail later", touch: plain,
			more: []identity.Sighting{{Ref: identity.Ref{Source: "f", ID: "1"}, At: day(1, 1), IDs: ids(t, "user_id:ann"), Website: "https://www.acme.example/de"},
				{Ref: identity.Ref{Source: "f", ID: "2"}, At: day(2, 1), IDs: ids(t, "user_id:ann"), Website: "https://gmail.com"}},
			reason: identity.AccountWebsite, domain: "acme.example", account: "domain:acme.example"},
		{name: "network of the touch", touch: identity.Sighting{At: day(3, 1), ReverseIP: "vpn.acme.example"},
			reason: identity.AccountReverseIP, domain: "acme.example", account: "domain:acme.example"},
		{name: "network is not carried over", touch: plain,
			more:   []identity.Sighting{{Ref: identity.Ref{Source: "f", ID: "1"}, At: day(3, 1), IDs: ids(t, "user_id:ann"), ReverseIP: "acme.example"}},
			reason: identity.AccountNone},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := graph(t, &identity.Rules{Accounts: c.rules}, append(c.more, c.touch)...)
			must(t, g.Relate(c.members...))
			r := g.Resolve(time.Time{})
			a := r.Account(c.touch)
			if a.Reason != c.reason || a.Domain != c.domain || len(a.Candidates) != c.several {
				t.Errorf("%+v", a)
			}
			if c.account == "" != a.Account.IsZero() || c.account != "" && a.Account != accountID(t, r, c.account) {
				t.Errorf("account %v, want that of %s", a.Account, c.account)
			}
		})
	}
}

// A tie to a placeholder is no sign of the address at its other end: found by the
// simulation, row 1 of docs/track-record.md.
func TestAddressTiedToAPlaceholderWasNotSeen(t *testing.T) {
	visit := touch(t, "1", day(3, 1), "anonymous_id:dd")
	g := graph(t, nil, visit)
	must(t, g.Apply(identity.Override{ID: "o", At: day(1, 1), Op: identity.MustLink, A: id(t, "email:ann@acme.example"), B: id(t, "anonymous_id:dd")}))
	must(t, g.Add(identity.Evidence{A: id(t, "email:ann@acme.example"), B: id(t, "user_id:undefined"), Kind: identity.Manual, Source: "crm", Ref: "1", At: day(2, 1)}))
	if a := g.Resolve(time.Time{}).Account(visit); a.Reason != identity.AccountNone {
		t.Errorf("the address was never seen: %+v", a)
	}
	must(t, g.Add(identity.Evidence{A: id(t, "email:ann@acme.example"), B: id(t, "user_id:ann"), Kind: identity.Manual, Source: "crm", Ref: "2", At: day(2, 1)}))
	if a := g.Resolve(time.Time{}).Account(visit); a.Reason != identity.AccountEmail {
		t.Errorf("seen by evidence that counts: %+v", a)
	}
}

// Candidates stand with the primary first, then by later beginning, by confidence, by id.
func TestCandidatesOfMembershipsHaveTheirOrder(t *testing.T) {
	g := graph(t, &identity.Rules{Accounts: identity.AccountRules{TakeFirst: true}})
	add := func(account string, primary bool, from time.Time, confidence int) {
		must(t, g.Relate(identity.Membership{Person: id(t, "user_id:ann"), Account: id(t, "crm_account_id:"+account), Primary: primary, From: from,
			Confidence: confidence, Source: "crm", Ref: account, At: day(1, 1)}))
	}
	add("plain", false, day(2, 1), 5)
	add("late", true, day(2, 1), 5)
	add("sure", true, day(2, 1), 9)
	add("early", true, day(1, 1), 9)
	for i := range 6 {
		add(fmt.Sprint("tie", i), false, day(1, 1), 1)
	}
	must(t, g.See(touch(t, "t", day(3, 1), "user_id:ann")))
	r := g.Resolve(time.Time{})
	a := r.Account(touch(t, "t", day(3, 1), "user_id:ann"))
	want := []identity.AccountID{accountID(t, r, "crm_account_id:sure"), accountID(t, r, "crm_account_id:late"),
		accountID(t, r, "crm_account_id:early"), accountID(t, r, "crm_account_id:plain")}
	want = append(want, accountsOf(t, r, "crm_account_id:tie0", "crm_account_id:tie1", "crm_account_id:tie2", "crm_account_id:tie3", "crm_account_id:tie4", "crm_account_id:tie5")...)
	if !slices.Equal(a.Candidates, want) || a.Account != want[0] {
		t.Errorf("%+v, want %v", a, want)
	}
}

// A domain that many share though no key is near has no candidate that could be taken.
func TestSharedDomainWithoutKeysHasNoCandidates(t *testing.T) {
	rules := identity.DefaultRules()
	rules.Accounts.TakeFirst = true
	d := rules.Types[identity.Domain]
	d.MaxDegree = 1
	rules.Types[identity.Domain] = d
	mail := touch(t, "t", day(3, 1), "email:ann@acme.example")
	r := graph(t, &rules, touch(t, "1", day(1, 1), "domain:acme.example group_id:g1"), touch(t, "2", day(1, 1), "domain:acme.example group_id:g2"), mail).Resolve(time.Time{})
	if a := r.Account(mail); a.Reason != identity.AccountAmbiguous || len(a.Candidates) != 0 || !a.Account.IsZero() {
		t.Errorf("%+v", a)
	}
}

// Of the owner's addresses the one last seen at the very instant counts, and one that was
// seen, or told of, at the very instant of the resolution is known.
func TestAddressSeenAtTheInstant(t *testing.T) {
	visit := touch(t, "v", day(3, 1), "anonymous_id:dd user_id:ann")
	g := graph(t, nil, visit, touch(t, "0", day(1, 1), "user_id:ann email:ann@before.example"), touch(t, "1", day(2, 1), "user_id:ann email:ann@old.example"), touch(t, "2", day(3, 1), "user_id:ann email:ann@new.example"),
		touch(t, "3", day(4, 1), "user_id:ann email:ann@later.example"))
	if a := g.Resolve(time.Time{}).Account(visit); a.Domain != "new.example" {
		t.Errorf("%+v", a)
	}
	if a := g.Resolve(day(3, 1)).Account(visit); a.Domain != "new.example" {
		t.Errorf("as of the instant: %+v", a)
	}
	told := graph(t, nil, visit)
	must(t, told.Add(identity.Evidence{A: id(t, "email:ann@acme.example"), B: id(t, "user_id:ann"), Kind: identity.Import, Source: "crm", Ref: "1", At: day(3, 1)}))
	if a := told.Resolve(day(3, 1)).Account(visit); a.Domain != "acme.example" {
		t.Errorf("told at the instant: %+v", a)
	}
}

// The address last seen counts in whatever order the touches came.
func TestAddressesSeenInAnyOrderOfArrival(t *testing.T) {
	seen := []identity.Sighting{touch(t, "1", day(1, 1), "user_id:ann email:ann@old.example"), touch(t, "2", day(2, 10), "user_id:ann email:ann@new.example"),
		touch(t, "3", day(2, 20), "user_id:ann email:ann@old.example"), touch(t, "4", day(4, 1), "user_id:ann email:ann@new.example")}
	for range 2 {
		slices.Reverse(seen)
		r := graph(t, nil, seen...).Resolve(time.Time{})
		for at, want := range map[time.Time]string{day(1, 15): "old.example", day(2, 15): "new.example", day(3, 1): "old.example", day(5, 1): "new.example"} {
			if a := r.Account(touch(t, "v", at, "user_id:ann")); a.Domain != want {
				t.Errorf("%v: %s, want %s", at, a.Domain, want)
			}
		}
	}
}

// Accounts walk by id, those that the facts name and those of addresses alike.
func TestAccountsWalkByID(t *testing.T) {
	var facts []identity.Sighting
	for i := range 8 {
		facts = append(facts, touch(t, fmt.Sprint("k", i), day(1, 1), fmt.Sprint("crm_account_id:A", i)),
			touch(t, fmt.Sprint("m", i), day(1, 1), fmt.Sprintf("email:ann@acme%d.example", i)))
	}
	facts = append(facts, touch(t, "d", day(1, 1), "domain:acme7.example crm_account_id:A7")) // one account, not two
	r := graph(t, nil, facts...).Resolve(time.Time{})
	last, n := identity.AccountID{}, 0
	for a := range r.Accounts() {
		if n++; bytes.Compare(a.ID[:], last[:]) <= 0 {
			t.Errorf("%v behind %v", a.ID, last)
		}
		last = a.ID
	}
	if n != 15 {
		t.Errorf("%d accounts", n)
	}
}

func TestMixedEvidenceIsRefused(t *testing.T) {
	g := graph(t, nil)
	for _, errs := range [][]error{
		g.Add(identity.Evidence{A: id(t, "user_id:u"), B: id(t, "domain:example.com"), At: day(1, 1)}),
		g.Relate(identity.Membership{Person: id(t, "domain:example.com"), Account: id(t, "domain:example.com"), At: day(1, 1)}),
		g.Apply(identity.Override{ID: "1", At: day(1, 1), Op: identity.MustLink, A: id(t, "user_id:u"), B: id(t, "domain:example.com")}),
	} {
		if len(errs) != 1 || errs[0] != identity.ErrCrossEntity {
			t.Error(errs)
		}
	}
}

// A touch that the graph does not have is answered as it will be once it is seen.
func TestAccountOfAStrangerIsTheOneItHasOnceSeen(t *testing.T) {
	t.Parallel()
	facts := []identity.Sighting{touch(t, "1", day(1, 1), "domain:acme.example crm_account_id:A7"),
		touch(t, "2", day(1, 2), "domain:acme.example crm_account_id:A8"), touch(t, "3", day(1, 3), "domain:one.example crm_account_id:A7"), touch(t, "4", day(1, 4), "domain:acme.example crm_account_id:A7")}
	before := graph(t, nil, facts...).Resolve(time.Time{})
	for list, want := range map[string]identity.AccountOf{
		"email:new@acme.example": {Reason: identity.AccountAmbiguous, Domain: "acme.example",
			Candidates: accountsOf(t, before, "crm_account_id:A7", "crm_account_id:A8")},
		"email:new@one.example anonymous_id:dd":                         {Reason: identity.AccountEmail, Domain: "one.example", Account: accountID(t, before, "crm_account_id:A7")},
		"email:new@newco.example":                                       {Reason: identity.AccountEmail, Domain: "newco.example"},
		"email:new@gmail.com":                                           {Reason: identity.AccountNone},
		"email:noreply@newco.example":                                   {Reason: identity.AccountNone},
		"crm_account_id:A9 group_id:g1":                                 {Reason: identity.AccountOnTouch},
		"crm_account_id:A9 email:ann@one.example domain:acme.example":   {Reason: identity.AccountOnTouch},
		"crm_account_id:undefined group_id:g1 email:new@newco.example":  {Reason: identity.AccountOnTouch},
		"crm_account_id:undefined domain:null email:new@newco.example":  {Reason: identity.AccountEmail, Domain: "newco.example"},
		"domain:acme.example email:new@gmail.com email:new@one.example": {Reason: identity.AccountEmail, Domain: "one.example", Account: accountID(t, before, "crm_account_id:A7")},
	} {
		s := touch(t, "new", day(2, 1), list)
		got := before.Account(s)
		seen := graph(t, nil, append(slices.Clone(facts), s)...).Resolve(time.Time{}).Account(s)
		if want.Account.IsZero() {
			want.Account = seen.Account
		}
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(seen, want) {
			t.Errorf("%s:\na stranger %+v\nonce seen  %+v\nwant       %+v", list, got, seen, want)
		}
		if got.Account.IsZero() != (got.Reason == identity.AccountNone || got.Reason == identity.AccountAmbiguous) {
			t.Errorf("%s: %+v", list, got)
		}
	}
}

func accountsOf(t *testing.T, r *identity.Resolution, names ...string) (as []identity.AccountID) {
	for _, name := range names {
		as = append(as, accountID(t, r, name))
	}
	slices.SortFunc(as, func(a, b identity.AccountID) int { return bytes.Compare(a[:], b[:]) })
	return as
}

// A touch of somebody unknown belongs to the company of its page or its address, by name
// or, where the company is not known yet, by the account it would get.
func TestTouchesOfStrangersHaveTheAccountOfTheirDomain(t *testing.T) {
	t.Parallel()
	g := graph(t, nil, touch(t, "1", day(1, 1), "user_id:u1 email:ann@acme.example"))
	r := g.Resolve(time.Time{})
	known := r.Account(identity.Sighting{At: day(1, 2), Website: "https://shop.acme.example/x", IDs: ids(t, "device_id:dd")})
	mail := r.Account(identity.Sighting{At: day(1, 2), IDs: ids(t, "email:ann@acme.example")})
	fresh := r.Account(identity.Sighting{At: day(1, 2), Website: "www.newco.example", IDs: ids(t, "device_id:dd")})
	if known.Account.IsZero() || known.Account != mail.Account || known.Reason != identity.AccountWebsite {
		t.Errorf("%+v, %+v", known, mail)
	}
	if fresh.Account.IsZero() || fresh.Account == known.Account || fresh.Domain != "newco.example" {
		t.Errorf("%+v", fresh)
	}
	must(t, g.See(touch(t, "2", day(1, 2), "domain:newco.example")))
	if a, ok := g.Resolve(time.Time{}).AccountByID(id(t, "domain:newco.example")); !ok || a.ID != fresh.Account {
		t.Errorf("the company came and is %v, was told as %v", a.ID, fresh.Account)
	}
	only := identity.DefaultRules()
	only.Accounts.KnownOnly = true
	if a := graph(t, &only).Resolve(time.Time{}).Account(identity.Sighting{At: day(1, 2), Website: "www.newco.example"}); !a.Account.IsZero() {
		t.Errorf("known companies only: %+v", a)
	}
	if _, ok := r.LookupAccount(identity.AccountID{1}); ok {
		t.Error("an account of nobody")
	}
	if _, ok := r.LookupAccount(identity.AccountID{}); ok {
		t.Error("the account none")
	}
	for range r.Accounts() {
		break
	}
}
