package identity

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"unicode"
	"unicode/utf8"
)

// rawLimit bounds the trimmed text that a normaliser looks at, in bytes: room for a
// long URL, of which only the host is kept.
const rawLimit = 8 << 10

// ID normalises raw text and returns it as an identifier of type t. Blocked, malformed
// and short values are identifiers too, which never link: see [Rules.Linkable]. The
// error is [ErrUnknownType], an [*IDError] or a [*CallbackError].
func (r *Rules) ID(t Type, raw string) (ID, error) {
	tr, ok := r.types()[t]
	if !ok {
		return ID{}, ErrUnknownType
	}
	if !utf8.ValidString(raw) {
		return ID{}, &IDError{t, "utf8"}
	}
	v, _, err := r.normalise(t, tr, trim(raw))
	if err != nil {
		return ID{}, err
	}
	return ID{t, v}, nil
}

// Parse reads "type:value", cut at the first colon, and normalises the value like [Rules.ID].
func (r *Rules) Parse(s string) (ID, error) {
	t, v, ok := strings.Cut(s, ":")
	if !ok {
		return ID{}, ErrUnknownType
	}
	return r.ID(Type(t), v)
}

// Linkable reports whether an identifier may join others. If not, the reason is
// "placeholder", "malformed", "short", "off" or "unknown_type".
func (r *Rules) Linkable(id ID) (ok bool, reason string) {
	tr, ok := r.types()[id.typ]
	if !ok {
		return false, "unknown_type"
	}
	switch _, wellFormed, err := r.normalise(id.typ, tr, id.value); {
	case tr.blocked(id, err):
		return false, "placeholder"
	case err != nil || !wellFormed:
		return false, "malformed"
	case len(id.value) < tr.MinLen:
		return false, "short"
	case tr.Off:
		return false, "off"
	}
	return true, ""
}

// normalise returns the value of trimmed text, and whether it is well-formed.
func (r *Rules) normalise(t Type, tr TypeRule, s string) (v string, wellFormed bool, err error) {
	if len(s) > rawLimit {
		return "", false, &IDError{t, "too_long"}
	}
	if hasControl(s) {
		return "", false, &IDError{t, "control"}
	}
	if tr.Normalize != nil {
		v, err = callNormalize(t, tr.Normalize, s)
		var ie *IDError
		var ce *CallbackError
		if errors.As(err, &ie) || errors.As(err, &ce) {
			return "", false, err
		}
		if wellFormed = err == nil; !wellFormed {
			v = s
		}
		if !utf8.ValidString(v) {
			return "", false, &IDError{t, "utf8"}
		}
		if hasControl(v) {
			return "", false, &IDError{t, "control"}
		}
	} else {
		switch tr.format(t) {
		case FormatFold:
			v, wellFormed = fold(s), true
		case FormatEmail:
			v, wellFormed = email(s)
		case FormatPhone:
			v, wellFormed = phone(s, r.countryCode())
		case FormatDomain:
			v, wellFormed = domain(s)
		default:
			if strings.ContainsFunc(s, invisible) {
				return "", false, &IDError{t, "invisible"}
			}
			v, wellFormed = s, true
		}
	}
	if len(v) > MaxValue {
		return "", false, &IDError{t, "too_long"}
	}
	return v, wellFormed, nil
}

func (r *Rules) countryCode() string {
	if r == nil {
		return ""
	}
	return r.CountryCode
}

func (tr TypeRule) format(t Type) Format {
	if tr.Format != FormatByType {
		return tr.Format
	}
	switch t {
	case Email:
		return FormatEmail
	case Phone:
		return FormatPhone
	case Domain:
		return FormatDomain
	}
	return FormatOpaque
}

func callNormalize(t Type, f func(string) (string, error), s string) (v string, err error) {
	defer recovered(string(t)+".Normalize", &err)
	return f(s)
}

// recovered turns a panic into a *CallbackError. It must be deferred directly.
func recovered(where string, err *error) {
	if p := recover(); p != nil {
		*err = &CallbackError{Where: where, Value: fmt.Sprintf("%T", p), Stack: debug.Stack()}
	}
}

// invisible reports the characters that take no room: two spellings that look alike
// must not be two identifiers.
func invisible(c rune) bool {
	switch {
	case c == 0xAD, c == 0xFEFF,
		0x200B <= c && c <= 0x200F, 0x2028 <= c && c <= 0x202E,
		0x2060 <= c && c <= 0x2064, 0x2066 <= c && c <= 0x2069:
		return true
	}
	return false
}

func trim(s string) string {
	if s == "" || plainASCII(s[0]) && plainASCII(s[len(s)-1]) {
		return s
	}
	return strings.TrimFunc(s, func(c rune) bool { return unicode.IsSpace(c) || invisible(c) })
}

// plainASCII reports whether c is a visible ASCII character.
func plainASCII(c byte) bool { return ' ' < c && c < 0x7F }

func hasControl(s string) bool {
	i := 0
	for i < len(s) && plainASCII(s[i]) {
		i++
	}
	if i == len(s) {
		return false
	}
	return strings.ContainsFunc(s, func(c rune) bool { return c < 0x20 || 0x7F <= c && c <= 0x9F })
}

// narrow turns full-width ASCII into ASCII.
func narrow(c rune) rune {
	switch {
	case 0xFF01 <= c && c <= 0xFF5E:
		return c - 0xFEE0
	case c == 0x3000:
		return ' '
	}
	return c
}

// fold narrows, lowers, drops what is invisible, and makes one space of each run.
func fold(s string) string {
	i := 0
	for i < len(s) && plainASCII(s[i]) && (s[i] < 'A' || s[i] > 'Z') {
		i++
	}
	if i == len(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, c := range s {
		c = unicode.ToLower(narrow(c))
		switch {
		case invisible(c):
		case unicode.IsSpace(c):
			space = true
		default:
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(c)
		}
	}
	return b.String()
}

func email(s string) (string, bool) {
	s = fold(s)
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || strings.ContainsAny(s[:at], "@ ") {
		return s, false
	}
	host, ok := domain(s[at+1:])
	if !ok || !strings.Contains(host, ".") {
		return s, false
	}
	return s[:at+1] + host, true
}

// FoldGmail is a [TypeRule] Normalize hook for e-mail addresses. It does what the
// built-in format does, and for gmail.com and googlemail.com drops dots and a +tag from
// the local part and writes gmail.com: these addresses reach one mailbox.
func FoldGmail(raw string) (string, error) {
	v, ok := email(trim(raw))
	if !ok {
		return "", errMalformed
	}
	local, host, _ := strings.Cut(v, "@")
	if host != "gmail.com" && host != "googlemail.com" {
		return v, nil
	}
	local, _, _ = strings.Cut(local, "+")
	if local = strings.ReplaceAll(local, ".", ""); local == "" {
		return "", errMalformed
	}
	return local + "@gmail.com", nil
}

var errMalformed = errors.New("identity: malformed value")

func phone(s, countryCode string) (string, bool) {
	s = fold(s)
	var b strings.Builder
	for _, c := range s {
		if '0' <= c && c <= '9' || c == '+' && b.Len() == 0 {
			b.WriteRune(c)
		}
	}
	v := b.String()
	if strings.HasPrefix(v, "00") {
		v = "+" + v[2:]
	}
	if countryCode != "" && !strings.HasPrefix(v, "+") {
		v = "+" + countryCode + strings.TrimPrefix(v, "0")
	}
	if n := len(strings.TrimPrefix(v, "+")); n < 7 || n > 15 {
		return s, false
	}
	return v, true
}

func digits(s string) string {
	return strings.Map(func(c rune) rune {
		if '0' <= c && c <= '9' {
			return c
		}
		return -1
	}, s)
}

// domain takes the host out of a URL or an address and writes it in lower case with
// A-labels. The value of a malformed one is the folded text.
func domain(s string) (string, bool) {
	s = fold(s)
	h := s
	if _, after, ok := strings.Cut(h, "://"); ok {
		h = after
	} else {
		h = strings.TrimPrefix(h, "//")
	}
	if i := strings.IndexAny(h, `/?#\`); i >= 0 {
		h = h[:i]
	}
	h = h[strings.LastIndexByte(h, '@')+1:]
	if i := strings.LastIndexByte(h, ':'); i >= 0 && digits(h[i+1:]) == h[i+1:] {
		h = h[:i]
	}
	if isHost(h) && len(h) <= 253 {
		return h, true
	}
	h = japaneseDots.Replace(h)
	labels := strings.Split(strings.TrimSuffix(h, "."), ".")
	for i, l := range labels {
		a, ok := aLabel(l)
		if !ok {
			return s, false
		}
		labels[i] = a
	}
	if h = strings.Join(labels, "."); len(h) > 253 {
		return s, false
	}
	return h, true
}

// isHost reports whether h is, as it stands, made of labels as aLabel returns them.
func isHost(h string) bool {
	label := 0
	for i := range len(h) {
		switch c := h[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
			label++
		case c == '.' && label > 0 && label <= 63:
			label = 0
		default:
			return false
		}
	}
	return label > 0 && label <= 63
}

// japaneseDots are the dots of Japanese keyboards, which part labels too: RFC 3490 3.1.
var japaneseDots = strings.NewReplacer("。", ".", "｡", ".")
