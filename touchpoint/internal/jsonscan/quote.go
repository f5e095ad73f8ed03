package jsonscan

import (
	"math/bits"
	"unicode/utf8"
)

// eight returns eight bytes as one number. The compiler makes one load of it, which it
// would not if it had to look whether each is there.
func eight(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// plainEnd returns the first place from i on at which s has a quote, a backslash or a
// control character below the blank; len(s) if there is none. It looks at eight bytes at
// once: a byte x is below n if x−n borrows and x itself has no high bit. The quote, U+0022,
// is below 0x21 once its second bit is flipped, as control characters stay and no other.
func plainEnd(s string, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(s); i += 8 {
		w := eight(s[i : i+8])
		low, back := w^(ones*2), w^(ones*'\\')
		if found := ((low-ones*0x21)&^low | (back-ones)&^back) & highs; found != 0 {
			return i + bits.TrailingZeros64(found)/8 // only places behind the first may be wrong
		}
	}
	for i < len(s) && s[i] >= ' ' && s[i] != '"' && s[i] != '\\' {
		i++
	}
	return i
}

// ascii reports whether s has no byte beyond ASCII.
func ascii(s string) bool {
	const highs = 0x8080808080808080
	for ; len(s) >= 16; s = s[16:] {
		if (eight(s)|eight(s[8:16]))&highs != 0 {
			return false
		}
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// AppendQuoted appends s, which is valid UTF-8, as a canonical JSON string: only the
// quote, the backslash and U+0000 to U+001F are escaped.
func AppendQuoted(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for {
		n := plainEnd(s, 0)
		b = append(b, s[:n]...)
		if n == len(s) {
			return append(b, '"')
		}
		switch c := s[n]; c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		s = s[n+1:]
	}
}

// Plain reports whether s stands between quotes as it is.
func Plain(s string) bool { return plainEnd(s, 0) == len(s) }

// Unquote decodes a JSON string that [Doc.Parse] or AppendQuoted has made sure of, given
// with its quotes.
func Unquote(quoted string) string {
	s := quoted[1 : len(quoted)-1]
	if Plain(s) {
		return s
	}
	return decode(s)
}
