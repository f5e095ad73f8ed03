package lead_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/lead"
	"github.com/tabi-go/tabi/touchpoint"
)

// A grade begins at its threshold, both the letter's and the digit's.
func TestGradesBeginAtTheirThresholds(t *testing.T) {
	tb := table(t, `[{"id":"s","when":{"field":"touch.kind","op":"eq","value":"subscribe"},"points":25,"sticky":true}]`)
	for score, letter := range map[float64]string{100: "A", 80: "A", 79.99: "B", 60: "B", 59.99: "C", 40: "C", 39.99: "D", 0: "D"} {
		if got := tb.Score(fit(score), of(), at).Grade; got != letter+"4" {
			t.Errorf("fit %v: grade %s, not %s4", score, got, letter)
		}
	}
	var touches []touchpoint.Touch
	for n, digit := range []string{"4", "3", "2", "1", "1"} {
		if got := tb.Score(fit(100), of(touches...), at).Grade; got != "A"+digit {
			t.Errorf("level %d: grade %s, not A%s", 25*n, got, digit)
		}
		touches = append(touches, touch("subscribe", float64(n)))
	}
}

// A status is entered at Enter and left below Leave, not at it.
func TestStatusAtItsThresholds(t *testing.T) {
	tb := table(t, `[{"id":"v","when":{"field":"touch.kind","op":"eq","value":"visit"},"points":25,"sticky":true},
		{"id":"d","when":{"field":"touch.kind","op":"eq","value":"download"},"points":-9,"sticky":true}]`)
	warm := []touchpoint.Touch{touch("visit", 40), touch("visit", 39)}
	if got, want := history(tb.Score(fit(50), agreed(warm...), at)), "none>MQL 39;"; got != want {
		t.Errorf("at enter: %q, not %q", got, want)
	}
	// Fit 50 and level 32 make a score of exactly 40, level 23 one of 34.
	cool := append(warm, touch("download", 20), touch("download", 19))
	s := tb.Score(fit(50), agreed(cool...), at)
	if s.Value != 40 || history(s) != "none>MQL 39;" {
		t.Errorf("at leave: %d, %q", s.Value, history(s))
	}
	if got, want := history(tb.Score(fit(50), agreed(append(cool, touch("download", 18))...), at)), "none>MQL 39;MQL>none 18;"; got != want {
		t.Errorf("below leave: %q, not %q", got, want)
	}
}

// Momentum is what came after the instant seven days ago: a touch at it counts as before.
func TestMomentumOfATouchSevenDaysAgo(t *testing.T) {
	tb := table(t, `[{"id":"v","when":{"field":"touch.kind","op":"eq","value":"visit"},"points":10,"sticky":true}]`)
	near(t, "at seven days", tb.Score(fit(80), of(touch("visit", 7)), at).Momentum, 0, 0)
	near(t, "just after", tb.Score(fit(80), of(touch("visit", 6.999)), at).Momentum, 10, 0)
}

// Of touches at one instant the last is that of the greatest source, then of the greatest
// id, however they come; and only rules that something scored under have a term.
func TestTermsNameTheirLastTouch(t *testing.T) {
	tb := lead.DefaultTable()
	var touches []touchpoint.Touch
	for _, key := range []touchpoint.Key{{Source: "b", ID: "1"}, {Source: "a", ID: "3"}, {Source: "b", ID: "2"}, {Source: "a", ID: "1"}} {
		tp := touch("form", 1)
		tp.Source, tp.ID = key.Source, key.ID
		touches = append(touches, tp)
	}
	for i := range touches {
		turned := append(touches[i:len(touches):len(touches)], touches[:i]...)
		s := tb.Score(fit(90), agreed(turned...), at)
		if len(s.Terms) != 1 || s.Terms[0].Rule != "form" || s.Terms[0].Touches != 4 || s.Terms[0].Last != (touchpoint.Key{Source: "b", ID: "2"}) {
			t.Errorf("terms %+v", s.Terms)
		}
	}
	if s := tb.Score(fit(90), agreed(), at); len(s.Terms) != 0 {
		t.Errorf("of nothing: %+v", s.Terms)
	}
}

// A table made in Go, which nobody parsed, scores like the one it was copied from.
func TestTableThatWasNotParsed(t *testing.T) {
	d := lead.DefaultTable()
	own := &lead.Table{ID: d.ID, Version: d.Version, Rules: d.Rules}
	f := agreed(touch("form", 1), touch("a kind of our own", 1), touch("demo", 3), touch("pageview", 2))
	if a, b := own.Score(fit(70), f, at), d.Score(fit(70), f, at); !reflect.DeepEqual(a, b) {
		t.Errorf("%+v, parsed %+v", a, b)
	}
}

// Training takes exactly ten of the rarer class and exactly MaxFeatures columns.
func TestTrainingAtItsLimits(t *testing.T) {
	for events, want := range map[int]error{10: nil, 9: lead.ErrTooFew} {
		for _, turned := range []bool{false, true} {
			rows := trainable()[:40]
			for i := range rows {
				rows[i].Target = (i*7%40 < events) != turned
			}
			if _, err := (lead.Logistic{Columns: []lead.Column{{Name: "x"}}}).Train(rows); !errors.Is(err, want) {
				t.Errorf("%d of the rarer class: %v", events, err)
			}
		}
	}
	for features, want := range map[int]error{lead.MaxFeatures: nil, lead.MaxFeatures + 1: lead.ErrTooMany} {
		l := lead.Logistic{Lambda: 1e9, L1: 1e9, Folds: 2} // nothing has a slope: quick
		for i := range features {
			l.Columns = append(l.Columns, lead.Column{Name: fmt.Sprint(i)})
		}
		rows := trainable()[:30]
		for i := range rows {
			rows[i].Numbers = make([]float64, features)
			for j := range rows[i].Numbers {
				rows[i].Numbers[j] = float64((i*j + i) % 31)
			}
		}
		if _, err := l.Train(rows); !errors.Is(err, want) {
			t.Errorf("%d features: %v", features, err)
		}
	}
}

// A probability is out of fold: of the model that learnt from the other folds, into which
// the rows were dealt by SHA-256 of seed and id, each class on its own.
func TestOutOfFoldIsOfTheFoldsDocumented(t *testing.T) {
	l := lead.Logistic{Columns: []lead.Column{{Name: "x"}}, Folds: 3, Seed: 7, Calibrate: "none"}
	rows := trainable()
	m, err := l.Train(rows)
	if err != nil {
		t.Fatal(err)
	}
	hash := func(r lead.Row) []byte {
		sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, l.Seed), r.ID...))
		return sum[:]
	}
	order := slices.SortedFunc(slices.Values(rows), func(a, b lead.Row) int { return bytes.Compare(hash(a), hash(b)) })
	fold, dealt := map[string]int{}, map[bool]int{}
	for _, r := range order {
		fold[r.ID] = dealt[r.Target] % l.Folds
		dealt[r.Target]++
	}
	for k := range l.Folds {
		other, err := l.Train(slices.DeleteFunc(slices.Clone(rows), func(r lead.Row) bool { return fold[r.ID] == k }))
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range rows {
			if fold[r.ID] == k {
				p, err := other.Predict(r)
				if err != nil {
					t.Fatal(err)
				}
				near(t, "row "+r.ID, m.Rows[i].OutOfFold, p.P, 1e-9)
			}
		}
	}
}

// Rows without an id, and unlike rows under one id, are told apart by what they hold, so
// that their order does not matter either.
func TestRowsUnderOneIDInAnyOrder(t *testing.T) {
	for name, change := range map[string]func(r *lead.Row){
		"numbers": func(r *lead.Row) { r.Levels[0] = "a" },
		"levels":  func(r *lead.Row) { r.Numbers[0] = 1 },
		"all":     func(*lead.Row) {},
	} {
		l := lead.Logistic{Columns: []lead.Column{{Name: "x"}, {Name: "l", Categorical: true}}}
		rows := trainable()
		for i := range rows {
			rows[i].ID = []string{"", "", "", "one"}[i%4]
			rows[i].Levels = []string{string(rune('a' + i*i%7))}
			rows[i].Numbers = slices.Clone(rows[i].Numbers)
			change(&rows[i])
		}
		outcome := func(rows []lead.Row) string {
			m, err := l.Train(rows)
			if err != nil {
				t.Fatal(name, err)
			}
			var lines []string
			for i, r := range rows {
				lines = append(lines, fmt.Sprint(r.ID, r.Target, r.Numbers, r.Levels, m.Rows[i].OutOfFold))
			}
			slices.Sort(lines)
			return fmt.Sprint(m.CrossValidated) + strings.Join(lines, "\n")
		}
		want := outcome(rows)
		r := source(3)
		for range 3 {
			r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			if outcome(rows) != want {
				t.Errorf("%s: the order of the rows shows", name)
				break
			}
		}
	}
}

// auto calibrates by Platt's method below a thousand rows and by steps from a thousand on.
func TestCalibrationOfAThousandRows(t *testing.T) {
	for n, want := range map[int]string{999: "platt", 1000: "isotonic"} {
		rows := make([]lead.Row, n)
		for i := range rows {
			rows[i] = lead.Row{ID: fmt.Sprint(i), Target: i%3 == 0, Numbers: []float64{float64((i * 37) % 50)}}
		}
		m, err := lead.Logistic{Columns: []lead.Column{{Name: "x"}}, Folds: 2}.Train(rows)
		if err != nil || m.Calibration.Method != want {
			t.Errorf("%d rows: %s, %v", n, m.Calibration.Method, err)
		}
	}
}

// A step of one score has one knot, a longer one has its two ends; steps of equal height
// are one, so that no two knots lie on one score.
func TestKnotsOfAnIsotonicCalibration(t *testing.T) {
	for name, tt := range map[string]struct {
		scores string
		want   []lead.Knot
	}{
		"single scores": {"1- 2+", []lead.Knot{{1, 0}, {2, 1}}},
		"repeated":      {"1- 1- 2- 2+ 3+", []lead.Knot{{1, 0}, {2, 0.5}, {3, 1}}},
		"pooled":        {"1- 2+ 3- 4+", []lead.Knot{{1, 0}, {2, 0.5}, {3, 0.5}, {4, 1}}},
		"equal heights": {"1- 2- 3+", []lead.Knot{{1, 0}, {2, 0}, {3, 1}}},
	} {
		var scores []float64
		var y []bool
		for _, f := range strings.Fields(tt.scores) {
			scores, y = append(scores, float64(f[0]-'0')), append(y, f[1] == '+')
		}
		if got := lead.Isotonic(scores, y).Knots; !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, not %v", name, got, tt.want)
		}
	}
}

// One event has no spread to estimate, two have: DeLong's error is then of both classes.
func TestErrorOfAUCOfOneEventAndOfTwo(t *testing.T) {
	one := lead.Measure([]float64{.1, .2, .3, .4}, []bool{false, true, false, false})
	// Components of the non-events 1, 0, 0 around the AUC of 1/3: variance 1/3, by 3.
	near(t, "of one", one.AUCSE, 1.0/3, 1e-12)
	two := lead.Measure([]float64{.1, .2, .3, .4}, []bool{false, true, false, true})
	// Events ½ and 1 (variance ⅛), non-events 1 and ½ (⅛), each by 2.
	near(t, "of two", two.AUCSE, math.Sqrt(.125), 1e-12)
}

// Fewer than ten rows make fewer than ten groups, and a group of certainties that came
// true adds nothing.
func TestMetricsOfFewOrCertainRows(t *testing.T) {
	p, y := []float64{0, .25, .5, 1}, []bool{false, false, true, true}
	if d := lead.Lift(p, y); len(d) != 4 || d[0].N != 1 || d[0].Lift != 2 {
		t.Errorf("%+v", d)
	}
	// (0 − ¼)²/(¼·¾) + (1 − ½)²/(½·½)
	near(t, "Hosmer–Lemeshow", lead.Measure(p, y).HosmerLemeshow, 1.0/3+1, 1e-12)
}

// Exactly ten of the rarer class for each column call for no warning.
func TestWarningsOfTraining(t *testing.T) {
	few := func(l lead.Logistic, events int) string {
		rows := trainable()[:60]
		for i := range rows {
			rows[i].Target = i*7%60 < events
			rows[i].Numbers = []float64{float64(i * 37 % 50), float64(i * i % 11)}
		}
		l.Columns = []lead.Column{{Name: "x"}, {Name: "y"}}
		m, err := l.Train(rows)
		if err != nil {
			t.Fatal(err)
		}
		var starts []string
		for _, w := range m.Warnings {
			starts = append(starts, strings.Join(strings.Fields(w)[:3], " "))
		}
		return strings.Join(starts, "; ")
	}
	for name, tt := range map[string][2]string{
		"enough":        {few(lead.Logistic{Lambda: lead.Unpenalised}, 20), ""},
		"one too few":   {few(lead.Logistic{Lambda: lead.Unpenalised}, 19), "2 columns for"},
		"shrunken":      {few(lead.Logistic{}, 20), "standard errors are"},
		"without error": {few(lead.Logistic{Lambda: lead.Unpenalised, L1: .1}, 20), "no standard errors"},
	} {
		if tt[0] != tt[1] {
			t.Errorf("%s: warnings %q, not %q", name, tt[0], tt[1])
		}
	}
}

// The limits of a table's numbers are themselves allowed.
func TestNumbersOfATableAtTheirLimits(t *testing.T) {
	for member, values := range map[string][2]string{ // allowed, and just beyond
		`"cap":%s`:        {"1e6", "1000001"},
		`"fit_weight":%s`: {"1", "1.01"},
		`"prior":%s`:      {"100", "100.1"},
		`"enter":%s`:      {"100", "100.1"},
		`"leave":%s`:      {"50", "50.1"},
	} {
		for i, v := range values {
			_, err := lead.ParseTable([]byte(`{"id":"t",` + fmt.Sprintf(member, v) + `,"rules":[{"id":"r","when":{"all":[]},"points":1}]}`))
			if (err == nil) != (i == 0) {
				t.Errorf("%s of %s: %v", member, v, err)
			}
		}
	}
	for member, values := range map[string][2]string{
		`"points":%s`:                         {"1e6", "1000001"},
		`"points":-%s`:                        {"1e6", "1000001"},
		`"points":1,"max":%s`:                 {"1e6", "1000001"},
		`"points":1,"per":"P1D","per_max":%s`: {"1000", "1001"},
	} {
		for i, v := range values {
			text := fmt.Sprintf(member, v)
			_, err := lead.ParseTable([]byte(`{"id":"t","rules":[{"id":"r","when":{"all":[]},` + text + `}]}`))
			if (err == nil) != (i == 0) {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
	many := func(n int) string {
		var rules []string
		for i := range n {
			rules = append(rules, fmt.Sprintf(`{"id":"r%d","when":{"all":[]},"points":1}`, i))
		}
		return `{"id":"t","rules":[` + strings.Join(rules, ",") + `]}`
	}
	for n, ok := range map[int]bool{lead.MaxRules: true, lead.MaxRules + 1: false} {
		if _, err := lead.ParseTable([]byte(many(n))); (err == nil) != ok {
			t.Errorf("%d rules: %v", n, err)
		}
	}
}

// An owner's weight of 1e9 and 500 routes are allowed; of equal scores the lesser id, then
// account, is served first.
func TestRouterAtItsLimits(t *testing.T) {
	for weight, ok := range map[string]bool{"1e9": true, "1000000001": false} {
		_, err := lead.ParseRouter([]byte(`{"id":"r","default":{"owners":[{"id":"o","weight":` + weight + `}]}}`))
		if (err == nil) != ok {
			t.Errorf("weight %s: %v", weight, err)
		}
	}
	for n, ok := range map[int]bool{lead.MaxRoutes: true, lead.MaxRoutes + 1: false} {
		var rules []string
		for i := range n {
			rules = append(rules, fmt.Sprintf(`{"id":"r%d","when":{"all":[]}}`, i))
		}
		if _, err := lead.ParseRouter([]byte(`{"id":"r","rules":[` + strings.Join(rules, ",") + `]}`)); (err == nil) != ok {
			t.Errorf("%d routes: %v", n, err)
		}
	}
	r, err := lead.ParseRouter([]byte(`{"id":"r","default":{"owners":[{"id":"o","capacity":1}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	first := lead.Lead{ID: "a", Account: "x", Score: 5}
	for _, other := range []lead.Lead{{ID: "a", Account: "y", Score: 5}, {ID: "b", Account: "a", Score: 5}, {ID: "0", Account: "a", Score: 4}} {
		for _, leads := range [][]lead.Lead{{first, other}, {other, first}} {
			got := r.Assign(leads, at)
			for i, l := range leads {
				if served := got[i].Owner == "o"; served != (l == first) {
					t.Errorf("%v of %v: owner %q", l, leads, got[i].Owner)
				}
			}
		}
	}
}

// A lead has a date by which to act only where its desk states one.
func TestDueOnlyWithAnSLA(t *testing.T) {
	r, err := lead.ParseRouter([]byte(`{"id":"r","rules":[{"id":"soon","when":{"field":"person.title","op":"exists"},"sla":"PT4H"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got := r.Assign([]lead.Lead{{ID: "a", Entered: at}, {ID: "b", Entered: at, Fields: persona.Map{"person.title": persona.TextValue("CTO")}}}, at)
	if !got[0].Due.IsZero() || !got[1].Due.Equal(at.Add(day/6)) {
		t.Errorf("due %v and %v", got[0].Due, got[1].Due)
	}
}

// Cuts do not depend on the order of the candidates, and those of one score go together.
func TestCutsInAnyOrder(t *testing.T) {
	all := []lead.Candidate{{ID: "c", Target: true, P: .8}, {ID: "a", Target: true, P: .9}, {ID: "d", Target: true, P: .8}, {ID: "b", P: .9}, {ID: "e", Target: true, P: .8}, {ID: "f", P: .1}}
	for range 5 {
		// Without b at .9 the cut would be there: three misses cost less than one call in vain.
		if c := lead.ByCost(all, 10, 1); c.Cut != .8 || c.TP != 4 || c.FP != 1 {
			t.Errorf("%+v", c)
		}
		all = append(all[1:], all[0])
	}
	if c := lead.ByCost([]lead.Candidate{{ID: "a", Target: true, P: .5}, {ID: "b", P: .9}, {ID: "c", Target: true, P: .1}}, 10, 1); c.Cut != .1 {
		t.Errorf("whoever comes first decides: %+v", c)
	}
	newer := lead.Candidate{ID: "z", P: .5, LastInbound: at}
	older := lead.Candidate{ID: "a", P: .5, LastInbound: at.Add(-day)}
	won := lead.Candidate{ID: "z", P: .5, LastInbound: at, Target: true}
	for _, pair := range [][2]lead.Candidate{{newer, older}, {newer, won}} { // of one that is there twice, the worse
		for _, in := range [][]lead.Candidate{{pair[0], pair[1]}, {pair[1], pair[0]}} {
			if chosen, _ := lead.TopN(in, 1); chosen[0] != pair[0] {
				t.Errorf("chose %v, not %v", chosen[0], pair[0])
			}
		}
	}
}

// A column of which nothing is known is named and left out.
func TestColumnOfWhichNothingIsKnown(t *testing.T) {
	rows := trainable()
	for i := range rows {
		rows[i].Numbers = append(rows[i].Numbers, math.NaN())
	}
	m, err := lead.Logistic{Columns: []lead.Column{{Name: "x"}, {Name: "empty"}}}.Train(rows)
	if err != nil || len(m.Coefficients) != 1 || !slices.Contains(m.Dropped, "empty") || math.IsNaN(m.CrossValidated.AUC) {
		t.Errorf("%+v, %v", m, err)
	}
}

// The reference of a categorical column is its most frequent level, of equal ones the
// smallest.
func TestReferenceLevelOfEquallyFrequentOnes(t *testing.T) {
	rows := trainable()
	for i := range rows {
		rows[i].Levels = []string{[]string{"c", "b", "a", "b", "a"}[i%5]}
	}
	m, err := lead.Logistic{Columns: []lead.Column{{Name: "x"}, {Name: "l", Categorical: true}}}.Train(rows)
	if err != nil || len(m.Coefficients) != 3 || m.Coefficients[1].Level != "b" || m.Coefficients[2].Level != "c" {
		t.Errorf("%+v, %v", m, err)
	}
}

// Numbers up to ±1e150 are taken, greater ones are ErrRow.
func TestTrainingOnVeryLargeNumbers(t *testing.T) {
	for x, want := range map[float64]error{1e150: nil, -1e150: nil, 1.1e150: lead.ErrRow, -1.1e150: lead.ErrRow, math.Inf(1): lead.ErrRow} {
		rows := trainable()
		rows[7].Numbers = []float64{x}
		if _, err := (lead.Logistic{Columns: []lead.Column{{Name: "x"}}}).Train(rows); !errors.Is(err, want) {
			t.Errorf("%v: %v", x, err)
		}
	}
}
