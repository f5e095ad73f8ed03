package content

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/tabi-go/tabi/touchpoint"
)

//go:embed table/texts.json
var textTable []byte

//go:embed table/kinds.json
var kindTable []byte

// Texts by id and language.
var (
	texts = sync.OnceValue(func() map[string]map[string]string { return mustDecode[map[string]map[string]string](textTable) })
	kinds = sync.OnceValue(func() map[string]map[string]string { return mustDecode[map[string]map[string]string](kindTable) })
)

// phrase returns a text of our table in a language; there are en, and for ja and its
// regions ja.
func phrase(id, lang string) string { return inLanguage(texts()[id], lang) }

func inLanguage(texts map[string]string, lang string) string {
	lang, _, _ = strings.Cut(strings.ToLower(lang), "-")
	if s, ok := texts[lang]; ok {
		return s
	}
	return texts["en"]
}

// KindName names a kind of touch within a sentence, in English ("a webinar") or Japanese
// (lang "ja"). A kind that tabi does not know is named by its own word.
func KindName(k touchpoint.Kind, lang string) string {
	if name := inLanguage(kinds()[string(k)], lang); name != "" {
		return name
	}
	return string(k)
}
