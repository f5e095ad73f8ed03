package jsonscan

import "unicode/utf8"

// A Value is one value of a [Doc]. The zero Value is of kind [None], and so is what a
// look-up returns that finds nothing; every method can be called on it.
type Value struct {
	d *Doc
	i int
}

// OK reports whether v is a value at all.
func (v Value) OK() bool { return v.d != nil }

func (v Value) node() *node {
	if v.d == nil {
		return &noNode
	}
	return &v.d.nodes[v.i]
}

// noNode is what the zero Value stands for; it is only read.
var noNode node

// Kind returns what v is.
func (v Value) Kind() Kind { return v.node().kind }

// Raw returns the text of v as it stands: the token of a number, a string with its quotes.
func (v Value) Raw() string {
	if v.d == nil {
		return ""
	}
	n := &v.d.nodes[v.i]
	return v.d.text[n.start:n.end]
}

// Canonical reports whether the text of v is canonical already: no blanks, keys in order,
// numbers in plain decimal, no escapes. It may be false of text that is canonical with
// escapes.
func (v Value) Canonical() bool { return v.node().canonical }

// True reports whether v is the literal true.
func (v Value) True() bool { return v.Kind() == Bool && v.Raw() == "true" }

// Text returns the decoded text of a string and "" of anything else.
func (v Value) Text() string {
	n := v.node()
	if n.kind != String {
		return ""
	}
	return v.d.decode(n.start, n.end, n.escaped)
}

// Key returns the decoded key of v where v is a member of an object, else "".
func (v Value) Key() string {
	n := v.node()
	if n.keyEnd == 0 {
		return ""
	}
	return v.d.decode(n.keyStart, n.keyEnd, n.keyEscaped)
}

// Len returns the number of members or elements.
func (v Value) Len() int { return int(v.node().size) }

// First returns the first member or element.
func (v Value) First() Value {
	if v.node().size == 0 {
		return Value{}
	}
	return Value{v.d, v.i + 1}
}

// Next returns the member or element behind v.
func (v Value) Next() Value {
	next := v.node().next
	if next == 0 {
		return Value{}
	}
	return Value{v.d, int(next)}
}

// Get follows keys into objects and returns what stands there.
func (v Value) Get(keys ...string) Value {
	for _, k := range keys {
		v = v.member(k)
	}
	return v
}

// member returns the member of that key.
func (v Value) member(key string) Value {
	if n := v.node(); n.kind != Object || n.size == 0 {
		return Value{}
	}
	d := v.d
	for i := v.i + 1; i != 0; i = int(d.nodes[i].next) {
		if n := &d.nodes[i]; (n.keyEscaped || int(n.keyEnd-n.keyStart) == len(key)+2) && d.decode(n.keyStart, n.keyEnd, n.keyEscaped) == key {
			return Value{d, i}
		}
	}
	return Value{}
}

// decode returns the text between the quotes at start and end.
func (d *Doc) decode(start, end int32, escaped bool) string {
	s := d.text[start+1 : end-1]
	if !escaped {
		return s
	}
	return decode(s)
}

// decode takes the escapes out of s.
func decode(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			u, _ := hex4(s, i+1)
			i += 4
			if u >= 0xD800 && u <= 0xDBFF {
				low, _ := hex4(s, i+3)
				u = 0x10000 + (u-0xD800)<<10 + (low - 0xDC00)
				i += 6
			}
			b = utf8.AppendRune(b, rune(u))
		default:
			b = append(b, c)
		}
	}
	return string(b)
}
