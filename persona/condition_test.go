package persona_test

import (
	"errors"
	"fmt"
	"maps"
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

// A tree is a condition over n fields f0, f1, … and what Kleene's tables say of it.
type tree struct {
	n     int
	text  string // with @ in place of a leaf
	table func(leaves []persona.Truth) persona.Truth
}

func not(t persona.Truth) persona.Truth {
	switch t {
	case persona.True:
		return persona.False
	case persona.False:
		return persona.True
	}
	return persona.Undecided
}

func negated(t tree) tree {
	return tree{t.n, `{"not":` + t.text + `}`, func(v []persona.Truth) persona.Truth { return not(t.table(v)) }}
}

// node joins trees by all or any: one kid that is short of it decides, then one unknown.
func node(word string, decides persona.Truth, kids []tree) tree {
	out := tree{text: `{"` + word + `":[`}
	for i, k := range kids {
		out.n += k.n
		if i > 0 {
			out.text += ","
		}
		out.text += k.text
	}
	out.text += "]}"
	out.table = func(v []persona.Truth) persona.Truth {
		out := not(decides)
		for _, k := range kids {
			switch k.table(v[:k.n]) {
			case decides:
				return decides
			case persona.Undecided:
				out = persona.Undecided
			}
			v = v[k.n:]
		}
		return out
	}
	return out
}

// trees returns all trees of n leaves: a node has two kids or more, and each may stand
// under a not.
func trees(n int) []tree {
	var out []tree
	if n == 1 {
		out = []tree{{1, "@", func(v []persona.Truth) persona.Truth { return v[0] }}}
	}
	for _, kids := range siblings(n) {
		out = append(out, node("all", persona.False, kids), node("any", persona.True, kids))
	}
	for _, t := range slices.Clone(out) {
		out = append(out, negated(t))
	}
	return out
}

// siblings returns all rows of two or more trees with n leaves together.
func siblings(n int) [][]tree {
	var out [][]tree
	for first := 1; first < n; first++ {
		rest := siblings(n - first)
		for _, t := range trees(n - first) {
			rest = append(rest, []tree{t})
		}
		for _, t := range trees(first) {
			for _, row := range rest {
				out = append(out, append([]tree{t}, row...))
			}
		}
	}
	return out
}

// P6 and P7, and Kleene's tables, over all trees of up to four leaves (three with -short)
// and all valuations.
func TestKleene(t *testing.T) {
	most := 4
	if testing.Short() {
		most = 3
	}
	for n := 1; n <= most; n++ {
		fields, leaves := valuations(n)
		for _, shape := range trees(n) {
			text := shape.text
			for i := range n {
				text = strings.Replace(text, "@", fmt.Sprintf(`{"field":"f%d","op":"eq","value":true}`, i), 1)
			}
			c, double := condition(t, text), condition(t, `{"not":{"not":`+text+`}}`)
			dual := condition(t, `{"not":`+deMorgan.Replace(text)+`}`)
			for code, f := range fields {
				got := c.Eval(f, at)
				if want := shape.table(leaves[code]); got != want {
					t.Fatalf("%s with %v: %s, want %s", text, leaves[code], got, want)
				}
				if double.Eval(f, at) != got || dual.Eval(f, at) != got {
					t.Fatalf("%s with %v: not equal to its duals", text, leaves[code])
				}
				for i, learnt := 0, 1; i < n && got != persona.Undecided; i, learnt = i+1, 3*learnt {
					if leaves[code][i] == persona.Undecided && (c.Eval(fields[code-learnt], at) != got || c.Eval(fields[code+learnt], at) != got) {
						t.Fatalf("%s with %v: learning f%d changed %s", text, leaves[code], i, got)
					}
				}
			}
			if explained, _ := c.Explain(fields[0], at); explained != c.Eval(fields[0], at) {
				t.Fatalf("%s: explained otherwise", text)
			}
		}
	}
	if n := len(trees(2)) + len(trees(3)); n != 16+288 {
		t.Errorf("%d trees of two and three leaves", n)
	}
	if condition(t, `{"all":[]}`).Eval(persona.Map{}, at) != persona.True || condition(t, `{"any":[]}`).Eval(persona.Map{}, at) != persona.False {
		t.Error("empty all is true, empty any is false")
	}
}

// P6 for every op that does not ask whether a field is known: what is decided stays so,
// however fields are filled in and ranges made narrower.
func TestLearningNeverTurnsADecision(t *testing.T) {
	r := source(6)
	leaves := []string{`"eq","value":40`, `"ne","value":40`, `"in","value":[10,40]`, `"nin","value":["10",90]`, `"lt","value":40`, `"le","value":40`, `"gt","value":40`, `"ge","value":40`,
		`"between","value":[20,60]`, `"prefix","value":"a"`, `"suffix","value":"A"`, `"contains","value":"b"`, `"matches","value":"^a+$"`, `"any_of","value":["a","b"]`, `"all_of","value":["a"]`,
		`"none_of","value":["b"]`, `"older_than","value":"P30D"`, `"newer_than","value":"P30D"`, `"ge","value":40,"currency":"JPY"`, `"eq","value":"a","exact":true`, `"eq","value":true`}
	var grow func(depth int) string
	grow = func(depth int) string {
		if depth == 0 || r.IntN(4) == 0 {
			return fmt.Sprintf(`{"field":"f%d","op":%s}`, r.IntN(4), leaves[r.IntN(len(leaves))])
		}
		switch r.IntN(3) {
		case 0:
			return `{"not":` + grow(depth-1) + `}`
		case 1:
			return `{"all":[` + grow(depth-1) + `,` + grow(depth-1) + `]}`
		}
		return `{"any":[` + grow(depth-1) + `,` + grow(depth-1) + `,` + grow(depth-1) + `]}`
	}
	value := func() persona.Value {
		switch r.IntN(6) {
		case 0:
			return persona.TextValue([]string{"a", "Ａ", "ab", "40", "10-30"}[r.IntN(5)])
		case 1:
			return persona.BoolValue(r.IntN(2) == 0)
		case 2:
			return persona.InstantValue(at.AddDate(0, 0, -r.IntN(60)))
		case 3:
			return persona.ListValue([]string{"a", "b", "c"}[r.IntN(3):]...)
		case 4:
			return number([]string{"40円", "$40", "90円", "10-90"}[r.IntN(4)])
		}
		lo := float64(r.IntN(9) * 10)
		return persona.RangeValue(lo, lo+float64(r.IntN(3)*20))
	}
	decided := 0
	for range rounds(5000) {
		text := grow(3)
		c := condition(t, text)
		f := persona.Map{}
		for i := range 4 {
			if r.IntN(2) == 0 {
				f[fmt.Sprint("f", i)] = value()
			}
		}
		before := c.Eval(f, at)
		if before == persona.Undecided {
			continue
		}
		decided++
		for i := range 4 {
			name := fmt.Sprint("f", i)
			if v, known := f[name]; !known {
				f[name] = value()
			} else if lo, hi, ok := v.Range(); ok && v.Currency() == "" && hi > lo {
				narrow := lo + float64(r.IntN(int(hi-lo)+1))
				f[name] = persona.RangeValue(narrow, narrow+float64(r.IntN(int(hi-narrow)+1)))
			}
		}
		if after := c.Eval(f, at); after != before {
			t.Fatalf("%s: %s before, %s after with %v", text, before, after, f)
		}
	}
	if decided < rounds(500) {
		t.Error("too few decided:", decided)
	}
}

// deMorgan turns all and any, and denies the leaves.
var deMorgan = strings.NewReplacer(`"all"`, `"any"`, `"any"`, `"all"`, `{"field"`, `{"not":{"field"`, `true}`, `true}}`)

// valuations are all truths of n fields: in the code of one, the digit i of base 3, from
// the lowest, is 0 where f<i> is false, 1 where it is unknown, 2 where it is true.
func valuations(n int) (fields []persona.Map, leaves [][]persona.Truth) {
	fields, leaves = []persona.Map{{}}, [][]persona.Truth{nil}
	for i := range n {
		var more []persona.Map
		var longer [][]persona.Truth
		for _, truth := range []persona.Truth{persona.False, persona.Undecided, persona.True} {
			for code, f := range fields {
				f = maps.Clone(f)
				if truth != persona.Undecided {
					f[fmt.Sprint("f", i)] = persona.BoolValue(truth == persona.True)
				}
				more, longer = append(more, f), append(longer, append(slices.Clone(leaves[code]), truth))
			}
		}
		fields, leaves = more, longer
	}
	return fields, leaves
}

func TestFaultsArePointedTo(t *testing.T) {
	leaf := `{"field":"a","op":"exists"}`
	for text, path := range map[string]string{
		`{"all":[{"not":{"field":"a","op":"eq","valeu":1}}]}`: "/all/0/not/valeu", `{"all":[],"all":[]}`: "/all", `{"all":[],"op":"eq"}`: "/op", `{"any":{}}`: "/any", `[]`: "", `{}`: "", `{`: "", "\xff": "",
		`{"field":"a","op":"eq","value":null}`: "/value", `{"field":"a","op":"lt","value":"x"}`: "/value", `{"field":"a","op":"between","value":[2,1]}`: "/value", `{"field":"a","op":"matches","value":"("}`: "/value",
		`{"field":"a","op":"matches","value":"a)(b"}`: "/value", `{"field":"a","op":"older_than","value":"P"}`: "/value", `{"field":"a","op":"lt","value":"51-200"}`: "/value", `{"field":"a","op":"near","value":1}`: "/op", `{"touches":{"agg":"count"},"op":"near"}`: "/op",
		`{"touches":{"agg":"sum"},"op":"ge","value":1}`: "/touches", `{"touches":{"agg":"count","where":` + leaf + `},"op":"ge","value":1}`: "/touches/where/field", `{"touches":{"agg":"count","within":"90d"},"op":"ge","value":1}`: "/touches/within",
		`{"field":"a~/b","OP":1}`: "/OP", strings.Repeat(`{"not":`, 32) + leaf + strings.Repeat(`}`, 32): strings.Repeat("/not", 32), `{"all":[` + strings.Repeat(leaf+",", 1000) + leaf + `]}`: "/all/999",
		`{"field":"a","op":"in","value":[` + strings.Repeat("1,", 1000) + `1]}`: "/value",
		`{"ann@acme.example":1}`: "/…", `{"+81 90-1234-5678":1}`: "/…", `{"` + strings.Repeat("k", 65) + `":1}`: "/…", // no identifier in an error
	} {
		_, err := persona.ParseCondition([]byte(text))
		var e *persona.DefinitionError
		if !errors.As(err, &e) || e.Path != path {
			t.Errorf("%.60s: %v", text, err)
		}
	}
	_, err := persona.ParseCondition([]byte(`{"field":"a","op":"matches","value":"` + strings.Repeat("a", 1025) + `"}`))
	if err == nil || !strings.Contains(err.Error(), "1024") {
		t.Errorf("the error does not name the limit: %v", err)
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
