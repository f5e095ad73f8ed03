package attribution

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/tabi-go/tabi/internal/num"
)

// First gives the whole conversion to the first step. It says how journeys begin, not
// what made them end well.
type First struct{}

// Last gives the whole conversion to the last step. It says how journeys end, and is blind
// to what led there.
type Last struct{}

// By says what a rule counts.
type By uint8

// What rules count.
const (
	Touch    By = iota // every step
	Distinct           // every channel of the path once
	Runs               // every step that does not repeat the one before
)

// Linear shares equally: over steps, distinct channels or runs. It is a convention; it
// measures presence, not effect.
type Linear struct{ By By }

// Ramp weighs the i-th step (or the i-th distinct channel, by first appearance) with i.
type Ramp struct{ By By }

// Participation gives 1 to each distinct channel of the path. It counts who was there, so
// credits add up to more than the conversions.
type Participation struct{}

// SameTouch shares equally among the steps at most Within before the end; without one the
// conversion is (unattributed). It needs times.
type SameTouch struct{ Within time.Duration }

// Position gives First to the first step, Last to the last, and shares the rest equally
// among the steps between. The zero value is .4, .2, .4.
type Position struct {
	First, Last float64 // both 0 = .4 and .4
	Two         Two     // paths of two steps
}

// Two says what Position does with two steps.
type Two uint8

// The ways to divide two steps.
const (
	Half        Two = iota // ½ ½
	Renormalise            // First and Last in proportion
)

// JShaped is .2, .2, .6, a name of Adobe's.
func JShaped() Position { return Position{First: .2, Last: .6} }

// InverseJ is .6, .2, .2, a name of Adobe's.
func InverseJ() Position { return Position{First: .6, Last: .2} }

// TimeDecay weighs a step with 2^(−age/HalfLife). The half-life is a convention, not
// learned; see [Hazard] for one that is. It needs times, or Spacing.
type TimeDecay struct {
	HalfLife time.Duration // 0 = 7 days
	Floor    bool          // whole half-lives only
	Raw      bool          // not normalised, so credits do not add up to the conversions
	Spacing  time.Duration // steps are taken to be so far apart, whatever their times; 0 = use times
}

// Name returns "first".
func (First) Name() string { return "first" }

// Name returns "last".
func (Last) Name() string { return "last" }

// Name returns "linear", "linear_distinct" or "linear_runs".
func (m Linear) Name() string { return "linear" + m.By.suffix() }

// Name returns "linear_ramp" or "linear_ramp_distinct".
func (m Ramp) Name() string { return "linear_ramp" + m.By.suffix() }

// Name returns "participation".
func (Participation) Name() string { return "participation" }

// Name returns "same_touch".
func (SameTouch) Name() string { return "same_touch" }

// Name returns the weights in percent: "position_40_20_40".
func (m Position) Name() string {
	f, l := m.ends()
	p := func(x float64) string { return strconv.FormatFloat(math.Round(x*1e6)/1e4, 'f', -1, 64) }
	return "position_" + p(f) + "_" + p(1-f-l) + "_" + p(l)
}

// Name returns the half-life in days or hours: "time_decay_hl7d", with "_floor" and
// "_unnormalised" where they apply.
func (m TimeDecay) Name() string {
	name := "time_decay"
	if m.Spacing > 0 {
		name += fmt.Sprintf("_pos%vh", m.Spacing.Hours())
	}
	if h := m.halfLife(); h%(24*time.Hour) == 0 {
		name += fmt.Sprintf("_hl%dd", h/(24*time.Hour))
	} else {
		name += fmt.Sprintf("_hl%vh", h.Hours())
	}
	if m.Floor {
		name += "_floor"
	}
	if m.Raw {
		name += "_unnormalised"
	}
	return name
}

func (b By) suffix() string {
	switch b {
	case Distinct:
		return "_distinct"
	case Runs:
		return "_runs"
	}
	return ""
}

// Weigh implements [Model].
func (First) Weigh(w []float64, _ View) { w[0] = 1 }

// Weigh implements [Model].
func (Last) Weigh(w []float64, _ View) { w[len(w)-1] = 1 }

// Weigh implements [Model].
func (m Linear) Weigh(w []float64, v View) {
	switch m.By {
	case Distinct:
		distinctWeights(w, v)
	case Runs:
		for i := range w {
			if i == 0 || v.id(i) != v.id(i-1) {
				w[i] = 1
			}
		}
	default:
		for i := range w {
			w[i] = 1
		}
	}
}

// Weigh implements [Model].
func (m Ramp) Weigh(w []float64, v View) {
	place := 0.0
	for i := range w {
		if m.By == Touch || m.By == Distinct && !v.Repeat(i) || m.By == Runs && (i == 0 || v.id(i) != v.id(i-1)) {
			place++
			w[i] = place
		}
	}
}

// Weigh implements [Model].
func (Participation) Weigh(w []float64, v View) {
	for i := range w {
		if !v.Repeat(i) {
			w[i] = 1
		}
	}
}

// Weigh implements [Model].
func (m SameTouch) Weigh(w []float64, v View) {
	for i := range w {
		if v.Age(i) <= m.Within {
			w[i] = 1
		}
	}
}

// Weigh implements [Model].
func (m Position) Weigh(w []float64, _ View) {
	f, l := m.ends()
	n := len(w)
	mid := 1 - f - l
	if a, b, c, ok := m.millionths(); ok {
		f, l, mid = float64(a), float64(b), float64(c)
	}
	switch {
	case n == 1:
		w[0] = 1
	case n == 2 && (m.Two == Half || f+l == 0):
		w[0], w[1] = 1, 1
	case n == 2:
		w[0], w[1] = f, l
	default:
		for i := range w {
			w[i] = mid
		}
		w[0], w[n-1] = f*float64(n-2), l*float64(n-2)
	}
}

// Weigh implements [Model].
func (m TimeDecay) Weigh(w []float64, v View) {
	h := float64(m.halfLife())
	newest := 0.0
	for i := len(w) - 1; i >= 0; i-- {
		age := float64(v.Age(i))
		if m.Spacing > 0 {
			age = float64(m.Spacing) * float64(len(w)-1-i)
		}
		x := age / h
		if m.Floor {
			x = math.Floor(x)
		}
		if !m.Raw {
			// Only proportions count, and the newest step must not vanish.
			if i == len(w)-1 {
				newest = x
			}
			x -= newest
		}
		w[i] = num.Exp2(-x)
	}
}

func (m Position) ends() (first, last float64) {
	if m.First == 0 && m.Last == 0 {
		return .4, .4
	}
	return m.First, m.Last
}

// millionths are the weights as whole numbers, so that they stay exact: percentages with
// up to four decimals are.
func (m Position) millionths() (first, last, middle uint64, ok bool) {
	f, l := m.ends()
	a, b := math.Round(f*million), math.Round(l*million)
	if !(math.Abs(f*million-a) < 1e-6 && math.Abs(l*million-b) < 1e-6) || a < 0 || b < 0 || a+b > million {
		return 0, 0, 0, false
	}
	return uint64(a), uint64(b), uint64(million - a - b), true
}

func (m TimeDecay) halfLife() time.Duration {
	if m.HalfLife == 0 {
		return 7 * 24 * time.Hour
	}
	return m.HalfLife
}

// distinctWeights gives every channel the same sum: 1/(times it occurs), as whole numbers
// where the least common multiple is small.
func distinctWeights(w []float64, v View) {
	times := map[int]int64{}
	for i := range w {
		times[v.id(i)]++
	}
	l := int64(1)
	for i := range w {
		n := times[v.id(i)]
		if l = l / gcd(l, n) * n; l > 1<<32 {
			l = 0
			break
		}
	}
	for i := range w {
		if n := times[v.id(i)]; l > 0 {
			w[i] = float64(l / n)
		} else {
			w[i] = 1 / float64(n)
		}
	}
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Unnormalised takes the weights of a rule as credit as they stand: credits do not add up
// to the conversions. [Position] weighs in millionths and is not meant for it.
func Unnormalised(m Model) Model { return unnormalised{m} }

type unnormalised struct{ Model }

func (m unnormalised) Name() string { return m.Model.Name() + "_unnormalised" }
func (unnormalised) raw() bool      { return true }

func (m unnormalised) needsTimes() bool {
	t, ok := m.Model.(timedModel)
	return ok && t.needsTimes()
}

func (m unnormalised) reason(v View, i int) (Reason, map[string]float64) {
	if r, ok := m.Model.(reasoner); ok {
		return r.reason(v, i)
	}
	return "", nil
}

// A raw model's weights are credit as they stand.
type raw interface{ raw() bool }

func (Participation) raw() bool { return true }
func (m TimeDecay) raw() bool   { return m.Raw }

// A timed model cannot do without times.
type timedModel interface{ needsTimes() bool }

func (m TimeDecay) needsTimes() bool { return m.Spacing <= 0 }
func (SameTouch) needsTimes() bool   { return true }
