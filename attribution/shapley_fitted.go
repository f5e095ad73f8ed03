package attribution

// fitted plays for the sales that a fitted hazard expects: v(S) is the sum over journeys of
// 1 − e^(−Λ(S)), Λ(S) being the rate over the time at risk with the touches of S alone. A
// buyer's time goes on to the end of the window, with the touches seen until the sale,
// unless buyers stay at risk. Credit is scaled so that v(all) is the observed sales, and
// v(∅) is the (baseline).
func (s Shapley) fitted(js *Journeys, opts *Options) (*Result, error) {
	f, res, err := s.Hazard.fit(js)
	if err != nil {
		return nil, err
	}
	res.Model = s.Name()
	phi, none := f.play()
	worth := total(phi) + none
	p := &ShapleyParams{Phi: map[string]float64{}, Worth: worth, None: none, Hazard: res.Params.(*HazardParams)}
	res.Params = p
	left := f.sold() // conversions that are in no spell go to (unattributed)
	unit := 0.0
	if worth > 0 {
		unit = left / worth
	} else {
		left = 0
	}
	aside := max(0, js.Conversions()-left)
	for c, name := range f.js.channels.names {
		p.Phi[name] = phi[c]
		res.Credits = append(res.Credits, Credit{Channel: name, Conversions: float64(phi[c] * unit)})
	}
	res.Credits = append(res.Credits, Credit{Channel: Baseline, Conversions: float64(none * unit)}, Credit{Channel: Unattributed, Conversions: aside})
	shares := make([]float64, len(res.Credits))
	for i, c := range res.Credits {
		shares[i] = c.Conversions
	}
	money, err := divideValue(js.Value(), shares)
	if err != nil {
		return nil, err
	}
	for i := range res.Credits {
		res.Credits[i].Value = money[i]
	}
	last := len(shares) - 1
	if res.Credits[last].Value += money[last+1]; aside == 0 && res.Credits[last].Value == 0 {
		res.Credits = res.Credits[:last]
	}
	switch opts.Interval.Method {
	case NoInterval, Closed, Delta:
		res.noIntervals("off")
	default:
		n := len(phi)
		err = f.redraw(res, opts.Interval, func(rep *hazardFit, conv []float64, put putter) error {
			phi, none := rep.play()
			sold, worth, all := rep.sold(), total(phi)+none, total(conv)
			if worth == 0 {
				put(n+1, all, 0)
				return nil
			}
			add := func(slot int, x float64) { put(slot, x, float64(x*(float64(js.Value())/js.Conversions()))) }
			for c, x := range phi {
				add(c, float64(x*(sold/worth)))
			}
			add(n, float64(none*(sold/worth)))
			add(n+1, all-sold)
			return nil
		})
	}
	if err != nil {
		return nil, err
	}
	return res.finish(js, opts), nil
}

// sold are the conversions that are in spells.
func (f *hazardFit) sold() float64 { return total(f.converted) }

// play are the Shapley values of the fitted game by channel, and the worth of no channel.
func (f *hazardFit) play() (phi []float64, none float64) {
	phi = make([]float64, len(f.beta))
	g := &survival{met: make([]int, 0, len(f.beta)), acted: make([]float64, len(f.beta))}
	for r := range f.spells {
		s := &f.spells[r]
		sold, rest := f.converted[r], f.atRisk[r]-f.converted[r]
		if sold > 0 && !f.stays {
			none += g.play(f, r, f.horizon, sold, phi)
		} else {
			rest += sold
		}
		if rest > 0 {
			none += g.play(f, r, s.exit, rest, phi)
		}
	}
	return phi, none
}

// A survival is the game of one journey: it is not sold with probability e^(−Λ), a product
// over the channels it met.
type survival struct {
	met   []int
	acted []float64
	q     []float64
	mean  []float64
}

// play adds the Shapley values of weight journeys like row r, observed until end, to phi
// and returns the worth of no channel.
//
// With q_c = e^(−β_c·X_c) the worth is 1 − q₀·Π q_c over S, and
//
//	φ_i = q₀·(1 − q_i)·1/k·Σ_s m_s,
//
// m_s being the mean product of q over the sets of s of the other k−1 channels. So
// there is no table of sets, and any number of channels is exact.
func (g *survival) play(f *hazardFit, r int, end, weight float64, phi []float64) (none float64) {
	s := &f.spells[r]
	lambda := 0.0
	f.line.each(s, end, func(stratum int, d float64) { lambda += float64(f.base[stratum] * d) })
	g.met = g.met[:0]
	lo, hi := f.js.span(r)
	for i := lo; i < hi; i++ {
		c := f.js.channel(i)
		if f.beta[c] == 0 {
			continue
		}
		if g.acted[c] == 0 {
			g.met = append(g.met, c)
		}
		g.acted[c] += float64(f.js.weights.get(i, 1) * f.memories[c].acted(max(0, s.entry-f.pos[i]), end-f.pos[i]))
	}
	g.q = g.q[:0]
	for _, c := range g.met {
		g.q = append(g.q, exp(-float64(f.beta[c]*g.acted[c])))
		g.acted[c] = 0
	}
	stay := exp(-lambda)
	for i, c := range g.met {
		g.mean = append(g.mean[:0], 1)
		for j, q := range g.q {
			if j == i {
				continue
			}
			// One player more: a set of s holds the new one with probability s/n.
			n := len(g.mean)
			g.mean = append(g.mean, float64(g.mean[n-1]*q))
			for s := n - 1; s > 0; s-- {
				g.mean[s] = (float64(float64(n-s)*g.mean[s]) + float64(float64(s)*float64(g.mean[s-1]*q))) / float64(n)
			}
		}
		phi[c] += float64(weight*float64(float64(stay*(1-g.q[i]))*total(g.mean))) / float64(len(g.met))
	}
	return float64(weight * (1 - stay))
}
