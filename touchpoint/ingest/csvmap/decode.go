package csvmap

import (
	"errors"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
)

type decoder struct {
	m    *Mapping
	desk *ingest.Desk
}

// Decode reads a table with a header. It implements [ingest.Decoder].
func (d *decoder) Decode(r io.Reader, received time.Time) iter.Seq2[ingest.Record, error] {
	if d.m.emit == emitCanonical {
		return d.canonical(r)
	}
	return func(yield func(ingest.Record, error) bool) {
		s := newScanner(r, d.desk.Options().Limits.Message)
		header, err := s.header()
		if err == nil {
			var b *bound
			if b, err = d.m.bind(header); err == nil {
				err = d.rows(s, b, received, yield)
			}
		}
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errStopped) {
			yield(ingest.Record{}, err)
		}
	}
}

var errStopped = errors.New("csvmap: stopped")

func (d *decoder) rows(s *scanner, b *bound, received time.Time, yield func(ingest.Record, error) bool) error {
	draft := d.desk.Draft()
	for i := 0; ; i++ {
		fields, bad, err := s.read()
		if err != nil {
			return err
		}
		if bad == "" && len(fields) != len(b.header) {
			bad = touchpoint.Syntax
		}
		var rec ingest.Record
		if bad != "" {
			rec.Err = &touchpoint.InvalidError{Field: "line", Reason: bad}
		} else {
			b.fields = fields
			draft.Reset()
			draft.Times.Received = received
			rec = d.m.record(b, draft)
		}
		rec.Index, rec.Line, rec.Raw = i, s.Line, s.Raw
		if !yield(rec, nil) {
			return errStopped
		}
	}
}

// canonical reads what touchpoint writes, by its own reader.
func (d *decoder) canonical(r io.Reader) iter.Seq2[ingest.Record, error] {
	return func(yield func(ingest.Record, error) bool) {
		o := d.desk.Touch()
		if o.Source == "" {
			o.Source = d.desk.Options().Source
		}
		i := 0
		for t, err := range touchpoint.NewReader(r, touchpoint.CSV, o).All() {
			rec := ingest.Record{Index: i, Touches: []touchpoint.Touch{t}}
			var line *touchpoint.LineError
			if errors.As(err, &line) {
				rec, err = ingest.Record{Index: i, Line: line.Line, Err: line.Err}, nil
			}
			if !yield(rec, err) || err != nil {
				return
			}
			i++
		}
	}
}

// bound is a mapping bound to the header of one table, and the row in hand.
type bound struct {
	header []string
	at     []int // place in the row by place in Mapping.columns, -1 for a missing one
	rest   []int // the columns that nothing reads, with "props": "rest"
	fields []string
}

func (b *bound) cell(column int) string {
	if i := b.at[column]; i >= 0 {
		return b.fields[i]
	}
	return ""
}

func (b *bound) others(yield func(name, cell string) bool) {
	for _, i := range b.rest {
		if !yield(b.header[i], b.fields[i]) {
			return
		}
	}
}

func (m *Mapping) bind(header []string) (*bound, error) {
	b := &bound{header: header}
	used := make([]bool, len(header))
	for _, c := range m.columns {
		i := find(header, c.name)
		if i < 0 && !c.optional {
			return nil, &ColumnError{Column: c.name}
		}
		if i >= 0 {
			used[i] = true
			if slices.Contains(header[i+1:], header[i]) {
				return nil, &touchpoint.InvalidError{Field: "header", Reason: touchpoint.DuplicateKey}
			}
		}
		b.at = append(b.at, i)
	}
	for i, name := range header {
		if m.rest && !used[i] && name != "" {
			b.rest = append(b.rest, i)
		}
	}
	return b, nil
}
