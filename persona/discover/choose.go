package discover

import (
	"cmp"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

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
// not do as well: up to 500 rows are asked. It works on all processors, seconds for
// hundreds of rows, minutes for thousands. The error is [ErrTooLarge] above MaxRows, or
// [ErrK] for a table without rows.
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
	best, whole, stability := -1., divide(g.weight), g.stability(divide, o.Seed)
	for k := 2; k <= min(mostK, g.N); k++ {
		_, s := cluster.Silhouette(d.Row, whole(k).Labels, k, g.weight)
		a := Candidate{k, s, stability[k]}
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

// stability divides pairs of subsamples into each number of clusters, and compares what
// they say of common rows.
func (g *grid) stability(divide divider, seed uint64) (mean [mostK + 1]float64) {
	rows := g.each()
	var agreement [pairs][mostK + 1]float64
	spread(pairs, func(pair int) func() {
		return func() {
			r := rand.New(rand.NewPCG(seed, streamPairs+uint64(pair)))
			var into [2]func(k int) cluster.Partition
			var distinct [2]int
			common := make([]int, g.N)
			in := make([]bool, len(rows))
			for half := range into {
				weight := make([]int, g.N)
				for _, place := range r.Perm(len(rows))[:len(rows)*4/5] {
					weight[rows[place]]++
					if half == 0 {
						in[place] = true
					} else if in[place] {
						common[rows[place]]++
					}
				}
				for _, w := range weight {
					distinct[half] += min(w, 1)
				}
				into[half] = divide(weight)
			}
			for k := 2; k <= min(mostK, g.N); k++ {
				agreement[pair][k] = cluster.AdjustedRand(into[0](min(k, distinct[0])).Labels, into[1](min(k, distinct[1])).Labels, common)
			}
		}
	})
	for k := range mean {
		for _, a := range agreement {
			mean[k] += a[k]
		}
		mean[k] /= pairs
	}
	return mean
}

// spread does n works on all processors; each is made ready in turn.
func spread(n int, ready func(i int) (work func())) {
	var all sync.WaitGroup
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range n {
		room <- struct{}{}
		work := ready(i)
		all.Go(func() {
			work()
			<-room
		})
	}
	all.Wait()
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
	var theirs [permuted]float64
	spread(permuted, func(table int) func() {
		r := rand.New(rand.NewPCG(seed, streamTables+uint64(table)))
		for j := range g.columns {
			r.Shuffle(len(codes), func(a, b int) { codes[a][j], codes[b][j] = codes[b][j], codes[a][j] })
		}
		shuffled := g.with(codes)
		return func() { theirs[table] = shuffled.greatest(m) }
	})
	as := 1
	for _, s := range theirs {
		if s >= ours {
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
	best, into := -1., divide(g.weight)
	for k := 2; k <= min(mostK, g.N); k++ {
		_, s := cluster.Silhouette(d.Row, into(k).Labels, k, g.weight)
		best = max(best, s)
	}
	return best
}
