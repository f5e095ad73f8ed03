package discover

import (
	"maps"

	"github.com/tabi-go/tabi/persona/discover/internal/record"
)

// A Lift is an accumulator of opportunities: which attributes go with the won ones? It
// keeps the rows, since quantiles and cross-fitting need them: a row counts once however
// often it was added. The zero Lift is empty and ready. One goroutine may write, or many
// may read.
type Lift struct {
	rows record.Set // how often each row was added, never 0
}

// Add adds a row, which needs an ID. The error is a [*CellError]; the Lift is then
// unchanged.
func (l *Lift) Add(r Row) error {
	kept, err := r.record()
	switch {
	case err != nil:
		return err
	case r.ID == "":
		return &CellError{"", "no id"}
	}
	l.count(string(kept.Encode()), 1)
	return nil
}

// Merge adds all that was added to o.
func (l *Lift) Merge(o *Lift) {
	for row, n := range maps.Clone(o.rows) { // o may be l
		l.count(row, n)
	}
}

// Subtract takes away what was added to o, also before it is added here: taking away and
// adding in any order give the same.
func (l *Lift) Subtract(o *Lift) {
	for row, n := range maps.Clone(o.rows) {
		l.count(row, -n)
	}
}

func (l *Lift) count(row string, n int64) {
	if l.rows == nil {
		l.rows = record.Set{}
	}
	if l.rows[row] += n; l.rows[row] == 0 {
		delete(l.rows, row)
	}
}

// MarshalBinary is AppendBinary to nothing.
func (l *Lift) MarshalBinary() ([]byte, error) { return l.AppendBinary(nil) }

// AppendBinary appends the accumulator in a stable form: equal contents give equal bytes,
// however they were added. The error is always nil.
func (l *Lift) AppendBinary(b []byte) ([]byte, error) { return l.rows.Append(b), nil }

// UnmarshalBinary replaces the accumulator by an encoded one. Bytes that AppendBinary does
// not write give [ErrCorrupt] and leave it unchanged.
func (l *Lift) UnmarshalBinary(b []byte) error {
	rows, ok := record.ParseSet(b)
	if !ok {
		return ErrCorrupt
	}
	l.rows = rows
	return nil
}
