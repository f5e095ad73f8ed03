package storage

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"iter"
	"maps"

	"github.com/tabi-go/tabi/touchpoint"
)

// A Container writes facts as JSON Lines: one object a line with sorted keys and its
// "type", a header first, a trailer with a checksum last. It is the format of [Dump] and
// of a person's export. The caller orders the lines: facts by class, then [Position].
// Not safe for concurrent use.
type Container struct {
	w     io.Writer
	sum   hash.Hash
	lines int
}

const containerSchema = 1

// maxLine bounds a line of a container, in bytes: the longest fact, escaped.
const maxLine = 8 << 20

// NewContainer writes the header to w, with further fields if there are any.
func NewContainer(w io.Writer, header map[string]any) (*Container, error) {
	c := &Container{w: w, sum: sha256.New()}
	fields := map[string]any{"schema": containerSchema}
	maps.Copy(fields, header)
	return c, c.Line("header", fields)
}

// Line writes a line of any type.
func (c *Container) Line(typ string, fields map[string]any) error {
	line := map[string]any{"type": typ}
	maps.Copy(line, fields)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(line); err != nil {
		return err
	}
	c.sum.Write(b.Bytes())
	c.lines++
	_, err := c.w.Write(b.Bytes())
	return err
}

// Fact writes a fact; its type is the name of its class.
func (c *Container) Fact(f Fact) error { return c.Line(f.Class().String(), factJSON(f)) }

// Close writes the trailer, without which nobody takes anything from the container. It
// does not close the writer.
func (c *Container) Close() error {
	return c.Line("end", map[string]any{"lines": c.lines, "sha256": hex.EncodeToString(c.sum.Sum(nil))})
}

// Dump writes every fact to w as JSON Lines: a header, the facts by class and
// [Position], and a trailer with a checksum. Equal stores give equal bytes.
func Dump(ctx context.Context, s Store, w io.Writer) error {
	b := bufio.NewWriter(w)
	c, err := NewContainer(b, nil)
	if err != nil {
		return err
	}
	for f, err := range byClass(ctx, s, Classes()) {
		if err == nil {
			err = c.Fact(f)
		}
		if err != nil {
			return err
		}
	}
	return errors.Join(c.Close(), b.Flush())
}

// byClass yields the facts of these classes, one class after another, of one instant
// where the store is a [Snapshotter].
func byClass(ctx context.Context, s Store, classes []Class) iter.Seq2[Fact, error] {
	return func(yield func(Fact, error) bool) {
		scan := s.Scan
		if view, err := OpenSnapshot(ctx, s); err == nil {
			defer view.Close()
			scan = view.Scan
		} else if !errors.Is(err, ErrUnsupported) {
			yield(Fact{}, err)
			return
		}
		for _, c := range classes {
			for f, err := range scan(ctx, Query{Classes: []Class{c}}) {
				if !yield(f, err) || err != nil {
					return
				}
			}
		}
	}
}

// Restore reads what [Dump] wrote into s and tallies the outcomes. Nothing is taken from
// a file whose trailer is missing or wrong: a *CorruptError. Erasures come back with
// their suppression entries and remove nothing; lines that are no facts are passed over.
//
// A reader that can seek is read twice; of any other the bytes are held in memory.
func Restore(ctx context.Context, s Store, r io.Reader) (touchpoint.Tally, error) {
	seeker, ok := r.(io.ReadSeeker)
	if !ok {
		all, err := io.ReadAll(r)
		if err != nil {
			return touchpoint.Tally{}, err
		}
		seeker = bytes.NewReader(all)
	}
	start, err := seeker.Seek(0, io.SeekCurrent)
	if err != nil {
		return touchpoint.Tally{}, err
	}
	for _, err := range lines(seeker) {
		if err != nil {
			return touchpoint.Tally{}, err
		}
	}
	if _, err := seeker.Seek(start, io.SeekStart); err != nil {
		return touchpoint.Tally{}, err
	}
	var erased touchpoint.Tally
	tally, err := Load(ctx, s, func(yield func(Fact, error) bool) {
		for f, err := range containerFacts(seeker) {
			if err == nil && f.Erasure != nil {
				var status touchpoint.Status
				if status, err = carry(ctx, s, f.Erasure); err == nil {
					erased.Add(status)
					continue
				}
			}
			if !yield(f, err) || err != nil {
				return
			}
		}
	})
	tally.Merge(erased)
	return tally, err
}

// carry writes an erasure of another store into s: its record and its entries.
func carry(ctx context.Context, s Store, e *Erased) (touchpoint.Status, error) {
	for _, err := range s.Scan(ctx, Query{Keys: []Key{{ClassErasure, "", e.ID}}}) {
		if err != nil {
			return 0, err
		}
		return touchpoint.Duplicate, nil
	}
	_, err := s.Erase(ctx, Erasure{ID: e.ID, At: e.At, Suppress: e.Entries, Note: *e})
	return touchpoint.Accepted, err
}

// containerFacts yields the facts of a container.
func containerFacts(r io.Reader) iter.Seq2[Fact, error] {
	return func(yield func(Fact, error) bool) {
		for line, err := range lines(r) {
			if err != nil {
				yield(Fact{}, err)
				return
			}
			class, ok := lineClass(line)
			if !ok {
				continue
			}
			f, err := parseFact(class, line)
			if err != nil {
				yield(Fact{}, err)
				return
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

// lineClass returns the class that a line holds a fact of.
func lineClass(line []byte) (Class, bool) {
	var head struct{ Type string }
	_ = json.Unmarshal(line, &head) // lines has read it as an object
	for _, c := range Classes() {
		if c.String() == head.Type {
			return c, true
		}
	}
	return 0, false
}

// lines yields the lines before the trailer, and ends with a *CorruptError unless header and
// trailer are there and right.
func lines(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		in := bufio.NewScanner(r)
		in.Buffer(nil, maxLine)
		sum, n, ended := sha256.New(), 0, false
		for in.Scan() && in.Err() == nil { // what stands before an error of r is no line
			var head struct {
				Type   string
				Schema int
				Lines  int
				SHA256 string
			}
			line := in.Bytes()
			err := json.Unmarshal(line, &head)
			switch {
			case ended, err != nil, (n == 0) != (head.Type == "header"), n == 0 && head.Schema != containerSchema:
				yield(nil, &CorruptError{"container line", int64(n + 1)})
				return
			case head.Type == "end":
				if ended = head.Lines == n && head.SHA256 == hex.EncodeToString(sum.Sum(nil)); !ended {
					yield(nil, &CorruptError{"container trailer", int64(n + 1)})
					return
				}
			case !yield(line, nil):
				return
			}
			sum.Write(line)
			sum.Write([]byte{'\n'})
			n++
		}
		switch err := in.Err(); {
		case err != nil && !errors.Is(err, bufio.ErrTooLong):
			yield(nil, err)
		case err != nil, !ended:
			yield(nil, &CorruptError{"container trailer", int64(n + 1)})
		}
	}
}
