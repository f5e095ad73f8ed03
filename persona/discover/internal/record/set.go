package record

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"maps"
	"math"
	"slices"
)

// The binary form of a set, version 1: the version byte; the number of records; each one's
// length, bytes and count, sorted by bytes; CRC-32C of all before it, little-endian. A
// record is its ID, the outcome, the number of cells and each cell by name: the name, its
// form and its value. Texts stand behind their length; numbers are varints but for the
// ends of a Number, which are eight bytes each.
const encodingVersion = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A Set is how often each record was added, by its bytes.
type Set map[string]int64

// Append appends the bytes of a set: equal sets give equal bytes.
func (s Set) Append(b []byte) []byte {
	begin := len(b)
	b = append(b, encodingVersion)
	b = binary.AppendUvarint(b, uint64(len(s)))
	for _, row := range slices.Sorted(maps.Keys(s)) {
		b = appendText(b, row)
		b = binary.AppendVarint(b, s[row])
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[begin:], castagnoli))
}

// ParseSet reads what Append writes, and nothing else.
func ParseSet(b []byte) (Set, bool) {
	if len(b) < 5 || b[0] != encodingVersion || crc32.Checksum(b[:len(b)-4], castagnoli) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return nil, false
	}
	d := decoder{b: b[1 : len(b)-4]}
	s := Set{}
	for n := d.uint(); n > 0 && !d.bad; n-- {
		row := d.text()
		s[row] = d.int()
		if _, ok := Decode(row); !ok {
			return nil, false
		}
	}
	return s, !d.bad && bytes.Equal(s.Append(nil), b) // one form a content
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
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
