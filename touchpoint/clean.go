package touchpoint

import (
	"strings"
	"unicode/utf8"
)

// Clean returns a name in the form that touches keep, in this order: invalid UTF-8 and
// control characters other than TAB, LF and CR are refused (an [*InvalidError] of field
// "name"); invisible characters and soft hyphens are dropped; TAB, LF, CR, no-break and
// ideographic spaces become spaces; full-width ASCII becomes ASCII; half-width katakana
// becomes full width and joins its voicing mark; runs of spaces become one; ends are
// trimmed. Letters keep their case, see [Fold]. Cleaning twice changes nothing.
//
// Unicode NFC is not applied, its tables are large; [Options.Text] is the place for it.
// Clean text is returned as it is, without a copy.
func Clean(s string) (string, error) {
	if isClean(s) {
		return s, nil
	}
	b := make([]byte, 0, len(s)+8)
	last := rune(0) // the last rune written
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n <= 1 {
				return "", &InvalidError{"name", BadUTF8}
			}
		}
		switch {
		case invisible(r):
			continue
		case r == '\t' || r == '\n' || r == '\r' || r == 0xA0 || r == 0x3000:
			r = ' '
		case r < ' ' || r >= 0x7F && r < 0xA0:
			return "", &InvalidError{"name", Control}
		case r >= 0xFF01 && r <= 0xFF5E:
			r -= 0xFEE0
		case r == 0xFF9E || r == 0x3099 || r == 0xFF9F || r == 0x309A:
			if v, ok := voiced(last, r == 0xFF9F || r == 0x309A); ok {
				b = utf8.AppendRune(b[:len(b)-utf8.RuneLen(last)], v)
				last = v
				continue
			}
			if r >= 0xFF61 {
				r += 0x309B - 0xFF9E
			}
		case r >= 0xFF61 && r <= 0xFF9D:
			r = halfKatakana[r-0xFF61]
		}
		if r == ' ' && (last == ' ' || last == 0) {
			continue
		}
		b = utf8.AppendRune(b, r)
		last = r
	}
	if last == ' ' {
		b = b[:len(b)-1]
	}
	return string(b), nil
}

// Fold returns what names are compared and grouped by: [Clean] in lower case, rune by
// rune. A text that Clean refuses is returned as it is, and so equals only itself.
func Fold(s string) string {
	c, err := Clean(s)
	if err != nil {
		return s
	}
	return strings.ToLower(c)
}

// isClean reports whether Clean would return s itself. It may say false of clean text.
func isClean(s string) bool {
	space := true // at the start, and behind a space, no space may stand
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if n == 1 || r <= 0xA0 || r == 0x3000 || r == 0x3099 || r == 0x309A ||
				r >= 0xFF01 && r <= 0xFF9F || invisible(r) {
				return false
			}
			i += n - 1
		} else if c < ' ' || c == 0x7F || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return !space || s == ""
}

func invisible(r rune) bool {
	switch {
	case r < 0x200B:
		return r == 0xAD
	case r > 0x2069:
		return r == 0xFEFF
	}
	return r <= 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2060 && r != 0x2065
}

// halfKatakana is U+FF61 to U+FF9D in full width.
var halfKatakana = []rune("。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン")

// voiced joins a kana and a voicing mark (half: the small circle) to one kana.
func voiced(r rune, half bool) (rune, bool) {
	k := r
	if r >= 0x30A1 && r <= 0x30FE {
		k -= 0x60 // katakana stand as far behind hiragana
	}
	switch {
	case k >= 'は' && k <= 'ほ' && (k-'は')%3 == 0:
		if half {
			return r + 2, true
		}
		return r + 1, true
	case half:
		return 0, false
	case k >= 'か' && k <= 'ち' && (k-'か')%2 == 0, k == 'つ', k == 'て', k == 'と', k == 'ゝ':
		return r + 1, true
	case k == 'う':
		return r + ('ゔ' - 'う'), true
	case r >= 'ワ' && r <= 'ヲ':
		return r + ('ヷ' - 'ワ'), true
	}
	return 0, false
}
