package storage_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// Vectors of the specification, storage 2.
func TestKeyVectors(t *testing.T) {
	ann, u1 := identity.MakeID("email", "ann@example.com"), identity.MakeID("user_id", "u1")
	for _, v := range []struct {
		what string
		got  [16]byte
		want string
	}{
		{"touch", storage.Key{Class: storage.ClassTouch, Source: "web", ID: "1"}.Hash(), "531dac40bd885eae1533caeebe17b682"},
		{"evidence", storage.Key{Class: storage.ClassEvidence, Source: "crm", ID: "e-1"}.Hash(), "bfd40f615705954e12d8e7bc7ed96f9c"},
		{"email", storage.HashID(ann), "49393fdde19d98e7c2e2f983cad30192"},
		{"user_id", storage.HashID(u1), "dd06134fb6743ec8c9b667ed1e4fe615"},
		{"set", storage.HashSet(storage.ClassTouch, "web", []identity.ID{ann, u1}), "8dfe7c230df638d510f28e7a9a8703e5"},
	} {
		if got := hex.EncodeToString(v.got[:]); got != v.want {
			t.Errorf("%s: %s, want %s", v.what, got, v.want)
		}
	}
}

// The encoding is stable between releases: its bytes are golden.
func TestEncodingIsStable(t *testing.T) {
	var b strings.Builder
	for _, f := range append(everything(), erased()) {
		body, err := storage.AppendFact(nil, f)
		if err != nil {
			t.Fatal(f.Class(), err)
		}
		fmt.Fprintf(&b, "%v %q %q %x\n", f.Class(), f.Key().Source, f.Key().ID, body)
	}
	path := filepath.Join("testdata", "golden", "encoding-v1.txt")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the encoding has changed:\n%s\nwant\n%s", b.String(), want)
	}
}

func TestDecodeGivesBackWhatWasEncoded(t *testing.T) {
	named := storage.Fact{Override: &identity.Override{ID: "o", At: t0, Op: identity.Separate, A: u(2), B: u(1), Left: []identity.ID{u(1), u(3)}, Right: []identity.ID{u(2)}}}
	for _, f := range append(everything(), erased(), named) {
		body, err := storage.AppendFact([]byte("before"), f)
		if err != nil || !bytes.HasPrefix(body, []byte("before")) {
			t.Fatal(f.Class(), err)
		}
		got, err := storage.DecodeFact(body[len("before"):])
		if err != nil {
			t.Fatal(f.Class(), err)
		}
		if f.Touch != nil {
			f.Touch.ReceivedAt = time.Time{} // no content
		}
		if !reflect.DeepEqual(got, f) {
			t.Errorf("%v differs", f.Class())
		}
		var r storage.Row
		if err := r.Encode(f); err != nil || r.Key != f.Key() || r.At != f.At().UnixMicro() || !slices.Equal(r.IDs, f.IDs()) || r.Sum != storage.HashBody(r.Body) || r.Hash != f.Key().Hash() {
			t.Errorf("the row of %v is not what its fact says: %v", f.Class(), err)
		}
	}
}

// The first instant that a fact may have, and the last, are instants of facts.
func TestFactsOfTheFirstAndTheLastInstant(t *testing.T) {
	for _, at := range []time.Time{time.Unix(0, 0).UTC(), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)} {
		body, err := storage.AppendFact(nil, storage.Fact{Touch: &touchpoint.Touch{Source: "s", ID: "i", At: at, Kind: "k"}})
		if err != nil {
			t.Fatal(err)
		}
		if f, err := storage.DecodeFact(body); err != nil || !f.Touch.At.Equal(at) {
			t.Errorf("%v comes back another: %v", at, err)
		}
	}
}

// Equal content ⇔ equal bytes: what is no content changes nothing, every field changes something.
func TestEqualContentIsEqualBytes(t *testing.T) {
	encode := func(f storage.Fact) string {
		b, err := storage.AppendFact(nil, f)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	same := func(what string, change func(*touchpoint.Touch)) {
		a, b := *sample(), *sample()
		change(&b)
		if encode(storage.Fact{Touch: &a}) != encode(storage.Fact{Touch: &b, Tags: []storage.Tag{{1}}}) {
			t.Errorf("%s changes the bytes", what)
		}
	}
	same("nothing", func(*touchpoint.Touch) {})
	same("the zone", func(t *touchpoint.Touch) { t.At = t.At.In(time.FixedZone("", 3600)) })
	same("a nanosecond", func(t *touchpoint.Touch) { t.At = t.At.Add(1) })
	same("when it was received", func(t *touchpoint.Touch) { t.ReceivedAt = t0 })
	same("the order of identifiers", func(t *touchpoint.Touch) { slices.Reverse(t.IDs) })
	same("an identifier right after itself", func(t *touchpoint.Touch) { t.IDs = slices.Insert(t.IDs, 1, t.IDs[0]) })
	same("a repeated identifier", func(t *touchpoint.Touch) { t.IDs = append(t.IDs, t.IDs[0]) })

	for _, f := range append(everything(), erased()) {
		first := encode(f)
		v := reflect.ValueOf(f)
		for i := 1; i < v.NumField(); i++ {
			if v.Field(i).IsNil() {
				continue
			}
			rec := v.Field(i).Elem()
			for k := range rec.NumField() {
				name := rec.Type().Field(k).Name
				required := map[string]bool{"At": true, "ReceivedAt": true, "Month": true, "Source": f.Touch != nil, "Kind": f.Touch != nil, "Op": true,
					"A": f.Evidence != nil, "B": f.Evidence != nil, "Person": true, "Account": true, "Child": true, "Parent": true,
					"ID": true, "Suppressed": true, "Entries": true}
				if required[name] || rec.Field(k).IsZero() {
					continue
				}
				old := reflect.New(rec.Field(k).Type()).Elem()
				old.Set(rec.Field(k))
				rec.Field(k).SetZero()
				if encode(f) == first {
					t.Errorf("%v without %s has the same bytes", f.Class(), name)
				}
				rec.Field(k).Set(old)
			}
		}
	}
}

func TestCheckNamesFieldAndReasonAndNoValue(t *testing.T) {
	for _, c := range []struct {
		field  string
		reason touchpoint.Reason
		change func(*touchpoint.Touch)
	}{
		{"source", touchpoint.Missing, func(t *touchpoint.Touch) { t.Source = "" }},
		{"id", touchpoint.Missing, func(t *touchpoint.Touch) { t.ID = "" }},
		{"kind", touchpoint.Missing, func(t *touchpoint.Touch) { t.Kind = "" }},
		{"kind", touchpoint.Syntax, func(t *touchpoint.Touch) { t.Kind = "Secret" }},
		{"at", touchpoint.Missing, func(t *touchpoint.Touch) { t.At = time.Time{} }},
		{"at", touchpoint.TimeRange, func(t *touchpoint.Touch) { t.At = time.Unix(0, -1000) }},
		{"at", touchpoint.TimeRange, func(t *touchpoint.Touch) { t.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"received_at", touchpoint.TimeRange, func(t *touchpoint.Touch) { t.ReceivedAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"stage", touchpoint.Control, func(t *touchpoint.Touch) { t.Stage = "secret\x1f" }},
		{"stage", touchpoint.BadUTF8, func(t *touchpoint.Touch) { t.Stage = "secret\xff" }},
		{"campaign.term", touchpoint.TooLong, func(t *touchpoint.Touch) { t.Campaign.Term = strings.Repeat("secret", 200) }},
		{"ids", touchpoint.Missing, func(t *touchpoint.Touch) { t.IDs = []identity.ID{{}} }},
		{"ids", touchpoint.UnknownType, func(t *touchpoint.Touch) { t.IDs = []identity.ID{identity.MakeID("Secret", "x")} }},
		{"ids", touchpoint.TooLong, func(t *touchpoint.Touch) {
			t.IDs = []identity.ID{identity.MakeID("email", strings.Repeat("secret", 86))}
		}},
		{"direction", touchpoint.OutOfRange, func(t *touchpoint.Touch) { t.Direction = 3 }},
		{"currency", touchpoint.UnknownCurrency, func(t *touchpoint.Touch) { t.Value.Currency = touchpoint.Currency([]byte("eur")) }},
		{"props", touchpoint.Control, func(t *touchpoint.Touch) { t.Props = t.Props.SetText("k", "secret\x00") }},
		{"props", touchpoint.TooLarge, func(t *touchpoint.Touch) { t.Props = t.Props.SetText("k", strings.Repeat("secret", 11000)) }},
		{"props", touchpoint.TooMany, func(t *touchpoint.Touch) {
			for n := range 140 {
				t.Props = t.Props.SetText(fmt.Sprint("secret", n), "x")
			}
		}},
	} {
		tp := sample()
		c.change(tp)
		err := storage.Check(storage.Fact{Touch: tp})
		var e *touchpoint.InvalidError
		if !errors.As(err, &e) || e.Field != c.field || e.Reason != c.reason || !errors.Is(err, touchpoint.ErrInvalid) {
			t.Errorf("%s: %v, want %s", c.field, err, c.reason)
		} else if strings.Contains(err.Error(), "ecret") {
			t.Errorf("%s: the error holds the value", c.field)
		}
	}
}

func TestEraseRefusesMalformedErasures(t *testing.T) {
	good := storage.Erasure{ID: "e", At: t0, Remove: []storage.Query{{IDs: []identity.ID{u(1)}}}}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for want, e := range map[error]storage.Erasure{
		storage.ErrErasure: {At: t0, Remove: good.Remove},
		storage.ErrAll:     {ID: "e", At: t0, Remove: []storage.Query{good.Remove[0], {Limit: 3}}},
		storage.ErrLimit:   {ID: "e", At: t0, Remove: []storage.Query{{Sources: make([]string, storage.MaxValues+1)}}},
	} {
		if err := e.Check(); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

// Whatever bytes come: no panic, and what is read is what would be written.
func FuzzDecodeFact(f *testing.F) {
	for _, fact := range append(everything(), erased()) {
		body, err := storage.AppendFact(nil, fact)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
		f.Add(body[:len(body)/2])
		f.Add(append(body, 0))
		for i := 0; i < len(body); i += 5 {
			bad := bytes.Clone(body)
			bad[i] ^= 0x81
			f.Add(bad)
		}
	}
	f.Add([]byte{})
	f.Add([]byte{2, 1, 0})
	f.Add([]byte{1, 99, 0})
	f.Add([]byte{1, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		fact, err := storage.DecodeFact(b)
		if err != nil {
			var c *storage.CorruptError
			if !errors.As(err, &c) {
				t.Fatalf("error %v is no CorruptError", err)
			}
			return
		}
		again, err := storage.AppendFact(nil, fact)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("read %x, written %x, error %v", b, again, err)
		}
		if fact.Key() == (storage.Key{}) || fact.Class() == 0 {
			t.Fatal("a fact without a key")
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	f := storage.Fact{Touch: sample()}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = storage.AppendFact(buf[:0], f)
	}
	b.ReportMetric(float64(len(buf)), "bytes")
}

func BenchmarkRow(b *testing.B) {
	f := storage.Fact{Touch: sample()}
	var r storage.Row
	b.ReportAllocs()
	for b.Loop() {
		_ = r.Encode(f)
	}
}

func BenchmarkDecode(b *testing.B) {
	f := storage.Fact{Touch: sample()}
	var r storage.Row
	_ = r.Encode(f)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = r.Fact()
	}
}
