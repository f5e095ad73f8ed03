package cluster

import (
	"math/rand/v2"
	"slices"
)

// begin sets the centres to rows that choose picks; it is told the distance of each row
// to the nearest centre so far, nil at first.
func (r *run) begin(choose func(off []float64) int) {
	r.centres = r.centres[:0]
	var chosen []int
	var off []float64
	for len(r.centres) < r.k {
		row := choose(off)
		if row < 0 { // all rows are as good as a centre: take the first other
			for row = 0; slices.Contains(chosen, row) || r.weight[row] == 0; row++ {
			}
		}
		chosen = append(chosen, row)
		c := r.at(row)
		r.centres = append(r.centres, c)
		first := off == nil
		if first {
			off = make([]float64, r.rows.N)
		}
		for i := range off {
			if d := r.distance(i, &c); first || d < off[i] {
				off[i] = d
			}
		}
	}
}

// at returns a row as a centre.
func (r *run) at(row int) centre {
	c := centre{slices.Clone(r.typical.codes), slices.Clone(r.typical.x)}
	for n := range r.cats {
		if code := r.codes[row*len(r.cats)+n]; code != Missing {
			c.codes[n] = code
		}
	}
	for n := range r.nums {
		if x := r.x[row*len(r.nums)+n]; x == x {
			c.x[n] = x
		}
	}
	return c
}

// cao picks the densest row, then the one for which density times distance is greatest.
func (r *run) cao(off []float64) int {
	best, most := -1, 0.
	for i, w := range r.weight {
		score := r.density[i]
		if off != nil {
			score = float64(score * off[i])
		}
		if w > 0 && score > most {
			best, most = i, score
		}
	}
	return best
}

// drawer draws a row with a probability in proportion to weight times distance.
func (r *run) drawer(random *rand.Rand) func(off []float64) int {
	return func(off []float64) int {
		mass := func(i int) float64 {
			if off == nil {
				return float64(r.weight[i])
			}
			return float64(float64(r.weight[i]) * off[i])
		}
		total := 0.
		for i := range r.weight {
			total += mass(i)
		}
		left := float64(random.Float64() * total)
		last := -1
		for i := range r.weight {
			if m := mass(i); m > 0 {
				last = i
				if left -= m; left < 0 {
					break
				}
			}
		}
		return last
	}
}
