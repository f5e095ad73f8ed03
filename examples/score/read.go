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
	"github.com/tabi-go/tabi/persona/lead"
)

// A table is what was read: rows with a target, in the order of the input.
type table struct {
	columns []lead.Column
	rows    []lead.Row
	names   []string // of the rows, for -scores
	bad     int

	header     []string
	target, id int // columns; −1 for no id
	cells      [][]string
	lines      []int // numbers of the rows, from 1
	err        io.Writer
}

// reject counts a dead letter.
func (t *table) reject(line int, reason, field string) {
	t.bad++
	if t.bad <= 20 {
		fmt.Fprintf(t.err, "line %d: %s %s\n", line, reason, field)
	}
}

func read(s input.Streams, o *options) (*table, error) {
	t := &table{err: s.Err}
	f, err := s.Open(o.in)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	if t.header, err = r.Read(); err != nil {
		return nil, input.Usagef("%s: no header", o.in)
	}
	t.header[0] = strings.TrimPrefix(t.header[0], "\ufeff")
	place := map[string]int{}
	for i, h := range t.header {
		if _, twice := place[h]; twice {
			return nil, input.Usagef("%s: column %d repeats a name", o.in, i+1)
		}
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
	if err := t.readRows(r); err != nil {
		return nil, err
	}
	event, err := t.events(o)
	if err != nil {
		return nil, err
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
func (t *table) readRows(r *csv.Reader) error {
	for n := 1; ; n++ {
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		line, _ := r.FieldPos(0)
		var syntax *csv.ParseError
		switch {
		case errors.As(err, &syntax):
			t.reject(syntax.StartLine, "malformed", "row")
			continue
		case err != nil:
			return err
		case len(row) != len(t.header):
			t.reject(line, "malformed", "row")
			continue
		}
		for i := range row {
			row[i] = strings.TrimSpace(input.Uncell(row[i]))
		}
		switch {
		case row[t.target] == "":
			t.reject(line, "missing", "target")
		case t.id >= 0 && row[t.id] == "":
			t.reject(line, "missing", "id")
		default:
			t.cells = append(t.cells, row)
			t.lines = append(t.lines, n)
		}
	}
}

// events returns a test for the cells of the target that are events.
func (t *table) events(o *options) (func(string) bool, error) {
	event := func(cell string) bool { return cell == o.positive }
	if !o.hasPositive {
		event = func(cell string) bool {
			return slices.Contains([]string{"1", "true", "yes", "won"}, strings.ToLower(cell))
		}
	}
	if !o.hasPositive && !slices.ContainsFunc(t.cells, func(row []string) bool { return event(row[t.target]) }) {
		return nil, input.Usagef("no target is 1, true, yes or won: say -positive")
	}
	return event, nil
}

var decimal = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?$`)

// numberOf reads a cell; an empty one is NaN.
func numberOf(cell string) (x float64, ok bool) {
	if cell == "" {
		return math.NaN(), true
	}
	if !decimal.MatchString(cell) {
		return 0, false
	}
	x, err := strconv.ParseFloat(cell, 64)
	return x, err == nil && math.Abs(x) <= 1e150
}

// fill makes columns and rows of the cells.
func (t *table) fill(use, categorical map[string]bool, event func(string) bool) {
	var features []int
	numeric := map[int]bool{}
	for i, name := range t.header {
		if !use[name] {
			continue
		}
		numeric[i] = !categorical[name] && !slices.ContainsFunc(t.cells, func(row []string) bool {
			_, ok := numberOf(row[i])
			return !ok
		})
		features = append(features, i)
		t.columns = append(t.columns, lead.Column{Name: name, Categorical: !numeric[i]})
	}
	same := map[string]int{}
	for k, row := range t.cells {
		r := lead.Row{Target: event(row[t.target])}
		if t.id >= 0 {
			r.ID = row[t.id]
			t.names = append(t.names, r.ID)
		} else { // equal rows are numbered, so that their order does not show
			r.ID = hash(row)
			same[r.ID]++
			r.ID += " " + strconv.Itoa(same[r.ID])
			t.names = append(t.names, strconv.Itoa(t.lines[k]))
		}
		for _, i := range features {
			if numeric[i] {
				x, _ := numberOf(row[i])
				r.Numbers = append(r.Numbers, x)
			} else {
				r.Levels = append(r.Levels, row[i])
			}
		}
		t.rows = append(t.rows, r)
	}
}

// hash is that of the cells of a row.
func hash(row []string) string {
	h := sha256.New()
	for _, cell := range row {
		fmt.Fprintf(h, "%d:%s", len(cell), cell)
	}
	return hex.EncodeToString(h.Sum(nil))
}
