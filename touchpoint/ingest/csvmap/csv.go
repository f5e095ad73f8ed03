package csvmap

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/tabi-go/tabi/touchpoint"
)

// A scanner reads RFC 4180 records and holds one of them: at most limit bytes, whatever
// comes. A bad record is a [touchpoint.Reason] and reading goes on at the next line; any
// other error is the input's own and ends it.
type scanner struct {
	r      *bufio.Reader
	limit  int
	raw    []byte   // the record, with its line ends
	fields []string // reused
	ends   []int
	buf    []byte // the decoded fields, one after the other
	line   int    // of the start of the record, from 1
	next   int    // of the line after it
}

func newScanner(r io.Reader, limit int) *scanner {
	return &scanner{r: bufio.NewReaderSize(r, 64<<10), limit: limit, next: 1}
}

// readLine appends one line with its end to raw. What is over the limit is read and
// dropped.
func (s *scanner) readLine() (tooLong bool, err error) {
	if s.next == 1 {
		if bom, _ := s.r.Peek(3); string(bom) == "\ufeff" {
			_, _ = s.r.Discard(3)
		}
	}
	for {
		part, err := s.r.ReadSlice('\n')
		if len(s.raw)+len(trimEnd(part)) > s.limit { // its last end is no part of a record
			tooLong = true
		} else {
			s.raw = append(s.raw, part...)
		}
		switch {
		case err == nil, errors.Is(err, io.EOF) && len(part) > 0:
			s.next++
			return tooLong, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return tooLong, err
		}
	}
}

// read returns the fields of the next record; they are valid until the next call.
func (s *scanner) read() (fields []string, bad touchpoint.Reason, err error) {
	for {
		s.raw, s.buf, s.ends, s.line = s.raw[:0], s.buf[:0], s.ends[:0], s.next
		long, err := s.readLine()
		switch {
		case long:
			return nil, touchpoint.TooLarge, nil
		case err != nil:
			return nil, "", err
		}
		if len(trimEnd(s.raw)) > 0 {
			break // an empty line is no record
		}
	}
	bad, err = s.split()
	if err != nil || bad != "" {
		return nil, bad, err
	}
	if !utf8.Valid(s.raw) {
		return nil, touchpoint.BadUTF8, nil
	}
	all, from := string(s.buf), 0
	s.fields = s.fields[:0]
	for _, end := range s.ends {
		s.fields = append(s.fields, all[from:end])
		from = end
	}
	return s.fields, "", nil
}

func trimEnd(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
}

// split cuts raw at its commas and reads on while a quoted field is open.
func (s *scanner) split() (bad touchpoint.Reason, err error) {
	i := 0
	for {
		if i >= len(s.raw) || s.raw[i] != '"' {
			line := trimEnd(s.raw)
			end := bytes.IndexByte(line[min(i, len(line)):], ',')
			last := end < 0
			if end += i; last {
				end = max(i, len(line))
			}
			cell := s.raw[i:min(end, len(s.raw))]
			if bytes.IndexByte(cell, '"') >= 0 {
				return touchpoint.Syntax, nil
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
			q := bytes.IndexByte(s.raw[i:], '"')
			if q < 0 { // the field goes on in the next line
				s.buf = append(s.buf, s.raw[i:]...)
				i = len(s.raw)
				long, err := s.readLine()
				switch {
				case errors.Is(err, io.EOF):
					return touchpoint.Syntax, nil // never closed
				case err != nil:
					return "", err
				case long:
					return touchpoint.TooLarge, nil
				}
				continue
			}
			s.buf = append(s.buf, s.raw[i:i+q]...)
			i += q + 1
			if i < len(s.raw) && s.raw[i] == '"' {
				s.buf = append(s.buf, '"')
				i++
				continue
			}
			break
		}
		s.ends = append(s.ends, len(s.buf))
		rest := trimEnd(s.raw[i:])
		switch {
		case len(rest) == 0:
			return "", nil
		case rest[0] != ',':
			return touchpoint.Syntax, nil
		}
		i++
	}
}

// header reads the first record as trimmed, distinct names.
func (s *scanner) header() ([]string, error) {
	fields, bad, err := s.read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, io.EOF
	case err != nil:
		return nil, err
	case bad != "":
		return nil, &touchpoint.InvalidError{Field: "header", Reason: bad}
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		if names[i], err = touchpoint.Clean(strings.Clone(f)); err != nil {
			return nil, err
		}
	}
	return names, nil
}
