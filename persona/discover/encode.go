package discover

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"maps"
	"math"
	"slices"
)

// The binary form of a Lift, version 1: the version byte; the number of rows; each row's
// length, bytes and count, sorted by bytes; CRC-32C of all before it, little-endian. A row
// is its ID, the outcome, the number of known cells and each cell by name: the name, its
// form and its value. Texts stand behind their length; numbers are varints but for the
// ends of a number, which are eight bytes each.
const encodingVersion = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// lateBit is added to the form of a late cell.
const lateBit = 1 << 7

// MarshalBinary is AppendBinary to nothing.
func (l *Lift) MarshalBinary() ([]byte, error) { return l.AppendBinary(nil) }

// AppendBinary appends the accumulator in a stable form: equal contents give equal bytes,
// however they were added. The error is always nil.
func (l *Lift) AppendBinary(b []byte) ([]byte, error) {
	begin := len(b)
	b = append(b, encodingVersion)
	b = binary.AppendUvarint(b, uint64(len(l.rows)))
	for _, row := range slices.Sorted(maps.Keys(l.rows)) {
		b = appendText(b, row)
		b = binary.AppendVarint(b, l.rows[row])
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[begin:], castagnoli)), nil
}

// UnmarshalBinary replaces the accumulator by an encoded one. Bytes that AppendBinary does
// not write give [ErrCorrupt] and leave it unchanged.
func (l *Lift) UnmarshalBinary(b []byte) error {
	if len(b) < 5 || b[0] != encodingVersion || crc32.Checksum(b[:len(b)-4], castagnoli) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return ErrCorrupt
	}
	d := decoder{b: b[1 : len(b)-4]}
	read := Lift{map[string]int64{}}
	for n := d.uint(); n > 0 && !d.bad; n-- {
		row := d.text()
		read.rows[row] = d.int()
		if _, ok := decodeRecord(row); !ok {
			return ErrCorrupt
		}
	}
	if again, _ := read.MarshalBinary(); d.bad || !bytes.Equal(again, b) { // one form a content
		return ErrCorrupt
	}
	*l = read
	return nil
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func (r *record) encode() []byte {
	b := appendText(nil, r.id)
	b = append(b, byte(r.outcome))
	b = binary.AppendUvarint(b, uint64(len(r.cells)))
	for _, c := range r.cells {
		b = appendText(b, c.name)
		if c.late {
			b = append(b, byte(c.form)|lateBit)
		} else {
			b = append(b, byte(c.form))
		}
		switch c.form {
		case textForm:
			b = appendText(b, c.text)
		case numberForm:
			b = binary.BigEndian.AppendUint64(b, math.Float64bits(c.lo))
			b = binary.BigEndian.AppendUint64(b, math.Float64bits(c.hi))
		}
	}
	return b
}

// decodeRecord reads what encode writes, and nothing else.
func decodeRecord(row string) (*record, bool) {
	d := decoder{b: []byte(row)}
	r := &record{id: d.text(), outcome: Outcome(d.byte())}
	for n := d.uint(); n > 0 && !d.bad; n-- {
		c := recordCell{name: d.text()}
		b := d.byte()
		c.late, c.form = b&lateBit != 0, form(b&^lateBit)
		switch c.form {
		case textForm:
			c.text = d.text()
		case numberForm:
			c.lo, c.hi = d.float(), d.float()
		}
		r.cells = append(r.cells, c)
	}
	return r, !d.bad && r.id != "" && r.check() == nil && string(r.encode()) == row
}

// A decoder reads the parts of an encoding; bad says that one was not there.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) take(n int) []byte {
	if n <= 0 || n > len(d.b) {
		d.bad, d.b = true, nil
		return make([]byte, 8)
	}
	taken := d.b[:n]
	d.b = d.b[n:]
	return taken
}

func (d *decoder) byte() byte { return d.take(1)[0] }

func (d *decoder) float() float64 { return math.Float64frombits(binary.BigEndian.Uint64(d.take(8))) }

func (d *decoder) uint() uint64 {
	x, n := binary.Uvarint(d.b)
	d.take(n)
	return x
}

func (d *decoder) int() int64 {
	x, n := binary.Varint(d.b)
	d.take(n)
	return x
}

func (d *decoder) text() string {
	n := d.uint()
	if n == 0 {
		return ""
	}
	if n > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return ""
	}
	return string(d.take(int(n)))
}
