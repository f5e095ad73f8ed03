package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/internal/sim/crash"
)

func TestMain(m *testing.M) {
	crash.Child()
	os.Exit(m.Run())
}

func try(t *testing.T, args ...string) (code int, out, diag string) {
	t.Helper()
	var o, d bytes.Buffer
	code = run(t.Context(), args, &o, &d)
	return code, o.String(), d.String()
}

func line(t *testing.T, out string) crash.Report {
	t.Helper()
	if strings.Count(out, "\n") != 1 {
		t.Fatalf("not one line: %q", out)
	}
	var r crash.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRunPrintsOneLine(t *testing.T) {
	code, out, diag := try(t, "-seed", "3", "-n", "4", "-ops", "40")
	if r := line(t, out); code != exitGood || r.Schedules != 4 || r.Seed != 3 || r.Violations != 0 || len(r.Digest) != 64 || r.Failed == nil {
		t.Errorf("status %d, %+v, %s", code, r, diag)
	}
	if _, again, _ := try(t, "-seed", "3", "-n", "4", "-ops", "40"); again != out {
		t.Errorf("%s, again %s", out, again)
	}
	if _, none, _ := try(t, "-n", "2", "-ops", "20", "-faults", "none"); line(t, none).Faults != 0 {
		t.Errorf("faults though none were asked for: %s", none)
	}
	_, some, _ := try(t, "-n", "12", "-ops", "40", "-faults", "refuse,cancel")
	for kind, n := range line(t, some).FaultKinds {
		if (n > 0) != (kind == "refuse" || kind == "cancel") {
			t.Errorf("%d faults of kind %s", n, kind)
		}
	}
}

func TestBadUsage(t *testing.T) {
	for _, args := range [][]string{
		{"-n", "0"}, {"-seed", "-1"}, {"-ops", "9"}, {"-ops", "10001"}, {"-mode", "sleep"}, {"-unsafe", "nosync"},
		{"-mode", "cut", "-unsafe", "often"}, {"-mutant", "999"}, {"-mutant", "-1"}, {"-faults", "rain"}, {"-replay", "no such file"}, {"-x"}, {"word"},
	} {
		if code, out, diag := try(t, args...); code != exitUsage || out != "" || diag == "" {
			t.Errorf("%q: status %d, %q", args, code, out)
		}
	}
}

func TestList(t *testing.T) {
	code, out, _ := try(t, "-list")
	var names map[string][]string
	if err := json.Unmarshal([]byte(out), &names); code != exitGood || err != nil {
		t.Fatalf("status %d, %v", code, err)
	}
	if len(names["fault_kinds"]) < 15 || len(names["invariants"]) != 31 || len(names["mutants"]) < 24 {
		t.Errorf("%v", names)
	}
}

func TestReplay(t *testing.T) {
	file := filepath.Join(t.TempDir(), "trace")
	text := `{"trace":1,"seed":9,"setting":{"boundary":"goal","email_max":5},"start":1000000,"at":2000000,"middle":1500000}
{"n":0,"do":"record","records":[{"class":"touch","source":"web","id":"1","at":1000,"kind":"order","ids":["email:a~@firm0.example"],"value":5,"currency":"EUR"}]}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, diag := try(t, "-replay", file)
	if r := line(t, out); code != exitGood || r.Seed != 9 || r.Schedules != 1 || r.Outcomes.Accepted != 1 {
		t.Errorf("status %d, %+v, %s", code, r, diag)
	}
}

func TestModesOfCrash(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the crash modes have tests of their own")
	}
	code, out, diag := try(t, "-mode", "cut", "-n", "20")
	if r := line(t, out); code != exitGood || r.Mode != "cut" || r.Lost != 0 {
		t.Errorf("status %d, %+v, %s", code, r, diag)
	}
	code, out, diag = try(t, "-mode", "cut", "-n", "60", "-unsafe", "nosync")
	if r := line(t, out); code != exitViolation || r.Lost == 0 {
		t.Errorf("without syncs: status %d, %+v, %s", code, r, diag)
	}
}
