package touchpoint_test

import (
	"testing"

	tp "github.com/tabi-go/tabi/touchpoint"
)

func TestTallyInALine(t *testing.T) {
	t.Parallel()
	tally := tp.Count([]tp.Outcome{{Status: tp.Accepted}, {Status: tp.Accepted}, {Status: tp.Duplicate}, {Status: tp.Rejected}, {Status: tp.Retry}})
	if got, want := tally.String(), "offered=5 accepted=2 duplicate=1 conflict=0 rejected=1 suppressed=0 retry=1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
