package content

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/internal/num"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/touchpoint"
)

// Themes find what an answer is about by keywords: a table of yours, no language model and
// no guess. Do not change one while it is used; it is then safe for concurrent use.
type Themes struct {
	Rows []ThemeRow `json:"rows"`
}

// A ThemeRow is a theme and the words that name it, compared by case, width and blanks
// folded. Latin words need word borders, others do not; a * at the end stands for any
// ending.
type ThemeRow struct {
	ID    string   `json:"id"`
	Words []string `json:"words"`
}

// MaxWords is how many keywords a table of themes may have.
const MaxWords = 5000

// ParseThemes reads a table from JSON, strictly, and validates it. The error is a
// [*persona.DefinitionError].
func ParseThemes(text []byte) (*Themes, error) {
	t := &Themes{}
	if err := persona.Decode(text, t); err != nil {
		return nil, err
	}
	if t.Rows == nil {
		return nil, fault("/rows", "missing")
	}
	words, ids := 0, map[string]bool{}
	for i, r := range t.Rows {
		path := fmt.Sprintf("/rows/%d", i)
		if r.ID == "" || ids[r.ID] {
			return nil, fault(path+"/id", "missing or used twice")
		}
		ids[r.ID] = true
		if len(r.Words) == 0 {
			return nil, fault(path+"/words", "missing")
		}
		for j, w := range r.Words {
			if touchpoint.Fold(strings.TrimSuffix(w, "*")) == "" {
				return nil, fault(fmt.Sprintf("%s/words/%d", path, j), "empty")
			}
		}
		if words += len(r.Words); words > MaxWords {
			return nil, fault("/rows", fmt.Sprintf("more than %d words", MaxWords))
		}
	}
	return t, nil
}

// Find returns the ids of the themes that a text names, sorted.
func (t *Themes) Find(text string) []string {
	text = touchpoint.Fold(text)
	found := []string{}
	for _, r := range t.Rows {
		if slices.ContainsFunc(r.Words, func(w string) bool { return names(text, w) }) {
			found = append(found, r.ID)
		}
	}
	slices.Sort(found)
	return found
}

func names(text, word string) bool {
	word, open := strings.CutSuffix(word, "*")
	word = touchpoint.Fold(word)
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(word)
		if (start == 0 || !latin(text[start-1]) || !latin(word[0])) &&
			(open || end == len(text) || !latin(text[end]) || !latin(word[len(word)-1])) {
			return true
		}
		from = start + 1
	}
}

// latin reports whether a byte is an ASCII letter or digit, which make words of their own.
func latin(b byte) bool { return 'a' <= b && b <= 'z' || '0' <= b && b <= '9' }

// A ThemeShare is how many of the answers at a place name a theme, with Wilson's 95 %
// interval: "34 of 120 (28 %, 21–37 %)".
type ThemeShare struct {
	Place
	Theme     string  `json:"theme"`
	Hidden    bool    `json:"hidden"` // fewer than 5 answers: all below is 0
	X         int64   `json:"x"`
	N         int64   `json:"n"` // answers with codes or text
	P         float64 `json:"p"`
	Low, High float64
}

// String returns the share as text, nothing if it is hidden.
func (s ThemeShare) String() string {
	if s.Hidden {
		return ""
	}
	return fmt.Sprintf("%d of %d (%s %%, %s–%s %%)", s.X, s.N, percent(s.P, 0), percent(s.Low, 0), percent(s.High, 0))
}

// Shares returns the themes by place, then the most frequent first.
func (v *Voice) Shares(by Group) []ThemeShare {
	type at struct {
		Place
		theme string
	}
	named, asked := map[at]int64{}, map[Place]int64{}
	for k, c := range v.rows {
		switch k[0] {
		case rowText:
			asked[by.of(k)] += c[0]
		case rowTheme:
			named[at{by.of(k), k[5]}] += c[0]
		}
	}
	out := []ThemeShare{}
	for a, x := range named {
		s := ThemeShare{Place: a.Place, Theme: a.theme, X: x, N: asked[a.Place]}
		if s.N < few {
			out = append(out, ThemeShare{Place: a.Place, Theme: a.theme, Hidden: true})
			continue
		}
		s.P = float64(s.X) / float64(s.N)
		s.Low, s.High = num.Wilson95(float64(s.X), float64(s.N))
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b ThemeShare) int {
		return cmp.Or(a.Place.compare(b.Place), cmp.Compare(b.X, a.X), cmp.Compare(a.Theme, b.Theme))
	})
	return out
}

// Pain returns the share of a persona's answers that name the theme of one of its pains or
// goals; false where it names no theme, or nobody of the persona answered.
func (v *Voice) Pain(personaID string, pain persona.Theme) (ThemeShare, bool) {
	if pain.Theme == "" {
		return ThemeShare{}, false
	}
	for _, s := range v.Shares(Group{Persona: true}) {
		if s.Persona == personaID && s.Theme == pain.Theme {
			return s, true
		}
	}
	return ThemeShare{}, false
}
