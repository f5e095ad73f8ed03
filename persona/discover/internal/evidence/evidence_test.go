package evidence_test

import (
	"crypto/sha256"
	"math"
	"slices"
	"testing"

	"github.com/tabi-go/tabi/persona/discover/internal/evidence"
)

// part is n rows of one number, of which the first won.
type part struct {
	x      float64
	n, won int
}

func cut(parts ...part) evidence.Bins {
	var cells []evidence.Range
	var won []bool
	for _, p := range parts {
		for i := range p.n {
			cells = append(cells, evidence.Range{Known: true, Lo: p.x, Hi: p.x, Middle: p.x})
			won = append(won, i < p.won)
		}
	}
	return evidence.Cut(cells, won)
}

// A bin of under 5 % of the rows joins the neighbour with the nearer rate, the lower one
// where both are as near.
func TestSmallBinsJoinTheNeighbourOfTheNearerRate(t *testing.T) {
	for what, c := range map[string]struct {
		parts []part
		want  evidence.Bins
	}{
		"as seldom won as those above":  {[]part{{1, 39, 20}, {2, 2, 0}, {3, 59, 0}}, evidence.Bins{1}},
		"as often won as those below":   {[]part{{1, 39, 39}, {2, 2, 2}, {3, 59, 0}}, evidence.Bins{2}},
		"half way between them":         {[]part{{1, 39, 39}, {2, 2, 1}, {3, 59, 0}}, evidence.Bins{2}},
		"five in a hundred are no few":  {[]part{{1, 37, 37}, {2, 5, 0}, {3, 58, 0}}, evidence.Bins{1, 2}},
		"four in a hundred are":         {[]part{{1, 37, 37}, {2, 4, 0}, {3, 59, 0}}, evidence.Bins{1}},
		"the highest is one of them":    {[]part{{1, 50, 20}, {2, 47, 20}, {3, 3, 3}}, evidence.Bins{1}},
		"five equal parts":              {[]part{{1, 20, 3}, {2, 20, 3}, {3, 20, 3}, {4, 20, 3}, {5, 20, 3}}, evidence.Bins{1, 2, 3, 4}},
		"numbers that are all the same": {[]part{{7, 40, 3}}, nil},
	} {
		if got := cut(c.parts...); !slices.Equal(got, c.want) {
			t.Errorf("%s: cuts %v, want %v", what, got, c.want)
		}
	}
}

// The lowest bin is small where the ranges of its numbers reach beyond it.
func TestSmallLowestBinJoinsTheOneAbove(t *testing.T) {
	var cells []evidence.Range
	for i := range 100 {
		x := float64(1 + i/20)
		hi := x
		if x == 1 && i > 1 {
			hi = 2 // in no bin
		}
		cells = append(cells, evidence.Range{Known: true, Lo: x, Hi: hi, Middle: x})
	}
	if got := evidence.Cut(cells, make([]bool, len(cells))); !slices.Equal(got, evidence.Bins{2, 3, 4}) {
		t.Errorf("cuts %v", got)
	}
}

func TestRangesBelongToTheBinThatHoldsThemWhole(t *testing.T) {
	b := evidence.Bins{10, 20}
	for want, rs := range map[int][]evidence.Range{
		0:                {{Known: true, Lo: 1, Hi: 10}, {Known: true, Lo: 10, Hi: 10}},
		1:                {{Known: true, Lo: 10.5, Hi: 20}},
		2:                {{Known: true, Lo: 20.5, Hi: math.Inf(1)}},
		evidence.Unknown: {{}, {Known: true, Lo: 10, Hi: 11}, {Known: true, Lo: 1, Hi: 99}},
	} {
		for _, r := range rs {
			if got := b.Of(r); got != want {
				t.Errorf("%+v is in %d, want %d", r, got, want)
			}
		}
	}
}

func TestBandsOfInformation(t *testing.T) {
	for iv, want := range map[float64]string{0: "none", .0199: "none", .02: "weak", .1: "medium", .3: "strong", .4999: "strong", .5: "suspicious"} {
		if got := evidence.Band(iv); got != want {
			t.Errorf("%v is %s, want %s", iv, got, want)
		}
	}
	c := evidence.NewCounts(3) // one level without rows
	for i := range 10 {
		c.Add(i%2, i < 5)
	}
	few := evidence.Counts{Won: []int{5, 5, 0}, Lost: []int{0, 20, 0}, Wins: 10, Losses: 20} // the third is of nobody: two values
	if woe := few.WoE(); !(math.Abs(woe[0]-math.Log((5.5/11)/(.5/21))) <= 1e-12) {
		t.Errorf("weight %v of a value that never lost", woe[0])
	}
	if woe := c.WoE(); woe[2] != 0 || !(woe[0] > 0 && woe[1] < 0) {
		t.Errorf("weights %v", woe)
	}
}

// Each class is dealt evenly, and who else is there in which order does not matter.
func TestDealIsEvenAndOfTheIDs(t *testing.T) {
	var ids []string
	var won []bool
	for i := range 53 {
		ids, won = append(ids, string(rune('A'+i))), append(won, i%3 == 0)
	}
	fold := evidence.Deal(7, ids, won, 5)
	hash := func(i int) string {
		h := sha256.Sum256([]byte("\x00\x00\x00\x00\x00\x00\x00\x07" + ids[i]))
		return string(h[:])
	}
	for i := range ids {
		before := 0
		for j := range ids {
			if won[i] == won[j] && hash(j) < hash(i) {
				before++
			}
		}
		if fold[i] != before%5 {
			t.Errorf("row %d is in fold %d, and %d of its class come before it", i, fold[i], before)
		}
	}
	var count [2][5]int
	for i, f := range fold {
		class := 0
		if won[i] {
			class = 1
		}
		count[class][f]++
	}
	if count != [2][5]int{{7, 7, 7, 7, 7}, {4, 4, 4, 3, 3}} {
		t.Errorf("dealt %v", count)
	}
	slices.Reverse(ids)
	slices.Reverse(won)
	slices.Reverse(fold)
	if again := evidence.Deal(7, ids, won, 5); !slices.Equal(again, fold) {
		t.Errorf("in another order %v, not %v", again, fold)
	}
	if other := evidence.Deal(8, ids, won, 5); slices.Equal(other, fold) {
		t.Error("the seed does not matter")
	}
}
