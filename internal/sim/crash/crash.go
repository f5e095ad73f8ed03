// Package crash kills and cuts the power of programs that record touches, and looks for
// what was lost.
//
// [Kill] runs child processes that record through a journey.Tracker on a log and kills
// them with signal 9; [Cut] cuts the power of disks in memory. Both return a [Report],
// the line that cmd/tabisim prints. A program that calls Kill calls [Child] first thing in
// main.
//
// That the runs find losses at all is shown by [Options].Unsafe: a log on a file system
// that does not sync loses facts in a power cut, and one that keeps writes in the process
// loses them in a kill. Kill says nothing about syncs: the page cache outlives the process.
package crash

import "github.com/tabi-go/tabi/touchpoint"

// Options say how much to do.
type Options struct {
	Seed   uint64 // everything random comes from it
	N      int    // kills, or cuts
	Unsafe string // "", or a writer that must be caught: "nosync", "buffered"
	// Progress is told now and then how much is done; nil: nobody is.
	Progress func(done, n int)
	// Dir is where Kill puts its stores; "": a folder in memory, or else the one for
	// temporary files. They are removed at the end.
	Dir string
}

func (o Options) report(mode string) *Report {
	return &Report{Schema: 1, Mode: mode, Seed: o.Seed, FaultKinds: make(map[string]int), Failed: []Failure{}}
}

// A Report is the line that cmd/tabisim prints; its JSON is that line.
type Report struct {
	Schema     int            `json:"schema"` // 1
	Mode       string         `json:"mode"`   // sim, kill, cut
	Seed       uint64         `json:"seed"`
	Schedules  int            `json:"schedules"` // of mode kill: kills; of mode cut: cuts
	Mutant     int            `json:"mutant"`
	Ops        int            `json:"ops"`     // calls of Record and Erase
	Offered    int            `json:"offered"` // the sum of Outcomes
	Outcomes   Outcomes       `json:"outcomes"`
	Acked      int            `json:"acked"`  // accepted and duplicate
	Faults     int            `json:"faults"` // the sum of FaultKinds
	FaultKinds map[string]int `json:"fault_kinds"`
	Cuts       int            `json:"cuts"`
	Lost       int            `json:"lost"` // facts acknowledged and not there
	Half       int            `json:"half"` // batches and erasures half there
	Violations int            `json:"violations"`
	Digest     string         `json:"digest"` // of the end states; empty in modes kill and cut
	Failed     []Failure      `json:"failed"` // at most ten
}

// Outcomes counts outcomes by status.
type Outcomes struct {
	Accepted   int `json:"accepted"`
	Duplicate  int `json:"duplicate"`
	Conflict   int `json:"conflict"`
	Rejected   int `json:"rejected"`
	Suppressed int `json:"suppressed"`
	Retry      int `json:"retry"`
}

// A Failure is one violation of an invariant.
type Failure struct {
	Seed      uint64 `json:"seed"`
	Invariant string `json:"invariant"`
	Op        int    `json:"op"`
	Detail    string `json:"detail"`
}

// count adds the outcomes of a call.
func (r *Report) count(t touchpoint.Tally) {
	r.Ops++
	r.Offered += t.Offered()
	r.Outcomes.Accepted += t[touchpoint.Accepted]
	r.Outcomes.Duplicate += t[touchpoint.Duplicate]
	r.Outcomes.Conflict += t[touchpoint.Conflict]
	r.Outcomes.Rejected += t[touchpoint.Rejected]
	r.Outcomes.Suppressed += t[touchpoint.Suppressed]
	r.Outcomes.Retry += t[touchpoint.Retry]
	r.Acked += t[touchpoint.Accepted] + t[touchpoint.Duplicate]
}

func (r *Report) fault(kind string) {
	r.Faults++
	r.FaultKinds[kind]++
}

// maxFailed is how many failures a report lists.
const maxFailed = 10

// fail adds a violation.
func (r *Report) fail(seed uint64, op int, f *finding) {
	r.Violations++
	r.Lost += f.lost
	r.Half += f.half
	if len(r.Failed) < maxFailed {
		r.Failed = append(r.Failed, Failure{seed, f.invariant, op, f.detail})
	}
}
