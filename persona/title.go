package persona

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:embed table/titles.csv
var titleTable string

//go:embed table/countries.csv
var countryTable string

// rows reads one of our tables: cells parted by commas, words by bars.
func rows(table string) [][]string {
	var out [][]string
	for line := range strings.Lines(table) {
		out = append(out, strings.Split(strings.TrimSpace(line), ","))
	}
	return out
}

// A keyword of the table of titles; parts stand in this order with anything between.
type keyword struct {
	sense  string // seniority or function
	value  string
	parts  []string
	length int
}

var keywords = sync.OnceValue(func() []keyword {
	var out []keyword
	for _, row := range rows(titleTable) {
		for word := range strings.SplitSeq(row[2], "|") {
			k := keyword{sense: row[0], value: row[1]}
			for part := range strings.SplitSeq(word, "…") {
				k.parts = append(k.parts, fold(part))
				k.length += utf8.RuneCountInString(part)
			}
			out = append(out, k)
		}
	}
	return out
})

// Title returns the seniority and the function that a job title states, in English or
// Japanese, each "" where it states none. The longest keyword of the built-in table
// wins, then the higher row; Latin keywords need word borders, Japanese ones do not.
//
// Seniorities are student, intern, individual, manager, director, vp and c_level.
// Functions are management, it, engineering, product, marketing, sales, finance,
// procurement, legal, hr, operations, support and education.
func Title(title string) (seniority, function string) {
	s := fold(title)
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

var countries = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	for _, row := range rows(countryTable) {
		names[strings.ToLower(row[0])] = row[0]
		for name := range strings.SplitSeq(row[1], "|") {
			names[fold(name)] = row[0]
		}
	}
	delete(names, "")
	return names
})

// Country returns the ISO 3166-1 alpha-2 code of a country given by code (all codes), or
// by its English or Japanese name (the sixty largest economies).
func Country(text string) (code string, ok bool) {
	code, ok = countries()[fold(text)]
	return code, ok
}

var languages = map[string]string{"japanese": "ja", "日本語": "ja", "english": "en", "英語": "en", "chinese": "zh", "中国語": "zh",
	"korean": "ko", "韓国語": "ko", "german": "de", "ドイツ語": "de", "french": "fr", "フランス語": "fr", "spanish": "es", "スペイン語": "es"}

// Language returns the primary subtag, in lower case, of a language tag such as ja-JP or
// en_US, or of the English or Japanese name of a common language.
func Language(text string) (tag string, ok bool) {
	s := fold(text)
	if tag, ok := languages[s]; ok {
		return tag, true
	}
	tag, _, _ = strings.Cut(strings.ReplaceAll(s, "_", "-"), "-")
	if len(tag) < 2 || len(tag) > 3 || strings.Trim(tag, "abcdefghijklmnopqrstuvwxyz") != "" {
		return "", false
	}
	return tag, true
}
