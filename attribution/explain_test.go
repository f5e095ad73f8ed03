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
