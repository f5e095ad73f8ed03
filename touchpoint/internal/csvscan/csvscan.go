// Package csvscan reads the rows of CSV, by RFC 4180, one at a time.
package csvscan

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// A Scanner holds one row: at most so many bytes as it was made with, whatever comes. A
// faulty row ends at its line's end, and reading goes on behind it; empty lines are no
// rows. A byte order mark at the start is dropped.
type Scanner struct {
	Line int    // where the last row began, from 1
	Raw  []byte // the last row with its line ends, until the next one

	r      *bufio.Reader
	limit  int
	fields []string // reused
	ends   []int
	buf    []byte // the decoded fields, one after the other
	next   int    // the number of the line behind the row
}

// New returns a scanner of rows of at most limit bytes, the last line end not counted.
func New(r io.Reader, limit int) *Scanner {
	return &Scanner{r: bufio.NewReaderSize(r, 64<<10), limit: limit, next: 1}
}

// Read returns the fields of the next row, in a slice that is valid until the next call.
// fault is why this row alone cannot be read, too_large or syntax; err is io.EOF or the
// input's own.
func (s *Scanner) Read() (fields []string, fault string, err error) {
	for {
		s.Raw, s.buf, s.ends, s.Line = s.Raw[:0], s.buf[:0], s.ends[:0], s.next
		long, err := s.readLine()
		switch {
		case err != nil:
			return nil, "", err
		case long:
			return nil, "too_large", nil
		}
		if len(trimEnd(s.Raw)) > 0 {
			break // an empty line is no row
		}
	}
	if fault, err = s.split(); err != nil || fault != "" {
		return nil, fault, err
	}
	all, from := string(s.buf), 0
	s.fields = s.fields[:0]
	for _, end := range s.ends {
		s.fields = append(s.fields, all[from:end])
		from = end
	}
	return s.fields, "", nil
}

// readLine appends one line with its end to Raw. What is over the limit is read and
// dropped.
func (s *Scanner) readLine() (tooLong bool, err error) {
	if s.next == 1 {
		if bom, _ := s.r.Peek(3); string(bom) == "\ufeff" {
			_, _ = s.r.Discard(3)
		}
	}
	for begun := false; ; begun = true {
		part, err := s.r.ReadSlice('\n')
		if len(s.Raw)+len(trimEnd(part)) > s.limit { // its last end is no part of a row
			tooLong = true
		} else {
			s.Raw = append(s.Raw, part...)
		}
		switch {
		case err == nil, errors.Is(err, io.EOF) && (begun || len(part) > 0):
			s.next++
			return tooLong, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return tooLong, err
		}
	}
}

func trimEnd(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
}

// split cuts Raw at its commas and reads on while a quoted field is open.
func (s *Scanner) split() (fault string, err error) {
	i := 0
	for {
		if i >= len(s.Raw) || s.Raw[i] != '"' {
			line := trimEnd(s.Raw)
			end := bytes.IndexByte(line[min(i, len(line)):], ',')
			last := end < 0
			if end += i; last {
				end = max(i, len(line))
			}
			cell := s.Raw[i:min(end, len(s.Raw))]
			if bytes.IndexByte(cell, '"') >= 0 {
				return "syntax", nil
			}
			s.buf = append(s.buf, cell...)
			s.ends = append(s.ends, len(s.buf))
			if i = end + 1; last {
				return "", nil
			}
			continue
		}
		i++
		for {
			q := bytes.IndexByte(s.Raw[i:], '"')
			if q < 0 { // the field goes on in the next line
				s.buf = append(s.buf, s.Raw[i:]...)
				i = len(s.Raw)
				long, err := s.readLine()
				switch {
				case errors.Is(err, io.EOF):
					return "syntax", nil // never closed
				case err != nil:
					return "", err
				case long:
					return "too_large", nil
				}
				continue
			}
			s.buf = append(s.buf, s.Raw[i:i+q]...)
			i += q + 1
			if i < len(s.Raw) && s.Raw[i] == '"' {
				s.buf = append(s.buf, '"')
				i++
				continue
			}
			break
		}
		s.ends = append(s.ends, len(s.buf))
		rest := trimEnd(s.Raw[i:])
		switch {
		case len(rest) == 0:
			return "", nil
		case rest[0] != ',':
			return "syntax", nil
		}
		i++
	}
}
