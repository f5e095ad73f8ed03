package jsonscan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

func TestQuotingAtEveryPlace(t *testing.T) {
	for c := range 256 {
		for n := range 40 {
			s := strings.Repeat("é", n%3) + strings.Repeat("x", n/2) + string(rune(c))
			if n%2 == 0 {
				s += "tail\x7f\u0080"
			}
			quoted := string(jsonscan.AppendQuoted(nil, s))
			var back string
			if err := json.Unmarshal([]byte(quoted), &back); err != nil || back != s || jsonscan.Unquote(quoted) != s {
				t.Fatalf("%q became %s", s, quoted)
			}
			escaped := c < ' ' || c == '"' || c == '\\'
			if jsonscan.Plain(s) == escaped || (len(quoted) == len(s)+2) == escaped {
				t.Fatalf("%q: %s", s, quoted)
			}
		}
	}
}

func TestCanonical(t *testing.T) {
	for text, want := range map[string]bool{
		`{}`: true, `[]`: true, `{"a":1,"b":[true,null,"x"],"c":{"a":-0.5}}`: true, `10`: true, `0`: true,
		`{ }`: false, `[ ]`: false, `{"b":1,"a":2}`: false, `{"a" :1}`: false, `{"a": 1}`: false, `{"a":1 }`: false, `[1, 2]`: false, `[ 1]`: false,
		`{"a":1, "b":2}`: false, `"\n"`: false, `{"\n":1}`: false, `1e3`: false, `1.0`: false, `-0`: false, `0.10`: false, `{"a":{"b":1,"a":1}}`: false, `[[1.50]]`: false,
	} {
		if got := parse(t, text).Canonical(); got != want {
			t.Errorf("%s: %v", text, got)
		}
		if got := jsonscan.Compact(text, jsonscan.Limits{}); got != (want && text[0] == '{') {
			t.Errorf("%s: compact is %v", text, got)
		}
	}
}

// A text that was cut off is not compact, wherever that was.
func TestNoBeginningOfACompactTextIsOne(t *testing.T) {
	const whole = `{"a":[1,[],"x",{"b":{}}],"c":{"d":null,"e":-2.5},"f":"é"}`
	for n := range len(whole) + 1 {
		if got := jsonscan.Compact(whole[:n], jsonscan.Limits{}); got != (n == len(whole)) {
			t.Errorf("%s: compact is %v", whole[:n], got)
		}
	}
}

func TestCompactIsNeverWrong(t *testing.T) {
	deep := func(n int) string { return strings.Repeat(`{"a":`, n) + "{}" + strings.Repeat("}", n) }
	uppers := `{"A":1,"B":1,"C":1,"D":1,"E":1,"F":1,"G":1,"H":1`
	for text, want := range map[string]bool{
		"": false, "{": false, `{"a"`: false, `{"a":`: false, `{"a":1`: false, `{"a":1,`: false, `{"a":1,}`: false, `{"a":[1`: false, `{"a":[1,]}`: false,
		`{"a":1}x`: false, `{"a":"x`: false, `{"a":nul}`: false, `{"a":01}`: false, "{\"a\":\"\xff\"}": false, `{"a":"é"}`: true,
		`{"A":1,"a":2}`: false, `{"Ab":1,"aB":2}`: false, `{"aB":1,"ab":2}`: false, `{"Aa":1,"B":2,"aB":2}`: true, `{"é":1}`: false,
		`{"a":1,"a":1}`: false, `{"":1,"a":1}`: true, `{"":1,"":1}`: false,
		uppers + `}`: true, uppers + `,"I":1}`: false, uppers + `,"h":1}`: false,
		deep(31): true, deep(32): false, `{"a":` + strings.Repeat("9", 64) + `}`: true, `{"a":` + strings.Repeat("9", 65) + `}`: false,
	} {
		if got := jsonscan.Compact(text, jsonscan.Limits{}); got != want {
			t.Errorf("%.60s: %v", text, got)
		}
		var d jsonscan.Doc
		if v, err := d.Parse(text, jsonscan.Limits{}); want && (err != nil || !v.Canonical()) {
			t.Errorf("%.60s: %v, and Parse says otherwise", text, err)
		}
	}
	if jsonscan.Compact(`{"a":1}`, jsonscan.Limits{Size: 6}) {
		t.Error("the size is not looked at")
	}
}
