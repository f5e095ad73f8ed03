package pgstore_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/pgstore"
	"github.com/tabi-go/tabi/touchpoint"
)

var update = flag.Bool("update", false, "write testdata/history of the present schema; needs pg_dump")

// historySchema stands in the dumps for the schema of the tables.
const historySchema = "tabi_history"

// A history is a plain dump of a store as a program of that schema left it: facts of every
// class, an erasure with a suppression, and a redaction. state.txt holds the digest, a
// cursor, and the number of changes after it.
func writeHistory(t *testing.T, l *lab) {
	ctx := t.Context()
	l.mu.Lock()
	l.schemas = append(l.schemas, historySchema)
	l.mu.Unlock()
	s, err := pgstore.Open(ctx, l.dsn, &pgstore.Options{Schema: historySchema})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f, err := os.Open(filepath.Join("..", "testdata", "history", "v1", "facts.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := storage.Restore(ctx, s, f); err != nil {
		t.Fatal(err)
	}
	var facts []storage.Fact
	for n := range 60 {
		facts = append(facts, view(n, identity.MakeID(identity.UserID, fmt.Sprint("u", n%50)), identity.MakeID(identity.AnonymousID, fmt.Sprint("a", n%9))))
	}
	mustAppend(t, s, facts...)
	redacted := view(5)
	redacted.Touch.Redacted = true
	gone := identity.MakeID(identity.UserID, "u7")
	_, err = s.Erase(ctx, storage.Erasure{
		ID: "history", At: start, Remove: []storage.Query{{IDs: []identity.ID{gone}}}, Redact: []storage.Fact{redacted},
		Suppress: []storage.Suppression{{KeyID: "k1", Tag: storage.Tag(storage.HashID(gone)), At: start}},
	})
	if err != nil {
		t.Fatal(err)
	}
	sum, err := storage.Digest(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	var at storage.Cursor
	n := 0
	for c, err := range s.Changes(ctx, storage.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 40 {
			at = c.Cursor
		}
	}
	version, err := s.Version(ctx)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join("testdata", "history", fmt.Sprint("schema-", version))
	text := dump(t, l.dsn)
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "dump.sql"), text, 0o644),
		os.WriteFile(filepath.Join(dir, "state.txt"), fmt.Appendf(nil, "%x\n%s\n%d\n", sum, at, n-40), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// dump returns a plain dump, without what only psql understands.
func dump(t *testing.T, dsn string) []byte {
	t.Helper()
	program, err := exec.LookPath("pg_dump")
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump")
		program = cmp.Or(strings.Join(found[max(0, len(found)-1):], ""), "pg_dump")
	}
	out, err := exec.CommandContext(t.Context(), program, "--inserts", "--no-owner", "--no-privileges", "--schema="+historySchema, dsn).Output()
	if err != nil {
		t.Fatal(err)
	}
	var b []byte
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, `\`) && !strings.HasPrefix(line, "--") && line != "\n" {
			b = append(b, line...)
		}
	}
	return b
}

// restore runs a dump into a schema of its own.
func (l *lab) restore(t *testing.T, text string) (schema string) {
	t.Helper()
	_, schema = l.place(t)
	conn, err := pgx.Connect(t.Context(), l.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "drop schema if exists "+schema+" cascade"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.PgConn().Exec(t.Context(), strings.ReplaceAll(text, historySchema, schema)).ReadAll(); err != nil {
		t.Fatal(err)
	}
	return schema
}

// S10: dumps of every older schema are migrated and say what they said, in a cluster that
// counts its transactions from elsewhere.
func TestOldDumpsOpen(t *testing.T) {
	l := newLab(t)
	if *update {
		writeHistory(t, l)
	}
	dirs, err := filepath.Glob(filepath.Join("testdata", "history", "schema-*"))
	if err != nil || len(dirs) == 0 {
		t.Fatal("no history", err)
	}
	for n, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, "dump.sql"))
			if err != nil {
				t.Fatal(err)
			}
			state, err := os.ReadFile(filepath.Join(dir, "state.txt"))
			if err != nil {
				t.Fatal(err)
			}
			checkOldDump(t, l, l.restore(t, string(text)), strings.Split(string(state), "\n"), n == len(dirs)-1)
		})
	}
}

// checkOldDump opens tables whose schema is the newest one, or has to be migrated.
func checkOldDump(t *testing.T, l *lab, schema string, state []string, newest bool) {
	ctx := t.Context()
	kept, err := pgstore.Open(ctx, l.dsn, &pgstore.Options{Schema: schema, KeepSchema: true})
	if newest && err != nil || !newest && !errors.Is(err, storage.ErrSchemaOld) {
		t.Fatalf("left as it is: error %v", err)
	}
	if err == nil {
		kept.Close()
	}
	s, err := l.open(ctx, pgstore.Options{Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := storage.Verify(ctx, s); err != nil {
		t.Error(err)
	}
	if sum, err := storage.Digest(ctx, s); err != nil || fmt.Sprintf("%x", sum) != state[0] {
		t.Errorf("digest %x, want %s, error %v", sum, state[0], err)
	}
	after := func() (n int) {
		for _, err := range s.Changes(ctx, storage.MakeCursor(state[1])) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	if n := after(); fmt.Sprint(n) != state[2] {
		t.Errorf("%d changes after the cursor, want %s", n, state[2])
	}
	back := view(7, identity.MakeID(identity.UserID, "u7"))
	back.Tags = []storage.Tag{storage.Tag(storage.HashID(back.Touch.IDs[0]))}
	known := view(4, identity.MakeID(identity.UserID, "u4"), identity.MakeID(identity.AnonymousID, "a4"))
	outs, err := s.Append(ctx, []storage.Fact{known, back, view(1000)})
	got := []touchpoint.Status{outs[0].Status, outs[1].Status, outs[2].Status}
	if err != nil || fmt.Sprint(got) != fmt.Sprint([]touchpoint.Status{touchpoint.Duplicate, touchpoint.Suppressed, touchpoint.Accepted}) {
		t.Errorf("outcomes %v, error %v", got, err)
	}
	if n := after(); fmt.Sprint(n-1) != state[2] {
		t.Errorf("%d changes after the cursor, want the new one behind %s", n, state[2])
	}
}
