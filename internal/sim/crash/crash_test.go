package crash_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/tabi-go/tabi/internal/sim/crash"
)

func TestMain(m *testing.M) {
	crash.Child()
	os.Exit(m.Run())
}

// size is how much to do: less with -short, the nightly amount with TABI_LONG=1.
func size(short, normal, long int) int {
	switch {
	case os.Getenv("TABI_LONG") == "1":
		return long
	case testing.Short():
		return short
	}
	return normal
}

func line(t *testing.T, r *crash.Report) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPowerCutsLoseNothing(t *testing.T) {
	n := size(25, 300, 5000)
	r, err := crash.Cut(t.Context(), crash.Options{Seed: 1, N: n})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(line(t, r))
	if r.Violations != 0 || r.Lost != 0 || r.Half != 0 || r.Cuts != n || r.Acked == 0 {
		t.Fail()
	}
}

func TestPowerCutsCatchAWriterThatDoesNotSync(t *testing.T) {
	for _, unsafe := range []string{"nosync", "buffered"} {
		r, err := crash.Cut(t.Context(), crash.Options{Seed: 1, N: 50, Unsafe: unsafe})
		if err != nil {
			t.Fatal(err)
		}
		if r.Lost == 0 || r.Violations == 0 || len(r.Failed) == 0 {
			t.Error(unsafe, line(t, r))
		}
	}
}

func TestProcessDeathLosesNothing(t *testing.T) {
	n := size(10, 30, 1000)
	r, err := crash.Kill(t.Context(), crash.Options{Seed: 1, N: n})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(line(t, r))
	if r.Violations != 0 || r.Lost != 0 || r.Half != 0 || r.Schedules != n || r.Acked == 0 || r.FaultKinds["kill in an erasure"] == 0 {
		t.Fail()
	}
}

// On a slow machine kills come before anything is acknowledged, or where nothing is kept:
// then more of them are looked at.
func TestKillsCatchAWriterThatKeepsABuffer(t *testing.T) {
	var r *crash.Report
	for seed := range uint64(20) {
		var err error
		if r, err = crash.Kill(t.Context(), crash.Options{Seed: seed + 1, N: 6, Unsafe: "buffered"}); err != nil {
			t.Fatal(err)
		}
		if r.Lost > 0 && r.Violations > 0 {
			return
		}
	}
	t.Error(line(t, r))
}
