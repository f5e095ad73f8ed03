package csvscan_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/tabi-go/tabi/touchpoint/internal/csvscan"
)

// read returns what comes out of an input: the line and fields of rows, or their faults.
func read(r io.Reader, limit int) (got []string, err error) {
	s := csvscan.New(r, limit)
	for {
		fields, fault, err := s.Read()
		switch {
		case errors.Is(err, io.EOF):
			return got, nil
		case err != nil:
			return got, err
		case fault != "":
			got = append(got, fmt.Sprint(s.Line, " ", fault))
		default:
			got = append(got, fmt.Sprintf("%d %s", s.Line, strings.Join(fields, "|")))
		}
	}
}

func TestRows(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"": nil, "\n\r\n": nil, "a,b": {"1 a|b"}, "a,b\n,\n": {"1 a|b", "2 |"}, "\ufeffa\r\n\r\nb\r\n": {"1 a", "3 b"}, "\ufeff\"a\"\n": {"1 a"},
		"\"a\"\",\",\"\"\n": {"1 a\",|"}, "\"x\ny\",2\n3": {"1 x\ny|2", "3 3"}, "\"x\r\n\r\ny\"\r\n3": {"1 x\r\n\r\ny", "4 3"},
		"\"a\",\"b\"": {"1 a|b"}, "a\"b,c\nd": {"1 syntax", "2 d"}, "\"a\"b\nd": {"1 syntax", "2 d"}, "\"x\ny\"z,\"\nd": {"1 syntax", "3 d"}, "d\n\"open": {"1 d", "2 syntax"}, "a,\"\"\"": {"1 syntax"},
		"1234567890\nx": {"1 1234567890", "2 x"}, "12345678901\nx": {"1 too_large", "2 x"}, "12345678901": {"1 too_large"}, "\"123456\n8\"\nx": {"1 123456\n8", "3 x"}, "\"1234567\n8\"\nx": {"1 too_large", "3 x"}, "a\rb\n": {"1 a\rb"},
	} {
		for i, r := range []io.Reader{strings.NewReader(in), iotest.OneByteReader(strings.NewReader(in)), iotest.DataErrReader(strings.NewReader(in))} {
			if got, err := read(r, 10); err != nil || !slices.Equal(got, want) {
				t.Errorf("%q, reader %d: %q, %v, want %q", in, i, got, err, want)
			}
		}
	}
}

// A last row needs no line end, however long it is: no size of a buffer makes it vanish.
func TestTheLastRowWithoutAnEnd(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 65534, 65535, 65536, 65537, 131072} {
		last := strings.Repeat("b", n)
		for in, want := range map[string][]string{last: {"1 " + last}, "a\n" + last: {"1 a", "2 " + last}, "a\n" + last + "bb": {"1 a", "2 " + last + "bb"}} {
			if got, err := read(strings.NewReader(in), 1<<20); err != nil || !slices.Equal(got, want) {
				t.Errorf("%d bytes: %d rows of %d, %v", len(in), len(got), len(want), err)
			}
		}
	}
}

func TestAnErrorOfTheInputEndsIt(t *testing.T) {
	t.Parallel()
	unplugged := errors.New("unplugged")
	for in, rows := range map[string]int{"": 0, "a\n": 1, "a\nb": 1, "a\n\"b": 1, strings.Repeat("x", 99): 0} {
		got, err := read(io.MultiReader(strings.NewReader(in), iotest.ErrReader(unplugged)), 10)
		if !errors.Is(err, unplugged) || len(got) != rows {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

// What encoding/csv reads is read alike, and what it refuses is refused.
func FuzzRead(f *testing.F) {
	for _, text := range []string{"", "\n", "a,b\n1,2\n", "a,b\r\n1,2\r\n\r\n3", "a\n\"x\ny\",2\n3,4\n", "a\nb\"c\nd\n", "a\n\"open\n", ",\n\n,,", "\"a\"\"b\",c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "\r") || strings.HasPrefix(text, "\ufeff") {
			return // encoding/csv takes carriage returns out of cells, and leaves the mark in
		}
		want := csv.NewReader(strings.NewReader(text))
		want.FieldsPerRecord = -1
		got := csvscan.New(iotest.HalfReader(strings.NewReader(text)), 1<<20)
		for {
			w, werr := want.Read()
			g, fault, gerr := got.Read()
			var broken *csv.ParseError
			switch {
			case errors.Is(werr, io.EOF) || errors.Is(gerr, io.EOF):
				if !errors.Is(gerr, werr) {
					t.Fatalf("%q: %v, want %v", text, gerr, werr)
				}
				return
			case errors.As(werr, &broken):
				if fault == "" {
					t.Fatalf("%q: %q, want %v", text, g, werr)
				}
			case fault != "" || !slices.Equal(g, w):
				t.Fatalf("%q: %q %s, want %q", text, g, fault, w)
			}
		}
	})
}
