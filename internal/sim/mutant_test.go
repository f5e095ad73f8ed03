package sim_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/internal/sim"
)

const root = "../.."

// A planted bug whose place has changed is no mutant any more.
func TestMutantsAreNotStale(t *testing.T) {
	all, err := sim.Mutants()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 24 {
		t.Errorf("%d mutants, want 24", len(all))
	}
	for _, m := range all {
		text, err := m.Plant(root)
		if err != nil {
			t.Error(err)
		}
		if !strings.Contains(text, m.New) || m.Old == m.New {
			t.Errorf("mutant %s changes nothing", m.Name)
		}
		if m.Why == "" || len(m.Invariants) == 0 {
			t.Errorf("mutant %s does not say what it breaks", m.Name)
		}
		for _, name := range m.Invariants {
			if !slices.Contains(sim.Invariants(), name) {
				t.Errorf("mutant %s breaks %s, which is no invariant", m.Name, name)
			}
		}
	}
}

// Every mutant is caught. Building them takes minutes.
func TestMutantsAreCaught(t *testing.T) {
	if os.Getenv("TABI_LONG") == "" {
		t.Skip("set TABI_LONG=1 to build and run every mutant")
	}
	bin := filepath.Join(t.TempDir(), "tabisim")
	build := exec.Command("go", "build", "-o", bin, "./internal/sim/cmd/tabisim")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := exec.Command(bin, "-mutants", "-n", "1000")
	run.Dir = root
	if out, err := run.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
