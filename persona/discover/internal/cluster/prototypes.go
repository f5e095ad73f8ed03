package cluster

import (
	"math"
	"math/rand/v2"
	"slices"
)

// maxSteps ends a start that does not settle.
const maxSteps = 100

// Prototypes divides rows by k-prototypes (Huang, 1998): squared differences of numbers
// plus Gamma for each other cell that differs from the centre's. Without numbers that is
// k-modes. All rows are assigned before a centre moves, so their order does not matter.
//
// A missing cell costs what it would cost on average, whatever the centre, and has no say
// in a centre.
type Prototypes struct {
	Gamma float64

	rows       *Rows
	cats, nums []int     // columns
	codes      []int32   // of cats, row by row
	x          []float64 // of nums, row by row, scaled
	missing    []int32   // cells of cats, by row
	scale      []float64 // by nums
}

// NewPrototypes prepares rows. Unless raw, numbers become z-scores; Gamma is half the
// mean of their standard deviations, 1 without numbers.
func NewPrototypes(rows *Rows, weight []int, raw bool) *Prototypes {
	p := &Prototypes{Gamma: 1, rows: rows}
	spread, means := 0., []float64{}
	for j, c := range rows.Columns {
		if !c.Number {
			p.cats = append(p.cats, j)
			continue
		}
		p.nums = append(p.nums, j)
		mean, sd := moments(rows, weight, j)
		scale := 1.
		switch {
		case raw:
			mean = 0
		case sd > 0:
			scale, sd = 1/sd, 1
		}
		means = append(means, mean)
		p.scale = append(p.scale, scale)
		spread += sd
	}
	if len(p.nums) > 0 {
		p.Gamma = spread / float64(len(p.nums)) / 2
	}
	p.codes, p.x = make([]int32, 0, rows.N*len(p.cats)), make([]float64, 0, rows.N*len(p.nums))
	for i := range rows.N {
		row, gaps := rows.Row(i), int32(0)
		for _, j := range p.cats {
			p.codes = append(p.codes, row[j])
			if row[j] == Missing {
				gaps++
			}
		}
		p.missing = append(p.missing, gaps)
		for n, j := range p.nums {
			p.x = append(p.x, (rows.number(i, j)-means[n])*p.scale[n])
		}
	}
	return p
}

// moments returns mean, NaN of nothing, and population standard deviation of the known
// numbers.
func moments(rows *Rows, weight []int, j int) (mean, sd float64) {
	var n, sum, squares float64
	for i := range rows.N {
		if x := rows.number(i, j); x == x {
			n += float64(weight[i])
			sum += float64(float64(weight[i]) * x)
		}
	}
	if n == 0 {
		return math.NaN(), 0
	}
	mean = sum / n
	for i := range rows.N {
		if x := rows.number(i, j) - mean; x == x {
			squares += float64(float64(weight[i]) * float64(x*x))
		}
	}
	return mean, math.Sqrt(squares / n)
}

// A run is the work on one set of weights.
type run struct {
	*Prototypes
	weight  []int
	k       int
	typical centre  // what a centre has where its rows know nothing
	neutral float64 // cost of all missing cells
	density []float64

	centres []centre
	label   []int
	off     []float64 // distance of each row to its centre
	counts  [][]int   // by cluster and column, of each code; scratch
}

// A centre in scaled form.
type centre struct {
	codes []int32
	x     []float64
}

// Divide divides the rows of positive weight into k clusters, of which there must be so
// many. Start 0 is that of Cao, Liang and Bai (2009); the others draw rows with a
// probability in proportion to the distance to the nearest one drawn, from PCG(seed,
// start). The least cost wins, of equal ones the earliest start.
func (p *Prototypes) Divide(k, starts int, seed uint64, weight []int) Partition {
	r := &run{Prototypes: p, weight: weight, k: k, label: make([]int, p.rows.N), off: make([]float64, p.rows.N)}
	r.survey()
	best := Partition{Costs: []float64{math.Inf(1)}}
	for start := range starts + 1 {
		if start == 0 {
			r.begin(r.cao)
		} else {
			r.begin(r.drawer(rand.New(rand.NewPCG(seed, uint64(start)))))
		}
		if costs := r.settle(); costs[len(costs)-1] < best.Cost() {
			best = Partition{Labels: slices.Clone(r.label), Costs: costs, Start: start}
			for c := range r.centres {
				best.Centres = append(best.Centres, r.unscaled(c))
			}
		}
	}
	return best
}

// unscaled returns a centre in the columns' own units.
func (r *run) unscaled(c int) Centre {
	out := Centre{make([]int32, len(r.rows.Columns)), make([]float64, len(r.rows.Columns))}
	for n, j := range r.cats {
		out.Codes[j] = r.centres[c].codes[n]
	}
	mine := slices.Clone(r.weight)
	for i, l := range r.label {
		if l != c {
			mine[i] = 0
		}
	}
	for _, j := range r.nums {
		out.Codes[j] = Missing
		out.Numbers[j], _ = moments(r.rows, mine, j)
	}
	return out
}

// survey finds the typical centre, the cost of missing cells and the density of rows.
func (r *run) survey() {
	all := make([]int, r.rows.N)
	for i, w := range r.weight {
		if all[i] = 0; w == 0 {
			all[i] = Missing
		}
	}
	r.typical = centre{make([]int32, len(r.cats)), make([]float64, len(r.nums))}
	r.counts = make([][]int, max(r.k, 1)*len(r.cats))
	for i := range r.counts {
		r.counts[i] = make([]int, r.rows.Columns[r.cats[i%len(r.cats)]].Codes)
	}
	r.move([]centre{r.typical}, all)
	r.density = make([]float64, r.rows.N)
	total := 0
	for _, w := range r.weight {
		total += w
	}
	for n := range r.cats {
		known := 0
		for _, c := range r.counts[n] {
			known += c
		}
		same := 0. // the chance that two rows agree
		for _, c := range r.counts[n] {
			share := float64(c) / float64(max(known, 1))
			same += float64(share * share)
		}
		r.neutral += float64(r.Gamma * float64(float64(total-known)*(1-same)))
		for i := range r.density {
			if c := r.codes[i*len(r.cats)+n]; c == Missing {
				r.density[i] += same
			} else {
				r.density[i] += float64(r.counts[n][c]) / float64(max(known, 1))
			}
		}
	}
	for n, j := range r.nums {
		_, sd := moments(r.rows, r.weight, j)
		sd *= r.scale[n]
		for i, w := range r.weight {
			if x := r.x[i*len(r.nums)+n]; x != x {
				r.neutral += float64(float64(w) * float64(sd*sd))
			}
		}
	}
	if len(r.cats) == 0 {
		for i := range r.density {
			r.density[i] = 1
		}
	}
}

// distance returns how far a row is from a centre, missing cells apart.
func (r *run) distance(i int, c *centre) float64 {
	m := len(r.cats)
	row, differ := r.codes[i*m:(i+1)*m], uint32(0)
	mode := c.codes[:len(row)]
	for j, code := range row {
		x := uint32(code ^ mode[j])
		differ += (x | -x) >> 31 // 1 unless equal, without a branch
	}
	return float64(r.Gamma*float64(int32(differ)-r.missing[i])) + r.squares(i, c)
}

// squares is the part of a distance that numbers make.
func (r *run) squares(i int, c *centre) (sum float64) {
	n := len(r.nums)
	for j, x := range r.x[i*n : (i+1)*n] {
		if x == x {
			off := x - c.x[j]
			sum += float64(off * off)
		}
	}
	return sum
}
