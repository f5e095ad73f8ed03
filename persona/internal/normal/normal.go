// Package normal knows how people write what package persona compares: it folds texts,
// reads numbers, titles, countries and languages in English and Japanese, and tells which
// texts stand for nothing and which names no profile may hold. It knows words only, not
// what a trait or a value is.
package normal

import (
	"strings"
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

// placeholders are texts that people type in place of nothing, folded.
var placeholders = map[string]bool{
	"n/a": true, "na": true, "none": true, "null": true, "unknown": true, "-": true, "test": true,
	"不明": true, "未入力": true, "なし": true, "該当なし": true,
}

// Placeholder reports whether a folded text is what people type in place of nothing.
func Placeholder(folded string) bool { return placeholders[folded] }

// sensitive are the names, folded and joined by _, of traits that the law protects.
var sensitive = map[string]bool{
	"health": true, "disability": true, "religion": true, "union_membership": true, "ethnicity": true, "race": true,
	"political_opinion": true, "politics": true, "sexual_life": true, "sexual_orientation": true, "criminal_record": true,
	"健康": true, "健康状態": true, "病歴": true, "障害": true, "宗教": true, "信条": true, "組合加入": true, "人種": true, "民族": true,
	"政治的見解": true, "支持政党": true, "性生活": true, "性的指向": true, "犯罪歴": true, "前科": true,
}

// Sensitive reports whether the law protects what the canonical name of a trait says.
func Sensitive(name string) bool {
	_, name, _ = strings.Cut(name, ".")
	return sensitive[strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return '_'
		}
		return r
	}, Fold(name))]
}

// Rows reads a table: cells parted by commas, words by bars.
func Rows(table string) [][]string {
	var out [][]string
	for line := range strings.Lines(table) {
		out = append(out, strings.Split(strings.TrimSpace(line), ","))
	}
	return out
}
