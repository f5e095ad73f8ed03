package main

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// The scanner sees the records that encoding/csv sees, at the same lines, with the same errors.
func FuzzScanner(f *testing.F) {
	for _, text := range []string{
		"", "\n", "a,b\n1,2\n", "a,b\r\n1,2\r\n\r\n3", "a\n\"x\ny\",2\n3,4\n", "a\nb\"c\nd\n", "a\n\"open\n", ",\n\n,,", "a\r\nb\r", strings.Repeat("x", 1<<18) + "\ny\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := csv.NewReader(strings.NewReader(text))
		want.FieldsPerRecord = -1
		got := newScanner(iotest.HalfReader(strings.NewReader(text)))
		for {
			w, werr := want.Read()
			g, line, gerr := got.next()
			var broken *csv.ParseError
			if errors.As(werr, &broken) {
				if !errors.As(gerr, &broken) || errors.As(werr, &broken) && line != broken.StartLine {
					t.Fatalf("%q: %v, want %v", text, gerr, werr)
				}
				continue
			}
			if errors.Is(werr, io.EOF) || errors.Is(gerr, io.EOF) {
				if !errors.Is(gerr, werr) {
					t.Fatalf("%q: %v, want %v", text, gerr, werr)
				}
				return
			}
			at, _ := want.FieldPos(0)
			if !slices.Equal(g, w) || line != at {
				t.Fatalf("%q: line %d %q, want %d %q", text, line, g, at, w)
			}
		}
	})
}
