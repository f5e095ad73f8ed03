package attribution

import "slices"

// intervals of a division of the fit's conversions.
func (f *hazardFit) intervals(res *Result, split *hazardSplit, iv Interval) error {
	var err error
	switch iv.Method {
	case NoInterval, Closed:
		res.noIntervals("off")
		return nil
	case Delta:
		err = f.delta(res, split, iv)
	default:
		err = f.redraw(res, iv, func(rep *hazardFit, conv []float64, put putter) error {
			s, err := split.of(rep)
			if err == nil {
				s.credit(conv, put)
			}
			return err
		})
	}
	if err != nil {
		return err
	}
	for i := range res.Credits {
		c := &res.Credits[i]
		if id, ok := f.js.channels.index[c.Channel]; ok && slices.Contains(f.unproven, int(id)) {
			c.Lo, c.ValueLo = 0, min(0, c.ValueLo)
		}
	}
	return nil
}

// of is the split of the same model fitted to other weights of the journeys.
func (s *hazardSplit) of(rep *hazardFit) (*hazardSplit, error) {
	out := &hazardSplit{fit: rep, reading: s.reading}
	if s.lineage == nil {
		return out, nil
	}
	g := *s.lineage
	g.f, out.lineage = rep, &g
	g.learn(s.lineage)
	return out, g.number()
}

// credit divides the conversions, as they weigh in a replicate.
func (s *hazardSplit) credit(conv []float64, put putter) {
	js := s.fit.js
	n := len(js.channels.names)
	var w []float64
	for r := range conv {
		switch {
		case conv[r] == 0:
			continue
		case s.fit.spells[r].skipped:
			put(n+1, conv[r], 0)
			continue
		}
		v := js.view(r)
		w = append(w[:0], make([]float64, v.Len())...)
		rest, _ := s.part(w, v)
		val := float64(float64(js.values[r]) * (conv[r] / count(js.conversions.at(r))))
		for i, share := range w {
			put(v.id(i), float64(conv[r]*share), float64(val*share))
		}
		put(n, float64(conv[r]*rest), float64(val*rest))
	}
}

// redraw refits the model to redrawn journeys, warm-started, each decay free among its
// neighbours on the grid of candidates.
func (f *hazardFit) redraw(res *Result, iv Interval, credit func(rep *hazardFit, conv []float64, put putter) error) error {
	rep := *f
	theta := make([]float64, len(f.fitted.Theta))
	return res.redraw(f.js, iv, func(conv, nulls, open []float64, put putter) error {
		rep.converted, rep.atRisk = make([]float64, len(conv)), make([]float64, len(conv))
		for r, s := range f.spells {
			if !s.skipped {
				rep.converted[r], rep.atRisk[r] = conv[r], conv[r]+nulls[r]+open[r]
			}
		}
		copy(theta, f.fitted.Theta)
		rep.tau = slices.Clone(f.tau)
		for c := range rep.tau {
			if len(f.decays) > 1 && f.exposed[c] > 0 {
				rep.tau[c] = rep.choose(c, max(0, f.tau[c]-1), min(len(f.decays)-1, f.tau[c]+1), rep.tau, theta)
			}
		}
		rep.wake(theta)
		p := rep.problem(rep.tau)
		p.Warm = true
		rep.fitted = p.Fit(theta, fullRounds)
		rep.base, rep.beta = theta[:len(f.strata)], theta[len(f.strata):]
		rep.remember()
		return credit(&rep, conv, put)
	})
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
