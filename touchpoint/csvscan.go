package touchpoint

import (
	"io"

	"github.com/tabi-go/tabi/touchpoint/internal/csvscan"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// A csvScanner reads rows that have as many fields as their header.
type csvScanner struct {
	*csvscan.Scanner
	columns int // 0: not known yet
}

func newCSVScanner(r io.Reader) *csvScanner { return &csvScanner{csvscan.New(r, MaxLine), 0} }

// header reads the first row: trimmed, and no name twice, in any case.
func (c *csvScanner) header() ([]string, error) {
	row, err := c.next()
	if err == io.EOF {
		return nil, &LineError{1, &InvalidError{"header", Missing}}
	}
	if err != nil {
		return nil, lineError(c.Line, err)
	}
	names := make([]string, len(row))
	seen := make(map[string]bool, len(row))
	for i, name := range row {
		if names[i], err = Clean(name); err != nil {
			return nil, lineError(c.Line, at("header", err))
		}
		k := jsonscan.FoldKey(names[i])
		if seen[k] {
			return nil, lineError(c.Line, &InvalidError{"header", DuplicateKey})
		}
		seen[k] = true
	}
	c.columns = len(names)
	return names, nil
}

// lineError gives faults of a record their line; the input's own errors stay.
func lineError(line int, err error) error {
	switch err.(type) {
	case *InvalidError, *CallbackError:
		return &LineError{line, err}
	}
	return err
}

// next returns the next row, which is valid until the next call. The error is an
// InvalidError of that row alone, io.EOF, or the input's own.
func (c *csvScanner) next() ([]string, error) {
	row, fault, err := c.Read()
	switch {
	case err != nil:
		return nil, err
	case fault != "":
		return nil, &InvalidError{"record", Reason(fault)}
	case c.columns > 0 && len(row) != c.columns:
		return nil, &InvalidError{"record", Syntax}
	}
	return row, nil
}
