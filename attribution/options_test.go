package attribution_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

var day = 24 * time.Hour

// letters is a path of one channel a letter, each a day before the next, the last one at
// the end.
func letters(text string) attribution.Path {
	end := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	p := attribution.Path{End: end, Start: end.Add(-100 * day)}
	for i, c := range text {
		p.Steps = append(p.Steps, attribution.Step{Channel: string(c), At: end.Add(time.Duration(i-len(text)+1) * day)})
	}
	return p
}

func won(text string, value int64) attribution.Path {
	p := letters(text)
	p.Converted, p.Value = true, value
	return p
}

// channelsOf is the only row of a set, as text.
func channelsOf(t *testing.T, js *attribution.Journeys) string {
	t.Helper()
	rows := slices.Collect(js.Rows())
	if len(rows) != 1 {
		t.Fatalf("%d rows", len(rows))
	}
	return strings.Join(rows[0].Channels, " ")
}

// The example of the published tool (Google's fractribution): D A B B C D C C.
func TestTransformsOfThePublishedExample(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tr   attribution.Transform
		want string
	}{
		{attribution.Exposure(), "D A B C D C"},
		{attribution.FirstOnly(), "D A B C"},
		{attribution.Frequency(), "D(2) A(1) B(2) C(3)"},
		{attribution.Recency(7, 3), "A(7d) B(7d) D(3d) C(3d)"},
		{attribution.Recency(1, 3), "A(>3d) B(>3d) D(3d) C(1d)"},
	} {
		js := setOf(t, won("DABBCDCC", 1))
		out, rep, err := js.Prepare(&attribution.Preparation{Transforms: []attribution.Transform{c.tr}})
		if err != nil {
			t.Fatal(err)
		}
		if got := channelsOf(t, out); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
		if left := len(strings.Fields(c.want)); rep.Dropped[attribution.RepeatTouch] != 8-left {
			t.Errorf("%s: dropped %v", c.want, rep.Dropped)
		}
	}
}

func TestRowsSayWhatWasAdded(t *testing.T) {
	t.Parallel()
	in := []attribution.Row{
		{Channels: []string{"A", "B"}, Ages: []time.Duration{2 * day, day}, Conversions: 2, Value: 7, Stratum: "s",
			Weights: []float64{1, .5}, Milestones: [][]string{{"known"}, nil}},
		{Channels: []string{"A", "C"}, Conversions: 1, Nulls: 3, Weights: []float64{2, 1}},
		{Channels: []string{"D"}, Nulls: 1, Weights: []float64{1}, Milestones: [][]string{{"known", "opened"}}},
	}
	js := rows(t, in...)
	var got []string
	for r := range js.Rows() {
		got = append(got, fmt.Sprint(r))
	}
	var want []string
	for _, r := range in {
		want = append(want, fmt.Sprint(r))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if n := js.Touches(); n != 2*2+4*2+1 {
		t.Errorf("%v touches", n)
	}
	for range js.Rows() {
		break // the loop may stop
	}
}

func TestWhatChannelsCost(t *testing.T) {
	t.Parallel()
	p := won("AAB", 1000)
	p.Steps[0].Cost, p.Steps[1].Cost, p.Steps[2].Cost = 10, 20, 40
	js := setOf(t, p, letters("C"))
	res, err := attribution.Rule(attribution.Linear{}).Attribute(js, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, b, c := res.Credit("A"), res.Credit("B"), res.Credit("C")
	if a.Cost != 30 || b.Cost != 40 || c.Cost != 0 {
		t.Errorf("costs %d %d %d", a.Cost, b.Cost, c.Cost)
	}
	cpa, ok1 := b.CPA()
	roas, ok2 := b.ROAS()
	roi, ok3 := b.ROI()
	if !ok1 || !ok2 || !ok3 || !near(cpa, 120, 1e-12) || !near(roas, 333./40, 1e-12) || !near(roi, 293./40, 1e-12) {
		t.Errorf("B: %v %v %v", cpa, roas, roi)
	}
	if _, ok := c.CPA(); ok {
		t.Error("a channel without credit has a cost per conversion")
	}
	if _, ok := c.ROAS(); ok {
		t.Error("a channel without cost has a return on it")
	}
	res, err = attribution.Rule(attribution.Linear{}).Attribute(js, &attribution.Options{Spend: map[string]int64{"A": 5, "C": 9}})
	if err != nil {
		t.Fatal(err)
	}
	if res.Credit("A").Cost != 5 || res.Credit("B").Cost != 40 || res.Credit("C").Cost != 9 {
		t.Errorf("spend does not win: %+v", res.Credits)
	}
}

// In a currency without decimals the two ways of rounding differ, and both add up.
func TestMoneyFromTheLedgerIsItsSum(t *testing.T) {
	t.Parallel()
	js := setOf(t, won("AB", 1), won("AB", 1), won("BA", 1), won("CBA", 2), won("", 3))
	m := attribution.Linear{}
	res, err := attribution.Rule(m).Attribute(js, &attribution.Options{FromLedger: true})
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]int64{}
	for e, err := range attribution.Ledger(js, m) {
		if err != nil {
			t.Fatal(err)
		}
		sums[e.Channel] += e.Value
	}
	total := int64(0)
	for _, c := range res.Credits {
		if c.Value != sums[c.Channel] {
			t.Errorf("%s: %d, the ledger has %d", c.Channel, c.Value, sums[c.Channel])
		}
		total += c.Value
	}
	if total != res.Value || res.Value != 8 {
		t.Errorf("%d of %d", total, res.Value)
	}
}

func TestUnnormalisedWeightsAreTheCredit(t *testing.T) {
	t.Parallel()
	js := setOf(t, won("AB", 100), won("B", 10))
	raw := attribution.Unnormalised(attribution.TimeDecay{HalfLife: day})
	res := run(t, js, attribution.Rule(raw))
	// A is a day old in one path, B at the end of both.
	if res.Conserves || res.Model != "time_decay_hl1d_unnormalised" || res.Credit("A").Conversions != .5 || res.Credit("B").Conversions != 2 {
		t.Errorf("%+v", res)
	}
	if _, err := attribution.Rule(raw).Attribute(setOf(t, attribution.Path{Converted: true, Steps: []attribution.Step{{Channel: "A"}}}), nil); !errors.Is(err, attribution.ErrUntimed) {
		t.Errorf("untimed: %v", err)
	}
	steps, err := attribution.Explain(won("AB", 100), nil, raw)
	if err != nil || len(steps) != 2 || steps[0].Credit != .5 || steps[1].Credit != 1 || steps[0].Value != 50 || steps[0].Reason == "" {
		t.Errorf("%+v, %v", steps, err)
	}
	whole := attribution.Unnormalised(attribution.Func("three", func(w []float64, _ attribution.View) { w[0] = 3 }))
	if got := run(t, js, attribution.Rule(whole)).Credit("A").Conversions; got != 3 {
		t.Errorf("a weight of 3 is %v conversions", got)
	}
	if steps, err := attribution.Explain(won("AB", 100), nil, whole); err != nil || steps[0].Reason != "" || steps[0].Value != 300 {
		t.Errorf("%+v, %v", steps, err)
	}
	huge := attribution.Unnormalised(attribution.Func("huge", func(w []float64, _ attribution.View) { w[0] = 1e300 }))
	for name, f := range map[string]func() error{
		"attribute": func() error { _, err := attribution.Rule(huge).Attribute(js, nil); return err },
		"explain":   func() error { _, err := attribution.Explain(won("AB", 1), nil, huge); return err },
		"ledger": func() error {
			for _, err := range attribution.Ledger(js, huge) {
				return err
			}
			return nil
		},
	} {
		if err := f(); !errors.Is(err, attribution.ErrOverflow) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestViewsTellWhereAChannelAndAMilestoneAre(t *testing.T) {
	t.Parallel()
	p := won("ABAC", 1)
	p.Milestones = []attribution.Milestone{{Name: "known", At: p.Steps[2].At.Add(time.Hour)}}
	seen := ""
	m := attribution.Func("look", func(w []float64, v attribution.View) {
		seen = fmt.Sprint(v.First("A"), v.First("B"), v.First("C"), v.First("Z"), v.Repeat(2), v.Timed())
		for i := range w {
			w[i] = 1
			if v.Milestone(i, "known") {
				seen += fmt.Sprint(" known at ", i)
			}
			if v.Milestone(i, "unknown") {
				seen += fmt.Sprint(" unknown at ", i)
			}
		}
	})
	if err := func() error { _, err := attribution.Explain(p, nil, m); return err }(); err != nil {
		t.Fatal(err)
	}
	if want := "0 1 3 -1 true true known at 2"; seen != want {
		t.Errorf("%s, want %s", seen, want)
	}
	// The next path is another view.
	alone := attribution.Func("alone", func(w []float64, v attribution.View) {
		w[0] = 1
		if at := v.First("B"); v.Channel(0) == "A" && at != -1 {
			t.Errorf("B at %d of A", at)
		}
	})
	run(t, setOf(t, won("A", 1), won("B", 1)), attribution.Rule(alone))
}

// Options left out are those of the zero value, for every model.
func TestNilOptionsAreTheDefaults(t *testing.T) {
	t.Parallel()
	js := &attribution.Journeys{}
	for i, text := range []string{"AB", "B", "ABC", "C", "CA", "BBA"} {
		p := letters(text)
		p.Converted = i%2 == 0
		p.End = p.End.Add(time.Duration(i) * time.Hour)
		if err := js.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range []attribution.Attributor{
		attribution.Rule(attribution.First{}), attribution.Markov{}, attribution.Shapley{}, attribution.Shapley{Game: attribution.Rate},
		attribution.Shapley{Game: attribution.ExactRate}, attribution.Shapley{Game: attribution.Ordered}, attribution.Shapley{Game: attribution.Fitted},
		attribution.ShaoLi{}, attribution.Fractribution{}, attribution.Hazard{}, attribution.Lineage{}, attribution.Backward{},
	} {
		got, err := a.Attribute(js, nil)
		if err != nil {
			t.Fatalf("%s: %v", a.Name(), err)
		}
		want, err := a.Attribute(js, &attribution.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprintf("%+v", got.Credits) != fmt.Sprintf("%+v", want.Credits) || got.Model != a.Name() {
			t.Errorf("%s: %+v, want %+v", a.Name(), got, want)
		}
		for _, level := range []float64{-1, 1, 95} { // no levels
			got, err := a.Attribute(js, &attribution.Options{Interval: attribution.Interval{Level: level}})
			if err != nil || fmt.Sprintf("%+v", got.Credits) != fmt.Sprintf("%+v", want.Credits) {
				t.Errorf("%s, level %v: %+v, %v", a.Name(), level, got, err)
			}
		}
	}
}

// A model that needs times, or is given what it cannot take, says so instead of a number.
func TestModelsThatCannotRunSayWhy(t *testing.T) {
	t.Parallel()
	timed, untimed := setOf(t, won("AB", 1), letters("B")), rows(t, attribution.Row{Channels: []string{"A"}, Conversions: 1})
	field := func(err error) string {
		var in *attribution.InputError
		if errors.As(err, &in) {
			return in.Field + " " + in.Reason
		}
		if err == nil {
			return ""
		}
		return strings.TrimPrefix(err.Error(), "attribution: ")
	}
	nan := attribution.Backward{Intensity: intensity(func(n int) float64 { return math.NaN() })}
	for _, c := range []struct {
		name string
		js   *attribution.Journeys
		a    attribution.Attributor
		want string
	}{
		{"hazard untimed", untimed, attribution.Hazard{}, "paths have no times"},
		{"lineage untimed", untimed, attribution.Lineage{}, "paths have no times"},
		{"backward untimed", untimed, attribution.Backward{}, "paths have no times"},
		{"fitted untimed", untimed, attribution.Shapley{Game: attribution.Fitted}, "paths have no times"},
		{"landmark untimed", untimed, attribution.Shapley{Game: attribution.Rate, Landmark: attribution.Landmark{After: day, Horizon: day}}, "paths have no times"},
		{"decays", timed, attribution.Hazard{Decays: []time.Duration{0}}, "decays out_of_range"},
		{"memory on the grid", timed, attribution.Lineage{Memory: []float64{1}}, "memory out_of_range"},
		{"memory of days", timed, attribution.Lineage{Hazard: attribution.Hazard{Step: -1}, Memory: []float64{0}}, "memory out_of_range"},
		{"no set function", timed, attribution.Shapley{Game: attribution.Custom}, "set missing"},
		{"worthless sets", timed, attribution.Shapley{Game: attribution.Custom, Set: func(uint64) float64 { return math.NaN() }}, "set not_finite"},
		{"a set function that panics", timed, attribution.Shapley{Game: attribution.Custom, Set: func(uint64) float64 { panic("x") }}, "callback shapley_custom panicked"},
		{"an intensity that is none", timed, nan, "intensity not_finite"},
		{"an intensity that panics", timed, attribution.Backward{Intensity: intensity(func(int) float64 { panic("x") })}, "callback backward panicked"},
	} {
		res, err := c.a.Attribute(c.js, noInterval)
		if got := field(err); got != c.want || res != nil {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

type intensity func(n int) float64

func (f intensity) Intensity(_ attribution.View, n int) float64 { return f(n) }

func TestBackwardShowsItsSplit(t *testing.T) {
	t.Parallel()
	js := setOf(t, won("AB", 100))
	res := run(t, js, attribution.Backward{Intensity: intensity(func(n int) float64 { return float64(1 + n) })})
	if got := res.Credit(attribution.Baseline); !near(got.Conversions, 1./3, 1e-12) || got.Value != 33 {
		t.Errorf("%+v", got)
	}
	steps, err := attribution.Explain(won("AB", 100), nil, res.Split)
	if err != nil || len(steps) != 3 || !near(steps[0].Credit, 1./3, 1e-9) || steps[0].Reason != attribution.ReasonMarginal || steps[2].Step.Channel != attribution.Baseline {
		t.Errorf("%+v, %v", steps, err)
	}
	if _, err := attribution.Explain(won("AB", 100), nil, run(t, js, attribution.Backward{Intensity: intensity(func(n int) float64 { return 0 })}).Split); err != nil {
		t.Error(err)
	}
	none := run(t, js, attribution.Backward{Intensity: intensity(func(n int) float64 { return 0 })})
	if got := none.Credit(attribution.Baseline).Conversions; got != 1 {
		t.Errorf("where nothing moves anybody the baseline has %v", got)
	}
}

// Table 2.3, time zones and DST: midnight is where the caller says, and days of 23 and 25
// hours lose no conversion.
func TestTimeZonesAndDSTTransitionsConserveTheHazardsCredit(t *testing.T) {
	t.Parallel()
	ps := plainWorld.paths(5, 300, 20)
	move := func(at *time.Time, by time.Duration) {
		if !at.IsZero() {
			*at = at.Add(by)
		}
	}
	at := func(by time.Duration) *attribution.Journeys {
		var out []attribution.Path
		for _, p := range ps {
			p.Steps = slices.Clone(p.Steps)
			for i := range p.Steps {
				move(&p.Steps[i].At, by)
			}
			move(&p.Start, by)
			move(&p.End, by)
			out = append(out, p)
		}
		return setOf(t, out...)
	}
	utc := run(t, at(0), attribution.Hazard{})
	if fmt.Sprint(utc.Credits) != fmt.Sprint(run(t, at(0), attribution.Hazard{Location: time.UTC}).Credits) {
		t.Error("UTC is not the default")
	}
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu", "America/St_Johns"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		_, next := time.Date(2026, 2, 1, 0, 0, 0, 0, zone).ZoneBounds()
		for _, by := range []time.Duration{0, 40 * day, next.Sub(time.Date(2026, 1, 11, 0, 0, 0, 0, time.UTC)), 290 * day} {
			if next.IsZero() && by < 0 {
				continue // no transition ever
			}
			res := run(t, at(by), attribution.Hazard{Location: zone})
			value := int64(0)
			for _, c := range res.Credits {
				value += c.Value
			}
			if !near(total(res), res.Conversions, 1e-9) || value != res.Value || res.Conversions != utc.Conversions {
				t.Errorf("%s, %v on: %v of %v conversions, %d of %d", name, by, total(res), res.Conversions, value, res.Value)
			}
		}
	}
	if days := attribution.DecaysB2B(); len(days) != 5 || !slices.IsSorted(days) || run(t, at(0), attribution.Hazard{Decays: days}).Params == nil {
		t.Errorf("decays %v", days)
	}
}

func total(r *attribution.Result) float64 {
	sum := 0.0
	for _, c := range r.Credits {
		sum += c.Conversions
	}
	return sum
}

// In continuous time memories are days, and credit adds up all the same.
func TestLineageInContinuousTime(t *testing.T) {
	t.Parallel()
	js := plainWorld.run(t, 6, 600, 20)
	for _, reading := range []attribution.Reading{attribution.Trigger, attribution.Incremental} {
		res := run(t, js, attribution.Lineage{Hazard: attribution.Hazard{Step: -1}, Reading: reading})
		p, ok := res.Params.(*attribution.LineageParams)
		if !ok || !slices.Contains([]float64{.5, 1, 2, 4}, p.Memory) || !near(total(res), res.Conversions, 1e-9) {
			t.Errorf("%s: %v %v of %v", res.Model, p, total(res), res.Conversions)
		}
	}
	one := run(t, js, attribution.Lineage{Memory: []float64{.5}})
	if p := one.Params.(*attribution.LineageParams); p.Memory != .5 {
		t.Errorf("memory %v", p.Memory)
	}
}

func TestIntervalsOfTheSetGames(t *testing.T) {
	t.Parallel()
	js := rows(t,
		attribution.Row{Channels: []string{"A", "B"}, Conversions: 30, Nulls: 100, Value: 3000},
		attribution.Row{Channels: []string{"B"}, Conversions: 10, Nulls: 300, Value: 900},
		attribution.Row{Channels: []string{"A"}, Conversions: 20, Nulls: 200, Value: 100},
		attribution.Row{Conversions: 5, Value: 10},
	)
	opts := &attribution.Options{Interval: attribution.Interval{Reps: 40, Method: attribution.Bootstrap}}
	for _, g := range []attribution.Game{attribution.Rate, attribution.ExactRate} {
		res, err := attribution.Shapley{Game: g}.Attribute(js, opts)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"A", "B"} {
			if c := res.Credit(name); c.Why != "" || !(c.Lo <= c.Conversions && c.Conversions <= c.Hi) || c.Lo == c.Hi {
				t.Errorf("%s: %+v", res.Model, c)
			}
		}
	}
	res, err := attribution.Markov{}.Attribute(js, opts)
	if c := res.Credit(attribution.Unattributed); err != nil || c.Conversions != 5 || !(c.Lo < 5 && c.Hi > 5 && c.ValueLo < 10 && c.ValueHi > 10) {
		t.Errorf("%s: what came without a touch: %+v, %v", res.Model, c, err)
	}
	own := func(s uint64) float64 { return float64(s & 3) }
	res, err = attribution.Shapley{Game: attribution.Custom, Set: own}.Attribute(js, opts)
	if err != nil || res.Credit("A").Why != "not statistical" || res.Params.(*attribution.ShapleyParams).Phi["B"] != 2 {
		t.Errorf("%+v, %v", res, err)
	}
	off, err := attribution.Shapley{Game: attribution.Rate}.Attribute(js, noInterval)
	if err != nil || off.Credit("A").Why != "off" {
		t.Errorf("%+v, %v", off, err)
	}
}

// An accumulator refuses what its sets would, and is then as it was.
func TestAccumulatorsAreUnchangedByWhatTheyRefuse(t *testing.T) {
	t.Parallel()
	bad := attribution.Path{Steps: []attribution.Step{{Channel: ""}}}
	untimed := attribution.Path{Converted: true, Steps: []attribution.Step{{Channel: "A"}}}
	make := map[string]func() accumulator{
		"totals": func() accumulator { x, _ := attribution.NewTotals(attribution.TimeDecay{}, nil); return x },
		"counts": func() accumulator {
			x, _ := attribution.NewCounts(attribution.Markov{}, &attribution.Preparation{Window: attribution.Window{Click: 30 * day}})
			return x
		},
	}
	for name, blank := range make {
		x := blank()
		if err := x.Add(won("AB", 7)); err != nil {
			t.Fatal(err)
		}
		before, _ := x.MarshalBinary()
		var in *attribution.InputError
		if err := x.Add(bad); !errors.As(err, &in) {
			t.Errorf("%s: %v", name, err)
		}
		if err := x.Add(untimed); !errors.Is(err, attribution.ErrUntimed) {
			t.Errorf("%s: untimed: %v", name, err)
		}
		for _, b := range [][]byte{nil, {1}, before[:len(before)-1], append(slices.Clone(before), 0)} {
			if err := x.UnmarshalBinary(b); !errors.Is(err, attribution.ErrCorrupt) {
				t.Errorf("%s: %d bytes of %d: %v", name, len(b), len(before), err)
			}
		}
		if after, _ := x.MarshalBinary(); !reflect.DeepEqual(before, after) {
			t.Errorf("%s changed", name)
		}
	}
	panics := attribution.Func("p", func([]float64, attribution.View) { panic("secret") })
	x, _ := attribution.NewTotals(panics, nil)
	var cb *attribution.CallbackError
	if err := x.Add(won("A", 1)); !errors.As(err, &cb) || cb.Error() != "attribution: callback p panicked" {
		t.Errorf("%v", err)
	}
}

func TestTakingAwayWhatWasNotAddedIsRefused(t *testing.T) {
	t.Parallel()
	total := func(ps ...attribution.Path) *attribution.Totals {
		x, _ := attribution.NewTotals(attribution.First{}, &attribution.Preparation{Roles: map[string]float64{"buyer": 2, "user": .5}})
		fill(t, x, ps)
		return x
	}
	count := func(ps ...attribution.Path) *attribution.Counts {
		x, _ := attribution.NewCounts(attribution.Markov{}, nil)
		fill(t, x, ps)
		return x
	}
	for _, c := range []struct{ has, gone string }{{"AB", "BA"}, {"AB", "ABB"}, {"", "A"}} {
		has := []attribution.Path{}
		if c.has != "" {
			has = append(has, won(c.has, 5))
		}
		if err := total(has...).Subtract(total(won(c.gone, 5), won("C", 1))); !errors.Is(err, attribution.ErrUnderflow) {
			t.Errorf("totals of %q less %q: %v", c.has, c.gone, err)
		}
		if err := count(has...).Subtract(count(won(c.gone, 5))); !errors.Is(err, attribution.ErrUnderflow) {
			t.Errorf("counts of %q less %q: %v", c.has, c.gone, err)
		}
	}
	if err := total(won("AB", 5)).Subtract(total(won("BA", 5))); !errors.Is(err, attribution.ErrUnderflow) {
		t.Errorf("equal sums, another channel: %v", err)
	}
	if err := count(won("AB", 5)).Subtract(count(won("AB", 6))); !errors.Is(err, attribution.ErrUnderflow) {
		t.Errorf("more money than there is: %v", err)
	}
	other, _ := attribution.NewCounts(attribution.Markov{Order: 2}, nil)
	if err := count().Merge(other); !errors.Is(err, attribution.ErrIncompatible) {
		t.Error(err)
	}
	if err := count().Subtract(other); !errors.Is(err, attribution.ErrIncompatible) {
		t.Error(err)
	}
	b, _ := other.MarshalBinary()
	if err := count().UnmarshalBinary(b); !errors.Is(err, attribution.ErrIncompatible) {
		t.Error(err)
	}
}

func TestInputsOfRowsAndTimesThatAreRefused(t *testing.T) {
	t.Parallel()
	far := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	field := func(err error) string {
		var in *attribution.InputError
		if !errors.As(err, &in) {
			return fmt.Sprint(err)
		}
		if in.Error() != "attribution: "+in.Reason+" "+in.Field {
			t.Errorf("text %q", in.Error())
		}
		return in.Field + " " + in.Reason
	}
	var js attribution.Journeys
	for _, c := range []struct {
		row  attribution.Row
		want string
	}{
		{attribution.Row{Channels: []string{"A"}, Weights: []float64{-1}, Conversions: 1}, "weights[0] out_of_range"},
		{attribution.Row{Channels: []string{"A"}, Weights: []float64{math.NaN()}, Conversions: 1}, "weights[0] not_finite"},
		{attribution.Row{Channels: []string{"A"}, Milestones: [][]string{{""}}, Conversions: 1}, "milestones missing"},
		{attribution.Row{Channels: []string{"A"}, Nulls: -1}, "nulls out_of_range"},
	} {
		if got := field(js.AddRow(c.row)); got != c.want {
			t.Errorf("%+v: %s, want %s", c.row, got, c.want)
		}
	}
	for _, c := range []struct {
		path attribution.Path
		want string
	}{
		{attribution.Path{Steps: []attribution.Step{{Channel: "A", At: far}}}, "end time_range"},
		{attribution.Path{End: now, Steps: []attribution.Step{{Channel: "A", At: far}}}, "steps[0].at time_range"},
		{attribution.Path{End: now, Steps: []attribution.Step{{Channel: "A", At: now.Add(-1 << 62)}}}, ""},
	} {
		err := js.Add(c.path)
		if c.want == "" && err != nil || c.want != "" && field(err) != c.want {
			t.Errorf("%+v: %v, want %s", c.path, err, c.want)
		}
	}
	p := letters("AB")
	p.End = time.Time{} // the last step is the end
	a, b := setOf(t, p), setOf(t, letters("AB"))
	if got, want := channelsOf(t, a), channelsOf(t, b); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// What a preparation calls may misbehave; the set says so and gives nothing.
func TestCallbacksOfAPreparationThatMisbehave(t *testing.T) {
	t.Parallel()
	js := setOf(t, won("AB", 1))
	for name, prep := range map[string]*attribution.Preparation{
		"panics": {StepWeight: func(attribution.Step) float64 { panic("secret") }},
		"NaN":    {StepWeight: func(attribution.Step) float64 { return math.NaN() }},
		"minus":  {StepWeight: func(attribution.Step) float64 { return -1 }},
		"match":  {Exclude: attribution.Exclude{Match: func(string) bool { panic("secret") }}},
	} {
		var in *attribution.InputError
		var cb *attribution.CallbackError
		_, _, err := js.Prepare(prep)
		_, err2 := attribution.Explain(won("AB", 1), prep, attribution.First{})
		for _, err := range []error{err, err2} {
			if !errors.As(err, &in) && !errors.As(err, &cb) || strings.Contains(fmt.Sprint(err), "secret") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	windowed := &attribution.Preparation{Window: attribution.Window{Click: day}}
	untimed := attribution.Path{Converted: true, Steps: []attribution.Step{{Channel: "A"}}}
	if _, err := attribution.Explain(untimed, windowed, attribution.First{}); !errors.Is(err, attribution.ErrUntimed) {
		t.Error(err)
	}
	if _, err := attribution.Explain(attribution.Path{Steps: []attribution.Step{{}}}, nil, attribution.First{}); err == nil {
		t.Error("a step without a channel is explained")
	}
	joined := &attribution.Preparation{Cycle: attribution.CycleLast}
	whole, part := won("A", 1), attribution.Path{Subject: "s", Steps: []attribution.Step{{}}}
	whole.Subject = "s"
	if _, err := attribution.Explain(whole, joined, attribution.First{}, part); err == nil {
		t.Error("another path of the subject is not looked at")
	}
	whole.Steps = append(whole.Steps, attribution.Step{})
	if _, err := attribution.Explain(whole, joined, attribution.First{}); err == nil {
		t.Error("the path itself is not looked at")
	}
}

// Milestones, strata and the start of the observation come along when cycles are joined.
func TestCyclesTakeMilestonesAndChangesAlong(t *testing.T) {
	t.Parallel()
	first, second := won("AB", 1), won("CD", 2)
	first.Subject, second.Subject = "s", "s"
	second.End = second.End.Add(30 * day)
	for i := range second.Steps {
		second.Steps[i].At = second.Steps[i].At.Add(30 * day)
	}
	second.Start = time.Time{}
	first.Milestones = []attribution.Milestone{{Name: "known", At: first.Steps[0].At}}
	first.Changes = []attribution.Change{{Stratum: "hot", At: first.Steps[1].At}}
	for cycle, want := range map[attribution.Cycle]int{attribution.CycleFirst: 1, attribution.CycleOverlap: 2} {
		prep := &attribution.Preparation{Cycle: cycle}
		out, _, err := setOf(t, first, second).Prepare(prep)
		if err != nil {
			t.Fatal(err)
		}
		marks := 0
		for r := range out.Rows() {
			for _, names := range r.Milestones {
				marks += len(names)
			}
		}
		if marks != want {
			t.Errorf("cycle %v: %d milestones in %v, want %d", cycle, marks, slices.Collect(out.Rows()), want)
		}
		m := attribution.Milestones{Weights: []attribution.MilestoneWeight{{Name: "known", Weight: 1}}}
		for _, p := range []attribution.Path{first, second} {
			if _, err := attribution.Explain(p, prep, m, first, second); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestLiftOfAChannelWithoutCredit(t *testing.T) {
	t.Parallel()
	res := run(t, setOf(t, won("AB", 100), letters("C")), attribution.Rule(attribution.First{}))
	same, err := attribution.Calibrate(res, []attribution.Lift{{Channel: "C", ID: "null"}})
	if err != nil || same.Credit("A").Conversions != 1 || same.Credit(attribution.Unattributed).Conversions != 0 {
		t.Errorf("a test that finds nothing where the model has nothing: %+v, %v", same, err)
	}
	_, err = attribution.Calibrate(res, []attribution.Lift{{Channel: "C", ID: "geo 7", Conversions: 1}})
	if !errors.Is(err, attribution.ErrCalibration) || !strings.Contains(err.Error(), `"geo 7"`) {
		t.Errorf("a test that finds an effect where the model has none: %v", err)
	}
	half, err := attribution.Calibrate(res, []attribution.Lift{{Channel: "A", Conversions: .5}})
	if err != nil || half.Credit(attribution.Unattributed).Conversions != .5 || half.Credit(attribution.Unattributed).Value != 50 {
		t.Errorf("%+v, %v", half, err)
	}
}
