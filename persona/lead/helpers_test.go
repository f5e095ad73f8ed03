package lead_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/internal/trial"
	"github.com/tabi-go/tabi/persona/lead"
	"github.com/tabi-go/tabi/touchpoint"
)

var encode, rounds, source, shared = trial.Encode, trial.Rounds, trial.Source, trial.Shared

const day = 24 * time.Hour

var at = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// touch is a contact so many days before at.
func touch(kind string, daysAgo float64) touchpoint.Touch {
	t := touchpoint.Touch{Source: "web", Kind: touchpoint.Kind(kind), At: at.Add(-time.Duration(daysAgo * float64(day))).Truncate(time.Microsecond)}
	t.ID = fmt.Sprintf("%s-%s", kind, t.At.Format(time.RFC3339Nano))
	return t
}

func of(touches ...touchpoint.Touch) persona.Fields { return persona.OfTouches(touches) }

// agreed are touches of somebody who has consented to be approached.
func agreed(touches ...touchpoint.Touch) persona.Fields {
	return persona.Join(persona.Map{"consent.activate": persona.BoolValue(true)}, of(touches...))
}

func fit(score float64) persona.Fit {
	return persona.Fit{Known: true, Enough: true, Score: score, Completeness: 1}
}

func table(t testing.TB, rules string) *lead.Table {
	t.Helper()
	tb, err := lead.ParseTable([]byte(`{"id":"t","rules":` + rules + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return tb
}

func near(t testing.TB, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %v, not %v", what, got, want)
	}
}
