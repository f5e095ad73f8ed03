package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// put writes a file of these bytes.
func put(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The same touches are the same, whatever they are written as and wherever they come from.
func TestEveryFormOfInput(t *testing.T) {
	text := []byte(strings.Join(world(40), "\n") + "\n")
	var table bytes.Buffer
	w := touchpoint.NewWriter(&table, touchpoint.CSV)
	for tp, err := range touchpoint.NewReader(bytes.NewReader(text), touchpoint.JSONLines, nil).All() {
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(tp); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	rows := table.Bytes()
	digest := want(t, 0, "", "-store", "mem", "-load", put(t, "a.jsonl", text), "-digest").out
	container := want(t, 0, string(text), "-store", "mem", "-load", "-", "-export").out
	bom := []byte("\ufeff")
	for name, b := range map[string][]byte{
		"a.ndjson": text, "a.csv": rows, "a.txt": text, "b.txt": rows, "c.txt": append(bom, text...), "d.txt": append(bom, rows...),
		"a.jsonl.gz": zipped(t, text), "a.csv.gz": zipped(t, rows), "a.gz": zipped(t, text), "b.gz": zipped(t, rows),
		"dump.jsonl": []byte(container), "dump.gz": zipped(t, []byte(container)),
	} {
		r := want(t, 0, "", "-store", "mem", "-load", put(t, name, b), "-digest")
		if r.out != digest || !strings.Contains(r.errs, "offered=40 accepted=40 ") {
			t.Errorf("%s: another digest, %s", name, r.errs)
		}
		if strings.HasSuffix(name, ".gz") {
			continue // standard input is not unpacked
		}
		if r := want(t, 0, string(b), "-store", "mem", "-load", "-", "-count"); !strings.Contains(r.out, "touch,40\n") {
			t.Errorf("%s by standard input: %s", name, r.out)
		}
	}
}

// What came before a broken end of a file is taken and told, and the call has failed.
func TestInputThatBreaksOff(t *testing.T) {
	text := []byte(strings.Join(world(4000), "\n") + "\n")
	whole := zipped(t, text)
	r := want(t, 1, "", "-store", "mem", "-load", put(t, "cut.jsonl.gz", whole[:len(whole)*9/10]), "-count")
	if !strings.Contains(r.errs, "offered=") || strings.Contains(r.errs, "offered=0 ") || r.out != "" {
		t.Errorf("%s%s", r.out, r.errs)
	}
	want(t, 2, "", "-store", "mem", "-load", put(t, "no.gz", text))
	dump := want(t, 0, string(text), "-store", "mem", "-load", "-", "-export").out
	if r := want(t, 1, dump[:len(dump)/2], "-store", "mem", "-load", "-", "-count"); !strings.HasSuffix(r.errs, "offered=0 accepted=0 duplicate=0 conflict=0 rejected=0 suppressed=0 retry=0\n") {
		t.Error(r.errs)
	}
}

// Both ends of a window are in it, and every condition counts.
func TestDumpSelects(t *testing.T) {
	var lines []string
	for i, at := range []string{"09:00:00", "09:00:00.000001", "09:00:00.000002", "10:00:00"} {
		lines = append(lines, fmt.Sprintf(`{"source":"%s","id":"e%d","at":"2026-01-01T%sZ","kind":"%s","ids":[{"type":"user_id","value":"u%d"}]}`,
			[]string{"web", "app"}[i%2], i, at, []string{"pageview", "click", "call"}[i%3], i%2))
	}
	file := write(t, "touches.jsonl", lines)
	for flags, ids := range map[string]string{
		"":                                   "e0 e1 e2 e3",
		"-since 2026-01-01T09:00:00.000001Z": "e1 e2 e3",
		"-until 2026-01-01T09:00:00.000001Z": "e0 e1",
		"-since 2026-01-01T09:00:00.000001Z -until 2026-01-01T09:00:00.000001Z": "e1",
		"-since 2026-01-01T11:00:00+02:00 -until 2026-01-01T11:00:00+02:00":     "e0",
		"-sources app": "e1 e3", "-sources app,web -limit 3": "e0 e1 e2", "-kinds call,click": "e1 e2", "-ids user_id:u0 -desc": "e2 e0",
		"-limit 1 -desc": "e3", "-limit 0": "e0 e1 e2 e3",
	} {
		r := want(t, 0, "", append([]string{"-store", "mem", "-load", file, "-dump"}, strings.Fields(flags)...)...)
		var got []string
		for tp, err := range touchpoint.NewReader(strings.NewReader(r.out), touchpoint.JSONLines, nil).All() {
			if err != nil || !tp.ReceivedAt.IsZero() {
				t.Fatal(tp.ReceivedAt, err)
			}
			got = append(got, tp.ID)
		}
		if strings.Join(got, " ") != ids {
			t.Errorf("%s: %v, want %s", flags, got, ids)
		}
	}
}

// What another store has already with other content is not copied, and not kept silent.
func TestCopyTellsConflicts(t *testing.T) {
	other := sqlite(t)
	want(t, 0, world(3)[0]+"\n", "-store", other, "-load", "-")
	lines := world(3)
	lines[0] = strings.Replace(lines[0], "page 0", "page 77", 1)
	r := want(t, 1, strings.Join(lines, "\n"), "-store", "mem", "-load", "-", "-copy", other)
	if !strings.HasPrefix(r.errs, "tabistore: 1 of 3 facts were not copied\n") {
		t.Error(r.errs)
	}
	if r := want(t, 0, "", "-store", other, "-dump"); strings.Count(r.out, "\n") != 3 || strings.Contains(r.out, "page 77") {
		t.Error(r.out)
	}
	want(t, 2, "", "-store", "mem", "-copy", "nothing")
}

// Keys are lines of a name and a secret; the first makes entries, all are looked up.
func TestKeys(t *testing.T) {
	k1, k2 := "k1 "+strings.Repeat("ab", 32), "k2 "+strings.Repeat("cd", 40)
	for _, lines := range [][]string{{}, {""}, {"k1"}, {"k1 " + strings.Repeat("ab", 31)}, {k1 + " more"}, {k1, "k2 xyz"}, {"k1 " + strings.Repeat("ab", 32) + "a"}} {
		want(t, 2, "", "-store", "mem", "-erase", "user_id:u1", "-keys", write(t, "keys", lines))
	}
	want(t, 2, "", "-store", "mem", "-erase", "user_id:u1", "-keys", "nowhere")
	old, both, new := write(t, "old", []string{"", k1, ""}), write(t, "both", []string{k2, "", k1}), write(t, "new", []string{k2})
	store, file := sqlite(t), write(t, "touches.jsonl", world(40))
	want(t, 0, "", "-store", store, "-erase", "user_id:u1", "-keys", old)
	if r := want(t, 1, "", "-store", store, "-load", file, "-keys", new); !strings.Contains(r.errs, "suppression list") || strings.Contains(r.errs, "offered=") {
		t.Error(r.errs)
	}
	if r := want(t, 1, "", "-store", store, "-load", file, "-keys", both); !strings.HasSuffix(r.errs, "offered=40 accepted=38 duplicate=0 conflict=0 rejected=0 suppressed=2 retry=0\n") {
		t.Error(r.errs)
	}
	r := want(t, 0, "", "-store", store, "-erase", "user_id:u2", "-erase", "user_id:u3", "-keys", both)
	if !strings.HasSuffix(r.errs, "erased=4\n") {
		t.Error(r.errs)
	}
	if dump := want(t, 0, "", "-store", store, "-export").out; strings.Count(dump, `"key":"k1"`) != 1 || strings.Count(dump, `"key":"k2"`) != 2 {
		t.Errorf("entries of other keys:\n%s", dump)
	}
}

// Ties are groups of touches and facts of identity, one a row.
func TestTiesShowFactsOfIdentity(t *testing.T) {
	s := memstore.New(nil)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	u1, u2, mail := identity.MakeID(identity.UserID, "u1"), identity.MakeID(identity.UserID, "u2"), identity.MakeID(identity.Email, "a@example.com")
	if _, err := s.Append(t.Context(), []storage.Fact{
		{Touch: &touchpoint.Touch{Source: "web", ID: "1", At: at, Kind: "pageview", IDs: []identity.ID{u1}}},
		{Touch: &touchpoint.Touch{Source: "web", ID: "2", At: at.Add(time.Hour), Kind: "pageview", IDs: []identity.ID{u1}}},
		{Evidence: &identity.Evidence{A: u1, B: mail, Kind: identity.Login, Source: "crm", At: at.Add(time.Minute)}},
		{Touch: &touchpoint.Touch{Source: "web", ID: "3", At: at, Kind: "click", IDs: []identity.ID{mail}}},
		{Touch: &touchpoint.Touch{Source: "web", ID: "4", At: at, Kind: "click", IDs: []identity.ID{u2}}},
	}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := storage.Dump(t.Context(), s, &b); err != nil {
		t.Fatal(err)
	}
	r := want(t, 0, b.String(), "-store", "mem", "-load", "-", "-ties", "user_id:u1")
	if r.out != `source,kind,ids,first,last,count
crm,evidence,email:a@example.com|user_id:u1,2026-01-01T00:01:00Z,2026-01-01T00:01:00Z,1
web,click,email:a@example.com,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z,1
web,pageview,user_id:u1,2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,2
` {
		t.Error(r.out)
	}
	want(t, 2, "", "-store", "mem", "-ties", "u1")
}

// A damaged fact is told by every report that meets it, and never left out in silence.
func TestADamagedFactIsTold(t *testing.T) {
	store := sqlite(t)
	want(t, 0, strings.Join(world(30), "\n"), "-store", store, "-load", "-")
	path := strings.TrimPrefix(store, "sqlite:")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte("page 5")) {
		t.Fatal("the file shows no fact")
	}
	if err := os.WriteFile(path, bytes.ReplaceAll(b, []byte("page 5"), []byte("page X")), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, report := range [][]string{{"-dump"}, {"-export"}, {"-digest"}, {"-changes", ""}, {"-verify"}, {"-ties", "user_id:u5"}, {"-copy", "mem"}} {
		r := want(t, 1, "", append([]string{"-store", store}, report...)...)
		if strings.Contains(r.out, "page X") || report[0] == "-verify" && !strings.Contains(r.out, "corrupt") || report[0] != "-verify" && !strings.Contains(r.errs, "corrupt") {
			t.Errorf("%s: %s%s", report[0], r.out, r.errs)
		}
	}
	want(t, 0, "", "-store", store, "-count") // which reads none
}

// Nothing is loaded while it is not known what is suppressed.
func TestADamagedSuppressionListIsTold(t *testing.T) {
	store, keys := sqlite(t), write(t, "keys", []string{"k1 " + strings.Repeat("ab", 32)})
	want(t, 0, "", "-store", store, "-erase", "user_id:u1", "-keys", keys)
	path := strings.TrimPrefix(store, "sqlite:")
	b, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(b, []byte("tabistore")) {
		t.Fatal("the file shows no record of an erasure", err)
	}
	if err := os.WriteFile(path, bytes.ReplaceAll(b, []byte("tabistore"), []byte("tabistorX")), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := want(t, 1, strings.Join(world(3), "\n"), "-store", store, "-load", "-", "-keys", keys); !strings.Contains(r.errs, "corrupt") || strings.Contains(r.errs, "offered=") {
		t.Error(r.errs)
	}
}

// An output that cannot be written is a failed call.
func TestOutputOnAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full")
	}
	defer full.Close()
	file := write(t, "touches.jsonl", world(100))
	for _, report := range [][]string{{"-dump"}, {"-export"}, {"-digest"}, {"-changes", ""}, {"-ties", "user_id:u1"}, {"-count"}} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"-store", "mem", "-load", file}, report...)...)
		cmd.Env, cmd.Stdout = append(os.Environ(), programEnv+"=1"), full
		if err := cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("%s: %v", report[0], err)
		}
	}
	want(t, 2, "", "-store", "mem", "-load", file, "-outcomes", filepath.Join(t.TempDir(), "none", "x.csv"))
	want(t, 1, "", "-store", "mem", "-load", file, "-outcomes", "/dev/full")
}

// A benchmark that cannot open, write or finish prints no figures and leaves nothing.
func TestBenchThatFails(t *testing.T) {
	dir := t.TempDir()
	if r := want(t, 1, "", "-store", "sqlite:"+filepath.Join(dir, "none", "facts.db"), "-bench", "10"); r.out != "" {
		t.Errorf("no store: %s", r.out)
	}
	path := filepath.Join(dir, "facts.db")
	if err := os.MkdirAll(path+"-raw-wal/taken", 0o700); err != nil {
		t.Fatal(err)
	}
	if r := want(t, 1, "", "-store", "sqlite:"+path, "-bench", "10"); r.out != "" {
		t.Errorf("no raw place: %s", r.out)
	}

	path = filepath.Join(t.TempDir(), "facts.db")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-store", "sqlite:"+path, "-bench", "100000000")
	var out bytes.Buffer
	cmd.Env, cmd.Stdout = append(os.Environ(), programEnv+"=1"), &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for info, err := os.Stat(path + "-raw-wal"); err != nil || info.Size() < 100_000; info, err = os.Stat(path + "-raw-wal") {
		select {
		case err := <-ended:
			t.Fatal("it ended by itself:", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; cmd.ProcessState.ExitCode() != 1 || out.Len() > 0 {
		t.Errorf("interrupted: %v, printed %q", err, out.String())
	}
	if left, err := filepath.Glob(path + "-raw*"); err != nil || len(left) > 0 {
		t.Errorf("%v is left, error %v", left, err)
	}

	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full")
	}
	defer full.Close()
	cmd = exec.CommandContext(t.Context(), os.Args[0], "-store", "mem", "-bench", "10")
	cmd.Env, cmd.Stdout = append(os.Environ(), programEnv+"=1"), full
	if err := cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("figures on a full disk: %v", err)
	}
}
