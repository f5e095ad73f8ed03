package discover

import (
	"math"

	"github.com/tabi-go/tabi/persona/discover/internal/cluster"
)

// A Method divides a table into clusters: [KModes], [KPrototypes] or [PAM].
type Method interface {
	// Fit divides the table into the method's K clusters. The error is ErrK or ErrTooLarge.
	Fit(t *Table) (*Result, error)

	// sort says whether all columns are nominal, and whether it looks at all pairs.
	sort() (nominal, allPairs bool)
	// prepare returns the method on a grid.
	prepare(g *grid, d *cluster.Distances) (divide divider, gamma float64)
}

// A divider divides the rows that have weights into any number of clusters. Many goroutines
// may call it, but one each what it returns.
type divider = func(weight []int) (into func(k int) cluster.Partition)

// KModes divides rows by the number of columns in which they differ from the mode of
// their cluster (Huang, 1998). All columns are taken as nominal. Rows are assigned all at
// once, so that their order does not matter. A missing cell costs 1 − Σp² of its column,
// whatever the mode.
type KModes struct {
	K      int    // clusters
	Starts int    // seeded starts beside that of Cao, Liang and Bai (2009); 0: 20, negative: none
	Seed   uint64 // of the generator PCG(seed, number of the start)
}

// KPrototypes divides rows by squared differences of numbers and, times γ, the number of
// other cells that differ (Huang, 1998). γ is half the mean standard deviation of the
// numbers. Ordinal columns count as numbers.
type KPrototypes struct {
	K      int
	Starts int // as in KModes
	Seed   uint64
	Raw    bool // take numbers as they are, not as z-scores
}

// PAM divides rows around k of them by Gower's distance, with BUILD and best swaps
// (Kaufman and Rousseeuw, 1990), searched as in FastPAM1 (Schubert and Rousseeuw, 2019).
// It uses no random numbers and takes up to MaxRows rows.
type PAM struct {
	K int
}

// Fit divides the table.
func (m KModes) Fit(t *Table) (*Result, error) { return fit(t, m, m.K) }

// Fit divides the table.
func (m KPrototypes) Fit(t *Table) (*Result, error) { return fit(t, m, m.K) }

// Fit divides the table.
func (m PAM) Fit(t *Table) (*Result, error) { return fit(t, m, m.K) }

func (KModes) sort() (nominal, allPairs bool)      { return true, false }
func (KPrototypes) sort() (nominal, allPairs bool) { return false, false }
func (PAM) sort() (nominal, allPairs bool)         { return false, true }

func (m KModes) prepare(g *grid, _ *cluster.Distances) (divider, float64) {
	return prototypes(g, m.Starts, m.Seed, true)
}

func (m KPrototypes) prepare(g *grid, _ *cluster.Distances) (divider, float64) {
	return prototypes(g, m.Starts, m.Seed, m.Raw)
}

func prototypes(g *grid, starts int, seed uint64, raw bool) (divider, float64) {
	if starts == 0 {
		starts = 20
	}
	p := cluster.NewPrototypes(g.Rows, g.weight, raw)
	return func(weight []int) func(int) cluster.Partition {
		return func(k int) cluster.Partition { return p.Divide(k, max(starts, 0), seed, weight) }
	}, p.Gamma
}

func (PAM) prepare(g *grid, d *cluster.Distances) (divider, float64) {
	all := d.Matrix()
	return func(weight []int) func(int) cluster.Partition {
		around := cluster.NewMedoids(all, weight)
		return func(k int) cluster.Partition {
			medoids, labels, costs := around.Divide(k)
			p := cluster.Partition{Labels: labels, Costs: costs}
			for _, row := range medoids {
				c := cluster.Centre{Codes: g.Row(row), Numbers: make([]float64, len(g.columns))}
				for j, code := range c.Codes {
					if c.Numbers[j] = math.NaN(); code != cluster.Missing {
						c.Numbers[j] = g.Columns[j].Values[code]
					}
				}
				p.Centres = append(p.Centres, c)
			}
			return p
		}
	}, 0
}

// Distances returns Gower's distance of each two rows of a table of up to [MaxRows]. Rows
// of which nothing is known are 1 from all others. The error is [ErrTooLarge].
func Distances(t *Table) ([][]float64, error) {
	if t.Len() > MaxRows {
		return nil, ErrTooLarge
	}
	g := t.grid(false)
	d := cluster.NewDistances(g.Rows).Matrix()
	out := make([][]float64, t.Len())
	for i, a := range g.of {
		out[i] = make([]float64, t.Len())
		for j, b := range g.of {
			switch {
			case i == j:
			case a == unknown || b == unknown:
				out[i][j] = 1
			default:
				out[i][j] = d[a][b]
			}
		}
	}
	return out, nil
}
