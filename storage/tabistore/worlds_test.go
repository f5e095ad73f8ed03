package main

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/journey/simulate"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/pgstore"
	"github.com/tabi-go/tabi/storage/sqlitestore"
	"github.com/tabi-go/tabi/touchpoint"
)

// worldDigest records a simulated world in a random order and batches, and returns the
// digest of all that follows.
func worldDigest(t *testing.T, s storage.Store, seed uint64) string {
	t.Helper()
	names := simulate.Scenarios()
	w, err := simulate.Scenario(names[int(seed)%len(names)])
	if err != nil {
		t.Fatal(err)
	}
	w.Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p, err := w.Run(seed, 12, 20)
	if err != nil {
		t.Fatal(err)
	}
	var touches []touchpoint.Touch
	for tp := range p.Touches() {
		if len(touches) < 300 {
			touches = append(touches, tp)
		}
	}
	g := rand.New(rand.NewPCG(seed, rand.Uint64()))
	g.Shuffle(len(touches), func(i, k int) { touches[i], touches[k] = touches[k], touches[i] })
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	tr, err := journey.NewTracker(s, &journey.Options{Clock: clock.NewManual(now), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for part := range slices.Chunk(touches, 1+g.IntN(100)) {
		if _, err := tr.Record(t.Context(), part...); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := tr.Digest(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sum)
}

// What follows from the facts of a world is the same on every store, in every order, on
// any number of processors.
func TestWorldsHaveOneDigestOnEveryStore(t *testing.T) {
	worlds := uint64(16)
	if os.Getenv("TABI_LONG") == "1" {
		worlds = 64
	}
	if testing.Short() {
		worlds = 4
	}
	want := make(map[uint64]string)
	for seed := range worlds {
		want[seed] = worldDigest(t, memstore.New(nil), seed)
	}
	if len(want) > 1 && want[0] == want[1] {
		t.Fatal("the worlds are one")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	check := func(t *testing.T, open func(seed uint64) (storage.Store, error)) {
		for seed := range worlds {
			runtime.GOMAXPROCS([]int{1, 2, 8}[seed%3])
			s, err := open(seed)
			if err != nil {
				t.Fatal(err)
			}
			if got := worldDigest(t, s, seed); got != want[seed] {
				t.Errorf("world %d: digest %s, want %s", seed, got, want[seed])
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	t.Run("mem", func(t *testing.T) {
		check(t, func(uint64) (storage.Store, error) { return memstore.New(nil), nil })
	})
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		check(t, func(seed uint64) (storage.Store, error) {
			return sqlitestore.Open(filepath.Join(dir, fmt.Sprint(seed, ".db")), nil)
		})
	})
	t.Run("postgres", func(t *testing.T) {
		dsn := database(t)
		check(t, func(seed uint64) (storage.Store, error) {
			return pgstore.Open(t.Context(), dsn, &pgstore.Options{Schema: fmt.Sprint("world", seed)})
		})
	})
}
