package jsonscan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

func TestQuotingAtEveryPlace(t *testing.T) {
	for c := range 256 {
		for n := range 20 {
			s := strings.Repeat("é", n%3) + strings.Repeat("x", n) + string(rune(c)) + "tail\x7f\u0080"
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
	}
}
