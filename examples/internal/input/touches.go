package input

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/csvmap"
)

// Options say how touches are read. The zero Options read canonical ones.
type Options struct {
	// Map is the value of -map: a mapping file, or preset:NAME. Empty: canonical touches.
	Map string
	// Tables are the side tables of the mapping, file by name.
	Tables map[string]string
	// Format is jsonl or csv, where neither name nor first byte tells; empty asks these.
	Format string
	// Ingest holds source, currency, zone and clock for a mapping; its Touch also rules
	// canonical touches. Nil for the defaults.
	Ingest *ingest.Options
}

// A Bad says why one record of a file is bad. It holds no value of the record.
type Bad struct {
	File   string
	Line   int
	Reason touchpoint.Reason
	Field  string
}

// Error returns "line L: reason field".
func (b *Bad) Error() string {
	return strings.TrimRight(fmt.Sprintf("line %d: %s %s", b.Line, b.Reason, b.Field), " ")
}

// Touches reads touches from a file, standard input ("-") or .gz. A bad record is a
// [*Bad] and reading goes on; any other error comes last: a [*UsageError] if the file or
// the mapping is at fault, else the input broke off.
func (s Streams) Touches(name string, o *Options) iter.Seq2[touchpoint.Touch, error] {
	return func(yield func(touchpoint.Touch, error) bool) {
		if o == nil {
			o = &Options{}
		}
		r, err := s.Open(name)
		if err == nil {
			defer r.Close()
			if o.Map != "" {
				err = s.mapped(name, r, o, yield)
			} else {
				err = s.canonical(name, r, o, yield)
			}
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(touchpoint.Touch{}, err)
		}
	}
}

var errStopped = errors.New("stopped")

func (s Streams) canonical(name string, r io.Reader, o *Options, yield func(touchpoint.Touch, error) bool) error {
	b := bufio.NewReader(r)
	f, err := format(name, o.Format, b)
	if err != nil {
		return err
	}
	var to *touchpoint.Options
	if o.Ingest != nil {
		to = o.Ingest.Touch
	}
	for t, err := range touchpoint.NewReader(b, f, to).All() {
		var line *touchpoint.LineError
		if errors.As(err, &line) {
			err = bad(name, line.Line, line.Err)
		}
		if !yield(t, err) {
			return errStopped
		}
	}
	return nil
}

// format tells JSON Lines from CSV: by the name, else by the first byte.
func format(name, asked string, b *bufio.Reader) (touchpoint.Format, error) {
	n := base(name)
	switch {
	case asked == "jsonl" || asked == "" && (strings.HasSuffix(n, ".jsonl") || strings.HasSuffix(n, ".ndjson")):
		return touchpoint.JSONLines, nil
	case asked == "csv" || asked == "" && strings.HasSuffix(n, ".csv"):
		return touchpoint.CSV, nil
	case asked != "":
		return 0, Usagef("unknown format %q", asked)
	}
	first, _ := b.Peek(4)
	if strings.HasPrefix(strings.TrimPrefix(string(first), "\ufeff"), "{") {
		return touchpoint.JSONLines, nil
	}
	return touchpoint.CSV, nil
}

func (s Streams) mapped(name string, r io.Reader, o *Options, yield func(touchpoint.Touch, error) bool) error {
	m, err := s.Mapping(o.Map, o.Tables)
	if err != nil {
		return err
	}
	d, err := m.Decoder(o.Ingest)
	if err != nil {
		return &UsageError{err}
	}
	for rec, err := range d.Decode(r, time.Time{}) {
		switch {
		case err != nil:
			var col *csvmap.ColumnError
			if errors.As(err, &col) {
				return Usagef("%s: %w", name, err)
			}
			return err
		case rec.Err != nil:
			if !yield(touchpoint.Touch{}, bad(name, rec.Line, rec.Err)) {
				return errStopped
			}
		}
		for _, t := range rec.Touches {
			if !yield(t, nil) {
				return errStopped
			}
		}
	}
	return nil
}

// Mapping reads a mapping file, or preset:NAME, with its side tables.
func (s Streams) Mapping(name string, tables map[string]string) (*csvmap.Mapping, error) {
	var m *csvmap.Mapping
	var err error
	if preset, ok := strings.CutPrefix(name, "preset:"); ok {
		m, err = csvmap.Preset(preset)
	} else {
		data, rerr := s.ReadFile(name)
		if rerr != nil {
			return nil, rerr
		}
		if m, err = csvmap.Parse(data); err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
	}
	for table, file := range tables {
		if err != nil {
			break
		}
		m, err = s.table(m, table, file)
	}
	if err != nil {
		return nil, &UsageError{err}
	}
	return m, nil
}

func (s Streams) table(m *csvmap.Mapping, table, file string) (*csvmap.Mapping, error) {
	r, err := s.Open(file)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return m.WithTable(table, r)
}

func bad(file string, line int, err error) *Bad {
	b := &Bad{File: file, Line: line, Reason: touchpoint.Syntax}
	var inv *touchpoint.InvalidError
	if errors.As(err, &inv) {
		b.Reason, b.Field = inv.Reason, inv.Field
	}
	return b
}
