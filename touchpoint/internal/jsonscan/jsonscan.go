// Package jsonscan reads one JSON text into a flat list of values, with every limit
// held while reading.
//
// [Doc.Parse] checks the whole text at once: UTF-8, lone surrogates, depth, the length of
// numbers, and keys that are equal or differ by case only within one object. The values it
// returns are positions in the text, so that nothing is decoded into an any, numbers keep
// their text, and a text without escapes costs no copy. A Doc can be parsed into again;
// that ends the life of its earlier values.
package jsonscan

import (
	"strings"
	"unicode/utf8"
)

// The limits that a zero field of [Limits] stands for.
const (
	MaxSize   = 1 << 20 // bytes of one text
	MaxDepth  = 32      // objects and arrays inside each other
	MaxNumber = 64      // bytes of one number
)

// Limits bounds one text. A zero field is the constant of the same name.
type Limits struct{ Size, Depth, Number int }

func (l Limits) orDefault() Limits {
	if l.Size == 0 {
		l.Size = MaxSize
	}
	if l.Depth == 0 {
		l.Depth = MaxDepth
	}
	if l.Number == 0 {
		l.Number = MaxNumber
	}
	return l
}

// An Error says what is wrong with a text by one of the reason words of the project:
// syntax, utf8, too_large, too_deep, not_a_number, duplicate_key. Offset is in bytes.
type Error struct {
	Reason string
	Offset int
}

// Error returns the reason alone: the text itself may be personal data.
func (e *Error) Error() string { return "jsonscan: " + e.Reason }

// A Kind is what a [Value] is. The zero Kind is no value at all.
type Kind uint8

// The kinds of values.
const (
	None Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// A Doc is one parsed text. The zero Doc is ready. Not safe for concurrent use while it
// is parsed into; its values may be read concurrently.
type Doc struct {
	text  string
	ascii bool // text has nothing else
	nodes []node
	lim   Limits
}

type node struct {
	kind                   Kind
	escaped, keyEscaped    bool
	canonical              bool
	hash                   uint8 // of the key: equal for keys that differ by case only
	keyStart, keyEnd       int32
	start, end, next, size int32 // next: the next sibling, 0 if last; size: the number of children
}

// Parse reads text, which holds exactly one value with blanks around it, and returns the
// value. The error is an [*Error].
func (d *Doc) Parse(text string, lim Limits) (Value, error) {
	lim = lim.orDefault()
	d.text, d.nodes, d.lim = text, d.nodes[:0], lim
	if len(text) > lim.Size {
		return Value{}, &Error{"too_large", 0}
	}
	if d.ascii = ascii(text); !d.ascii && !utf8.ValidString(text) {
		return Value{}, &Error{"utf8", 0}
	}
	i, err := d.value(d.blank(0), 0)
	if err != nil {
		return Value{}, err
	}
	if i = d.blank(i); i != len(text) {
		return Value{}, &Error{"syntax", i}
	}
	return Value{d, 0}, nil
}

func (d *Doc) blank(i int) int {
	for i < len(d.text) && d.text[i] <= ' ' {
		switch d.text[i] {
		case ' ', '\t', '\n', '\r':
			i++
		default:
			return i
		}
	}
	return i
}

// value reads the value at i, appends its nodes and returns the place behind it.
func (d *Doc) value(i, depth int) (int, error) {
	if i >= len(d.text) {
		return 0, &Error{"syntax", i}
	}
	at := len(d.nodes)
	d.nodes = append(d.nodes, node{start: int32(i)})
	kind, end, escaped, canonical := None, i, false, true
	var err error
	switch c := d.text[i]; {
	case c == '"':
		kind = String
		end, escaped, err = d.str(i)
		canonical = !escaped
	case c == '{', c == '[':
		if depth >= d.lim.Depth {
			return 0, &Error{"too_deep", i}
		}
		if kind = Array; c == '{' {
			kind = Object
		}
		end, canonical, err = d.children(i, at, depth+1, kind == Object)
	case c == '-' || c >= '0' && c <= '9':
		kind = Number
		end, canonical, err = d.number(i)
	case strings.HasPrefix(d.text[i:], "null"):
		kind, end = Null, i+4
	case strings.HasPrefix(d.text[i:], "true"):
		kind, end = Bool, i+4
	case strings.HasPrefix(d.text[i:], "false"):
		kind, end = Bool, i+5
	default:
		err = &Error{"syntax", i}
	}
	if err != nil {
		return 0, err
	}
	n := &d.nodes[at]
	n.kind, n.end, n.escaped, n.canonical = kind, int32(end), escaped, canonical
	return end, nil
}

// children reads the members or elements of the container that opens at i. canonical says
// that they stand as [Value.Canonical] wants it.
func (d *Doc) children(i, parent, depth int, object bool) (end int, canonical bool, err error) {
	closing := byte(']')
	if object {
		closing = '}'
	}
	first := d.blank(i + 1)
	canonical = first == i+1
	if i = first; i < len(d.text) && d.text[i] == closing {
		return i + 1, canonical, nil
	}
	last, size, before := 0, int32(0), ""
	var seen [4]uint64  // which hashes keys had
	var repeated *Error // the first key that was there before
	for {
		start := i
		var keyEnd int
		var keyEscaped bool
		if object {
			if i >= len(d.text) || d.text[i] != '"' {
				return 0, false, &Error{"syntax", i}
			}
			if keyEnd, keyEscaped, err = d.str(i); err != nil {
				return 0, false, err
			}
			if i = d.blank(keyEnd); i >= len(d.text) || d.text[i] != ':' {
				return 0, false, &Error{"syntax", i}
			}
			at := d.blank(i + 1)
			key := d.text[start+1 : keyEnd-1]
			canonical = canonical && i == keyEnd && at == i+1 && !keyEscaped && before <= key
			i, before = at, key
		}
		child := len(d.nodes)
		if end, err = d.value(i, depth); err != nil {
			return 0, false, err
		}
		if last != 0 {
			d.nodes[last].next = int32(child)
		}
		last = child
		size++
		n := &d.nodes[child]
		canonical = canonical && n.canonical
		if object {
			n.keyStart, n.keyEnd, n.keyEscaped = int32(start), int32(keyEnd), keyEscaped
			n.hash = d.keyHash(start, keyEnd, keyEscaped)
			word, bit := &seen[n.hash>>6], uint64(1)<<(n.hash&63)
			if *word&bit != 0 && repeated == nil && size <= fewKeys && d.repeats(parent, child) {
				repeated = &Error{"duplicate_key", start}
			}
			*word |= bit
		}
		if i = d.blank(end); i >= len(d.text) {
			return 0, false, &Error{"syntax", i}
		}
		canonical = canonical && i == end
		switch d.text[i] {
		case ',':
			end = i + 1
			i = d.blank(end)
			canonical = canonical && i == end
		case closing:
			d.nodes[parent].size = size
			if repeated == nil && object && size > fewKeys {
				repeated = d.unique(parent)
			}
			if repeated != nil {
				return 0, false, repeated
			}
			return i + 1, canonical, nil
		default:
			return 0, false, &Error{"syntax", i}
		}
	}
}

// str reads the string that opens at i and says whether it holds an escape.
func (d *Doc) str(i int) (end int, escaped bool, err error) {
	text := d.text
	for j := plainEnd(text, i+1); j < len(text); j = plainEnd(text, j) {
		switch text[j] {
		case '"':
			return j + 1, escaped, nil
		case '\\':
			escaped = true
			n, reason := escape(text[j:])
			if reason != "" {
				return 0, false, &Error{reason, j}
			}
			j += n
		default:
			return 0, false, &Error{"syntax", j}
		}
	}
	return 0, false, &Error{"syntax", i}
}

// escape returns the length of the escape that s begins with, two of them for a pair of
// surrogates, or why it is none.
func escape(s string) (n int, reason string) {
	if len(s) < 2 {
		return 0, "syntax"
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, ""
	case 'u':
		u, ok := hex4(s, 2)
		switch {
		case !ok:
			return 0, "syntax"
		case u >= 0xDC00 && u <= 0xDFFF:
			return 0, "utf8"
		case u < 0xD800 || u > 0xDBFF:
			return 6, ""
		}
		if low, ok := hex4(s, 8); !ok || s[6:8] != `\u` || low < 0xDC00 || low > 0xDFFF {
			return 0, "utf8"
		}
		return 12, ""
	}
	return 0, "syntax"
}

func hex4(s string, i int) (u uint32, ok bool) {
	if i+4 > len(s) {
		return 0, false
	}
	for _, c := range []byte(s[i : i+4]) {
		switch {
		case c >= '0' && c <= '9':
			u = u<<4 | uint32(c-'0')
		case c >= 'a' && c <= 'f':
			u = u<<4 | uint32(c-'a'+10)
		case c >= 'A' && c <= 'F':
			u = u<<4 | uint32(c-'A'+10)
		default:
			return 0, false
		}
	}
	return u, true
}

// number reads the number at i. canonical says that it has no exponent, no zero at the end
// of its fraction, and is not −0.
func (d *Doc) number(i int) (end int, canonical bool, err error) {
	start := i
	if d.text[i] == '-' {
		i++
	}
	whole := i
	i = d.digits(i)
	if i == whole || i-whole > 1 && d.text[whole] == '0' {
		return 0, false, &Error{"syntax", start}
	}
	canonical = d.text[start:i] != "-0"
	if i < len(d.text) && d.text[i] == '.' {
		f := i + 1
		if i = d.digits(f); i == f {
			return 0, false, &Error{"syntax", start}
		}
		canonical = d.text[i-1] != '0'
	}
	if i < len(d.text) && (d.text[i] == 'e' || d.text[i] == 'E') {
		if i++; i < len(d.text) && (d.text[i] == '+' || d.text[i] == '-') {
			i++
		}
		e := i
		if i = d.digits(i); i == e {
			return 0, false, &Error{"syntax", start}
		}
		canonical = false
	}
	if i-start > d.lim.Number {
		return 0, false, &Error{"not_a_number", start}
	}
	return i, canonical, nil
}

func (d *Doc) digits(i int) int {
	for i < len(d.text) && d.text[i] >= '0' && d.text[i] <= '9' {
		i++
	}
	return i
}
