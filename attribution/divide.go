package attribution

import (
	"iter"
	"math"
	"slices"

	"github.com/tabi-go/tabi/internal/num"
)

// A partial model weighs in shares of the conversion and names what its steps do not get.
type partial interface {
	// part is Weigh with the weights of the steps in it; the weights and rest sum to 1, and
	// rest goes to the row to.
	part(w []float64, v View) (rest float64, to string)
}

// one is the weight of a whole in the integers that stand for fractions.
const one = 1 << 53

// A division is one conversion divided among the steps of its path, in integers: step i
// gets w[i]/sum. The last element of w is what no step gets, for the row named to.
type division struct {
	f   []float64
	w   []uint64
	sum uint64
	to  string
}

// divide asks the model. Weights that are whole numbers stay exact.
func (d *division) divide(m Model, v View) error {
	if _, ok := m.(withheld); ok {
		return ErrThreshold
	}
	n := v.Len()
	if cap(d.f) <= n {
		d.f, d.w = make([]float64, n+1, 2*n+8), make([]uint64, n+1, 2*n+8)
	}
	d.f, d.w = d.f[:n+1], d.w[:n+1]
	clear(d.f)
	clear(d.w)
	d.to = Unattributed
	f := d.f[:n:n]
	if p, ok := m.(partial); ok {
		d.f[n], d.to = p.part(f, v)
	} else if n > 0 {
		m.Weigh(f, v)
		if s := v.js.weights.v; s != nil {
			for i := range f {
				f[i] *= s[v.lo+i]
			}
		}
	}
	top, whole, sum := 0.0, true, 0.0
	for _, x := range d.f {
		if !finite(x) || x < 0 {
			return badFloat("weight", x)
		}
		top = max(top, x)
		sum += x
		whole = whole && x == math.Floor(x)
	}
	absolute := false
	if r, ok := m.(raw); ok {
		absolute = r.raw()
	}
	switch {
	case top == 0:
		d.w[n], d.sum = 1, 1
		d.to = Unattributed
	case absolute && top >= one:
		return ErrOverflow
	case absolute && whole:
		d.fill(1)
		d.sum = 1
	case absolute:
		_, e := math.Frexp(top)
		scale := math.Ldexp(1, min(53, 62-e))
		d.fill(scale)
		d.sum = uint64(scale)
	case whole && sum <= one:
		d.fill(1)
		d.total()
	default:
		scale := float64(one)
		if n >= 1<<10 {
			scale = 1 << 49 // so that the sum of 10,000 stays below 2⁶³
		}
		d.fill(scale / top)
		d.total()
	}
	return nil
}

// nobody gives the whole to (unattributed).
func (d *division) nobody() {
	d.f, d.w = append(d.f[:0], 0), append(d.w[:0], 1)
	d.sum, d.to = 1, Unattributed
}

func (d *division) fill(scale float64) {
	for i, x := range d.f {
		d.w[i] = uint64(math.RoundToEven(x * scale))
	}
}

func (d *division) total() {
	d.sum = 0
	for _, x := range d.w {
		d.sum += x
	}
}

// share is the part of step i as a float.
func (d *division) share(i int) float64 { return float64(d.w[i]) / float64(d.sum) }

// tally adds up divided conversions and values, exactly. Slots are channel ids, then
// (baseline), then (unattributed).
type tally struct {
	conversions []num.Fixed // of millionths
	values      []num.Fixed
}

func newTally(js *Journeys) *tally {
	n := len(js.channels.names) + 2
	return &tally{make([]num.Fixed, n), make([]num.Fixed, n)}
}

// slot is where step i of row span lo goes; n is the number of steps.
func (js *Journeys) slot(v View, d *division, i int) int {
	switch {
	case i < v.Len():
		return v.id(i)
	case d.to == Baseline:
		return len(js.channels.names)
	}
	return len(js.channels.names) + 1
}

// run divides every row that earned something.
func (t *tally) run(js *Journeys, m Model) error {
	if left, ok := t.fast(js, m); ok {
		return t.divideRows(js, m, slices.Values(left))
	}
	return t.divideRows(js, m, func(yield func(int) bool) {
		for r := range js.rows() {
			if !yield(r) {
				return
			}
		}
	})
}

func (t *tally) divideRows(js *Journeys, m Model, rows iter.Seq[int]) error {
	var d division
	var bad error
	err := guard(m.Name(), func() {
		for r := range rows {
			c, val := js.conversions.at(r), js.values[r]
			if c == 0 && val == 0 {
				continue
			}
			v := js.view(r)
			if bad = d.divide(m, v); bad != nil {
				return
			}
			if bad = t.add(js, v, &d, c, val); bad != nil {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	return bad
}

func (t *tally) add(js *Journeys, v View, d *division, c, val int64) error {
	for i, w := range d.w {
		if w == 0 {
			continue
		}
		s := js.slot(v, d, i)
		x, ok := num.Ratio(c, w, d.sum)
		y, ok2 := num.Ratio(val, w, d.sum)
		if !ok || !ok2 {
			return ErrOverflow
		}
		t.conversions[s] = t.conversions[s].Add(x)
		t.values[s] = t.values[s].Add(y)
	}
	return nil
}
