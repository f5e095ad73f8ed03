package attribution

import "slices"

// intervals refits the model to redrawn journeys, warm-started, each decay free among its
// neighbours on the grid of candidates.
func (f *hazardFit) intervals(res *Result, split *hazardSplit, lin *lineageFit, iv Interval) error {
	if iv.Method == NoInterval || iv.Method == Closed {
		res.noIntervals("off")
		return nil
	}
	if iv.Method == Delta {
		if split.reading != Trigger || lin != nil {
			res.noIntervals("no delta for this model")
			return nil
		}
		f.delta(res, iv)
		return nil
	}
	js := f.js
	n := len(js.channels.names)
	rep := *f
	repSplit := &hazardSplit{fit: &rep, reading: split.reading}
	theta := make([]float64, len(f.fitted.Theta))
	w := make([]float64, 0, 64)
	err := res.redraw(js, iv, func(conv, nulls, open []float64, put func(slot int, conv, val float64)) error {
		rep.converted, rep.atRisk = make([]float64, len(conv)), make([]float64, len(conv))
		for r, s := range f.spells {
			if !s.skipped {
				rep.converted[r], rep.atRisk[r] = conv[r], conv[r]+nulls[r]+open[r]
			} else {
				put(n+1, conv[r], 0)
			}
		}
		copy(theta, f.fitted.Theta)
		rep.tau = slices.Clone(f.tau)
		for c := range rep.tau {
			if len(f.decays) > 1 && f.beta[c] > 0 {
				rep.tau[c] = rep.choose(c, max(0, f.tau[c]-1), min(len(f.decays)-1, f.tau[c]+1), rep.tau, theta)
			}
		}
		rep.wake(theta)
		p := rep.problem(rep.tau)
		p.Warm = true
		rep.fitted = p.Fit(theta, fullRounds)
		rep.base, rep.beta = theta[:len(f.strata)], theta[len(f.strata):]
		rep.remember()
		if lin != nil {
			g := *lin
			g.f = &rep
			g.learn(lin)
			if err := g.number(); err != nil {
				return err
			}
			repSplit.lineage = &g
		}
		for _, r := range f.events {
			if conv[r] == 0 {
				continue
			}
			v := js.view(r)
			w = append(w[:0], make([]float64, v.Len())...)
			rest, _ := repSplit.part(w, v)
			val := float64(float64(js.values[r]) * (conv[r] / count(js.conversions.at(r))))
			for i, share := range w {
				put(v.id(i), float64(conv[r]*share), float64(val*share))
			}
			put(n, float64(conv[r]*rest), float64(val*rest))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range res.Credits {
		c := &res.Credits[i]
		if id, ok := js.channels.index[c.Channel]; ok && slices.Contains(f.unproven, int(id)) {
			c.Lo, c.ValueLo = 0, min(0, c.ValueLo)
		}
	}
	return nil
}

// wake gives effects that were 0 a chance to be found in other data.
func (f *hazardFit) wake(theta []float64) {
	g := len(f.strata)
	sold, risk := 0.0, 0.0
	for r, s := range f.spells {
		sold += f.converted[r]
		risk += float64(f.atRisk[r] * f.line.duration(s))
	}
	for k := range theta {
		if theta[k] == 0 && risk > 0 && (k < g || f.exposed[k-g] > 0) {
			theta[k] = 1e-3 * sold / risk
		}
	}
}
