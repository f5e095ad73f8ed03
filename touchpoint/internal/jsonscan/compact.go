package jsonscan

import (
	"strings"
	"unicode/utf8"
)

// Compact reports whether text is one JSON object within the limits that [Value.Canonical]
// would call canonical. It looks once and builds nothing, which costs a third of
// [Doc.Parse]. It may be false of such a text, where Parse has to tell: one with escapes, a
// key that is not printable ASCII, or many keys in upper case.
func Compact(text string, lim Limits) bool {
	lim = lim.orDefault()
	if len(text) < 2 || len(text) > lim.Size || text[0] != '{' || !ascii(text) && !utf8.ValidString(text) {
		return false
	}
	d := Doc{text: text, lim: lim}
	end, ok := d.compact(0, 0)
	return ok && end == len(text)
}

// compact passes over the value at i.
func (d *Doc) compact(i, depth int) (end int, ok bool) {
	if i >= len(d.text) {
		return 0, false
	}
	switch c := d.text[i]; {
	case c == '"':
		end = plainEnd(d.text, i+1)
		return end + 1, end < len(d.text) && d.text[end] == '"'
	case c == '{':
		return d.compactObject(i+1, depth+1)
	case c == '[':
		return d.compactArray(i+1, depth+1)
	case c == '-' || c >= '0' && c <= '9':
		end, ok, err := d.number(i)
		return end, ok && err == nil
	}
	for _, word := range [...]string{"null", "true", "false"} {
		if strings.HasPrefix(d.text[i:], word) {
			return i + len(word), true
		}
	}
	return 0, false
}

func (d *Doc) compactArray(i, depth int) (end int, ok bool) {
	if depth > d.lim.Depth || i >= len(d.text) {
		return 0, false
	}
	if d.text[i] == ']' {
		return i + 1, true
	}
	for {
		if i, ok = d.compact(i, depth); !ok || i >= len(d.text) {
			return 0, false
		}
		switch d.text[i] {
		case ',':
			i++
		case ']':
			return i + 1, true
		default:
			return 0, false
		}
	}
}

// manyUpper is how many keys with upper case in one object are compared with those behind
// them; an object with more goes to Parse.
const manyUpper = 8

func (d *Doc) compactObject(i, depth int) (end int, ok bool) {
	if depth > d.lim.Depth || i >= len(d.text) {
		return 0, false
	}
	if d.text[i] == '}' {
		return i + 1, true
	}
	before := ""
	var upper [manyUpper]string // keys in order differ, and by case only if one has upper case
	uppers := 0
	for first := true; ; first = false {
		if i >= len(d.text) || d.text[i] != '"' {
			return 0, false
		}
		end := plainEnd(d.text, i+1)
		if end+1 >= len(d.text) || d.text[end] != '"' || d.text[end+1] != ':' {
			return 0, false
		}
		key := d.text[i+1 : end]
		if key <= before && !first {
			return 0, false
		}
		before = key
		for _, k := range upper[:uppers] {
			if len(k) == len(key) && strings.EqualFold(k, key) {
				return 0, false
			}
		}
		switch printable, capital := letters(key); {
		case !printable, capital && uppers == manyUpper:
			return 0, false
		case capital:
			upper[uppers] = key
			uppers++
		}
		if i, ok = d.compact(end+2, depth); !ok || i >= len(d.text) {
			return 0, false
		}
		switch d.text[i] {
		case ',':
			i++
		case '}':
			return i + 1, true
		default:
			return 0, false
		}
	}
}

// letters reports whether a key, in which no control character below the blank is, is
// printable ASCII, and whether it has a letter in upper case.
func letters(key string) (printable, upper bool) {
	for i := range len(key) {
		switch c := key[i]; {
		case c >= 0x7F:
			return false, false
		case c >= 'A' && c <= 'Z':
			upper = true
		}
	}
	return true, upper
}
