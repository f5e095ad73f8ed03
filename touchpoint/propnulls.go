package touchpoint

import (
	"strings"

	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// withoutNulls takes out of p what says nothing, from the leaves up: JSON null, "", {}, []
// and the words that programs write for null. false, 0 and "0" stay. n counts what was
// taken out. Elements of arrays are values like members.
func (p Props) withoutNulls() (_ Props, n int) {
	s := p.json
	// Words without their first quote: a text is full of quotes, and each would be tried.
	if !(strings.Contains(s, `""`) || strings.Contains(s, "null") || strings.Contains(s, "{}") ||
		strings.Contains(s, "[]") || strings.Contains(s, `undefined"`) || strings.Contains(s, `NaN"`) ||
		strings.Contains(s, `[object Object]"`)) {
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

// appendWithoutNulls appends canonical v, or nothing where v says nothing.
func appendWithoutNulls(b []byte, v jsonscan.Value) (_ []byte, n int) {
	switch v.Kind() {
	case jsonscan.Null:
		return b, 1
	case jsonscan.String:
		switch v.Raw() {
		case `""`, `"null"`, `"undefined"`, `"NaN"`, `"[object Object]"`:
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
