// Package chain solves absorbing Markov chains: the chance to be absorbed in the good
// end, and how much of it passes through given states.
package chain

import (
	"errors"
	"math"
)

// ErrNotConverged reports that the sweeps did not settle.
var ErrNotConverged = errors.New("chain: not converged")

// maxSweeps is how often the sweeps may go over the states.
const maxSweeps = 100_000

// A Chain has the transient states 0…len(Good)-1, 0 being the start, and counted edges
// between them.
type Chain struct {
	From, To []int32   // edges among transient states, self-loops included
	Count    []float64 // of each edge
	Good     []float64 // count from each state into conversion
	Bad      []float64 // count from each state into null
	Reward   []float64 // what the conversions from each state brought
}

// A Solution says what the chain does from the start.
type Solution struct {
	Hit    float64 // probability of conversion
	Reward float64 // expected reward
	// Per group: the share of Hit and of Reward that passes through its states.
	HitVia, RewardVia []float64
}

// Solve finds the absorption probability from the start and what each group of states
// contributes to it: exactly by LU up to dense states, by sweeps above.
func (c *Chain) Solve(groups [][]int32, dense int) (Solution, error) {
	if len(c.Good) <= dense {
		return c.byInverse(groups), nil
	}
	return c.bySweeps(groups)
}

// rows are the counts that leave each state.
func (c *Chain) rows() []float64 {
	n := make([]float64, len(c.Good))
	for i := range n {
		n[i] = c.Good[i] + c.Bad[i]
	}
	for e, f := range c.From {
		n[f] += c.Count[e]
	}
	return n
}

// byInverse uses the fundamental matrix N = (I−Q)⁻¹: with X the states of a group,
// what passes through it is N_sX·N_XX⁻¹·h_X.
func (c *Chain) byInverse(groups [][]int32) Solution {
	n := len(c.Good)
	total := c.rows()
	a := make([]float64, n*n)
	for i := range n {
		a[i*n+i] = 1
	}
	for e, f := range c.From {
		if total[f] > 0 {
			a[int(f)*n+int(c.To[e])] -= c.Count[e] / total[f]
		}
	}
	inv := Inverse(a, n)
	h, v := make([]float64, n), make([]float64, n)
	for j := range n {
		if total[j] == 0 {
			continue
		}
		r, w := c.Good[j]/total[j], c.Reward[j]/total[j]
		for i := range n {
			h[i] += float64(inv[i*n+j] * r)
			v[i] += float64(inv[i*n+j] * w)
		}
	}
	s := Solution{Hit: h[0], Reward: v[0], HitVia: make([]float64, len(groups)), RewardVia: make([]float64, len(groups))}
	for g, states := range groups {
		if m := len(states); m == 1 {
			x := int(states[0])
			pass := inv[x] / inv[x*n+x]
			s.HitVia[g], s.RewardVia[g] = float64(pass*h[x]), float64(pass*v[x])
		} else {
			block := make([]float64, m*m)
			for i, x := range states {
				for j, y := range states {
					block[i*m+j] = inv[int(x)*n+int(y)]
				}
			}
			back := Inverse(block, m)
			for i, x := range states {
				pass := inv[x]
				for j, y := range states {
					k := float64(pass * back[i*m+j])
					s.HitVia[g] += float64(k * h[y])
					s.RewardVia[g] += float64(k * v[y])
				}
			}
		}
		s.HitVia[g] = share(s.HitVia[g], s.Hit)
		s.RewardVia[g] = share(s.RewardVia[g], s.Reward)
	}
	return s
}

func share(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}

// bySweeps solves h = r + Q·h by Gauss–Seidel, once for the chain and once a group with
// the group's states leading to null.
func (c *Chain) bySweeps(groups [][]int32) (Solution, error) {
	n := len(c.Good)
	total := c.rows()
	begin := make([]int32, n+1)
	for _, f := range c.From {
		begin[f+1]++
	}
	for i := range n {
		begin[i+1] += begin[i]
	}
	to, p := make([]int32, len(c.To)), make([]float64, len(c.To))
	next := append([]int32(nil), begin[:n]...)
	for e, f := range c.From {
		k := next[f]
		next[f]++
		to[k], p[k] = c.To[e], c.Count[e]/total[f]
	}
	h, v := make([]float64, n), make([]float64, n)
	dead := make([]bool, n)
	sweep := func() error {
		clear(h)
		clear(v)
		for range maxSweeps {
			var change, top, vchange, vtop float64
			for i := n - 1; i >= 0; i-- {
				if dead[i] || total[i] == 0 {
					continue
				}
				x, y, loop := c.Good[i]/total[i], c.Reward[i]/total[i], 0.0
				for k := begin[i]; k < begin[i+1]; k++ {
					j := to[k]
					if int(j) == i {
						loop = p[k]
						continue
					}
					x += float64(p[k] * h[j])
					y += float64(p[k] * v[j])
				}
				x /= 1 - loop
				y /= 1 - loop
				change, top = max(change, math.Abs(x-h[i])), max(top, x)
				vchange, vtop = max(vchange, math.Abs(y-v[i])), max(vtop, math.Abs(y))
				h[i], v[i] = x, y
			}
			if change <= 1e-14*top && vchange <= 1e-14*vtop {
				return nil
			}
		}
		return ErrNotConverged
	}
	s := Solution{HitVia: make([]float64, len(groups)), RewardVia: make([]float64, len(groups))}
	if err := sweep(); err != nil {
		return s, err
	}
	s.Hit, s.Reward = h[0], v[0]
	for g, states := range groups {
		for _, x := range states {
			dead[x] = true
		}
		if err := sweep(); err != nil {
			return s, err
		}
		s.HitVia[g] = share(s.Hit-h[0], s.Hit)
		s.RewardVia[g] = share(s.Reward-v[0], s.Reward)
		for _, x := range states {
			dead[x] = false
		}
	}
	return s, nil
}
