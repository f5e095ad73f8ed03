package attribution_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

// An accumulator is what Totals and Counts have in common.
type accumulator interface {
	Add(...attribution.Path) error
	MarshalBinary() ([]byte, error)
	UnmarshalBinary([]byte) error
}

// Invariant 13 for the accumulators that keep no paths, and their results are those of the
// set.
func TestAccumulatorsAgreeWithTheSet(t *testing.T) {
	t.Parallel()
	prep := &attribution.Preparation{Exclude: attribution.Exclude{Names: []string{"B"}}}
	eachSet(t, func(t *testing.T, r *rand.Rand, timed bool, ps []attribution.Path) {
		js := setOf(t, ps...)
		set, _, err := js.Prepare(prep)
		if err != nil {
			t.Fatal(err)
		}
		half := len(ps) / 2
		for _, m := range []attribution.Model{attribution.Linear{}, attribution.Linear{By: attribution.Distinct}, attribution.Position{}} {
			make := func(ps []attribution.Path) *attribution.Totals {
				x, err := attribution.NewTotals(m, prep)
				if err != nil {
					t.Fatal(err)
				}
				fill(t, x, shuffled(r, ps))
				return x
			}
			whole, a, b := make(ps), make(ps[:half]), make(ps[half:])
			same(t, whole.Result(), run(t, set, attribution.Rule(m)))
			check(t, whole, a.Merge(b), a, func() error { return a.Subtract(b) }, make(ps[:half]), make(nil))
			if err := a.Subtract(whole); err == nil && len(ps) > half && set.Conversions()+set.Nulls() > 0 && a.Result().Journeys < whole.Result().Journeys {
				t.Error("more was taken than was there")
			}
		}
		for _, m := range []attribution.Markov{{}, {Order: 3}, {DropNulls: true}} {
			make := func(ps []attribution.Path) *attribution.Counts {
				x, err := attribution.NewCounts(m, prep)
				if err != nil {
					t.Fatal(err)
				}
				fill(t, x, shuffled(r, ps))
				return x
			}
			whole, a, b := make(ps), make(ps[:half]), make(ps[half:])
			res, err := whole.Result()
			if err != nil {
				t.Fatal(err)
			}
			same(t, res, run(t, set, m))
			check(t, whole, a.Merge(b), a, func() error { return a.Subtract(b) }, make(ps[:half]), make(nil))
		}
	})
}

func fill(t *testing.T, x accumulator, ps []attribution.Path) {
	t.Helper()
	for _, p := range ps {
		if err := x.Add(p); err != nil {
			t.Fatal(err)
		}
	}
}

func same(t *testing.T, got, want *attribution.Result) {
	t.Helper()
	for _, w := range want.Credits {
		if g := got.Credit(w.Channel); !near(g.Conversions, w.Conversions, 1e-12) || g.Value != w.Value || !near(g.Removal, w.Removal, 1e-12) {
			t.Errorf("%s: %+v, of the set %+v", want.Model, g, w)
		}
	}
}

// check compares encodings: of the whole and the merged halves, of a half and what is left
// after the other is taken away, and of what was decoded.
func check(t *testing.T, whole accumulator, merged error, a accumulator, subtract func() error, half, blank accumulator) {
	t.Helper()
	bytesOf := func(x accumulator) []byte {
		b, err := x.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if merged != nil || !bytes.Equal(bytesOf(whole), bytesOf(a)) {
		t.Errorf("merged halves differ from the whole: %v", merged)
	}
	if err := blank.UnmarshalBinary(bytesOf(whole)); err != nil || !bytes.Equal(bytesOf(blank), bytesOf(whole)) {
		t.Errorf("decoded bytes differ: %v", err)
	}
	if err := subtract(); err != nil || !bytes.Equal(bytesOf(a), bytesOf(half)) {
		t.Errorf("half taken away: %v", err)
	}
	b := bytesOf(whole)
	b[len(b)/2] ^= 1
	if err := blank.UnmarshalBinary(b); !errors.Is(err, attribution.ErrCorrupt) {
		t.Errorf("broken bytes: %v", err)
	}
}

func TestAccumulatorsRefuseOthers(t *testing.T) {
	t.Parallel()
	first, _ := attribution.NewTotals(attribution.First{}, nil)
	last, _ := attribution.NewTotals(attribution.Last{}, nil)
	windowed, _ := attribution.NewTotals(attribution.First{}, &attribution.Preparation{Window: attribution.Window{Click: time.Hour}})
	b, _ := last.MarshalBinary()
	for name, err := range map[string]error{
		"another rule": first.Merge(last), "another preparation": first.Merge(windowed), "taking another rule": first.Subtract(last),
		"bytes of another rule": first.UnmarshalBinary(b),
	} {
		if !errors.Is(err, attribution.ErrIncompatible) {
			t.Errorf("%s: %v", name, err)
		}
	}
	cycled, _ := attribution.NewTotals(attribution.First{}, &attribution.Preparation{Cycle: attribution.CycleLast})
	if err := first.Merge(cycled); !errors.Is(err, attribution.ErrIncompatible) {
		t.Error(err)
	}
	if _, err := attribution.NewCounts(attribution.Markov{Per: attribution.PerJourney}, nil); !errors.Is(err, attribution.ErrIncompatible) {
		t.Error(err)
	}
}

// Preparations that look at all paths of a subject: one call a subject, in any order, is the set.
func TestAccumulatorsOfWholeSubjects(t *testing.T) {
	t.Parallel()
	eachSet(t, func(t *testing.T, r *rand.Rand, timed bool, ps []attribution.Path) {
		prep := &attribution.Preparation{Cycle: attribution.Cycle(r.IntN(4)), ConversionGap: time.Duration(r.IntN(2)) * 100 * time.Hour}
		set, _, err := setOf(t, ps...).Prepare(prep)
		if err != nil {
			t.Fatal(err)
		}
		subjects := map[string][]attribution.Path{}
		for _, p := range shuffled(r, ps) {
			subjects[p.Subject] = append(subjects[p.Subject], p)
		}
		total, err := attribution.NewTotals(attribution.Linear{}, prep)
		if err != nil {
			t.Fatal(err)
		}
		counts, err := attribution.NewCounts(attribution.Markov{Order: 2}, prep)
		if err != nil {
			t.Fatal(err)
		}
		for _, ps := range subjects {
			if err := errors.Join(total.Add(ps...), counts.Add(ps...)); err != nil {
				t.Fatal(err)
			}
		}
		same(t, total.Result(), run(t, set, attribution.Rule(attribution.Linear{})))
		res, err := counts.Result()
		if err != nil {
			t.Fatal(err)
		}
		same(t, res, run(t, set, attribution.Markov{Order: 2}))
	})
}
