package sim_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/internal/sim"
)

// The track record: every row has its columns, an invariant and a mutant that exist, and a
// trace that does not fail any more.
func TestTrackRecord(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "track-record.md"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := sim.Mutants()
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		if rows++; rows <= 2 {
			continue // the head
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 8 {
			t.Errorf("a row of %d columns: %s", len(cells), line)
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
			if cells[i] == "" {
				t.Errorf("an empty cell: %s", line)
			}
		}
		if want := fmt.Sprint(rows - 2); cells[0] != want {
			t.Errorf("row %s has the number %s", want, cells[0])
		}
		name, _, _ := strings.Cut(strings.ReplaceAll(cells[6], "`", ""), " ")
		if strings.HasPrefix(name, "Test") { // out of the simulation's reach
			dir := strings.Fields(strings.ReplaceAll(cells[6], "`", ""))[2]
			if cells[7] != "–" || !declared(t, filepath.Join(root, dir), name) {
				t.Errorf("row %s: no %s in %s, or a mutant", cells[0], name, dir)
			}
			continue
		}
		s, was := readTrace(t, filepath.Join("testdata/sim", filepath.Base(name)))
		if was != cells[5] {
			t.Errorf("row %s says %s, its trace %s", cells[0], cells[5], was)
		}
		if v := sim.Live(s).Violation; v != nil {
			t.Errorf("row %s fails again: %v", cells[0], v)
		}
		k := 0
		if _, err := fmt.Sscan(cells[7], &k); err != nil || k < 1 || k > len(all) {
			t.Errorf("row %s has no mutant: %q", cells[0], cells[7])
		}
	}
	if rows < 2 {
		t.Error("no table")
	}
}

// declared reports whether a test of a folder has the name.
func declared(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(t *testing.T) {") {
			return true
		}
	}
	return false
}
