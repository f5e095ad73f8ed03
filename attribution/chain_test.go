package attribution_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tabi-go/tabi/attribution"
)

// Visitors who go to and fro ten thousand times before they decide: sweeps do not settle, and
// whoever asks is told. LU answers.
func TestSweepsThatDoNotSettleAreReported(t *testing.T) {
	t.Parallel()
	there := make([]attribution.Step, 10_000)
	for i := range there {
		there[i].Channel = string(rune('A' + i%2))
	}
	long := attribution.Path{Converted: true, Steps: there}
	js := setOf(t, long)
	m := attribution.Markov{Dense: 1}
	counts, err := attribution.NewCounts(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, counts, []attribution.Path{long})
	for name, f := range map[string]func() error{
		"attribute":  func() error { _, err := m.Attribute(js, nil); return err },
		"counts":     func() error { _, err := counts.Result(); return err },
		"conversion": func() error { _, err := m.Chain(js).Conversion(); return err },
		"remove": func() error {
			_, err := m.Chain(js).Remove(func(s []string) bool { return s[0] == "A" })
			return err
		},
		"visits": func() error { _, err := m.Chain(js).Visits(); return err },
		"bootstrap": func() error {
			// The set settles thanks to one short journey more, replicates without it do not.
			both := setOf(t, long, attribution.Path{Converted: true, Steps: there[:2]})
			if _, err := m.Attribute(both, noInterval); err != nil {
				t.Errorf("both: %v", err)
			}
			_, err := m.Attribute(both, &attribution.Options{Interval: attribution.Interval{Method: attribution.Bootstrap, Reps: 8}})
			return err
		},
	} {
		if err := f(); !errors.Is(err, attribution.ErrNotConverged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if res := run(t, js, attribution.Markov{}); !near(res.Credit("A").Removal, 1, 1e-9) || !near(res.Credit("B").Removal, 1, 1e-9) {
		t.Errorf("exactly: %+v", res.Credits)
	}
}

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
	last, err := ch.Remove(func(s []string) bool { return s[len(s)-1] == "A" }) // the start is not asked about
	if err != nil || !near(last, res.Credit("A").Removal, 1e-12) {
		t.Errorf("last is A: %v %v", last, err)
	}
	second := attribution.Markov{Order: 2}.Chain(js)
	ab, err := second.Remove(func(s []string) bool { return slices.Equal(s, []string{"A", "B"}) })
	if err != nil || !(0 < ab && ab < 1) {
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
