package attribution

import "time"

// A Path is what one subject met before a conversion, or before nothing.
//
// Steps may come in any order: they are used in order of (At, Source, ID). Without times
// they keep the order given. Either all steps have a time or none has.
type Path struct {
	Subject    string      // person or account; "" = a subject of its own
	Steps      []Step      // at most 10,000
	Start      time.Time   // under observation from here; zero = unknown
	End        time.Time   // … to the conversion, or to the end of observation; zero = the last step
	Converted  bool        // whether End is a conversion
	Open       bool        // neither converted nor given up: time at risk for [Hazard], no null
	Value      int64       // minor units, of all journeys the path stands for; only with Converted
	Weight     float64     // journeys this path stands for, kept in millionths; 0 = 1
	Stratum    string      // baseline group: persona, segment, fit band
	Changes    []Change    // of Stratum during the observation, for [Hazard]; need times
	Milestones []Milestone // of this journey
}

// A Change is a new stratum of the subject from an instant on: a stage reached, a score
// that rose.
type Change struct {
	Stratum string
	At      time.Time
}

// A Step is one contact on the way.
type Step struct {
	Channel string    // what credit is asked for: channel, campaign, touchpoint … 1 B to 1 KiB of UTF-8
	At      time.Time // zero in untimed paths
	Kind    StepKind
	Source  string  // with ID the key of the touch
	ID      string  // ties of At are broken by (Source, ID)
	Actor   string  // person inside an account
	Role    string  // buying role of the actor
	Weight  float64 // multiplies the model's weight; 0 = 1
	Cost    int64   // minor units
}

// A StepKind tells how close the contact was; windows differ by it.
type StepKind uint8

// The kinds of steps.
const (
	Other StepKind = iota
	Click
	Impression
)

// A Milestone is a named instant of a journey: known, opportunity, won …
type Milestone struct {
	Name string
	At   time.Time
}

// A Row is many equal journeys at once, as aggregated exports have them.
type Row struct {
	Channels    []string        // in order
	Ages        []time.Duration // before the end, not rising, as many as Channels; nil = untimed
	Conversions float64         // kept in millionths
	Nulls       float64         // journeys that ended without conversion, in millionths
	Value       int64           // minor units, all conversions together
	Stratum     string
	Weights     []float64  // step weights, as many as Channels; nil = 1
	Milestones  [][]string // names carried by each step, as many as Channels; nil = none
}
