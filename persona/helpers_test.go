package persona_test

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
)

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

func encode(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func rounds(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }
