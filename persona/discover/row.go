package discover

import (
	"cmp"
	"slices"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/discover/internal/record"
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

// record checks a row.
func (r *Row) record() (*record.Record, error) {
	out := &record.Record{ID: r.ID, Outcome: byte(r.Outcome)}
	for _, c := range r.Cells {
		switch c.Value.Kind() {
		case persona.List, persona.Instant:
			return nil, &CellError{c.Name, "neither text, number nor truth value"}
		case persona.None:
			continue
		}
		if c.Value.String() != "" {
			late := !r.Began.IsZero() && c.At.After(r.Began)
			out.Cells = append(out.Cells, record.Cell{Name: c.Name, Late: late, Value: record.ValueOf(c.Value)})
		}
	}
	slices.SortFunc(out.Cells, func(a, b record.Cell) int { return cmp.Compare(a.Name, b.Name) })
	if column, reason := out.Check(); reason != "" {
		return nil, &CellError{column, reason}
	}
	return out, nil
}
