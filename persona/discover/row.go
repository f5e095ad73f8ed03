package discover

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/tabi-go/tabi/persona"
)

// An Outcome says how an opportunity ended. The zero Outcome is Open.
type Outcome uint8

// The outcomes.
const (
	Open Outcome = iota // not ended, or not asked about
	Lost
	Won
)

// A Row is what is known of one opportunity, account or person.
type Row struct {
	ID      string // the same row under the same ID counts once; a Table also takes ""
	Outcome Outcome
	// Began is when the opportunity began; zero if it is not known. What a Lift sees of a
	// cell is what was known then.
	Began time.Time
	Cells []Cell // in any order
}

// A Cell is one attribute of a row.
type Cell struct {
	Name string
	// Value is a text, a number, a range or a truth value. The zero Value is unknown, and
	// so is a cell that is not there.
	Value persona.Value
	// At is when this was first observed; zero if it was always known.
	At time.Time
}

// A form says what a value is.
type form byte

const (
	textForm form = iota
	numberForm
	falseForm
	trueForm
)

// A value is a known persona.Value in a form that is comparable.
type value struct {
	form   form
	text   string  // of a text
	lo, hi float64 // of a number
}

func valueOf(v persona.Value) value {
	if lo, hi, ok := v.Range(); ok {
		return value{form: numberForm, lo: lo + 0, hi: hi + 0} // no −0
	}
	if is, ok := v.Bool(); ok {
		if is {
			return value{form: trueForm}
		}
		return value{form: falseForm}
	}
	return value{form: textForm, text: v.String()}
}

func (v value) value() persona.Value {
	switch v.form {
	case numberForm:
		return persona.RangeValue(v.lo, v.hi)
	case textForm:
		return persona.TextValue(v.text)
	}
	return persona.BoolValue(v.form == trueForm)
}

// A record is a row as it is kept: known cells by name.
type record struct {
	id      string
	outcome Outcome
	cells   []recordCell
}

type recordCell struct {
	name string
	late bool // observed after the row began
	value
}

// record checks a row.
func (r *Row) record() (*record, error) {
	out := &record{id: r.ID, outcome: r.Outcome}
	for _, c := range r.Cells {
		switch c.Value.Kind() {
		case persona.List, persona.Instant:
			return nil, &CellError{c.Name, "neither text, number nor truth value"}
		case persona.None:
			continue
		}
		if c.Value.String() != "" {
			out.cells = append(out.cells, recordCell{c.Name, !r.Began.IsZero() && c.At.After(r.Began), valueOf(c.Value)})
		}
	}
	slices.SortFunc(out.cells, func(a, b recordCell) int { return cmp.Compare(a.name, b.name) })
	return out, out.check()
}

func (r *record) check() error {
	switch {
	case len(r.id) > maxID:
		return &CellError{"", "id is too long"}
	case len(r.cells) > MaxColumns:
		return &CellError{"", "too many cells"}
	case r.outcome > Won:
		return &CellError{"", "no such outcome"}
	}
	for i, c := range r.cells {
		switch {
		case c.name == "" || len(c.name) > maxText:
			return &CellError{"", "a cell has no name, or too long a name"}
		case i > 0 && r.cells[i-1].name >= c.name:
			return &CellError{c.name, "twice in a row"}
		case len(c.text) > maxText:
			return &CellError{c.name, "text is too long"}
		case c.form > trueForm, c.form == textForm && c.text == "",
			c.form == numberForm && !(c.lo <= c.hi && c.lo >= -math.MaxFloat64):
			return &CellError{c.name, "no such value"}
		}
	}
	return nil
}
