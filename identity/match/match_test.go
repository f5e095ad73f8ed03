package match_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/identity/match"
)

// level compares two records in one field and returns the level.
func level(t *testing.T, f match.Field, a, b string) int {
	t.Helper()
	f.Column = "x"
	x, y := identity.MakeID("record", "1"), identity.MakeID("record", "2")
	s := match.Scorer{Fields: []match.Field{f}}
	r, err := s.Score([]match.Record{{ID: x, Values: map[string]string{"x": a}}, {ID: y, Values: map[string]string{"x": b}}})
	if err != nil {
		t.Fatal(err)
	}
	parts, ok := r.Explain(x, y)
	if !ok || len(parts) != 1 {
		t.Fatal("no explanation")
	}
	return parts[0].Level
}

// The similarities of Winkler 1990: MARTHA 0.9611, DWAYNE 0.84, DIXON 0.8133.
func TestLevelsOfAgreement(t *testing.T) {
	jw := func(cuts ...float64) match.Field { return match.Field{Compare: match.JaroWinkler, Levels: cuts} }
	edit := match.Field{Compare: match.Edit, Levels: []float64{1, 2, 3}}
	mail := match.Field{Compare: match.Email}
	for _, c := range []struct {
		f    match.Field
		a, b string
		want int
	}{
		{match.Field{}, "Ann  Lee", "ann lee", 0},
		{match.Field{}, "Ann", "Anna", 1},
		{match.Field{}, "", "Anna", -1},
		{jw(0.9612, 0.9611, 0.5), "MARTHA", "MARHTA", 2},
		{jw(0.841, 0.839), "DWAYNE", "DUANE", 2},
		{jw(0.8134, 0.8133, 0.5), "DIXON", "DICKSONX", 2},
		{jw(), "abc", "xyz", 3},
		{edit, "1971-05-24", "1971-05-42", 1},
		{edit, "ca", "abc", 3},
		{edit, "kitten", "sitting", 3},
		{edit, "abcd", "wxyz", 4},
		{mail, "ann@a.example", "ann@b.example", 1},
		{mail, "annabel.lee@a.example", "annabel.le@a.example", 1},
		{mail, "ann@a.example", "zoe@q.org", 3},
	} {
		if got := level(t, c.f, c.a, c.b); got != c.want {
			t.Errorf("%s %s–%s: level %d, want %d", c.f.Compare, c.a, c.b, got, c.want)
		}
	}
}

// people makes records of persons with typing errors.
func people(n int) []match.Record {
	r := rand.New(rand.NewPCG(7, 7))
	var out []match.Record
	for p := range n {
		first, last, born := fmt.Sprint("first", p%97), fmt.Sprint("last", p%89), fmt.Sprintf("19%02d-%02d-%02d", p%90+10, p%12+1, p%28+1)
		for range 1 + r.IntN(3) {
			v := map[string]string{"first": first, "last": last, "born": born}
			switch r.IntN(5) {
			case 0:
				v["first"] += "x"
			case 1:
				v["born"] = ""
			}
			out = append(out, match.Record{ID: identity.MakeID("record", fmt.Sprint("r", len(out))), At: time.Date(2026, 1, 1, 0, 0, len(out), 0, time.UTC), Values: v})
		}
	}
	return out
}

var scorer = match.Scorer{
	Fields: []match.Field{{Column: "first", Compare: match.JaroWinkler}, {Column: "last"}, {Column: "born", Compare: match.Edit}},
	Block:  [][]string{{"last"}, {"first", "born[0:4]"}},
}

func TestScoresKnowNoOrder(t *testing.T) {
	records := people(300)
	want, err := scorer.Score(records)
	if err != nil {
		t.Fatal(err)
	}
	if len(want.Evidence) < 100 || !(0 < want.Lambda && want.Lambda < 1) {
		t.Fatalf("%d pairs, λ %v", len(want.Evidence), want.Lambda)
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	got, err := scorer.Score(records)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Evidence, want.Evidence) || got.Lambda != want.Lambda {
		t.Error("the order of the records shows")
	}
	for _, e := range want.Evidence {
		parts, _ := want.Explain(e.A, e.B)
		sum := 0.0
		for _, p := range parts {
			sum += p.Bits
		}
		if !(math.Abs(sum*1000-float64(e.Weight)) <= 0.51) || e.Weight < 10_000 || e.Kind != identity.Probabilistic {
			t.Errorf("weight %d, fields say %v", e.Weight, sum)
		}
		if p := want.Probability(e.Weight); !(0 < p && p <= 1) {
			t.Errorf("probability %v", p)
		}
	}
}

func TestSuggestionsAreNotOnePersonYet(t *testing.T) {
	res, err := scorer.Score(people(100))
	if err != nil {
		t.Fatal(err)
	}
	for merge, want := range map[bool]int{false: len(res.Evidence), true: 0} {
		g, err := identity.New(&identity.Rules{Types: map[identity.Type]identity.TypeRule{"record": {}}, Probabilistic: identity.ScorerRules{Merge: merge}})
		if err != nil {
			t.Fatal(err)
		}
		g.Add(res.Evidence...)
		if got := res.Suggestions(g.Resolve(time.Time{})); len(got) != want {
			t.Errorf("merge %v: %d suggestions, want %d", merge, len(got), want)
		}
	}
}

func TestLargeBlocksAreSkippedAndSaid(t *testing.T) {
	s := scorer
	s.MaxBlock = 1
	res, err := s.Score(people(100))
	if err != nil || len(res.Evidence) != 0 || len(res.Skipped) == 0 || res.Skipped[0].Records < 2 {
		t.Errorf("%v %v", res, err)
	}
}

func TestBadScorers(t *testing.T) {
	for name, s := range map[string]match.Scorer{
		"no fields":       {},
		"unknown compare": {Fields: []match.Field{{Column: "a", Compare: "sound"}}},
		"cut-offs":        {Fields: []match.Field{{Column: "a", Levels: []float64{1}}}},
		"chances":         {Fields: []match.Field{{Column: "a", M: []float64{1}}}},
		"zero chance":     {Fields: []match.Field{{Column: "a", U: []float64{1, 0}}}},
		"block":           {Fields: []match.Field{{Column: "a"}}, Block: [][]string{{"a[4:0]"}}},
	} {
		if _, err := s.Score(people(3)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestEvaluate(t *testing.T) {
	for _, c := range []struct {
		pred, truth []string
		tp, fp, fn  int64
		p, r, f     float64
		clusters    int
	}{
		{nil, nil, 0, 0, 0, 1, 1, 1, 0},
		{[]string{"", ""}, []string{"a", "b"}, 0, 0, 0, 1, 1, 1, 2},
		{[]string{"", ""}, []string{"a", "a"}, 0, 0, 1, 1, 0, 0, 2},
		{[]string{"x", "x"}, []string{"a", "b"}, 0, 1, 0, 0, 1, 0, 1},
		{[]string{"x", "x", "y", "y"}, []string{"a", "a", "a", "b"}, 1, 1, 2, 0.5, 1. / 3, 0.4, 2},
	} {
		m := match.Evaluate(c.pred, c.truth)
		if m.TP != c.tp || m.FP != c.fp || m.FN != c.fn || m.Precision != c.p || m.Recall != c.r || m.F1 != c.f || m.Clusters != c.clusters {
			t.Errorf("%v %v: %+v", c.pred, c.truth, m)
		}
	}
}

// Pairs counted by contingency equal pairs counted one by one.
func TestEvaluateCountsEveryPair(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for range 200 {
		n := r.IntN(30)
		pred, truth := make([]string, n), make([]string, n)
		for i := range pred {
			truth[i] = fmt.Sprint(r.IntN(5))
			if r.IntN(4) > 0 {
				pred[i] = fmt.Sprint(r.IntN(6))
			}
		}
		var tp, fp, fn int64
		for i := range pred {
			for j := range i {
				same, true_ := pred[i] != "" && pred[i] == pred[j], truth[i] == truth[j]
				switch {
				case same && true_:
					tp++
				case same:
					fp++
				case true_:
					fn++
				}
			}
		}
		if m := match.Evaluate(pred, truth); m.TP != tp || m.FP != fp || m.FN != fn {
			t.Fatalf("%v %v: %+v", pred, truth, m)
		}
	}
}

func ExampleScorer_Score() {
	s := match.Scorer{
		Fields:    []match.Field{{Column: "name", Compare: match.JaroWinkler, M: []float64{0.8, 0.15, 0.04, 0.01}, U: []float64{0.001, 0.002, 0.01, 0.987}}},
		Block:     [][]string{{"born"}},
		Threshold: 5,
	}
	record := func(no, name, born string) match.Record {
		return match.Record{ID: identity.MakeID("record", no), Values: map[string]string{"name": name, "born": born}}
	}
	res, err := s.Score([]match.Record{record("1", "Martha Jones", "1971"), record("2", "Marhta Jones", "1971"), record("3", "Zoe Quist", "1971")})
	if err != nil {
		fmt.Println(err)
	}
	for _, e := range res.Evidence {
		fmt.Println(e.A.Value(), e.B.Value(), e.Weight)
	}
	// Output: 1 2 6229
}
