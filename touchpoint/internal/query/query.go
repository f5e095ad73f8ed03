// Package query reads the parameters of a URL, and knows which of them are click ids. Links
// in mails and ads are broken in many ways, so nothing is refused.
package query

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// Parameters yields the parameters of a URL that have a value: the name decoded, the value
// as it stands. Some write a second ? for &.
func Parameters(url string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		url, _, _ := strings.Cut(url, "#")
		_, query, _ := strings.Cut(url, "?")
		for query != "" {
			end := strings.IndexAny(query, "&?")
			if end < 0 {
				end = len(query)
			}
			if name, value, _ := strings.Cut(query[:end], "="); value != "" && !yield(Decode(name), value) {
				return
			}
			query = query[min(end+1, len(query)):]
		}
	}
}

// Decode decodes + and %XX; a broken escape stays, and so does the whole text if it would
// not be UTF-8.
func Decode(s string) string {
	if !strings.ContainsAny(s, "+%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b = append(b, ' ')
		case s[i] == '%' && i+2 < len(s) && digit(s[i+1]) < 16 && digit(s[i+2]) < 16:
			b = append(b, digit(s[i+1])<<4|digit(s[i+2]))
			i += 2
		default:
			b = append(b, s[i])
		}
	}
	if !utf8.Valid(b) {
		return s
	}
	return string(b)
}

// digit is the value of a hexadecimal digit, 16 for another byte.
func digit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 16
}
