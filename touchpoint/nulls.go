package touchpoint

import "strings"

// longestNull is at least the length of the longest word in nullName.
const longestNull = 20

// nullName reports whether a cleaned name says nothing.
func (o *Options) nullName(s string) bool {
	if o.Nulls == nil {
		return nullWord(s)
	}
	f := Fold(s)
	for _, n := range o.Nulls {
		if Fold(n) == f {
			return true
		}
	}
	return s == ""
}

func nullWord(s string) bool {
	if s == "" || len(s) > longestNull {
		return s == ""
	}
	switch s[0] {
	case 'n', 'N', 'u', 'U', '#', '-', '\\', '(', '<', '[', 0xE2, 0xE4, 0xE3, 0xE6, 0xE8:
	default:
		return false
	}
	var buf [longestNull]byte
	b := append(buf[:0], s...)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	switch string(b) {
	case "null", "nil", "none", "nan", "undefined", "n/a", "#n/a", "-", "--", "—", `\n`,
		"(not set)", "(none)", "(not provided)", "(null)", "<null>", "[object object]",
		"不明", "なし", "未入力", "該当なし":
		return true
	}
	return false
}

// nullNumber reports whether a number, time or currency says nothing. A NaN is a broken
// number, not a missing one.
func (o *Options) nullNumber(s string) bool {
	return o.nullName(s) && !strings.EqualFold(s, "nan")
}
