package attribution_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

// A naive is a path as a reader would write it down.
type naive struct {
	steps       []string
	ages        []time.Duration
	conversions float64
}

// reference divides each path by hand: what is excluded goes unless that is all, what is
// too old goes, and the rest is weighed by age.
func reference(ps []naive, window time.Duration, excluded []string, weigh func(age time.Duration) float64) map[string]float64 {
	credit := map[string]float64{}
	for _, p := range ps {
		type step struct {
			name string
			age  time.Duration
		}
		var left []step
		for i, name := range p.steps {
			if window == 0 || p.ages[i] <= window {
				left = append(left, step{name, p.ages[i]})
			}
		}
		kept := slices.DeleteFunc(slices.Clone(left), func(s step) bool { return slices.Contains(excluded, s.name) })
		if len(kept) > 0 {
			left = kept
		}
		sum := 0.0
		for _, s := range left {
			sum += weigh(s.age)
		}
		for _, s := range left {
			credit[s.name] += p.conversions * weigh(s.age) / sum
		}
		if len(left) == 0 {
			credit[attribution.Unattributed] += p.conversions
		}
	}
	return credit
}

// Time decay with any half-life, linear with any window, and any exclusion, on random sets
// and on the timed file.
func TestRulesAgreeWithANaiveReference(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, r *rand.Rand, js *attribution.Journeys) {
		t.Helper()
		var ps []naive
		for x := range js.Rows() {
			if x.Conversions > 0 {
				ps = append(ps, naive{x.Channels, x.Ages, x.Conversions})
			}
		}
		half := time.Duration(1+r.IntN(2000)) * time.Hour
		window := time.Duration(r.IntN(800)) * time.Hour
		var excluded []string
		for _, name := range js.Channels() {
			if r.IntN(3) == 0 {
				excluded = append(excluded, name)
			}
		}
		decay := func(age time.Duration) float64 { return math.Pow(2, -float64(age)/float64(half)) }
		floored := func(age time.Duration) float64 { return math.Pow(2, -math.Floor(float64(age)/float64(half))) }
		one := func(time.Duration) float64 { return 1 }
		for name, c := range map[string]struct {
			model  attribution.Model
			window time.Duration
			weigh  func(time.Duration) float64
		}{
			"decay": {attribution.TimeDecay{HalfLife: half}, 0, decay}, "floored": {attribution.TimeDecay{HalfLife: half, Floor: true}, 0, floored},
			"linear": {attribution.Linear{}, window, one}, "decay in a window": {attribution.TimeDecay{HalfLife: half}, window, decay},
		} {
			for _, out := range [][]string{nil, excluded} {
				set, _, err := js.Prepare(&attribution.Preparation{
					Window: attribution.Window{Click: c.window, Impression: c.window, Other: c.window}, Exclude: attribution.Exclude{Names: out},
				})
				if err != nil {
					t.Fatal(err)
				}
				res := run(t, set, attribution.Rule(c.model))
				want := reference(ps, c.window, out, c.weigh)
				for name, w := range want {
					if got := res.Credit(name).Conversions; !near(got, w, 1e-9) {
						t.Errorf("%s of %v, %v, without %q: %s %v, want %v", name, half, c.window, out, name, got, w)
					}
				}
				for _, cr := range res.Credits {
					if _, ok := want[cr.Channel]; !ok && cr.Conversions != 0 {
						t.Errorf("%s: %+v", name, cr)
					}
				}
			}
		}
	}
	eachSet(t, func(t *testing.T, r *rand.Rand, timed bool, ps []attribution.Path) {
		if timed {
			check(t, r, setOf(t, ps...))
		}
	})
	times := uint64(3)
	if testing.Short() {
		times = 1
	}
	for i := range times {
		check(t, rand.New(rand.NewPCG(8, i)), pathsFile(t, "timed_paths.csv", true))
	}
}

// Markov of orders 1 to 5, with nulls and without, on random sets and on a shared file.
func TestMarkovAgreesWithPowerIteration(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, ps []attribution.Path, k int) {
		t.Helper()
		converted := slices.DeleteFunc(slices.Clone(ps), func(p attribution.Path) bool { return !p.Converted })
		js := setOf(t, ps...)
		if js.Conversions() == 0 {
			return
		}
		for _, m := range []attribution.Markov{{Order: k}, {Order: k, DropNulls: true}} {
			res, by := run(t, js, m), ps
			if m.DropNulls {
				by = converted
			}
			effects, sum := map[string]float64{}, 0.0
			for _, name := range js.Channels() {
				effects[name] = removalByHand(by, k, name)
				sum += effects[name]
			}
			all := js.Conversions() - res.Credit(attribution.Unattributed).Conversions
			for name, e := range effects {
				if c := res.Credit(name); !near(c.Removal, e, 1e-9) || sum > 0 && !near(c.Conversions, all*e/sum, 1e-9) {
					t.Errorf("%s %s: %+v, want %v of %v", m.Name(), name, c, e, sum)
				}
			}
		}
	}
	i := 0
	eachSet(t, func(t *testing.T, _ *rand.Rand, _ bool, ps []attribution.Path) {
		if i++; len(ps) <= 12 {
			check(t, ps, 1+i%5)
		}
	})
	var ps []attribution.Path
	for x := range pathsFile(t, "five_channels.csv", false).Rows() {
		for _, c := range []struct {
			n         float64
			converted bool
		}{{x.Conversions, true}, {x.Nulls, false}} {
			if c.n == 0 {
				continue
			}
			p := attribution.Path{Converted: c.converted, Weight: c.n}
			for _, name := range x.Channels {
				p.Steps = append(p.Steps, attribution.Step{Channel: name})
			}
			ps = append(ps, p)
		}
	}
	for k := 1; k <= 5; k++ {
		if k > 2 && testing.Short() {
			break
		}
		check(t, ps, k)
	}
}
