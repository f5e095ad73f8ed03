package csvmap_test

import (
	"encoding/json"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/touchpoint/ingest/csvmap"
)

// A user pattern has at most 1 KiB, and repeats what Go lets it.
func TestBoundOfAPatternAtTheLimitAndOneOver(t *testing.T) {
	t.Parallel()
	for pattern, ok := range map[string]bool{
		strings.Repeat("a", 1024): true, strings.Repeat("a", 1025): false, "a{1000}": true, "a{1001}": false,
	} {
		_, err := csvmap.Parse([]byte(`{"source":"s","kind":"k","at":"t","ids":[{"type":"user_id","col":"u"}],"where":[{"col":"a","op":"regex","value":"` + pattern + `"}]}`))
		if ok != (err == nil) {
			t.Errorf("a pattern of %d bytes: %v", len(pattern), err)
		}
	}
}

// evil are patterns known to hang engines that go back: nested and overlapping repeats,
// from the lists of the OWASP page on ReDoS, of recheck's and safe-regex's tests, and of
// published faults of parsers of e-mail addresses, URLs, dates and markup.
var evil = []string{
	`(a+)+$`, `([a-zA-Z]+)*$`, `(a|aa)+$`, `(a|a?)+$`, `(.*a){20}$`, `^(([a-z])+.)+[A-Z]([a-z])+$`, `(x+x+)+y`,
	`(?:a*)*b`, `((a*)*)*b`, `^(\w+\s?)*$`, `(.*)(.*)(.*)(.*)(.*)b`, `a{1,1000}b`, `(a{1,30}){1,30}b`,
	`^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$`,
	`^([a-zA-Z0-9_\-\.]+)@([a-zA-Z0-9_\-\.]+)\.([a-zA-Z]{2,5})$`, `^(https?://)?([\da-z.-]+)\.([a-z.]{2,6})([/\w .-]*)*/?$`,
	`(\s*,\s*)+$`, `\s+$`, `^\s+|\s+$`, `^(.+)+$`, `(a?){50}a{50}`, `(([a-z]+)*)+!$`, `^(a|b|ab)*c$`, `(\w|\d|_)+$`, `(?:.|\n)*?x`,
	`^(?:[^"]|"")*"$`, `(\d+)*\.$`, `(([\-.]|_+)?\w+)*$`, `<!--(?:.|\s)*?-->$`, `<([a-z]+)(\s+[a-z]+="[^"]*")*\s*>$`,
	`^(\+|-)?(\d+,?)*\.?\d*$`, `(?i)^(?:mon|tue|wed)+(?:\s|,)*$`, `((ab)*)*c`, `(a*a*)*b`, `(a*?)*?b`, `((a|b)*?c)*d`,
	`^(?:(?:a+)b?)+$`, `(.+)+=(.+)+;`, `^((\w+\.)*\w+)@((\w+\.)*\w+)$`, `[\s\S]*[\s\S]*[\s\S]*q`, `(z|zz|zzz)*y`, `^(0|1|01|10)*2$`,
	`(?:\*|_)*(?:\*|_)*x`, `(\$\{.*\})*x`, `(/\*.*?\*/)*x`, `^(?:\w*\W*)*$`, `(\(+\)+)*x`, `(=+=+)+x`, `(?:%[0-9a-f]{2}|[^%])*%$`, `(?s)(.*?,){11}P`,
}

// runes counts what a pattern reads: its steps.
type runes struct {
	*strings.Reader
	read int
}

func (r *runes) ReadRune() (c rune, size int, err error) {
	r.read++
	return r.Reader.ReadRune()
}

// Pattern denial of service: each evil pattern looks at each character of a long cell
// once. The cell is as long as a message may be where TABI_LONG is set.
func TestEvilPatternsReadALongCellOnce(t *testing.T) {
	t.Parallel()
	if len(evil) < 50 {
		t.Fatalf("%d patterns", len(evil))
	}
	n := 1 << 12
	if testing.Short() {
		n = 1 << 10
	}
	if os.Getenv("TABI_LONG") != "" {
		n = 1<<20 - 100
	}
	baits := []string{"a", "x ", "1", "a.a@"}
	for i, p := range evil {
		quoted, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		m, err := csvmap.Parse([]byte(`{"source":"s","kind":{"const":"note"},"at":{"const":"2026-01-01T00:00:00Z"},"ids":[{"type":"user_id","col":"u"}],"where":[{"col":"x","op":"regex","value":` + string(quoted) + `}]}`))
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		if os.Getenv("TABI_LONG") != "" {
			baits = [][]string{{"a"}, {"x "}, {"1"}, {"a.a@"}}[i%4]
		}
		for _, bait := range baits {
			cell := strings.Repeat(bait, n/len(bait)) + "!"
			recs, err := decodeWith(t, m, io.MultiReader(strings.NewReader("u,x\nu1,"), strings.NewReader(cell), strings.NewReader("\n")), nil)
			if err != nil || len(recs) != 1 || recs[0].Err != nil {
				t.Fatalf("%s: %v, %+v", p, err, recs)
			}
			r := &runes{Reader: strings.NewReader(cell)}
			if regexp.MustCompile(p).MatchReader(r) == recs[0].Skipped {
				t.Errorf("%s: skipped %v", p, recs[0].Skipped)
			}
			if r.read > len(cell)+1 {
				t.Errorf("%s: %d steps over %d characters", p, r.read, len(cell))
			}
		}
	}
}
