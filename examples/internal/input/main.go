package input

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// Streams are a program's arguments and standard streams.
type Streams struct {
	Args     []string // without the program's name
	In       io.Reader
	Out, Err io.Writer
}

// ErrBad says that some records were bad: the good ones are done, exit status 1. It
// prints nothing; the program has said what was wrong.
var ErrBad = errors.New("some records were bad")

// A UsageError is bad usage, or a file that cannot be opened or is no valid rule, model
// or key file: exit status 2.
type UsageError struct{ Err error }

// Error returns the text of Err.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *UsageError) Unwrap() error { return e.Err }

// Usagef makes a [*UsageError] as [fmt.Errorf] would.
func Usagef(format string, args ...any) error { return &UsageError{fmt.Errorf(format, args...)} }

// Main runs a program and ends the process with its exit status.
func Main(name string, run func(Streams) error) {
	os.Exit(Run(name, Streams{os.Args[1:], os.Stdin, os.Stdout, os.Stderr}, run))
}

// Run runs a program and returns its exit status: 0, 1 for bad records and failures, 2
// for a [*UsageError] or bad flags. A failure is printed to s.Err.
func Run(name string, s Streams, run func(Streams) error) int {
	err := run(s)
	var usage *UsageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, ErrBad):
		return 1
	}
	fmt.Fprintf(s.Err, "%s: %v\n", name, err)
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}

// Parse parses the flags of s and returns the arguments behind them. Errors are
// [*UsageError]s; the flag package has printed them and the usage already.
func (s Streams) Parse(f *flag.FlagSet) ([]string, error) {
	f.SetOutput(s.Err)
	if err := f.Parse(s.Args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, &UsageError{err}
	}
	return f.Args(), nil
}
