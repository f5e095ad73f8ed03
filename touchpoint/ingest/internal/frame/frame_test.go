package frame_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/tabi-go/tabi/touchpoint/ingest/internal/frame"
)

// read returns what came out of an input: raw messages or reasons, with line and index.
func read(r io.Reader, form frame.Form) (got []string) {
	limits := frame.Limits{Message: 100, Document: 1000}
	for s, err := range frame.Decode(r, form, limits, func(m frame.Message) string {
		what := string(m.Raw)
		if m.Err != nil {
			what = m.Err.Error()
		} else if v := m.Batch.Get("e"); v.OK() {
			what += " in " + v.Raw()
		}
		return fmt.Sprint(m.Index, " ", m.Line, " ", what)
	}) {
		if err != nil {
			s = "end: " + err.Error()
		}
		got = append(got, s)
	}
	return got
}

const (
	syntaxDoc = "end: touchpoint: syntax document"
	long      = "touchpoint: too_large message"
	syntax    = "touchpoint: syntax message"
)

func TestForms(t *testing.T) {
	t.Parallel()
	big := `{"x":"` + strings.Repeat("y", 100) + `"}`
	for _, c := range []struct {
		name, in string
		form     frame.Form
		want     []string
	}{
		{"lines", "{\"a\":1}\r\n\n{\"b\":2}", frame.Auto, []string{`0 1 {"a":1}`, `1 3 {"b":2}`}},
		{"a line of two values", "{} {}\n{}", frame.Lines, []string{"0 1 " + syntax, "1 2 {}"}},
		{"an array in a line", "[{\"a\":1},{}]\n{}", frame.Lines, []string{`0 1 {"a":1}`, "1 1 {}", "2 2 {}"}},
		{"a long line", big + "\n{}", frame.Lines, []string{"0 1 " + long, "1 2 {}"}},
		{"a very long line", strings.Repeat("x", 200_000) + "\n{}", frame.Lines, []string{"0 1 " + long, "1 2 {}"}},
		{"a very long line of no lines", strings.Repeat("x", 200_000) + "\n{}", frame.Auto, []string{"end: touchpoint: too_large document"}},
		{"a document", "{\n\"a\":\n1}", frame.Auto, []string{"0 0 {\n\"a\":\n1}"}},
		{"an array", "[ {\"a\":1} ,\n{} ]\n", frame.Auto, []string{`0 0 {"a":1}`, "1 0 {}"}},
		{"an array in one long line", "[" + big + ",{}]", frame.Auto, []string{"0 0 " + long, "1 0 {}"}},
		{"a long line of blanks, then a document", strings.Repeat(" ", 200) + "{}", frame.Auto, []string{"0 0 {}"}},
		{"a batch", `{"e":7,"batch":[{"a":1},8]}`, frame.Document, []string{`0 0 {"a":1} in 7`, "1 0 " + syntax}},
		{"a batch with its envelope behind", "{\"batch\" : [ {} ] , \"e\":7}", frame.Lines, []string{"0 1 {} in 7"}},
		{"an empty batch", `{"batch":[]}`, frame.Document, nil},
		{"no batch", `{"batch":1}`, frame.Document, []string{`0 0 {"batch":1}`}},
		{"a broken envelope", `{"batch":[{}],"e":7,"E":8}`, frame.Document, []string{"0 0 touchpoint: duplicate_key message"}},
		{"a batch that is too large", `{"batch":[` + strings.Repeat("{},", 400) + `{}]}`, frame.Document, []string{"end: touchpoint: too_large document"}},
		{"an array of more than that", "[" + strings.Repeat("{},", 400) + "8]", frame.Document, append(slices.Repeat([]string{"x"}, 400), "400 0 "+syntax)},
		{"brackets in texts", `[{"a":"]}\"]"},{"b":"\\"}]`, frame.Document, []string{`0 0 {"a":"]}\"]"}`, `1 0 {"b":"\\"}`}},
		{"scalars", "[1,\"a\",null, true ]", frame.Document, []string{"0 0 " + syntax, "1 0 " + syntax, "2 0 " + syntax, "3 0 " + syntax}},
		{"a broken element", `[{"a":},{}]`, frame.Document, []string{"0 0 " + syntax, "1 0 {}"}},
		{"a repeated key in an element", `[{"a":1,"A":2},{}]`, frame.Document, []string{"0 0 touchpoint: duplicate_key message", "1 0 {}"}},
		{"no comma", "[{}{}]", frame.Document, []string{"0 0 {}", syntaxDoc}},
		{"no end", "[{},", frame.Document, []string{"0 0 {}", syntaxDoc}},
		{"no end of a text", `{"a":"b`, frame.Document, []string{syntaxDoc}},
		{"a comma too many", "[{},]", frame.Document, []string{"0 0 {}", syntaxDoc}},
		{"nothing but a comma", ",", frame.Auto, []string{syntaxDoc}},
		{"something behind", "{} {}", frame.Document, []string{"0 0 {}", syntaxDoc}},
		{"a blank that JSON does not know", "\u00a0{}\n{}", frame.Lines, []string{"0 1 " + syntax, "1 2 {}"}},
		{"a byte order mark", "\ufeff{}", frame.Lines, []string{"0 1 {}"}},
		{"nothing", " \n\t\n", frame.Auto, nil},
		{"nothing as a document", " \n", frame.Document, nil},
	} {
		for i, r := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in)), iotest.DataErrReader(strings.NewReader(c.in))} {
			got := read(r, c.form)
			for j := range c.want {
				if c.want[j] == "x" && j < len(got) {
					got[j] = "x"
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s, reader %d: %q, want %q", c.name, i, got, c.want)
			}
		}
	}
}

// Lines of text count from 1, blank ones too, which are no messages; the last needs no end.
func TestLinesOfText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"a\n\r\n\nb\r\n": {"0 1 a", "1 4 b"}, "a\nb": {"0 1 a", "1 2 b"}, "\n": nil, "": nil, " \n": {"0 1  "}, "123456789\n1234567890\nx": {"0 1 123456789", "1 2 too long", "2 3 x"},
	} {
		var got []string
		for s, err := range frame.DecodeLines(strings.NewReader(in), 9, func(index, line int, text []byte, tooLong bool) string {
			if tooLong {
				text = []byte("too long")
			}
			return fmt.Sprint(index, " ", line, " ", string(text))
		}) {
			if err != nil {
				t.Errorf("%q: %v", in, err)
			}
			got = append(got, s)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestErrorsOfTheInputEndIt(t *testing.T) {
	t.Parallel()
	bad := errors.New("unplugged")
	for _, form := range []frame.Form{frame.Auto, frame.Lines, frame.Document} {
		for _, in := range []string{"", "{\"a\":1}\n", "[", "[{}", "[{},", "[{},{"} {
			got := read(io.MultiReader(strings.NewReader(in), iotest.ErrReader(bad)), form)
			if len(got) == 0 || got[len(got)-1] != "end: unplugged" {
				t.Errorf("form %d, %q: %q", form, in, got)
			}
		}
	}
	var last error
	for _, err := range frame.DecodeLines(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(bad)), 9, func(int, int, []byte, bool) int { return 0 }) {
		last = err
	}
	if !errors.Is(last, bad) {
		t.Errorf("lines of text end with %v", last)
	}
}

func TestTheLoopMayStop(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"{}\n{}\n", "[{},{}]", `{"batch":[{},{}]}`} {
		for _, form := range []frame.Form{frame.Auto, frame.Document} {
			n := 0
			for range frame.Decode(strings.NewReader(in), form, frame.Limits{Message: 9, Document: 99}, func(frame.Message) int { return 0 }) {
				n++
				break
			}
			if n != 1 {
				t.Errorf("%q: %d", in, n)
			}
		}
	}
	for range frame.DecodeLines(strings.NewReader("a\nb\n"), 9, func(int, int, []byte, bool) int { return 0 }) {
		break
	}
}
