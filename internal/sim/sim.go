// Package sim lives through random histories of the library, with everything that can go
// wrong under it, and looks for broken promises.
//
// [Run] lives through one schedule a seed: records, links, sales, erasures, purges and
// restarts of a [Schedule], offered by a driver to a journey.Tracker on a log whose disk
// fails and loses its power. The driver keeps a ledger of what it was told. In the end the
// log is held against the ledger, and what is derived from it against an oracle: a second,
// naive implementation that shares data types with the library and no code. [Invariants]
// lists what is looked for, [FaultKinds] what goes wrong.
//
// The library is a pure state machine with an injected clock and store, so a schedule runs
// in one goroutine and repeats itself exactly; schedules of several seeds run side by
// side. What an operation does and which faults meet it depend on the seed and its number
// alone, so operations can be taken away: [Reduce] makes a short [Schedule] of a long one,
// which [WriteTrace] keeps and [ReadTrace] reads without the seed.
//
// Every schedule is compared with the oracle at its end. What costs more is done for a part
// of the seeds, told by the seed itself: the facts in another order for even ones,
// everything offered again for odd ones, the plans of erasures for even ones, an earlier
// instant for every fourth, and for every eighth the learned models,
// the past of every history, every byte of the disk after each erasure, and, one
// seed later, one more erasure in the end.
//
// That the net catches anything is shown by [Mutants], bugs planted into the sources by
// the go command's -overlay; nothing in the shipped code knows of them.
//
// Where a room is missing the nearest promise is judged: consents are compared as facts,
// since no output is filtered by them yet; an erasure is planned by the driver with
// identity's EraseSet; retention is an erasure by time. Twins, accounts' stage histories
// and consent gates are not looked at; their packages have naive tests of their own.
package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime"

	"github.com/tabi-go/tabi/internal/sim/crash"
	"github.com/tabi-go/tabi/touchpoint"
)

// DefaultOps is how many operations a schedule has.
const DefaultOps = 120

// A Config says which schedules to live through.
type Config struct {
	Seed   uint64   // the first; schedules have Seed, Seed+1 …
	N      int      // how many
	Ops    int      // operations of each; 0 = DefaultOps
	Faults []string // kinds that happen; nil = all, empty = none
	First  bool     // stop at the first violation in the order of seeds
	// Progress is told how many schedules are done; nil: nobody is.
	Progress func(done int)
}

// Run lives through schedules on all processors and reports in the order of seeds, the
// same whatever their number. Of First the report ends with the violation.
func Run(c Config) *crash.Report {
	if c.Ops == 0 {
		c.Ops = DefaultOps
	}
	r := newReport(c.Seed)
	digest := sha256.New()
	for n, end := range endings(c) {
		take(r, c.Seed+uint64(n), end)
		digest.Write(end.Digest[:])
		if c.Progress != nil {
			c.Progress(n + 1)
		}
		if c.First && r.Violations > 0 {
			break
		}
	}
	r.Digest = hex.EncodeToString(digest.Sum(nil))
	return r
}

// endings yields what came of the schedules, in the order of seeds, while as many run side
// by side as there are processors.
func endings(c Config) func(yield func(int, Ending) bool) {
	return func(yield func(int, Ending) bool) {
		ahead := 4 * runtime.GOMAXPROCS(0)
		slots := make(chan chan Ending, ahead)
		work := make(chan func())
		stop := make(chan struct{})
		defer close(stop)
		for range runtime.GOMAXPROCS(0) {
			go func() {
				for f := range work {
					f()
				}
			}()
		}
		go func() {
			defer close(work)
			defer close(slots)
			for n := range c.N {
				slot := make(chan Ending, 1)
				select {
				case slots <- slot:
				case <-stop:
					return
				}
				work <- func() { slot <- Live(MakeSchedule(c.Seed+uint64(n), c.Ops, c.Faults)) }
			}
		}()
		n := 0
		for slot := range slots {
			if !yield(n, <-slot) {
				return
			}
			n++
		}
	}
}

func newReport(seed uint64) *crash.Report {
	r := &crash.Report{Schema: 1, Mode: "sim", Seed: seed, FaultKinds: map[string]int{}, Failed: []crash.Failure{}}
	for _, k := range FaultKinds() {
		r.FaultKinds[k] = 0
	}
	return r
}

// take adds one ending to a report.
func take(r *crash.Report, seed uint64, end Ending) {
	r.Schedules++
	r.Ops += end.Calls
	r.Cuts += end.Cuts
	r.Offered += end.Tally.Offered()
	r.Outcomes.Accepted += end.Tally[touchpoint.Accepted]
	r.Outcomes.Duplicate += end.Tally[touchpoint.Duplicate]
	r.Outcomes.Conflict += end.Tally[touchpoint.Conflict]
	r.Outcomes.Rejected += end.Tally[touchpoint.Rejected]
	r.Outcomes.Suppressed += end.Tally[touchpoint.Suppressed]
	r.Outcomes.Retry += end.Tally[touchpoint.Retry]
	r.Acked = r.Outcomes.Accepted + r.Outcomes.Duplicate
	for kind, n := range end.Fired {
		r.FaultKinds[kind] += n
		r.Faults += n
	}
	v := end.Violation
	if v == nil {
		return
	}
	r.Violations++
	switch v.Invariant {
	case "I1":
		r.Lost++
	case "I2":
		r.Half++
	}
	if len(r.Failed) < 10 {
		r.Failed = append(r.Failed, crash.Failure{Seed: seed, Invariant: v.Invariant, Op: v.Op, Detail: v.Detail})
	}
}

// Replay lives through one schedule and reports.
func Replay(s Schedule) *crash.Report {
	r := newReport(s.Seed)
	end := Live(s)
	take(r, s.Seed, end)
	sum := sha256.Sum256(end.Digest[:])
	r.Digest = hex.EncodeToString(sum[:])
	return r
}
