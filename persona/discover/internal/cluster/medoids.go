package cluster

import (
	"math"
	"slices"
)

// equal is how far apart two mean distances may be and count as equal.
const equal = 1e-12

// Medoids divide rows around some of them: BUILD, then the best swap until none gains
// (Kaufman and Rousseeuw, 1990). Swaps are searched by FastPAM1 (Schubert and Rousseeuw,
// 2019), which finds what the textbook finds with one look at each pair for all medoids.
// One goroutine may use them.
type Medoids struct {
	d            [][]float64
	weight       []float64
	total, equal float64 // sum of weights; how far apart equal sums may be

	built []int     // the medoids of BUILD, as far as they were asked for
	gain  []float64 // by row: twice what it would gain as the next one
	off   []float64 // by row: the distance to the nearest of built, 1 at first
}

// NewMedoids prepares rows with weights. Distances are at most 1.
func NewMedoids(d [][]float64, weight []int) *Medoids {
	m := &Medoids{d: d, weight: make([]float64, len(d)), gain: make([]float64, len(d)), off: slices.Repeat([]float64{1}, len(d))}
	for i, w := range weight {
		m.weight[i] = float64(w)
		m.total += m.weight[i]
	}
	m.equal = float64(equal * m.total)
	for h := range m.gain {
		sum := 0.
		for j, d := range d[h] {
			sum += float64(m.weight[j] * (1 - d))
		}
		m.gain[h] = 2 * sum
	}
	return m
}

// Divide picks the k rows that stand for clusters, and gives each row the nearest one. The
// medoids come in the order of rows; costs are the mean distance after BUILD and each swap.
func (m *Medoids) Divide(k int) (medoids, labels []int, costs []float64) {
	m.build(k)
	n := len(m.d)
	s := &search{Medoids: m, medoids: slices.Clone(m.built[:k]), near: make([]int, n), first: make([]float64, n), second: make([]float64, n)}
	s.survey()
	for costs = append(costs, s.cost()); s.swap(); costs = append(costs, s.cost()) {
	}
	slices.Sort(s.medoids)
	s.survey()
	for i, w := range m.weight {
		if w == 0 {
			s.near[i] = Missing
		}
	}
	return s.medoids, s.near, costs
}

// A search is the work on one number of medoids.
type search struct {
	*Medoids
	medoids       []int
	near          []int     // by row: its medoid's place
	first, second []float64 // by row: distances to the nearest medoid and to the next
}

// build adds the row that brings all rows nearest, the last of equal ones as R does,
// until there are k. What a row would gain is kept up to date: after each step only for
// the rows that have come nearer.
func (m *Medoids) build(k int) {
	gain, off := m.gain, m.off
	for len(m.built) < k {
		best, most := -1, 0.
		for h, w := range m.weight {
			if w > 0 && gain[h] >= most-m.equal && !slices.Contains(m.built, h) {
				best, most = h, max(gain[h], most)
			}
		}
		m.built = append(m.built, best)
		for j, now := range m.d[best] {
			was, w := off[j], m.weight[j]
			if now >= was || w == 0 {
				continue
			}
			off[j] = now
			for h, d := range m.d[j][:len(gain)] {
				x, y := now-d, was-d // 0 if negative, else twice, without a branch
				gain[h] += float64(w * ((x + math.Abs(x)) - (y + math.Abs(y))))
			}
		}
	}
}

// survey finds each row's nearest medoid and the next; a medoid is its own.
func (m *search) survey() {
	for j := range m.near {
		m.near[j], m.first[j], m.second[j] = 0, math.Inf(1), math.Inf(1)
		for c, medoid := range m.medoids {
			d := m.d[medoid][j]
			if medoid == j {
				d = -1
			}
			switch {
			case d < m.first[j]:
				m.near[j], m.first[j], m.second[j] = c, d, m.first[j]
			case d < m.second[j]:
				m.second[j] = d
			}
		}
		m.first[j], m.second[j] = max(m.first[j], 0), min(m.second[j], 1)
	}
}

func (m *search) cost() float64 {
	sum := 0.
	for j, first := range m.first {
		sum += float64(m.weight[j] * first)
	}
	return sum / m.total
}

// A member is a row of a cluster.
type member struct {
	row                   int
	weight, first, second float64
}

// swap makes the swap that gains most, the first row's and first medoid's of equal ones.
func (m *search) swap() bool {
	members := make([][]member, len(m.medoids))
	loss := make([]float64, len(m.medoids)) // by medoid, if its rows went to the next one
	for j, c := range m.near {
		if w := m.weight[j]; w > 0 {
			members[c] = append(members[c], member{j, w, m.first[j], m.second[j]})
			loss[c] += float64(w * (m.second[j] - m.first[j]))
		}
	}
	row, place, best := -1, -1, -m.equal
	change := make([]float64, len(m.medoids))
	for h, w := range m.weight {
		if w == 0 || slices.Contains(m.medoids, h) {
			continue
		}
		d, all := m.d[h], 0. // all is what every swap with h gains
		for c, rows := range members {
			var own, shared float64 // twice what x⁺ − y⁺ and y⁺ add up to, without a branch
			for i := range rows {
				r := &rows[i]
				x, y := r.second-d[r.row], r.first-d[r.row]
				y += math.Abs(y)
				own += float64(r.weight * (x + math.Abs(x) - y))
				shared += float64(r.weight * y)
			}
			change[c] = loss[c] - own/2
			all += shared / 2
		}
		for c := range change {
			if change[c]-all < best-m.equal {
				row, place, best = h, c, change[c]-all
			}
		}
	}
	if row < 0 {
		return false
	}
	m.medoids[place] = row
	m.survey()
	return true
}
