package attribution

import (
	"math"

	"github.com/tabi-go/tabi/attribution/internal/chain"
)

// delta are intervals by the delta method: the rows of the chain are multinomial, so
//
//	Var = Σ_i 1/n_i·[Σ_j P_ij·g_ij² − (Σ_j P_ij·g_ij)²],   ∂h_s/∂P_ij = N_si·h_j,
//
// and removal effects and shares follow by the chain rule. Too narrow where paths are not
// Markov. The intervals of money are those of the conversions, scaled.
func (m Markov) delta(js *Journeys, res *Result, iv Interval) error {
	c := js.canonical()
	t := countTransitions(c, m.order(), m.DropNulls, false)
	ch, groups := t.chain(c)
	if len(ch.Good) > m.dense() {
		res.noIntervals("too many states")
		return nil
	}
	res.present(c)
	n := len(c.channels.names)
	grads := make([]*chain.Gradient, n+1)
	grads[n] = ch.Gradient(nil)
	hit := grads[n].Hit
	effects := make([]float64, n)
	for x, g := range groups {
		grads[x] = ch.Gradient(g)
		if hit > 0 {
			effects[x] = 1 - grads[x].Hit/hit
		}
	}
	sum := total(effects)
	level, z := iv.level(), quantile(iv.level())
	if sum == 0 {
		res.noIntervals("no conversions")
		return nil
	}
	// Share_x = RE_x/ΣRE with RE_x = 1 − h_x/h: as weights of the gradients of all h.
	weights := func(x int, out []float64) {
		share := effects[x] / sum
		out[n] = 0
		for y := range n {
			d := -share / sum // ∂share_x/∂RE_y
			if y == x {
				d += 1 / sum
			}
			out[y] = -d / hit
			out[n] += float64(d * grads[y].Hit / float64(hit*hit))
		}
	}
	at := make([]int, n)
	all := js.Conversions()
	for i, cr := range res.Credits {
		if id, ok := c.channels.index[cr.Channel]; ok {
			at[id] = i
		} else {
			all -= cr.Conversions
		}
	}
	res.Level = level
	ws := make([][]float64, n)
	for x := range n {
		ws[x] = make([]float64, n+1)
		weights(x, ws[x])
		cr := &res.Credits[at[x]]
		if cr.N < 2 {
			cr.Why = "n < 2"
			continue
		}
		d := float64(z * float64(all*math.Sqrt(ch.Variance(grads, ws[x]))))
		cr.Lo, cr.Hi = max(0, cr.Conversions-d), cr.Conversions+d
		if all > 0 { // money moves with the conversions
			d *= math.Abs(float64(js.Value())) / all
		}
		cr.ValueLo, cr.ValueHi = float64(cr.Value)-d, float64(cr.Value)+d
	}
	if n > maxPairs {
		return nil
	}
	diff := make([]float64, n+1)
	res.tieNormal(z, func(i, j int) float64 {
		a, b := int(c.channels.index[res.Credits[i].Channel]), int(c.channels.index[res.Credits[j].Channel])
		for k := range diff {
			diff[k] = ws[a][k] - ws[b][k]
		}
		return float64(all * math.Sqrt(ch.Variance(grads, diff)))
	})
	return nil
}
