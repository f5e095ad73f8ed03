package storage_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/storage"
)

// The list is a function of the set of erasures: no order and no repetition shows.
func TestSuppressionListIsAFunctionOfASet(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 1))
	for round := range 200 {
		var all []storage.Erased
		for n := range 1 + g.IntN(6) {
			e := storage.Erased{ID: string(rune('a' + n)), At: t0.Add(time.Duration(g.IntN(3)) * time.Hour)}
			for range g.IntN(3) {
				e.Entries = append(e.Entries, storage.Suppression{KeyID: e.ID, Tag: storage.Tag{byte(g.IntN(3))}, At: t0.Add(time.Duration(g.IntN(4)) * time.Minute),
					Policy: storage.Policy(g.IntN(2)), Generation: g.IntN(3)})
			}
			all = append(all, e)
		}
		var want []storage.Suppression
		for try := range 6 {
			var l storage.SuppressionList
			for _, i := range append(g.Perm(len(all)), g.Perm(len(all))[:try%len(all)]...) {
				l.Join(all[i])
			}
			got := slices.Collect(l.All())
			if try == 0 {
				want = got
			}
			if !slices.Equal(got, want) || l.Len() != len(want) {
				t.Fatalf("round %d: another order, another list", round)
			}
			for _, s := range got {
				if e, ok := l.Entry(s.Tag); !ok || e != s {
					t.Fatal("Entry differs from All")
				}
			}
		}
	}
}

// The erasure of the later instant gives the policy, whatever its id and whichever came first.
func TestSuppressionGoesByTheLaterErasure(t *testing.T) {
	on := func(id string, at time.Time, p storage.Policy) storage.Erased {
		return storage.Erased{ID: id, At: at, Entries: []storage.Suppression{{KeyID: id, Tag: storage.Tag{1}, At: t0, Policy: p}}}
	}
	for _, later := range []string{"a", "z"} {
		x, y := on("m", t0, storage.Refuse), on(later, t0.Add(time.Microsecond), storage.RestartAsNew)
		for _, order := range [][]storage.Erased{{x, y}, {y, x}} {
			var l storage.SuppressionList
			for _, e := range order {
				l.Join(e)
			}
			if s, _ := l.Entry(storage.Tag{1}); s.Policy != storage.RestartAsNew || s.KeyID != later {
				t.Errorf("m at first, %s later: %v of %s", later, s.Policy, s.KeyID)
			}
		}
	}
}

func TestSuppressionBorders(t *testing.T) {
	var l storage.SuppressionList
	tag := storage.Tag{1}
	if l.Refuses([]storage.Tag{tag}, t0) {
		t.Error("an empty list refuses")
	}
	l.Join(storage.Erased{ID: "a", At: t0, Entries: []storage.Suppression{{Tag: tag, At: t0, Policy: storage.RestartAsNew}}})
	for d, want := range map[time.Duration]bool{-time.Hour: true, 0: true, time.Microsecond: false} {
		if l.Refuses([]storage.Tag{{7}, tag}, t0.Add(d)) != want {
			t.Errorf("restart at %v: refused %t", d, !want)
		}
	}
	l.Join(storage.Erased{ID: "b", At: t0, Entries: []storage.Suppression{{Tag: tag, At: t0.Add(-time.Hour)}}})
	if !l.Refuses([]storage.Tag{tag}, t0.Add(1000*time.Hour)) {
		t.Error("the later policy does not hold")
	}
	if s, _ := l.Entry(tag); !s.At.Equal(t0) {
		t.Error("the greatest instant does not hold")
	}
}

// However long the list, it refuses what is on it and nothing else, also tags that differ
// in their last byte alone.
func TestSuppressionListOfManyTags(t *testing.T) {
	var l storage.SuppressionList
	g := rand.New(rand.NewPCG(1, 2))
	var all []storage.Tag
	for n := range 300 {
		e := storage.Erased{ID: fmt.Sprint(n), At: t0}
		for range 1 + n%20 {
			var tag storage.Tag
			binary.LittleEndian.PutUint64(tag[:], g.Uint64())
			all = append(all, tag)
			e.Entries = append(e.Entries, storage.Suppression{KeyID: "k", Tag: tag, At: t0})
		}
		if l.Join(e); n%7 != 0 && n < 299 {
			continue
		}
		for _, tag := range all {
			other := tag
			other[15]++
			if !l.Refuses([]storage.Tag{other, tag}, t0) || l.Refuses([]storage.Tag{other}, t0) {
				t.Fatalf("wrong after %d tags", len(all))
			}
		}
	}
	if l.Len() != len(all) {
		t.Errorf("%d entries of %d", l.Len(), len(all))
	}
}
