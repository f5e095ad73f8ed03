package discover

import (
	"cmp"
	"slices"

	"github.com/tabi-go/tabi/persona/discover/internal/cluster"
	"github.com/tabi-go/tabi/persona/discover/internal/record"
)

// unknown is the distinct row of a row of which nothing is known, and its label.
const unknown = -1

// A grid is the distinct rows of a table, in the order of their values.
type grid struct {
	*cluster.Rows
	columns []gridColumn // that are not dropped
	dropped []string
	weight  []int // how many rows are like this
	won     []int
	lost    []int
	n       int   // rows used
	of      []int // by row of the table its distinct row, unknown if nothing is known of it
}

// A gridColumn has its values by code, in their order.
type gridColumn struct {
	Column
	values []record.Value
}

// grid orders values and rows, so that nothing depends on how they came. If nominal, all
// columns are taken as nominal.
func (t *Table) grid(nominal bool) *grid {
	a := arranged{rows: t.rows}
	for i, row := range t.rows {
		a.codes = append(a.codes, slices.Clone(row.codes))
		a.order = append(a.order, i)
	}
	g := &grid{Rows: &cluster.Rows{}}
	for j, c := range t.columns {
		if nominal {
			c.Scale = Nominal
		}
		column, values := a.arrange(j, &c)
		g.columns, g.Columns = append(g.columns, column), append(g.Columns, values)
	}
	slices.SortFunc(a.order, a.compare)
	again := make([]bool, len(t.rows)) // the same row under the same ID
	for p, i := range a.order {
		again[i] = p > 0 && t.rows[i].id != "" && a.compare(a.order[p-1], i) == 0
	}
	g.drop(&a, again)
	slices.SortFunc(a.order, a.compare)
	g.collapse(&a, again)
	return g
}

// An arranged table has the places of values as codes.
type arranged struct {
	rows  []tableRow
	codes [][]int32
	order []int // of rows
}

// arrange sorts the values of a column.
func (a *arranged) arrange(j int, c *tableColumn) (gridColumn, cluster.Column) {
	values := c.sorted()
	place, ranks := make([]int32, len(values)), make([]float64, len(values))
	for p, v := range values {
		place[c.codes[v]] = int32(p)
		ranks[p], _ = c.rank(v)
	}
	for _, row := range a.codes {
		if row[j] != cluster.Missing {
			row[j] = place[row[j]]
		}
	}
	return gridColumn{c.Column, values}, cluster.Column{Number: c.Scale == Numeric || c.Scale == Ordinal, Asymmetric: c.Scale == Asymmetric,
		Values: ranks, Codes: len(place), Weight: c.Weight}
}

func (a *arranged) compare(x, y int) int {
	p, q := &a.rows[x], &a.rows[y]
	return cmp.Or(slices.Compare(a.codes[x], a.codes[y]), cmp.Compare(p.id, q.id), cmp.Compare(p.outcome, q.outcome))
}

// drop leaves out the columns of which more than half is missing.
func (g *grid) drop(a *arranged, again []bool) {
	kept := 0
	for j, c := range g.columns {
		missing, rows := 0, 0
		for i, row := range a.codes {
			row[kept] = row[j]
			if !again[i] {
				rows++
				if row[j] == cluster.Missing {
					missing++
				}
			}
		}
		if 2*missing > rows {
			g.dropped = append(g.dropped, c.Name)
			continue
		}
		g.columns[kept], g.Columns[kept] = c, g.Columns[j]
		kept++
	}
	g.columns, g.Columns = g.columns[:kept], g.Columns[:kept]
	for i := range a.codes {
		a.codes[i] = a.codes[i][:kept]
	}
}

// collapse counts equal rows. Those of which nothing is known are left out.
func (g *grid) collapse(a *arranged, again []bool) {
	g.of = make([]int, len(a.rows))
	for _, i := range a.order {
		row := a.codes[i]
		if g.of[i] = unknown; !slices.ContainsFunc(row, func(c int32) bool { return c != cluster.Missing }) {
			continue
		}
		n := 1
		if again[i] {
			n = 0
		}
		g.of[i] = g.add(row, n)
		switch a.rows[i].outcome {
		case Won:
			g.won[g.of[i]] += n
		case Lost:
			g.lost[g.of[i]] += n
		}
	}
}

// add adds a row n times and returns its distinct row; rows come in their order.
func (g *grid) add(row []int32, n int) int {
	if g.N == 0 || !slices.Equal(g.Row(g.N-1), row) {
		g.N++
		g.Codes = append(g.Codes, row...)
		g.weight, g.won, g.lost = append(g.weight, 0), append(g.won, 0), append(g.lost, 0)
	}
	g.n += n
	g.weight[g.N-1] += n
	return g.N - 1
}
