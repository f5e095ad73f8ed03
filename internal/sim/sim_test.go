package sim_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/internal/sim"
)

// smoke is how many schedules every test run lives through.
const smoke = 500

func Example() {
	r := sim.Run(sim.Config{Seed: 7, N: 3, Ops: 30})
	fmt.Println(r.Schedules, "schedules,", r.Violations, "violations,", r.Lost, "facts lost")
	// Output: 3 schedules, 0 violations, 0 facts lost
}

func readTrace(t *testing.T, name string) (sim.Schedule, string) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, invariant, err := sim.ReadTrace(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s, invariant
}

// Smoke: what was found once stays fixed, every invariant holds in some hundreds of
// schedules, and every kind of fault happens.
func TestSmoke(t *testing.T) {
	stored, err := filepath.Glob("testdata/sim/*.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range stored {
		s, was := readTrace(t, name)
		if v := sim.Live(s).Violation; v != nil {
			t.Errorf("%s (once %s): %v", name, was, v)
		}
	}
	n := smoke
	if testing.Short() {
		n = 20
	}
	r := sim.Run(sim.Config{N: n})
	for _, f := range r.Failed {
		t.Errorf("seed %d, operation %d: %s: %s", f.Seed, f.Op, f.Invariant, f.Detail)
	}
	o := r.Outcomes
	if sum := o.Accepted + o.Duplicate + o.Conflict + o.Rejected + o.Suppressed + o.Retry; sum != r.Offered {
		t.Errorf("offered %d, outcomes %d", r.Offered, sum)
	}
	if r.Faults <= r.Schedules || len(r.FaultKinds) < 15 {
		t.Errorf("%d faults of %d kinds in %d schedules", r.Faults, len(r.FaultKinds), r.Schedules)
	}
	for kind, count := range r.FaultKinds {
		if count == 0 && n == smoke {
			t.Errorf("no fault of kind %s", kind)
		}
	}
}

// The same seeds give the same report on any number of processors.
func TestReportDoesNotDependOnProcessors(t *testing.T) {
	c := sim.Config{Seed: 1000, N: 8, Ops: 60}
	want := sim.Run(c)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if got := sim.Run(c); !reflect.DeepEqual(got, want) {
		t.Errorf("on one processor %+v, else %+v", got, want)
	}
}

// A trace replays without its seed, and gives the same end.
func TestTraceRoundTrip(t *testing.T) {
	for seed := range uint64(5) {
		s := sim.MakeSchedule(seed, 60, nil)
		var b bytes.Buffer
		if err := sim.WriteTrace(&b, s, nil); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		back, _, err := sim.ReadTrace(&b)
		if err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		if err := sim.WriteTrace(&again, back, nil); err != nil || again.String() != text {
			t.Fatalf("seed %d: the trace reads back as another schedule (%v)", seed, err)
		}
		if one, two := sim.Live(s), sim.Live(back); !reflect.DeepEqual(one, two) {
			t.Errorf("seed %d: %+v, replayed %+v", seed, one, two)
		}
	}
}

// Taking operations away leaves the faults of the others as they were.
func TestFaultsBelongToOperations(t *testing.T) {
	long, short := sim.MakeSchedule(3, 80, nil), sim.MakeSchedule(3, 40, nil)
	if !reflect.DeepEqual(long.Ops[:40], short.Ops) {
		t.Error("the first operations depend on how many follow")
	}
	none := sim.MakeSchedule(3, 40, []string{})
	for _, op := range none.Ops {
		if len(op.Faults) > 0 {
			t.Errorf("operation %d has faults, though none are asked for", op.N)
		}
	}
}

func TestBadTraces(t *testing.T) {
	for _, text := range []string{"", "{", `{"trace":2}`, "{\"trace\":1}\n{\"n\":", "{\"trace\":1}\n7"} {
		if _, _, err := sim.ReadTrace(strings.NewReader(text)); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}
