package storage

import (
	"encoding/binary"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// version is the first byte of every encoded fact.
const version = 1

// A codec walks the fields of a record in the order of its layout, see layout.go. One
// layout serves every mode, so that what is written, read, checked and shown as JSON
// cannot drift apart. A record is changed in the reading modes only.
type codec struct {
	mode mode
	bits uint64 // presence, one bit a field in layout order
	n    uint   // fields walked so far

	b   []byte        // writing: the output
	ids []identity.ID // surveyed: the touch's identifiers in canonical order

	s       string // reading: the encoding
	i       int    // reading: the next byte
	sighted bool   // reading: a touch is read for its sighting alone

	json jsonFields // jsonMode

	field  string            // the first field that is wrong …
	reason touchpoint.Reason // … and why; "" = none
}

type mode uint8

const (
	surveying mode = iota // checks, and collects the bitmap
	writing
	reading
	jsonMode
)

// fail notes the first field that is wrong.
func (c *codec) fail(field string, r touchpoint.Reason) {
	if c.reason == "" {
		c.field, c.reason = field, r
	}
}

// has notes, when surveying, whether the next field is there; otherwise it tells.
func (c *codec) has(present bool) bool {
	bit := uint64(1) << c.n
	c.n++
	if c.mode == surveying {
		if present {
			c.bits |= bit
		}
		return false
	}
	return c.bits&bit != 0
}

func (c *codec) text(name string, p *string, k textKind) {
	if c.mode == jsonMode {
		c.json.text(name, p, k)
		return
	}
	if c.has(*p != "") {
		if c.mode == writing {
			c.b = appendText(c.b, *p)
		} else if *p = c.readText(); *p == "" {
			c.fail(name, touchpoint.Syntax)
		}
	} else if c.mode == surveying {
		c.checkText(name, *p, k)
	}
}

func (c *codec) time(name string, p *time.Time) {
	if c.mode == jsonMode {
		c.json.time(name, p)
		return
	}
	if c.has(!p.IsZero()) {
		if c.mode == writing {
			c.b = binary.AppendVarint(c.b, p.UnixMicro())
		} else if *p = time.UnixMicro(c.readVarint()).UTC(); p.IsZero() {
			c.fail(name, touchpoint.Syntax)
		}
	} else if c.mode == surveying && !p.IsZero() && (!inYears(*p, minUnix) || p.UnixMicro() == minUnix*1e6) {
		c.fail(name, touchpoint.TimeRange) // in its first microsecond it would be read as none
	}
}

func (c *codec) flag(name string, p *bool) {
	if c.mode == jsonMode {
		c.json.flag(name, p)
		return
	}
	if c.has(*p) {
		if c.mode == reading {
			*p = true
		}
	}
}

// enum walks a small number. names are its JSON words by value; nil = the number itself.
func (c *codec) enum(name string, p *uint8, names []string) {
	if c.mode == jsonMode {
		c.json.enum(name, p, names)
		return
	}
	if c.has(*p != 0) {
		if c.mode == writing {
			c.b = append(c.b, *p)
		} else if *p = c.readByte(); *p == 0 {
			c.fail(name, touchpoint.Syntax)
		}
	} else if c.mode == surveying && names != nil && int(*p) >= len(names) {
		c.fail(name, touchpoint.OutOfRange)
	}
}

func (c *codec) num(name string, p *int64) {
	if c.mode == jsonMode {
		c.json.num(name, p)
		return
	}
	if c.has(*p != 0) {
		if c.mode == writing {
			c.b = binary.AppendVarint(c.b, *p)
		} else if *p = c.readVarint(); *p == 0 {
			c.fail(name, touchpoint.Syntax)
		}
	}
}

// small walks a number of 32 bits, whatever its type; set reports whether it fits.
func (c *codec) small(name string, v int64, set func(int64) bool) {
	if c.mode == jsonMode {
		p := v
		if c.json.num(name, &p); p != v && !set(p) {
			c.fail(name, touchpoint.OutOfRange)
		}
		return
	}
	if c.has(v != 0) {
		if c.mode == writing {
			c.b = binary.AppendVarint(c.b, v)
		} else if v = c.readVarint(); v == 0 || !set(v) {
			c.fail(name, touchpoint.OutOfRange)
		}
	} else if c.mode == surveying && v != int64(int32(v)) {
		c.fail(name, touchpoint.OutOfRange)
	}
}

func (c *codec) bytes16(name string, p *[16]byte) {
	if c.mode == jsonMode {
		c.json.bytes16(name, p)
		return
	}
	if c.has(*p != [16]byte{}) {
		if c.mode == writing {
			c.b = append(c.b, p[:]...)
		} else if copy(p[:], c.take(16)); *p == [16]byte{} {
			c.fail(name, touchpoint.Syntax)
		}
	}
}

func (c *codec) id(name string, p *identity.ID) {
	if c.mode == jsonMode {
		c.json.id(name, p)
		return
	}
	if c.has(!p.IsZero()) {
		if c.mode == writing {
			c.b = appendID(c.b, *p)
		} else if *p = c.readID(); p.IsZero() {
			c.fail(name, touchpoint.Syntax)
		}
	} else if c.mode == surveying && !p.IsZero() {
		c.checkID(name, *p)
	}
}

// idList walks identifiers; as a set they are sorted and distinct whatever was handed in.
func (c *codec) idList(name string, p *[]identity.ID, set bool) {
	if c.mode == jsonMode {
		c.json.idList(name, p)
		return
	}
	if c.has(len(*p) > 0) {
		if c.mode == reading {
			*p = c.readIDs(name, set)
			return
		}
		ids := *p
		if set {
			ids = c.ids
		}
		c.b = binary.AppendUvarint(c.b, uint64(len(ids)))
		for _, id := range ids {
			c.b = appendID(c.b, id)
		}
	} else if c.mode == surveying {
		for _, id := range *p {
			c.checkID(name, id)
		}
		if set {
			c.ids = canonicalIDs(*p)
			if len(c.ids) > MaxIDs {
				c.fail(name, touchpoint.TooMany)
			}
		}
	}
}

func (c *codec) readIDs(name string, set bool) []identity.ID {
	n := c.readUvarint()
	if n == 0 || n > uint64(len(c.s)-c.i)/2 { // an identifier takes at least two bytes
		c.fail(name, touchpoint.Syntax)
		return nil
	}
	ids := make([]identity.ID, n)
	for k := range ids {
		ids[k] = c.readID()
		if ids[k].IsZero() || set && k > 0 && identity.CompareIDs(ids[k-1], ids[k]) >= 0 {
			c.fail(name, touchpoint.Syntax)
			return nil
		}
	}
	return ids
}

// canonicalIDs returns ids sorted by (type, value) and distinct: ids itself where it is.
func canonicalIDs(ids []identity.ID) []identity.ID {
	for k := 1; k < len(ids); k++ {
		if identity.CompareIDs(ids[k-1], ids[k]) >= 0 {
			ids = slices.Clone(ids)
			slices.SortFunc(ids, identity.CompareIDs)
			return slices.Compact(ids)
		}
	}
	return ids
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendID(b []byte, id identity.ID) []byte {
	return appendText(appendText(b, string(id.Type())), id.Value())
}

func (c *codec) readID() identity.ID {
	t := c.readText()
	return identity.MakeID(identity.Type(t), c.readText())
}

func (c *codec) readText() string { return c.take(c.readUvarint()) }

func (c *codec) readByte() byte {
	if s := c.take(1); s != "" {
		return s[0]
	}
	return 0
}

// take returns the next n bytes, "" where there are not so many.
func (c *codec) take(n uint64) string {
	if n > uint64(len(c.s)-c.i) {
		c.i = len(c.s)
		c.fail("", touchpoint.Syntax)
		return ""
	}
	s := c.s[c.i : c.i+int(n)]
	c.i += int(n)
	return s
}

// readUvarint reads the shortest form of a number; a longer form is a fault, since equal
// content has equal bytes.
func (c *codec) readUvarint() uint64 {
	var v uint64
	for shift := uint(0); c.i < len(c.s); shift += 7 {
		b := c.s[c.i]
		c.i++
		if shift == 63 && b > 1 {
			break
		}
		v |= uint64(b&0x7F) << shift
		if b < 0x80 {
			if b == 0 && shift > 0 {
				break
			}
			return v
		}
	}
	c.i = len(c.s)
	c.fail("", touchpoint.Syntax)
	return 0
}

func (c *codec) readVarint() int64 {
	u := c.readUvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// A textKind is what a text may hold.
type textKind uint8

const (
	nameText textKind = iota // at most MaxText bytes, no control characters
	freeText                 // at most MaxText bytes, no NUL
	kindText                 // [a-z][a-z0-9_]{0,63}
	jsonText                 // at most maxJSON bytes, no NUL
)

const (
	maxJSON  = 64 << 10 // bytes
	maxValue = 512      // bytes of an identifier's value
	maxType  = 63       // bytes of an identifier's type

	minUnix   = -62135596800 // 0001-01-01T00:00:00Z
	epochUnix = 0            // no fact is older than 1970
	endUnix   = 253402300800 // 10000-01-01T00:00:00Z
)

func inYears(t time.Time, from int64) bool {
	u := t.Unix()
	return u >= from && u < endUnix
}

func (c *codec) checkText(name, s string, k textKind) {
	limit, low := MaxText, byte(0x20)
	switch k {
	case freeText:
		low = 1
	case jsonText:
		limit, low = maxJSON, 1
	case kindText:
		if s != "" && !isWord(s, 64) {
			c.fail(name, touchpoint.Syntax)
		}
		return
	}
	if len(s) > limit {
		if k == jsonText {
			c.fail(name, touchpoint.TooLarge)
		}
		c.fail(name, touchpoint.TooLong)
		return
	}
	c.checkRunes(name, s, low)
}

func (c *codec) checkID(name string, id identity.ID) {
	switch {
	case id.Type() == "" || id.Value() == "":
		c.fail(name, touchpoint.Missing)
	case len(id.Type()) > maxType || len(id.Value()) > maxValue:
		c.fail(name, touchpoint.TooLong)
	case !isWord(string(id.Type()), maxType):
		c.fail(name, touchpoint.UnknownType)
	default:
		c.checkRunes(name, id.Value(), 0x20)
	}
}

// checkRunes refuses invalid UTF-8 and bytes below low; with low = 0x20 DEL and C1 too.
func (c *codec) checkRunes(name, s string, low byte) {
	ascii := true
	for i := 0; i < len(s); i++ {
		if b := s[i]; b < low || b == 0x7F && low == 0x20 {
			c.fail(name, touchpoint.Control)
			return
		} else if b >= utf8.RuneSelf {
			ascii = false
		}
	}
	if ascii {
		return
	}
	if !utf8.ValidString(s) {
		c.fail(name, touchpoint.BadUTF8)
		return
	}
	for i := 0; i < len(s)-1 && low == 0x20; i++ {
		if s[i] == 0xC2 && s[i+1] < 0xA0 { // U+0080–U+009F
			c.fail(name, touchpoint.Control)
			return
		}
	}
}

// isWord reports whether s matches [a-z][a-z0-9_]* within limit bytes.
func isWord(s string, limit int) bool {
	if s == "" || len(s) > limit || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if b := s[i]; (b < 'a' || b > 'z') && (b < '0' || b > '9') && b != '_' {
			return false
		}
	}
	return true
}
