// Command tabisim lives through random histories of the library while everything that can
// go wrong under it does, and looks for broken promises; see package sim.
//
//	go run ./internal/sim/cmd/tabisim [-seed N] [-n M] [-ops K] [-faults all|none|KIND,…]
//	                                  [-mutant K | -mutants] [-mode sim|kill|cut] [-unsafe nosync|buffered]
//	                                  [-reduce FILE] [-replay FILE] [-list]
//
// Standard output is one JSON line a run, with -mutants one a mutant; in mode sim equal
// flags give equal bytes. Exit: 0 no violation; 1 a violation, or with -mutants a mutant
// that survived; 2 bad usage. Run it from inside the core module: mutants are built from
// its sources.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/internal/sim"
	"github.com/tabi-go/tabi/internal/sim/crash"
)

// mutantVariable tells a program that was built with a planted bug which one it is.
const mutantVariable = "TABI_SIM_MUTANT"

// Exit codes.
const (
	exitGood = iota
	exitViolation
	exitUsage
)

func main() {
	crash.Child()
	// Schedules live in little memory and leave much behind: collect when that is worth it.
	debug.SetGCPercent(1600)
	debug.SetMemoryLimit(1 << 30)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// flags are what the user asked for.
type flags struct {
	sim.Config
	args    []string // as they were given
	mode    string
	unsafe  string
	mutant  int
	mutants bool
	reduce  string
	replay  string
	list    bool
}

func run(ctx context.Context, args []string, out, diag io.Writer) int {
	f, err := parse(args, diag)
	if err != nil {
		fmt.Fprintln(diag, "tabisim:", err)
		return exitUsage
	}
	f.Progress = progress(diag, f.N)
	var r *crash.Report
	switch {
	case f.list:
		err = list(out)
	case f.mutants:
		return everyMutant(ctx, f, out, diag)
	case f.mutant > 0 && os.Getenv(mutantVariable) == "":
		return oneMutant(ctx, f, out, diag)
	case f.mode == "kill":
		r, err = crash.Kill(ctx, crash.Options{Seed: f.Seed, N: f.N, Unsafe: f.unsafe, Progress: func(done, _ int) { f.Progress(done) }})
	case f.mode == "cut":
		r, err = crash.Cut(ctx, crash.Options{Seed: f.Seed, N: f.N, Unsafe: f.unsafe, Progress: func(done, _ int) { f.Progress(done) }})
	case f.replay != "":
		r, err = replay(f.replay)
	default:
		f.First = f.mutant > 0
		r = sim.Run(f.Config)
		err = reduced(f, r)
	}
	if err != nil {
		fmt.Fprintln(diag, "tabisim:", err)
		return exitUsage
	}
	if r == nil {
		return exitGood
	}
	r.Mutant = f.mutant
	return report(r, out, diag)
}

// report writes the line, and the violations for people.
func report(r *crash.Report, out, diag io.Writer) int {
	line, err := json.Marshal(r)
	if err == nil {
		_, err = out.Write(append(line, '\n'))
	}
	for _, f := range r.Failed {
		fmt.Fprintf(diag, "seed %d, operation %d: %s: %s\n", f.Seed, f.Op, f.Invariant, f.Detail)
	}
	switch {
	case err != nil:
		fmt.Fprintln(diag, "tabisim:", err)
		return exitUsage
	case r.Violations > 0:
		return exitViolation
	}
	return exitGood
}

func parse(args []string, diag io.Writer) (*flags, error) {
	f := &flags{args: args}
	s := flag.NewFlagSet("tabisim", flag.ContinueOnError)
	s.SetOutput(diag)
	seed := s.Int64("seed", 0, "first `seed`; the schedules have this one and those that follow")
	s.IntVar(&f.N, "n", 1000, "number of schedules, kills or cuts")
	s.IntVar(&f.Ops, "ops", sim.DefaultOps, "operations of a schedule, 10 to 10,000")
	kinds := s.String("faults", "all", "all, none, or a comma-separated list of `kinds`")
	s.StringVar(&f.mode, "mode", "sim", "sim, kill or cut")
	s.StringVar(&f.unsafe, "unsafe", "", "self-check of the modes kill and cut: nosync or buffered")
	s.IntVar(&f.mutant, "mutant", 0, "planted bug `K`; 0 is the real code")
	s.BoolVar(&f.mutants, "mutants", false, "every planted bug in turn")
	s.StringVar(&f.reduce, "reduce", "", "on a violation write the reduced trace to this `file`; with -mutants a folder")
	s.StringVar(&f.replay, "replay", "", "run the trace in this `file` instead of seeds")
	s.BoolVar(&f.list, "list", false, "list the kinds of faults, the invariants and the mutants")
	if err := s.Parse(args); err != nil {
		return nil, err
	}
	all, err := sim.Mutants()
	if err != nil {
		return nil, err
	}
	switch {
	case s.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q", s.Arg(0))
	case *seed < 0 || f.N < 1:
		return nil, fmt.Errorf("-seed must not be negative, -n must be at least 1")
	case f.Ops < 10 || f.Ops > 10_000:
		return nil, fmt.Errorf("-ops must be 10 to 10000")
	case !slices.Contains([]string{"sim", "kill", "cut"}, f.mode):
		return nil, fmt.Errorf("unknown -mode %q", f.mode)
	case f.unsafe != "" && (f.mode == "sim" || f.unsafe != "nosync" && f.unsafe != "buffered"):
		return nil, fmt.Errorf("-unsafe is nosync or buffered, in the modes kill and cut")
	case f.mutant < 0 || f.mutant > len(all):
		return nil, fmt.Errorf("-mutant must be 0 to %d", len(all))
	}
	f.Seed = uint64(*seed)
	if *kinds != "all" {
		f.Faults = []string{}
	}
	if *kinds != "all" && *kinds != "none" {
		f.Faults = strings.Split(*kinds, ",")
		for _, k := range f.Faults {
			if !slices.Contains(sim.FaultKinds(), k) {
				return nil, fmt.Errorf("unknown kind of fault %q", k)
			}
		}
	}
	return f, nil
}

// list writes the names of everything.
func list(out io.Writer) error {
	all, err := sim.Mutants()
	if err != nil {
		return err
	}
	names := []string{}
	for _, m := range all {
		names = append(names, m.Name)
	}
	return json.NewEncoder(out).Encode(map[string][]string{"fault_kinds": sim.FaultKinds(), "invariants": sim.Invariants(), "mutants": names})
}

func replay(file string) (*crash.Report, error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	s, _, err := sim.ReadTrace(in)
	if err != nil {
		return nil, err
	}
	return sim.Replay(s), nil
}

// reduced writes the reduced trace of the first violation, where that is asked for, and
// sees that what was written breaks the same.
func reduced(f *flags, r *crash.Report) error {
	if f.reduce == "" || r.Violations == 0 {
		return nil
	}
	s, v := sim.Reduce(sim.MakeSchedule(r.Failed[0].Seed, f.Ops, f.Faults))
	w, err := os.Create(f.reduce)
	if err != nil {
		return err
	}
	if err := errors.Join(sim.WriteTrace(w, s, v), w.Close()); err != nil {
		return err
	}
	for range 100 { // a bug of map order hides now and then
		again, err := replay(f.reduce)
		if err != nil || again.Violations > 0 && again.Failed[0].Invariant == v.Invariant {
			return err
		}
	}
	return fmt.Errorf("the reduced trace of seed %d does not break %s again", s.Seed, v.Invariant)
}

// progress tells on a terminal how much is done.
func progress(diag io.Writer, n int) func(done int) {
	if w, ok := diag.(*os.File); ok {
		if info, err := w.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return func(done int) {
				if done%100 == 0 || done == n {
					fmt.Fprint(w, "\r", done, " of ", n, " ")
				}
				if done == n {
					fmt.Fprint(w, "\r\033[K")
				}
			}
		}
	}
	return func(int) {}
}
