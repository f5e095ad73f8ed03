package attribution

import "slices"

// hazardSplit divides one conversion by the shares of its parts in λ.
type hazardSplit struct {
	fit     *hazardFit
	reading Reading
	lineage *lineageFit // nil for the hazard alone

	pos   []float64 // of the steps of the path at hand
	left  []float64 // of each touch, times its weight
	chans []int
	x     []float64 // Σ left, of each channel of the fit
}

func (s *hazardSplit) Name() string {
	if s.lineage != nil {
		return "lineage"
	}
	return "hazard"
}

// Weigh implements [Model]; what no step gets is left out.
func (s *hazardSplit) Weigh(w []float64, v View) { s.part(w, v) }

func (s *hazardSplit) raw() bool { return s.lineage != nil && s.reading == Removal }

func (s *hazardSplit) needsTimes() bool { return true }

// place puts the steps of a path on the timeline: their channels, and what is left of
// them at its end.
func (s *hazardSplit) place(v View) spell {
	f, n := s.fit, v.Len()
	if cap(s.pos) < n {
		s.pos, s.left, s.chans = make([]float64, n), make([]float64, n), make([]int, n)
	}
	s.pos, s.left, s.chans = s.pos[:n], s.left[:n], s.chans[:n]
	sp, _ := f.place(v.js, v.row, s.pos)
	for i := range n {
		s.chans[i] = f.js.idOf(v, i)
		s.left[i] = 0
		if c := s.chans[i]; c >= 0 {
			s.left[i] = float64(v.js.weights.get(v.lo+i, 1) * f.memories[c].left(sp.exit-s.pos[i]))
		}
	}
	return sp
}

// baseline is that of the stratum at the end of a spell, of an unknown one the mean.
func (f *hazardFit) baseline(s spell) float64 {
	if g := s.at(s.exit); g >= 0 {
		return f.base[g]
	}
	return f.mean()
}

// part implements [partial]: the shares of λ, and the rest to (baseline).
func (s *hazardSplit) part(w []float64, v View) (rest float64, to string) {
	f, n := s.fit, v.Len()
	sp := s.place(v)
	base := f.baseline(sp)
	if s.x == nil {
		s.x = make([]float64, len(f.beta))
	}
	lambda := base
	for i, c := range s.chans {
		if c >= 0 {
			w[i] = float64(f.beta[c] * s.left[i])
			s.x[c] += s.left[i]
			lambda += w[i]
		}
	}
	rest = 1
	if lambda > 0 {
		future := 0.0
		if s.reading == Incremental {
			future = s.future(base, sp.exit)
		}
		for i := range n {
			if s.chans[i] < 0 || w[i] == 0 {
				continue
			}
			w[i] /= lambda
			if s.reading == Incremental {
				w[i] = float64(w[i] * exp(-(future - s.ahead(s.chans[i], sp.exit))))
			}
		}
		if s.lineage != nil {
			s.lineage.spread(w, s.pos, s.chans, sp, s.reading == Removal)
		}
		if s.reading != Incremental {
			rest = base / lambda
		} else {
			for _, x := range w {
				rest -= x
			}
		}
	}
	for _, c := range s.chans {
		if c >= 0 {
			s.x[c] = 0
		}
	}
	if s.raw() {
		return 0, Baseline
	}
	return max(0, rest), Baseline
}

// mean is the baseline over all strata.
func (f *hazardFit) mean() float64 {
	sold, risk := 0.0, 0.0
	for r, s := range f.spells {
		f.line.each(&s, s.exit, func(g int, d float64) {
			d = float64(f.atRisk[r] * d)
			sold += float64(f.base[g] * d)
			risk += d
		})
	}
	if risk == 0 {
		return 0
	}
	return sold / risk
}

// future is ∫λ from the conversion to the horizon, of the baseline and of all steps so
// far: how probably the sale would still have come.
func (s *hazardSplit) future(base, exit float64) float64 {
	h := max(0, s.fit.horizon-exit)
	sum := float64(base * h)
	for i, c := range s.chans {
		if c >= 0 && !slices.Contains(s.chans[:i], c) {
			sum += s.ahead(c, exit)
		}
	}
	return sum
}

// ahead is the part of channel c in future.
func (s *hazardSplit) ahead(c int, exit float64) float64 {
	m, h := s.fit.memories[c], max(0, s.fit.horizon-exit)
	acted := 0.0
	if m.grid {
		acted = m.acted(1, h)
	} else {
		acted = m.acted(0, h)
	}
	return float64(float64(s.fit.beta[c]*s.x[c]) * acted)
}

func (s *hazardSplit) reason(v View, i int) (Reason, map[string]float64) {
	why := ReasonHazard
	if s.lineage != nil {
		why = ReasonLineage
	}
	d := map[string]float64{"age_days": v.Age(i).Hours() / 24}
	if c := s.fit.js.idOf(v, i); c >= 0 {
		d["beta_per_day"] = float64(s.fit.beta[c] * s.fit.line.perDay())
		d["decay_days"] = s.fit.decays[s.fit.tau[c]].Hours() / 24
	}
	return why, d
}

// credit divides all conversions of the set.
func (f *hazardFit) credit(res *Result, split *hazardSplit) error {
	res.Conserves = !split.raw()
	t := newTally(f.js)
	var d division
	for r := range f.js.rows() {
		c, val := f.js.conversions.at(r), f.js.values[r]
		if c == 0 && val == 0 {
			continue
		}
		v := f.js.view(r)
		if f.spells[r].skipped {
			d.nobody()
			v.hi = v.lo
		} else if err := d.divide(split, v); err != nil {
			return err
		}
		if err := t.add(f.js, v, &d, c, val); err != nil {
			return err
		}
	}
	res.fill(f.js, t)
	if res.Credit(Baseline).Channel == "" {
		at := len(res.Credits)
		if at > 0 && res.Credits[at-1].Channel == Unattributed {
			at--
		}
		res.Credits = slices.Insert(res.Credits, at, Credit{Channel: Baseline})
	}
	res.Split = split
	res.present(f.js)
	return nil
}
