package stage_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// Explain names the line of the table in the documentation of Move, for every move.
func TestEveryMoveHasItsLineOfTheTable(t *testing.T) {
	want := map[string]int{"start": 1, "pause": 2, "resume": 3, "reenter": 4, "win": 5, "lose": 6, "recycle": 7,
		"reopen": 8, "skip": 9, "advance": 9, "regress": 10, "": 0}
	seen := map[string]bool{}
	for m := stage.Move(0); m <= stage.Regress+1; m++ {
		h := stage.History{Visits: []stage.Visit{{Via: m}}}
		x, ok := h.Explain(0)
		if line, known := want[m.String()]; !ok || !known || x.Line != line {
			t.Errorf("%d (%s): line %d, want %d", m, m, x.Line, line)
		}
		seen[m.String()] = true
	}
	if len(seen) != len(want) {
		t.Errorf("moves %v", seen)
	}
}

// A count is told as the rule states it; a rule that every touch meets counts nothing.
func TestExplainTellsTheCountOfARule(t *testing.T) {
	visits := stage.Condition{Name: "families", Want: "visit", Seen: "visit"}
	for _, c := range []struct {
		count  int
		within time.Duration
		want   []stage.Condition
	}{
		{0, 0, []stage.Condition{visits}},
		{1, 0, []stage.Condition{visits}},
		{2, 0, []stage.Condition{visits, {Name: "count", Want: "2", Seen: "2 or more"}}},
		{2, 36 * time.Hour, []stage.Condition{visits, {Name: "count", Want: "2 within 36h0m0s", Seen: "2 or more"}}},
	} {
		m := stage.Model{ID: "m", Stages: []stage.Stage{{ID: "a", Rank: 1, Names: english,
			Entry: []stage.Rule{{Families: []string{"visit"}, Count: c.count, Within: c.within}}}}}
		h := fold(t, &m, []touchpoint.Touch{touch("1", date(1, 1), "pageview"), touch("2", date(1, 2), "pageview")}, stage.FoldOptions{})
		if x, ok := h.Explain(0); !ok || !reflect.DeepEqual(x.Conditions, c.want) {
			t.Errorf("%d within %v: %+v", c.count, c.within, x.Conditions)
		}
	}
}
