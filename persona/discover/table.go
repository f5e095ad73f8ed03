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

// sorted returns the values by rank where the scale has one, else by text.
func (c *tableColumn) sorted() []record.Value {
	return slices.SortedFunc(slices.Values(c.values), func(a, b record.Value) int {
		x, _ := c.rank(a)
		y, _ := c.rank(b)
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a.Persona().String(), b.Persona().String()), cmp.Compare(a.Form, b.Form))
	})
}
