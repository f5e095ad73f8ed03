package persona_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/touchpoint"
)

func number(s string) persona.Value { v, _ := persona.ParseNumber(s); return v }

func TestTests(t *testing.T) {
	f := persona.Map{"s": persona.TextValue("Ｍaking"), "n": number("42"), "r": number("11-50"), "w": number("51-200"), "o": number("1000+"), "b": persona.BoolValue(true),
		"d": persona.InstantValue(at.AddDate(0, 0, -40)), "l": persona.ListValue("Go", "Rust"), "m": number("500万円"), "t": persona.TextValue("1,200")}
	for test, want := range map[string]persona.Truth{
		`"s","op":"eq","value":"making"`: 1, `"s","op":"eq","value":"making","exact":true`: -1, `"s","op":"ne","value":"x"`: 1, `"s","op":"in","value":["x","MAKING"]`: 1, `"s","op":"nin","value":["x"]`: 1,
		`"s","op":"prefix","value":"ma"`: 1, `"s","op":"suffix","value":"NG"`: 1, `"s","op":"contains","value":"aki"`: 1, `"s","op":"matches","value":"^M.+g$"`: 1, `"s","op":"lt","value":3`: 0,
		`"n","op":"between","value":[42,42]`: 1, `"n","op":"lt","value":42`: -1, `"n","op":"le","value":42`: 1, `"n","op":"gt","value":42`: -1, `"n","op":"ge","value":42`: 1, `"n","op":"eq","value":42`: 1, `"n","op":"eq","value":"42"`: 1,
		`"r","op":"between","value":[50,500]`: 0, `"w","op":"between","value":[50,500]`: 1, `"r","op":"ge","value":51`: -1, `"r","op":"eq","value":20`: 0, `"r","op":"eq","value":60`: -1, `"r","op":"eq","value":"11-50"`: 1,
		`"o","op":"ge","value":500`: 1, `"o","op":"le","value":5000`: 0, `"o","op":"lt","value":5`: -1,
		`"b","op":"eq","value":true`: 1, `"b","op":"eq","value":"no"`: -1, `"d","op":"older_than","value":"P30D"`: 1, `"d","op":"newer_than","value":"P2M"`: 1, `"d","op":"lt","value":"2026-10-01"`: 1,
		`"l","op":"any_of","value":["go","c"]`: 1, `"l","op":"all_of","value":["go","c"]`: -1, `"l","op":"none_of","value":["c"]`: 1, `"l","op":"contains","value":"RUST"`: 1, `"s","op":"any_of","value":["making"]`: 1, `"l","op":"eq","value":"go"`: 0,
		`"m","op":"ge","value":1000000,"currency":"JPY"`: 1, `"m","op":"ge","value":1000000,"currency":"USD"`: 0, `"n","op":"ge","value":1,"currency":"USD"`: 0, `"t","op":"ge","value":1000`: 1,
		`"x","op":"eq","value":1`: 0, `"x","op":"ne","value":1`: 0, `"x","op":"exists"`: -1, `"x","op":"missing"`: 1, `"n","op":"exists"`: 1,
	} {
		if got, leaves := condition(t, `{"field":`+test+`}`).Explain(f, at); got != want || len(leaves) != 1 || leaves[0].Truth != want {
			t.Errorf("%s: %s", test, got)
		}
	}
}

func TestTouches(t *testing.T) {
	touch := func(id, kind string, days int, pages string) touchpoint.Touch {
		p, err := touchpoint.ParseProps([]byte(`{"pages":` + pages + `}`))
		if err != nil {
			t.Fatal(err)
		}
		return touchpoint.Touch{Source: "s", ID: id, Kind: touchpoint.Kind(kind), At: at.AddDate(0, 0, -days), Channel: "Email", Props: p}
	}
	touches := []touchpoint.Touch{touch("a", "form", 2, "4"), touch("b", "pageview", 10, "1"), touch("c", "pageview", 90, "7"), touch("d", "form", -1, "9")}
	for test, want := range map[string]persona.Truth{
		`{"agg":"count"},"op":"eq","value":3`: 1, `{"agg":"count","within":"P90D"},"op":"eq","value":2`: 1, `{"agg":"count","where":{"field":"touch.kind","op":"eq","value":"form"}},"op":"eq","value":1`: 1,
		`{"agg":"sum","of":"touch.props.pages"},"op":"eq","value":12`: 1, `{"agg":"mean","of":"touch.props.pages"},"op":"eq","value":4`: 1, `{"agg":"min","of":"touch.props.pages"},"op":"eq","value":1`: 1,
		`{"agg":"max","of":"touch.props.pages"},"op":"eq","value":7`: 1, `{"agg":"distinct","of":"touch.kind"},"op":"eq","value":2`: 1, `{"agg":"age_last"},"op":"eq","value":2`: 1, `{"agg":"age_first"},"op":"eq","value":90`: 1,
		`{"agg":"age_last","where":{"field":"touch.kind","op":"eq","value":"call"}},"op":"ge","value":0`: 0, `{"agg":"count","where":{"field":"touch.stage","op":"exists"}},"op":"eq","value":0`: 1,
	} {
		for range 2 { // P1: the order of touches
			if got := condition(t, `{"touches":`+test+`}`).Eval(persona.Join(persona.Map{}, persona.OfTouches(touches)), at); got != want {
				t.Errorf("%s: %s", test, got)
			}
			slices.Reverse(touches)
		}
	}
}

// trees returns all trees of a shape with n leaves, as texts with @ in place of a leaf.
func trees(n int) []string {
	if n == 1 {
		return []string{"@", `{"not":@}`}
	}
	var out []string
	for k := 1; k < n; k++ {
		for _, a := range trees(k) {
			for _, b := range trees(n - k) {
				out = append(out, fmt.Sprintf(`{"all":[%s,%s]}`, a, b), fmt.Sprintf(`{"any":[%s,%s]}`, a, b))
			}
		}
	}
	return out
}

// P6 and P7 over all trees of up to four leaves (three with -short) and all valuations.
func TestKleene(t *testing.T) {
	most := 4
	if testing.Short() {
		most = 3
	}
	for n := 1; n <= most; n++ {
		for _, shape := range trees(n) {
			text := shape
			for i := range n {
				text = strings.Replace(text, "@", fmt.Sprintf(`{"field":"f%d","op":"eq","value":true}`, i), 1)
			}
			c, double := condition(t, text), condition(t, `{"not":{"not":`+text+`}}`)
			dual := condition(t, `{"not":`+strings.NewReplacer(`"all"`, `"any"`, `"any"`, `"all"`, `{"field"`, `{"not":{"field"`, `true}`, `true}}`).Replace(text)+`}`)
			results := map[string]persona.Truth{}
			for code := range pow(3, n) {
				f, key := persona.Map{}, ""
				for i, x := 0, code; i < n; i, x = i+1, x/3 {
					key += string("fu?t"[[]int{0, 2, 3}[x%3]])
					if x%3 != 1 {
						f[fmt.Sprintf("f%d", i)] = persona.BoolValue(x%3 == 2)
					}
				}
				got := c.Eval(f, at)
				explained, _ := c.Explain(f, at)
				if double.Eval(f, at) != got || dual.Eval(f, at) != got || explained != got {
					t.Fatalf("%s with %s: not equal to its duals", text, key)
				}
				results[key] = got
			}
			for key, got := range results {
				if i := strings.Index(key, "?"); i >= 0 && got != persona.Undecided {
					for _, fill := range []string{"f", "t"} {
						if results[key[:i]+fill+key[i+1:]] != got {
							t.Fatalf("%s: learning changed %s", text, got)
						}
					}
				}
			}
		}
	}
	if condition(t, `{"all":[]}`).Eval(persona.Map{}, at) != persona.True || condition(t, `{"any":[]}`).Eval(persona.Map{}, at) != persona.False {
		t.Error("empty all is true, empty any is false")
	}
}

func pow(x, n int) int {
	if n == 0 {
		return 1
	}
	return x * pow(x, n-1)
}

func TestFaultsArePointedTo(t *testing.T) {
	leaf := `{"field":"a","op":"exists"}`
	for text, path := range map[string]string{
		`{"all":[{"not":{"field":"a","op":"eq","valeu":1}}]}`: "/all/0/not/valeu", `{"all":[],"all":[]}`: "/all", `{"all":[],"op":"eq"}`: "/op", `{"any":{}}`: "/any", `[]`: "", `{}`: "", `{`: "", "\xff": "",
		`{"field":"a","op":"eq","value":null}`: "/value", `{"field":"a","op":"lt","value":"x"}`: "/value", `{"field":"a","op":"between","value":[2,1]}`: "/value", `{"field":"a","op":"matches","value":"("}`: "/value",
		`{"field":"a","op":"matches","value":"a)(b"}`: "/value", `{"field":"a","op":"older_than","value":"P"}`: "/value", `{"field":"a","op":"lt","value":"51-200"}`: "/value", `{"field":"a","op":"near","value":1}`: "/value",
		`{"touches":{"agg":"sum"},"op":"ge","value":1}`: "/touches", `{"touches":{"agg":"count","where":` + leaf + `},"op":"ge","value":1}`: "/touches/where/field", `{"touches":{"agg":"count","within":"90d"},"op":"ge","value":1}`: "/touches/within",
		`{"field":"a~/b","OP":1}`: "/OP", strings.Repeat(`{"not":`, 32) + leaf + strings.Repeat(`}`, 32): strings.Repeat("/not", 32), `{"all":[` + strings.Repeat(leaf+",", 1000) + leaf + `]}`: "/all/999",
		`{"field":"a","op":"in","value":[` + strings.Repeat("1,", 1000) + `1]}`: "/value",
	} {
		_, err := persona.ParseCondition([]byte(text))
		var e *persona.DefinitionError
		if !errors.As(err, &e) || e.Path != path {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

func FuzzParseCondition(f *testing.F) {
	f.Add([]byte(`{"all":[{"not":{"field":"a","op":"between","value":[1,2]}},{"touches":{"agg":"count","within":"P1M"},"op":"ge","value":1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := persona.ParseCondition(text)
		if err != nil {
			return
		}
		again := condition(t, encode(t, c)) // P22
		if encode(t, again) != encode(t, c) || again.Eval(persona.Map{}, time.Time{}) != c.Eval(persona.Map{}, time.Time{}) {
			t.Fatal("round trip")
		}
	})
}
