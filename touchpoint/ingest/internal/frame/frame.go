// Package frame cuts an input into JSON messages: lines, one document, an array, a batch
// in an envelope. It holds one message, or one batch, at a time.
package frame

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// Limits bound what is read: a message and a document in bytes, and how deep a message
// may be, 0 for jsonscan's default.
type Limits struct{ Message, Document, Depth int }

// Form says how messages stand in the input.
type Form uint8

// The forms.
const (
	Auto     Form = iota // lines if the first line is a whole JSON value, else a document
	Lines                // one JSON value a line
	Document             // one JSON value
)

// A Message is one message of the input. Its values are valid until the next one.
type Message struct {
	Index, Line int
	Raw         []byte
	Value       jsonscan.Value // an object
	Batch       jsonscan.Value // the envelope without its messages, or none
	Err         error          // why this message cannot be read; then Value is none
}

// Decode yields what record makes of each message of r. The error comes last and once:
// the input cannot be read further. A message may be an array or an envelope
// {"batch": […], …} of messages; each of these is one.
func Decode[R any](r io.Reader, form Form, l Limits, record func(Message) R) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		s := &source{r: bufio.NewReaderSize(r, 64<<10), l: l}
		s.yield = func(m Message) bool { return yield(record(m), nil) }
		if err := s.read(form); err != nil && !errors.Is(err, errStopped) {
			var none R
			yield(none, err)
		}
	}
}

// DecodeLines yields what record makes of each line of r that is not blank, without its
// end; tooLong says that it was over the limit, and text is then not the whole. The
// error is the input's own and comes last.
func DecodeLines[R any](r io.Reader, limit int, record func(index, line int, text []byte, tooLong bool) R) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		s := &source{r: bufio.NewReaderSize(r, 64<<10), l: Limits{Message: limit}}
		for n, index := 1, 0; ; n++ {
			long, err := s.readLine(false)
			if text := bytes.TrimRight(s.buf, "\r\n"); len(text) > 0 || long {
				if !yield(record(index, n, text, long), nil) {
					return
				}
				index++
			}
			if err != nil {
				if !errors.Is(err, io.EOF) {
					var none R
					yield(none, err)
				}
				return
			}
		}
	}
}

var errStopped = errors.New("frame: stopped")

type source struct {
	r     *bufio.Reader
	l     Limits
	yield func(Message) bool

	index int
	line  int // 0 in documents
	buf   []byte
	doc   jsonscan.Doc
	env   jsonscan.Doc
}

func (s *source) read(form Form) error {
	if bom, _ := s.r.Peek(3); string(bom) == "\ufeff" {
		_, _ = s.r.Discard(3)
	}
	if form == Document {
		return s.document(nil)
	}
	for n := 1; ; n++ {
		long, err := s.readLine(form == Auto)
		if len(trim(s.buf)) > 0 || long {
			if form == Auto {
				if form = Lines; long || !s.whole() {
					return s.document(s.buf)
				}
			}
			s.line = n
			if long {
				if !s.bad(nil, touchpoint.TooLarge) {
					return errStopped
				}
			} else if !s.messages(trim(s.buf)) {
				return errStopped
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// readLine reads one line into buf. Past the limit the rest is read and dropped, or with
// stop left to be read, where a line that long begins a document.
func (s *source) readLine(stop bool) (long bool, err error) {
	s.buf = s.buf[:0]
	for {
		part, err := s.r.ReadSlice('\n')
		if !long {
			s.buf = append(s.buf, part...)
			if long = len(bytes.TrimRight(s.buf, "\r\n")) > s.l.Message; long && stop {
				return true, nil
			}
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return long, err
		}
	}
}

// whole reports whether buf is one JSON value by its brackets.
func (s *source) whole() bool {
	b := trim(s.buf)
	var e extent
	n, done := e.scan(b)
	return done && n == len(b) || e.scalar && n == len(b)
}

// short is how long a text may be that is taken for one message at first. Most are; a
// batch is longer, and would be parsed for nothing.
const short = 8 << 10

// messages yields what a whole value holds.
func (s *source) messages(text []byte) (more bool) {
	switch text[0] {
	case '[':
		elements, ok := split(text)
		if !ok {
			return s.bad(text, touchpoint.Syntax)
		}
		return s.each(text, elements, jsonscan.Value{})
	case '{':
		if len(text) <= min(short, s.l.Message) {
			v, err := s.doc.Parse(string(text), jsonscan.Limits{Size: s.l.Message, Depth: s.l.Depth})
			if err == nil && v.Get("batch").Kind() != jsonscan.Array {
				return s.message(text, v, jsonscan.Value{})
			}
		}
		members, ok := split(text)
		if !ok {
			return s.one(text, jsonscan.Value{}) // the parser says what is wrong
		}
		for i, m := range members {
			if !isBatch(text[m.from:m.to]) {
				continue
			}
			batch := trim(trim(text[m.from:m.to])[len(`"batch"`):])
			batch = trim(bytes.TrimPrefix(batch, []byte(":")))
			if len(batch) == 0 || batch[0] != '[' {
				break
			}
			elements, ok := split(batch)
			if !ok {
				return s.bad(nil, touchpoint.Syntax)
			}
			rest := []byte{'{'}
			for j, m := range members {
				if j != i {
					if len(rest) > 1 {
						rest = append(rest, ',')
					}
					rest = append(rest, text[m.from:m.to]...)
				}
			}
			env, err := s.env.Parse(string(append(rest, '}')), jsonscan.Limits{Size: s.l.Document})
			if err != nil {
				return s.bad(nil, reason(err))
			}
			return s.each(batch, elements, env)
		}
	}
	return s.one(text, jsonscan.Value{})
}

// trim takes off what JSON calls blank.
func trim(b []byte) []byte { return bytes.Trim(b, " \t\r\n") }

func isBatch(member []byte) bool {
	return bytes.HasPrefix(trim(member), []byte(`"batch"`))
}

func (s *source) each(text []byte, elements []span, env jsonscan.Value) bool {
	for _, e := range elements {
		if !s.one(trim(text[e.from:e.to]), env) {
			return false
		}
	}
	return true
}

// one parses one message and yields it.
func (s *source) one(raw []byte, env jsonscan.Value) bool {
	v, err := s.doc.Parse(string(raw), jsonscan.Limits{Size: s.l.Message, Depth: s.l.Depth})
	if err != nil {
		return s.bad(raw, reason(err))
	}
	if v.Kind() != jsonscan.Object {
		return s.bad(raw, touchpoint.Syntax)
	}
	return s.message(raw, v, env)
}

// message yields one that was parsed.
func (s *source) message(raw []byte, v, env jsonscan.Value) bool {
	m := Message{Index: s.index, Line: s.line, Raw: raw, Value: v, Batch: env}
	s.index++
	return s.yield(m)
}

func (s *source) bad(raw []byte, r touchpoint.Reason) bool {
	m := Message{Index: s.index, Line: s.line, Raw: raw, Err: &touchpoint.InvalidError{Field: "message", Reason: r}}
	s.index++
	return s.yield(m)
}

func reason(err error) touchpoint.Reason {
	var e *jsonscan.Error
	if errors.As(err, &e) {
		return touchpoint.Reason(e.Reason)
	}
	return touchpoint.Syntax
}

// document reads one value, of which begun is what was read already: an array element by
// element, anything else whole.
func (s *source) document(begun []byte) error {
	r := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(bytes.Clone(begun)), s.r), 64<<10)
	c, err := skipBlank(r)
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	case c == '[':
		_, _ = r.Discard(1)
		if err := s.array(r); err != nil {
			return err
		}
	default:
		long, err := s.value(r, s.l.Document)
		switch {
		case err != nil:
			return err
		case len(s.buf) == 0 && !long:
			return errBroken
		case long:
			return &touchpoint.InvalidError{Field: "document", Reason: touchpoint.TooLarge}
		case !s.messages(bytes.Clone(s.buf)):
			return errStopped
		}
	}
	switch _, err := skipBlank(r); {
	case err == nil:
		return errBroken // something follows
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

var errBroken = &touchpoint.InvalidError{Field: "document", Reason: touchpoint.Syntax}

func (s *source) array(r *bufio.Reader) error {
	for first := true; ; first = false {
		c, err := skipBlank(r)
		switch {
		case err != nil:
			return broken(err)
		case c == ']' && first:
			_, _ = r.Discard(1)
			return nil
		}
		long, err := s.value(r, s.l.Message)
		switch {
		case err != nil:
			return err
		case len(s.buf) == 0 && !long:
			return errBroken
		case long && !s.bad(nil, touchpoint.TooLarge), !long && !s.one(s.buf, jsonscan.Value{}):
			return errStopped
		}
		if c, err = skipBlank(r); err != nil {
			return broken(err)
		}
		_, _ = r.Discard(1)
		switch c {
		case ']':
			return nil
		case ',':
		default:
			return errBroken
		}
	}
}

// value reads one value into buf, at most limit bytes of it: long says that there was more.
func (s *source) value(r *bufio.Reader, limit int) (long bool, err error) {
	s.buf = s.buf[:0]
	var e extent
	for {
		if _, err := r.Peek(1); err != nil {
			if e.scalar && errors.Is(err, io.EOF) {
				return long, nil
			}
			return false, broken(err)
		}
		p, _ := r.Peek(r.Buffered())
		n, done := e.scan(p)
		if keep := min(n, limit-len(s.buf)); keep == n {
			s.buf = append(s.buf, p[:n]...)
		} else {
			long = true
		}
		_, _ = r.Discard(n)
		if done {
			return long, nil
		}
	}
}

// broken is err, or that the document ends too early.
func broken(err error) error {
	if errors.Is(err, io.EOF) {
		return errBroken
	}
	return err
}

func skipBlank(r *bufio.Reader) (byte, error) {
	for {
		c, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c, r.UnreadByte()
		}
	}
}
