package discover

import (
	"cmp"
	"math"
	"slices"

	"github.com/tabi-go/tabi/persona/discover/internal/cluster"
)

// A Result is a division of a table. Clusters are numbered by falling size, then by
// centre.
type Result struct {
	K       int
	Rows    int      // used; a row that came twice under one ID counts once
	Skipped int      // of which nothing is known
	Dropped []string // columns of which more than half is missing
	Columns []string // the others
	Labels  []int    // by row, in the order they were added; −1 for a skipped one
	// Silhouettes say how well each row fits in, from −1 to 1, by Gower's distance, and
	// Silhouette is their mean. Nil and NaN where there are more than MaxRows distinct rows.
	Silhouettes []float64
	Silhouette  float64
	// Cost is what the method minimises: mismatches of KModes, squared differences and γ
	// times mismatches of KPrototypes, the mean distance to the medoid of PAM.
	Cost  float64
	Costs []float64 // of the best start, after each step; they never rise
	Start int       // the best start
	Gamma float64   // γ of KPrototypes
	// Incomparable counts the pairs of distinct rows that know no column in common, which
	// PAM takes as 1 apart.
	Incomparable int
	Clusters     []Cluster
}

// fit divides a table by a method.
func fit(t *Table, m Method, k int) (*Result, error) {
	nominal, allPairs := m.sort()
	g := t.grid(nominal)
	switch {
	case allPairs && g.n > MaxRows:
		return nil, ErrTooLarge
	case k < 1 || k > g.N:
		return nil, ErrK
	}
	d := cluster.NewDistances(g.Rows)
	divide, gamma := m.prepare(g, d)
	p := divide(g.weight)(k)
	g.rank(&p)
	r := &Result{K: k, Rows: g.n, Dropped: g.dropped, Labels: make([]int, len(g.of)), Silhouette: math.NaN(),
		Cost: p.Cost(), Costs: p.Costs, Start: p.Start, Gamma: gamma, Incomparable: d.Apart}
	for _, c := range g.columns {
		r.Columns = append(r.Columns, c.Name)
	}
	var each []float64
	if g.N <= MaxRows {
		each, r.Silhouette = cluster.Silhouette(d.Row, p.Labels, k, g.weight)
		r.Silhouettes = make([]float64, len(g.of))
	}
	for i, row := range g.of {
		if r.Labels[i] = unknown; row == unknown {
			r.Skipped++
			continue
		}
		if r.Labels[i] = p.Labels[row]; each != nil {
			r.Silhouettes[i] = each[row]
		}
	}
	for c := range p.Centres {
		r.Clusters = append(r.Clusters, g.cluster(&p, c))
	}
	return r, nil
}

// rank numbers the clusters by size and centre.
func (g *grid) rank(p *cluster.Partition) {
	size := make([]int, len(p.Centres))
	for i, l := range p.Labels {
		size[l] += g.weight[i]
	}
	order := make([]int, len(size))
	for c := range order {
		order[c] = c
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := p.Centres[a], p.Centres[b]
		by := cmp.Compare(size[b], size[a])
		for j := 0; j < len(g.columns) && by == 0; j++ {
			by = cmp.Or(cmp.Compare(x.Numbers[j], y.Numbers[j]), cmp.Compare(x.Codes[j], y.Codes[j]))
		}
		return by
	})
	centres, place := make([]cluster.Centre, len(order)), make([]int, len(order))
	for c, old := range order {
		centres[c], place[old] = p.Centres[old], c
	}
	p.Centres = centres
	for i, l := range p.Labels {
		p.Labels[i] = place[l]
	}
}
