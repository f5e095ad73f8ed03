package attribution

import "math"

// An Intensity tells how readily the subject of a path converts at its end, with the first
// n steps alone. [Hazard] results have one in Result.Split; a model of your own will do.
type Intensity interface {
	Intensity(v View, n int) float64
}

// Backward credits steps by backwards elimination from a fitted intensity λ (Shender et
// al. 2020): in order of time, step j earns [λ(steps 1…j) − λ(steps 1…j−1)]/λ(all), and
// what is there without any step is (baseline). Where λ is additive this is the hazard's
// own credit. Effects below 0 are kept, with the warning negative.
type Backward struct {
	Intensity Intensity // nil = that of a zero [Hazard] fitted to the set
	Clamp     bool      // cut increments below 0 off and renormalise
}

// Name returns "backward".
func (Backward) Name() string { return "backward" }

// Attribute implements [Attributor]. Intervals take the intensity as given.
func (b Backward) Attribute(js *Journeys, opts *Options) (*Result, error) {
	if opts == nil {
		opts = &Options{}
	}
	res := js.result(b.Name())
	c := js.canonical()
	if b.Intensity == nil {
		f, fit, err := Hazard{}.fit(js)
		if err != nil {
			return nil, err
		}
		b.Intensity = &hazardSplit{fit: f}
		res.Params, res.Warnings = fit.Params, fit.Warnings
	}
	n := len(c.channels.names)
	conv, val := make([]float64, n+1), make([]float64, n+1)
	var bad error
	err := guard(b.Name(), func() {
		var w []float64
		for r := range c.rows() {
			k, money := count(c.conversions.at(r)), float64(c.values[r])
			if k == 0 && money == 0 {
				continue
			}
			v := c.view(r)
			var rest float64
			var negative bool
			if w, rest, negative, bad = b.shares(w, v); bad != nil {
				return
			}
			if negative {
				res.warn("negative")
			}
			for i, x := range w {
				conv[v.id(i)] += float64(k * x)
				val[v.id(i)] += float64(money * x)
			}
			conv[n] += float64(k * rest)
			val[n] += float64(money * rest)
		}
	})
	if err != nil {
		return nil, err
	}
	if bad != nil {
		return nil, bad
	}
	money, err := divideValue(js.Value(), val)
	if err != nil {
		return nil, err
	}
	for i, name := range c.channels.names {
		res.Credits = append(res.Credits, Credit{Channel: name, Conversions: conv[i], Value: money[i]})
	}
	res.Credits = append(res.Credits, Credit{Channel: Baseline, Conversions: conv[n], Value: money[n] + money[n+1]})
	res.noIntervals("not statistical")
	res.Split = backwardSplit{b}
	return res.finish(js, opts), nil
}

// backwardSplit divides one journey; it cannot show effects below 0, so it clamps them.
type backwardSplit struct{ Backward }

// Weigh implements [Model]; what no step gets is left out.
func (s backwardSplit) Weigh(w []float64, v View) { s.part(w, v) }

func (s backwardSplit) needsTimes() bool { return false }

// part implements [partial].
func (s backwardSplit) part(w []float64, v View) (rest float64, to string) {
	s.Clamp = true
	shares, rest, _, err := s.shares(nil, v)
	if err != nil {
		return math.NaN(), Baseline // refused as a weight
	}
	copy(w, shares)
	return rest, Baseline
}

func (backwardSplit) reason(View, int) (Reason, map[string]float64) { return ReasonMarginal, nil }

// shares are the increments of the steps of one path, and what is there without them.
func (b Backward) shares(w []float64, v View) (shares []float64, rest float64, negative bool, err error) {
	w = append(w[:0], make([]float64, v.Len())...)
	base := b.Intensity.Intensity(v, 0)
	before := base
	for i := range w {
		now := b.Intensity.Intensity(v, i+1)
		w[i], before = now-before, now
		negative = negative || w[i] < 0
	}
	all := before
	if b.Clamp {
		all = base
		for i := range w {
			w[i] = math.Max(0, w[i])
			all += w[i]
		}
		negative = false
	}
	if !finite(all) || all < 0 || base < 0 {
		return nil, 0, false, badFloat("intensity", math.NaN())
	}
	if all == 0 {
		clear(w)
		return w, 1, false, nil
	}
	for i := range w {
		w[i] /= all
	}
	return w, base / all, negative, nil
}

// Intensity implements [Intensity].
func (s *hazardSplit) Intensity(v View, n int) float64 {
	lambda := s.fit.baseline(s.place(v))
	for i := range n {
		if c := s.chans[i]; c >= 0 {
			lambda += float64(s.fit.beta[c] * s.left[i])
		}
	}
	return lambda
}
