// Package nullword knows the words that programs and exports write for a value that is
// not there.
package nullword

// longest is at least the length of the longest word.
const longest = 20

// Is reports whether a cleaned text says nothing: it is empty, or one of the words in any
// case.
func Is(s string) bool {
	if s == "" || len(s) > longest {
		return s == ""
	}
	switch s[0] {
	case 'n', 'N', 'u', 'U', '#', '-', '\\', '(', '<', '[', 0xE2, 0xE4, 0xE3, 0xE6, 0xE8:
	default:
		return false
	}
	var buf [longest]byte
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
