// Package crash kills and cuts the power of programs that record touches, and looks for
// what was lost.
//
// [Kill] runs a child process that records through a journey.Tracker on a log and kills it
// with signal 9; [Cut] cuts the power of a disk in memory. Both return a [Report]. The
// program that calls Kill calls [Child] first thing in main.
package crash

import "context"

// Options say how much to do.
type Options struct {
	Seed   uint64 // everything random comes from it
	N      int    // kills, or cuts
	Unsafe string // "", or a writer that must be caught: "nosync", "buffered"
	// Progress is told now and then how much is done; nil: nobody is.
	Progress func(done, n int)
}

// A Report is the line that cmd/tabisim prints; its JSON is that line.
type Report struct {
	Schema     int            `json:"schema"` // 1
	Mode       string         `json:"mode"`   // sim, kill, cut
	Seed       uint64         `json:"seed"`
	Schedules  int            `json:"schedules"` // of mode kill: kills; of mode cut: cuts
	Mutant     int            `json:"mutant"`
	Ops        int            `json:"ops"`     // calls of the tracker
	Offered    int            `json:"offered"` // the sum of Outcomes
	Outcomes   Outcomes       `json:"outcomes"`
	Acked      int            `json:"acked"`  // accepted and duplicate
	Faults     int            `json:"faults"` // the sum of FaultKinds
	FaultKinds map[string]int `json:"fault_kinds"`
	Cuts       int            `json:"cuts"`
	Lost       int            `json:"lost"` // facts acknowledged and not there
	Half       int            `json:"half"` // batches and erasures half there
	Violations int            `json:"violations"`
	Digest     string         `json:"digest"`
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

// Child does the work of the child process and ends it, if that is what this process is;
// otherwise it returns at once. Programs and tests that call Kill call it first.
func Child() {}

// Kill lets child processes record and kills each after a random 5 to 105 ms, every fifth
// at a step of an erasure; then it opens what is left and looks for what was lost.
func Kill(ctx context.Context, o Options) (*Report, error) { return nil, nil }

// Cut cuts the power of a disk at every sync and at random points between, and looks for
// what was lost.
func Cut(ctx context.Context, o Options) (*Report, error) { return nil, nil }
