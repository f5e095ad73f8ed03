package persona_test

import (
	"flag"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/internal/trial"
)

var encode, rounds, source = trial.Encode, trial.Rounds, trial.Source

var update = flag.Bool("update", false, "rewrite the schemas")

var at = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func condition(t testing.TB, text string) persona.Condition {
	t.Helper()
	c, err := persona.ParseCondition([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
