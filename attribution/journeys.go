package attribution

import (
	"iter"
	"math"
	"sync/atomic"
	"time"
)

// Limits of a set.
const (
	maxChannels = 65_535
	maxSteps    = 10_000
	maxName     = 1024
	maxTouches  = math.MaxUint32 // of all rows
)

// Instants of rows that have none.
const (
	untimed  = math.MinInt64     // finish: no times at all
	agesOnly = math.MinInt64 + 1 // finish: ages, but no instant they count back from
	unknown  = math.MinInt64     // start: nobody knows since when the subject was observed
)

// Journeys is a set of paths, kept in columns with interned names, and the accumulator of
// this package: paths come in any order, sets merge and subtract.
//
// Paths equal in everything are one row of the set, whether they came as one path of
// weight 2 or as two. A set is therefore a sum: the same sum gives the same results and
// the same bytes however it was built.
//
// The zero value is an empty set, ready for use. One goroutine may write, or many may read.
type Journeys struct {
	columns
	sorted atomic.Pointer[Journeys] // canonical form, until the next change
	earned atomic.Pointer[Journeys] // that of the rows that earned something
	buf    []step                   // of the row being added
	found  []uint16                 // its channels, where all are known
	recent recent
}

// columns are the data of a set.
type columns struct {
	channels table
	words    table // subjects, strata, keys, actors, roles, milestone names

	// One element a row.
	ends        []uint32 // offset behind the row's last step
	conversions ints
	nulls       ints
	open        opt[int64] // millionths of journeys still under way
	values      []int64
	subjects    opt[uint32]
	strata      opt[uint32]
	starts      even[int64]    // microseconds since 1970, or unknown
	finishes    even[int64]    // likewise, or untimed or agesOnly
	marks       map[int][]mark // milestones of the rows that have some
	changes     map[int][]mark // of the stratum, likewise

	// One element a step.
	narrow  []uint8 // channel ids while there are up to 256, then wide
	wide    []uint16
	ages    ints // in microseconds; empty while no row is timed
	kinds   opt[uint8]
	weights opt[float64]
	costs   opt[int64]
	sources opt[uint32]
	ids     opt[uint32]
	actors  opt[uint32]
	roles   opt[uint32]

	totals totals
}

// totals are the sums a set keeps while it grows.
type totals struct {
	conversions, nulls int64 // millionths
	open               int64 // likewise
	earned, owed       int64 // values above and below 0, minor units: both fit, so every partial sum does
	untimed            int   // rows with steps and without times
	late               int64 // steps after the end, left out
	ignored            int64 // rows with neither conversions nor nulls
}

// A mark is a milestone of a row: its age in microseconds if the row is timed, else the
// index of the step that carries it, -1 for one before the first step.
type mark struct {
	name uint32
	pos  int64
}

// Channels are the names in the set, sorted as bytes.
func (js *Journeys) Channels() []string {
	names := make([]string, 0, len(js.channels.names))
	for _, id := range js.byName() {
		names = append(names, js.channels.names[id])
	}
	return names
}

// Rows are the rows of the set in canonical order; subjects, keys and kinds are not part of
// a [Row], so two may look alike. Ages of journeys without conversion count from their
// last step; journeys still under way are left out.
func (js *Journeys) Rows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		c := js.canonical()
		for r := range c.rows() {
			if c.conversions.at(r) == 0 && c.nulls.at(r) == 0 {
				continue
			}
			if !yield(c.export(r)) {
				return
			}
		}
	}
}

// export is row r in the form of [Journeys.AddRow].
func (js *Journeys) export(r int) Row {
	v := js.view(r)
	var newest time.Duration
	if js.conversions.at(r) == 0 && v.Len() > 0 {
		newest = v.Age(v.Len() - 1)
	}
	x := Row{
		Conversions: count(js.conversions.at(r)), Nulls: count(js.nulls.at(r)), Value: js.values[r],
		Stratum: js.words.text(js.strata.at(r)),
	}
	for i := range v.Len() {
		x.Channels = append(x.Channels, v.Channel(i))
		if v.Timed() {
			x.Ages = append(x.Ages, v.Age(i)-newest)
		}
		if js.weights.v != nil {
			x.Weights = append(x.Weights, js.weights.v[v.lo+i])
		}
	}
	for _, m := range js.marks[r] {
		if i := js.carrier(v, m); i >= 0 {
			if x.Milestones == nil {
				x.Milestones = make([][]string, v.Len())
			}
			x.Milestones[i] = append(x.Milestones[i], js.words.text(m.name))
		}
	}
	return x
}

// carrier is the newest step at or before a milestone, -1 if there is none.
func (js *Journeys) carrier(v View, m mark) int {
	for i := v.Len() - 1; i >= 0; i-- {
		if v.Timed() && js.age(v.lo+i) >= m.pos || !v.Timed() && int64(i) <= m.pos {
			return i
		}
	}
	return -1
}

// Len is the number of different rows.
func (js *Journeys) Len() int { return js.canonical().rows() }

// Touches is the number of steps of all journeys.
func (js *Journeys) Touches() float64 {
	var n float64
	c := js.canonical()
	for r := range c.rows() {
		lo, hi := c.span(r)
		n += float64(hi-lo) * count(c.conversions.at(r)+c.nulls.at(r))
	}
	return n
}

// Conversions is the number of converting journeys.
func (js *Journeys) Conversions() float64 { return count(js.totals.conversions) }

// Nulls is the number of journeys without conversion.
func (js *Journeys) Nulls() float64 { return count(js.totals.nulls) }

// Value is the value of all conversions in minor units.
func (js *Journeys) Value() int64 { return js.totals.earned - js.totals.owed }

// Subjects is the number of distinct subjects; a journey without one counts as its own.
func (js *Journeys) Subjects() float64 {
	if js.subjects.v == nil {
		return count(js.totals.conversions + js.totals.nulls + js.totals.open)
	}
	seen := make([]bool, len(js.words.names)+1)
	named, alone := 0, int64(0)
	for r := range js.rows() {
		switch s := js.subjects.at(r); {
		case s == 0:
			alone += js.conversions.at(r) + js.nulls.at(r) + js.open.at(r)
		case !seen[s]:
			seen[s] = true
			named++
		}
	}
	return float64(named) + count(alone)
}

// Ignored is the number of rows that had neither conversions nor nulls.
func (js *Journeys) Ignored() int { return int(js.totals.ignored) }

// changed forgets what was made of the set as it was.
func (js *Journeys) changed() {
	js.sorted.Store(nil)
	js.earned.Store(nil)
}

// count turns millionths into journeys.
func count(millionths int64) float64 { return float64(millionths) / million }

func (js *Journeys) rows() int { return len(js.ends) }

// span is the range of row r's steps.
func (js *Journeys) span(r int) (lo, hi int) {
	if r > 0 {
		lo = int(js.ends[r-1])
	}
	return lo, int(js.ends[r])
}

func (js *Journeys) view(r int) View {
	lo, hi := js.span(r)
	return View{js, r, lo, hi}
}

// channel is the id of the channel of step i of the columns.
func (js *Journeys) channel(i int) int {
	if js.wide != nil {
		return int(js.wide[i])
	}
	return int(js.narrow[i])
}

// age is the age of step i in microseconds, 0 without times.
func (js *Journeys) age(i int) int64 {
	if js.ages.len() == 0 {
		return 0
	}
	return js.ages.at(i)
}

func (js *Journeys) timed(r int) bool { return js.finishes.at(r) != untimed }

// allTimed reports whether a model that needs times can use the set.
func (js *Journeys) allTimed() bool { return js.totals.untimed == 0 }
