package touchpoint

import (
	"bytes"
	"io"
	"strings"

	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// A csvScanner reads rows of RFC 4180. A faulty row ends at its line's end, and reading
// goes on behind it; empty lines are no rows.
type csvScanner struct {
	in      *lines
	line    int // where the last row began, from 1
	columns int // 0: not known yet
	row     []string
}

func newCSVScanner(r io.Reader) *csvScanner { return &csvScanner{in: newLines(r)} }

// header reads the first row: trimmed, and no name twice, in any case.
func (c *csvScanner) header() ([]string, error) {
	row, err := c.next()
	if err == io.EOF {
		return nil, &LineError{1, &InvalidError{"header", Missing}}
	}
	if err != nil {
		return nil, lineError(c.line, err)
	}
	names := make([]string, len(row))
	seen := make(map[string]bool, len(row))
	for i, name := range row {
		if names[i], err = Clean(name); err != nil {
			return nil, lineError(c.line, at("header", err))
		}
		k := jsonscan.FoldKey(names[i])
		if seen[k] {
			return nil, lineError(c.line, &InvalidError{"header", DuplicateKey})
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
	for {
		if err := c.in.next(false); err != nil {
			c.line = c.in.line
			return nil, err
		}
		c.line = c.in.line
		if len(bytes.TrimRight(c.in.buf, "\r\n")) > 0 {
			break
		}
	}
	if bytes.IndexByte(c.in.buf, '"') < 0 {
		c.row = splitPlain(c.row[:0], trimEnd(string(c.in.buf)))
	} else if err := c.quoted(); err != nil {
		return nil, err
	}
	if c.columns > 0 && len(c.row) != c.columns {
		return nil, &InvalidError{"record", Syntax}
	}
	return c.row, nil
}

func trimEnd(s string) string {
	s = strings.TrimSuffix(s, "\n")
	return strings.TrimSuffix(s, "\r")
}

func splitPlain(row []string, s string) []string {
	for {
		i := strings.IndexByte(s, ',')
		if i < 0 {
			return append(row, s)
		}
		row = append(row, s[:i])
		s = s[i+1:]
	}
}

// quoted reads a row with quotes, which may go over several lines: first its extent, then
// its fields.
func (c *csvScanner) quoted() error {
	const (
		start   = iota // of a field
		plain          // inside a field without quotes
		inside         // inside quotes
		closing        // behind a quote inside quotes: the end, or the first of two
	)
	state, i, bad := start, 0, false
	for {
		for ; i < len(c.in.buf); i++ {
			b := c.in.buf[i]
			switch {
			case state == inside:
				if b == '"' {
					state = closing
				}
			case b == '"' && state != plain:
				state = inside
			case b == ',':
				state = start
			case b == '\n' || b == '\r' && i+1 < len(c.in.buf) && c.in.buf[i+1] == '\n':
			case b == '"' || state == closing:
				bad = true
			default:
				state = plain
			}
		}
		if bad || state != inside {
			break
		}
		if err := c.in.next(true); err != nil {
			if err == io.EOF {
				err = &InvalidError{"record", Syntax}
			}
			return err
		}
	}
	if bad {
		return &InvalidError{"record", Syntax}
	}
	c.fields(trimEnd(string(c.in.buf)))
	return nil
}

// fields cuts a well-formed row.
func (c *csvScanner) fields(s string) {
	c.row = c.row[:0]
	for {
		if !strings.HasPrefix(s, `"`) {
			field, rest, more := strings.Cut(s, ",")
			c.row = append(c.row, field)
			if !more {
				return
			}
			s = rest
			continue
		}
		end := 1
		for end < len(s) && (s[end] != '"' || end+1 < len(s) && s[end+1] == '"') {
			if s[end] == '"' {
				end++
			}
			end++
		}
		field := s[1:end]
		if strings.Contains(field, `""`) {
			field = strings.ReplaceAll(field, `""`, `"`)
		}
		c.row = append(c.row, field)
		if end+1 >= len(s) {
			return
		}
		s = s[end+2:] // the quote and the comma
	}
}
