package discover

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/tabi-go/tabi/persona/discover/internal/cluster"
	"github.com/tabi-go/tabi/persona/discover/internal/record"
)

// A Scale says how the values of a column are compared. The zero Scale is Nominal.
type Scale uint8

// The scales.
const (
	Nominal    Scale = iota // equal or not
	Numeric                 // by difference
	Ordinal                 // by the difference of ranks
	Asymmetric              // 0 or 1, where two zeros say nothing about each other
)

// A Column names the cells of rows and says how they are compared.
type Column struct {
	Name   string
	Scale  Scale
	Levels []string // of an Ordinal, from low to high; none: the cells are rank numbers
	Weight float64  // in Gower's distance; 0 means 1
}

// A Table is rows to be divided into clusters. Fill it by one goroutine; then any number
// may use it.
type Table struct {
	columns []tableColumn
	index   map[string]int
	rows    []tableRow
}

type tableColumn struct {
	Column
	codes  map[record.Value]int32
	values []record.Value // by code
}

type tableRow struct {
	id      string
	outcome Outcome
	codes   []int32
}

// NewTable makes a table of columns of different names. The error is a [*CellError].
func NewTable(columns ...Column) (*Table, error) {
	t := &Table{index: map[string]int{}}
	if len(columns) > MaxColumns {
		return nil, &CellError{"", "too many columns"}
	}
	for i, c := range columns {
		if c.Weight == 0 {
			c.Weight = 1
		}
		_, twice := t.index[c.Name]
		switch {
		case c.Name == "" || len(c.Name) > record.MaxText || twice:
			return nil, &CellError{"", "a column has no name, too long a name, or that of another"}
		case c.Scale > Asymmetric || !(c.Weight > 0) || math.IsInf(c.Weight, 1):
			return nil, &CellError{c.Name, "no such scale or weight"}
		}
		t.index[c.Name] = i
		t.columns = append(t.columns, tableColumn{Column: c, codes: map[record.Value]int32{}})
	}
	return t, nil
}

// Len returns how many rows were added.
func (t *Table) Len() int { return len(t.rows) }

// Add adds a row. Cells without a column are left out, columns without a cell are
// unknown. A numeric range counts by its middle, one without top by its foot. The error
// is a [*CellError]; the table is then unchanged.
func (t *Table) Add(r Row) error {
	kept, err := r.record()
	if err != nil {
		return err
	}
	values := make([]*record.Value, len(t.columns))
	for _, c := range kept.Cells {
		j, ok := t.index[c.Name]
		if !ok {
			continue
		}
		v := c.Value
		if v.Form == record.Number {
			v = record.Value{Form: record.Number, Lo: v.Middle(), Hi: v.Middle()}
		}
		if _, ok := t.columns[j].rank(v); !ok {
			return &CellError{c.Name, "no value of the column's scale"}
		}
		values[j] = &v
	}
	row := tableRow{r.ID, r.Outcome, make([]int32, len(t.columns))}
	for j, v := range values {
		row.codes[j] = cluster.Missing
		if v != nil {
			row.codes[j] = t.columns[j].code(*v)
		}
	}
	t.rows = append(t.rows, row)
	return nil
}

func (c *tableColumn) code(v record.Value) int32 {
	code, ok := c.codes[v]
	if !ok {
		code = int32(len(c.values))
		c.codes[v] = code
		c.values = append(c.values, v)
	}
	return code
}

// rank is the number by which the scale compares a value, 0 on a nominal one.
func (c *tableColumn) rank(v record.Value) (x float64, ok bool) {
	switch {
	case c.Scale == Nominal:
		return 0, true
	case c.Scale == Ordinal && len(c.Levels) > 0:
		i := slices.Index(c.Levels, v.Persona().String())
		return float64(i + 1), i >= 0
	case c.Scale == Asymmetric && v.Form >= record.False:
		return float64(v.Form - record.False), true
	case c.Scale == Asymmetric && v.Form == record.Text:
		x, err := strconv.ParseFloat(v.Text, 64)
		return x, err == nil && (x == 0 || x == 1)
	case c.Scale == Asymmetric:
		return v.Lo, v.Lo == 0 || v.Lo == 1
	}
	return v.Lo, v.Form == record.Number
}

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
	g := &grid{Rows: &cluster.Rows{}, of: make([]int, len(t.rows))}
	codes := make([][]int32, len(t.rows)) // by the order of values
	for i := range t.rows {
		codes[i] = slices.Clone(t.rows[i].codes)
		g.of[i] = unknown
	}
	order := make([]int, len(t.rows))
	for i := range order {
		order[i] = i
	}
	columns := make([]gridColumn, len(t.columns))
	ranks := make([][]float64, len(t.columns))
	for j, c := range t.columns {
		if nominal {
			c.Scale = Nominal
		}
		place := c.order()
		columns[j] = gridColumn{c.Column, make([]record.Value, len(place))}
		ranks[j] = make([]float64, len(place))
		for code, p := range place {
			columns[j].values[p] = c.values[code]
			ranks[j][p], _ = c.rank(c.values[code])
		}
		for i := range codes {
			if code := codes[i][j]; code != cluster.Missing {
				codes[i][j] = place[code]
			}
		}
	}
	byValue := func(a, b int) int {
		return cmp.Or(slices.Compare(codes[a], codes[b]), cmp.Compare(t.rows[a].id, t.rows[b].id), cmp.Compare(t.rows[a].outcome, t.rows[b].outcome))
	}
	slices.SortFunc(order, byValue)
	again := make([]bool, len(t.rows)) // the same row under the same ID
	distinct := 0
	for p, i := range order {
		again[i] = p > 0 && t.rows[i].id != "" && byValue(order[p-1], i) == 0
		if !again[i] {
			distinct++
		}
	}
	var keep []int
	for j, c := range columns {
		missing := 0
		for i := range codes {
			if codes[i][j] == cluster.Missing && !again[i] {
				missing++
			}
		}
		if 2*missing > distinct {
			g.dropped = append(g.dropped, c.Name)
			continue
		}
		keep = append(keep, j)
		g.columns = append(g.columns, c)
		g.Columns = append(g.Columns, cluster.Column{
			Number: c.Scale == Numeric || c.Scale == Ordinal, Asymmetric: c.Scale == Asymmetric, Values: ranks[j], Codes: len(c.values), Weight: c.Weight,
		})
	}
	for i := range codes {
		for n, j := range keep {
			codes[i][n] = codes[i][j]
		}
		codes[i] = codes[i][:len(keep)]
	}
	slices.SortFunc(order, byValue)
	for p, i := range order {
		if !slices.ContainsFunc(codes[i], func(c int32) bool { return c != cluster.Missing }) {
			continue
		}
		if p == 0 || g.N == 0 || slices.Compare(codes[order[p-1]], codes[i]) != 0 {
			g.N++
			g.Codes = append(g.Codes, codes[i]...)
			g.weight, g.won, g.lost = append(g.weight, 0), append(g.won, 0), append(g.lost, 0)
		}
		g.of[i] = g.N - 1
		if again[i] {
			continue
		}
		g.n++
		g.weight[g.N-1]++
		switch t.rows[i].outcome {
		case Won:
			g.won[g.N-1]++
		case Lost:
			g.lost[g.N-1]++
		}
	}
	return g
}

// order returns the place of each code when values are sorted: by rank where the scale
// has one, else by text.
func (c *tableColumn) order() []int32 {
	codes := make([]int32, len(c.values))
	for i := range codes {
		codes[i] = int32(i)
	}
	slices.SortFunc(codes, func(a, b int32) int {
		x, _ := c.rank(c.values[a])
		y, _ := c.rank(c.values[b])
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(c.values[a].Persona().String(), c.values[b].Persona().String()), cmp.Compare(c.values[a].Form, c.values[b].Form))
	})
	place := make([]int32, len(codes))
	for p, code := range codes {
		place[code] = int32(p)
	}
	return place
}
