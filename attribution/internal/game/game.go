// Package game computes Shapley values of games over sets of up to 64 players, exactly
// from the worths of all sets, or by sampling orders.
package game

import (
	"math/bits"
	"math/rand/v2"
)

// blockBits is how many players the sets of one block tell apart: its tables stay in cache.
const blockBits = 15

// Zeta replaces the worth of each set by the sum over its subsets, in n·2ⁿ⁻¹ additions.
// The table has 2ⁿ entries, indexed by the bits of the set.
func Zeta(t []float64) {
	half := 1
	if len(t) >= 4 { // the first two players at once
		for at := 0; at+3 < len(t); at += 4 {
			q := t[at : at+4 : at+4]
			b := q[0] + q[1]
			q[1], q[2], q[3] = b, q[0]+q[2], b+q[2]+q[3]
		}
		half = 4
	}
	for ; half < len(t); half *= 2 {
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

// Values are the Shapley values of n players, and the worth of all of them. The worths of
// all 2ⁿ sets are never there at once: fill writes those of the sets top, top+1, … into
// block, top being a multiple of its length, for all blocks in order. With w₀ = 1/n and
// w_s = w_{s−1}·s/(n−s),
//
//	φ_i = Σ_{S∌i} w_|S|·(v(S∪i) − v(S)) = Σ_{S∋i} (w_{|S|−1} + w_|S|)·v(S) − Σ_S w_|S|·v(S).
//
// The sums over sets with a player are those of whole blocks for the players that tell
// blocks apart. For the others the blocks are added up and the sum is folded in half,
// player by player.
func Values(n int, fill func(top uint64, block []float64)) (phi []float64, worth float64) {
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
	low := min(n, blockBits)
	block, sum := make([]float64, 1<<low), make([]float64, 1<<low)
	phi = make([]float64, n)
	all := 0.0
	for top := range uint64(1) << (n - low) {
		fill(top<<low, block)
		size := bits.OnesCount64(top)
		here := 0.0
		for s, x := range block {
			k := size + bits.OnesCount(uint(s))
			all += float64(w[k] * x)
			x = float64(both[k] * x)
			sum[s] += x
			here += x
		}
		for b := top; b != 0; b &= b - 1 {
			phi[low+bits.TrailingZeros64(b)] += here
		}
		worth = block[len(block)-1]
	}
	for i := low - 1; i >= 0; i-- {
		half := 1 << i
		for _, x := range sum[half : 2*half] {
			phi[i] += x
		}
		add(sum[:half], sum[half:2*half])
	}
	for i := range phi {
		phi[i] -= all
	}
	return phi, worth
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
