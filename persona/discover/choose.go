package discover

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/tabi-go/tabi/persona/discover/internal/cluster"
)

// ChooseOptions say how [ChooseK] works. Nil and zero fields are defaults.
type ChooseOptions struct {
	Method Method // its K does not matter; default PAM
	Seed   uint64 // of subsamples and permutations
}

// A Choice is a number of clusters and what speaks for it.
type Choice struct {
	// K is 1 if the table has no structure: its columns hang together no more than by
	// chance, or no division is stable.
	K int
	// P is the chance that columns which have nothing to do with each other give as great
	// a silhouette. Above 0.05, K is 1.
	P          float64
	Candidates []Candidate
	Result     *Result // with K clusters
}

// A Candidate is a number of clusters that was tried.
type Candidate struct {
	K          int
	Silhouette float64
	Stability  float64 // mean adjusted Rand index of 25 pairs of subsamples of 80 %
}

const (
	mostK       = 8
	pairs       = 25
	permuted    = 99
	leastStable = .6
	sampled     = 500 // rows of the test for structure
)

// Streams of the generator PCG(seed, stream + number); starts have those below.
const (
	streamPairs = (iota + 1) << 32
	streamSample
	streamTables
)

// ChooseK tries 2 to 8 clusters and takes the number with the greatest silhouette among
// those that come out alike on other rows of the same table: at least 0.6 of [Candidate]
// Stability. But first, 99 tables with the same columns, each shuffled on its own, must
// not do as well: up to 500 rows are asked. It takes seconds for hundreds of rows, minutes
// for thousands. The error is [ErrTooLarge] above MaxRows, or [ErrK] for a table without
// rows.
func ChooseK(t *Table, o *ChooseOptions) (*Choice, error) {
	if o == nil {
		o = &ChooseOptions{}
	}
	m := cmp.Or[Method](o.Method, PAM{})
	nominal, _ := m.sort()
	g := t.grid(nominal)
	switch {
	case g.n > MaxRows:
		return nil, ErrTooLarge
	case g.N == 0:
		return nil, ErrK
	}
	c := &Choice{K: 1, P: g.structure(m, o.Seed)}
	d := cluster.NewDistances(g.Rows)
	d.Matrix()
	divide, _ := m.prepare(g, d)
	rows := g.each()
	best := -1.
	for k := 2; k <= min(mostK, g.N); k++ {
		p := divide(k, g.weight)
		_, s := cluster.Silhouette(d.Row, p.Labels, k, g.weight)
		a := Candidate{k, s, g.stability(divide, rows, k, o.Seed)}
		c.Candidates = append(c.Candidates, a)
		if a.Stability >= leastStable && a.Silhouette > best && c.P <= .05 {
			c.K, best = k, s
		}
	}
	var err error
	c.Result, err = fit(t, m, c.K)
	return c, err
}

// each returns the distinct row of each row that is used.
func (g *grid) each() []int {
	var rows []int
	for i, w := range g.weight {
		for range w {
			rows = append(rows, i)
		}
	}
	return rows
}

// stability divides pairs of subsamples and compares what they say of common rows.
func (g *grid) stability(divide divider, rows []int, k int, seed uint64) float64 {
	sum := 0.
	for pair := range pairs {
		r := rand.New(rand.NewPCG(seed, streamPairs+uint64(pair)))
		var labels [2][]int
		common := make([]int, g.N)
		in := make([]bool, len(rows))
		for half := range labels {
			weight := make([]int, g.N)
			for _, place := range r.Perm(len(rows))[:len(rows)*4/5] {
				weight[rows[place]]++
				if half == 0 {
					in[place] = true
				} else if in[place] {
					common[rows[place]]++
				}
			}
			distinct := 0
			for _, w := range weight {
				distinct += min(w, 1)
			}
			if distinct == 0 {
				return 0
			}
			labels[half] = divide(min(k, distinct), weight).Labels
		}
		sum += cluster.AdjustedRand(labels[0], labels[1], common)
	}
	return sum / pairs
}

// structure is the share of tables of independent columns with as great a silhouette.
func (g *grid) structure(m Method, seed uint64) float64 {
	rows := g.each()
	if len(rows) > sampled {
		r := rand.New(rand.NewPCG(seed, streamSample))
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		rows = rows[:sampled]
	}
	codes := make([][]int32, len(rows))
	for i, row := range rows {
		codes[i] = slices.Clone(g.Row(row))
	}
	ours := g.with(codes).greatest(m)
	as := 1
	for table := range permuted {
		r := rand.New(rand.NewPCG(seed, streamTables+uint64(table)))
		for j := range g.columns {
			r.Shuffle(len(codes), func(a, b int) { codes[a][j], codes[b][j] = codes[b][j], codes[a][j] })
		}
		if g.with(codes).greatest(m) >= ours {
			as++
		}
	}
	return float64(as) / (1 + permuted)
}

// with returns a grid of the same columns and other rows.
func (g *grid) with(codes [][]int32) *grid {
	out := &grid{Rows: &cluster.Rows{Columns: g.Columns}, columns: g.columns}
	for _, row := range slices.SortedFunc(slices.Values(codes), slices.Compare[[]int32]) {
		out.add(row, 1)
	}
	return out
}

// greatest is the greatest silhouette over all numbers of clusters.
func (g *grid) greatest(m Method) float64 {
	d := cluster.NewDistances(g.Rows)
	d.Matrix()
	divide, _ := m.prepare(g, d)
	best := -1.
	for k := 2; k <= min(mostK, g.N); k++ {
		_, s := cluster.Silhouette(d.Row, divide(k, g.weight).Labels, k, g.weight)
		best = max(best, s)
	}
	return best
}
