package storage_test

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

var update = flag.Bool("update", false, "write the golden files again")

var t0 = time.Date(2026, 4, 1, 9, 0, 0, 123456000, time.UTC)

func u(n int) identity.ID { return identity.MakeID(identity.UserID, fmt.Sprint("u", n)) }

func eur(minor int64) touchpoint.Money {
	return touchpoint.Money{Minor: minor, Currency: touchpoint.Currency([]byte("EUR"))}
}

func sample() *touchpoint.Touch {
	p, err := touchpoint.ParseProps([]byte(`{"duration_s":1800,"outcome":"completed"}`))
	if err != nil {
		panic(err)
	}
	return &touchpoint.Touch{Source: "crm", ID: "0e8b1d7f-7af3-5d5b-b66f-80e61e974a6a", At: t0, Kind: "meeting",
		Channel: "Sales", Touchpoint: "Demo room", IDs: []identity.ID{identity.MakeID("email", "a.sato@example.co.jp"), identity.MakeID("user_id", "u-17")},
		Direction: touchpoint.Outbound, Offline: true, Value: eur(12000), Props: p}
}

// everything is one fact of each class that Append takes, with every field set.
func everything() []storage.Fact {
	kind := identity.Form
	from, to := t0.Add(-time.Hour), t0.Add(time.Hour)
	tp := *sample()
	tp.ReceivedAt, tp.Cost, tp.Sentiment, tp.Stage, tp.Redacted = t0.Add(time.Second), eur(7), touchpoint.SentimentMilli(-125), "x", true
	tp.Campaign = touchpoint.Campaign{Source: "a", Medium: "b", Name: "c", Term: "d", Content: "e", ID: "f"}
	return []storage.Fact{
		{Touch: &tp},
		{Touch: &touchpoint.Touch{Source: "s ", ID: " <&>\u2028", At: t0, Kind: "k", Value: touchpoint.Money{Minor: -1 << 63, Currency: touchpoint.Currency([]byte("QQQ"))}, Sentiment: touchpoint.SentimentMilli(-1000)}},
		{Evidence: &identity.Evidence{A: u(1), B: u(2), Kind: identity.Probabilistic, Source: "crm", Ref: "r", At: t0, From: from, To: to, Weight: -7}},
		{Override: &identity.Override{ID: "o", At: t0, Actor: "ann", Reason: "two\nlines", Op: identity.Separate, A: u(1), B: u(2), Left: []identity.ID{u(4), u(3)}, Right: []identity.ID{u(5)}, Force: true, Target: "o-0",
			Scope: identity.Scope{A: u(6), B: u(7), Kind: &kind, Source: "web", Ref: identity.Ref{Source: "web", ID: "1"}, From: from, To: to}}},
		{Membership: &identity.Membership{Person: u(1), Account: identity.MakeID(identity.Domain, "a.example"), Role: "buyer", Primary: true, From: from, To: to, Source: "crm", Ref: "m", At: t0, Confidence: 80}},
		{Parent: &identity.Parent{Child: u(1), Parent: u(2), From: from, To: to, Source: "crm", Ref: "p", At: t0}},
		{Consent: &touchpoint.Consent{ID: u(1), Purpose: "ads", Status: 2, Scope: 1, At: t0, Source: "form", Proof: "box 3"}},
		{Residue: &storage.Residue{Erasure: "e", Goal: "g", Month: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), Currency: "JPY", Count: 2, Value: -5400}},
		{Audit: &storage.Audit{ID: "a", At: t0, Actor: "ann", Action: "export", Subject: storage.Tag{1}, Counts: map[string]int64{"b": 1, "a": -2}, Options: `{"x":1}`}},
	}
}

// erased is a fact of the class that Append does not take, with every field set.
func erased() storage.Fact {
	return storage.Fact{Erasure: &storage.Erased{ID: "e-1", At: t0, Actor: "ann", Reason: "asked\nby mail", Policy: storage.RestartAsNew, Mode: 1, Scope: 2,
		Removed: map[storage.Class]int64{storage.ClassConsent: 1, storage.ClassTouch: 300}, Redacted: 4, Suppressed: 2,
		Entries: []storage.Suppression{
			{KeyID: "k1", Tag: storage.Tag{1}, At: t0, Policy: storage.RestartAsNew, Generation: 3, Salt: [16]byte{9, 15: 1}},
			{KeyID: "k1", Tag: storage.Tag{2}, At: t0},
		}}}
}

// filled is a store with everything and an erasure.
func filled(t *testing.T) *memstore.Store {
	t.Helper()
	s := memstore.New(nil)
	outs, err := s.Append(t.Context(), everything())
	if got := touchpoint.Count(outs); err != nil || got[touchpoint.Accepted] != len(everything()) {
		t.Fatal(got, err)
	}
	_, err = s.Erase(t.Context(), storage.Erasure{ID: "e1", At: t0, Remove: []storage.Query{{Keys: []storage.Key{{Class: storage.ClassTouch, Source: "x", ID: "y"}}}},
		Suppress: []storage.Suppression{{KeyID: "k1", Tag: storage.Tag{9}, At: t0, Policy: storage.RestartAsNew, Generation: 2, Salt: [16]byte{7}}}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
