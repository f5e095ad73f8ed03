package content_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/content"
	"github.com/tabi-go/tabi/touchpoint"
)

// says is a trail of one answer.
func says(t testing.TB, who, scale string, score int, text string) content.Trail {
	t.Helper()
	return content.Trail{Persona: who, Stays: []content.Stay{{Stage: "use", Rank: 40, Enter: at.Add(-50 * day)}},
		Touches: []touchpoint.Touch{touch(t, "survey_answer", day, func(x *touchpoint.Touch) { x.Props = answer("q", scale, score, text) })}}
}

func TestScores(t *testing.T) {
	v := content.Voice{At: at}
	for scale, scores := range map[string][]int{"nps": {10, 9, 9, 8, 7, 6, 0, 10}, "csat5": {5, 4, 4, 3, 1}, "ces7": {7, 6, 5, 7, 2}, "stars5": {5, 5, 5, 5}} {
		for _, s := range scores {
			v.Add(says(t, "it", scale, s, ""))
		}
	}
	got := v.Scores(content.Group{})
	if len(got) != 4 {
		t.Fatalf("%+v", got)
	}
	near := func(what string, x, want, tolerance float64) {
		t.Helper()
		if !(math.Abs(x-want) <= tolerance) {
			t.Errorf("%s = %v, want %v", what, x, want)
		}
	}
	ces, csat, nps, stars := got[0], got[1], got[2], got[3]
	// NPS: 4 promoters, 2 detractors of 8; SE = 100·√(.5+.25−.25²)/√8.
	near("nps", nps.Value, 25, 1e-12)
	near("its error", nps.SE, 100*math.Sqrt(0.6875/8), 1e-12)
	near("its lower bound", nps.Low, 25-1.959963984540054*100*math.Sqrt(0.6875/8), 1e-9)
	// CSAT: 3 of 5; Wilson's bounds as R's prop.test(3, 5, correct=FALSE).
	near("csat", csat.Value, 60, 1e-12)
	near("its lower bound", csat.Low, 23.07, 0.01)
	near("its upper bound", csat.High, 88.24, 0.01)
	// CES: mean 5.4, s = √4.3, t(.975, 4) = 2.776445.
	near("ces", ces.Value, 5.4, 1e-12)
	near("its error", ces.SE, math.Sqrt(4.3/5), 1e-12)
	near("its upper bound", ces.High, 5.4+2.7764451051977987*math.Sqrt(4.3/5), 1e-9)
	if !stars.Hidden || stars.N != 0 || stars.Value != 0 {
		t.Errorf("four answers show: %+v", stars)
	}
}

func TestLatestAnswerOfASubjectCounts(t *testing.T) {
	at2 := func(days int, id string, score int) touchpoint.Touch {
		return touch(t, "survey_answer", time.Duration(days)*day, func(x *touchpoint.Touch) { x.Props = answer(id, "nps", score, "") })
	}
	v := content.Voice{At: at}
	for range 5 {
		v.Add(content.Trail{Touches: []touchpoint.Touch{at2(1, "a", 10), at2(9, "a", 0), at2(5, "b", 0), at2(-1, "a", 0)}})
	}
	scores := v.Scores(content.Group{Question: true})
	if len(scores) != 2 {
		t.Fatalf("%+v", scores)
	}
	for _, s := range scores {
		if want := map[string]float64{"a": 100, "b": -100}[s.Question]; s.Value != want || s.N != 5 {
			t.Errorf("%+v, want %v", s, want)
		}
	}
}

func TestScoresByGroup(t *testing.T) {
	v := content.Voice{At: at}
	for i := range 10 {
		v.Add(says(t, []string{"it", "ceo"}[i%2], "nps", []int{10, 0}[i%2], ""))
	}
	byPersona := v.Scores(content.Group{Persona: true, Stage: true, Channel: true})
	if len(byPersona) != 2 || byPersona[0].Persona != "ceo" || byPersona[0].Value != -100 || byPersona[1].Value != 100 || byPersona[1].Stage != "use" || byPersona[1].Channel != "Survey" {
		t.Errorf("%+v", byPersona)
	}
	if all := v.Scores(content.Group{}); len(all) != 1 || all[0].Value != 0 || all[0].N != 10 {
		t.Errorf("%+v", all)
	}
}

func TestThemes(t *testing.T) {
	themes, err := content.ParseThemes([]byte(`{"rows":[{"id":"support","words":["support","サポート"]},{"id":"price","words":["price","expens*","高い"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]string{
		"Too EXPENSIVE for us": {"price"}, "ｐｒｉｃｅ!": {"price"}, "priceless": {}, "値段が高いし、サポートが遅い": {"price", "support"}, "supporting unprice": {}, "": {},
		"prices; price": {"price"}, "support's": {"support"},
	} {
		if got := themes.Find(text); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	// The example of the specification: 34 of 120 answers of a persona.
	v := content.Voice{At: at, Themes: themes}
	for i := range 120 {
		text := "fine"
		if i < 34 {
			text = "高い"
		}
		v.Add(says(t, "it", "nps", 5, text))
	}
	v.Add(says(t, "ceo", "nps", 5, "高い"))
	pain, ok := v.Pain("it", persona.Theme{Text: "It costs too much", Theme: "price"})
	if !ok || pain.String() != "34 of 120 (28 %, 21–37 %)" {
		t.Errorf("%v %s", ok, pain)
	}
	if few, ok := v.Pain("ceo", persona.Theme{Theme: "price"}); !ok || !few.Hidden || few.String() != "" {
		t.Errorf("one answer shows: %+v", few)
	}
	for _, none := range []persona.Theme{{}, {Theme: "speed"}} {
		if _, ok := v.Pain("it", none); ok {
			t.Errorf("%v is measured", none)
		}
	}
}

func TestCodesOfTheHostGoBeforeKeywords(t *testing.T) {
	v := content.Voice{At: at, Themes: &content.Themes{Rows: []content.ThemeRow{{ID: "price", Words: []string{"price"}}}}}
	for i := range 6 {
		props, err := touchpoint.ParseProps([]byte(fmt.Sprintf(`{"survey":{"id":"q","scale":"text","text":"price","themes":%s}}`, []string{`["speed","speed"]`, `["pricing"]`}[i%2])))
		if err != nil {
			t.Fatal(err)
		}
		v.Add(content.Trail{Touches: []touchpoint.Touch{touch(t, "survey_answer", day, func(x *touchpoint.Touch) { x.Props = props })}})
	}
	got := v.Shares(content.Group{})
	if len(got) != 2 || got[0].Theme != "pricing" || got[1].Theme != "speed" || got[1].X != 3 || got[1].N != 6 {
		t.Errorf("%+v", got)
	}
}
