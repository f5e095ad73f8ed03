package csvmap

import (
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/internal/csvscan"
)

// A scanner reads records, of which a bad one is a [touchpoint.Reason]; any other error is
// the input's own and ends it.
type scanner struct{ *csvscan.Scanner }

func newScanner(r io.Reader, limit int) *scanner { return &scanner{csvscan.New(r, limit)} }

// read returns the fields of the next record; they are valid until the next call.
func (s *scanner) read() (fields []string, bad touchpoint.Reason, err error) {
	fields, fault, err := s.Read()
	if err == nil && fault == "" && !utf8.Valid(s.Raw) {
		return nil, touchpoint.BadUTF8, nil
	}
	return fields, touchpoint.Reason(fault), err
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
