package touchpoint

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"strings"
	"unicode/utf8"

	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// Props are the further properties of a touch: a JSON object, held as its canonical
// text, so that two Props are equal (==) exactly if they say the same. The zero Props
// is empty. Methods that change return new Props and cost the length of the text; so does
// a look-up. Keys that differ by case only are one key. A Props never prints itself; see
// [Props.JSON]. Safe for concurrent use.
//
// These keys have one meaning everywhere: url referrer title event session_id click_ids
// bot bot_rule at_precision at_original order_id refund_of content_id subject activity_id
// outcome duration_s deal_id survey person account emotion lang.
type Props struct{ json string } // canonical text, "" for the empty object

// ParseProps reads a JSON object into its canonical form: keys sorted, no blanks, numbers
// in plain decimal. Bounds are [MaxLine], [MaxDepth], [MaxNumber] while reading and [MaxProps],
// [MaxKeys], [MaxName] of the result. The error is an [*InvalidError] of field "props".
func ParseProps(text []byte) (Props, error) {
	s := string(text)
	// As stores and decoders give it: canonical, and too short to break a bound but one.
	if len(s) <= MaxName && strings.Count(s, ":") <= MaxKeys && jsonscan.Compact(s, jsonscan.Limits{}) {
		return propsOf(s), nil
	}
	parser := parsers.Get().(*jsonParser)
	p, err := parser.parseProps(s)
	parser.release(len(text))
	if err == nil {
		err = p.check()
	}
	if err != nil {
		return Props{}, err
	}
	return p, nil
}

// scanError turns an error of jsonscan into one of ours.
func scanError(field string, err error) error {
	if e, ok := err.(*jsonscan.Error); ok {
		return &InvalidError{field, Reason(e.Reason)}
	}
	return err
}

func propsOf(canonical string) Props {
	if canonical == "{}" {
		return Props{}
	}
	return Props{canonical}
}

// JSON returns the canonical JSON text, "" for empty props.
func (p Props) JSON() string { return p.json }

// MarshalJSON returns the canonical JSON, {} for empty props.
func (p Props) MarshalJSON() ([]byte, error) {
	if p.json == "" {
		return []byte("{}"), nil
	}
	return []byte(p.json), nil
}

// IsZero reports whether p is empty.
func (p Props) IsZero() bool { return p.json == "" }

// Text returns the string that stands at a path of keys.
func (p Props) Text(key ...string) (text string, ok bool) {
	raw, ok := p.Raw(key...)
	if !ok || raw[0] != '"' {
		return "", false
	}
	return jsonscan.Unquote(raw), true
}

// Number returns the number that stands at a path of keys, as its plain decimal text.
func (p Props) Number(key ...string) (token string, ok bool) {
	raw, ok := p.Raw(key...)
	if !ok || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return "", false
	}
	return raw, true
}

// Bool returns the true or false that stands at a path of keys.
func (p Props) Bool(key ...string) (value, ok bool) {
	switch raw, _ := p.Raw(key...); raw {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// Raw returns the canonical JSON of what stands at a path of keys. An empty path is the
// whole object.
func (p Props) Raw(key ...string) (json string, ok bool) {
	v := p.json
	if v == "" {
		return "", false
	}
	for _, k := range key {
		m, found := member(v, k)
		if !found {
			return "", false
		}
		v = m
	}
	return v, true
}

// All yields the keys and the canonical JSON of their values, sorted by key.
func (p Props) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for m := range members(p.json) {
			if !yield(jsonscan.Unquote(m.key), m.value) {
				return
			}
		}
	}
}

// SetText returns p with a string at key. Invalid UTF-8 and NUL are kept, and refused
// where the touch is validated.
func (p Props) SetText(key, text string) Props {
	return p.set(key, string(jsonscan.AppendQuoted(nil, text)))
}

// SetBool returns p with true or false at key.
func (p Props) SetBool(key string, v bool) Props {
	if v {
		return p.set(key, "true")
	}
	return p.set(key, "false")
}

// SetNumber returns p with a number at key, given as its JSON token, or an
// [*InvalidError] (not_a_number).
func (p Props) SetNumber(key, token string) (Props, error) {
	plain, ok := plainNumber(token)
	if !ok {
		return p, &InvalidError{"props", NotANumber}
	}
	return p.set(key, plain), nil
}

// SetRaw returns p with any JSON value at key, or an [*InvalidError].
func (p Props) SetRaw(key, json string) (Props, error) {
	var d jsonscan.Doc
	v, err := d.Parse(json, jsonscan.Limits{Size: MaxProps, Depth: MaxDepth - 1})
	if err != nil {
		return p, scanError("props", err)
	}
	b, err := appendCanonical(nil, v)
	if err != nil {
		return p, err
	}
	return p.set(key, string(b)), nil
}

// Remove returns p without key.
func (p Props) Remove(key string) Props {
	if _, ok := member(p.json, key); !ok {
		return p
	}
	b := []byte{'{'}
	quoted := string(jsonscan.AppendQuoted(nil, key))
	for m := range members(p.json) {
		if m.key != quoted {
			b = appendMember(b, m.key, m.value)
		}
	}
	return propsOf(string(append(b, '}')))
}

// set puts a canonical value at key and takes out what differs by case only.
func (p Props) set(key, value string) Props {
	quoted := string(jsonscan.AppendQuoted(nil, key))
	b, done := []byte{'{'}, false
	for m := range members(p.json) {
		if !done && compareQuoted(m.key, quoted) >= 0 {
			b, done = appendMember(b, quoted, value), true
		}
		if m.key != quoted && !strings.EqualFold(jsonscan.Unquote(m.key), key) {
			b = appendMember(b, m.key, m.value)
		}
	}
	if !done {
		b = appendMember(b, quoted, value)
	}
	return propsOf(string(append(b, '}')))
}

func appendMember(b []byte, quoted, value string) []byte {
	if len(b) > 1 {
		b = append(b, ',')
	}
	return append(append(append(b, quoted...), ':'), value...)
}

// compareQuoted orders keys, given with their quotes, by the bytes of their decoded text.
func compareQuoted(a, b string) int {
	if strings.IndexByte(a, '\\') < 0 && strings.IndexByte(b, '\\') < 0 {
		return cmp.Compare(a[1:len(a)-1], b[1:len(b)-1])
	}
	return cmp.Compare(jsonscan.Unquote(a), jsonscan.Unquote(b))
}

// check holds the bounds. Its first lines count single bytes, which may stand in strings
// too; only where they pass a bound is the text walked.
func (p Props) check() error {
	s := p.json
	switch {
	case s == "":
		return nil
	case len(s) > MaxProps:
		return &InvalidError{"props", TooLarge}
	case !utf8.ValidString(s):
		return &InvalidError{"props", BadUTF8}
	}
	if len(s) > MaxURL {
		for _, key := range [...]string{"url", "referrer"} {
			if url, _ := p.Text(key); len(url) > MaxURL {
				return &InvalidError{"props." + key, TooLong}
			}
		}
	}
	plain := strings.IndexByte(s, '\\') < 0 && strings.IndexByte(s, 0x7F) < 0 && strings.IndexByte(s, 0xC2) < 0
	if plain && len(s) <= MaxName && strings.Count(s, ":") <= MaxKeys &&
		strings.Count(s, "{")+strings.Count(s, "[") <= MaxDepth {
		return nil
	}
	var d jsonscan.Doc
	v, err := d.Parse(s, jsonscan.Limits{})
	if err != nil {
		return scanError("props", err)
	}
	keys := 0
	return checkProps(v, &keys)
}

func checkProps(v jsonscan.Value, keys *int) error {
	if v.Kind() == jsonscan.String && strings.Contains(v.Raw(), `\u0000`) && strings.IndexByte(v.Text(), 0) >= 0 {
		return &InvalidError{"props", Control}
	}
	for m := v.First(); m.OK(); m = m.Next() {
		if v.Kind() == jsonscan.Object {
			k := m.Key()
			switch *keys++; {
			case *keys > MaxKeys:
				return &InvalidError{"props", TooMany}
			case len(k) > MaxName:
				return &InvalidError{"props", TooLong}
			case hasControl(k):
				return &InvalidError{"props", Control}
			}
		}
		if err := checkProps(m, keys); err != nil {
			return err
		}
	}
	return nil
}

func hasControl(s string) bool {
	for _, r := range s {
		if r < ' ' || r >= 0x7F && r < 0xA0 {
			return true
		}
	}
	return false
}

// String says how large p is, never what is in it.
func (p Props) String() string { return fmt.Sprintf("props(%d bytes)", len(p.json)) }

// GoString is String, so that %#v leaks nothing either.
func (p Props) GoString() string { return p.String() }

// Format prints String for every verb.
func (p Props) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// LogValue is String as an [slog.Value].
func (p Props) LogValue() slog.Value { return slog.StringValue(p.String()) }
