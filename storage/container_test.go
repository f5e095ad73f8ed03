package storage_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// sealed puts a line between a header and a trailer that fits it.
func sealed(line string) string {
	head := "{\"schema\":1,\"type\":\"header\"}\n" + line + "\n"
	return head + fmt.Sprintf("{\"lines\":2,\"sha256\":\"%x\",\"type\":\"end\"}\n", sha256.Sum256([]byte(head)))
}

func TestContainerLinesThatAreNoFactsArePassedOver(t *testing.T) {
	for line, want := range map[string]int{
		`{"type":"derived","name":"stages"}`: 0,
		`{"type":"identifier","value":"x"}`:  0,
		`{"type":"touch"}`:                   1, // rejected, and counted
		`{"at":"2026-04-01T09:00:00Z","id":"i","kind":"k","source":"s","type":"touch"}`:                                                                1,
		`{"at":"2026-04-01T09:00:00.000001Z","id":"i","kind":"k","source":"s","type":"touch","stage":"\u00e9"}`:                                        1,
		`{"a":{"type":"user_id","value":"a"},"at":"2026-04-01T09:00:00Z","b":{"type":"user_id","value":"b"},"kind":"co_occurrence","type":"evidence"}`: 1,
	} {
		tally, err := storage.Restore(t.Context(), memstore.New(nil), strings.NewReader(sealed(line)))
		if err != nil || tally.Offered() != want {
			t.Errorf("%s: %v %v", line, tally, err)
		}
	}
	for _, line := range []string{
		`{"type":"touch","at":"yesterday"}`, `{"type":"touch","who":"x"}`, `{"type":"touch","ids":[{"type":1}]}`, `{"type":"touch","cost":1}`,
		`{"type":"override","op":"explode"}`, `{"type":"touch","sentiment":0.12345}`, `{"type":"touch","props":{"a":1,"A":2}}`, `{"type":"residue","count":1.5}`,
		`{"type":"erasure","id":"e","at":"2026-04-01T09:00:00Z","removed":{"":1}}`, `{"type":"audit","subject":"xyz"}`, `{"type":"evidence","weight":99999999999}`, `{"type":"erasure","removed":{"nothing":1}}`, `[]`, `{`,
	} {
		var c *storage.CorruptError
		if tally, err := storage.Restore(t.Context(), memstore.New(nil), strings.NewReader(sealed(line))); !errors.As(err, &c) || tally.Offered() > 0 {
			t.Errorf("%s: %v, %v", line, tally, err)
		}
	}
}

// The form of a container is stable: what was dumped by the first release is dumped so today,
// and a field that is not there is not written.
func TestContainerIsStable(t *testing.T) {
	want, err := os.ReadFile(filepath.Join("testdata", "history", "v1", "facts.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := storage.Dump(t.Context(), filled(t), &b); err != nil || b.String() != string(want) {
		t.Errorf("another dump: %v\n%s", err, b.String())
	}
	kind := identity.CoOccurrence
	for want, f := range map[string]storage.Fact{
		`{"at":"2026-04-01T09:00:00.123456Z","id":"i","kind":"k","sentiment":0,"source":"s","type":"touch"}`: {
			Touch: &touchpoint.Touch{Source: "s", ID: "i", At: t0, Kind: "k", Sentiment: touchpoint.SentimentMilli(0)}},
		`{"a":{"type":"user_id","value":"u1"},"at":"2026-04-01T09:00:00.123456Z","b":{"type":"user_id","value":"u2"},"type":"evidence"}`: {
			Evidence: &identity.Evidence{A: u(1), B: u(2), At: t0}},
		`{"at":"2026-04-01T09:00:00.123456Z","id":"o","op":"retract","scope":{"kind":"co_occurrence"},"type":"override"}`: {
			Override: &identity.Override{ID: "o", At: t0, Op: identity.Retract, Scope: identity.Scope{Kind: &kind}}},
		`{"at":"2026-04-01T09:00:00.123456Z","id":"a","type":"audit"}`: {Audit: &storage.Audit{ID: "a", At: t0}},
	} {
		s, back := memstore.New(nil), memstore.New(nil)
		if _, err := s.Append(t.Context(), []storage.Fact{f}); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := storage.Dump(t.Context(), s, &b); err != nil || strings.Split(b.String(), "\n")[1] != want {
			t.Errorf("%v\n%s, want\n%s", err, b.String(), want)
		}
		if tally, err := storage.Restore(t.Context(), back, &b); err != nil || tally[touchpoint.Accepted] != 1 {
			t.Errorf("%s does not come back: %v %v", want, tally, err)
		}
		x, err1 := storage.Digest(t.Context(), s)
		y, err2 := storage.Digest(t.Context(), back)
		if x != y || err1 != nil || err2 != nil {
			t.Errorf("%s comes back another: %v %v", want, err1, err2)
		}
	}
}

// Whatever stands in a line: no panic, and what is taken is a fact that comes back.
func FuzzRestore(f *testing.F) {
	var b bytes.Buffer
	s := memstore.New(nil)
	if _, err := s.Append(f.Context(), everything()); err != nil {
		f.Fatal(err)
	}
	if err := storage.Dump(f.Context(), s, &b); err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		f.Add(strings.TrimSuffix(line, "\n"))
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.Contains(line, "\n") {
			return
		}
		s, again := memstore.New(nil), memstore.New(nil)
		tally, err := storage.Restore(t.Context(), s, strings.NewReader(sealed(line)))
		if err != nil || tally[touchpoint.Accepted] == 0 {
			return
		}
		var b bytes.Buffer
		if err := storage.Dump(t.Context(), s, &b); err != nil {
			t.Fatal(err)
		}
		if tally, err = storage.Restore(t.Context(), again, &b); err != nil || tally[touchpoint.Accepted] != 1 {
			t.Fatal(tally, err)
		}
		x, err1 := storage.Digest(t.Context(), s)
		y, err2 := storage.Digest(t.Context(), again)
		if x != y || err1 != nil || err2 != nil {
			t.Fatal("another fact comes back", err1, err2)
		}
	})
}
