package storage_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// everything is one fact of each class that Append takes, with every field set.
func everything() []storage.Fact {
	kind := identity.Form
	from, to := t0.Add(-time.Hour), t0.Add(time.Hour)
	u := func(n int) identity.ID { return identity.MakeID(identity.UserID, fmt.Sprint("u", n)) }
	tp := *sample()
	tp.ReceivedAt, tp.Cost, tp.Sentiment, tp.Stage, tp.Redacted = t0.Add(time.Second), touchpoint.Money{Minor: -7, Currency: touchpoint.Currency([]byte("EUR"))}, touchpoint.SentimentMilli(-125), "x", true
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

func TestRestoreGivesBackWhatDumpWrote(t *testing.T) {
	s := filled(t)
	var first, second bytes.Buffer
	if err := storage.Dump(t.Context(), s, &first); err != nil {
		t.Fatal(err)
	}
	back := memstore.New(nil)
	for _, want := range []touchpoint.Status{touchpoint.Accepted, touchpoint.Duplicate} {
		tally, err := storage.Restore(t.Context(), back, bytes.NewBuffer(first.Bytes()))
		if err != nil || tally[want] != 10 {
			t.Fatal(tally, err)
		}
	}
	if err := storage.Dump(t.Context(), back, &second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("another dump:\n%s\n%s", first.Bytes(), second.Bytes())
	}
	tagged := storage.Fact{Tags: []storage.Tag{{9}}, Touch: &touchpoint.Touch{Source: "s", ID: "i", At: t0, Kind: "k"}}
	if outs, err := back.Append(t.Context(), []storage.Fact{tagged}); err != nil || outs[0].Status != touchpoint.Suppressed {
		t.Error("the suppression list did not travel", outs, err)
	}
}

func TestRestoreTakesNothingFromADamagedFile(t *testing.T) {
	var b bytes.Buffer
	if err := storage.Dump(t.Context(), filled(t), &b); err != nil {
		t.Fatal(err)
	}
	good := b.Bytes()
	try := func(what string, file []byte) {
		s := memstore.New(nil)
		_, err := storage.Restore(t.Context(), s, bytes.NewReader(file))
		n, _ := storage.Count(t.Context(), s, storage.Query{})
		if err == nil || n > 0 {
			t.Errorf("%s: %d facts, error %v", what, n, err)
		}
	}
	for n := 0; n < len(good)-1; n += 7 {
		try(fmt.Sprint("cut at ", n), good[:n])
		bad := bytes.Clone(good)
		bad[n] ^= 1
		try(fmt.Sprint("flipped at ", n), bad)
	}
	try("more after the end", append(bytes.Clone(good), "{\"type\":\"touch\"}\n"...))
	try("twice", append(bytes.Clone(good), good...))
}

func TestCopyGoesOnWhereItStopped(t *testing.T) {
	src, dst := filled(t), memstore.New(nil)
	at, tally, err := storage.Copy(t.Context(), dst, src, storage.Cursor{})
	if err != nil || tally[touchpoint.Accepted] != 10 {
		t.Fatal(tally, err)
	}
	if _, err := src.Append(t.Context(), []storage.Fact{{Touch: &touchpoint.Touch{Source: "s", ID: "later", At: t0, Kind: "k"}}}); err != nil {
		t.Fatal(err)
	}
	if _, tally, err = storage.Copy(t.Context(), dst, src, at); err != nil || tally.Offered() != 1 {
		t.Fatal(tally, err)
	}
	a, err1 := storage.Digest(t.Context(), src)
	b, err2 := storage.Digest(t.Context(), dst)
	if a != b || err1 != nil || err2 != nil {
		t.Error("the copy has another digest", err1, err2)
	}
	if err := storage.Verify(t.Context(), dst); err != nil {
		t.Error(err)
	}
}
