package touchpoint

import (
	"slices"
	"strings"

	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// withoutNulls takes out of p what says nothing, from the leaves up: JSON null, "", {}, []
// and the words that programs write for null. false, 0 and "0" stay. n counts what was
// taken out. Elements of arrays are values like members.
func (p Props) withoutNulls() (_ Props, n int) {
	s := p.json
	if !mayHaveNull(s) {
		return p, 0
	}
	var d jsonscan.Doc
	// Text that breaks a bound stays as it is, for Validate to refuse.
	v, err := d.Parse(s, jsonscan.Limits{})
	if err != nil {
		return p, 0
	}
	b, n := appendWithoutNulls(make([]byte, 0, len(s)), v)
	if n == 0 {
		return p, 0
	}
	if len(b) == 0 {
		return Props{}, n
	}
	return propsOf(string(b)), n
}

// mayHaveNull reports whether a value in a canonical object says nothing, or seems to
// where a text has a colon.
func mayHaveNull(object string) bool {
	for { // members of all objects stand behind colons
		i := strings.IndexByte(object, ':') + 1
		if i == 0 || i == len(object) {
			return false
		}
		if object = object[i:]; isNull(object) || object[0] == '[' && hasNull(object) {
			return true
		}
	}
}

// hasNull reports whether the array that s begins with has an element that says nothing,
// or an array with one.
func hasNull(s string) bool {
	for i := 1; i < len(s) && s[i] != ']'; {
		if isNull(s[i:]) || s[i] == '[' && hasNull(s[i:]) {
			return true
		}
		if i = skipValue(s, i); i < len(s) && s[i] == ',' {
			i++
		}
	}
	return false
}

// isNull reports whether s begins with a canonical value that says nothing.
func isNull(s string) bool {
	switch s[0] {
	case 'n':
		return true
	case '{', '[':
		return len(s) > 1 && s[1] == s[0]+2 // the other bracket
	case '"':
		if len(s) < 2 || strings.IndexByte(`"nuN[`, s[1]) < 0 { // as most texts
			return false
		}
		for _, word := range nullTexts {
			if strings.HasPrefix(s, word) {
				return true
			}
		}
	}
	return false
}

// nullTexts are the texts that say nothing, as they stand in JSON.
var nullTexts = [...]string{`""`, `"null"`, `"undefined"`, `"NaN"`, `"[object Object]"`}

// appendWithoutNulls appends canonical v, or nothing where v says nothing.
func appendWithoutNulls(b []byte, v jsonscan.Value) (_ []byte, n int) {
	switch v.Kind() {
	case jsonscan.Null:
		return b, 1
	case jsonscan.String:
		if slices.Contains(nullTexts[:], v.Raw()) {
			return b, 1
		}
	case jsonscan.Object, jsonscan.Array:
		open, closing := byte('{'), byte('}')
		if v.Kind() == jsonscan.Array {
			open, closing = '[', ']'
		}
		start := len(b)
		b = append(b, open)
		for m := v.First(); m.OK(); m = m.Next() {
			before := len(b)
			if before > start+1 {
				b = append(b, ',')
			}
			if open == '{' {
				b = append(jsonscan.AppendQuoted(b, m.Key()), ':')
			}
			value := len(b)
			var k int
			b, k = appendWithoutNulls(b, m)
			n += k
			if len(b) == value {
				b = b[:before]
			}
		}
		if len(b) == start+1 {
			return b[:start], max(n, 1)
		}
		return append(b, closing), n
	}
	return append(b, v.Raw()...), n
}
