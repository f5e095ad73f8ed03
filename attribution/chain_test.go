package attribution_test

import (
	"slices"
	"testing"

	"github.com/tabi-go/tabi/attribution"
)

func TestChainAnswersForPairsAndSequences(t *testing.T) {
	t.Parallel()
	js := mini(t)
	res := run(t, js, attribution.Markov{})
	ch := attribution.Markov{}.Chain(js)
	p, err := ch.Conversion()
	if err != nil || !near(p, 7./17, 1e-12) {
		t.Errorf("%v %v", p, err)
	}
	for _, name := range js.Channels() {
		re, err := ch.Remove(func(s []string) bool { return slices.Contains(s, name) })
		if err != nil || !near(re, res.Credit(name).Removal, 1e-12) {
			t.Errorf("%s: %v, %v", name, re, err)
		}
	}
	all, err := ch.Remove(func([]string) bool { return true })
	if err != nil || !near(all, 1, 1e-12) {
		t.Errorf("everything: %v %v", all, err)
	}
	second := attribution.Markov{Order: 2}.Chain(js)
	ab, err := second.Remove(func(s []string) bool { return slices.Equal(s, []string{"A", "B"}) })
	if err != nil || ab <= 0 || ab >= 1 {
		t.Errorf("A then B: %v %v", ab, err)
	}
	visits, err := ch.Visits()
	if err != nil || visits[0] != 1 {
		t.Errorf("%v %v", visits, err)
	}
	out := 0.0
	for i := range ch.States {
		out += ch.Prob(0, i)
	}
	if !near(out, 1, 1e-12) {
		t.Errorf("the start is left with probability %v", out)
	}
}
