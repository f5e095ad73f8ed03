package attribution

import (
	"math"
	"slices"
	"time"
)

// Hazard is the time-at-risk model: conversions arrive at a rate that is a baseline a_g,
// different for each stratum g, plus what each touch adds,
//
//	λ_u(t) = a_g + Σ_{touches l ≤ t} β_c(l)·e^(−(t−t_l)/τ_c(l)),
//
// with effects β_c ≥ 0 and memories τ_c learned from the paths of all subjects, buyers or
// not. It is the only family here with a (baseline): sales that nobody's touch earned.
//
// Its numbers mean what they say under these assumptions, which every result records:
// causes come before effects; within a stratum nothing unmeasured moves both touches and
// sales; effects add up and fade exponentially. A lift test can check that; see [Calibrate].
//
// It needs times, and a Start for each path: from when the subject was observed, not its
// first touch. Paths without Start begin at their first step, which inflates the baseline,
// and the result warns entry_unknown. Paths of one subject are its spells in order of End.
//
// The zero value counts in days of UTC and learns each memory from 1 to 13 days.
type Hazard struct {
	// Step is the grid: human days have a rhythm that a continuous fit reads as an effect,
	// and data with dates alone need it. 0 = 24 h, aligned with midnight; < 0 = continuous.
	Step     time.Duration
	Decays   []time.Duration // candidates of τ; nil = 1, 2, 3, 5, 8, 13 days
	Repeat   Repeat
	Reading  Reading        // Trigger or Incremental
	Location *time.Location // whose midnight; nil = UTC
}

// DecaysB2B are memories for long sales: 7, 14, 30, 60 and 120 days.
func DecaysB2B() []time.Duration {
	return []time.Duration{7 * day, 14 * day, 30 * day, 60 * day, 120 * day}
}

const (
	day       = 24 * time.Hour
	dayMicros = int64(day / time.Microsecond)
)

// Repeat says what follows a conversion.
type Repeat uint8

// The ways to go on after a conversion.
const (
	RepeatAuto   Repeat = iota // RepeatAlways if some subject converts more than once, else RepeatNever
	RepeatAlways               // a new spell begins, in which earlier touches no longer count
	RepeatNever                // the subject leaves; later conversions are (unattributed)
)

// Reading says what a credit of [Hazard] and [Lineage] means.
type Reading uint8

// The readings. With strong demand of its own they differ much: compare both.
const (
	Trigger     Reading = iota // what fired now: the share of each part in λ at the sale
	Incremental                // what would be missing at the end of the window: Trigger times the chance that the sale would not have come anyway
	Removal                    // Lineage alone: every channel of a lineage gets all of it; does not conserve
)

// HazardParams are the Params of a Hazard result.
type HazardParams struct {
	Beta       map[string]float64       // conversions a day that a fresh touch of a channel adds
	Decay      map[string]time.Duration // τ
	Baseline   map[string]float64       // conversions a day without any touch, by stratum
	LogLik     float64
	Rounds     int
	Exposed    map[string]float64 // conversions after a touch of the channel
	AUC        float64            // of "converts in this step" over all steps of all subjects; NaN in continuous time and above 10⁸ steps
	LogLoss    float64            // the same, mean of −ln of what was given to what happened
	Used       float64            // share of the touches that counted
	NoEvidence []string           // channels whose removal costs less than 3.84/2 of log-likelihood
	AtEdge     []string           // channels whose τ lies at an end of the candidates
	Assumes    string             // what has to hold for the numbers to be causes
}

const assumptions = "causes before effects; no unmeasured reason for both touch and sale within a stratum; additive effects; exponential fading"

// Name returns "hazard" or "hazard_incremental".
func (h Hazard) Name() string {
	if h.Reading == Incremental {
		return "hazard_incremental"
	}
	return "hazard"
}

func (h Hazard) decays() []time.Duration {
	if len(h.Decays) == 0 {
		return []time.Duration{1 * day, 2 * day, 3 * day, 5 * day, 8 * day, 13 * day}
	}
	ds := slices.Clone(h.Decays)
	slices.Sort(ds)
	return slices.Compact(ds)
}

// Attribute implements [Attributor].
func (h Hazard) Attribute(js *Journeys, opts *Options) (*Result, error) {
	if opts == nil {
		opts = &Options{}
	}
	f, res, err := h.fit(js)
	if err != nil {
		return nil, err
	}
	res.Model = h.Name()
	split := &hazardSplit{fit: f, reading: h.Reading}
	if err := f.credit(res, split); err != nil {
		return nil, err
	}
	if err := f.intervals(res, split, opts.Interval); err != nil {
		return nil, err
	}
	return res.finish(js, opts), nil
}

// fit is the common beginning of Hazard and Lineage.
func (h Hazard) fit(js *Journeys) (*hazardFit, *Result, error) {
	if !js.allTimed() {
		return nil, nil, ErrUntimed
	}
	for _, d := range h.Decays {
		if d <= 0 {
			return nil, nil, &InputError{Field: "decays", Reason: "out_of_range"}
		}
	}
	res := js.result(h.Name())
	f := newHazardFit(h, js.canonical())
	if f.entryUnknown {
		res.warn("entry_unknown")
	}
	if !f.learn() {
		res.warn("not_converged")
	}
	res.Params = f.params()
	for _, n := range f.exposed {
		if n > 0 && n < 50 {
			res.warn("few_events")
		}
	}
	return f, res, nil
}

// A timeline turns instants into whole steps of the grid, or into days.
type timeline struct {
	step   int64 // microseconds, 0 = continuous
	offset func(micros int64) int64
}

func (h Hazard) timeline() timeline {
	if h.Step < 0 {
		return timeline{}
	}
	t := timeline{step: max(1, h.Step.Microseconds())}
	if h.Step == 0 {
		t.step = day.Microseconds()
	}
	if loc := h.Location; loc != nil && loc != time.UTC {
		t.offset = func(micros int64) int64 {
			_, s := time.UnixMicro(micros).In(loc).Zone()
			return int64(s) * million
		}
	}
	return t
}

// perDay is how many units of time a day has.
func (t timeline) perDay() float64 {
	if t.step == 0 {
		return 1
	}
	return float64(day.Microseconds()) / float64(t.step)
}

// at is an instant on the line.
func (t timeline) at(micros int64) float64 {
	if t.step == 0 {
		return float64(micros) / float64(day.Microseconds())
	}
	if t.offset != nil {
		micros += t.offset(micros)
	}
	return math.Floor(float64(micros) / float64(t.step))
}
