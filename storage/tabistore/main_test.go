package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"
)

const programEnv = "TABI_TABISTORE_PROGRAM"

// The test binary is the program, too: it is run as users run it.
func TestMain(m *testing.M) {
	if os.Getenv(programEnv) != "" {
		main()
	}
	os.Exit(m.Run())
}

type result struct {
	out, errs string
	status    int
}

func tabistore(t testing.TB, in string, args ...string) result {
	t.Helper()
	r, err := start(t.Context(), in, args...)
	if err != nil || strings.Contains(r.errs, "\ngoroutine ") { // whose status is 2, as that of bad usage
		t.Fatal(err, r.errs)
	}
	return r
}

func start(ctx context.Context, in string, args ...string) (result, error) {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), programEnv+"=1")
	cmd.Stdin = strings.NewReader(in)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if cmd.ProcessState == nil {
		return result{}, err
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}, nil
}

// want runs the program and fails unless it ends with this status.
func want(t testing.TB, status int, in string, args ...string) result {
	t.Helper()
	r := tabistore(t, in, args...)
	if r.status != status {
		t.Fatalf("%q: status %d, want %d\n%s", args, r.status, status, r.errs)
	}
	return r
}

const secret = "zq-ann+çé@example.com"

// world is touches without conflicts, one a line.
func world(n int) []string {
	var lines []string
	for i := range n {
		mail := ""
		if i%3 == 0 {
			mail = fmt.Sprintf(`,{"type":"email","value":"p%d@example.com"}`, i%20)
		}
		if i%40 == 7 {
			mail = fmt.Sprintf(`,{"type":"email","value":"%s"}`, secret)
		}
		lines = append(lines, fmt.Sprintf(`{"source":"web","id":"e%d","at":"%s","kind":"%s","touchpoint":"page %d","ids":[{"type":"user_id","value":"u%d"}%s]}`,
			i, time.Date(2026, 1, 1, 0, i/2, 0, 0, time.UTC).Format(time.RFC3339), []string{"pageview", "click", "email_open"}[i%3], i%9, i%20, mail))
	}
	return lines
}

func write(t testing.TB, name string, lines []string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func sqlite(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "facts.db") }

func TestEveryStoreSaysTheSame(t *testing.T) {
	everyStoreSaysTheSame(t, sqlite)
}

// everyStoreSaysTheSame compares new stores with memory: in any order, in any batches, by
// any number of writers, and loaded twice.
func everyStoreSaysTheSame(t *testing.T, fresh func(testing.TB) string) {
	t.Helper()
	lines := world(400)
	file := write(t, "touches.jsonl", lines)
	shuffled := append([]string{}, lines...)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	other := write(t, "shuffled.jsonl", shuffled)
	stores := []string{fresh(t), fresh(t), "mem"}
	loads := [][]string{
		{"-load", file, "-load", other, "-batch", "1000"},
		{"-load", other, "-batch", "7", "-writers", "8"},
		{"-load", other, "-load", file, "-writers", "8"},
	}
	for _, report := range [][]string{{"-dump"}, {"-digest"}, {"-ties", "user_id:u3"}, {"-count"}, {"-dump", "-ids", "user_id:u1,email:p6@example.com", "-since", "2026-01-01T00:20:00Z", "-until", "2026-01-01T02:00:00Z", "-kinds", "pageview,click", "-sources", "web", "-desc", "-limit", "9"}} {
		first := want(t, 0, "", append([]string{"-store", "mem", "-load", file}, report...)...)
		if report[0] == "-ties" && !strings.HasPrefix(first.out, "source,kind,ids,first,last,count\nweb,click,user_id:u3,2026-01-01T00:21:00Z,2026-01-01T02:51:00Z,6\n") {
			t.Error(first.out)
		}
		if len(first.out) < 20 || !strings.HasSuffix(first.errs, "offered=400 accepted=400 duplicate=0 conflict=0 rejected=0 suppressed=0 retry=0\n") {
			t.Fatalf("%s\n%s", first.out, first.errs)
		}
		for i, store := range stores {
			args := append([]string{"-store", store}, loads[i]...)
			if r := want(t, 0, "", append(args, report...)...); r.out != first.out {
				t.Errorf("%.9q: another answer to %q", args, report)
			}
		}
	}
}

func TestOutcomes(t *testing.T) {
	sameOutcomes(t, "mem", sqlite(t))
}

// sameOutcomes loads what is partly refused into new stores, which answer by the same bytes.
func sameOutcomes(t *testing.T, stores ...string) {
	t.Helper()
	lines := append(world(30),
		strings.Replace(world(1)[0], "page 0", "page 77", 1), // a conflict
		world(2)[1], // a duplicate
		`{"source":"web","id":"x","at":"2026-01-01T00:00:00Z","kind":"page\u0000view"}`,
		`nonsense`,
	)
	file := write(t, "touches.jsonl", lines)
	var first string
	for _, store := range stores {
		outcomes := filepath.Join(t.TempDir(), "outcomes.csv")
		r := want(t, 1, "", "-store", store, "-load", file, "-outcomes", outcomes, "-now", "2026-02-01T00:00:00Z")
		if !strings.HasSuffix(r.errs, "offered=34 accepted=30 duplicate=1 conflict=1 rejected=2 suppressed=0 retry=0\n") {
			t.Error(r.errs)
		}
		b, err := os.ReadFile(outcomes)
		if err != nil {
			t.Fatal(err)
		}
		rows := strings.Split(strings.TrimSpace(string(b)), "\n")
		if len(rows) != 35 || rows[0] != "n,source,id,outcome,fields,reason" || rows[31] != "31,web,e0,conflict,touchpoint," || rows[32] != "32,web,e1,duplicate,," ||
			rows[33] != "33,,,rejected,kind,syntax" || rows[34] != "34,,,rejected,record,syntax" {
			t.Errorf("%q", rows[30:])
		}
		if first == "" {
			first = string(b)
		} else if string(b) != first {
			t.Error("the stores say different things")
		}
		dump := want(t, 1, "", "-store", store, "-load", file, "-dump").out
		if !strings.Contains(dump, "page 0") || strings.Contains(dump, "page 77") {
			t.Error("the first content does not stay")
		}
	}
}

// formsOf is how a value may lie in a file: plain, in hexadecimal, in base64 at each
// offset, in UTF-16, and escaped for URLs and JSON.
func formsOf(s string) [][]byte {
	forms := [][]byte{[]byte(s), []byte(hex.EncodeToString([]byte(s))), []byte(url.QueryEscape(s)), []byte(url.PathEscape(s)), []byte(strings.Trim(strconv.QuoteToASCII(s), `"`))}
	for pad := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", pad) + s))
		forms = append(forms, []byte(text[4:len(text)-4]))
	}
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			b = order.AppendUint16(b, u)
		}
		forms = append(forms, b)
	}
	return forms
}

func TestEraseLeavesNoByte(t *testing.T) {
	file := write(t, "touches.jsonl", world(400))
	keys := write(t, "keys", []string{"k1 " + strings.Repeat("ab", 32)})
	store := sqlite(t)
	want(t, 0, "", "-store", store, "-load", file, "-keys", keys)
	r := want(t, 0, "", "-store", store, "-erase", "email:"+secret, "-keys", keys, "-now", "2026-03-01T00:00:00Z", "-dump")
	if !strings.HasSuffix(r.errs, "erased=10\n") || strings.Contains(r.out, secret) || strings.Contains(r.errs, secret) {
		t.Error(r.errs)
	}
	names, err := filepath.Glob(strings.TrimPrefix(store, "sqlite:") + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range formsOf(secret) {
			if bytes.Contains(b, form) {
				t.Errorf("%s holds the value", filepath.Base(name))
			}
		}
	}
	r = want(t, 1, "", "-store", store, "-load", file, "-keys", keys)
	if !strings.HasSuffix(r.errs, "offered=400 accepted=0 duplicate=390 conflict=0 rejected=0 suppressed=10 retry=0\n") {
		t.Error(r.errs)
	}
	if r := want(t, 1, "", "-store", store, "-load", file); !strings.Contains(r.errs, "secret key") {
		t.Error(r.errs)
	}
	want(t, 0, "", "-store", store, "-verify")
}

func TestCopyExportAndChanges(t *testing.T) {
	file := write(t, "touches.jsonl", world(120))
	a, b := sqlite(t), sqlite(t)
	digest := want(t, 0, "", "-store", a, "-load", file, "-copy", b, "-digest").out
	if got := want(t, 0, "", "-store", b, "-copy", a, "-digest").out; got != digest {
		t.Error("the copy has another digest")
	}
	container := want(t, 0, "", "-store", a, "-export").out
	if got := want(t, 0, container, "-store", "mem", "-load", "-", "-digest").out; got != digest {
		t.Error("the restored store has another digest")
	}
	all := strings.SplitAfter(want(t, 0, "", "-store", a, "-changes", "").out, "\n")
	if len(all) != 121 {
		t.Fatalf("%d changes", len(all)-1)
	}
	cursor, _, _ := strings.Cut(strings.TrimPrefix(all[99], `{"cursor":"`), `"`)
	if got := want(t, 0, "", "-store", a, "-changes", cursor, "-limit", "5").out; got != strings.Join(all[100:105], "") {
		t.Errorf("after %s:\n%s", cursor, got)
	}
	want(t, 1, "", "-store", b, "-changes", cursor)
}

func TestUsage(t *testing.T) {
	file := write(t, "touches.jsonl", world(3))
	for _, args := range [][]string{
		{}, {"-store", "none"}, {"-store", "sqlite:"}, {"-store", "mem", "-store", "mem"}, {"-store", "mem", "-nonsense"},
		{"-store", "mem", "-erase", "user_id:u1"}, {"-store", "mem", "-load", "nowhere"}, {"-store", "mem", "-dump", "-digest"},
		{"-store", "mem", "-now", "yesterday"}, {"-store", "mem", "-batch", "0"}, {"-store", "mem", "-batch", "10001"}, {"-store", "mem", "-writers", "0"}, {"-store", "mem", "-limit", "-1"},
		{"-store", "mem", "-since", "2026-01-01"}, {"-store", "mem", "-erase", "u1", "-keys", file}, {"-store", "mem", "-dump", "-ids", "user_id:u1,user_id:\x01"},
		{"-store", "mem", "-bench", "0"}, {"-store", "mem", "-load", file, "-bench", "10"}, {"-store", "mem", "-dump", "-ids", "u1"},
		{"-store", "mem", "-load", file, "-keys", file}, {"-store", "mem", "more"},
	} {
		if r := want(t, 2, "", args...); r.errs == "" {
			t.Errorf("%q: nothing is said", args)
		}
	}
	want(t, 1, "", "-store", "sqlite:"+file)
	want(t, 1, "", "-store", "mem", "-changes", "a b")
	for _, size := range []string{"1", "10000"} {
		if r := want(t, 0, "", "-store", "mem", "-load", file, "-batch", size, "-dump=false", "-count"); !strings.Contains(r.out, "touch,3\n") {
			t.Errorf("batches of %s: %s", size, r.out)
		}
	}
	if r := want(t, 0, "", "-h"); !strings.Contains(r.errs, "-outcomes") {
		t.Error(r.errs)
	}
}

// benched checks the figures of -bench, but for how good they are.
func benched(t *testing.T, store string, rawToo bool) {
	t.Helper()
	r := want(t, 0, "", "-store", store, "-bench", "1500")
	var got map[string]any
	if err := json.Unmarshal([]byte(r.out), &got); err != nil || strings.Count(r.out, "\n") != 1 {
		t.Fatalf("%q: %v", r.out, err)
	}
	name, _, _ := strings.Cut(store, ":")
	if got["store"] != name || got["n"] != 1500.0 {
		t.Errorf("store %v, n %v", got["store"], got["n"])
	}
	delete(got, "store")
	delete(got, "n")
	of := map[string]bool{"append_per_s": true, "replay_per_s": true, "read_p50_us": true, "read_p99_us": true, "scan_per_s": true, "bytes_per_touch": true,
		"raw_per_s": rawToo, "ratio": rawToo, "raw_read_p99_us": rawToo}
	if got["read_p50_us"].(float64) > got["read_p99_us"].(float64) {
		t.Errorf("half of the reads take longer than nearly all: %v", got)
	}
	if len(got) != len(of) {
		t.Errorf("figures %v", got)
	}
	for name, there := range of {
		if x, ok := got[name].(float64); ok != there || there && x <= 0 {
			t.Errorf("%s is %v", name, got[name])
		}
	}
}

func TestBench(t *testing.T) {
	store := sqlite(t)
	benched(t, "mem", false)
	benched(t, store, true)
	if got := want(t, 0, "", "-store", store, "-dump").out; strings.Count(got, `"type":"email"`) != 500 {
		t.Errorf("%d of 1,500 touches have an e-mail address", strings.Count(got, `"type":"email"`))
	}
	if files, err := filepath.Glob(strings.TrimPrefix(store, "sqlite:") + "*"); err != nil || len(files) != 1 {
		t.Errorf("%d files are left, error %v", len(files), err)
	}
	if got := want(t, 0, "", "-store", store, "-count").out; !strings.Contains(got, "touch,1500\n") {
		t.Error(got)
	}
	want(t, 0, "", "-store", store, "-verify")
	want(t, 2, "", "-store", store, "-bench", "10") // it is not empty any more
	other := sqlite(t)
	if err := os.WriteFile(strings.TrimPrefix(other, "sqlite:")+"-raw", []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, 2, "", "-store", other, "-bench", "10") // and never takes a file that it has not made
}

// Killed at random and run again ends as one clean run; so do two processes at once.
func TestKilledAndRunAgain(t *testing.T) {
	n := 6000
	if testing.Short() {
		n = 1500
	}
	killedAndRunAgain(t, n, sqlite)
}

func killedAndRunAgain(t *testing.T, n int, fresh func(testing.TB) string) {
	t.Helper()
	lines := world(n)
	file := write(t, "touches.jsonl", lines)
	clean := want(t, 0, "", "-store", "mem", "-load", file, "-digest").out
	store := fresh(t)
	kills := 5
	if os.Getenv("TABI_LONG") == "1" {
		kills = 100
	}
	g := rand.New(rand.NewPCG(1, 1))
	for range kills {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(30+g.IntN(400))*time.Millisecond)
		_, err := start(ctx, "", "-store", store, "-load", file, "-batch", "50")
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if r := want(t, 0, "", "-store", store, "-verify"); r.out != "" {
			t.Error(r.out)
		}
	}
	if got := want(t, 0, "", "-store", store, "-load", file, "-digest").out; got != clean {
		t.Error("another digest than that of a clean run")
	}

	store = fresh(t)
	var wg sync.WaitGroup
	for _, half := range [][]string{lines[:n*6/10], lines[n*4/10:]} {
		name := write(t, "half.jsonl", half)
		wg.Go(func() {
			if r, err := start(t.Context(), "", "-store", store, "-load", name, "-batch", "100"); err != nil || r.status != 0 {
				t.Error(r, err)
			}
		})
	}
	wg.Wait()
	for _, report := range [][]string{{"-digest"}, {"-dump"}, {"-ties", "user_id:u3"}} {
		clean := want(t, 0, "", append([]string{"-store", "mem", "-load", file}, report...)...).out
		if got := want(t, 0, "", append([]string{"-store", store}, report...)...).out; got != clean {
			t.Errorf("two processes at once: %s has another answer", report[0])
		}
	}
}
