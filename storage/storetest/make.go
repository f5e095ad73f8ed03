package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// start is the first instant of the facts that rules make.
var start = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)

// end is the last instant that a fact may have.
var end = time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)

func minute(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }

func user(n int) identity.ID { return identity.MakeID(identity.UserID, fmt.Sprint("u", n)) }

func mail(n int) identity.ID {
	return identity.MakeID(identity.Email, fmt.Sprintf("ann%d@example.com", n))
}

func account(n int) identity.ID { return identity.MakeID(identity.CRMAccountID, fmt.Sprint("acc", n)) }

// touch makes a plain touch: source web, n minutes after the start.
func touch(n int, ids ...identity.ID) storage.Fact {
	if len(ids) == 0 {
		ids = []identity.ID{user(n)}
	}
	slices.SortFunc(ids, identity.CompareIDs)
	return storage.Fact{Touch: &touchpoint.Touch{
		Source: "web", ID: fmt.Sprint("t", n), At: minute(n), Kind: touchpoint.KindPageview, IDs: slices.Compact(ids),
	}}
}

func touches(n int) []storage.Fact {
	facts := make([]storage.Fact, n)
	for i := range facts {
		facts[i] = touch(i)
	}
	return facts
}

// with returns a copy of a touch after a change.
func with(f storage.Fact, change func(*touchpoint.Touch)) storage.Fact {
	t := *f.Touch
	t.IDs = slices.Clone(t.IDs)
	change(&t)
	return storage.Fact{Tags: f.Tags, Touch: &t}
}

func props(text string) touchpoint.Props {
	p, err := touchpoint.ParseProps([]byte(text))
	if err != nil {
		panic(err)
	}
	return p
}

func money(minor int64, code string) touchpoint.Money {
	return touchpoint.Money{Minor: minor, Currency: touchpoint.Currency([]byte(code))}
}

// fullTouch is a touch with every field set.
func fullTouch() storage.Fact {
	return storage.Fact{Touch: &touchpoint.Touch{
		Source: "crm", ID: "full", At: start.Add(123456 * time.Microsecond), ReceivedAt: start.Add(time.Hour + 7*time.Microsecond),
		Kind: touchpoint.KindOrder, Channel: "Email", Touchpoint: "Spring newsletter",
		Campaign:  touchpoint.Campaign{Source: "news", Medium: "email", Name: "spring", Term: "shoes", Content: "top", ID: "c-1"},
		IDs:       []identity.ID{mail(1), user(1)},
		Direction: touchpoint.Inbound, Offline: true, Sentiment: touchpoint.SentimentMilli(-125),
		Cost: money(150, "EUR"), Value: money(-2500, "EUR"), Stage: "purchase", Redacted: true,
		Props: props(`{"n":1,"order_id":"o-1","s":"x"}`),
	}}
}

// full returns one fact of a class with every field set, n apart from others.
func full(c storage.Class, n int) storage.Fact {
	at, from, to := minute(n).Add(time.Microsecond), start.Add(-time.Hour), start.Add(time.Hour)
	kind := identity.Form
	switch c {
	case storage.ClassTouch:
		return with(fullTouch(), func(t *touchpoint.Touch) { t.ID, t.At = fmt.Sprint("full", n), at })
	case storage.ClassEvidence:
		return storage.Fact{Evidence: &identity.Evidence{A: mail(n), B: user(n), Kind: identity.Probabilistic, Source: "crm", Ref: "r-1", At: at, From: from, To: to, Weight: -7}}
	case storage.ClassOverride:
		return storage.Fact{Override: &identity.Override{ID: fmt.Sprint("o-", n), At: at, Actor: "ann", Reason: "two\nlines", Op: identity.Separate,
			A: user(1), B: user(2), Left: []identity.ID{user(4), user(3)}, Right: []identity.ID{user(5)}, Force: true, Target: "o-0",
			Scope: identity.Scope{A: mail(1), B: mail(2), Kind: &kind, Source: "web", Ref: identity.Ref{Source: "web", ID: "t1"}, From: from, To: to}}}
	case storage.ClassMembership:
		return storage.Fact{Membership: &identity.Membership{Person: user(n), Account: account(n), Role: "buyer", Primary: true, From: from, To: to, Source: "crm", Ref: "m", At: at, Confidence: 80}}
	case storage.ClassParent:
		return storage.Fact{Parent: &identity.Parent{Child: account(n), Parent: account(n + 1), From: from, To: to, Source: "crm", Ref: "p", At: at}}
	case storage.ClassConsent:
		return storage.Fact{Consent: &touchpoint.Consent{ID: mail(n), Purpose: "ads", Status: 2, Scope: 1, At: at, Source: "form", Proof: "box 3\nticked"}}
	case storage.ClassErasure:
		return storage.Fact{Erasure: &storage.Erased{ID: fmt.Sprint("e-", n), At: at, Actor: "ann"}}
	case storage.ClassResidue:
		return storage.Fact{Residue: &storage.Residue{Erasure: fmt.Sprint("e-", n), Goal: "order", Month: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Currency: "JPY", Count: 2, Value: -5400}}
	}
	return storage.Fact{Audit: &storage.Audit{ID: fmt.Sprint("a-", n), At: at, Actor: "ann", Action: "export", Subject: storage.Tag{1, 15: 2}, Counts: map[string]int64{"touch": 3, "a": -1}, Options: `{"x":1}`}}
}

// bareFact returns one fact of a class with nothing set that may be absent.
func bareFact(c storage.Class) storage.Fact {
	switch c {
	case storage.ClassTouch:
		return storage.Fact{Touch: &touchpoint.Touch{Source: "s", ID: "i", At: start, Kind: "k"}}
	case storage.ClassEvidence:
		return storage.Fact{Evidence: &identity.Evidence{A: user(1), B: user(2), At: start}}
	case storage.ClassOverride:
		return storage.Fact{Override: &identity.Override{ID: "o", At: start, Op: identity.Retract}}
	case storage.ClassMembership:
		return storage.Fact{Membership: &identity.Membership{Person: user(1), Account: account(1), At: start}}
	case storage.ClassParent:
		return storage.Fact{Parent: &identity.Parent{Child: account(1), Parent: account(2), At: start}}
	case storage.ClassConsent:
		return storage.Fact{Consent: &touchpoint.Consent{ID: user(1), At: start}}
	case storage.ClassErasure:
		return storage.Fact{Erasure: &storage.Erased{ID: "e", At: start}}
	case storage.ClassResidue:
		return storage.Fact{Residue: &storage.Residue{Month: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}}
	}
	return storage.Fact{Audit: &storage.Audit{ID: "a", At: start}}
}

// appendable are the classes that Append takes.
func appendable() []storage.Class {
	return slices.DeleteFunc(storage.Classes(), func(c storage.Class) bool { return c == storage.ClassErasure })
}

// idsOf returns every identifier that the facts name; never nil.
func idsOf(facts []storage.Fact) []identity.ID {
	ids := []identity.ID{}
	for _, f := range facts {
		ids = append(ids, f.IDs()...)
	}
	slices.SortFunc(ids, identity.CompareIDs)
	return slices.Compact(ids)
}

// random makes facts of a small world, so that keys, identifiers and instants repeat.
type random struct{ *rand.Rand }

func newRandom(seed uint64) random { return random{rand.New(rand.NewPCG(seed, 7))} }

func pick[T any](g random, list ...T) T { return list[g.IntN(len(list))] }

func (g random) fact() storage.Fact {
	if g.IntN(4) > 0 {
		f := touch(g.IntN(60), g.ids()...)
		f.Touch.Source = pick(g, "web", "crm", "Web")
		f.Touch.Kind = pick(g, touchpoint.KindPageview, touchpoint.KindOrder, touchpoint.KindLogin)
		f.Touch.At = minute(g.IntN(20))
		f.Touch.Stage = pick(g, "", "", "", "x")
		return f
	}
	f := full(pick(g, appendable()...), g.IntN(6))
	switch {
	case f.Evidence != nil && g.IntN(2) == 0:
		*f.Evidence = identity.Evidence{A: user(g.IntN(12)), B: mail(g.IntN(12)), Kind: identity.Import, Source: "crm", At: minute(g.IntN(20))}
	case f.Override != nil && g.IntN(2) == 0:
		*f.Override = identity.Override{ID: fmt.Sprint("bare", g.IntN(4)), At: minute(g.IntN(20)), Op: identity.Retract, Scope: identity.Scope{Source: "web"}}
	case f.Residue != nil:
		f.Residue.Count = int64(g.IntN(2))
	}
	return f
}

func (g random) ids() []identity.ID {
	var ids []identity.ID
	for range 1 + g.IntN(3) {
		ids = append(ids, pick(g, user, mail)(g.IntN(12)))
	}
	return ids
}
