package attribution_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

// milestonePath has a step a day named by the letters, and milestones written as
// "known C" for one at the instant of step C.
func milestonePath(letters string, milestones ...string) attribution.Path {
	begin := time.Date(2026, 2, 1, 10, 0, 0, 0, time.UTC)
	p := attribution.Path{Converted: true, Value: 1000, End: begin.AddDate(0, 0, len(letters))}
	at := map[string]time.Time{}
	for i, c := range letters {
		t := begin.AddDate(0, 0, i)
		at[string(c)] = t
		p.Steps = append(p.Steps, attribution.Step{Channel: string(c), At: t})
	}
	for _, m := range milestones {
		name, step, _ := strings.Cut(m, " ")
		p.Milestones = append(p.Milestones, attribution.Milestone{Name: name, At: at[step]})
	}
	return p
}

func TestMilestoneModels(t *testing.T) {
	t.Parallel()
	w, full, u := attribution.WShaped(), attribution.FullPath(), attribution.LeadCreation()
	strict := w
	strict.Leftover = attribution.ToUnattributed
	for name, c := range map[string]struct {
		model attribution.Model
		path  attribution.Path
		want  map[string]float64
	}{
		"all in place":               {w, milestonePath("ABCDE", "known C", "opportunity E"), map[string]float64{"A": .3, "B": .05, "C": .3, "D": .05, "E": .3}},
		"two on one step":            {w, milestonePath("ABC", "known A", "opportunity C"), map[string]float64{"A": .6, "B": .1, "C": .3}},
		"nobody between":             {w, milestonePath("AB", "known B", "opportunity B"), map[string]float64{"A": 1. / 3, "B": 2. / 3}},
		"nobody between, kept apart": {strict, milestonePath("AB", "known B", "opportunity B"), map[string]float64{"A": .3, "B": .6, attribution.Unattributed: .1}},
		"one missing":                {w, milestonePath("ABC", "opportunity C"), map[string]float64{"A": .45, "B": .1, "C": .45}},
		"nothing after the last":     {w, milestonePath("ABCDE", "known B", "opportunity C"), map[string]float64{"A": .3 / .9, "B": .3 / .9, "C": .3 / .9}},
		"full path": {full, milestonePath("ABCDEFG", "known C", "opportunity E"),
			map[string]float64{"A": .225, "B": .1 / 3, "C": .225, "D": .1 / 3, "E": .225, "F": .1 / 3, "G": .225}},
		"worth nothing, and no intermediate": {attribution.Milestones{Weights: []attribution.MilestoneWeight{{Name: "mql"}, {Name: "won", Weight: 3}}, Rest: 1},
			milestonePath("ABC", "mql B"), map[string]float64{"A": .25, "C": .75}},
		"lead creation": {u, milestonePath("ABC", "known C"), map[string]float64{"A": .5, "C": .5}},
		"no milestone":  {attribution.Milestones{Weights: []attribution.MilestoneWeight{{Name: "mql", Weight: 1}}}, milestonePath("AB"), map[string]float64{attribution.Unattributed: 1}},
	} {
		js := setOf(t, c.path)
		res := run(t, js, attribution.Rule(c.model))
		sum := int64(0)
		for _, cr := range res.Credits {
			sum += cr.Value
			if !near(cr.Conversions, c.want[cr.Channel], 1e-12) {
				t.Errorf("%s: %s %v, want %v", name, cr.Channel, cr.Conversions, c.want[cr.Channel])
			}
		}
		if sum != 1000 {
			t.Errorf("%s: value %d", name, sum)
		}
	}
}

func TestMilestoneBetweenSteps(t *testing.T) {
	t.Parallel()
	next := milestonePath("XYZ") // a row behind it, whose steps are not of this path
	next.Converted, next.Value = false, 0
	for _, c := range []struct {
		after           time.Duration // the step B
		before, nearest string
	}{
		{-25 * time.Hour, attribution.Unattributed, "A"}, {-20 * time.Hour, "A", "A"}, {-12 * time.Hour, "A", "A"}, {-11 * time.Hour, "A", "B"},
		{12 * time.Hour, "B", "B"}, {20 * time.Hour, "B", "C"}, {30 * time.Hour, "C", "C"}, {47 * time.Hour, "C", "C"},
	} {
		p := milestonePath("ABC")
		p.Milestones = []attribution.Milestone{{Name: "mql", At: p.Steps[1].At.Add(c.after)}}
		for closest, want := range map[attribution.Closest]string{attribution.Before: c.before, attribution.Nearest: c.nearest} {
			m := attribution.Milestones{Weights: []attribution.MilestoneWeight{{Name: "mql", Weight: 1}}, Closest: closest}
			if c := run(t, setOf(t, p, next), attribution.Rule(m)).Credit(want); c.Conversions != 1 {
				t.Errorf("%v: %+v", closest, c)
			}
		}
	}
}

func TestMilestonesOfUntimedRowsFollowTheirSteps(t *testing.T) {
	t.Parallel()
	js := rows(t, attribution.Row{Channels: []string{"A", "B", "C", "D"}, Milestones: [][]string{nil, nil, {"known"}, {"opportunity"}}, Conversions: 1})
	out, _, err := js.Prepare(&attribution.Preparation{Exclude: attribution.Exclude{Names: []string{"C"}}})
	if err != nil {
		t.Fatal(err)
	}
	res := run(t, out, attribution.Rule(attribution.WShaped()))
	for name, want := range map[string]float64{"A": 1. / 3, "B": 1. / 3, "D": 1. / 3} {
		if got := res.Credit(name).Conversions; !near(got, want, 1e-12) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAccountPathOfThreePeopleWithRoles(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 2, 1, 10, 0, 0, 0, time.UTC)
	p := attribution.Path{Subject: "acme", Converted: true, Value: 90_000, End: begin.AddDate(0, 0, 9), Steps: []attribution.Step{
		{Channel: "Webinar", At: begin, Actor: "ann", Role: "champion"},
		{Channel: "Webinar", At: begin.Add(time.Minute), Actor: "bob", Role: "user"},
		{Channel: "Email", At: begin.AddDate(0, 0, 3), Actor: "bob", Role: "user"},
		{Channel: "Demo", At: begin.AddDate(0, 0, 5), Actor: "cleo", Role: "buyer"},
	}}
	js := setOf(t, p)
	byActor := func(js *attribution.Journeys) map[string]int64 {
		out := map[string]int64{}
		for _, e := range entries(t, js, attribution.Linear{}) {
			out[e.Actor] += e.Value
		}
		return out
	}
	if got := byActor(js); got["ann"] != 22_500 || got["bob"] != 45_000 || got["cleo"] != 22_500 {
		t.Error(got)
	}
	weighed, _, err := js.Prepare(&attribution.Preparation{Roles: map[string]float64{"buyer": 2, "user": 0}})
	if err != nil {
		t.Fatal(err)
	}
	if got := byActor(weighed); got["ann"] != 30_000 || got["bob"] != 0 || got["cleo"] != 60_000 {
		t.Error(got)
	}
	once, rep, err := js.Prepare(&attribution.Preparation{OncePerEvent: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := byActor(once); got["ann"] != 30_000 || got["bob"] != 30_000 || rep.Dropped[attribution.RepeatTouch] != 1 {
		t.Error(got, rep)
	}
	half, _, err := js.Prepare(&attribution.Preparation{StepWeight: func(s attribution.Step) float64 {
		if s.Channel == "Webinar" {
			return .5
		}
		return 1
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got := byActor(half); got["ann"] != 15_000 || got["cleo"] != 30_000 {
		t.Error(got)
	}
}

// Who becomes known twice became known the first time, in whatever order it is said.
func TestTheFirstOfTwoMilestonesCounts(t *testing.T) {
	t.Parallel()
	m := attribution.Milestones{Weights: []attribution.MilestoneWeight{{Name: "known", Weight: 1}}}
	for _, known := range [][]string{{"known B", "known C"}, {"known C", "known B"}} {
		if c := run(t, setOf(t, milestonePath("ABCD", known...)), attribution.Rule(m)).Credit("B"); c.Conversions != 1 {
			t.Errorf("%q: %+v", known, c)
		}
	}
}

// A weight below 0 is refused whatever the path, as that of any rule is.
func TestMilestonesOfWeightsBelowZeroAreRefused(t *testing.T) {
	t.Parallel()
	weights := func(known float64) []attribution.MilestoneWeight {
		return []attribution.MilestoneWeight{{Name: "known", Weight: known}, {Name: "won", Weight: 9}}
	}
	for _, m := range []attribution.Milestones{
		{Weights: weights(9), Rest: -1},
		{Weights: weights(9), Rest: -1, Leftover: attribution.ToUnattributed},
		{Weights: weights(-1), Rest: 1},
		{Weights: weights(-1)},
		{Weights: weights(math.NaN())},
		{Weights: weights(9), Rest: math.NaN()},
	} {
		for _, p := range []attribution.Path{milestonePath("ABC", "known A"), milestonePath("AB", "known A"), milestonePath("AB", "known B"), milestonePath("A"), milestonePath("AB")} {
			_, err := attribution.Rule(m).Attribute(setOf(t, p), noInterval)
			_, explained := attribution.Explain(p, nil, m)
			for _, err := range []error{err, explained} {
				var in *attribution.InputError
				if !errors.As(err, &in) || in.Field != "weight" {
					t.Errorf("%+v, %d steps: %v", m, len(p.Steps), err)
				}
			}
		}
	}
}
