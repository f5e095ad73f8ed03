package identity

import (
	"strings"
	"unicode/utf8"
)

// aLabel returns a label of a host name in the form the domain name system knows: ASCII
// as it is, anything else in Punycode after "xn--". It is false for an empty label, one
// over 63 bytes, and one with an ASCII character that no host name has.
func aLabel(l string) (string, bool) {
	ascii := true
	for _, c := range l {
		switch {
		case c >= utf8.RuneSelf:
			ascii = false
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return "", false
		}
	}
	if !ascii {
		l = "xn--" + punycode(l)
	}
	return l, l != "" && len(l) <= 63
}

// The parameters of Punycode, RFC 3492, section 5.
const (
	punyBase, punyTMin, punyTMax = 36, 1, 26
	punySkew, punyDamp           = 38, 700
	punyBias, punyN              = 72, 128
)

// punycode encodes a label as in RFC 3492, section 6.3. Labels are short, so int cannot
// overflow.
func punycode(l string) string {
	var b strings.Builder
	rs := []rune(l)
	for _, c := range rs {
		if c < utf8.RuneSelf {
			b.WriteRune(c)
		}
	}
	basic := b.Len()
	if basic > 0 {
		b.WriteByte('-')
	}
	n, delta, bias := rune(punyN), 0, punyBias
	for h := basic; h < len(rs); {
		m := rune(utf8.MaxRune)
		for _, c := range rs {
			if c >= n && c < m {
				m = c
			}
		}
		delta += int(m-n) * (h + 1)
		n = m
		for _, c := range rs {
			if c < n {
				delta++
			}
			if c != n {
				continue
			}
			q := delta
			for k := punyBase; ; k += punyBase {
				t := min(max(k-bias, punyTMin), punyTMax)
				if q < t {
					break
				}
				b.WriteByte(punyDigit(t + (q-t)%(punyBase-t)))
				q = (q - t) / (punyBase - t)
			}
			b.WriteByte(punyDigit(q))
			bias = punyAdapt(delta, h+1, h == basic)
			delta = 0
			h++
		}
		delta++
		n++
	}
	return b.String()
}

func punyAdapt(delta, points int, first bool) int {
	if first {
		delta /= punyDamp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for delta > (punyBase-punyTMin)*punyTMax/2 {
		delta /= punyBase - punyTMin
		k += punyBase
	}
	return k + (punyBase-punyTMin+1)*delta/(delta+punySkew)
}

func punyDigit(d int) byte {
	if d < 26 {
		return byte('a' + d)
	}
	return byte('0' + d - 26)
}
