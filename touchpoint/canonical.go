package touchpoint

import (
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// appendQuoted appends s as a canonical JSON string: only the quote, the backslash and
// U+0000 to U+001F are escaped.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, `\u00`...)
			b = append(b, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		}
	}
	return append(append(b, s[start:]...), '"')
}

// unquote decodes a canonical JSON string.
func unquote(quoted string) string {
	s := quoted[1 : len(quoted)-1]
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		switch i++; s[i] {
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			u, _ := strconv.ParseUint(s[i+1:i+5], 16, 32)
			b = utf8.AppendRune(b, rune(u))
			i += 4
		default:
			b = append(b, s[i])
		}
	}
	return string(b)
}

// appendCanonical appends v in canonical form, or reports a number that has none.
func appendCanonical(b []byte, v jsonscan.Value) ([]byte, error) {
	var err error
	switch v.Kind() {
	case jsonscan.String:
		return appendQuoted(b, v.Text()), nil
	case jsonscan.Number:
		plain, ok := plainNumber(v.Raw())
		if !ok {
			return nil, &InvalidError{"props", NotANumber}
		}
		return append(b, plain...), nil
	case jsonscan.Array:
		b = append(b, '[')
		for e := v.First(); e.OK(); e = e.Next() {
			if b[len(b)-1] != '[' {
				b = append(b, ',')
			}
			if b, err = appendCanonical(b, e); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case jsonscan.Object:
		if !sortedKeys(v) {
			return appendUnsorted(b, v)
		}
		b = append(b, '{')
		for m := v.First(); m.OK(); m = m.Next() {
			if b, err = appendCanonicalMember(b, m); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	}
	return append(b, v.Raw()...), nil
}

func sortedKeys(v jsonscan.Value) bool {
	last := ""
	for m := v.First(); m.OK(); m = m.Next() {
		k := m.Key()
		if k < last {
			return false
		}
		last = k
	}
	return true
}

func appendUnsorted(b []byte, v jsonscan.Value) ([]byte, error) {
	ms := make([]jsonscan.Value, 0, v.Len())
	for m := v.First(); m.OK(); m = m.Next() {
		ms = append(ms, m)
	}
	slices.SortFunc(ms, func(x, y jsonscan.Value) int { return strings.Compare(x.Key(), y.Key()) })
	b = append(b, '{')
	var err error
	for _, m := range ms {
		if b, err = appendCanonicalMember(b, m); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendCanonicalMember(b []byte, m jsonscan.Value) ([]byte, error) {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return appendCanonical(append(appendQuoted(b, m.Key()), ':'), m)
}

// A pair is one member of a canonical object: the key with its quotes, the value's text.
type pair struct{ key, value string }

// members yields the members of a canonical object.
func members(object string) iter.Seq[pair] {
	return func(yield func(pair) bool) {
		for i := 1; i < len(object)-1; {
			k := skipValue(object, i)
			v := skipValue(object, k+1)
			if !yield(pair{object[i:k], object[k+1 : v]}) {
				return
			}
			i = v + 1
		}
	}
}

// member finds the value of a key in a canonical object.
func member(object, key string) (value string, ok bool) {
	if object == "" || object[0] != '{' {
		return "", false
	}
	if needsEscape(key) {
		quoted := string(appendQuoted(nil, key))
		key = quoted[1 : len(quoted)-1]
	}
	for i := 1; i < len(object)-1; {
		k := skipValue(object, i)
		v := skipValue(object, k+1)
		if object[i+1:k-1] == key {
			return object[k+1 : v], true
		}
		i = v + 1
	}
	return "", false
}

func needsEscape(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			return true
		}
	}
	return false
}

// skipValue returns the end of the value that begins at i of a canonical text.
func skipValue(s string, i int) int {
	depth := 0
	for i < len(s) {
		switch s[i] {
		case '"':
			for i++; s[i] != '"'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
			i++
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			depth--
			i++
		case ',', ':':
			i++
			continue
		default:
			for i < len(s) && s[i] != ',' && s[i] != '}' && s[i] != ']' {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
	return i
}
