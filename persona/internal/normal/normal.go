// Package normal knows how people write what package persona compares: it folds texts,
// reads numbers, titles, countries and languages in English and Japanese, and tells which
// texts stand for nothing and which names no profile may hold. It knows words only, not
// what a trait or a value is.
package normal

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"

	"github.com/tabi-go/tabi/touchpoint"
)

// Fold returns what texts are compared by: names folded as [touchpoint.Fold] does, and
// every dash that lengthens a katakana written ー.
func Fold(s string) string {
	s = touchpoint.Fold(s)
	if !strings.ContainsAny(s, "-‐‑‒–—―−─") {
		return s
	}
	var b strings.Builder
	after := false // behind a katakana
	for _, r := range s {
		if after && strings.ContainsRune("-‐‑‒–—―−─", r) {
			r = 'ー'
		}
		after = unicode.Is(unicode.Katakana, r) || r == 'ー'
		b.WriteRune(r)
	}
	return b.String()
}

//go:embed table/words.csv
var wordTable string

// words are those of the table, by sense and the trait they are about: "" for any.
var words = sync.OnceValue(func() map[[2]string]map[string]bool {
	out := map[[2]string]map[string]bool{}
	for _, row := range Rows(wordTable) {
		key := [2]string{row[0], row[1]}
		if out[key] == nil {
			out[key] = map[string]bool{}
		}
		for word := range strings.SplitSeq(row[2], "|") {
			out[key][Fold(word)] = true
		}
	}
	return out
})

// Placeholder reports whether a folded text is what people type in place of nothing where
// a trait, named without its side, is asked for.
func Placeholder(trait, folded string) bool {
	all := words()
	return all[[2]string{"placeholder", ""}][folded] || all[[2]string{"placeholder", trait}][folded]
}

var blanks = strings.NewReplacer("_", " ", "-", " ")

// Sensitive reports whether the law protects what the canonical name of a trait says.
func Sensitive(name string) bool {
	_, name, _ = strings.Cut(name, ".")
	return words()[[2]string{"sensitive", ""}][blanks.Replace(Fold(name))]
}

// Rows reads a table: cells parted by commas, words by bars.
func Rows(table string) [][]string {
	var out [][]string
	for line := range strings.Lines(table) {
		out = append(out, strings.Split(strings.TrimSpace(line), ","))
	}
	return out
}
