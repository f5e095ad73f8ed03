package main_test

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/examples/internal/blackbox"
)

var update = flag.Bool("update", false, "rewrite the golden files and the outputs in docs/persona.md")

// files are the inputs; a later flag of the same name replaces one.
var files = []string{"-in", "testdata/crm.csv", "-map", "testdata/mapping.json", "-touches", "testdata/touches.csv",
	"-icp", "testdata/icp.json", "-personas", "testdata/personas.json", "-plan", "testdata/plan.json", "-at", "2026-11-02T00:00:00Z"}

func prospects(t *testing.T, args ...string) (out, errs string, code int) {
	t.Helper()
	return blackbox.Run(t, "", append(slices.Clone(files), args...)...)
}

func ok(t *testing.T, args ...string) string {
	t.Helper()
	out, errs, code := prospects(t, args...)
	if code != 0 || errs != "" {
		t.Fatalf("%v: exit %d %s", args, code, errs)
	}
	return out
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTwelveAccounts(t *testing.T) {
	for _, lang := range []string{"en", "ja"} {
		golden := filepath.Join("testdata", "golden", lang+".txt")
		got := ok(t, "-lang", lang)
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want := read(t, golden); got != want {
			t.Errorf("%s differs (go test -update rewrites it):\n%s", golden, got)
		}
		if n := len(regexp.MustCompile(`(?m)^\d+\. `).FindAllString(got, -1)); n != 12 {
			t.Errorf("%d accounts", n)
		}
		if found := claims.FindString(strings.ReplaceAll(got, "not shown to be the cause", "")); found != "" {
			t.Errorf("%s says %q", golden, found)
		}
	}
}

// claims are words that claim a cause or promise an outcome.
var claims = regexp.MustCompile(`(?i)\b(causes?|because|leads? to|due to|drives?|will|proves?|guarantees?)\b|原因|おかげ|必ず|保証|により増`)

// The page shows what the program prints: each block stands behind a comment with the
// flags that make it.
func TestDocsShowTheOutput(t *testing.T) {
	const page = "../../docs/persona.md"
	text := read(t, page)
	block := regexp.MustCompile("(?s)<!-- prospects ([^>]*) -->\n```text\n(.*?)```\n")
	shown := block.FindAllStringSubmatch(text, -1)
	if len(shown) < 4 {
		t.Fatalf("%d outputs in %s", len(shown), page)
	}
	made := block.ReplaceAllStringFunc(text, func(s string) string {
		args := block.FindStringSubmatch(s)[1]
		return "<!-- prospects " + args + " -->\n```text\n" + ok(t, strings.Fields(args)...) + "```\n"
	})
	if *update {
		if err := os.WriteFile(page, []byte(made), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if made != text {
		t.Errorf("%s shows what the program does not print (go test -update rewrites it)", page)
	}
}

func TestOrderAndRepeatsDoNotShow(t *testing.T) {
	want := ok(t, "-n", "40")
	r := rand.New(rand.NewPCG(1, 2))
	for _, seed := range []string{"1", "2"} {
		args := []string{"-n", "40", "-shuffle", seed}
		for _, input := range [][2]string{{"-in", "testdata/crm.csv"}, {"-touches", "testdata/touches.csv"}} {
			head, rows, _ := strings.Cut(read(t, input[1]), "\n")
			lines := strings.SplitAfter(strings.TrimSuffix(rows, "\n"), "\n")
			lines[len(lines)-1] += "\n"
			lines = append(lines, lines[:len(lines)/2]...)
			r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
			args = append(args, input[0], blackbox.File(t, "rows.csv", head+"\n"+strings.Join(lines, "")))
		}
		if got := ok(t, args...); got != want {
			t.Fatalf("seed %s: the order of rows shows", seed)
		}
	}
}

// Nobody without a tick of consent in the CRM is written to, and nobody who unsubscribed.
func TestConsentIsKept(t *testing.T) {
	agreed := map[string]bool{}
	for _, row := range strings.Split(read(t, "testdata/crm.csv"), "\n")[1:] {
		cells := strings.Split(row, ",")
		if len(cells) > 4 && (strings.EqualFold(cells[4], "yes") || cells[4] == "はい") {
			agreed[cells[0]] = true
		}
	}
	written := regexp.MustCompile(`(?m)^   write to: (C-\d+)`).FindAllStringSubmatch(ok(t, "-n", "40"), -1)
	if len(written) < 12 {
		t.Fatalf("%d people are written to", len(written))
	}
	for _, m := range written {
		if !agreed[m[1]] {
			t.Errorf("%s did not agree", m[1])
		}
	}
	none := strings.NewReplacer(",yes,", ",no,", ",Yes,", ",no,", ",はい,", ",no,").Replace(read(t, "testdata/crm.csv"))
	if out := ok(t, "-in", blackbox.File(t, "crm.csv", none)); strings.Contains(out, "   write to:") || !strings.Contains(out, "nobody may be written to") {
		t.Error("somebody is written to though nobody agreed")
	}
}

func TestCustomersAndCompetitorsAreNoProspects(t *testing.T) {
	out := ok(t, "-n", "100", "-brief")
	for _, id := range []string{"A-21", "A-22", "A-23", "A-24"} {
		if strings.Contains(out, "("+id+")") {
			t.Errorf("%s is listed", id)
		}
	}
	if n := strings.Count(out, "\n"); n != 36 {
		t.Errorf("%d accounts", n)
	}
}

func TestFlagsOfTheMessage(t *testing.T) {
	holidays := blackbox.File(t, "calendar.json", `{"weekdays":["thu"],"holidays":["2026-11-05"]}`)
	if out := ok(t, "-calendar", holidays, "-n", "1", "-brief"); !strings.Contains(out, "2026-11-12 ") {
		t.Error(out)
	}
	tone := blackbox.File(t, "tone.json", `{"rules":[{"id":"a","when":{"all":[]},"set":{"formality":1,"length":"long"},"lead":[{"en":"Say hello"}]}]}`)
	if out := ok(t, "-tone", tone, "-n", "1"); !strings.Contains(out, "formality 1, warmth 3, directness 3, long") || !strings.Contains(out, "begin with: Say hello") {
		t.Error(out)
	}
	if many, few := ok(t, "-stall", "1d"), ok(t, "-stall", "80d"); strings.Count(many, "silent") <= strings.Count(few, "silent") {
		t.Error("a shorter span stalls more")
	}
	path := filepath.Join(t.TempDir(), "out.txt")
	if out := ok(t, "-o", path, "-brief"); out != "" || read(t, path) != ok(t, "-brief") {
		t.Error("-o writes the answer to a file")
	}
}

func TestExitStatus(t *testing.T) {
	bad := blackbox.File(t, "crm.csv", read(t, "testdata/crm.csv")+"C-900,x@y.example,,,,,,A-90,X,x.example,,,,,,yesterday\n")
	out, errs, code := prospects(t, "-in", bad, "-brief")
	if code != 1 || !strings.HasSuffix(errs, "dead letters: 1\n") || out != ok(t, "-brief") {
		t.Errorf("exit %d, %q", code, errs)
	}
	for _, args := range [][]string{{"-lang", "fr"}, {"-n", "0"}, {"-stall", "-5h"}, {"-account", "A-99"}, {"-n", "2", "-account", "A-05"}, {"more"}, {"-icp", "missing.json"}, {"-touches", ""},
		{"-plan", blackbox.File(t, "plan.json", `{"id":"p","items":[],"cells":[{"stage":"a","chanel":"x"}]}`)}} {
		if out, errs, code := prospects(t, args...); code != 2 || out != "" || errs == "" {
			t.Errorf("%v: exit %d, %q", args, code, errs)
		}
	}
}
