package chain

// A Gradient says how the chance of conversion from the start, with some states leading
// to null, depends on the chain's probabilities: ∂h_s/∂P_ij = Visits_i·Reach_j.
type Gradient struct {
	Hit    float64
	Visits []float64 // N_si, 0 for states that are out
	Reach  []float64 // h_j, 0 for states that are out
}

// Gradient takes the states of gone out, the start not among them: no edge leads there.
func (c *Chain) Gradient(gone []int32) *Gradient {
	n := len(c.Good)
	out := make([]bool, n)
	for _, x := range gone {
		out[x] = true
	}
	total := c.rows()
	a := make([]float64, n*n)
	for i := range n {
		a[i*n+i] = 1
	}
	for e, f := range c.From {
		if t := c.To[e]; total[f] > 0 && !out[f] && !out[t] {
			a[int(f)*n+int(t)] -= c.Count[e] / total[f]
		}
	}
	inv := Inverse(a, n)
	g := &Gradient{Visits: append([]float64(nil), inv[:n]...), Reach: make([]float64, n)}
	for i := range n {
		for j := range n {
			if total[j] > 0 && !out[j] {
				g.Reach[i] += float64(inv[i*n+j] * (c.Good[j] / total[j]))
			}
		}
	}
	g.Hit = g.Reach[0]
	return g
}

// Variance is that of Σ_k w_k·h^(k) over gradients of one chain, with multinomial rows.
func (c *Chain) Variance(gs []*Gradient, w []float64) float64 {
	n := len(c.Good)
	total := c.rows()
	mean, square := make([]float64, n), make([]float64, n)
	add := func(i int, p, g float64) {
		mean[i] += float64(p * g)
		square[i] += float64(p * float64(g*g))
	}
	for e, f := range c.From {
		g := 0.0
		for k, x := range gs {
			g += float64(w[k] * float64(x.Visits[f]*x.Reach[c.To[e]]))
		}
		add(int(f), c.Count[e]/total[f], g) // of a state nobody was in: no number, and not read
	}
	v := 0.0
	for i := range n {
		if total[i] == 0 {
			continue
		}
		g := 0.0
		for k, x := range gs {
			g += float64(w[k] * x.Visits[i])
		}
		add(i, c.Good[i]/total[i], g)
		v += (square[i] - float64(mean[i]*mean[i])) / total[i]
	}
	return max(0, v)
}

// Prob is the probability of the edge between two states.
func (c *Chain) Prob(from, to int32) float64 {
	all := c.rows()[from]
	if all == 0 {
		return 0
	}
	n := 0.0
	for e, f := range c.From {
		if f == from && c.To[e] == to {
			n += c.Count[e]
		}
	}
	return n / all
}
