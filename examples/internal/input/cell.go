package input

import (
	"strings"
	"unicode"
)

// Cell returns a text cell of a CSV output such that no spreadsheet takes it for a
// formula: with a leading apostrophe if its first non-blank rune begins one. A cell
// that has one already gets another, so that taking one off restores the value.
// Numbers are written without it.
func Cell(text string) string {
	if formula(text) {
		return "'" + text
	}
	return text
}

// Uncell takes off what [Cell] puts on.
func Uncell(cell string) string {
	if strings.HasPrefix(cell, "'") && formula(cell) {
		return cell[1:]
	}
	return cell
}

func formula(text string) bool {
	for _, r := range strings.TrimLeft(text, "'") {
		switch r {
		case '=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠':
			return true
		}
		if !unicode.IsSpace(r) {
			break
		}
	}
	return false
}
