package sqlitestore_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/sqlitestore"
	"github.com/tabi-go/tabi/touchpoint"
)

var update = flag.Bool("update", false, "write testdata/history of the present schema")

// A history is a file as a program of that schema left it: facts of every class, an
// erasure with a suppression, and a redaction. state.txt holds the digest, a cursor, and
// the number of changes after it.
func writeHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "facts.db")
	s := open(t, path, nil)
	version, err := s.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join("testdata", "history", fmt.Sprint("schema-", version))
	f, err := os.Open(filepath.Join("..", "testdata", "history", "v1", "facts.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := storage.Restore(t.Context(), s, f); err != nil {
		t.Fatal(err)
	}
	add(t, s, touches(0, 60)...)
	redacted := touch(5)
	redacted.Touch.IDs, redacted.Touch.Redacted = nil, true
	gone := identity.MakeID(identity.UserID, "u7")
	_, err = s.Erase(t.Context(), storage.Erasure{
		ID: "history", At: redacted.At(), Remove: []storage.Query{{IDs: []identity.ID{gone}}}, Redact: []storage.Fact{redacted},
		Suppress: []storage.Suppression{{KeyID: "k1", Tag: storage.Tag(storage.HashID(gone)), At: redacted.At()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	sum, err := storage.Digest(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	var at storage.Cursor
	n := 0
	for c, err := range s.Changes(t.Context(), storage.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 40 {
			at = c.Cursor
		}
	}
	state := fmt.Sprintf("%x\n%s\n%d\n", sum, at, n-40)
	if err := errors.Join(s.Close(), os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "state.txt"), []byte(state), 0o644)); err != nil {
		t.Fatal(err)
	}
	copyFile(t, filepath.Join(dir, "facts.db"), path)
}

func copyFile(t *testing.T, to, from string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// S10: files of every older schema are migrated and say what they said.
func TestOldFilesOpen(t *testing.T) {
	if *update {
		writeHistory(t)
	}
	dirs, err := filepath.Glob(filepath.Join("testdata", "history", "schema-*"))
	if err != nil || len(dirs) == 0 {
		t.Fatal("no history", err)
	}
	for n, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, "state.txt"))
			if err != nil {
				t.Fatal(err)
			}
			state := strings.Split(string(text), "\n")
			path := filepath.Join(folder(t), "facts.db")
			copyFile(t, path, filepath.Join(dir, "facts.db"))
			checkOldFile(t, path, state, n == len(dirs)-1)
		})
	}
}

// checkOldFile opens a file whose schema is the newest one, or has to be migrated.
func checkOldFile(t *testing.T, path string, state []string, newest bool) {
	s, err := sqlitestore.Open(path, &sqlitestore.Options{KeepSchema: true})
	if newest && err != nil || !newest && !errors.Is(err, storage.ErrSchemaOld) {
		t.Fatalf("left as it is: error %v", err)
	}
	if err == nil && s.Close() != nil {
		t.Fatal("Close")
	}
	s = open(t, path, nil)
	if from, to, err := s.Migrate(t.Context()); from != to || to == 0 || err != nil {
		t.Errorf("Migrate after Open: %d to %d, error %v", from, to, err)
	}
	if err := storage.Verify(t.Context(), s); err != nil {
		t.Error(err)
	}
	if sum, err := storage.Digest(t.Context(), s); err != nil || fmt.Sprintf("%x", sum) != state[0] {
		t.Errorf("digest %x, want %s, error %v", sum, state[0], err)
	}
	n := 0
	for _, err := range s.Changes(t.Context(), storage.MakeCursor(state[1])) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if fmt.Sprint(n) != state[2] {
		t.Errorf("%d changes after the cursor, want %s", n, state[2])
	}
	back := touch(7)
	back.Tags = []storage.Tag{storage.Tag(storage.HashID(back.Touch.IDs[0])), storage.Tag(storage.HashID(back.Touch.IDs[1]))}
	outs, err := s.Append(t.Context(), []storage.Fact{touch(4), back, touch(1000)})
	got := []touchpoint.Status{outs[0].Status, outs[1].Status, outs[2].Status}
	if err != nil || fmt.Sprint(got) != fmt.Sprint([]touchpoint.Status{touchpoint.Duplicate, touchpoint.Suppressed, touchpoint.Accepted}) {
		t.Errorf("outcomes %v, error %v", got, err)
	}
}
