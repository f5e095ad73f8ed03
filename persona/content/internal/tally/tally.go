// Package tally counts by key. It is what the accumulators of package content share: adding,
// taking away, and one stable binary form.
package tally

import (
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"maps"
	"math"
	"slices"
)

// The errors of accumulators; package content hands them out as its own.
var (
	ErrIncompatible = errors.New("content: accumulators of two questions")
	ErrUnderflow    = errors.New("content: subtracting what is not there")
	ErrCorrupt      = errors.New("content: corrupt encoding")
)

// A Key names a row of a tally.
type Key [6]string

// A Count is what a row counts.
type Count [3]int64

// A Tally counts by key. The zero Tally is empty.
type Tally map[Key]Count

// Add adds a count to a row; a row that comes to nothing is gone.
func (t *Tally) Add(k Key, c Count) {
	if *t == nil {
		*t = Tally{}
	}
	have := (*t)[k]
	for i := range c {
		have[i] += c[i]
	}
	if have == (Count{}) {
		delete(*t, k)
		return
	}
	(*t)[k] = have
}

// Merge adds all rows of o, which must answer the same question.
func (t *Tally) Merge(o Tally, question, asked string) error {
	if question != asked {
		return ErrIncompatible
	}
	for k, c := range o {
		t.Add(k, c)
	}
	return nil
}

// Subtract takes the rows of o away, or nothing at all with [ErrUnderflow].
func (t *Tally) Subtract(o Tally, question, asked string) error {
	if question != asked {
		return ErrIncompatible
	}
	for k, c := range o {
		for i, have := range (*t)[k] {
			if have < c[i] {
				return ErrUnderflow
			}
		}
	}
	for k, c := range o {
		t.Add(k, Count{-c[0], -c[1], -c[2]})
	}
	return nil
}

// Keys returns the keys in order.
func (t Tally) Keys() []Key {
	return slices.SortedFunc(maps.Keys(t), func(a, b Key) int {
		for i := range a {
			if c := cmp.Compare(a[i], b[i]); c != 0 {
				return c
			}
		}
		return 0
	})
}

// The binary form, version 1: version byte, what the tally answers (a text behind its
// length), number of rows, rows in order of keys as texts and varints, CRC-32C
// little-endian. Equal tallies have equal bytes.
const encodingVersion = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Encode returns the binary form for a question.
func (t Tally) Encode(question string) []byte {
	b := appendText([]byte{encodingVersion}, question)
	b = binary.AppendUvarint(b, uint64(len(t)))
	for _, k := range t.Keys() {
		for _, word := range k {
			b = appendText(b, word)
		}
		for _, n := range t[k] {
			b = binary.AppendUvarint(b, uint64(n))
		}
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// Decode replaces the tally by what Encode wrote for the same question, or leaves it as it
// was.
func (t *Tally) Decode(b []byte, question string) error {
	if len(b) < 5 || b[0] != encodingVersion ||
		crc32.Checksum(b[:len(b)-4], castagnoli) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return ErrCorrupt
	}
	d := decoder{rest: b[1 : len(b)-4]}
	asked := d.text()
	rows := Tally{}
	for n := d.number(); n > 0 && !d.bad; n-- {
		var k Key
		var c Count
		for i := range k {
			k[i] = d.text()
		}
		for i := range c {
			c[i] = int64(d.number())
		}
		if _, twice := rows[k]; twice || c == (Count{}) {
			d.bad = true
		}
		rows[k] = c
	}
	switch {
	case d.bad || len(d.rest) > 0:
		return ErrCorrupt
	case asked != question:
		return ErrIncompatible
	}
	*t = rows
	return nil
}

// A decoder reads the parts of an encoding; bad says that one was not there.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) number() uint64 {
	x, n := binary.Uvarint(d.rest)
	if n <= 0 || x > math.MaxInt64 {
		d.bad, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return x
}

func (d *decoder) text() string {
	n := d.number()
	if n > uint64(len(d.rest)) {
		d.bad, d.rest = true, nil
		return ""
	}
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}
