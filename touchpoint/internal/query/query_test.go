package query_test

import (
	"net/url"
	"testing"
	"unicode/utf8"

	"github.com/tabi-go/tabi/touchpoint/internal/query"
)

func TestDecodeKeepsWhatIsBroken(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "plain": "plain", "a+b%20c": "a b c", "%E6%97%85": "旅", "%e6%97%85": "旅",
		"100%": "100%", "%4": "%4", "%zz+": "%zz ", "%ff": "%ff", "a%2Bb": "a+b",
	} {
		if got := query.Decode(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// What net/url encodes comes back.
func FuzzDecode(f *testing.F) {
	f.Add("旅 +%&?=")
	f.Fuzz(func(t *testing.T, s string) {
		query.Decode(s)
		if got := query.Decode(url.QueryEscape(s)); utf8.ValidString(s) && got != s {
			t.Errorf("%q comes back as %q", s, got)
		}
	})
}
