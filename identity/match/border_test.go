package match_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/identity/match"
)

// record is a record whose values are given as column, value, column, value.
func record(id string, values ...string) match.Record {
	r := match.Record{ID: identity.MakeID("record", id), At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Values: map[string]string{}}
	for i := 0; i < len(values); i += 2 {
		r.Values[values[i]] = values[i+1]
	}
	return r
}

// tenBits is a field whose equality says ten bits and whose difference says next to none.
var tenBits = match.Field{Column: "x", M: []float64{1, 1}, U: []float64{1. / 1024, 1}}

// pairs scores records and writes the evidence as its pairs, in order.
func pairs(t *testing.T, s match.Scorer, records ...match.Record) string {
	t.Helper()
	res, err := s.Score(records)
	if err != nil {
		t.Fatal(err)
	}
	out := ""
	for _, e := range res.Evidence {
		out += e.A.Value() + e.B.Value() + " "
	}
	return out
}

// A similarity at a cut-off has reached it, and four equal first characters raise it, not five.
func TestLevelsAtTheirCutOffs(t *testing.T) {
	jw := func(cuts ...float64) match.Field { return match.Field{Compare: match.JaroWinkler, Levels: cuts} }
	for _, c := range []struct {
		f    match.Field
		a, b string
		want int
	}{
		{jw(2. / 3), "ab", "cb", 1},
		{jw(0.6667), "ab", "cb", 2},
		{jw(0.955, 0.945), "abcdefgh", "abcdefgx", 2}, // 0.95; five would make it 0.958
	} {
		if got := level(t, c.f, c.a, c.b); got != c.want {
			t.Errorf("%v %s–%s: level %d, want %d", c.f.Levels, c.a, c.b, got, c.want)
		}
	}
}

// A pair of exactly the threshold is evidence, one of a thousandth of a bit less is not.
func TestPairAtTheThresholdIsEvidence(t *testing.T) {
	for threshold, want := range map[float64]string{0: "ab ", 10: "ab ", 9.999: "ab ", 10.001: ""} {
		s := match.Scorer{Fields: []match.Field{tenBits}, Block: [][]string{{"x"}}, Threshold: threshold}
		if got := pairs(t, s, record("a", "x", "1"), record("b", "x", "1")); got != want {
			t.Errorf("threshold %v: %q, want %q", threshold, got, want)
		}
	}
}

// A pair that several rules bring gives one piece of evidence, and the order is that of
// the pairs whichever rule brought them.
func TestEvidenceIsByPairOnce(t *testing.T) {
	records := []match.Record{record("a", "x", "1", "y", "1"), record("b", "x", "1", "y", "2"),
		record("c", "x", "1", "y", "1"), record("d", "x", "1", "y", "2")}
	s := match.Scorer{Fields: []match.Field{tenBits}, Block: [][]string{{"y"}, {"x"}, {"y", "x"}}}
	if got, want := pairs(t, s, records...), "ab ac ad bc bd cd "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Records of one ID are no evidence for one another, but each is for a third.
func TestRecordsOfOneIDGiveNoEvidence(t *testing.T) {
	s := match.Scorer{Fields: []match.Field{tenBits}, Block: [][]string{{"x"}}}
	if got := pairs(t, s, record("a", "x", "1"), record("a", "x", "1"), record("b", "x", "1")); got != "ab ab " {
		t.Errorf("%q", got)
	}
}

// Empty columns are no block, a block of MaxBlock records is compared.
func TestBlocksAtTheirBorders(t *testing.T) {
	s := match.Scorer{Fields: []match.Field{tenBits}, Block: [][]string{{"y"}}}
	empty := []match.Record{record("a", "x", "1"), record("b", "x", "1", "y", " ")}
	if got := pairs(t, s, empty...); got != "" {
		t.Errorf("without a value of the block: %q", got)
	}
	s.Block = [][]string{{"x"}}
	three := []match.Record{record("a", "x", "1"), record("b", "x", "1"), record("c", "x", "1")}
	for limit, want := range map[int]string{2: "", 3: "ab ac bc ", 4: "ab ac bc "} {
		s.MaxBlock = limit
		if got := pairs(t, s, three...); got != want {
			t.Errorf("MaxBlock %d: %q, want %q", limit, got, want)
		}
	}
	for cut, ok := range map[string]bool{"x[0:1]": true, "x[1:1]": false, "x[2:1]": false, "x[-1:1]": false, "x[0:1": false} {
		s.Block = [][]string{{cut}}
		if _, err := s.Score(three); (err == nil) != ok {
			t.Errorf("%s: %v", cut, err)
		}
	}
}

// Without any pair to compare nothing is learnt of the share, and it stays a number.
func TestShareWithoutPairs(t *testing.T) {
	s := match.Scorer{Fields: []match.Field{{Column: "x"}}}
	res, err := s.Score([]match.Record{record("a", "x", "1"), record("b", "x", "2")})
	if err != nil || res.Lambda != 0.5 || res.Probability(0) != 0.5 {
		t.Errorf("λ %v, probability %v, %v", res.Lambda, res.Probability(0), err)
	}
}

// Over a million pairs u is drawn, and a record is never drawn against itself.
func TestDrawsAreOfTwoRecords(t *testing.T) {
	var records []match.Record
	for i := range 1500 {
		records = append(records, record(fmt.Sprint(i), "x", fmt.Sprint(i)))
	}
	res, err := (&match.Scorer{Fields: []match.Field{{Column: "x"}}}).Score(records)
	if err != nil || res.Fields[0].U[0] != 0.5/(1_000_000+1) {
		t.Errorf("equality by accident %v, %v", res.Fields[0].U, err)
	}
}

// What is learnt is the same in every bit each time.
func TestLearningRepeatsInEveryBit(t *testing.T) {
	records := people(200)
	first := ""
	for range 5 {
		res, err := scorer.Score(records)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%x", res.Lambda)
		for _, f := range res.Fields {
			got += fmt.Sprintf(" %x %x", f.M, f.U)
		}
		if first == "" {
			first = got
		}
		if got != first {
			t.Fatalf("%s, first %s", got, first)
		}
	}
}
