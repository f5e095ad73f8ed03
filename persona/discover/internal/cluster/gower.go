package cluster

import "math"

// gower measures the distance between rows by Gower's coefficient (1971): the mean over
// the columns that both rows know of the difference over the range, or of 0 for equal
// and 1 for other values. Where both rows are 0 in an asymmetric column it does not
// count. Rows without a common column are 1 apart.
type gower struct {
	n       int
	base    float64 // weight of the columns that always count
	columns []gowerColumn
	sum     []float64 // scratch
	known   []float64
}

// A gowerColumn is a column of numbers over their range or of codes.
type gowerColumn struct {
	weight    float64
	partial   bool // does not always count
	x         []float64
	codes     []int32
	asymmetry []bool // is 0, of an asymmetric column
}

// newGower prepares rows.
func newGower(rows *Rows) *gower {
	g := &gower{n: rows.N, sum: make([]float64, rows.N), known: make([]float64, rows.N)}
	for j, c := range rows.Columns {
		col := gowerColumn{weight: c.Weight, partial: c.Asymmetric}
		low, high := math.Inf(1), math.Inf(-1)
		for i := range rows.N {
			code := rows.Row(i)[j]
			col.partial = col.partial || code == Missing
			switch {
			case c.Number:
				x := rows.number(i, j)
				col.x = append(col.x, x)
				if x == x {
					low, high = min(low, x), max(high, x)
				}
			case c.Asymmetric:
				col.asymmetry = append(col.asymmetry, code != Missing && c.Values[code] == 0)
				fallthrough
			default:
				col.codes = append(col.codes, code)
			}
		}
		for i := range col.x {
			if high > low {
				col.x[i] /= high - low
			} else {
				col.x[i] -= low // all equal
			}
		}
		if !col.partial {
			g.base += col.weight
		}
		g.columns = append(g.columns, col)
	}
	return g
}

// row writes the distances of row i to all rows, and returns how many of the others it
// has no column in common with.
func (g *gower) row(i int, out []float64) (apart int) {
	clear(g.sum)
	clear(g.known)
	for k := range g.columns {
		g.columns[k].add(i, g.sum, g.known)
	}
	for j := range out {
		known := g.base + g.known[j]
		switch {
		case j == i:
			out[j] = 0
		case known > 0:
			out[j] = g.sum[j] / known
		default:
			out[j] = 1
			apart++
		}
	}
	return apart
}

// add adds the column's differences of row i and all rows, and where it counts.
func (c *gowerColumn) add(i int, sum, known []float64) {
	switch {
	case c.x != nil && !c.partial:
		x := c.x[i]
		for j, y := range c.x[:len(sum)] {
			sum[j] += float64(math.Abs(x-y) * c.weight)
		}
	case c.x != nil:
		x := c.x[i]
		for j, y := range c.x[:len(sum)] {
			if d := math.Abs(x - y); d == d {
				sum[j] += float64(d * c.weight)
				known[j] += c.weight
			}
		}
	default:
		code := c.codes[i]
		if code == Missing {
			return
		}
		nothing := c.asymmetry != nil && c.asymmetry[i]
		for j, other := range c.codes[:len(sum)] {
			if c.partial && (other == Missing || nothing && c.asymmetry[j]) {
				continue
			}
			x := uint32(code ^ other)
			sum[j] += float64(float64(int32((x|-x)>>31)) * c.weight) // 1 unless equal, without a branch
			if c.partial {
				known[j] += c.weight
			}
		}
	}
}
