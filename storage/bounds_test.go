package storage_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

func ids(n int) []identity.ID {
	list := make([]identity.ID, n)
	for i := range list {
		list[i] = identity.MakeID(identity.UserID, fmt.Sprintf("u-%03d", i))
	}
	return list
}

// What Check accepts can be read again: no fact is taken that makes its store unreadable.
func TestWhatCheckAcceptsComesBack(t *testing.T) {
	year1 := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	var facts []storage.Fact
	for _, n := range []int{0, 1, -1, math.MaxInt32, math.MinInt32, math.MaxInt, math.MinInt, math.MaxInt32 + math.MaxInt>>40} {
		facts = append(facts, storage.Fact{Membership: &identity.Membership{Person: u(1), Account: u(2), At: t0, Confidence: n}})
	}
	for _, at := range []time.Time{year1, year1.Add(1), year1.Add(999), year1.Add(1000), year1.Add(-1), time.Unix(-1, 999_999_999), time.Unix(0, 0),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		facts = append(facts,
			storage.Fact{Evidence: &identity.Evidence{A: u(1), B: u(2), At: t0, From: at}},
			storage.Fact{Evidence: &identity.Evidence{A: u(1), B: u(2), At: at}},
			storage.Fact{Override: &identity.Override{ID: "o", At: t0, Op: identity.MustLink, Scope: identity.Scope{To: at}}})
	}
	for _, n := range []int{1, 100, 101} {
		facts = append(facts, storage.Fact{Touch: &touchpoint.Touch{Source: "s", ID: "i", At: t0, Kind: "k", IDs: ids(n)}},
			storage.Fact{Override: &identity.Override{ID: "o", At: t0, Op: identity.Separate, Left: ids(n)}})
	}
	for _, code := range []string{"AAA", "ZZZ", "AZN"} {
		facts = append(facts, storage.Fact{Touch: &touchpoint.Touch{Source: "s", ID: "i", At: t0, Kind: "k",
			Value: touchpoint.Money{Minor: 1, Currency: touchpoint.Currency([]byte(code))}}})
	}
	for _, milli := range []int{-1000, -1, 0, 1, 1000} {
		facts = append(facts, storage.Fact{Touch: &touchpoint.Touch{Source: "s", ID: "i", At: t0, Kind: "k", Sentiment: touchpoint.SentimentMilli(milli)}})
	}
	for _, kind := range []identity.Kind{identity.CoOccurrence, identity.Probabilistic, identity.Probabilistic + 1} {
		facts = append(facts, storage.Fact{Override: &identity.Override{ID: "o", At: t0, Op: identity.Retract, Scope: identity.Scope{Kind: &kind}}})
	}
	for _, generation := range []int{-1, 0, math.MaxInt32, math.MaxInt32 + math.MaxInt>>40} {
		facts = append(facts, storage.Fact{Erasure: &storage.Erased{ID: "e", At: t0,
			Entries: []storage.Suppression{{Tag: storage.Tag{1}, At: t0, Generation: generation}}}})
	}
	for _, class := range []storage.Class{0, storage.ClassTouch, storage.ClassAudit, storage.ClassAudit + 1} {
		facts = append(facts, storage.Fact{Erasure: &storage.Erased{ID: "e", At: t0, Removed: map[storage.Class]int64{class: 1}}})
	}
	facts = append(facts, storage.Fact{Audit: &storage.Audit{ID: "a", At: t0, Counts: map[string]int64{"": 1, "a": 0}}})
	refused := 0
	for i, f := range facts {
		body, err := storage.AppendFact(nil, f)
		if err != nil {
			refused++
			var e *touchpoint.InvalidError
			if !errors.As(err, &e) {
				t.Errorf("fact %d: %v", i, err)
			}
			continue
		}
		got, err := storage.DecodeFact(body)
		if err != nil {
			t.Errorf("fact %d (%v) is accepted and cannot be read: %v", i, f.Class(), err)
		} else if again, err := storage.AppendFact(nil, got); err != nil || !bytes.Equal(again, body) {
			t.Errorf("fact %d comes back another: %v", i, err)
		}
	}
	if refused == 0 || refused == len(facts) {
		t.Errorf("%d of %d refused", refused, len(facts))
	}
}

func TestCheckKeepsEveryBound(t *testing.T) {
	form, last, next, wild := identity.Form, identity.Probabilistic, identity.Probabilistic+1, identity.Kind(99)
	entry := func(tag byte) storage.Suppression {
		return storage.Suppression{KeyID: "k", Tag: storage.Tag{tag}, At: t0}
	}
	erase := func(change func(*storage.Erased)) storage.Fact {
		e := &storage.Erased{ID: "e", At: t0}
		change(e)
		return storage.Fact{Erasure: e}
	}
	touch := func(change func(*touchpoint.Touch)) storage.Fact {
		tp := sample()
		change(tp)
		return storage.Fact{Touch: tp}
	}
	scope := func(k *identity.Kind) storage.Fact {
		return storage.Fact{Override: &identity.Override{ID: "o", At: t0, Op: identity.Retract, Scope: identity.Scope{Kind: k}}}
	}
	usd := touchpoint.Money{Minor: 1, Currency: touchpoint.Currency([]byte("USD"))}
	for what, c := range map[string]struct {
		f      storage.Fact
		field  string
		reason touchpoint.Reason
	}{
		"a hundred identifiers":        {f: touch(func(tp *touchpoint.Touch) { tp.IDs = ids(storage.MaxIDs) })},
		"one more":                     {touch(func(tp *touchpoint.Touch) { tp.IDs = ids(storage.MaxIDs + 1) }), "ids", touchpoint.TooMany},
		"a hundred, one of them twice": {f: touch(func(tp *touchpoint.Touch) { tp.IDs = append(ids(storage.MaxIDs), ids(1)...) })},
		"a name at its bound":          {f: touch(func(tp *touchpoint.Touch) { tp.Stage = strings.Repeat("é", storage.MaxText/2) })},
		"one byte more":                {touch(func(tp *touchpoint.Touch) { tp.Stage = strings.Repeat("é", storage.MaxText/2) + "x" }), "stage", touchpoint.TooLong},
		"an identifier at its bound": {f: touch(func(tp *touchpoint.Touch) {
			tp.IDs = []identity.ID{identity.MakeID(identity.Type(strings.Repeat("t", 63)), strings.Repeat("v", 512))}
		})},
		"a type of one byte more": {touch(func(tp *touchpoint.Touch) {
			tp.IDs = []identity.ID{identity.MakeID(identity.Type(strings.Repeat("t", 64)), "v")}
		}), "ids", touchpoint.TooLong},
		"U+009F":                   {touch(func(tp *touchpoint.Touch) { tp.Channel = "a\u009fb" }), "channel", touchpoint.Control},
		"U+0080 at the end":        {touch(func(tp *touchpoint.Touch) { tp.Channel = "a\u0080" }), "channel", touchpoint.Control},
		"U+00A0":                   {f: touch(func(tp *touchpoint.Touch) { tp.Channel = "a\u00a0b" })},
		"DEL":                      {touch(func(tp *touchpoint.Touch) { tp.Channel = "a\x7f" }), "channel", touchpoint.Control},
		"two currencies":           {touch(func(tp *touchpoint.Touch) { tp.Cost = usd }), "currency", touchpoint.OutOfRange},
		"an amount of no currency": {touch(func(tp *touchpoint.Touch) { tp.Value = touchpoint.Money{Minor: 1} }), "currency", touchpoint.Missing},
		"a cost alone":             {f: touch(func(tp *touchpoint.Touch) { tp.Cost, tp.Value = usd, touchpoint.Money{} })},
		"currencies at the ends":   {f: touch(func(tp *touchpoint.Touch) { tp.Value.Currency = touchpoint.Currency([]byte("AZA")) })},
		"a currency before A":      {touch(func(tp *touchpoint.Touch) { tp.Value.Currency = touchpoint.Currency([]byte("A@A")) }), "currency", touchpoint.UnknownCurrency},
		"a currency after Z":       {touch(func(tp *touchpoint.Touch) { tp.Value.Currency = touchpoint.Currency([]byte("A[A")) }), "currency", touchpoint.UnknownCurrency},
		"a scope of the last kind": {f: scope(&last)},
		"a scope of the next kind": {scope(&next), "scope.kind", touchpoint.OutOfRange},
		"the last generation": {f: erase(func(e *storage.Erased) {
			e.Entries = []storage.Suppression{{Tag: storage.Tag{1}, At: t0, Generation: math.MaxInt32}}
		})},
		"a generation below zero": {erase(func(e *storage.Erased) {
			e.Entries = []storage.Suppression{{Tag: storage.Tag{1}, At: t0, Generation: -1}}
		}), "entries", touchpoint.OutOfRange},
		"removed audits":          {f: erase(func(e *storage.Erased) { e.Removed = map[storage.Class]int64{storage.ClassAudit: 1} })},
		"a scope of a kind":       {f: scope(&form)},
		"a scope of no such kind": {scope(&wild), "scope.kind", touchpoint.OutOfRange},
		"entries in order":        {f: erase(func(e *storage.Erased) { e.Entries = []storage.Suppression{entry(1), entry(2)} })},
		"entries out of order":    {erase(func(e *storage.Erased) { e.Entries = []storage.Suppression{entry(2), entry(1)} }), "entries", touchpoint.DuplicateKey},
		"entries of a tag by key": {f: erase(func(e *storage.Erased) {
			e.Entries = []storage.Suppression{{KeyID: "k1", Tag: storage.Tag{1}, At: t0}, {KeyID: "k2", Tag: storage.Tag{1}, At: t0}}
		})},
		"entries of a tag not by key": {erase(func(e *storage.Erased) {
			e.Entries = []storage.Suppression{{KeyID: "k2", Tag: storage.Tag{1}, At: t0}, {KeyID: "k1", Tag: storage.Tag{1}, At: t0}}
		}), "entries", touchpoint.DuplicateKey},
		"an entry twice":               {erase(func(e *storage.Erased) { e.Entries = []storage.Suppression{entry(1), entry(1)} }), "entries", touchpoint.DuplicateKey},
		"an entry of no time":          {erase(func(e *storage.Erased) { e.Entries = []storage.Suppression{{Tag: storage.Tag{1}}} }), "entries", touchpoint.TimeRange},
		"a removed class that is none": {erase(func(e *storage.Erased) { e.Removed = map[storage.Class]int64{10: 1} }), "removed", touchpoint.OutOfRange},
		"a count with a bad name":      {storage.Fact{Audit: &storage.Audit{ID: "a", At: t0, Counts: map[string]int64{"\x00": 1}}}, "counts", touchpoint.Control},
		"a month that begins late":     {storage.Fact{Residue: &storage.Residue{Month: t0}}, "month", touchpoint.OutOfRange},
		"no value":                     {storage.Fact{}, "class", touchpoint.Missing},
		"two values":                   {storage.Fact{Touch: sample(), Audit: &storage.Audit{ID: "a", At: t0}}, "class", touchpoint.Missing},
		"more than a body holds": {storage.Fact{Override: &identity.Override{ID: "o", At: t0, Op: identity.Separate,
			Left: slices.Repeat([]identity.ID{identity.MakeID(identity.UserID, strings.Repeat("v", 500))}, 600)}}, "override", touchpoint.TooLarge},
	} {
		err := storage.Check(c.f)
		var e *touchpoint.InvalidError
		switch {
		case c.reason == "":
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		case !errors.As(err, &e) || e.Field != c.field || e.Reason != c.reason:
			t.Errorf("%s: %v, want %s of %s", what, err, c.reason, c.field)
		}
		if c.f.Class() == 0 && c.f.Key() != (storage.Key{}) {
			t.Errorf("%s has a key", what)
		}
	}
	bad := storage.Fact{Evidence: &identity.Evidence{A: u(1), At: t0}}
	if bad.Key() != (storage.Key{}) {
		t.Error("evidence that Check refuses has a key made of its content")
	}
}

// The longest fact is one, and one byte more is none, to write as to read.
func TestBodyAtItsBound(t *testing.T) {
	fact := func(reason int) storage.Fact {
		return storage.Fact{Override: &identity.Override{ID: "o", At: t0, Op: identity.Separate, Reason: strings.Repeat("r", reason),
			Left: slices.Repeat([]identity.ID{identity.MakeID(identity.UserID, strings.Repeat("v", 490))}, 523)}}
	}
	short, err := storage.AppendFact(nil, fact(200))
	if err != nil {
		t.Fatal(err)
	}
	rest := 200 + storage.MaxBody - len(short)
	if rest > storage.MaxText {
		t.Fatalf("%d bytes are left: too many for the reason", rest)
	}
	body, err := storage.AppendFact(nil, fact(rest))
	if err != nil || len(body) != storage.MaxBody {
		t.Fatalf("%d bytes at the limit: %v", len(body), err)
	}
	if f, err := storage.DecodeFact(body); err != nil || len(f.Override.Reason) != rest {
		t.Errorf("reading at the limit: %v", err)
	}
	var e *touchpoint.InvalidError
	if err := storage.Check(fact(rest + 1)); !errors.As(err, &e) || e.Reason != touchpoint.TooLarge {
		t.Errorf("one over: %v", err)
	}
}

func TestCheckBatchSaysWhyACallCannotBegin(t *testing.T) {
	if err := storage.CheckBatch(t.Context(), storage.MaxBatch); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if err := storage.CheckBatch(t.Context(), storage.MaxBatch+1); !errors.Is(err, storage.ErrBatchTooLarge) {
		t.Errorf("one over: %v", err)
	}
	var none context.Context
	if err := storage.CheckBatch(none, 1); !errors.Is(err, storage.ErrNoContext) {
		t.Errorf("no context: %v", err)
	}
}

func TestEraseChecksWhatItWrites(t *testing.T) {
	audit, residue := storage.Fact{Audit: &storage.Audit{ID: "a", At: t0}}, everything()[7]
	bad := storage.Fact{Touch: &touchpoint.Touch{Source: "s", ID: "i", At: t0}}
	for what, c := range map[string]struct {
		e    storage.Erasure
		want error
	}{
		"a redacted touch":          {storage.Erasure{Redact: []storage.Fact{{Touch: sample()}}}, nil},
		"a redacted erasure":        {storage.Erasure{Redact: []storage.Fact{erased()}}, storage.ErrErasure},
		"a redacted audit":          {storage.Erasure{Redact: []storage.Fact{audit}}, storage.ErrErasure},
		"a replacement of no kind":  {storage.Erasure{Redact: []storage.Fact{bad}}, touchpoint.ErrInvalid},
		"a residue and an audit":    {storage.Erasure{Add: []storage.Fact{residue, audit}}, nil},
		"a touch added":             {storage.Erasure{Add: []storage.Fact{{Touch: sample()}}}, storage.ErrErasure},
		"an audit of no time":       {storage.Erasure{Add: []storage.Fact{{Audit: &storage.Audit{ID: "a"}}}}, touchpoint.ErrInvalid},
		"entries of one tag":        {storage.Erasure{Suppress: []storage.Suppression{{Tag: storage.Tag{1}, At: t0}, {Tag: storage.Tag{1}, At: t0}}}, touchpoint.ErrInvalid},
		"entries in any order":      {storage.Erasure{Suppress: []storage.Suppression{{Tag: storage.Tag{2}, At: t0}, {Tag: storage.Tag{1}, At: t0}}}, nil},
		"queries at their bound":    {storage.Erasure{Remove: slices.Repeat([]storage.Query{{IDs: ids(1)}}, storage.MaxValues)}, nil},
		"one query more":            {storage.Erasure{Remove: slices.Repeat([]storage.Query{{IDs: ids(1)}}, storage.MaxValues+1)}, storage.ErrErasure},
		"more entries than a batch": {storage.Erasure{Suppress: make([]storage.Suppression, storage.MaxBatch+1)}, storage.ErrErasure},
	} {
		c.e.ID, c.e.At = "e", t0
		if err := c.e.Check(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
}

// Every byte of an encoding turned into every other: refused, or read as what it says.
func TestCorruptByteOfAFactIsReportedOrReadAsItIs(t *testing.T) {
	for _, f := range append(everything(), erased()) {
		body, err := storage.AppendFact(nil, f)
		if err != nil {
			t.Fatal(err)
		}
		for i := range body {
			bad := bytes.Clone(body)
			for k := 1; k < 256; k++ {
				if testing.Short() && k&(k-1) != 0 {
					continue
				}
				bad[i] = body[i] ^ byte(k)
				got, err := storage.DecodeFact(bad)
				if err != nil {
					var c *storage.CorruptError
					if !errors.As(err, &c) {
						t.Fatalf("%v: %v", f.Class(), err)
					}
					continue
				}
				if again, err := storage.AppendFact(nil, got); err != nil || !bytes.Equal(again, bad) {
					t.Fatalf("%v, byte %d as %#x: read as something else: %v", f.Class(), i, bad[i], err)
				}
			}
		}
	}
}

// What no encoder writes is not read, so that equal content has equal bytes.
func TestDecodeRefusesOtherSpellings(t *testing.T) {
	varint := func(at time.Time) []byte { return binary.AppendVarint(nil, at.UnixMicro()) }
	twoIDs := storage.Fact{Touch: &touchpoint.Touch{Source: "s", ID: "i", At: t0, Kind: "k", IDs: []identity.ID{u(1), u(2)}}}
	for what, c := range map[string]struct {
		f         storage.Fact
		old, with []byte
	}{
		"the zero instant":     {everything()[2], varint(t0.Add(-time.Hour)), varint(time.Time{})},
		"a year 10000":         {everything()[2], varint(t0.Add(-time.Hour)), varint(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))},
		"a longer length":      {everything()[0], []byte("\x09Demo room"), []byte("\x89\x00Demo room")},
		"counts out of order":  {everything()[8], []byte("\x01a\x03\x01b\x02"), []byte("\x01b\x02\x01a\x03")},
		"a count twice":        {everything()[8], []byte("\x01a\x03\x01b\x02"), []byte("\x01a\x03\x01a\x02")},
		"classes out of order": {erased(), []byte("\x01\xd8\x04\x06\x02"), []byte("\x06\x02\x01\xd8\x04")},
		"entries out of order": {erased(), []byte("\x02k1\x02"), []byte("\x02k1\x00")},
		"an identifier twice":  {twoIDs, []byte("\x02u1\x07user_id\x02u2"), []byte("\x02u1\x07user_id\x02u1")},
	} {
		body, err := storage.AppendFact(nil, c.f)
		if err != nil || bytes.Count(body, c.old) != 1 {
			t.Errorf("%s: %d places, %v in %q", what, bytes.Count(body, c.old), err, body)
			continue
		}
		bad := bytes.Replace(body, c.old, c.with, 1)
		var e *storage.CorruptError
		if _, err := storage.DecodeFact(bad); bytes.Equal(bad, body) || !errors.As(err, &e) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestRowOfOtherBytesIsCorrupt(t *testing.T) {
	var r storage.Row
	if err := r.Encode(storage.Fact{Touch: sample()}); err != nil {
		t.Fatal(err)
	}
	if f, err := r.Fact(); err != nil || !reflect.DeepEqual(f.Touch.IDs, sample().IDs) {
		t.Fatal(err)
	}
	r.Body[len(r.Body)-1] ^= 1
	_, err := r.Fact()
	var c *storage.CorruptError
	if !errors.As(err, &c) || err.Error() != "storage: corrupt fact" {
		t.Errorf("%v", err)
	}
	for offset, want := range map[int64]string{-1: "storage: corrupt log", 0: "storage: corrupt log at 0", 17: "storage: corrupt log at 17"} {
		if text := (&storage.CorruptError{Where: "log", Offset: offset}).Error(); text != want {
			t.Errorf("%q, want %q", text, want)
		}
	}
}

// A conflict names the fields that differ, those that only one of the two has included.
func TestDiffOfEveryClass(t *testing.T) {
	o := *everything()[3].Override
	other := o
	other.Reason, other.Target, other.Scope.Source = "", "o-9", "app"
	if got := storage.Diff(storage.Fact{Override: &o}, storage.Fact{Override: &other}); !slices.Equal(got, []string{"reason", "scope", "target"}) {
		t.Errorf("an override: %v", got)
	}
	if got := storage.Diff(storage.Fact{Override: &other}, storage.Fact{Override: &o}); !slices.Equal(got, []string{"reason", "scope", "target"}) {
		t.Errorf("the other way round: %v", got)
	}
	a := *sample()
	a.Stage, a.Campaign.Name = "x", "y"
	if got := storage.Diff(storage.Fact{Touch: sample()}, storage.Fact{Touch: &a}); !slices.Equal(got, touchpoint.Diff(*sample(), a)) || len(got) != 2 {
		t.Errorf("a touch: %v", got)
	}
	for _, f := range append(everything(), erased()) {
		if got := storage.Diff(f, f); len(got) > 0 {
			t.Errorf("%v differs from itself in %v", f.Class(), got)
		}
	}
}

func TestSuppressionListOfUnknownTags(t *testing.T) {
	var l storage.SuppressionList
	l.Join(storage.Erased{ID: "a", At: t0})
	if l.Len() != 0 {
		t.Error("an erasure without entries makes one")
	}
	l.Join(*erased().Erasure)
	if s, ok := l.Entry(storage.Tag{77}); ok || s != (storage.Suppression{}) {
		t.Error("an unknown tag has an entry")
	}
	for s := range l.All() {
		if s.Tag != (storage.Tag{1}) {
			t.Errorf("the first is %v", s.Tag)
		}
		break
	}
}

// Two erasures of one instant: the greater id gives the policy, whichever came first.
func TestSuppressionTiesOfInstantGoById(t *testing.T) {
	at := func(id string, p storage.Policy) storage.Erased {
		return storage.Erased{ID: id, At: t0, Entries: []storage.Suppression{{KeyID: id, Tag: storage.Tag{1}, At: t0, Policy: p}}}
	}
	for _, order := range [][]storage.Erased{{at("a", storage.Refuse), at("b", storage.RestartAsNew)}, {at("b", storage.RestartAsNew), at("a", storage.Refuse)}} {
		var l storage.SuppressionList
		for _, e := range order {
			l.Join(e)
		}
		if s, _ := l.Entry(storage.Tag{1}); s.Policy != storage.RestartAsNew || s.KeyID != "b" {
			t.Errorf("%s first: %v of %s", order[0].ID, s.Policy, s.KeyID)
		}
	}
}

// What Check would refuse is told apart and written out all the same: callers compare what
// they were handed.
func TestDiffAndContainerTakeWhatCheckRefuses(t *testing.T) {
	c, err := storage.NewContainer(io.Discard, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []uint8{0, 5, 6, 255} {
		kind := identity.Kind(n)
		for field, pair := range map[string][2]storage.Fact{
			"scope": {{Override: &identity.Override{ID: "o", At: t0, Op: identity.Retract, Scope: identity.Scope{Kind: &kind}}},
				{Override: &identity.Override{ID: "o", At: t0, Op: identity.Retract}}},
			"kind": {{Evidence: &identity.Evidence{Kind: kind, At: t0}}, {Evidence: &identity.Evidence{Kind: kind + 7, At: t0}}},
		} {
			if got := storage.Diff(pair[0], pair[1]); !slices.Equal(got, []string{field}) {
				t.Errorf("kind %d: %v, want %s", n, got, field)
			}
			if err := c.Fact(pair[0]); err != nil {
				t.Errorf("kind %d: %v", n, err)
			}
		}
	}
}

// Whatever prints says what it is, by every way to print that Go has.
func TestPrintingSaysWhatItIs(t *testing.T) {
	var r storage.Row
	if err := r.Encode(storage.Fact{Touch: sample()}); err != nil {
		t.Fatal(err)
	}
	for want, v := range map[string]interface {
		fmt.Stringer
		fmt.GoStringer
	}{
		"touch":                      storage.Fact{Touch: sample()},
		"c-1 touch":                  storage.Change{Cursor: storage.MakeCursor("c-1"), Fact: storage.Fact{Touch: sample()}},
		"3 touches of 2 identifiers": storage.Tie{Count: 3, Sighting: sample().Sighting()},
		"evidence":                   storage.Tie{Evidence: everything()[2].Evidence},
		fmt.Sprintf("touch of %d bytes", len(r.Body)): r,
	} {
		if v.String() != want || v.GoString() != want || fmt.Sprintf("%#v", v) != want {
			t.Errorf("%q, %q and %q, want %q", v.String(), v.GoString(), fmt.Sprintf("%#v", v), want)
		}
	}
	for _, v := range []interface {
		fmt.Stringer
		fmt.GoStringer
	}{storage.Query{IDs: ids(2)}, storage.Erasure{ID: "e"}, storage.Summary{}, storage.SummaryQuery{IDs: ids(1)}} {
		if v.String() == "" || v.GoString() != v.String() {
			t.Errorf("%q and %q", v.String(), v.GoString())
		}
	}
	if text, err := storage.MakeCursor("mem-1").MarshalText(); string(text) != "mem-1" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

// The longest cursor is one, and one byte more is none.
func TestCursorAtItsBound(t *testing.T) {
	var c storage.Cursor
	if err := c.UnmarshalText(bytes.Repeat([]byte("~"), 4<<10)); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if err := c.UnmarshalText(bytes.Repeat([]byte("!"), 4<<10+1)); !errors.Is(err, storage.ErrCursor) {
		t.Errorf("one over: %v", err)
	}
}
