package identity_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// day is a date of 2026 at midnight.
func day(month time.Month, d int) time.Time { return time.Date(2026, month, d, 0, 0, 0, 0, time.UTC) }

// clock is a time of day on 1 March 2026.
func clock(hour, minute int) time.Time { return time.Date(2026, 3, 1, hour, minute, 0, 0, time.UTC) }

// id reads "type:value" under the default rules.
func id(t testing.TB, s string) identity.ID {
	t.Helper()
	x, err := (*identity.Rules)(nil).Parse(s)
	if err != nil {
		t.Fatalf("id %s: %v", s[:strings.IndexByte(s, ':')], err)
	}
	return x
}

func ids(t testing.TB, list string) []identity.ID {
	t.Helper()
	var out []identity.ID
	for _, s := range strings.Fields(list) {
		out = append(out, id(t, s))
	}
	return out
}

// touch is a sighting with a list of identifiers.
func touch(t testing.TB, ref string, at time.Time, list string) identity.Sighting {
	return identity.Sighting{Ref: identity.Ref{Source: "web", ID: ref}, At: at, IDs: ids(t, list)}
}

// graph is a graph under the rules that has taken the facts.
func graph(t testing.TB, r *identity.Rules, s ...identity.Sighting) *identity.Graph {
	t.Helper()
	g, err := identity.New(r)
	if err != nil {
		t.Fatal(err)
	}
	must(t, g.See(s...))
	return g
}

func must(t testing.TB, errs []error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// people writes a partition as text: the values of each person in order, persons apart
// by " | ", in order of their text.
func people(r *identity.Resolution) string {
	var out []string
	for p := range r.People() {
		out = append(out, values(p.IDs))
	}
	return joined(out)
}

func accounts(r *identity.Resolution) string {
	var out []string
	for a := range r.Accounts() {
		out = append(out, values(a.IDs))
	}
	return joined(out)
}

// shared returns the folder of data for local checking, and skips without it.
func shared(t testing.TB, path string) string {
	t.Helper()
	dir := os.Getenv("TABI_SHARED")
	if dir == "" {
		wd, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for dir = wd; ; dir = filepath.Dir(dir) {
			b, err := os.ReadFile(filepath.Join(dir, "go.mod"))
			if err == nil && strings.HasPrefix(string(b), "module github.com/tabi-go/tabi\n") {
				break
			}
			if dir == filepath.Dir(dir) {
				t.Skip("no go.mod of the module above " + wd)
			}
		}
		dir = filepath.Join(dir, "..", "shared")
	}
	p := filepath.Join(dir, path)
	if _, err := os.Stat(p); err != nil {
		t.Skip("data for local checking is absent: " + p)
	}
	return p
}
func values(list []identity.ID) string {
	var out []string
	for _, x := range list {
		out = append(out, x.Value())
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func joined(groups []string) string {
	slices.Sort(groups)
	return strings.Join(groups, " | ")
}

// readCSV reads rows by trimmed header.
func readCSV(t testing.TB, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, cell := range line {
			row[strings.TrimSpace(lines[0][i])] = strings.TrimSpace(cell)
		}
		rows = append(rows, row)
	}
	return rows
}
