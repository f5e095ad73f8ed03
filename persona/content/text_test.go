package content_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/persona/content"
	"github.com/tabi-go/tabi/touchpoint"
)

// banned are words that claim a cause or promise an outcome.
var banned = regexp.MustCompile(`(?i)\b(causes?|because|leads? to|due to|drives?|will|proves?|guarantees?)\b|原因|おかげ|必ず|保証|により増`)

func TestBannedWords(t *testing.T) {
	for text, want := range map[string]bool{"A webinar leads to orders": true, "It WILL work": true, "より多く": false, "goodwill": false, "オンライン化により増加": true} {
		if banned.MatchString(text) != want {
			t.Errorf("%q: the test itself is wrong", text)
		}
	}
	for _, file := range []string{"table/texts.json", "table/kinds.json"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var table map[string]map[string]string
		if err := json.Unmarshal(b, &table); err != nil {
			t.Fatal(err)
		}
		for id, texts := range table {
			for _, lang := range []string{"en", "ja"} {
				text := texts[lang]
				if text == "" {
					t.Errorf("%s: %s has no %s", file, id, lang)
				}
				text = strings.ReplaceAll(text, "not shown to be the cause", "")
				if found := banned.FindString(text); found != "" {
					t.Errorf("%s: %s says %q", file, id, found)
				}
			}
		}
	}
	stated := toneTexts(content.DefaultTone())
	for _, stage := range []string{"awareness", "consideration", "purchase", "use", "loyalty"} {
		for _, p := range content.Purposes(stage) {
			stated = append(stated, p.Texts, p.Formats)
		}
	}
	for _, texts := range stated {
		for _, text := range texts {
			if found := banned.FindString(text); found != "" {
				t.Errorf("a table says %q in %q", found, text)
			}
		}
	}
}

func toneTexts(tone *content.Tone) (all []map[string]string) {
	for _, r := range tone.Rules {
		all = append(append(append(all, r.Texts), r.Lead...), r.Avoid...)
	}
	return all
}

// Every known kind that is a contact has a name in both languages, and every name is that
// of a kind that is known or that a stage model asks for.
func TestKindsHaveNames(t *testing.T) {
	b, err := os.ReadFile("table/kinds.json")
	if err != nil {
		t.Fatal(err)
	}
	var table map[string]map[string]string
	if err := json.Unmarshal(b, &table); err != nil {
		t.Fatal(err)
	}
	for kind := range table {
		k := touchpoint.Kind(kind)
		if info := k.Info(); !info.Known && kind != "price_page" && kind != "demo_request" || info.Class == touchpoint.Record {
			t.Errorf("%s is no contact", kind)
		}
		if content.KindName(k, "en") != table[kind]["en"] || content.KindName(k, "ja-JP") != table[kind]["ja"] {
			t.Errorf("%s is not named by the table", kind)
		}
	}
	for _, k := range []touchpoint.Kind{touchpoint.KindWebinarAttended, touchpoint.KindCall, touchpoint.KindReview} {
		if content.KindName(k, "fr") != content.KindName(k, "en") {
			t.Errorf("%s: other languages read English", k)
		}
	}
	if content.KindName("tea_party", "ja") != "tea_party" {
		t.Error("an unknown kind is named by its own word")
	}
}
