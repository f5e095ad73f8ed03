package audience_test

import (
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/audience"
	"github.com/tabi-go/tabi/persona/internal/trial"
)

var encode, rounds, source = trial.Encode, trial.Rounds, trial.Source

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
