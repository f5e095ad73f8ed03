package attribution_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tabi-go/tabi/attribution"
)

// Invariant 4 where sums are rounded: tenths of journeys do not add up exactly, so any order
// but one of content would show in the last bit.
func TestTenthsOfJourneysAddUpInOneOrder(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(11, 1))
	ps := plainWorld.paths(3, 60, 20)
	for i := range ps {
		ps[i].Weight = float64(1+r.IntN(29)) / 10
	}
	// Three ways to end that sell half of the time, by three different weights.
	for i, channel := range []string{"X", "Y", "Z"} {
		for _, sold := range []bool{false, true} {
			p := letters("A" + channel)
			p.Converted, p.Weight = sold, float64(1+i)/10
			ps = append(ps, p)
		}
	}
	reading := func(ps []attribution.Path) map[string]string {
		js := setOf(t, ps...)
		got := map[string]string{}
		for _, iv := range []attribution.Interval{{Reps: 5, Seed: 3}, {Method: attribution.Delta}} {
			for _, a := range []attribution.Attributor{
				attribution.Markov{}, attribution.Markov{Order: 2}, attribution.Markov{Order: 6}, attribution.Markov{Order: 2, Dense: 1},
				attribution.Markov{Per: attribution.PerJourney}, attribution.Shapley{Game: attribution.Rate}, attribution.ShaoLi{}, attribution.Fractribution{},
				attribution.Hazard{}, attribution.Lineage{}, attribution.Rule(attribution.TimeDecay{}),
			} {
				res, err := a.Attribute(js, &attribution.Options{Interval: iv})
				if err != nil {
					t.Fatal(err)
				}
				params := fmt.Sprintf("%+v", res.Params)
				if p, ok := res.Params.(*attribution.LineageParams); ok {
					params = fmt.Sprintf("%+v %v %v %v", *p.Hazard, p.Excitation, p.Events, p.Radius)
				}
				got[fmt.Sprintf("%s %+v, %v", a.Name(), a, iv)] = fmt.Sprintf("%+v %v %s", res.Credits, res.Tied, params)
			}
		}
		fits, err := attribution.SelectOrder(js, 3, &attribution.Options{Interval: attribution.Interval{Reps: 3}})
		if err != nil {
			t.Fatal(err)
		}
		got["orders"] = fmt.Sprintf("%+v", fits)
		for order := range 3 {
			c := attribution.Markov{Order: order + 1}.Chain(js)
			p, err := c.Conversion()
			visits, err2 := c.Visits()
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			got[fmt.Sprint("chain ", order)] = fmt.Sprint(c.States, p, visits)
			x, err := attribution.NewCounts(attribution.Markov{Order: order + 1, Dense: 1}, nil)
			if err != nil {
				t.Fatal(err)
			}
			fill(t, x, ps)
			res, err := x.Result()
			if err != nil {
				t.Fatal(err)
			}
			got[fmt.Sprint("counts ", order)] = fmt.Sprintf("%+v", res.Credits)
		}
		return got
	}
	want, set := reading(ps), encoded(t, setOf(t, ps...))
	for range 4 {
		other := shuffled(r, ps)
		if !bytes.Equal(set, encoded(t, setOf(t, other...))) {
			t.Fatal("the order of arrival shows in the set")
		}
		for name, got := range reading(other) {
			if got != want[name] {
				t.Errorf("%s:\n%s\n%s", name, got, want[name])
			}
		}
	}
}
