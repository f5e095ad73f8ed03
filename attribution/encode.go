package attribution

import (
	"encoding/binary"
	"hash/crc32"
	"math"
)

// The binary form, version 1: the version byte; channel names and other words in order of
// use, each behind its length; two counters; rows in canonical order; CRC-32C of all
// before it, little-endian. Numbers are varints.
const encodingVersion = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// MarshalBinary is AppendBinary to nothing.
func (js *Journeys) MarshalBinary() ([]byte, error) { return js.AppendBinary(nil) }

// AppendBinary appends the set in a stable form: equal sets give equal bytes, however
// they were built. The error is always nil.
func (js *Journeys) AppendBinary(b []byte) ([]byte, error) {
	c := js.canonical()
	begin := len(b)
	b = append(b, encodingVersion)
	for _, t := range []*table{&c.channels, &c.words} {
		b = binary.AppendUvarint(b, uint64(len(t.names)))
		for _, s := range t.names {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
	}
	b = binary.AppendUvarint(b, uint64(c.totals.late))
	b = binary.AppendUvarint(b, uint64(c.totals.ignored))
	b = binary.AppendUvarint(b, uint64(c.rows()))
	for r := range c.rows() {
		b = c.appendRow(b, r)
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[begin:], castagnoli)), nil
}

// Bits of a row's and of a step's first byte: which parts follow.
const (
	rowSubject = 1 << iota
	rowStratum
	rowStart
	rowFinish
	rowMarks
	rowPlain // steps are channels and ages alone
	rowOpen
	rowChanges
)

func (js *Journeys) appendRow(b []byte, r int) []byte {
	lo, hi := js.span(r)
	flags := byte(rowPlain)
	for i := lo; i < hi && js.extras(); i++ {
		if s := js.step(i); !s.plain() {
			flags = 0
		}
	}
	set := func(on bool, bit byte) {
		if on {
			flags |= bit
		}
	}
	start, finish, ms, changes := js.starts.at(r), js.finishes.at(r), js.marks[r], js.changes[r]
	set(js.subjects.at(r) != 0, rowSubject)
	set(js.strata.at(r) != 0, rowStratum)
	set(start != unknown, rowStart)
	set(finish != untimed, rowFinish)
	set(len(ms) > 0, rowMarks)
	set(len(changes) > 0, rowChanges)
	set(js.open.at(r) != 0, rowOpen)
	b = append(b, flags)
	b = binary.AppendUvarint(b, uint64(js.conversions.at(r)))
	b = binary.AppendUvarint(b, uint64(js.nulls.at(r)))
	b = binary.AppendVarint(b, js.values[r])
	if flags&rowOpen != 0 {
		b = binary.AppendUvarint(b, uint64(js.open.at(r)))
	}
	if flags&rowSubject != 0 {
		b = binary.AppendUvarint(b, uint64(js.subjects.at(r)))
	}
	if flags&rowStratum != 0 {
		b = binary.AppendUvarint(b, uint64(js.strata.at(r)))
	}
	if flags&rowStart != 0 {
		b = binary.AppendVarint(b, start)
	}
	if flags&rowFinish != 0 {
		b = binary.AppendVarint(b, finish)
	}
	for _, ms := range [][]mark{ms, changes} {
		if len(ms) == 0 {
			continue
		}
		b = binary.AppendUvarint(b, uint64(len(ms)))
		for _, m := range ms {
			b = binary.AppendUvarint(b, uint64(m.name))
			b = binary.AppendVarint(b, m.pos)
		}
	}
	b = binary.AppendUvarint(b, uint64(hi-lo))
	for i := lo; i < hi; i++ {
		b = binary.AppendUvarint(b, uint64(js.channel(i)))
		if finish != untimed {
			b = binary.AppendUvarint(b, uint64(js.age(i)))
		}
		if flags&rowPlain == 0 {
			b = append(b, js.kinds.at(i))
			b = binary.AppendUvarint(b, math.Float64bits(js.weights.get(i, 1)))
			b = binary.AppendVarint(b, js.costs.at(i))
			for _, w := range []*opt[uint32]{&js.sources, &js.ids, &js.actors, &js.roles} {
				b = binary.AppendUvarint(b, uint64(w.at(i)))
			}
		}
	}
	return b
}

// UnmarshalBinary replaces the set by an encoded one. Broken bytes and unknown versions
// give [ErrCorrupt] and leave the set unchanged.
func (js *Journeys) UnmarshalBinary(b []byte) error {
	d, ok := newDecoder(b)
	if !ok {
		return ErrCorrupt
	}
	out := &Journeys{}
	channels, words := d.texts(), d.texts()
	late, ignored := d.uint(math.MaxInt64), d.uint(math.MaxInt64)
	for n := d.uint(uint64(len(b))); n > 0 && !d.bad; n-- {
		d.row(out, channels, words)
	}
	if d.bad || len(d.b) != 0 {
		return ErrCorrupt
	}
	out.totals.late, out.totals.ignored = int64(late), int64(ignored)
	js.columns = out.columns
	js.changed()
	return nil
}

// A decoder reads the parts of an encoding; bad says that one was not there.
type decoder struct {
	b   []byte
	bad bool
}

// newDecoder checks version and checksum.
func newDecoder(b []byte) (*decoder, bool) {
	if len(b) < 5 || b[0] != encodingVersion ||
		crc32.Checksum(b[:len(b)-4], castagnoli) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return nil, false
	}
	return &decoder{b: b[1 : len(b)-4]}, true
}

// uint reads a number up to limit.
func (d *decoder) uint(limit uint64) uint64 {
	x, n := binary.Uvarint(d.b)
	if n <= 0 || x > limit {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return x
}

func (d *decoder) int() int64 {
	x, n := binary.Varint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return x
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.bad = true
		return 0
	}
	x := d.b[0]
	d.b = d.b[1:]
	return x
}

func (d *decoder) texts() []string {
	var out []string
	for n := d.uint(uint64(len(d.b))); n > 0 && !d.bad; n-- {
		out = append(out, d.text())
	}
	return out
}

// text reads a string behind its length.
func (d *decoder) text() string {
	size := d.uint(math.MaxInt64)
	if size > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return ""
	}
	s := string(d.b[:size])
	d.b = d.b[size:]
	return s
}

// word is the text with a number as rows keep it, 0 being none.
func (d *decoder) word(words []string) string {
	if id := d.uint(uint64(len(words))); id > 0 {
		return words[id-1]
	}
	return ""
}

func (d *decoder) marks(words []string) (out []namedMark) {
	for n := d.uint(uint64(len(d.b))); n > 0 && !d.bad; n-- {
		out = append(out, namedMark{d.word(words), d.int()})
	}
	return out
}

// row reads a row into out.
func (d *decoder) row(out *Journeys, channels, words []string) {
	flags := d.byte()
	r := row{conversions: int64(d.uint(math.MaxInt64)), nulls: int64(d.uint(math.MaxInt64)), value: d.int(), start: unknown, finish: untimed}
	if flags&rowOpen != 0 {
		r.open = int64(d.uint(math.MaxInt64))
	}
	if flags&rowSubject != 0 {
		r.subject = d.word(words)
	}
	if flags&rowStratum != 0 {
		r.stratum = d.word(words)
	}
	if flags&rowStart != 0 {
		r.start = d.int()
	}
	if flags&rowFinish != 0 {
		r.finish = d.int()
	}
	if flags&rowMarks != 0 {
		r.marks = d.marks(words)
	}
	if flags&rowChanges != 0 {
		r.changes = d.marks(words)
	}
	n := d.uint(maxSteps)
	steps := out.buf[:0]
	for ; n > 0 && !d.bad; n-- {
		s := step{weight: 1}
		if id := d.uint(math.MaxUint16); id < uint64(len(channels)) {
			s.channel = channels[id]
		}
		if flags&rowFinish != 0 {
			s.age = int64(d.uint(math.MaxInt64))
		}
		if flags&rowPlain == 0 {
			s.kind = StepKind(d.byte())
			s.weight = math.Float64frombits(d.uint(math.MaxUint64))
			s.cost = d.int()
			s.source, s.id, s.actor, s.role = d.word(words), d.word(words), d.word(words), d.word(words)
		}
		if k := len(steps); k > 0 && compareSteps(steps[k-1], s) > 0 && r.finish != untimed {
			d.bad = true
		}
		steps = append(steps, s)
	}
	out.buf = steps
	if r.conversions == 0 && r.value > 0 {
		d.bad = true
	}
	if !d.bad && out.push(r, steps) != nil {
		d.bad = true
	}
}
