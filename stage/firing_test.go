package stage_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

func TestFiringsCountWithinAWindowAndAfterAStage(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	var touches []touchpoint.Touch
	for _, d := range []int{1, 2, 9, 10, 11, 20} {
		touches = append(touches, touchpoint.Touch{Source: "t", At: day(d), Kind: "pageview"})
	}
	h := &stage.History{Visits: []stage.Visit{{Stage: "known", Enter: day(10)}}}
	for _, c := range []struct {
		rule stage.Rule
		want []int
	}{
		{stage.Rule{}, []int{0, 1, 2, 3, 4, 5}},
		{stage.Rule{Families: []string{"visit"}, Count: 3}, []int{2, 3, 4, 5}},
		{stage.Rule{Kinds: []string{"Page View", "pageview"}, Count: 3, Within: 72 * time.Hour}, []int{4}},
		{stage.Rule{After: "known"}, []int{4, 5}},
		{stage.Rule{After: "won"}, nil},
		{stage.Rule{Kinds: []string{"order"}}, nil},
		{stage.Rule{Identified: true}, nil},
	} {
		if got := c.rule.Firings(touches, h, nil); !slices.Equal(got, c.want) {
			t.Errorf("%+v fires at %v, want %v", c.rule, got, c.want)
		}
	}
}
