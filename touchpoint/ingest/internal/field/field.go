// Package field reads the fields that messages in JSON have in common: identifiers,
// names, instants, amounts.
package field

import (
	"strings"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// Faults is told of a field that is wrong; an [ingest.Draft] keeps the first.
type Faults interface {
	Fail(field string, reason touchpoint.Reason)
}

// Ident reads an identifier: a text, or an integer as its digits. Null and nothing are
// the empty one; fractions, exponents, booleans, arrays and objects are a fault of the
// field named.
func Ident(d Faults, v jsonscan.Value, name string) string {
	switch v.Kind() {
	case jsonscan.None, jsonscan.Null:
		return ""
	case jsonscan.String:
		return v.Text()
	case jsonscan.Number:
		if raw := v.Raw(); strings.Trim(raw, "-0123456789") == "" && raw != "-0" {
			return raw
		}
	}
	d.Fail(name, touchpoint.Syntax)
	return ""
}

// Text reads a name: a text, or the token of a number. Anything else is empty.
func Text(v jsonscan.Value) string {
	switch v.Kind() {
	case jsonscan.String:
		return v.Text()
	case jsonscan.Number:
		return v.Raw()
	}
	return ""
}

// Time reads an instant in RFC 3339; null, nothing and the empty text are the zero time,
// anything else is a fault of the field named.
func Time(d Faults, v jsonscan.Value, name string) time.Time {
	switch v.Kind() {
	case jsonscan.None, jsonscan.Null:
		return time.Time{}
	case jsonscan.String:
		text := strings.TrimSpace(v.Text())
		if text == "" {
			return time.Time{}
		}
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
			if t, err := time.Parse(layout, text); err == nil {
				return t.UTC()
			}
		}
	}
	d.Fail(name, touchpoint.Syntax)
	return time.Time{}
}

// Campaign reads the members of an object that name a campaign; those of which senders
// agree on the name stand behind a prefix.
func Campaign(v jsonscan.Value, prefix, name, id string) touchpoint.Campaign {
	text := func(key string) string { return Text(v.Get(key)) }
	return touchpoint.Campaign{Source: text(prefix + "source"), Medium: text(prefix + "medium"), Name: text(name),
		Term: text(prefix + "term"), Content: text(prefix + "content"), ID: text(id)}
}

// Number reads the token of a number, or of a text that holds one; ok is false where
// there is neither.
func Number(v jsonscan.Value) (token string, ok bool) {
	token = strings.TrimSpace(Text(v))
	return token, token != ""
}

// Members returns the members of all these objects as one object in JSON, without those
// of the keys named. Of two members of one key the first stays. Without any it is "".
func Members(without []string, objects ...jsonscan.Value) string {
	seen := make(map[string]bool)
	for _, key := range without {
		seen[key] = true
	}
	b := []byte{'{'}
	for _, o := range objects {
		for m := o.First(); m.OK() && o.Kind() == jsonscan.Object; m = m.Next() {
			if seen[m.Key()] {
				continue
			}
			seen[m.Key()] = true
			if len(b) > 1 {
				b = append(b, ',')
			}
			b = append(append(jsonscan.AppendQuoted(b, m.Key()), ':'), m.Raw()...)
		}
	}
	if len(b) == 1 {
		return ""
	}
	return string(append(b, '}'))
}

// IsUUID reports whether s is a UUID in its usual form.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		default:
			return false
		}
	}
	return true
}

// IsEmail reports whether s looks like a mail address: one @ and a dotted domain.
func IsEmail(s string) bool {
	local, domain, ok := strings.Cut(strings.TrimSpace(s), "@")
	dot := strings.LastIndexByte(domain, '.')
	return ok && local != "" && !strings.ContainsAny(domain, "@ ") && dot > 0 && dot < len(domain)-1
}
