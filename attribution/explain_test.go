package attribution_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

func TestExplainAddsUpForEveryModel(t *testing.T) {
	t.Parallel()
	prep := &attribution.Preparation{
		Exclude: attribution.Exclude{Names: []string{"B"}}, Transforms: []attribution.Transform{attribution.Exposure()}, LastSteps: 4,
	}
	eachSet(t, func(t *testing.T, _ *rand.Rand, timed bool, ps []attribution.Path) {
		js := setOf(t, ps...)
		for _, a := range conserving(timed) {
			m := run(t, js, a).Split
			for _, p := range ps {
				for _, prep := range []*attribution.Preparation{nil, prep} {
					scs, err := attribution.Explain(p, prep, m)
					if err != nil {
						t.Fatal(err)
					}
					sum, value, steps := 0.0, int64(0), 0
					for _, sc := range scs {
						sum += sc.Credit
						value += sc.Value
						if sc.Step.Channel == attribution.Unattributed {
							continue
						}
						steps++
						if sc.Reason == "" {
							t.Errorf("%s: no reason: %+v", a.Name(), sc)
						}
					}
					if !near(sum, 1, 1e-12) || value != p.Value || steps != len(p.Steps) {
						t.Errorf("%s: credits %v, value %d of %d, %d steps of %d", a.Name(), sum, value, p.Value, steps, len(p.Steps))
					}
				}
			}
		}
	})
}

func TestExplainSaysWhyStepsDoNotCount(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 4, 30, 0, 0, 0, 0, time.UTC)
	at := func(days int) time.Time { return end.AddDate(0, 0, -days) }
	p := attribution.Path{End: end, Converted: true, Milestones: []attribution.Milestone{{Name: "known", At: at(25)}}, Steps: []attribution.Step{
		{Channel: "Email", At: at(-1)},
		{Channel: "Search", At: at(0), Kind: attribution.Click},
		{Channel: "Direct", At: at(1)},
		{Channel: "Ads", At: at(2), Kind: attribution.Impression},
		{Channel: "Email", At: at(3)},
		{Channel: "Email", At: at(4)},
		{Channel: "Search", At: at(20)},
		{Channel: "Ads", At: at(28)},
		{Channel: "Ads", At: at(31)},
		{Channel: "Fair", At: at(22)},
		{Channel: "Shop", At: at(23)},
	}}
	scs, err := attribution.Explain(p, &attribution.Preparation{
		Window: attribution.Window{Other: 30 * 24 * time.Hour}, After: "known", TouchGap: 30 * time.Hour, ClicksFirst: true,
		Exclude: attribution.Exclude{Match: attribution.Direct, Names: []string{"Shop"}}, LastSteps: 3,
	}, attribution.Last{})
	if err != nil {
		t.Fatal(err)
	}
	var got []attribution.Reason
	for _, sc := range scs {
		got = append(got, sc.Reason)
	}
	want := []attribution.Reason{
		attribution.OutsideWindow, attribution.BeforeMilestone, attribution.Excluded, attribution.TooManySteps, attribution.ZeroWeight,
		attribution.ZeroWeight, attribution.RepeatTouch, attribution.ImpressionAfter, attribution.DirectTouch, attribution.ReasonLast,
		attribution.AfterConversion,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// What Explain says of each sale of a subject adds up to what the set says.
func TestExplainLooksAtTheOtherPathsOfASubject(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(d int) time.Time { return start.AddDate(0, 0, d) }
	buy := func(day int, channels ...string) attribution.Path {
		p := attribution.Path{Subject: "s", End: at(day), Converted: true, Value: 100}
		for i, c := range channels {
			p.Steps = append(p.Steps, attribution.Step{Channel: c, At: at(day - 1).Add(time.Duration(i) * time.Minute)})
		}
		return p
	}
	all := []attribution.Path{buy(2, "A"), buy(3, "B"), buy(20, "C", "A")}
	for name, prep := range map[string]*attribution.Preparation{
		"each": {}, "overlap": {Cycle: attribution.CycleOverlap}, "first": {Cycle: attribution.CycleFirst},
		"last": {Cycle: attribution.CycleLast}, "gap": {ConversionGap: 48 * time.Hour},
	} {
		set, _, err := setOf(t, all...).Prepare(prep)
		if err != nil {
			t.Fatal(err)
		}
		want := run(t, set, attribution.Rule(attribution.Linear{}))
		got := map[string]float64{}
		value := int64(0)
		for i, p := range all {
			others := slices.Delete(slices.Clone(all), i, i+1)
			scs, err := attribution.Explain(p, prep, attribution.Linear{}, others...)
			if err != nil {
				t.Fatal(err)
			}
			for _, sc := range scs {
				got[sc.Step.Channel] += sc.Credit
				value += sc.Value
				why := attribution.AfterConversion // of the sale that counts
				if name == "last" {
					why = attribution.RepeatTouch // by a later one
				}
				if sc.Credit == 0 && sc.Reason != why {
					t.Errorf("%s: %+v", name, sc)
				}
			}
		}
		if value != want.Value {
			t.Errorf("%s: value %d, of the set %d", name, value, want.Value)
		}
		for _, c := range want.Credits {
			if !near(got[c.Channel], c.Conversions, 1e-12) {
				t.Errorf("%s: %s %v, of the set %v", name, c.Channel, got[c.Channel], c.Conversions)
			}
		}
	}
}
