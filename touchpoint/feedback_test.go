package touchpoint_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	tp "github.com/tabi-go/tabi/touchpoint"
)

// answer returns a survey answer with this props.survey.
func answer(t *testing.T, survey string, o *tp.Options) (tp.Touch, error) {
	t.Helper()
	touch := clean()
	touch.Kind, touch.Channel, touch.Sentiment = tp.KindSurveyAnswer, "", tp.Sentiment{}
	var err error
	if touch.Props, err = touch.Props.SetRaw("survey", survey); err != nil {
		t.Fatal(err)
	}
	err = touch.Normalize(o)
	return touch, err
}

func TestSentimentOfScores(t *testing.T) {
	for survey, want := range map[string]int{
		`{"scale":"csat5","score":1}`: -1000, `{"scale":"csat5","score":2}`: -500, `{"scale":"csat5","score":3}`: 0, `{"scale":"csat5","score":5}`: 1000,
		`{"scale":"ces7","score":1}`: -1000, `{"scale":"ces7","score":4}`: 0, `{"scale":"ces7","score":7}`: 1000, `{"scale":"ces7","score":5}`: 333, `{"scale":"ces7","score":3}`: -333,
		`{"scale":"stars5","score":4}`: 500, `{"scale":"thumbs","score":0}`: -1000, `{"scale":"thumbs","score":1}`: 1000,
		`{"scale":"csat5","score":5,"lower_is_better":true}`: -1000, `{"scale":"nps","score":10,"lower_is_better":true}`: 1000,
		`{"scale":"range","score":50,"min":0,"max":100}`: 0, `{"scale":"range","score":0.0625,"min":0,"max":1}`: -875,
		`{"scale":"range","score":0.00025,"min":0,"max":1}`: -1000, `{"scale":"range","score":0.99975,"min":0,"max":1}`: 1000, `{"scale":"range","score":-1,"min":-3,"max":0,"lower_is_better":true}`: -333,
	} {
		touch, err := answer(t, survey, nil)
		if m, ok := touch.Sentiment.Milli(); err != nil || !ok || m != want {
			t.Errorf("%s: %d %v %v, want %d", survey, m, ok, err, want)
		}
	}
	for survey, want := range map[string]string{
		`{"scale":"nps","score":11}`: "props.survey.score out_of_range", `{"scale":"nps","score":-1}`: "props.survey.score out_of_range",
		`{"scale":"nps","score":9.5}`: "props.survey.score out_of_range", `{"scale":"csat5","score":0}`: "props.survey.score out_of_range",
		`{"scale":"ces7","score":8}`: "props.survey.score out_of_range", `{"scale":"stars5","score":"5"}`: "props.survey.score not_a_number",
		`{"scale":"range","score":1}`: "props.survey.min missing", `{"scale":"range","score":1,"min":2,"max":2}`: "props.survey.max out_of_range",
		`{"scale":"range","score":3,"min":1,"max":2}`: "props.survey.score out_of_range", `{"scale":"range","score":3,"min":"1","max":2}`: "props.survey.min not_a_number", `{"scale":"range","score":1,"min":1,"max":"2"}`: "props.survey.max not_a_number",
	} {
		if _, err := answer(t, survey, nil); reason(t, err) != want {
			t.Errorf("%s: %v, want %s", survey, err, want)
		}
	}
	for _, survey := range []string{`{"scale":"text","text":"great"}`, `{"scale":"nps"}`, `{"score":99}`, `{"scale":"smileys","score":99}`, `{"scale":"source","text":"?"}`} {
		touch, err := answer(t, survey, nil)
		if _, ok := touch.Sentiment.Value(); err != nil || ok {
			t.Errorf("%s: sentiment %v, %v", survey, ok, err)
		}
	}
}

func TestT12MeanOfNPSSentimentsIsNPSOverHundred(t *testing.T) {
	r := newRand(12)
	for i := range 20 {
		scores := []int{10, 9, 8, 7, 6, 0}
		if i > 0 {
			scores = nil
			for range 1 + r.IntN(30) {
				scores = append(scores, r.IntN(11))
			}
		}
		sum, nps := 0, 0
		for _, s := range scores {
			touch, err := answer(t, fmt.Sprintf(`{"scale":"nps","score":%d}`, s), nil)
			if err != nil {
				t.Fatal(err)
			}
			m, _ := touch.Sentiment.Milli()
			sum += m
			if s >= 9 {
				nps++
			} else if s <= 6 {
				nps--
			}
		}
		if sum != 1000*nps || i == 0 && sum != 0 {
			t.Fatalf("%v: sum %d", scores, sum)
		}
	}
}

func TestAGivenSentimentWins(t *testing.T) {
	touch := clean()
	touch.Kind, touch.Sentiment = tp.KindComplaint, tp.SentimentMilli(100)
	if err := touch.Normalize(nil); err != nil {
		t.Fatal(err)
	}
	if m, _ := touch.Sentiment.Milli(); m != 100 {
		t.Error(m)
	}
	touch.Sentiment = tp.Sentiment{}
	if err := touch.Normalize(nil); err != nil {
		t.Fatal(err)
	}
	if m, ok := touch.Sentiment.Milli(); m != -1000 || !ok {
		t.Error("a complaint is negative")
	}
	touch.Sentiment, touch.Redacted = tp.Sentiment{}, true
	if err := touch.Normalize(nil); err != nil || touch.Sentiment != (tp.Sentiment{}) {
		t.Error("what was redacted is filled again")
	}
	touch.Kind, touch.Sentiment, touch.Redacted = tp.KindPageview, tp.Sentiment{}, false
	if err := touch.Normalize(nil); err != nil || touch.Sentiment != (tp.Sentiment{}) {
		t.Error("a page view has no sentiment")
	}
}

func TestHowDidYouHearOfUs(t *testing.T) {
	v, err := tp.ReadVocabulary(strings.NewReader("field,from,to\nchannel,the fair,Trade fairs\n"))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"ポッドキャスト": "Audio", "e-mail": "Email", "The  Fair": "Trade fairs", "my friend": "", "none": "", "\u0001": ""} {
		raw := fmt.Sprintf(`{"scale":"source","text":%q}`, text)
		raw = strings.ReplaceAll(raw, `\x01`, `\u0001`)
		touch, err := answer(t, raw, &tp.Options{Vocabulary: v})
		got, _ := touch.Props.Text("survey", "channel")
		if err != nil || got != want || touch.Channel != tp.ChannelSurvey {
			t.Errorf("%q: %q on %q, %v", text, got, touch.Channel, err)
		}
	}
	touch, err := answer(t, `{"scale":"source","text":"podcast","channel":"Mine"}`, nil)
	if got, _ := touch.Props.Text("survey", "channel"); err != nil || got != "Mine" {
		t.Error("a stated channel was overwritten")
	}
}

func TestSentimentHook(t *testing.T) {
	var v float64
	o := &tp.Options{Sentiment: func(text, lang string) (float64, bool) {
		if text != "さいこう" || lang != "ja" {
			panic(text)
		}
		return v, !math.IsInf(v, -1)
	}}
	const survey = `{"scale":"text","text":"さいこう"}`
	for in, want := range map[float64]string{0.1235: "124", -1: "-1000", 0: "0", math.Inf(-1): "none",
		math.Inf(1): "sentiment not_finite", 1: "1000", 1.1: "sentiment out_of_range", 1.0001: "sentiment out_of_range", -1.0001: "sentiment out_of_range"} {
		v = in
		touch, err := answer(t, survey, o)
		got := "none"
		if m, ok := touch.Sentiment.Milli(); ok {
			got = fmt.Sprint(m)
		}
		if err != nil {
			got = reason(t, err)
		}
		if got != want {
			t.Errorf("%v: %s, want %s", in, got, want)
		}
	}
	v = math.NaN()
	if _, err := answer(t, survey, o); reason(t, err) != "sentiment not_finite" {
		t.Error(err)
	}
	_, err := answer(t, `{"scale":"text","text":"canary"}`, o)
	if e, ok := errors.AsType[*tp.CallbackError](err); !ok || e.Where != "Options.Sentiment" || e.Value != "string" || strings.Contains(err.Error(), "canary") {
		t.Error(err)
	}
	touch := clean()
	err = touch.Normalize(&tp.Options{Text: func(string) string { panic("canary") }})
	if e, ok := errors.AsType[*tp.CallbackError](err); !ok || e.Where != "Options.Text" {
		t.Error(err)
	}
}
