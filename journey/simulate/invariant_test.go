package simulate_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"reflect"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tabi-go/tabi/journey/simulate"
	"github.com/tabi-go/tabi/touchpoint"
)

// Invariant 1: same world, seed and size, same bytes, also when run at the same time and
// however many records are held at once.
func TestSameSeedSameTouches(t *testing.T) {
	worlds(t, func(t *testing.T, w simulate.World, seed uint64, users, days int) {
		if seed%2 == 0 {
			w = observed(w)
		}
		p := run(t, w, seed, users, days)
		want := digest(p)
		var all sync.WaitGroup
		for _, q := range []*simulate.Population{p, run(t, w, seed, users, days), p.StepByStep()} {
			all.Go(func() {
				if got := digest(q); got != want {
					t.Errorf("digest %s, want %s", got, want)
				}
			})
		}
		all.Wait()
		if users > 10 && digest(run(t, w, seed+1, users, days)) == want {
			t.Error("another seed gives the same touches")
		}
	})
}

// Invariant 1, on every machine: these digests are the same for GOAMD64=v3 and GOARCH=386,
// and for any GOMAXPROCS.
func TestPinnedDigests(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine on one processor: not with -short")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	want := map[string]string{
		"randomised":     "29e12d8ed8e3e412",
		"fragmented":     "23a6255dafe56136",
		"b2b":            "73a93fe4a7eff3e2",
		"company":        "ecd81c6bd7fa0b10",
		"rare":           "5888d7de8f33fd6a",
		"decay":          "afc7054a30a14a16",
		"confounded":     "29464e6a0c499614",
		"mediated":       "d4a0915ec8e891e8",
		"baseline_heavy": "97e2cb5d8c49b958",
		"synergy":        "7bcde2085d1b282d",
		"multiplicative": "e3379a5b14b31216",
		"all":            "b9b1f8128f475d62",
	}
	if len(simulate.Scenarios()) != len(want) {
		t.Errorf("the scenarios are %q", simulate.Scenarios())
	}
	for _, name := range simulate.Scenarios() {
		p := run(t, scenario(t, name), 1, 300, 60)
		text, err := json.Marshal(truth(t, p, nil))
		if err != nil {
			t.Fatal(err)
		}
		h := fnv.New64a()
		fmt.Fprint(h, digest(p), string(text), people(p))
		if got := fmt.Sprintf("%016x", h.Sum64()); got != want[name] {
			t.Errorf("%q: %q,", name, got)
		}
	}
}

// Invariant 1: whoever else there is, a person stays the same.
func TestPersonIsTheSameInAnyPopulation(t *testing.T) {
	worlds(t, func(t *testing.T, w simulate.World, seed uint64, users, days int) {
		if seed%2 == 0 {
			w.Accounts = scenario(t, "b2b").Accounts
			w.Accounts.Known = nil
		}
		few, many := people(run(t, w, seed, users/4, days)), people(run(t, w, seed, users, days))
		if len(few) != users/4 || len(many) != users {
			t.Fatalf("%d and %d people, want %d and %d", len(few), len(many), users/4, users)
		}
		for i := range few {
			if !reflect.DeepEqual(few[i], many[i]) {
				t.Fatalf("person %d of %d is %+v, of %d %+v", i, len(few), few[i], len(many), many[i])
			}
		}
	})
}

// Invariant 2: where no channel does harm, one more never prevents a sale nor delays it.
func TestMoreChannelsNeverSellLess(t *testing.T) {
	worlds(t, func(t *testing.T, w simulate.World, seed uint64, users, days int) {
		if len(w.Channels) == 0 {
			return
		}
		c := int(seed) % len(w.Channels)
		without := people(run(t, without(w, c), seed, users, days))
		for i, with := range people(run(t, w, seed, users, days)) {
			before := without[i].Converted
			if !before.IsZero() && (with.Converted.IsZero() || with.Converted.After(before)) {
				t.Fatalf("person %d: sale at %v without channel %d, at %v with it", i, before, c, with.Converted)
			}
		}
	})
}

// sales counts the conversions of a population.
func sales(p *simulate.Population) (n int) {
	for _, person := range people(p) {
		if !person.Converted.IsZero() {
			n++
		}
	}
	return n
}

// Invariant 5: what comes by itself comes at the stated rate.
func TestBaselineIsItsRate(t *testing.T) {
	t.Parallel()
	w := scenario(t, "randomised")
	for c := range w.Channels {
		w.Channels[c].Off = true
	}
	const users, days = 20_000, 30
	p := 1 - math.Exp(-w.Base*days)
	for seed := range seeds(3) {
		n := float64(sales(run(t, w, seed, users, days)))
		if sd := math.Sqrt(users * p * (1 - p)); math.Abs(n-users*p) > 4*sd {
			t.Errorf("seed %d: %v sales, want %v ± %v", seed, n, users*p, sd)
		}
	}
}

// Invariant 6: without effects there is no cause but the baseline.
func TestWithoutEffectsAllIsBaseline(t *testing.T) {
	worlds(t, func(t *testing.T, w simulate.World, seed uint64, users, days int) {
		for c := range w.Channels {
			w.Channels[c].Beta = 0
		}
		for person := range run(t, w, seed, users, days).People() {
			if c := person.Cause.Channel; !person.Converted.IsZero() && c != "(baseline)" || person.Cause.Touch != (touchpoint.Key{}) {
				t.Fatalf("cause %+v", person.Cause)
			}
		}
	})
}

// Invariant 7: on the first step touches are as many as stated, whether or not they are aimed.
func TestFirstStepTouchesAreBinomial(t *testing.T) {
	t.Parallel()
	const users = 20_000
	for _, rho := range []float64{0, .8} {
		w := scenario(t, "randomised")
		for c := range w.Channels {
			w.Channels[c].Rho = rho
		}
		for seed := range seeds(1) {
			n := map[touchpoint.Channel]float64{}
			for tp := range run(t, w, seed, users, 1).Touches() {
				n[tp.Channel]++
			}
			for _, c := range w.Channels {
				want := users * c.Mu
				if sd := math.Sqrt(want) * (1 + rho); math.Abs(n[touchpoint.Channel(c.Name)]-want) > 4*sd {
					t.Errorf("rho %v, seed %d: %v touches of %s, want %v ± %v", rho, seed, n[touchpoint.Channel(c.Name)], c.Name, want, sd)
				}
			}
		}
	}
}

// Invariant 8: a touch brings another with the stated excitation, a step later and no more.
func TestExcitationIsItsRate(t *testing.T) {
	t.Parallel()
	w := scenario(t, "randomised")
	w.Excite = map[[2]string]float64{{"Display", "Paid Search"}: .25}
	w.Base = 0
	for c := range w.Channels {
		w.Channels[c].Beta = 0
	}
	for seed := range seeds(1) {
		checkExcitation(t, w, seed)
	}
}

func checkExcitation(t *testing.T, w simulate.World, seed uint64) {
	t.Helper()
	const users, days = 10_000, 10
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	display, search := make([]bool, users*days), make([]bool, users*days)
	for tp := range run(t, w, seed, users, days).Touches() {
		user, err := strconv.Atoi(tp.IDs[0].Value()[1:])
		if err != nil {
			t.Fatal(err)
		}
		at := user*days + int(tp.At.Sub(start)/day)
		display[at] = display[at] || tp.Channel == "Display"
		search[at] = search[at] || tp.Channel == "Paid Search"
	}
	var n, hits [2]float64 // after no display, after one
	for at := range display {
		if at%days == 0 {
			continue
		}
		after := 0
		if display[at-1] {
			after = 1
		}
		n[after]++
		if search[at] {
			hits[after]++
		}
	}
	p, q := hits[1]/n[1], hits[0]/n[0]
	if sd := math.Sqrt(p*(1-p)/n[1] + q*(1-q)/n[0]); !(math.Abs(p-q-.25) <= 4*sd) {
		t.Errorf("excitation %v ± %v, want .25", p-q, sd)
	}
}

// Invariant 12: the smallest sizes work.
func TestSmallestSizes(t *testing.T) {
	t.Parallel()
	for _, name := range simulate.Scenarios() {
		for _, users := range []int{0, 1} {
			for _, days := range []int{0, 1} {
				w := scenario(t, name)
				p := run(t, w, 1, users, days)
				digest(p)
				if got := len(people(p)); got != users {
					t.Errorf("%s: %d people, want %d", name, got, users)
				}
				w.Channels, w.Excite, w.Synergy = nil, nil, nil
				if w.Accounts != nil {
					w.Accounts.Known = nil
				}
				if got := len(people(run(t, w, 1, users, days))); got != users {
					t.Errorf("%s without channels: %d people, want %d", name, got, users)
				}
			}
		}
	}
}

// Within a person causes come before effects, and everything inside of the world's time.
func TestTimesAreInsideAndOrdered(t *testing.T) {
	worlds(t, func(t *testing.T, w simulate.World, seed uint64, users, days int) {
		start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
		sold := map[string]time.Time{}
		arrived := start
		for tp := range run(t, w, seed, users, days).Touches() {
			if tp.At.Before(start) || !tp.At.Before(start.Add(time.Duration(days)*day)) || tp.ReceivedAt.Before(tp.At) {
				t.Fatalf("touch at %v, received %v", tp.At, tp.ReceivedAt)
			}
			if tp.ReceivedAt.Before(arrived) {
				t.Fatalf("%v arrived after %v", tp.ReceivedAt, arrived)
			}
			arrived = tp.ReceivedAt
			user := tp.IDs[len(tp.IDs)-1].Value()
			if _, ok := sold[user]; ok && tp.Kind != touchpoint.KindStageChange {
				t.Fatalf("%s after the sale", tp.Kind)
			}
			if tp.Kind == touchpoint.KindOrder {
				sold[user] = tp.At
			}
		}
	})
}
