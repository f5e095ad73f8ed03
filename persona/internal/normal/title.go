package normal

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:embed table/titles.csv
var titleTable string

// A keyword of the table of titles; parts stand in this order with anything between.
type keyword struct {
	sense  string // seniority or function
	value  string
	parts  []string
	length int
}

var keywords = sync.OnceValue(func() []keyword {
	var out []keyword
	for _, row := range Rows(titleTable) {
		for word := range strings.SplitSeq(row[2], "|") {
			k := keyword{sense: row[0], value: row[1]}
			for part := range strings.SplitSeq(word, "…") {
				k.parts = append(k.parts, Fold(part))
				k.length += utf8.RuneCountInString(part)
			}
			out = append(out, k)
		}
	}
	return out
})

// Title returns the seniority and the function of a title, as persona.Title says.
func Title(title string) (seniority, function string) {
	s := Fold(title)
	longest := map[string]int{}
	best := map[string]string{}
	for _, k := range keywords() {
		if k.length > longest[k.sense] && k.in(s) {
			longest[k.sense], best[k.sense] = k.length, k.value
		}
	}
	return best["seniority"], best["function"]
}

func (k keyword) in(s string) bool {
	for _, part := range k.parts {
		i := find(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return true
}

// find returns where a word first occurs, a Latin one between borders.
func find(s, word string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], word)
		if i < 0 {
			return -1
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+len(word):])
		if word[0] >= utf8.RuneSelf || !latin(before) && !latin(after) {
			return i
		}
		from = i + len(word)
	}
}

func latin(r rune) bool {
	return r != utf8.RuneError && (unicode.Is(unicode.Latin, r) || unicode.IsDigit(r))
}
