// Package game computes Shapley values of games over sets of up to 64 players, exactly
// from a table of all sets, or by sampling orders.
package game

import (
	"math/bits"
	"math/rand/v2"
)

// Zeta replaces the worth of each set by the sum over its subsets, in n·2ⁿ⁻¹ additions.
// The table has 2ⁿ entries, indexed by the bits of the set.
func Zeta(t []float64) {
	for half := 1; half < len(t); half *= 2 {
		for at := 0; at < len(t); at += 2 * half {
			low, high := t[at:at+half], t[at+half:at+2*half]
			for i, x := range low {
				high[i] += x
			}
		}
	}
}

// Values are the Shapley values of n players from the table of all sets:
// Σ_{S∌i} w_|S|·(v(S∪i) − v(S)), w₀ = 1/n, w_s = w_{s−1}·s/(n−s).
func Values(v []float64, n int) []float64 {
	w := make([]float64, n)
	for s := range w {
		if s == 0 {
			w[s] = 1 / float64(n)
		} else {
			w[s] = w[s-1] * float64(s) / float64(n-s)
		}
	}
	phi := make([]float64, n)
	for i := range phi {
		half := 1 << i
		for at := 0; at < len(v); at += 2 * half {
			for s := at; s < at+half; s++ {
				phi[i] += float64(w[bits.OnesCount(uint(s))] * (v[s+half] - v[s]))
			}
		}
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
