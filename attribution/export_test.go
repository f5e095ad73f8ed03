package attribution

// SpreadForTest is the lineage credit of one conversion whose steps, one a day in the order of
// shares, have these shares of λ, each step after the first being channel 1 and caused by
// the one before, channel 0, with excitation e beside the rate mu.
func SpreadForTest(mu, e float64, shares []float64) []float64 {
	f := &hazardFit{line: timeline{step: day.Microseconds()}, strata: []string{""}}
	l := &lineageFit{f: f, mu: [][]float64{{1}, {mu}}, e: [][]float64{{0, 0}, {e, 0}}}
	if err := l.number(); err != nil {
		panic(err)
	}
	pos, chans := make([]float64, len(shares)), make([]int, len(shares))
	for i := range shares {
		pos[i], chans[i] = float64(i), min(i, 1)
	}
	w := append([]float64(nil), shares...)
	l.spread(w, pos, chans, spell{}, false)
	return w
}
