package attribution

import (
	"errors"
	"fmt"
	"math"

	"github.com/tabi-go/tabi/attribution/internal/chain"
	"github.com/tabi-go/tabi/internal/num"
)

// Markov credits channels by removal effect in the absorbing chain of the observed paths
// (Anderl, Becker, von Wangenheim, Schumann 2016), solved exactly. The zero value is
// order 1 with nulls.
//
// The removal effect is the chain's share of conversions that pass through the channel.
// It describes paths; it is not causal. Raising Order moves it towards "is in the path",
// which it becomes when the order reaches the longest path.
type Markov struct {
	Order     int     // steps of memory; 0 = 1
	DropNulls bool    // leave journeys without conversion out
	Value     ValueBy // how money is divided
	Per       Per     // whether credit is divided in the set or in each journey
	Dense     int     // up to so many states by LU, above by sweeps; 0 = 600
}

// ValueBy says how Markov divides money.
type ValueBy uint8

// The ways to divide money.
const (
	ValueRemoval    ValueBy = iota // by removal effects of the value itself
	ConversionShare                // by the shares of the conversions
)

// Per says where Markov divides credit.
type Per uint8

// The places of division.
const (
	PerChannel Per = iota // conversions·RE/ΣRE over the set
	PerJourney            // each converting path is split by RE over its steps, then summed
)

// MarkovParams are the Params of a Markov result.
type MarkovParams struct {
	Order      int
	States     int     // transient states, the start among them
	Conversion float64 // P(conversion), which is conversions/(conversions+nulls) at any order
}

// Name returns "markov" and the order, with "_nonull" if nulls are dropped.
func (m Markov) Name() string {
	name := fmt.Sprintf("markov%d", m.order())
	if m.DropNulls {
		name += "_nonull"
	}
	return name
}

func (m Markov) order() int { return max(1, m.Order) }

func (m Markov) dense() int {
	if m.Dense <= 0 {
		return 600
	}
	return m.Dense
}

// Attribute implements [Attributor].
func (m Markov) Attribute(js *Journeys, opts *Options) (*Result, error) {
	if opts == nil {
		opts = &Options{}
	}
	res := js.result(m.Name())
	if m.DropNulls || js.totals.nulls == 0 {
		res.warn("no_nulls")
	}
	var aside, asideValue int64 // what paths without steps brought
	for r := range js.rows() {
		if lo, hi := js.span(r); lo == hi {
			aside += js.conversions.at(r)
			asideValue += js.values[r]
		}
	}
	if err := m.fill(js, countTransitions(js, m.order(), m.DropNulls, false), res, aside, asideValue); err != nil {
		return nil, err
	}
	if err := m.intervals(js, res, opts.Interval); err != nil {
		return nil, err
	}
	return res.finish(js, opts), nil
}

// fill solves the chain of counted transitions and makes the credits.
func (m Markov) fill(js *Journeys, t *transitions, res *Result, aside, asideValue int64) error {
	c, groups := t.chain(js)
	sol, err := solve(c, groups, m.dense())
	if err != nil {
		return err
	}
	res.Params = &MarkovParams{Order: m.order(), States: len(c.Good), Conversion: sol.Hit}
	split := removalSplit(js, sol.HitVia)
	if m.Per == PerJourney {
		ta := newTally(js)
		if err := ta.run(js, split); err != nil {
			return err
		}
		res.fill(js, ta)
	} else if err := m.credit(js, res, sol, aside, asideValue); err != nil {
		return err
	}
	res.Split = split
	for i := range res.Credits {
		if id, ok := js.channels.index[res.Credits[i].Channel]; ok {
			res.Credits[i].Removal = sol.HitVia[id]
		}
	}
	return nil
}

func solve(c *chain.Chain, groups [][]int32, dense int) (chain.Solution, error) {
	sol, err := c.Solve(groups, dense)
	if errors.Is(err, chain.ErrNotConverged) {
		return sol, ErrNotConverged
	}
	return sol, err
}

// credit divides conversions and money of the set by removal effects. What paths without
// steps brought is nobody's.
func (m Markov) credit(js *Journeys, res *Result, sol chain.Solution, aside, asideValue int64) error {
	slots, names := js.slots()
	n := len(slots) - 2
	conv := make([]float64, len(slots))
	effects, worth := make([]float64, n), make([]float64, n)
	for i, id := range slots[:n] {
		effects[i], worth[i] = sol.HitVia[id], sol.RewardVia[id]
	}
	if m.Value == ConversionShare {
		worth = effects
	}
	conv[n+1] = count(aside)
	if sum := total(effects); sum > 0 {
		for i, e := range effects {
			conv[i] = float64(count(js.totals.conversions-aside) * (e / sum))
		}
	} else {
		conv[n+1] = js.Conversions()
	}
	money, err := divideValue(js.Value()-asideValue, worth)
	if err != nil {
		return err
	}
	money = append(money[:n:n], 0, money[n]+asideValue)
	for i, name := range names {
		if i < n || conv[i] != 0 || money[i] != 0 {
			res.Credits = append(res.Credits, Credit{Channel: name, Conversions: conv[i], Value: money[i]})
		}
	}
	return nil
}

// divideValue divides money in proportion to worth, by largest remainder; the last element
// is what nobody gets because nothing is worth anything. A worth may be negative: where
// they cancel each other out but for rounding, the money is nobody's either. What is owed
// is divided as what is earned.
func divideValue(value int64, worth []float64) ([]int64, error) {
	if value < 0 {
		out, err := divideValue(-value, worth)
		for i := range out {
			out[i] = -out[i]
		}
		return out, err
	}
	out := make([]int64, len(worth)+1)
	top, size := 0.0, 0.0
	for _, w := range worth {
		top, size = max(top, math.Abs(w)), size+math.Abs(w)
	}
	if all := total(worth); !finite(size) || math.Abs(all) <= 1e-9*size {
		out[len(worth)] = value
		return out, nil
	}
	weights, sum := make([]int64, len(worth)), int64(0)
	for i, w := range worth {
		weights[i] = int64(math.RoundToEven(w / top * (1 << 46))) // 65,535 of them stay below 2⁶³
		sum += weights[i]
	}
	parts := make([]num.Fixed, len(worth))
	for i, w := range weights {
		if sum < 0 {
			w = -w
		}
		part, ok := num.Ratio(value, uint64(max(w, -w)), uint64(max(sum, -sum)))
		if !ok {
			return nil, ErrOverflow
		}
		if w < 0 {
			part = part.Neg()
		}
		parts[i] = part
	}
	num.Round(parts, value, out[:len(worth)])
	return out, nil
}

func total(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum
}

// removalModel splits one journey by the removal effects of its channels: a convention,
// since the chain speaks of the set.
type removalModel struct{ effect map[string]float64 }

func removalSplit(js *Journeys, effects []float64) Model {
	m := removalModel{map[string]float64{}}
	for id, name := range js.channels.names {
		m.effect[name] = max(0, effects[id])
	}
	return m
}

func (removalModel) Name() string { return "markov" }

func (m removalModel) Weigh(w []float64, v View) {
	for i := range w {
		w[i] = m.effect[v.Channel(i)]
	}
}
