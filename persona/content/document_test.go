package content_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/content"
)

// A document is one of the four kinds: its type, its decoder, and one that has every key.
type document struct {
	file   string
	of     reflect.Type
	decode func([]byte) (any, error)
	sample string
}

var documents = []document{
	{"content.json", reflect.TypeFor[content.Plan](), func(b []byte) (any, error) { return content.ParsePlan(b) },
		`{"id":"plan","version":"1","items":[{"id":"case","titles":{"en":"A case","ja":"事例"},"format":"case","channel":"Email","touchpoint":"Case","stages":["consideration"],"personas":["it"],"languages":["ja"],"purpose":"show_benefits","valid":"2027-01-01T00:00:00Z","updated":"2026-01-01T00:00:00Z","cost":"1200.00","currency":"EUR"}],
		"cells":[{"stage":"consideration","persona":"it","channel":"Email","language":"ja","purpose":"show_benefits","owner":"ann","due":"2026-12-01T00:00:00Z"}]}`},
	{"tone.json", reflect.TypeFor[content.Tone](), func(b []byte) (any, error) { return content.ParseTone(b) },
		`{"rules":[{"id":"r","when":{"field":"a","op":"exists"},"priority":1,"set":{"formality":1,"warmth":2,"directness":3,"length":"long","keigo":"plain","sender":"support","emoji":true,"humour":true,"promotion":false},"add":{"formality":1,"warmth":-1,"directness":2},"least":{"formality":2,"keigo":"teinei"},"lead":[{"en":"x","ja":"y"}],"avoid":[{"en":"x"}],"texts":{"en":"x"}}]}`},
	{"calendar.json", reflect.TypeFor[content.Calendar](), func(b []byte) (any, error) { return content.ParseCalendar(b) },
		`{"weekdays":["mon","sat"],"from":9,"to":17,"holidays":["2026-01-01"]}`},
	{"themes.json", reflect.TypeFor[content.Themes](), func(b []byte) (any, error) { return content.ParseThemes(b) },
		`{"rows":[{"id":"price","words":["price","expens*","高い"]}]}`},
}

// P22: decoding what was written gives the same document, and the sample holds every key
// of the type.
func TestDocumentsRoundTrip(t *testing.T) {
	for _, d := range documents {
		v, err := d.decode([]byte(d.sample))
		if err != nil {
			t.Fatalf("%s: %v", d.file, err)
		}
		once := encode(t, v)
		again, err := d.decode([]byte(once))
		if err != nil || encode(t, again) != once {
			t.Errorf("%s: %v: %s", d.file, err, once)
		}
		for _, key := range keysOf(d.of) {
			if !strings.Contains(d.sample, `"`+key+`"`) {
				t.Errorf("%s: the sample lacks %s", d.file, key)
			}
		}
	}
	if text := encode(t, content.DefaultTone()); text == "" {
		t.Error("no default tone")
	} else if tone, err := content.ParseTone([]byte(text)); err != nil || encode(t, tone) != text {
		t.Error("the default tone does not round-trip", err)
	}
}

func keysOf(t reflect.Type) (keys []string) {
	switch t.Kind() {
	case reflect.Slice, reflect.Pointer, reflect.Map:
		return keysOf(t.Elem())
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[persona.Condition]() {
			return nil
		}
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			keys = append(append(keys, name), keysOf(t.Field(i).Type)...)
		}
	}
	return keys
}

func TestFaultyDocumentsArePointedAt(t *testing.T) {
	for _, tt := range []struct{ file, text, path string }{
		{"content.json", `{"items":[],"cells":[]}`, "/id"},
		{"content.json", `{"id":"p","items":[{"id":"a","stages":[]}],"cells":[]}`, "/items/0/stages"},
		{"content.json", `{"id":"p","items":[{"id":"a","stages":["x"]},{"id":"a","stages":["x"]}],"cells":[]}`, "/items/1/id"},
		{"content.json", `{"id":"p","items":[{"id":"a","stages":["x"],"touchpoint":"Ａ"},{"id":"b","stages":["x"],"touchpoint":"a"}],"cells":[]}`, "/items/1/touchpoint"},
		{"content.json", `{"id":"p","items":[{"id":"a","stages":["x"],"cost":"1"}],"cells":[]}`, "/items/0/cost"},
		{"content.json", `{"id":"p","items":[{"id":"a","stages":["x"],"cost":"-1","currency":"EUR"}],"cells":[]}`, "/items/0/cost"},
		{"content.json", `{"id":"p","items":[{"id":"a","stages":["x"],"cost":"1","currency":"QQQ"}],"cells":[]}`, "/items/0/currency"},
		{"content.json", `{"id":"p","items":[],"cells":[{"stage":"","channel":"Email"}]}`, "/cells/0/stage"},
		{"content.json", `{"id":"p","items":[],"cells":[{"stage":"a","channel":""}]}`, "/cells/0/channel"},
		{"content.json", `{"id":"p","items":[],"cells":[{"stage":"a","channel":"Email","owner":"x"},{"stage":"a","channel":"Email"}]}`, "/cells/1"},
		{"content.json", `{"id":"p","items":[],"cells":[],"Id":"x"}`, "/Id"},
		{"content.json", `{"id":"p","items":[` + strings.Repeat(`{"id":"a","stages":["x"]},`, content.MaxItems) + `{"id":"a","stages":["x"]}],"cells":[]}`, "/items"},
		{"content.json", `{"id":"p","items":[],"cells":[` + strings.Repeat(`{"stage":"a","channel":"x"},`, content.MaxCells) + `{"stage":"a","channel":"x"}]}`, "/cells"},
		{"tone.json", `{"rules":[{"id":"","when":{"all":[]}}]}`, "/rules/0/id"},
		{"tone.json", `{"rules":[{"id":"a","when":{"all":[]},"set":{"warmth":6}}]}`, "/rules/0/set/warmth"},
		{"tone.json", `{"rules":[{"id":"a","when":{"all":[]},"add":{"warmth":-6}}]}`, "/rules/0/add/warmth"},
		{"tone.json", `{"rules":[{"id":"a","when":{"all":[]},"least":{"formality":9}}]}`, "/rules/0/least/formality"},
		{"tone.json", `{"rules":[{"id":"a","when":{"all":[]},"set":{"length":"huge"}}]}`, "/rules/0/set/length"},
		{"tone.json", `{"rules":[{"id":"a","when":{"all":[]},"set":{"keigo":"huge"}}]}`, "/rules/0/set/keigo"},
		{"tone.json", `{"rules":[{"id":"a","when":{"all":[]},"least":{"keigo":"huge"}}]}`, "/rules/0/least/keigo"},
		{"tone.json", `{"rules":[{"id":"a","when":{"field":"a","op":"like","value":1}}]}`, "/rules/0/when/op"},
		{"tone.json", `{"rules":[` + strings.Repeat(`{"id":"a","when":{"all":[]}},`, content.MaxRules) + `{"id":"a","when":{"all":[]}}]}`, "/rules"},
		{"calendar.json", `{"weekdays":["monday"]}`, "/weekdays/0"},
		{"calendar.json", `{"from":18,"to":9}`, "/to"},
		{"calendar.json", `{"from":7}`, "/to"},
		{"calendar.json", `{"holidays":["2026-13-01"]}`, "/holidays/0"},
		{"themes.json", `{"rows":[{"id":"a","words":["x"]},{"id":"a","words":["y"]}]}`, "/rows/1/id"},
		{"themes.json", `{"rows":[{"id":"a","words":[]}]}`, "/rows/0/words"},
		{"themes.json", `{}`, "/rows"},
		{"tone.json", `{}`, "/rules"},
		{"content.json", `{"id":"p","items":[]}`, "/cells"},
		{"content.json", `{"id":"p","cells":[]}`, "/items"},
		{"themes.json", `{"rows":[{"id":"a","words":["*"]}]}`, "/rows/0/words/0"},
		{"themes.json", `{"rows":[{"id":"a","words":[` + strings.Repeat(`"x",`, content.MaxWords) + `"x"]}]}`, "/rows"},
	} {
		for _, d := range documents {
			if d.file != tt.file {
				continue
			}
			_, err := d.decode([]byte(tt.text))
			var fault *persona.DefinitionError
			if !errors.As(err, &fault) || fault.Path != tt.path {
				t.Errorf("%s %.80s: %v, want %s", tt.file, tt.text, err, tt.path)
			}
		}
	}
}

// Hostile input gives a document that round-trips or a typed error without any of it.
func fuzz(f *testing.F, file string) {
	for _, d := range documents {
		if d.file != file {
			continue
		}
		f.Add([]byte(d.sample))
		f.Add([]byte(`{}`))
		f.Add([]byte(`{"id":"p","items":[],"cells":[]}`))
		f.Add([]byte(`{"rules":[{"id":"a","when":{"all":[{"touches":{"agg":"count"},"op":"ge","value":0}]}}],"rows":null}`))
		f.Fuzz(func(t *testing.T, text []byte) {
			v, err := d.decode(text)
			if err != nil {
				var fault *persona.DefinitionError
				if !errors.As(err, &fault) {
					t.Fatalf("%T", err)
				}
				return
			}
			once, err := json.Marshal(v)
			if err != nil {
				return // a time that JSON cannot hold
			}
			again, err := d.decode(once)
			if err != nil || encode(t, again) != string(once) {
				t.Fatalf("%v: %s", err, once)
			}
		})
	}
}

func FuzzPlan(f *testing.F)     { fuzz(f, "content.json") }
func FuzzTone(f *testing.F)     { fuzz(f, "tone.json") }
func FuzzCalendar(f *testing.F) { fuzz(f, "calendar.json") }
func FuzzThemes(f *testing.F)   { fuzz(f, "themes.json") }
