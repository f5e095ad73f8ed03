package touchpoint

import (
	"bufio"
	"io"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/identity"
)

// A Writer writes normalised touches in canonical form. Not safe for concurrent use.
type Writer struct {
	// Types are the identifier columns of a CSV file; a touch with another type is refused
	// (unknown_type). Nil: the types that occur, for which the rows are held in memory until
	// Flush. JSON Lines need none.
	Types []identity.Type

	*output // behind a pointer, so that printing a Writer prints no touch
}

type output struct {
	w      *bufio.Writer
	format Format
	buf    []byte
	held   []Touch
	header bool // written
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer, f Format) *Writer {
	return &Writer{output: &output{w: bufio.NewWriterSize(w, 64<<10), format: f}}
}

// Write writes one touch. It is buffered; call [Writer.Flush] at the end.
func (w *Writer) Write(t Touch) error {
	switch {
	case w.format != CSV:
		w.buf = append(t.AppendJSON(w.buf[:0]), '\n')
		_, err := w.w.Write(w.buf)
		return err
	case w.Types == nil:
		w.held = append(w.held, t)
		return nil
	}
	return w.row(&t)
}

// Flush writes what is buffered. A CSV file without rows is its header. What is written
// after Flush goes under the same header.
func (w *Writer) Flush() error {
	if w.format == CSV {
		if w.Types == nil {
			w.Types = []identity.Type{}
			for _, t := range w.held {
				for _, id := range t.IDs {
					if !slices.Contains(w.Types, id.Type()) {
						w.Types = append(w.Types, id.Type())
					}
				}
			}
		}
		w.writeHeader()
		for i := range w.held {
			if err := w.row(&w.held[i]); err != nil {
				return err
			}
		}
		w.held = nil
	}
	return w.w.Flush()
}

// writeHeader writes the header once. If that fails, so does all that is written behind it.
func (w *Writer) writeHeader() {
	if w.header {
		return
	}
	w.header = true
	w.Types = slices.Compact(slices.Sorted(slices.Values(w.Types)))
	b := append(w.buf[:0], "source,id,at,received_at,kind,channel,touchpoint,campaign.source,campaign.medium,"+
		"campaign.name,campaign.term,campaign.content,campaign.id,"...)
	for _, typ := range w.Types {
		b = append(append(append(b, "id."...), typ...), ',')
	}
	w.buf = append(b, "direction,offline,sentiment,cost,value,currency,stage,redacted,props\n"...)
	_, _ = w.w.Write(w.buf)
}

func (w *Writer) row(t *Touch) error {
	w.writeHeader()
	b := appendCell(w.buf[:0], t.Source)
	b = appendCell(append(b, ','), t.ID)
	b = append(appendTime(append(b, ','), t.At), ',')
	if !t.ReceivedAt.IsZero() {
		b = appendTime(b, t.ReceivedAt)
	}
	c := &t.Campaign
	for _, s := range [...]string{string(t.Kind), string(t.Channel), t.Touchpoint,
		c.Source, c.Medium, c.Name, c.Term, c.Content, c.ID} {
		b = appendCell(append(b, ','), s)
	}
	left := len(t.IDs)
	for _, typ := range w.Types {
		cell := ""
		for _, id := range t.IDs {
			if id.Type() != typ {
				continue
			}
			left--
			if cell != "" {
				cell += "|"
			}
			cell += escapeID.Replace(id.Value())
		}
		b = appendCell(append(b, ','), cell)
	}
	if left > 0 {
		return &InvalidError{"ids", UnknownType}
	}
	b = append(append(append(b, ','), t.Direction.String()...), ',')
	if t.Offline {
		b = append(b, "true,"...)
	} else {
		b = append(b, "false,"...)
	}
	if t.Sentiment.set {
		b = t.Sentiment.appendText(b)
	}
	b = t.Cost.appendText(append(b, ','))
	b = t.Value.appendText(append(b, ','))
	b = append(append(append(b, ','), t.currency().String()...), ',')
	b = append(appendCell(b, t.Stage), ',')
	if t.Redacted {
		b = append(b, "true"...)
	}
	w.buf = append(appendCell(append(b, ','), t.Props.json), '\n')
	_, err := w.w.Write(w.buf)
	return err
}

var escapeID = strings.NewReplacer(`\`, `\\`, `|`, `\|`)

// appendCell appends a text cell, guarded and quoted where it must be.
func appendCell(b []byte, s string) []byte {
	guard := guarded(s)
	quote := strings.ContainsAny(s, ",\"\r\n") || s != "" && (s[0] == ' ' || s[len(s)-1] == ' ')
	if quote {
		b = append(b, '"')
	}
	if guard {
		b = append(b, '\'')
	}
	if !quote {
		return append(b, s...)
	}
	for i := range len(s) {
		if s[i] == '"' {
			b = append(b, '"')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}
