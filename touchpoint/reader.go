package touchpoint

import (
	"bytes"
	"io"
	"iter"
	"strconv"
)

// A Format is a form in which touches are read and written.
type Format uint8

// The formats. Both hold the same record; the zero Format reads and writes as JSONLines.
//
// JSONLines has one JSON object a line, with the keys of [Touch.AppendJSON] in any order;
// ids are [{"type":…,"value":…}], other keys become props. Amounts are decimal strings; a
// JSON number is read by its text, under the same grammar.
//
// CSV is RFC 4180 in UTF-8 with a header row. Dots in headers are the path in the record
// (campaign.name); identifiers have one column a type (id.email), several values joined by
// |, where \| and \\ are escapes; props holds a JSON object, any other column becomes a
// text property. Text that a spreadsheet would take for a formula stands behind an
// apostrophe, which reading takes off.
const (
	JSONLines Format = iota + 1
	CSV
)

// A LineError says which line of an input is bad, and why: Err is an [*InvalidError],
// or a [*CallbackError] where a hook panicked. Line counts from 1; for a CSV record over
// several lines it is the first.
type LineError struct {
	Line int
	Err  error
}

// Error returns the line and the reason.
func (e *LineError) Error() string { return "line " + strconv.Itoa(e.Line) + ": " + e.Err.Error() }

// Unwrap returns Err.
func (e *LineError) Unwrap() error { return e.Err }

// A Reader reads normalised touches. Two records without an id that are equal in every
// field are one touch: they get the same derived id. It holds one record at a time, of at
// most [MaxLine] bytes. Not safe for concurrent use.
type Reader struct {
	r      io.Reader
	format Format
	opts   *Options
}

// NewReader returns a Reader of r; nil options are the defaults.
func NewReader(r io.Reader, f Format, o *Options) *Reader { return &Reader{r, f, o.orDefault()} }

// All yields the touches in the order of the input. A bad record is yielded as a
// [*LineError] with a zero Touch, and reading goes on; so is a CSV header, but nothing can
// follow it. Any other error is the input's own and comes last. All can be ranged over once.
func (r *Reader) All() iter.Seq2[Touch, error] {
	if r.format == CSV {
		return r.allCSV
	}
	return r.allJSON
}

func (r *Reader) allJSON(yield func(Touch, error) bool) {
	in := newLines(r.r)
	var p jsonParser
	for {
		err := in.next(false)
		var t Touch
		if err == nil {
			if blankLine(in.buf) {
				continue
			}
			t, err = p.parse(bytes.TrimRight(in.buf, "\r\n"), Touch{}, r.opts)
		}
		if !r.yield(yield, t, in.line, err) {
			return
		}
	}
}

func (r *Reader) allCSV(yield func(Touch, error) bool) {
	c, err := newCSVReader(r.r)
	if err != nil {
		yield(Touch{}, err)
		return
	}
	for {
		t, err := c.next(r.opts)
		if !r.yield(yield, t, c.rows.Line, err) {
			return
		}
	}
}

// yield hands on one result and reports whether there can be another.
func (r *Reader) yield(yield func(Touch, error) bool, t Touch, line int, err error) bool {
	if err == nil {
		return yield(t, nil)
	}
	if err == io.EOF {
		return false
	}
	switch err := lineError(line, err).(type) {
	case *LineError:
		return yield(Touch{}, err)
	default:
		yield(Touch{}, err)
		return false
	}
}
