package cluster

import (
	"math"
	"slices"
)

// leastGain is what a swap must gain a row to be made.
const leastGain = 1e-12

// Medoids picks the k rows that stand for clusters, and gives each row the nearest one:
// BUILD, then the best swap until none gains (Kaufman and Rousseeuw, 1990). Swaps are
// searched by FastPAM1 (Schubert and Rousseeuw, 2019), which finds what the textbook finds
// with one look at each pair for all k medoids. The medoids come in the order of rows.
func Medoids(d [][]float64, k int, weight []int) (medoids, labels []int, cost float64) {
	m := &search{d: d, weight: weight, near: make([]int, len(d)), first: make([]float64, len(d)), second: make([]float64, len(d))}
	for _, w := range weight {
		m.total += float64(w)
	}
	m.build(k)
	for m.swap() {
	}
	slices.Sort(m.medoids)
	m.survey()
	labels = m.near
	for i, w := range weight {
		if w == 0 {
			labels[i] = Missing
			continue
		}
		cost += float64(float64(w) * m.first[i])
	}
	return m.medoids, labels, cost / m.total
}

// A search is the work on one set of weights.
type search struct {
	d             [][]float64
	weight        []int
	total         float64
	medoids       []int
	near          []int     // by row: its medoid's place
	first, second []float64 // by row: distances to the nearest medoid and to the next
}

// build adds the row that brings all rows nearest, the last of equal ones as R does,
// until there are k.
func (m *search) build(k int) {
	for i := range m.first {
		m.first[i] = math.Inf(1)
	}
	for len(m.medoids) < k {
		best, least := -1, math.Inf(1)
		for h, w := range m.weight {
			if w == 0 || slices.Contains(m.medoids, h) {
				continue
			}
			cost := 0.
			for j, d := range m.d[h] {
				cost += float64(float64(m.weight[j]) * min(d, m.first[j]))
			}
			if cost <= least+leastGain {
				best, least = h, min(cost, least)
			}
		}
		m.medoids = append(m.medoids, best)
		for j, d := range m.d[best] {
			m.first[j] = min(m.first[j], d)
		}
	}
	m.survey()
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
		m.first[j] = max(m.first[j], 0)
	}
}

// swap makes the swap that gains most, the first row's and first medoid's of equal ones.
func (m *search) swap() bool {
	row, place, best := -1, -1, -leastGain*m.total
	change := make([]float64, len(m.medoids))
	for h, w := range m.weight {
		if w == 0 || slices.Contains(m.medoids, h) {
			continue
		}
		clear(change)
		all := 0. // what every swap with h changes
		for j, d := range m.d[h] {
			w := float64(m.weight[j])
			if d < m.first[j] {
				all += float64(w * (d - m.first[j]))
			} else if d < m.second[j] {
				change[m.near[j]] += float64(w * (d - m.first[j]))
			} else {
				change[m.near[j]] += float64(w * (m.second[j] - m.first[j]))
			}
		}
		for c := range change {
			if change[c]+all < best-leastGain {
				row, place, best = h, c, change[c]+all
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
