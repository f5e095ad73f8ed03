package main

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/discover"
)

// A table is what was read.
type table struct {
	columns []discover.Column // that are compared
	rows    []discover.Row
	names   []string // of the rows, for -labels
	bad     int

	header      []string
	id, outcome int // columns; −1 for none
	cells       [][]string
	lines       []int // where the rows begin
	numbers     []int // of the rows, from 1
	err         io.Writer
}

// reject counts a dead letter.
func (t *table) reject(line int, reason, field string) {
	t.bad++
	if t.bad <= 20 {
		fmt.Fprintf(t.err, "line %d: %s %s\n", line, reason, field)
	}
}

func read(s input.Streams, o *options) (*table, error) {
	t := &table{err: s.Err, id: -1, outcome: -1}
	f, err := s.Open(o.in)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	first, err := r.Read()
	if err != nil {
		return nil, input.Usagef("%s: no header", o.in)
	}
	first[0] = strings.TrimPrefix(first[0], "\ufeff")
	t.header = slices.Clone(first)
	if o.noHeader {
		for i := range t.header {
			t.header[i] = "c" + strconv.Itoa(i+1)
		}
		t.keep(first, 1, 1)
	}
	use, err := t.chosen(o)
	if err != nil {
		return nil, err
	}
	if err := t.readRows(r); err != nil {
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
		if _, twice := place[h]; twice {
			return nil, input.Usagef("%s: column %d repeats a name", o.in, i+1)
		}
		place[h] = i
	}
	named := []string{o.id, o.outcome}
	for _, names := range []string{o.ignore, o.numeric, o.categorical, o.asymmetric} {
		named = append(named, strings.Split(names, ",")...)
	}
	for name := range o.ordinal {
		named = append(named, name)
	}
	for _, name := range named {
		if _, ok := place[name]; !ok && name != "" {
			return nil, input.Usagef("%s: a column that is named does not exist", o.in)
		}
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

func (t *table) readRows(r *csv.Reader) error {
	for number := len(t.cells) + 1; ; number++ {
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		line, _ := r.FieldPos(0)
		var syntax *csv.ParseError
		switch {
		case errors.As(err, &syntax):
			t.reject(syntax.StartLine, "malformed", "row")
		case err != nil:
			return err
		case len(row) != len(t.header):
			t.reject(line, "malformed", "row")
		default:
			t.keep(row, line, number)
		}
	}
}

func (t *table) keep(row []string, line, number int) {
	for i := range row {
		row[i] = strings.TrimSpace(input.Uncell(row[i]))
	}
	t.cells, t.lines, t.numbers = append(t.cells, row), append(t.lines, line), append(t.numbers, number)
}

// events returns what a cell of the outcome says.
func (t *table) events(o *options) (func(cell string) discover.Outcome, error) {
	won := func(cell string) bool { return cell == o.positive }
	if !o.hasPositive {
		won = func(cell string) bool {
			return slices.Contains([]string{"1", "true", "yes", "won"}, strings.ToLower(cell))
		}
	}
	if t.outcome >= 0 && !o.hasPositive && !slices.ContainsFunc(t.cells, func(row []string) bool { return won(row[t.outcome]) }) {
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

var decimal = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?$`)

// numberOf reads a cell that is not empty.
func numberOf(cell string) (x float64, ok bool) {
	if !decimal.MatchString(cell) {
		return 0, false
	}
	x, err := strconv.ParseFloat(cell, 64)
	return x, err == nil && math.Abs(x) <= 1e150
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
		for _, row := range t.cells {
			if _, ok := numberOf(row[i]); !ok && row[i] != "" {
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
	for k, cells := range t.cells {
		r := discover.Row{}
		name := strconv.Itoa(t.numbers[k])
		switch {
		case t.id >= 0 && cells[t.id] == "":
			t.reject(t.lines[k], "missing", "id")
			continue
		case t.id >= 0:
			r.ID = cells[t.id]
			name = r.ID
		case o.method == "lift": // equal rows are numbered, so that their order does not show
			r.ID = hash(cells)
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
				x, ok := numberOf(cells[i])
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
			t.reject(t.lines[k], "malformed", bad)
			continue
		}
		t.rows, t.names = append(t.rows, r), append(t.names, name)
	}
	return nil
}

// hash is that of the cells of a row.
func hash(row []string) string {
	h := sha256.New()
	for _, cell := range row {
		fmt.Fprintf(h, "%d:%s", len(cell), cell)
	}
	return hex.EncodeToString(h.Sum(nil))
}
