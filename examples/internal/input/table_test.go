package input_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/examples/internal/input"
)

// rows returns the cells that were read and the texts of bad rows.
func rows(t *testing.T, text string, bare bool) (header, got []string) {
	t.Helper()
	tb, err := input.Streams{In: strings.NewReader(text)}.Table("-", bare)
	if err != nil {
		t.Fatal(err)
	}
	defer tb.Close()
	for r, err := range tb.Rows() {
		if bad := new(input.Bad); errors.As(err, &bad) {
			got = append(got, bad.Error())
		} else if err != nil {
			t.Fatal(err)
		} else {
			got = append(got, fmt.Sprint(r.Line, r.Number, r.Cells))
		}
	}
	return tb.Header, got
}

func TestRowsOfATable(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		bare bool
		want []string
	}{
		"byte order mark and CRLF": {"\ufeffa,b\r\n1,2\r\n", false, []string{"2 1 [1 2]"}},
		"mark before a quote":      {"\ufeff\"a\", b\n1,2\n", false, []string{"2 1 [1 2]"}},
		"cells of two lines":       {"a,b\n\"1\n\",2\n3,4\n", false, []string{"2 1 [1\n 2]", "4 2 [3 4]"}},
		"too few and too many":     {"a,b\n1\n1,2,3\n1,2\n", false, []string{"line 2: syntax", "line 3: syntax", "4 3 [1 2]"}},
		"a quote that stays open":  {"a,b\n1,2\n\"3,4\n5,6\n", false, []string{"2 1 [1 2]", "line 3: syntax"}},
		"a quote within":           {"a,b\n1,x\"y\n1,2\n", false, []string{"line 2: syntax", "3 2 [1 2]"}},
		"no UTF-8":                 {"a,b\n1,\xff\n1,2\n", false, []string{"line 2: utf8 b", "3 2 [1 2]"}},
		"bare":                     {"1,2\n3\n5,6\n", true, []string{"1 1 [1 2]", "line 2: syntax", "3 3 [5 6]"}},
		"bare and no UTF-8":        {"1,\xff\n5,6\n", true, []string{"line 1: utf8 c2", "2 2 [5 6]"}},
	} {
		t.Run(name, func(t *testing.T) {
			header, got := rows(t, tt.text, tt.bare)
			names := []string{"a", "b"}
			if tt.bare {
				names = []string{"c1", "c2"}
			}
			if !slices.Equal(got, tt.want) || !slices.Equal(header, names) {
				t.Errorf("got %q under %q", got, header)
			}
		})
	}
}

func TestBadHeadersAreUsage(t *testing.T) {
	for _, text := range []string{"", "a,b,a\n", "a,\xff\n", "a,\"b\n"} {
		_, err := input.Streams{In: strings.NewReader(text)}.Table("-", false)
		if !errors.As(err, new(*input.UsageError)) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestDecimals(t *testing.T) {
	for cell, want := range map[string]bool{"1": true, "-1.5e3": true, ".5": true, "2.": true, "": false, "NaN": false, "Inf": false,
		"0x1p3": false, "1_000": false, "1,5": false, "1e151": false, "１": false, " 1": false} {
		if _, ok := input.Decimal(cell); ok != want {
			t.Errorf("%q is a number: %v", cell, ok)
		}
	}
}

func TestDeadLettersComeLast(t *testing.T) {
	var w strings.Builder
	d := input.Dead{Err: &w}
	failed := errors.New("broke")
	if d.End("p", failed) != failed || w.Len() > 0 {
		t.Error("none is dead")
	}
	for i := range 30 {
		d.Add(&input.Bad{Line: i + 1, Reason: "syntax"})
	}
	if err := d.End("p", failed); err != input.ErrBad || strings.Count(w.String(), "\n") != 22 || !strings.HasSuffix(w.String(), "line 20: syntax\np: broke\ndead letters: 30\n") {
		t.Errorf("%v %q", err, &w)
	}
	if usage := input.Usagef("no"); d.End("p", usage) != usage {
		t.Error("usage is no dead letter")
	}
}
