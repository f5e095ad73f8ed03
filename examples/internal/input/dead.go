package input

import (
	"errors"
	"fmt"
	"io"
	"iter"
)

// Dead counts bad records and prints the first twenty.
type Dead struct {
	N   int
	Err io.Writer
}

// Add counts one, and prints what is wrong with it.
func (d *Dead) Add(what error) {
	if d.N++; d.N <= 20 {
		fmt.Fprintln(d.Err, what)
	}
}

// Good yields the records that are good, of a table or of touches, and counts the others
// in d. Any other error comes last.
func Good[T any](records iter.Seq2[T, error], d *Dead) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for r, err := range records {
			if bad := (*Bad)(nil); errors.As(err, &bad) {
				d.Add(bad)
			} else if !yield(r, err) {
				return
			}
		}
	}
}

// End prints how many there were, if there were any. It is what a program returns: err if
// there were none or err is of usage, else [ErrBad], having printed err.
func (d *Dead) End(name string, err error) error {
	if d.N == 0 || errors.As(err, new(*UsageError)) {
		return err
	}
	if err != nil {
		fmt.Fprintf(d.Err, "%s: %v\n", name, err)
	}
	fmt.Fprintf(d.Err, "dead letters: %d\n", d.N)
	return ErrBad
}
