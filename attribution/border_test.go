package attribution_test

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

// A step exactly at a border: windows, gaps, bands and limits are inclusive, what has to be
// closer or younger is not.
func TestPreparationAtTheBorder(t *testing.T) {
	t.Parallel()
	lost := letters("XAB")
	lost.End = lost.End.AddDate(0, 0, 30) // a month after the last step, from which it counts
	for name, c := range map[string]struct {
		path attribution.Path
		prep attribution.Preparation
		want string
	}{
		"window of a null": {lost, attribution.Preparation{Window: attribution.Window{Other: day}}, "A B"},
		"window, at":       {won("AB", 1), attribution.Preparation{Window: attribution.Window{Other: day}}, "A B"},
		"window, beyond":   {won("AB", 1), attribution.Preparation{Window: attribution.Window{Other: day - time.Microsecond}}, "B"},
		"window of clicks": {won("AB", 1), attribution.Preparation{Window: attribution.Window{Click: time.Hour}}, "A B"},
		"after, at":        {milestonePath("ABC", "known B"), attribution.Preparation{After: "known"}, "B C"},
		"recency, today":   {won("AB", 1), attribution.Preparation{Transforms: []attribution.Transform{attribution.Recency(0, 1)}}, "A(1d) B(0d)"},
		"touch gap, at":    {won("AAB", 1), attribution.Preparation{TouchGap: day}, "A B"},
		"touch gap, below": {won("AAB", 1), attribution.Preparation{TouchGap: day - time.Microsecond}, "A A B"},
		"recency, at":      {won("AB", 1), attribution.Preparation{Transforms: []attribution.Transform{attribution.Recency(1)}}, "A(1d) B(1d)"},
		"recency, beyond":  {won("AXB", 1), attribution.Preparation{Transforms: []attribution.Transform{attribution.Recency(1)}}, "A(>1d) X(1d) B(1d)"},
		"as many steps":    {won("AB", 1), attribution.Preparation{LastSteps: 2}, "A B"},
		"one step more":    {won("AB", 1), attribution.Preparation{LastSteps: 1}, "B"},
	} {
		out, _, err := setOf(t, c.path).Prepare(&c.prep)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := channelsOf(t, out); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	null := letters("A")
	null.End = null.End.Add(30 * day)
	for after, open := range map[time.Duration]float64{30 * day: 0, 30*day + time.Microsecond: 1} {
		if _, rep, err := setOf(t, null).Prepare(&attribution.Preparation{OpenAfter: after}); err != nil || rep.Open != open {
			t.Errorf("open after %v: %v, %v", after, rep.Open, err)
		}
	}
	first, second := won("A", 1), won("B", 1)
	first.Subject, second.Subject, second.End = "s", "s", second.End.Add(day)
	for gap, merged := range map[time.Duration]float64{day: 0, day + time.Microsecond: 1} {
		if _, rep, err := setOf(t, first, second).Prepare(&attribution.Preparation{ConversionGap: gap}); err != nil || rep.Merged != merged {
			t.Errorf("gap %v: %v, %v", gap, rep.Merged, err)
		}
	}
	if got := run(t, setOf(t, won("AB", 1)), attribution.Rule(attribution.SameTouch{Within: day})).Credit("A").Conversions; got != .5 {
		t.Errorf("same touch: %v", got)
	}
}

func TestInputsAtTheLimitAreTaken(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	steps := make([]attribution.Step, 10_000)
	for i := range steps {
		steps[i].Channel = "A"
	}
	for name, p := range map[string]attribution.Path{
		"steps":             {Steps: steps},
		"name":              {Steps: []attribution.Step{{Channel: strings.Repeat("x", 1024)}}},
		"start at the end":  {Start: now, End: now, Steps: []attribution.Step{{Channel: "A", At: now}}},
		"year 1":            {End: time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC)},
		"year 9999":         {End: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)},
		"step in year 1":    {End: now, Steps: []attribution.Step{{Channel: "A", At: time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC)}}},
		"step in year 9999": {Steps: []attribution.Step{{Channel: "A", At: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}}},
	} {
		var js attribution.Journeys
		if err := js.Add(p); err != nil || js.Nulls() != 1 || js.Touches() != float64(len(p.Steps)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRowsMayHaveStepsOfOneAgeAndOfNoWeight(t *testing.T) {
	t.Parallel()
	js := rows(t, attribution.Row{Channels: []string{"A", "B", "C"}, Ages: []time.Duration{day, day, 0}, Weights: []float64{0, 1, 3}, Conversions: 1})
	res := run(t, js, attribution.Rule(attribution.Linear{}))
	for name, want := range map[string]float64{"A": 0, "B": .25, "C": .75} {
		if got := res.Credit(name).Conversions; got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What is wrong with a rule of the caller ends a ledger and an explanation, too.
func TestRulesThatMisbehaveEndLedgersAndExplanations(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func([]float64, attribution.View){
		"panics":       func([]float64, attribution.View) { panic("secret") },
		"not a number": func(w []float64, _ attribution.View) { w[0] = math.NaN() },
		"below 0":      func(w []float64, _ attribution.View) { w[0] = -1 },
	} {
		m := attribution.Func("f", f)
		_, explained := attribution.Explain(won("AB", 7), nil, m)
		var listed error
		entries := 0
		for _, err := range attribution.Ledger(setOf(t, won("AB", 7), won("B", 1)), m) {
			if entries++; err != nil {
				listed = err
			}
		}
		if entries != 1 {
			t.Errorf("%s: %d entries", name, entries)
		}
		for _, err := range []error{explained, listed} {
			var cb *attribution.CallbackError
			var in *attribution.InputError
			if !errors.As(err, &cb) && !errors.As(err, &in) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Paths that differ in one thing alone come out in its order, however they were added.
func TestRowsComeInOneOrder(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(low, high *attribution.Path){
		"channel": func(_, p *attribution.Path) { p.Steps[0].Channel = "AA" },
		"subject": func(_, p *attribution.Path) { p.Subject = "t" },
		"stratum": func(_, p *attribution.Path) { p.Stratum = "t" },
		"start":   func(_, p *attribution.Path) { p.Start = p.Start.Add(time.Second) },
		"age":     func(_, p *attribution.Path) { p.Steps[0].At = p.Steps[0].At.Add(-time.Second) },
		"kind":    func(_, p *attribution.Path) { p.Steps[0].Kind = attribution.Click },
		"weight":  func(_, p *attribution.Path) { p.Steps[0].Weight = 2 },
		"cost":    func(_, p *attribution.Path) { p.Steps[0].Cost = 2 },
		"source":  func(_, p *attribution.Path) { p.Steps[0].Source = "t" },
		"id":      func(_, p *attribution.Path) { p.Steps[0].ID = "t" },
		"actor":   func(_, p *attribution.Path) { p.Steps[0].Actor = "t" },
		"role":    func(_, p *attribution.Path) { p.Steps[0].Role = "t" },
		"milestone": func(_, p *attribution.Path) {
			p.Milestones = []attribution.Milestone{{Name: "known", At: p.End}}
		},
		"when a milestone was": func(low, high *attribution.Path) {
			low.Milestones = []attribution.Milestone{{Name: "known", At: low.End}, {Name: "known", At: low.End}}
			high.Milestones = []attribution.Milestone{{Name: "known", At: low.End}, {Name: "known", At: low.End.Add(-time.Second)}}
		},
		"change": func(_, p *attribution.Path) {
			p.Changes = []attribution.Change{{Stratum: "t", At: p.End}}
		},
	} {
		low, high := won("AB", 1), won("AB", 2)
		change(&low, &high)
		a, b := setOf(t, low, high), setOf(t, high, low)
		if !bytes.Equal(encoded(t, a), encoded(t, b)) {
			t.Errorf("%s: the order of arrival shows", name)
		}
		for _, js := range []*attribution.Journeys{a, b} {
			var got []int64
			for r := range js.Rows() {
				got = append(got, r.Value)
			}
			if len(got) != 2 || got[0] != 1 || got[1] != 2 {
				t.Errorf("%s: rows of values %v", name, got)
			}
		}
	}
}

// What a path lists without times between has no order.
func TestMilestonesAndChangesAreListedInAnyOrder(t *testing.T) {
	t.Parallel()
	a := won("AB", 1)
	a.Milestones = []attribution.Milestone{{Name: "known", At: a.End}, {Name: "mql", At: a.End}, {Name: "known", At: a.End.Add(-day)}}
	a.Changes = []attribution.Change{{Stratum: "s", At: a.End}, {Stratum: "t", At: a.End.Add(-day)}}
	b := a
	b.Milestones, b.Changes = slices.Clone(a.Milestones), slices.Clone(a.Changes)
	slices.Reverse(b.Milestones)
	slices.Reverse(b.Changes)
	if !bytes.Equal(encoded(t, setOf(t, a)), encoded(t, setOf(t, b))) {
		t.Error("the order of the list shows")
	}
}

func TestErrorsOnTheWayAreReturned(t *testing.T) {
	t.Parallel()
	good, long := won("AB", 7), won("A", 7)
	good.Subject = "s"
	long.Steps[0].Channel = strings.Repeat("x", 1024)
	bad := attribution.Path{Subject: "s", Steps: []attribution.Step{{}}}
	frequency := &attribution.Preparation{Transforms: []attribution.Transform{attribution.Frequency()}}
	for name, f := range map[string]func() error{
		"several models": func() error {
			rs, err := attribution.Attribute(setOf(t, good), noInterval, attribution.Rule(attribution.Last{}), attribution.Rule(attribution.Func("f", func(w []float64, _ attribution.View) { w[0] = -1 })))
			if rs != nil {
				t.Error("results beside an error")
			}
			return err
		},
		"explain, another path of the subject": func() error {
			_, err := attribution.Explain(good, &attribution.Preparation{Cycle: attribution.CycleLast}, attribution.Last{}, bad)
			return err
		},
		"explain, a name that grows too long": func() error { _, err := attribution.Explain(long, frequency, attribution.Last{}); return err },
		"shapley_ordered, a name that grows too long": func() error {
			_, err := attribution.Shapley{Game: attribution.Ordered}.Attribute(setOf(t, long), noInterval)
			return err
		},
		"explain, an intensity that is no number": func() error {
			x := 1.
			split := run(t, setOf(t, good), attribution.Backward{Intensity: intensity(func(int) float64 { return x })}).Split
			x = math.NaN()
			_, err := attribution.Explain(good, nil, split)
			return err
		},
		"prepare, a name that grows too long": func() error { _, _, err := setOf(t, long).Prepare(frequency); return err },
	} {
		var in *attribution.InputError
		if err := f(); !errors.As(err, &in) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Values without refunds have no interval below 0; with one they may.
func TestValueIntervalsBelowZeroNeedARefund(t *testing.T) {
	t.Parallel()
	js := setOf(t, won("A", 1), won("A", 1000), won("A", 2))
	res, err := attribution.Rule(attribution.Last{}).Attribute(js, nil)
	if err != nil || res.Credit("A").ValueLo != 0 {
		t.Errorf("%+v, %v", res.Credit("A"), err)
	}
	if err := js.Refund(won("A", 0), 1000); err != nil {
		t.Fatal(err)
	}
	if res, err = attribution.Rule(attribution.Last{}).Attribute(js, nil); err != nil || !(res.Credit("A").ValueLo < 0) {
		t.Errorf("%+v, %v", res.Credit("A"), err)
	}
	// A refund of a path that is not in the set is a unit of its own, as the sales are.
	if err := js.Refund(won("BA", 0), 300); err != nil {
		t.Fatal(err)
	}
	res, err = attribution.Rule(attribution.Last{}).Attribute(js, nil)
	a := res.Credit("A")
	if sd := (a.ValueHi - float64(a.Value)) / 1.959963985; err != nil || !near(sd*sd, 3+300*300, 1e-6) {
		t.Errorf("%+v, %v", a, err)
	}
}

// A channel resting on exactly as many subjects as the threshold asks for is shown.
func TestThresholdIsInclusive(t *testing.T) {
	t.Parallel()
	js := setOf(t, won("A", 1), won("A", 1), won("A", 1), won("B", 1), won("B", 1), won("C", 1), won("C", 1),
		letters("B"), letters("B"), letters("C")) // who did not convert stands behind no credit
	res, err := attribution.Rule(attribution.Last{}).Attribute(js, &attribution.Options{Threshold: 3})
	if err != nil || res.Credit("A").Conversions != 3 || res.Credit("B").Channel != "" {
		t.Errorf("%+v, %v", res, err)
	}
	// So is (other): B and C are four together, and A need not join them.
	if err := js.Add(won("A", 1)); err != nil {
		t.Fatal(err)
	}
	res, err = attribution.Rule(attribution.Last{}).Attribute(js, &attribution.Options{Threshold: 4})
	if err != nil || res.Credit("A").Conversions != 4 || res.Credit(attribution.OtherRow).Conversions != 4 {
		t.Errorf("%+v, %v", res, err)
	}
}

// Steps at one instant come in order of source, then ID, in a set as in what explains it.
func TestStepsAtOneInstantComeBySourceThenID(t *testing.T) {
	t.Parallel()
	p := won("DCBAE", 1)
	for i, key := range [][2]string{{"b", "2"}, {"b", "1"}, {"a", "2"}, {"a", "1"}} {
		p.Steps[i].At, p.Steps[i].Source, p.Steps[i].ID = p.Steps[0].At, key[0], key[1]
	}
	for range p.Steps { // in any order of arrival
		p.Steps = append(p.Steps[1:], p.Steps[0])
		if got := channelsOf(t, setOf(t, p)); got != "A B C D E" {
			t.Errorf("%s", got)
		}
		scs, err := attribution.Explain(p, nil, attribution.Linear{})
		if err != nil || len(scs) != 5 {
			t.Fatal(scs, err)
		}
		for i, sc := range scs {
			if sc.Step.Channel != "ABCDE"[i:i+1] {
				t.Errorf("%+v explained at %d", sc, i)
			}
		}
	}
}

// A rule is asked about journeys that earned something, and about no others.
func TestARuleIsNotAskedAboutJourneysThatEarnedNothing(t *testing.T) {
	t.Parallel()
	last := attribution.Func("f", func(w []float64, v attribution.View) {
		if w[len(w)-1] = 1; v.Channel(0) == "B" {
			w[0] = math.NaN()
		}
	})
	js := setOf(t, won("AA", 1), letters("B"), letters("BA"))
	for _, m := range []attribution.Method{attribution.Closed, attribution.Bootstrap} {
		if _, err := attribution.Rule(last).Attribute(js, &attribution.Options{Interval: attribution.Interval{Method: m, Reps: 5}}); err != nil {
			t.Errorf("method %v: %v", m, err)
		}
	}
	if es := entries(t, js, last); len(es) != 2 || es[1].Value != 1 {
		t.Errorf("%+v", es)
	}
}

// Paths of every length after every other.
func TestPathsOfAllLengths(t *testing.T) {
	t.Parallel()
	js := &attribution.Journeys{}
	steps := 0
	for n := range 60 {
		for _, k := range []int{1, 61 - n} {
			if err := js.Add(won(strings.Repeat("A", k), int64(n))); err != nil {
				t.Fatal(err)
			}
			steps += k
		}
	}
	own := attribution.Func("f", func(w []float64, _ attribution.View) { w[0] = 1 }) // which has no fast path
	for _, m := range []attribution.Model{attribution.Linear{}, own} {
		if c := run(t, js, attribution.Rule(m)).Credit("A"); c.Conversions != 120 || c.Value != js.Value() {
			t.Errorf("%s: %+v", m.Name(), c)
		}
	}
	// Equal journeys are one row of the ledger: 60 of one step are one, and so is the last.
	if es := entries(t, js, own); len(es) != 61*62/2 {
		t.Errorf("%d entries of %d steps", len(es), steps)
	}
}

// Two conversions are enough for an interval, a chain of as many states as Dense is dense.
func TestJustEnoughForAnInterval(t *testing.T) {
	t.Parallel()
	js := rows(t, attribution.Row{Channels: []string{"A"}, Conversions: 2, Nulls: 5}, attribution.Row{Channels: []string{"B"}, Conversions: 1, Nulls: 5})
	for _, m := range []attribution.Method{attribution.Closed, attribution.Bootstrap} {
		res, err := attribution.Rule(attribution.Last{}).Attribute(js, &attribution.Options{Interval: attribution.Interval{Method: m}})
		if a, b := res.Credit("A"), res.Credit("B"); err != nil || a.Why != "" || !(a.Hi > 2) || b.Why == "" {
			t.Errorf("method %v: %+v, %v", m, res.Credits, err)
		}
	}
	for dense, enough := range map[int]bool{2: false, 3: true} {
		m := attribution.Markov{Dense: dense}
		res, err := m.Attribute(js, &attribution.Options{Interval: attribution.Interval{Method: attribution.Delta}})
		if err != nil || (res.Credit("A").Why == "") != enough {
			t.Errorf("dense %d: %+v, %v", dense, res.Credits, err)
		}
		if v, err := m.Chain(js).Visits(); (err == nil) != enough || enough && len(v) != 3 {
			t.Errorf("dense %d: visits %v, %v", dense, v, err)
		}
	}
}

func TestTransitionsComeByName(t *testing.T) {
	t.Parallel()
	ts := attribution.Transitions(setOf(t, won("CA", 1), won("BC", 1), won("AB", 1), letters("CB")))
	for i := 1; i < len(ts); i++ {
		if a, b := ts[i-1], ts[i]; a.From > b.From || a.From == b.From && a.To >= b.To {
			t.Errorf("%v before %v", a, b)
		}
	}
	if len(ts) < 8 {
		t.Errorf("%v", ts)
	}
}

func TestExplainedMoneyThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	m := attribution.Unnormalised(attribution.Func("f", func(w []float64, _ attribution.View) { w[0] = 1000 }))
	if scs, err := attribution.Explain(won("A", math.MaxInt64), nil, m); !errors.Is(err, attribution.ErrOverflow) {
		t.Errorf("%v, %v", scs, err)
	}
}

// What refunds took is taken from the channels of the refunded paths: by largest remainder,
// ties by name. Where that leaves nothing to divide by, the money is nobody's, and what does
// not fit is refused.
func TestMoneyOfChainsWithRefunds(t *testing.T) {
	t.Parallel()
	markov := func(sold, refunded string, earned, owed int64) (*attribution.Result, error) {
		js := setOf(t, won(sold, earned), won(refunded, 0))
		if err := js.Refund(won(refunded, 0), owed); err != nil {
			t.Fatal(err)
		}
		return attribution.Markov{}.Attribute(js, noInterval)
	}
	for name, c := range map[string]struct {
		sold, refunded string
		earned, owed   int64
		want           map[string]int64
	}{
		"more than it brought":   {"AB", "C", 100, 40, map[string]int64{"A": 38, "B": 37, "C": -15}}, // 37.5, 37.5 and −15
		"more than was sold":     {"C", "AB", 40, 100, map[string]int64{"A": -38, "B": -37, "C": 15}},
		"as much":                {"AB", "CD", 100, 100, map[string]int64{}},
		"as much, in more steps": {"AB", "CDE", 300, 200, map[string]int64{attribution.Unattributed: 100}},
	} {
		res, err := markov(c.sold, c.refunded, c.earned, c.owed)
		if err != nil {
			t.Fatal(err)
		}
		for _, cr := range res.Credits {
			if cr.Value != c.want[cr.Channel] {
				t.Errorf("%s: %s %d, want %d", name, cr.Channel, cr.Value, c.want[cr.Channel])
			}
		}
	}
	for i := range int64(50) {
		js := setOf(t, won("AB", 3*i), won("CD", 7*i), won("EFGHI", 0)) // 2·3 + 2·7 = 5·4
		if err := js.Refund(won("EFGHI", 0), 4*i); err != nil {
			t.Fatal(err)
		}
		if got := run(t, js, attribution.Markov{}).Credit(attribution.Unattributed).Value; got != js.Value() {
			t.Errorf("%d: nobody's %d of %d", i, got, js.Value())
		}
	}
	if _, err := markov("AB", "CDE", 3e12+1e4, 2e12); !errors.Is(err, attribution.ErrOverflow) {
		t.Error(err)
	}
}

// A set of nothing but a refund has money, and no sale whose shares could divide it.
func TestRefundAloneIsNobodysInAFittedGame(t *testing.T) {
	t.Parallel()
	js := setOf(t, letters("AB"))
	if err := js.Refund(won("B", 0), 70); err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for _, c := range run(t, js, attribution.Shapley{Game: attribution.Fitted}).Credits {
		sum += c.Value
	}
	if sum != -70 {
		t.Errorf("%d of -70", sum)
	}
}

// Whenever a callback panics, be it in the ledger or for an interval, the caller is told.
func TestCallbackThatPanicsAtAnyTimeIsReported(t *testing.T) {
	t.Parallel()
	js := setOf(t, won("AB", 7), won("BA", 5), won("B", 1), letters("A"))
	for name, run := range map[string]func(tick func()) error{
		"rule": func(tick func()) error {
			m := attribution.Func("f", func(w []float64, _ attribution.View) { tick(); w[0] = 1 })
			_, err := attribution.Rule(m).Attribute(js, &attribution.Options{FromLedger: true})
			return err
		},
		"rule, drawn": func(tick func()) error {
			m := attribution.Func("f", func(w []float64, _ attribution.View) { tick(); w[0] = 1 })
			_, err := attribution.Rule(m).Attribute(js, &attribution.Options{Interval: attribution.Interval{Method: attribution.Bootstrap, Reps: 3}})
			return err
		},
		"game": func(tick func()) error {
			_, err := attribution.Shapley{Game: attribution.Custom, Set: func(uint64) float64 { tick(); return 1 }}.Attribute(js, nil)
			return err
		},
		"intensity": func(tick func()) error {
			_, err := attribution.Backward{Intensity: intensity(func(int) float64 { tick(); return 1 })}.Attribute(js, nil)
			return err
		},
	} {
		calls := 0
		if err := run(func() { calls++ }); err != nil || calls < 3 {
			t.Fatalf("%s: %d calls, %v", name, calls, err)
		}
		for last := range calls {
			at := 0
			err := run(func() {
				if at++; at > last {
					panic("secret")
				}
			})
			var cb *attribution.CallbackError
			if !errors.As(err, &cb) {
				t.Errorf("%s, call %d of %d: %v", name, last+1, calls, err)
			}
		}
	}
}

func TestRefundOfNothingChangesNothing(t *testing.T) {
	t.Parallel()
	js := setOf(t, won("A", 1))
	if err := js.Refund(won("A", 1), 0); err != nil || js.Value() != 1 || js.Len() != 1 {
		t.Errorf("value %d in %d rows, %v", js.Value(), js.Len(), err)
	}
}
