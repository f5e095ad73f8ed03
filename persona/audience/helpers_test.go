package audience_test

import (
	"encoding/json"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/audience"
)

var at = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// willing has agreed to everything.
var willing = persona.Map{"consent.profile": persona.BoolValue(true), "consent.activate": persona.BoolValue(true)}

func segment(t testing.TB, text string) *audience.Segment {
	t.Helper()
	list, err := audience.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &list[0]
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

// shuffled yields the subjects in a random order, each twice.
func shuffled(r *rand.Rand, subjects map[string]persona.Fields) iter.Seq2[string, persona.Fields] {
	ids := slices.Sorted(maps.Keys(subjects))
	ids = append(ids, ids...)
	r.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	return func(yield func(string, persona.Fields) bool) {
		for _, id := range ids {
			if !yield(id, subjects[id]) {
				return
			}
		}
	}
}
