package attribution

import (
	"strings"
	"unicode"
)

// Direct reports whether a channel name means "came by itself": its first word is
// "direct", letters compared without case and a leading parenthesis skipped, and its
// second word is not "mail". Direct, (direct) / (none), Direct Traffic and Direct_x are;
// Direct Mail and Directory are not.
func Direct(name string) bool {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	start := strings.TrimPrefix(name, "(")
	return len(words) > 0 && strings.HasPrefix(start, words[0]) && strings.EqualFold(words[0], "direct") &&
		(len(words) == 1 || !strings.EqualFold(words[1], "mail"))
}

// ExcludeDirect leaves direct visits out unless nothing else is in the path: what makes
// [Last] "last non-direct".
func ExcludeDirect() Exclude { return Exclude{Match: Direct} }
