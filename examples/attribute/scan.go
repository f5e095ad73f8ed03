package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// A scanner reads the records of a CSV. Lines without quotes, which is most of them, are cut
// at their commas, a block of the file at a time; from the first quote on encoding/csv
// does the work. Both see the same records.
type scanner struct {
	r      io.Reader
	buf    []byte
	n      int    // bytes of buf that are no whole line yet
	text   string // lines that are not cut yet
	quotes bool   // text has some
	line   int
	rec    []string
	csv    *csv.Reader
	before int // lines before those of csv
}

func newScanner(r io.Reader) *scanner { return &scanner{r: r, buf: make([]byte, 1<<18)} }

// next is the next record, valid until the next call, and its line.
func (s *scanner) next() (rec []string, line int, err error) {
	for s.csv == nil {
		if s.text == "" {
			if err := s.fill(); err != nil {
				return nil, 0, err
			}
		}
		text, rest, _ := strings.Cut(s.text, "\n")
		if s.quotes && strings.IndexByte(text, '"') >= 0 {
			s.csv = csv.NewReader(io.MultiReader(strings.NewReader(s.text), bytes.NewReader(s.buf[:s.n]), s.r))
			s.csv.ReuseRecord, s.csv.FieldsPerRecord = true, -1
			s.before = s.line
			break
		}
		s.text = rest
		s.line++
		if text = strings.TrimSuffix(text, "\r"); text == "" {
			continue
		}
		s.rec = s.rec[:0]
		for {
			cell, rest, more := strings.Cut(text, ",")
			s.rec = append(s.rec, cell)
			if !more {
				return s.rec, s.line, nil
			}
			text = rest
		}
	}
	rec, err = s.csv.Read()
	var broken *csv.ParseError
	switch {
	case errors.As(err, &broken):
		line = broken.StartLine
	case err == nil:
		line, _ = s.csv.FieldPos(0)
	}
	return rec, s.before + line, err
}

// fill reads whole lines into text.
func (s *scanner) fill() error {
	for {
		n, err := s.r.Read(s.buf[s.n:])
		s.n += n
		end := bytes.LastIndexByte(s.buf[:s.n], '\n') + 1
		if errors.Is(err, io.EOF) {
			end = s.n
		} else if err != nil {
			return err
		}
		if end > 0 {
			s.text = string(s.buf[:end])
			s.quotes = strings.IndexByte(s.text, '"') >= 0
			s.n = copy(s.buf, s.buf[end:s.n])
			return nil
		}
		if err != nil {
			return err
		}
		if s.n == len(s.buf) {
			s.buf = append(s.buf, make([]byte, len(s.buf))...)
		}
	}
}
