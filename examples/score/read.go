package main

import (
	"math"
	"slices"
	"strconv"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/persona/lead"
	"github.com/tabi-go/tabi/touchpoint"
)

// A table is what was read: rows with a target, in the order of the input.
type table struct {
	columns []lead.Column
	rows    []lead.Row
	names   []string // of the rows, for -scores
	dead    input.Dead

	header     []string
	target, id int         // columns; −1 for no id
	read       []input.Row // cells without blanks around
}

func read(s input.Streams, o *options) (*table, error) {
	file, err := s.Table(o.in, false)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	t := &table{dead: input.Dead{Err: s.Err}, header: file.Header}
	place := map[string]int{}
	for i, h := range t.header {
		place[h] = i
	}
	use, err := chosen(o, place)
	if err != nil {
		return nil, err
	}
	t.target, t.id = place[o.target], -1
	if o.id != "" {
		t.id = place[o.id]
	}
	if err := t.readRows(file); err != nil {
		return nil, err
	}
	event := input.Positive(o.positive, o.hasPositive)
	if !o.hasPositive && !slices.ContainsFunc(t.read, func(row input.Row) bool { return event(row.Cells[t.target]) }) {
		return nil, input.Usagef("no target is 1, true, yes or won: say -positive")
	}
	t.fill(use, list(o.categorical), event)
	return t, nil
}

// chosen checks the columns that flags name, and returns which are features.
func chosen(o *options, place map[string]int) (use map[string]bool, err error) {
	features, drop := list(o.features), list(o.drop)
	for _, names := range []map[string]bool{{o.target: true}, features, drop, list(o.categorical), list(o.id)} {
		for name := range names {
			if _, ok := place[name]; !ok {
				return nil, input.Usagef("%s: a column that is named does not exist", o.in)
			}
		}
	}
	if features[o.target] || o.id != "" && (features[o.id] || o.id == o.target) {
		return nil, input.Usagef("neither target nor id is a feature")
	}
	use = map[string]bool{}
	for name := range place {
		use[name] = name != o.target && name != o.id && !drop[name] && (len(features) == 0 || features[name])
	}
	return use, nil
}

// readRows reads the rows that have a target and, where there is a column for it, an id.
func (t *table) readRows(file *input.Table) error {
	for row, err := range input.Good(file.Rows(), &t.dead) {
		if err != nil {
			return err
		}
		row = row.Clean()
		switch {
		case row.Cells[t.target] == "":
			t.dead.Add(&input.Bad{Line: row.Line, Reason: touchpoint.Missing, Field: "target"})
		case t.id >= 0 && row.Cells[t.id] == "":
			t.dead.Add(&input.Bad{Line: row.Line, Reason: touchpoint.Missing, Field: "id"})
		default:
			t.read = append(t.read, row)
		}
	}
	return nil
}

// numberOf reads a cell; an empty one is NaN.
func numberOf(cell string) (x float64, ok bool) {
	if cell == "" {
		return math.NaN(), true
	}
	return input.Decimal(cell)
}

// fill makes columns and rows of the cells.
func (t *table) fill(use, categorical map[string]bool, event func(string) bool) {
	var features []int
	numeric := map[int]bool{}
	for i, name := range t.header {
		if !use[name] {
			continue
		}
		numeric[i] = !categorical[name] && !slices.ContainsFunc(t.read, func(row input.Row) bool {
			_, ok := numberOf(row.Cells[i])
			return !ok
		})
		features = append(features, i)
		t.columns = append(t.columns, lead.Column{Name: name, Categorical: !numeric[i]})
	}
	same := map[string]int{}
	for _, row := range t.read {
		r := lead.Row{Target: event(row.Cells[t.target])}
		if t.id >= 0 {
			r.ID = row.Cells[t.id]
			t.names = append(t.names, r.ID)
		} else { // equal rows are numbered, so that their order does not show
			r.ID = row.Hash()
			same[r.ID]++
			r.ID += " " + strconv.Itoa(same[r.ID])
			t.names = append(t.names, strconv.Itoa(row.Number))
		}
		for _, i := range features {
			if numeric[i] {
				x, _ := numberOf(row.Cells[i])
				r.Numbers = append(r.Numbers, x)
			} else {
				r.Levels = append(r.Levels, row.Cells[i])
			}
		}
		t.rows = append(t.rows, r)
	}
}
