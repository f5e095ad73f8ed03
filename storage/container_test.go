package storage_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

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
		`{"at":"2026-04-01T09:00:00Z","id":"i","kind":"k","source":"s","type":"touch"}`:                         1,
		`{"at":"2026-04-01T09:00:00.000001Z","id":"i","kind":"k","source":"s","type":"touch","stage":"\u00e9"}`: 1,
	} {
		tally, err := storage.Restore(t.Context(), memstore.New(nil), strings.NewReader(sealed(line)))
		if err != nil || tally.Offered() != want {
			t.Errorf("%s: %v %v", line, tally, err)
		}
	}
	for _, line := range []string{
		`{"type":"touch","at":"yesterday"}`, `{"type":"touch","who":"x"}`, `{"type":"touch","ids":[{"type":1}]}`, `{"type":"touch","cost":1}`,
		`{"type":"override","op":"explode"}`, `{"type":"touch","sentiment":0.12345}`, `{"type":"touch","props":{"a":1,"A":2}}`, `{"type":"residue","count":1.5}`,
		`{"type":"audit","subject":"xyz"}`, `{"type":"evidence","weight":99999999999}`, `{"type":"erasure","removed":{"nothing":1}}`, `[]`, `{`,
	} {
		s := memstore.New(nil)
		if tally, err := storage.Restore(t.Context(), s, strings.NewReader(sealed(line))); err == nil {
			t.Errorf("%s: taken, %v", line, tally)
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
