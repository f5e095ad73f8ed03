package persona_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/touchpoint"
)

// each calls with the rows of a table, cells parted by commas and the words of the last by
// bars.
func each(t *testing.T, file string, use func(row, words []string)) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		row := strings.Split(strings.TrimSpace(line), ",")
		use(row, strings.Split(row[len(row)-1], "|"))
	}
}

func japanese(words []string) bool {
	return strings.ContainsFunc(strings.Join(words, ""), func(r rune) bool {
		return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
	})
}

// Every spelling of a trait, however it is parted and cased, gives the name of its row.
func TestEverySpellingOfATrait(t *testing.T) {
	var m *persona.TraitMap
	each(t, "table/traits.csv", func(row, words []string) {
		if !japanese(words) {
			t.Errorf("%s has no Japanese spelling", row[0])
		}
		for _, word := range words {
			for _, side := range []string{"person", "account"} {
				want := row[0]
				if strings.HasPrefix(want, ".") {
					want = side + want
				}
				if got := m.Name(strings.ToUpper(strings.ReplaceAll(word, " ", "_")), side); got != want {
					t.Errorf("%s: %s, not %s", word, got, want)
				}
			}
		}
	})
}

// Every contact role of a CRM means the role of its row, every kind says what its row says.
func TestEveryRoleOfTheTable(t *testing.T) {
	var m *persona.RoleMap
	each(t, "table/roles.csv", func(row, words []string) {
		if row[0] == "contact" && !japanese(words) {
			t.Errorf("%s has no Japanese name", row[1])
		}
		for _, word := range words {
			switch row[0] {
			case "contact":
				if r, ok := m.Role(strings.ToUpper(word)); !ok || string(r) != row[1] {
					t.Errorf("%s: %s, not %s", word, r, row[1])
				}
			case "two_way":
				if !persona.TwoWay(&touchpoint.Touch{Kind: touchpoint.Kind(word)}) {
					t.Errorf("%s is no two-way contact", word)
				}
			}
		}
	})
}

func FuzzParseTraitMap(f *testing.F) {
	f.Add([]byte(`{"person.title":["jobtitle","役職"],".country":["国"]}`))
	f.Add([]byte(`{"person.title":["a"],"account.name":["A"]}`))
	f.Add([]byte(`{"title":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := persona.ParseTraitMap(text)
		if err != nil {
			if !errors.As(err, new(*persona.DefinitionError)) {
				t.Fatalf("%T", err)
			}
			return
		}
		again, err := persona.ParseTraitMap([]byte(encode(t, m)))
		if err != nil || encode(t, again) != encode(t, m) {
			t.Fatal("round trip", err)
		}
	})
}
