package stage_test

import (
	"testing"

	"github.com/tabi-go/tabi/stage"
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
