package normal

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed table/countries.csv
var countryTable string

var countries = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	for _, row := range Rows(countryTable) {
		names[strings.ToLower(row[0])] = row[0]
		for name := range strings.SplitSeq(row[1], "|") {
			names[Fold(name)] = row[0]
		}
	}
	delete(names, "")
	return names
})

// Country returns the ISO 3166-1 alpha-2 code of a country.
func Country(text string) (code string, ok bool) {
	code, ok = countries()[Fold(text)]
	return code, ok
}

var languages = map[string]string{"japanese": "ja", "日本語": "ja", "english": "en", "英語": "en", "chinese": "zh", "中国語": "zh",
	"korean": "ko", "韓国語": "ko", "german": "de", "ドイツ語": "de", "french": "fr", "フランス語": "fr", "spanish": "es", "スペイン語": "es"}

// Language returns the primary subtag of a language.
func Language(text string) (tag string, ok bool) {
	s := Fold(text)
	if tag, ok := languages[s]; ok {
		return tag, true
	}
	tag, _, _ = strings.Cut(strings.ReplaceAll(s, "_", "-"), "-")
	if len(tag) < 2 || len(tag) > 3 || strings.Trim(tag, "abcdefghijklmnopqrstuvwxyz") != "" {
		return "", false
	}
	return tag, true
}
