package touchpoint

import (
	"iter"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// appendCanonical appends v in canonical form, or reports a number that has none.
func appendCanonical(b []byte, v jsonscan.Value) ([]byte, error) {
	if v.Canonical() {
		return append(b, v.Raw()...), nil
	}
	var err error
	switch v.Kind() {
	case jsonscan.String:
		return jsonscan.AppendQuoted(b, v.Text()), nil
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
	return appendCanonical(append(jsonscan.AppendQuoted(b, m.Key()), ':'), m)
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
	if !jsonscan.Plain(key) {
		quoted := string(jsonscan.AppendQuoted(nil, key))
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

// skipValue returns the end of the value that begins at i of a canonical text. Of another
// text it returns some place behind i, which may be past the end.
func skipValue(s string, i int) int {
	depth := 0
	for i < len(s) {
		switch s[i] {
		case '"':
			for i++; i < len(s) && s[i] != '"'; i++ {
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
