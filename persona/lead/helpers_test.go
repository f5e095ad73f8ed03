package lead_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/lead"
	"github.com/tabi-go/tabi/touchpoint"
)

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

func rounds(n int) int {
	switch {
	case os.Getenv("TABI_LONG") != "":
		return 20 * n
	case testing.Short():
		return max(n/10, 1)
	}
	return n
}

func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func encode(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// shared reads a file beside the repository, or skips the test.
func shared(t testing.TB, name string) []byte {
	t.Helper()
	dir := os.Getenv("TABI_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Skipf("%s is missing: set TABI_SHARED to the folder of data and golden files", filepath.Join(dir, name))
	}
	return text
}
