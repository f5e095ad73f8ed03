package attribution

import (
	"math"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/internal/num"
)

// Interval says how credits get their intervals. The zero value is Auto with 200
// replicates, level .95 and seed 0.
type Interval struct {
	Method Method
	Reps   int     // bootstrap replicates; 0 = 200
	Level  float64 // 0 = .95
	Seed   uint64  // of PCG(seed, hash of the row)
}

// A Method makes intervals.
type Method uint8

// The methods.
const (
	Auto       Method = iota // Closed for rules and Shapley Sum, Bootstrap for what is fitted
	NoInterval               // none
	Closed                   // rules: the bootstrap's own variance without drawing; none for other models
	Bootstrap                // Poisson weights a subject, else a journey
	Delta                    // Markov and hazard: instant, too narrow where the model is wrong
)

func (iv Interval) level() float64 {
	if iv.Level <= 0 || iv.Level >= 1 {
		return .95
	}
	return iv.Level
}

func (iv Interval) reps() int {
	if iv.Reps <= 0 {
		return 200
	}
	return iv.Reps
}

// maxPairs bounds the channels whose pairs are compared: the table of joint variances has
// so many rows.
const maxPairs = 256

// noIntervals says why there are none.
func (r *Result) noIntervals(why string) {
	for i := range r.Credits {
		r.Credits[i].Why = why
	}
}

// ruleIntervals are the closed form: the variance of a sum of independent journeys is
// the sum of their squared credits, which is what the bootstrap would estimate by drawing.
// Journeys of one subject are one unit.
func (r *Result) ruleIntervals(js *Journeys, m Model, iv Interval) error {
	if iv.Method == NoInterval {
		r.noIntervals("off")
		return nil
	}
	if iv.Method == Bootstrap {
		return r.redrawModel(js.canonical(), iv, func(_, _ []float64) Model { return m })
	}
	c := js.canonicalEarners()
	v := newVariances(len(c.channels.names) + 2)
	units := c.units()
	var d division
	var bad error
	err := guard(m.Name(), func() {
		for i := 0; i < len(units) && bad == nil; {
			j := i + 1
			for s := c.subjects.at(units[i]); s != 0 && j < len(units) && c.subjects.at(units[j]) == s; {
				j++
			}
			for _, row := range units[i:j] {
				if bad = d.divide(m, c.view(row)); bad != nil {
					return
				}
				v.add(c, row, &d)
			}
			v.close()
			i = j
		}
	})
	if err != nil {
		return err
	}
	if bad != nil {
		return bad
	}
	r.setVariances(c, v, iv.level(), js.totals.owed > 0)
	return nil
}

// units are the rows that earned something, those of one subject next to each other.
func (js *Journeys) units() []int {
	var rows []int
	for r := range js.rows() {
		if js.conversions.at(r) != 0 || js.values[r] != 0 {
			rows = append(rows, r)
		}
	}
	if js.subjects.v != nil {
		slices.SortStableFunc(rows, func(a, b int) int {
			return strings.Compare(js.words.text(js.subjects.v[a]), js.words.text(js.subjects.v[b]))
		})
	}
	return rows
}

// variances are sums of squares over units. While a unit is open its credits lie in
// slots listed in touched.
type variances struct {
	slots       int
	conv, val   []float64 // variance a slot
	joint       []float64 // covariance of the conversions, slots×slots, nil if there are too many
	n           []float64 // conversions whose path contains the channel
	here, money []float64 // of the open unit
	touched     []int
	open        []bool
	scale       float64 // of the open unit: how often it stands
}

func newVariances(slots int) *variances {
	v := &variances{
		slots: slots, conv: make([]float64, slots), val: make([]float64, slots), n: make([]float64, slots),
		here: make([]float64, slots), money: make([]float64, slots), open: make([]bool, slots),
	}
	if slots <= maxPairs {
		v.joint = make([]float64, slots*slots)
	}
	return v
}

// add puts a row into the open unit.
func (v *variances) add(js *Journeys, row int, d *division) {
	c := js.conversions.at(row)
	conv, val := count(c), float64(js.values[row])
	v.scale = 1
	if js.subjects.at(row) == 0 && c > 0 && c%million == 0 {
		// A whole number of equal journeys, each a unit of its own.
		v.scale = conv
		conv, val = 1, val/conv
	}
	view := js.view(row)
	for i, w := range d.w {
		s := js.slot(view, d, i)
		if i < view.Len() || w != 0 || v.open[s] {
			v.put(s, float64(conv*d.share(i)), float64(val*d.share(i)))
		}
	}
	for i := range view.Len() {
		if !view.Repeat(i) {
			v.n[view.id(i)] += count(c)
		}
	}
}

// put adds to a slot of the open unit.
func (v *variances) put(slot int, conv, val float64) {
	if !v.open[slot] {
		v.open[slot] = true
		v.touched = append(v.touched, slot)
	}
	v.here[slot] += conv
	v.money[slot] += val
}

// close ends the unit.
func (v *variances) close() {
	slices.Sort(v.touched)
	for i, a := range v.touched {
		v.conv[a] += float64(v.scale * float64(v.here[a]*v.here[a]))
		v.val[a] += float64(v.scale * float64(v.money[a]*v.money[a]))
		if v.joint != nil {
			for _, b := range v.touched[i+1:] {
				v.joint[a*v.slots+b] += float64(v.scale * float64(v.here[a]*v.here[b]))
			}
		}
	}
	for _, s := range v.touched {
		v.here[s], v.money[s], v.open[s] = 0, 0, false
	}
	v.touched = v.touched[:0]
}

// setVariances writes the intervals, and which pairs cannot be told apart.
func (r *Result) setVariances(js *Journeys, v *variances, level float64, owed bool) {
	z := quantile(level)
	slots, names := js.slots()
	at := map[string]int{}
	for i, s := range slots {
		at[names[i]] = s
	}
	r.Level = level
	for i := range r.Credits {
		c := &r.Credits[i]
		s := at[c.Channel]
		c.N = v.n[s]
		if c.N < 2 && s < len(js.channels.names) {
			c.Why = "n < 2"
			continue
		}
		d := float64(z * math.Sqrt(v.conv[s]))
		c.Lo, c.Hi = max(0, c.Conversions-d), c.Conversions+d
		d = float64(z * math.Sqrt(v.val[s]))
		c.ValueLo, c.ValueHi = float64(c.Value)-d, float64(c.Value)+d
		if !owed {
			c.ValueLo = max(0, c.ValueLo)
		}
	}
	if v.joint == nil {
		return
	}
	r.tieNormal(z, func(i, j int) float64 {
		a, b := at[r.Credits[i].Channel], at[r.Credits[j].Channel]
		both := v.joint[min(a, b)*v.slots+max(a, b)]
		return math.Sqrt(max(0, v.conv[a]+v.conv[b]-2*both))
	})
}

// quantile is how many standard deviations a two-sided normal interval reaches.
func quantile(level float64) float64 { return num.NormalQuantile((1 + level) / 2) }
