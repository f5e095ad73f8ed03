package normal_test

import (
	"os"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/persona/internal/normal"
)

// each calls with the cells of a table and one of the words of its third.
func each(t *testing.T, file string, use func(row []string, word string)) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range normal.Rows(string(b)) {
		for word := range strings.SplitSeq(row[len(row)-1], "|") {
			use(row, word)
		}
	}
}

// Every keyword, alone and within a longer title, says what its row says.
func TestEveryTitle(t *testing.T) {
	each(t, "table/titles.csv", func(row []string, word string) {
		title := strings.ReplaceAll(word, "…", "何か")
		if title == word {
			title = "Tokyo, " + strings.ToUpper(word) + " (Ｔｏｋｙｏ)"
		}
		seniority, function := normal.Title(title)
		if got := map[string]string{"seniority": seniority, "function": function}[row[0]]; got != row[1] {
			t.Errorf("%s: %s %s, not %s", word, row[0], got, row[1])
		}
	})
	for title, want := range map[string]string{ // what a longer keyword is for
		"Product Owner": "individual", "取締役社長": "c_level", "常務取締役": "vp", "Sales Representative": "individual", "Team Leader": "manager", "Leadership": "", "misleader": "",
	} {
		if got, _ := normal.Title(title); got != want {
			t.Errorf("%s: %s, not %s", title, got, want)
		}
	}
}

func TestEveryCountry(t *testing.T) {
	names := 0
	each(t, "table/countries.csv", func(row []string, name string) {
		for _, text := range []string{row[0], strings.ToLower(row[0]), name, strings.ToUpper(name)} {
			if code, ok := normal.Country(text); text != "" && (!ok || code != row[0]) {
				t.Errorf("%s: %s, not %s", text, code, row[0])
			}
		}
		if name != "" {
			names++
		}
	})
	if names < 2*60 {
		t.Errorf("%d names, in two languages", names)
	}
}

// A dash that lengthens a katakana is one however it was typed; between others it stays.
func TestDashesBehindKatakana(t *testing.T) {
	for text, want := range map[string]string{"デ‐タ": "データ", "ﾃﾞ-ﾀ": "データ", "サ―バ−": "サーバー", "サー─": "サーー", "a-b": "a-b", "営業-部": "営業-部", "-サ": "-サ", "サa-": "サa-"} {
		if got := normal.Fold(text); got != want {
			t.Errorf("%s: %s, not %s", text, got, want)
		}
	}
}

func TestEveryWord(t *testing.T) {
	each(t, "table/words.csv", func(row []string, word string) {
		switch row[0] {
		case "placeholder":
			if !normal.Placeholder(row[1], normal.Fold(word)) || normal.Placeholder("title", normal.Fold(word)) != (row[1] == "") {
				t.Errorf("%s stands for nothing", word)
			}
		case "sensitive":
			if !normal.Sensitive("person."+strings.ReplaceAll(strings.ToUpper(word), " ", "_")) || normal.Sensitive("person."+word+"s") {
				t.Errorf("%s is sensitive", word)
			}
		default:
			t.Errorf("what is %s?", row[0])
		}
	})
}
