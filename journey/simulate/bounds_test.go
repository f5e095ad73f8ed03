package simulate_test

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/tabi-go/tabi/journey/simulate"
)

// Each number of a world is taken at its bound, and one step beyond it is not.
func TestNumbersOfAWorldAtTheirBounds(t *testing.T) {
	one := simulate.Accounts{Max: 1}
	for field, c := range map[string]struct {
		set            func(w *simulate.World, x float64)
		taken, refused []float64
	}{
		"Proxy":       {func(w *simulate.World, x float64) { w.Proxy = x }, []float64{-1, 1}, []float64{-1.01, 1.01}},
		"Loss":        {func(w *simulate.World, x float64) { w.Loss = x }, []float64{0, 1}, []float64{-.01, 1.01}},
		"Step":        {func(w *simulate.World, x float64) { w.Step = time.Duration(x) * time.Second }, []float64{60, 61}, []float64{59}},
		"Start":       {func(w *simulate.World, x float64) { w.Start = time.Date(int(x), 6, 1, 0, 0, 0, 0, time.UTC) }, []float64{1970, 9000}, []float64{1969, 9001}},
		"Channels":    {func(w *simulate.World, x float64) { w.Channels = channels(int(x)) }, []float64{20}, []float64{21}},
		"Personas[0]": {func(w *simulate.World, x float64) { w.Personas = []simulate.Persona{{Share: 1, Median: x}} }, []float64{0, 999_999}, []float64{1e6}},
		// The spread of what a persona is worth ends below 5: beyond it sums would have no meaning.
		"Personas[1]": {func(w *simulate.World, x float64) { w.Personas = []simulate.Persona{{Share: 1}, {Share: 1, Sigma: x}} }, []float64{0, 4.999}, []float64{5}},
		"Accounts": {func(w *simulate.World, x float64) {
			w.Accounts = &simulate.Accounts{Max: int(x)}
		}, []float64{1, 1000}, []float64{0, 1001}},
		"Accounts.Worth":  {func(w *simulate.World, x float64) { a := one; a.Worth = x; w.Accounts = &a }, []float64{0, 1e6}, []float64{1e6 + 1}},
		"Accounts.Shared": {func(w *simulate.World, x float64) { a := one; a.Shared = x; w.Accounts = &a }, []float64{0, 1}, []float64{1.01}},
		"Stages":          {func(w *simulate.World, x float64) { w.Stages = &simulate.Stages{Cool: time.Duration(x)} }, []float64{0}, []float64{-1}},
	} {
		for _, x := range append(c.taken, c.refused...) {
			w := scenario(t, "randomised")
			c.set(&w, x)
			var wrong *simulate.WorldError
			if err := w.Validate(); errors.As(err, &wrong) == (x == c.taken[0] || x == c.taken[len(c.taken)-1]) {
				t.Errorf("%s %v: %v", field, x, err)
			}
		}
	}
	for _, days := range []int{20_000, 20_001} {
		if _, err := scenario(t, "randomised").Run(1, 0, days); (err == nil) != (days == 20_000) {
			t.Errorf("%d days: %v", days, err)
		}
	}
	for _, step := range []time.Duration{864 * time.Second, 863 * time.Second} { // a million steps, and some more
		w := scenario(t, "randomised")
		w.Step = step
		if _, err := w.Run(1, 0, 10_000); (err == nil) != (step == 864*time.Second) {
			t.Errorf("steps of %s: %v", step, err)
		}
	}
}

func channels(n int) []simulate.Channel {
	var cs []simulate.Channel
	for i := range n {
		cs = append(cs, simulate.Channel{Name: fmt.Sprint("c", i), Kind: "click", Mu: .1, Tau: day})
	}
	return cs
}

// Ten channels have sets that can all be lived, eleven have not.
func TestTruthOfTenChannels(t *testing.T) {
	for _, n := range []int{10, 11} {
		_, err := run(t, simulate.World{Channels: channels(n)}, 1, 2, 2).Truth(nil)
		if (err == nil) != (n == 10) {
			t.Errorf("%d channels: %v", n, err)
		}
	}
}

// What a table of credits says does not depend on the order in which its rows are summed.
func TestScoreOfManyUnknownChannelsIsOne(t *testing.T) {
	credit := map[string]float64{"big": 1e17, "less": -1e17}
	for i := range 20 {
		credit[fmt.Sprint("c", i)] = 1.1
	}
	tr := &simulate.Truth{Full: 1, Channels: []string{"A"}, Shapley: map[string]float64{"A": 7}}
	want := fmt.Sprint(simulate.Score(tr, credit))
	for range 50 {
		if got := fmt.Sprint(simulate.Score(tr, credit)); got != want {
			t.Fatalf("%s, and before %s", got, want)
		}
	}
	if math.IsNaN(simulate.Score(tr, credit).TV) {
		t.Error("no score")
	}
}

// A synergy of no weight takes nothing away: sales still have causes.
func TestASynergyOfNoWeightLeavesCauses(t *testing.T) {
	w := scenario(t, "randomised")
	w.Synergy = map[[2]string]float64{{w.Channels[0].Name, w.Channels[1].Name}: 0}
	if truth(t, run(t, w, 1, 20, 5), &simulate.TruthOptions{SkipWorlds: true}).Trigger == nil {
		t.Error("no causes")
	}
}
