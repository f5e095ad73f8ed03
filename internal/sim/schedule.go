package sim

import (
	"math/rand/v2"
	"time"
)

// A Schedule is one history to be lived through: settings, and operations with the faults
// that meet them. It is made from a seed, or read from a trace.
type Schedule struct {
	Seed    uint64  `json:"seed"`
	Setting Setting `json:"setting"`
	Start   int64   `json:"start"`  // where the clock begins; microseconds, as all instants
	At      int64   `json:"at"`     // the instant for which the end state is derived
	Middle  int64   `json:"middle"` // an earlier instant for which it is derived too
	Ops     []Op    `json:"-"`      // a line each
}

// A Setting is the configuration of the tracker.
type Setting struct {
	Boundary string `json:"boundary"`  // goal, silence or lifetime
	EmailMax int    `json:"email_max"` // addresses of one person
}

// An Op is one operation. Its number never changes: its choices and faults come from it,
// so that taking an operation away leaves the others as they were.
type Op struct {
	N       int      `json:"n"`
	Do      string   `json:"do"`             // record, erase, purge, restart, configure or read
	Move    int64    `json:"move,omitempty"` // how the clock moves before it
	Records []Record `json:"records,omitempty"`
	Retry   int      `json:"retry,omitempty"`   // up to so many waiting records are offered with it
	Who     string   `json:"who,omitempty"`     // an identifier of the person to erase
	Restart bool     `json:"restart,omitempty"` // the erased may come back as somebody new
	Setting *Setting `json:"setting,omitempty"`
	Limit   int64    `json:"limit,omitempty"` // touches before it are purged; the instant of an erasure, 0 = now
	Faults  []Fault  `json:"faults,omitempty"`
}

// The operations.
const (
	doRecord    = "record"
	doErase     = "erase"
	doPurge     = "purge"
	doRestart   = "restart"
	doConfigure = "configure"
	doRead      = "read"
)

// Streams of random numbers of one seed. An operation's number is added to its stream.
const (
	streamWorld  = 1 << 20
	streamOp     = 2 << 20
	streamFault  = 3 << 20
	streamReplay = 4 << 20
	streamDisk   = 5 << 20
)

func random(seed uint64, stream int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(stream)))
}

// MakeSchedule makes the schedule of a seed with so many operations. Of faults only the
// named kinds happen; nil = all.
func MakeSchedule(seed uint64, ops int, kinds []string) Schedule {
	w := newWorld(seed)
	s := Schedule{Seed: seed, Setting: w.setting(random(seed, streamWorld+1))}
	last := w.grid[len(w.grid)-1]
	s.Start = last + int64(time.Hour/time.Microsecond)
	s.At = s.Start + 20*day
	s.Middle = w.grid[len(w.grid)/2]
	p := newPlan(seed, kinds)
	for n := range ops {
		op := w.op(n)
		op.Faults = p.faults(seed, op)
		s.Ops = append(s.Ops, op)
	}
	return s
}

const (
	minute = int64(time.Minute / time.Microsecond)
	hour   = 60 * minute
	day    = 24 * hour
)

// starts are instants at which calendars jump: ends of years, and changes to and from
// summer time.
var starts = []time.Time{
	time.Date(2025, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
	time.Date(2026, 3, 29, 0, 59, 59, 0, time.UTC),
	time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC),
	time.Date(2024, 2, 28, 23, 30, 0, 1_000, time.UTC),
	time.Date(1999, 12, 31, 22, 0, 0, 0, time.UTC),
	time.Date(1970, 6, 1, 0, 0, 0, 0, time.UTC),
}
