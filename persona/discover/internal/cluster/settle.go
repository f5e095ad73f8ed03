package cluster

import (
	"math"
	"slices"
)

// settle assigns rows and moves centres in turn until no label changes, or only ones that
// cost the same, which could go round in circles. It returns the cost after each
// assignment, which never rises.
func (r *run) settle() (costs []float64) {
	for i := range r.label {
		r.label[i] = Missing
	}
	for {
		changed := r.assign()
		cost := r.neutral
		for i, w := range r.weight {
			cost += float64(float64(w) * r.off[i])
		}
		costs = append(costs, cost)
		n := len(costs)
		if !changed || n == maxSteps || n > 2 && cost >= costs[n-3] {
			return costs
		}
		r.move(r.centres, r.label)
	}
}

// assign gives each row the nearest centre, the first of equal ones, and a cluster that
// has lost its rows the row farthest from its centre.
func (r *run) assign() (changed bool) {
	before := slices.Clone(r.label)
	distinct := make([]int, r.k)
	t, m := r.differences(), len(r.cats)
	for i, w := range r.weight {
		if w == 0 {
			continue
		}
		best, least := 0, math.Inf(1)
		for word := range t.words {
			sum := uint64(0)
			for j, code := range r.codes[i*m : (i+1)*m] {
				sum += t.cells[(t.first[j]+int(code))*t.words+word]
			}
			for c := word * lanes; c < min((word+1)*lanes, r.k); c++ {
				d := float64(r.Gamma*float64(sum&(1<<laneBits-1))) + r.squares(i, &r.centres[c])
				if sum >>= laneBits; d < least {
					best, least = c, d
				}
			}
		}
		r.label[i], r.off[i] = best, least
		distinct[best]++
	}
	for c := range distinct {
		if distinct[c] > 0 {
			continue
		}
		far := -1
		for i, w := range r.weight {
			if w > 0 && distinct[r.label[i]] > 1 && (far < 0 || r.off[i] > r.off[far]) {
				far = i
			}
		}
		distinct[r.label[far]]--
		distinct[c]++
		r.label[far], r.off[far] = c, 0
	}
	return !slices.Equal(r.label, before)
}

// Four clusters share a word, each with as many bits as columns can be counted in.
const (
	lanes    = 4
	laneBits = 64 / lanes
)

// differences says of each code of a column from which clusters' modes it differs: a 1 in
// the lane of each. The sum over the columns counts for four clusters at once.
type differences struct {
	words int   // a code
	first []int // by column the place of its code 0; before it is that of Missing, all 0
	cells []uint64
}

func (r *run) differences() *differences {
	t := &differences{words: (r.k + lanes - 1) / lanes}
	place := 0
	for _, j := range r.cats {
		t.first = append(t.first, place+1)
		place += r.rows.Columns[j].Codes + 1
	}
	t.cells = make([]uint64, place*t.words)
	for n, j := range r.cats {
		for c := range r.centres {
			one := uint64(1) << (c % lanes * laneBits)
			for code := range r.rows.Columns[j].Codes {
				if int32(code) != r.centres[c].codes[n] {
					t.cells[(t.first[n]+code)*t.words+c/lanes] += one
				}
			}
		}
	}
	return t
}

// move puts each centre at the means and modes of its rows; of equal modes the least code
// wins. A column that no row knows has what is typical.
func (r *run) move(centres []centre, label []int) {
	m, n := len(r.cats), len(r.nums)
	for _, counts := range r.counts[:len(centres)*m] {
		clear(counts)
	}
	sums, known := make([]float64, len(centres)*n), make([]float64, len(centres)*n)
	for i, w := range r.weight {
		if w == 0 {
			continue
		}
		c := label[i]
		for j, code := range r.codes[i*m : (i+1)*m] {
			if code != Missing {
				r.counts[c*m+j][code] += w
			}
		}
		for j, x := range r.x[i*n : (i+1)*n] {
			if x == x {
				sums[c*n+j] += float64(float64(w) * x)
				known[c*n+j] += float64(w)
			}
		}
	}
	for c := range centres {
		for j := range m {
			mode, most := r.typical.codes[j], 0
			for code, count := range r.counts[c*m+j] {
				if count > most {
					mode, most = int32(code), count
				}
			}
			centres[c].codes[j] = mode
		}
		for j := range n {
			centres[c].x[j] = r.typical.x[j]
			if known[c*n+j] > 0 {
				centres[c].x[j] = sums[c*n+j] / known[c*n+j]
			}
		}
	}
}
