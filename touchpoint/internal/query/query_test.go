package query_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tabi-go/tabi/touchpoint/internal/query"
)

func TestDecodeKeepsWhatIsBroken(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "plain": "plain", "a+b%20c": "a b c", "%E6%97%85": "旅", "%e6%97%85": "旅",
		"%0a%0A%9F%9f": "%0a%0A%9F%9f", "%0a%0A%41%4f": "\n\nAO", "%c3%aF": "ï", "%G4%g4": "%G4%g4", "%4@%4`%4G%4/%4:": "%4@%4`%4G%4/%4:",
		"100%": "100%", "%4": "%4", "%zz+": "%zz ", "%ff": "%ff", "a%2Bb": "a+b",
	} {
		if got := query.Decode(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// What stands between ? and # is cut at & and at any later ?; what has no value is left out.
func TestParameters(t *testing.T) {
	for url, want := range map[string]string{
		"x?a=1&b=2": "a=1 b=2", "x?&a=1&&b=2&": "a=1 b=2", "x??a=1?b=2": "a=1 b=2", "x?a&b=&=3": "=3", "x?%61=%31": "a=%31", "x?a=1=2": "a=1=2",
		"x?a=1#b?c=2": "a=1", "x#?a=1": "", "x": "", "": "", "?a=1": "a=1",
	} {
		var got []string
		for name, value := range query.Parameters(url) {
			got = append(got, name+"="+value)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
	for name := range query.Parameters("?a=1&b=2") {
		if name != "a" {
			t.Error("the loop went on")
		}
		break
	}
}

// A click id is known by its whole name, whatever the case.
func TestClickIDsAreKnownInAnyCase(t *testing.T) {
	for i, c := range query.ClickIDs {
		for _, name := range []string{c.Name, strings.ToUpper(c.Name)} {
			if got := query.IndexClickID(name); got != i {
				t.Errorf("%s: %d, want %d", name, got, i)
			}
		}
		for _, name := range []string{c.Name + "s", "x" + c.Name, c.Name[1:], c.Name + strings.Repeat("s", 12)} {
			if got := query.IndexClickID(name); got != -1 {
				t.Errorf("%s is %s", name, query.ClickIDs[got].Name)
			}
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
