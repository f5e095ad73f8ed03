package storage_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// Table 4, upgrade: what any release wrote is restored into any store, has the digest that
// it had, is written again as the same bytes, and the store goes on from it: what was
// suppressed stays so, and what is offered again is known.
func TestUpgradeFromEveryDumpThatAReleaseWrote(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join("testdata", "history", "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatal("no history", err)
	}
	for _, dir := range dirs {
		text, err1 := os.ReadFile(filepath.Join(dir, "facts.jsonl"))
		want, err2 := os.ReadFile(filepath.Join(dir, "digest.txt"))
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		for name, s := range map[string]storage.Store{
			"a full store":  memstore.New(nil),
			"a plain store": storetest.Faulty(memstore.New(nil), new(storetest.Faults)),
		} {
			first, err1 := storage.Restore(t.Context(), s, bytes.NewReader(text))
			again, err2 := storage.Restore(t.Context(), s, bytes.NewReader(text))
			sum, err3 := storage.Digest(t.Context(), s)
			var out bytes.Buffer
			if err := errors.Join(err1, err2, err3, storage.Verify(t.Context(), s), storage.Dump(t.Context(), s, &out)); err != nil {
				t.Fatalf("%s, %s: %v", dir, name, err)
			}
			if first[touchpoint.Accepted] != first.Offered() || again[touchpoint.Duplicate] != first.Offered() {
				t.Errorf("%s, %s: %v, then %v", dir, name, first, again)
			}
			if fmt.Sprintf("%x\n", sum) != string(want) {
				t.Errorf("%s, %s: digest %x, want %s", dir, name, sum, want)
			}
			if out.String() != string(text) {
				t.Errorf("%s, %s: written as other bytes", dir, name)
			}
			new1 := storage.Fact{Touch: &touchpoint.Touch{Source: "new", ID: "1", At: t0, Kind: "k", IDs: []identity.ID{u(1)}}}
			gone := storage.Fact{Tags: []storage.Tag{{9}}, Touch: &touchpoint.Touch{Source: "new", ID: "2", At: t0, Kind: "k"}}
			outs, err := s.Append(t.Context(), []storage.Fact{new1, gone})
			if err != nil || outs[0].Status != touchpoint.Accepted || outs[1].Status != touchpoint.Suppressed {
				t.Errorf("%s, %s: going on: %v, %v", dir, name, outs, err)
			}
		}
	}
}
