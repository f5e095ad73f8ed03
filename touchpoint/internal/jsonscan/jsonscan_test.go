package jsonscan_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

func parse(t *testing.T, text string) jsonscan.Value {
	t.Helper()
	var d jsonscan.Doc
	v, err := d.Parse(text, jsonscan.Limits{})
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

func TestValues(t *testing.T) {
	v := parse(t, ` { "a" : [ 1 , -2.5e3, "x\n\u00e9\ud83d\ude00" , null ] , "b\"" : { } , "c" : true, "d":false } `)
	if v.Kind() != jsonscan.Object || v.Len() != 4 {
		t.Fatal(v.Kind(), v.Len())
	}
	a := v.Get("a")
	if a.Kind() != jsonscan.Array || a.Len() != 4 || a.First().Raw() != "1" || a.First().Next().Raw() != "-2.5e3" {
		t.Error(a.Raw())
	}
	if s := a.First().Next().Next(); s.Text() != "x\né😀" || s.Next().Kind() != jsonscan.Null || s.Next().Next().OK() {
		t.Error(s.Text())
	}
	if b := v.Get("b\""); b.Key() != `b"` || b.Kind() != jsonscan.Object || b.First().OK() {
		t.Error(b.Key())
	}
	if !v.Get("c").True() || v.Get("d").True() || v.Get("d").Kind() != jsonscan.Bool {
		t.Error("literals")
	}
	for _, none := range []jsonscan.Value{{}, v.Get("x"), v.Get("a", "b"), v.Get("a").First().Get("x")} {
		if none.OK() || none.Kind() != jsonscan.None || none.Raw()+none.Text()+none.Key() != "" || none.Len() != 0 ||
			none.First().OK() || none.Next().OK() || none.True() {
			t.Error("the zero Value is not harmless")
		}
	}
}

func TestLimits(t *testing.T) {
	var d jsonscan.Doc
	for _, c := range []struct {
		text string
		lim  jsonscan.Limits
		want string
	}{
		{`"abcd"`, jsonscan.Limits{Size: 6}, ""}, {`"abcde"`, jsonscan.Limits{Size: 6}, "too_large"},
		{`[[1]]`, jsonscan.Limits{Depth: 2}, ""}, {`[[[]]]`, jsonscan.Limits{Depth: 2}, "too_deep"},
		{`123`, jsonscan.Limits{Number: 3}, ""}, {`1234`, jsonscan.Limits{Number: 3}, "not_a_number"},
		{`{"a":1,"A":2}`, jsonscan.Limits{}, "duplicate_key"}, {`{"é":1,"É":2}`, jsonscan.Limits{}, "duplicate_key"},
		{`{"":1,"":2}`, jsonscan.Limits{}, "duplicate_key"}, {`{"s":1,"ſ":2}`, jsonscan.Limits{}, "duplicate_key"},
		{`{"a":{"x":1},"b":{"x":1}}`, jsonscan.Limits{}, ""},
		{"\"\xff\"", jsonscan.Limits{}, "utf8"}, {"\"\x80\"", jsonscan.Limits{}, "utf8"}, {`{"\ud800":1}`, jsonscan.Limits{}, "utf8"}, {`"\ud800"`, jsonscan.Limits{}, "utf8"}, {`"\ud800\ue000"`, jsonscan.Limits{}, "utf8"},
	} {
		_, err := d.Parse(c.text, c.lim)
		got := ""
		if err != nil {
			got = err.(*jsonscan.Error).Reason
		}
		if got != c.want {
			t.Errorf("%.40s: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestManyKeys(t *testing.T) {
	object := func(n int, last string) string {
		var b strings.Builder
		b.WriteByte('{')
		for i := range n {
			b.WriteString(`"k`)
			b.WriteString(strings.Repeat("x", i))
			b.WriteString(`":1,`)
		}
		return b.String() + `"` + last + `":1}`
	}
	var d jsonscan.Doc
	for _, n := range []int{5, 24, 25, 63, 64, 65, 100} {
		if _, err := d.Parse(object(n, "z"), jsonscan.Limits{}); err != nil {
			t.Errorf("%d keys: %v", n, err)
		}
		if _, err := d.Parse(object(n, "KXX"), jsonscan.Limits{}); err == nil {
			t.Errorf("%d keys: the repeated one is not seen", n)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,"b",null,true]}`, `"\ud83d\ude00"`, `-0.1e+5`, `[]`, ` {"K":1}`, `{"A":1,"a":[{"b":-2.5},null,true]}`, `{"A":{},"B":"x","b":0}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var d jsonscan.Doc
		v, err := d.Parse(text, jsonscan.Limits{})
		if jsonscan.Compact(text, jsonscan.Limits{}) && (err != nil || v.Kind() != jsonscan.Object || !v.Canonical()) {
			t.Fatalf("compact, and not canonical: %q", text)
		}
		if err != nil {
			switch r := err.(*jsonscan.Error).Reason; r {
			case "syntax":
				if utf8.ValidString(text) && json.Valid([]byte(text)) {
					t.Fatalf("valid, and refused: %q", text)
				}
			case "utf8", "too_large", "too_deep", "not_a_number", "duplicate_key":
			default:
				t.Fatal(r)
			}
			return
		}
		if !json.Valid([]byte(text)) {
			t.Fatalf("not valid, and taken: %q", text)
		}
		if v.Kind() == jsonscan.String {
			var want string
			if json.Unmarshal([]byte(text), &want) != nil || v.Text() != want {
				t.Fatalf("%q, want %q", v.Text(), want)
			}
		}
	})
}

// Compact never says of a text that it is canonical which is not, and sees that all the
// short ones are.
func TestWhatIsCompact(t *testing.T) {
	lim := jsonscan.Limits{Size: 22, Depth: 3, Number: 4}
	for text, want := range map[string]bool{
		`{}`: true, `{"a":1}`: true, `{"a":"aaaaaaaaaaaaaa"}`: true, `{"a":"aaaaaaaaaaaaaaa"}`: false, `{"a":[[1]]}`: true, `{"a":[[],[]]}`: true, `{"a":[[[]]]}`: false, `{"a":{"b":{}}}`: true, `{"a":{"b":{"c":1}}}`: true, `{"a":{"b":{"c":{}}}}`: false,
		`{"a":1234}`: true, `{"a":12345}`: false, `{"a":1,"b":2}`: true, `{"b":1,"a":2}`: false, `{"a":1,"a":2}`: false, `{"":1,"a":2}`: true, `{"":1,"":2}`: false,
		`{"A":1,"a":2}`: false, `{"Z":1,"z":2}`: false, `{"Y":1,"z":2}`: true, `{"[":1,"{":2}`: true, `{"@":1,"a":2}`: true, `{"~":1}`: true, "{\"\x7f\":1}": false, `{"é":1}`: false,
		`{"a":"é"}`: true, "{\"a\":\"\xff\"}": false, `{ }`: false, `{"a": 1}`: false, `{"a":1} `: false, `{"a":1,}`: false, `{"a"}`: false, `{"a":}`: false, `{"a":1`: false, `{"a":[1,]}`: false, `{"a":[1`: false,
		`{"a":"\n"}`: false, `{"a":nul}`: false, `{"a":[null,true]}`: true, `[]`: false, `1`: false, ``: false, `{`: false, `{"a`: false, `{"a":"b`: false, `{"a":9}`: true, `{"a":0}`: true, `{"a":-0}`: jsonscan.Compact(`{"a":-0}`, lim),
	} {
		if got := jsonscan.Compact(text, lim); got != want {
			t.Errorf("%s: %v", text, got)
		}
		var d jsonscan.Doc
		if v, err := d.Parse(text, lim); want && (err != nil || !v.Canonical()) {
			t.Errorf("%s is canonical: %v", text, err)
		}
	}
}

// Escapes are decoded up to the last letter, digit and character that there are.
func TestEscapesAtTheirBorders(t *testing.T) {
	for text, want := range map[string]string{
		`"\u09af\u09AF"`: "\u09af\u09af", `"\uffff\uFFFD"`: "\uffff\ufffd", `"\ud800\udc00"`: "\U00010000", `"\udbff\udfff"`: "\U0010ffff", `"\uDBFF\uDC00"`: "\U0010fc00",
	} {
		if got := parse(t, text).Text(); got != want {
			t.Errorf("%s: %+q, want %+q", text, got, want)
		}
	}
}

// Halves of a pair of surrogates are no text, up to the last of each.
func TestHalvesOfPairs(t *testing.T) {
	for text, want := range map[string]string{
		`"\ud7ff"`: "", `"\ue000"`: "", `"\udc00"`: "utf8", `"\udfff"`: "utf8", `"\ud800"`: "utf8", `"\udbff"`: "utf8",
		`"\ud800\udc00"`: "", `"\udbff\udfff"`: "", `"\ud800\udbff"`: "utf8", `"\ud800\ue000"`: "utf8", `"\ud800xudc00"`: "utf8",
	} {
		var d jsonscan.Doc
		_, err := d.Parse(text, jsonscan.Limits{})
		got := ""
		if e, ok := err.(*jsonscan.Error); ok {
			got = e.Reason
		}
		if got != want {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
