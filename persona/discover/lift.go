package discover

import "maps"

// A Lift is an accumulator of opportunities: which attributes go with the won ones? It
// keeps the rows, since quantiles and cross-fitting need them: a row counts once however
// often it was added. The zero Lift is empty and ready. One goroutine may write, or many
// may read.
type Lift struct {
	rows map[string]int64 // encoded row, how often it was added; never 0
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
	l.count(string(kept.encode()), 1)
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
		l.rows = map[string]int64{}
	}
	if l.rows[row] += n; l.rows[row] == 0 {
		delete(l.rows, row)
	}
}
