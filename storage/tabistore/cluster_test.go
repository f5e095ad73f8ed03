package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// changesOf returns the lines of -changes after a cursor, and the last one's cursor.
func changesOf(t *testing.T, store, after string) (lines []string, last string) {
	t.Helper()
	last = after
	for line := range strings.Lines(want(t, 0, "", "-store", store, "-changes", after).out) {
		last, _, _ = strings.Cut(strings.TrimPrefix(line, `{"cursor":"`), `"`)
		lines = append(lines, strings.TrimPrefix(line, `{"cursor":"`+last))
	}
	return lines, last
}

// allChanges asks until so many changes are there: other tests' transactions delay them.
func allChanges(t *testing.T, store, after string, n int) (lines []string, last string) {
	t.Helper()
	last = after
	for try := 0; len(lines) < n && try < 200; try++ {
		if try > 0 {
			time.Sleep(10 * time.Millisecond)
		}
		var more []string
		more, last = changesOf(t, store, last)
		lines = append(lines, more...)
	}
	return lines, last
}

// A transaction that is open elsewhere delays changes, and a reader who goes on from its
// cursor misses none of them.
func TestHeldTransactionDelaysChanges(t *testing.T) {
	dsn := database(t)
	lines := world(90)
	want(t, 0, "", "-store", dsn, "-load", write(t, "first.jsonl", lines[:30]))
	seen, at := allChanges(t, dsn, "", 30)
	if len(seen) != 30 {
		t.Fatalf("%d changes", len(seen))
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "begin; select pg_current_xact_id()"); err != nil {
		t.Fatal(err)
	}
	for n := 30; n < 90; n += 20 {
		want(t, 0, "", "-store", dsn, "-load", write(t, "more.jsonl", lines[n:n+20]))
		more, last := changesOf(t, dsn, at)
		if len(more) > 0 || last != at {
			t.Fatalf("%d changes while an older transaction is open", len(more))
		}
	}
	if got := want(t, 0, "", "-store", dsn, "-count").out; !strings.Contains(got, "touch,90\n") {
		t.Errorf("the facts are not there: %s", got)
	}
	if _, err := conn.Exec(t.Context(), "commit"); err != nil {
		t.Fatal(err)
	}
	more, _ := allChanges(t, dsn, at, 60)
	seen = append(seen, more...)
	slices.Sort(seen)
	if seen = slices.Compact(seen); len(more) != 60 || len(seen) != 90 {
		t.Errorf("%d changes after the transaction, %d different ones in all", len(more), len(seen))
	}
}

// tool finds a program of PostgreSQL.
func tool(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) == 0 {
		t.Skip("the dump needs pg_dump and psql, which are not installed")
	}
	return found[len(found)-1]
}

// Dumped by the server's own program and restored into another cluster, whose
// transactions count from elsewhere: all facts are there, readers go on from their
// cursors, and new facts follow.
func TestDumpAndRestoreIntoANewCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: another cluster takes seconds")
	}
	dsn := database(t)
	dump, psql := tool(t, "pg_dump"), tool(t, "psql")
	lines := world(300)
	first, all := write(t, "first.jsonl", lines[:200]), write(t, "all.jsonl", lines)
	keys := write(t, "keys", []string{"k1 " + strings.Repeat("ab", 32)})
	want(t, 0, "", "-store", dsn, "-load", first, "-keys", keys)
	want(t, 0, "", "-store", dsn, "-erase", "email:"+secret, "-keys", keys, "-now", "2026-03-01T00:00:00Z")
	before, _ := allChanges(t, dsn, "", 196) // 195 touches and the erasure
	var at string
	for line := range strings.Lines(want(t, 0, "", "-store", dsn, "-changes", "", "-limit", "120").out) {
		at, _, _ = strings.Cut(strings.TrimPrefix(line, `{"cursor":"`), `"`)
	}
	text, err := exec.CommandContext(t.Context(), dump, "--no-owner", dsn).Output()
	if err != nil {
		t.Fatal(err)
	}

	out, err := exec.CommandContext(t.Context(), "../pgstore/postgres.sh", "start").Output()
	if err != nil {
		t.Fatalf("postgres.sh start: %v", err)
	}
	quoted := strings.Split(string(out), "'")
	other, dir := quoted[1], quoted[3][strings.LastIndexByte(quoted[3], ' ')+1:]
	t.Cleanup(func() {
		if out, err := exec.Command("../pgstore/postgres.sh", "stop", dir).CombinedOutput(); err != nil {
			t.Errorf("postgres.sh stop: %v %s", err, out)
		}
	})
	restore := exec.CommandContext(t.Context(), psql, "-q", "-v", "ON_ERROR_STOP=1", other)
	restore.Stdin = bytes.NewReader(text)
	if out, err := restore.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	want(t, 0, "", "-store", other, "-verify")
	for _, report := range []string{"-digest", "-dump", "-export", "-count"} {
		if a, b := want(t, 0, "", "-store", dsn, report), want(t, 0, "", "-store", other, report); a.out != b.out || a.out == "" {
			t.Errorf("%s differs in the new cluster", report)
		}
	}
	after, last := allChanges(t, other, at, len(before)-120)
	if !slices.Equal(after, before[120:]) {
		t.Errorf("%d changes after a cursor of the old cluster, want %d", len(after), len(before)-120)
	}
	r := want(t, 1, "", "-store", other, "-load", all, "-keys", keys)
	if !strings.HasSuffix(r.errs, "offered=300 accepted=97 duplicate=195 conflict=0 rejected=0 suppressed=8 retry=0\n") {
		t.Error(r.errs)
	}
	if fresh, _ := allChanges(t, other, last, 97); len(fresh) != 97 {
		t.Errorf("%d new changes follow, want 97", len(fresh))
	}
	want(t, 0, "", "-store", other, "-verify")
}
