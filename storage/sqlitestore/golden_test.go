package sqlitestore_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/sqlitestore"
)

// The golden journeys of package journey, on this store: the same facts, the same state
// under the default options, and the recorded digest where a case has no others.
func TestGoldenJourneys(t *testing.T) {
	dirs, err := filepath.Glob("../../journey/testdata/golden/*")
	if err != nil || len(dirs) < 64 {
		t.Fatalf("%d golden journeys, %v", len(dirs), err)
	}
	opts := &journey.Options{Clock: clock.NewManual(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)), Logger: slog.New(slog.DiscardHandler)}
	s, err := sqlitestore.Open(filepath.Join(folder(t), "facts.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	recorded := 0
	for i, dir := range dirs {
		name := filepath.Base(dir)
		var config map[string]json.RawMessage
		text, err := os.ReadFile(filepath.Join(dir, "config.json"))
		if err == nil {
			err = json.Unmarshal(text, &config)
		}
		var at time.Time
		if err == nil {
			err = json.Unmarshal(config["at"], &at)
		}
		facts, err2 := os.ReadFile(filepath.Join(dir, "facts.jsonl"))
		if err != nil || err2 != nil {
			t.Fatal(name, err, err2)
		}
		// One store for all: opening one takes longer than a case does.
		if _, err := s.Erase(t.Context(), storage.Erasure{ID: fmt.Sprint("before ", i), At: at, Remove: []storage.Query{{Classes: storage.Classes()[:6]}}}); err != nil {
			t.Fatal(name, err)
		}
		digest := func(st storage.Store) string {
			var source memstore.Store
			dump := append([]byte(`{"schema":1,"type":"header"}`+"\n"), facts...)
			dump = fmt.Appendf(dump, `{"lines":%d,"sha256":"%x","type":"end"}`+"\n", bytes.Count(dump, []byte("\n")), sha256.Sum256(dump))
			if _, err := storage.Restore(t.Context(), &source, bytes.NewReader(dump)); err != nil {
				t.Fatal(name, err)
			}
			tr, err := journey.NewTracker(st, opts)
			if err != nil {
				t.Fatal(name, err)
			}
			var batch []storage.Fact
			for f, err := range source.Scan(t.Context(), storage.Query{}) {
				if err != nil {
					t.Fatal(name, err)
				}
				batch = append(batch, f)
			}
			if _, err := tr.Learn(t.Context(), batch...); err != nil {
				t.Fatal(name, err)
			}
			sum, err := tr.Digest(t.Context(), at)
			if err != nil {
				t.Fatal(name, err)
			}
			return fmt.Sprintf("%x", sum)
		}
		got := digest(s)
		if want := digest(new(memstore.Store)); got != want {
			t.Errorf("%s: digest %s, memstore has %s", name, got, want)
		}
		if len(config) > 1 {
			continue
		}
		recorded++
		if want, err := os.ReadFile(filepath.Join(dir, "digest")); err != nil || got != strings.TrimSpace(string(want)) {
			t.Errorf("%s: digest %s, want %s, %v", name, got, want, err)
		}
	}
	if recorded < 32 {
		t.Errorf("%d cases have the default options", recorded)
	}
}
