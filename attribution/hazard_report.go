package attribution

import (
	"math"

	"github.com/tabi-go/tabi/internal/num"
)

// maxJudged is up to how many steps of all subjects a fit is judged.
const maxJudged = 1e8

// report judges the fit step by step: the AUC and the mean log-loss of "converts in this
// step", and the share of steps that were used. In continuous time there are no steps to
// judge and the first two are NaN, as they are where there are too many. Rates that differ by less than a thousandth are ties.
func (f *hazardFit) report() (auroc, loss, used float64) {
	js := f.js
	kept, steps := 0, 0.0
	for r, s := range f.spells {
		if lo, hi := js.span(r); !s.skipped {
			kept += hi - lo
			steps += f.line.duration(s)
		}
	}
	used = 1
	if n := js.touches(); n > 0 {
		used = float64(kept) / float64(n)
	}
	if f.line.step == 0 || steps > maxJudged {
		return math.NaN(), math.NaN(), used
	}
	buckets := map[uint64]int{}
	var vs []verdict
	all := 0.0
	stock := make([]float64, len(f.beta))
	for r, s := range f.spells {
		if s.skipped || f.atRisk[r] == 0 {
			continue
		}
		lo, hi := js.span(r)
		next := lo
		for t := s.entry; t <= s.exit; t++ {
			lambda := f.base[s.at(t)]
			for c := range stock {
				if stock[c] != 0 {
					stock[c] = float64(stock[c] * f.memories[c].q)
				}
			}
			for ; next < hi && f.pos[next] <= t; next++ {
				c := js.channel(next)
				stock[c] += float64(js.weights.get(next, 1) * f.memories[c].left(t-f.pos[next]))
			}
			for c, x := range stock {
				lambda += float64(f.beta[c] * x)
			}
			good, bad := 0.0, f.atRisk[r]
			if t == s.exit {
				good = f.converted[r]
				bad -= good
			}
			loss += float64(bad * lambda)
			if good > 0 {
				loss -= float64(good * num.Log(-num.Expm1(-max(lambda, 1e-300))))
			}
			all += f.atRisk[r]
			key := math.Float64bits(lambda) >> 42
			i, ok := buckets[key]
			if !ok {
				i = len(vs)
				buckets[key] = i
				vs = append(vs, verdict{score: lambda})
			}
			vs[i].good += good
			vs[i].bad += bad
		}
		clear(stock)
	}
	if all == 0 {
		return math.NaN(), math.NaN(), used
	}
	return auc(vs), loss / all, used
}
