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

// Every mutant is caught from any base seed, and what catches it is short: the program sees
// itself that a reduced trace breaks the same again. Building them takes minutes.
func TestMutantsAreCaughtByShortTraces(t *testing.T) {
	if os.Getenv("TABI_LONG") == "" {
		t.Skip("set TABI_LONG=1 to build, run and reduce every mutant")
	}
	bin := filepath.Join(t.TempDir(), "tabisim")
	build := exec.Command("go", "build", "-o", bin, "./internal/sim/cmd/tabisim")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	all, err := sim.Mutants()
	if err != nil {
		t.Fatal(err)
	}
	for _, seed := range []string{"0", "500000"} {
		dir := t.TempDir()
		run := exec.Command(bin, "-mutants", "-n", "1000", "-seed", seed, "-reduce", dir)
		run.Dir = root
		if out, err := run.CombinedOutput(); err != nil {
			t.Errorf("from seed %s: %v\n%s", seed, err, out)
			continue
		}
		var sizes []int
		for _, m := range all {
			f, err := os.Open(filepath.Join(dir, m.Name+".jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			s, v, err := sim.ReadTrace(f)
			f.Close()
			if err != nil || !slices.Contains(m.Invariants, v) {
				t.Fatalf("the trace of %s breaks %q, want one of %v (%v)", m.Name, v, m.Invariants, err)
			}
			sizes = append(sizes, len(s.Ops))
		}
		slices.Sort(sizes)
		t.Logf("from seed %s: operations of the reduced traces: %v", seed, sizes)
		if median := sizes[len(sizes)/2]; median > 15 {
			t.Errorf("from seed %s: half of the reduced traces have %d operations or more, want 15 at most", seed, median)
		}
	}
}
