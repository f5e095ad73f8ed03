// Package game computes Shapley values of games over sets of up to 64 players, exactly
// from a table of all sets, or by sampling orders.
package game

import (
	"math/bits"
	"math/rand/v2"
)

// cached is how many entries of a table are worked on at once while they are in cache.
const cached = 1 << 13

// Zeta replaces the worth of each set by the sum over its subsets, in n·2ⁿ⁻¹ additions.
// The table has 2ⁿ entries, indexed by the bits of the set.
func Zeta(t []float64) {
	block := min(cached, len(t))
	for at := 0; at < len(t); at += block {
		zeta(t[at : at+block])
	}
	// The other bits two at a time, so that large tables pass through memory half as often.
	half := block
	for ; 4*half <= len(t); half *= 4 {
		for at := 0; at < len(t); at += 4 * half {
			w, x, y, z := t[at:at+half], t[at+half:at+2*half], t[at+2*half:at+3*half], t[at+3*half:at+4*half]
			x, y, z = x[:len(w)], y[:len(w)], z[:len(w)]
			for i, a := range w {
				b, c := x[i], y[i]
				x[i], y[i] = a+b, a+c
				z[i] += a + b + c
			}
		}
	}
	if half < len(t) {
		add(t[half:], t[:half])
	}
}

func zeta(t []float64) {
	for half := 1; half < len(t); half *= 2 {
		for at := 0; at < len(t); at += 2 * half {
			add(t[at+half:at+2*half], t[at:at+half])
		}
	}
}

// add is y += x.
func add(y, x []float64) {
	x = x[:len(y)]
	for i := range y {
		y[i] += x[i]
	}
}

// Values are the Shapley values of n players from the table of all sets, which is
// overwritten. With w₀ = 1/n and w_s = w_{s−1}·s/(n−s),
//
//	φ_i = Σ_{S∌i} w_|S|·(v(S∪i) − v(S)) = Σ_{S∋i} (w_{|S|−1} + w_|S|)·v(S) − Σ_S w_|S|·v(S),
//
// and the sums over sets with a player come from folding the table in half, player by
// player, in 2ⁿ additions for all of them.
func Values(v []float64, n int) []float64 {
	w := make([]float64, n+1) // w[n] = 0: nobody is left to join
	for s := range n {
		if s == 0 {
			w[s] = 1 / float64(n)
		} else {
			w[s] = w[s-1] * float64(s) / float64(n-s)
		}
	}
	both := make([]float64, n+1)
	for s := range both {
		both[s] = w[s]
		if s > 0 {
			both[s] += w[s-1]
		}
	}
	all := 0.0
	for s, x := range v {
		k := bits.OnesCount(uint(s))
		all += float64(w[k] * x)
		v[s] = float64(both[k] * x)
	}
	phi := make([]float64, n)
	for i := n - 1; i >= 0; i-- {
		half := 1 << i
		sum := 0.0
		for _, x := range v[half : 2*half] {
			sum += x
		}
		phi[i] = sum - all
		add(v[:half], v[half:2*half])
	}
	return phi
}

// Sample estimates Shapley values by pairs of a random order and its reverse. marginals
// fills what each player adds when they come in an order. It returns the means and the
// variances of the means over pairs.
func Sample(n, pairs int, seed uint64, marginals func(order []int, out []float64)) (phi, variance []float64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	phi, variance = make([]float64, n), make([]float64, n)
	squares := make([]float64, n)
	order, back := make([]int, n), make([]int, n)
	for i := range order {
		order[i] = i
	}
	a, b := make([]float64, n), make([]float64, n)
	for range pairs {
		rng.Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
		for i, p := range order {
			back[n-1-i] = p
		}
		marginals(order, a)
		marginals(back, b)
		for i := range phi {
			m := (a[i] + b[i]) / 2
			phi[i] += m
			squares[i] += float64(m * m)
		}
	}
	k := float64(pairs)
	for i := range phi {
		phi[i] /= k
		if pairs > 1 {
			variance[i] = max(0, squares[i]/k-float64(phi[i]*phi[i])) / (k - 1)
		}
	}
	return phi, variance
}
