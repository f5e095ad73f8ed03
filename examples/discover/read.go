package main

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/discover"
	"github.com/tabi-go/tabi/touchpoint"
)

// A table is what was read.
type table struct {
	columns []discover.Column // that are compared
	rows    []discover.Row
	names   []string // of the rows, for -labels
	dead    input.Dead

	header      []string
	id, outcome int         // columns; −1 for none
	read        []input.Row // cells without blanks around
}

func read(s input.Streams, o *options) (*table, error) {
	file, err := s.Table(o.in, o.noHeader)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	t := &table{dead: input.Dead{Err: s.Err}, header: file.Header, id: -1, outcome: -1}
	use, err := t.chosen(o)
	if err != nil {
		return nil, err
	}
	if err := t.readRows(file); err != nil {
		return nil, err
	}
	won, err := t.events(o)
	if err != nil {
		return nil, err
	}
	return t, t.fill(o, use, won)
}

// chosen checks the columns that flags name, and returns which are compared.
func (t *table) chosen(o *options) (use []int, err error) {
	place := map[string]int{}
	for i, h := range t.header {
		place[h] = i
	}
	scales := slices.Collect(maps.Keys(o.ordinal))
	for _, names := range []string{o.numeric, o.categorical, o.asymmetric} {
		scales = append(scales, strings.Split(names, ",")...)
	}
	scaled := map[string]bool{}
	for _, name := range append(append(strings.Split(o.ignore, ","), o.id, o.outcome), scales...) {
		if _, ok := place[name]; !ok && name != "" {
			return nil, input.Usagef("%s: a column that is named does not exist", o.in)
		}
	}
	for _, name := range scales {
		if scaled[name] && name != "" {
			return nil, input.Usagef("two flags say what column %d is", place[name]+1)
		}
		scaled[name] = true
	}
	if o.id != "" {
		t.id = place[o.id]
	}
	if o.outcome != "" {
		t.outcome = place[o.outcome]
	}
	for i, name := range t.header {
		if i != t.id && i != t.outcome && !listed(o.ignore, name) {
			use = append(use, i)
		}
	}
	return use, nil
}

// listed reports whether a list of a flag has the name.
func listed(list, name string) bool {
	return list != "" && slices.Contains(strings.Split(list, ","), name)
}

func (t *table) readRows(file *input.Table) error {
	for row, err := range input.Good(file.Rows(), &t.dead) {
		if err != nil {
			return err
		}
		t.read = append(t.read, row.Clean())
	}
	return nil
}

// events returns what a cell of the outcome says.
func (t *table) events(o *options) (func(cell string) discover.Outcome, error) {
	won := input.Positive(o.positive, o.hasPositive)
	if t.outcome >= 0 && !o.hasPositive && !slices.ContainsFunc(t.read, func(row input.Row) bool { return won(row.Cells[t.outcome]) }) {
		return nil, input.Usagef("no outcome is 1, true, yes or won: say -positive")
	}
	return func(cell string) discover.Outcome {
		switch {
		case won(cell):
			return discover.Won
		case cell == "" || strings.EqualFold(cell, "open"):
			return discover.Open
		}
		return discover.Lost
	}, nil
}

// scale says how a column is compared, and whether its cells are numbers.
func (t *table) scale(o *options, i int) (c discover.Column, numbers bool) {
	c.Name = t.header[i]
	levels, ordinal := o.ordinal[c.Name]
	switch {
	case o.method == "kmodes" || listed(o.categorical, c.Name):
		return c, false
	case ordinal:
		c.Scale, c.Levels = discover.Ordinal, levels
		return c, levels == nil
	case listed(o.asymmetric, c.Name):
		c.Scale = discover.Asymmetric
		return c, true
	case !listed(o.numeric, c.Name):
		for _, row := range t.read {
			if _, ok := input.Decimal(row.Cells[i]); !ok && row.Cells[i] != "" {
				return c, false
			}
		}
	}
	c.Scale = discover.Numeric
	return c, true
}

// fill makes columns and rows of the cells.
func (t *table) fill(o *options, use []int, outcome func(string) discover.Outcome) error {
	numbers := make([]bool, len(t.header))
	for _, i := range use {
		var c discover.Column
		c, numbers[i] = t.scale(o, i)
		t.columns = append(t.columns, c)
	}
	check, err := discover.NewTable(t.columns...)
	if err != nil {
		return input.Usagef("%s: %w", o.in, err)
	}
	same := map[string]int{}
	for _, row := range t.read {
		cells := row.Cells
		r := discover.Row{}
		name := strconv.Itoa(row.Number)
		switch {
		case t.id >= 0 && cells[t.id] == "":
			t.dead.Add(&input.Bad{Line: row.Line, Reason: touchpoint.Missing, Field: "id"})
			continue
		case t.id >= 0:
			r.ID = cells[t.id]
			name = r.ID
		case o.method == "lift": // equal rows are numbered, so that their order does not show
			r.ID = row.Hash()
			same[r.ID]++
			r.ID += " " + strconv.Itoa(same[r.ID])
		}
		if t.outcome >= 0 {
			r.Outcome = outcome(cells[t.outcome])
		}
		bad := ""
		for _, i := range use {
			v := persona.TextValue(cells[i])
			if numbers[i] && cells[i] != "" {
				x, ok := input.Decimal(cells[i])
				if v = persona.NumberValue(x); !ok {
					bad = t.header[i]
				}
			}
			r.Cells = append(r.Cells, discover.Cell{Name: t.header[i], Value: v})
		}
		if err := check.Add(r); err != nil || bad != "" {
			if c := new(discover.CellError); bad == "" && errors.As(err, &c) {
				bad = c.Column
			}
			t.dead.Add(&input.Bad{Line: row.Line, Reason: touchpoint.Syntax, Field: bad})
			continue
		}
		t.rows, t.names = append(t.rows, r), append(t.names, name)
	}
	return nil
}
