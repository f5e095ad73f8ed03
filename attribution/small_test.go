package attribution_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

// Invariant 23.
func TestThresholdHidesSmallGroups(t *testing.T) {
	t.Parallel()
	eachSet(t, func(t *testing.T, _ *rand.Rand, timed bool, ps []attribution.Path) {
		js := setOf(t, ps...)
		const k = 3
		for _, a := range conserving(timed) {
			res, err := a.Attribute(js, &attribution.Options{Threshold: k, Interval: attribution.Interval{Method: attribution.NoInterval}})
			if err != nil {
				t.Fatal(err)
			}
			conv, value := 0.0, int64(0)
			var shown []string
			for _, c := range res.Credits {
				conv += c.Conversions
				value += c.Value
				shown = append(shown, c.Channel)
			}
			if !near(conv, js.Conversions(), 1e-9) || value != js.Value() {
				t.Errorf("%s: credits do not add up", a.Name())
			}
			behind := func(in func(string) bool) float64 {
				seen, n := map[string]bool{}, 0.0
				for _, p := range ps {
					if p.Converted && slices.ContainsFunc(p.Steps, func(s attribution.Step) bool { return in(s.Channel) }) {
						if p.Subject == "" {
							n += max(p.Weight, 0)
							if p.Weight == 0 {
								n++
							}
						} else {
							seen[p.Subject] = true
						}
					}
				}
				return n + float64(len(seen))
			}
			channels := js.Channels()
			for _, name := range shown {
				if slices.Contains(channels, name) && behind(func(c string) bool { return c == name }) < k {
					t.Errorf("%s: %s is shown", a.Name(), name)
				}
			}
			if slices.Contains(shown, attribution.OtherRow) && len(shown) > 2 {
				if n := behind(func(c string) bool { return !slices.Contains(shown, c) }); n < k && slices.ContainsFunc(shown, func(c string) bool { return slices.Contains(channels, c) }) {
					t.Errorf("%s: (other) rests on %v", a.Name(), n)
				}
			}
			if len(ps) > 0 {
				if _, err := attribution.Explain(ps[0], nil, res.Split); !errors.Is(err, attribution.ErrThreshold) && timed == !ps[0].End.IsZero() {
					t.Errorf("%s: explain: %v", a.Name(), err)
				}
			}
		}
	})
}

// Invariant 22, and what a test moves.
// What is too small to be shown alone is joined by the smallest of the others.
func TestSmallestJoinsTheSmallGroup(t *testing.T) {
	t.Parallel()
	js := rows(t,
		attribution.Row{Channels: []string{"A"}, Conversions: 9}, attribution.Row{Channels: []string{"B"}, Conversions: 1},
		attribution.Row{Channels: []string{"C"}, Conversions: 4}, attribution.Row{Channels: []string{"D"}, Conversions: 4},
		attribution.Row{Channels: []string{"E"}, Conversions: 5},
	)
	res, err := attribution.Rule(attribution.Last{}).Attribute(js, &attribution.Options{Threshold: 3})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"A": 9, "B": 0, "C": 0, "D": 4, "E": 5, attribution.OtherRow: 5} {
		if c := res.Credit(name); c.Conversions != want {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// Credit rests on those who bought, and not on who else met the channel.
func TestSmallGroupIsOfBuyers(t *testing.T) {
	t.Parallel()
	js := rows(t, attribution.Row{Channels: []string{"B"}, Conversions: 9})
	for i, subject := range []string{"s", "t", "u", "v"} {
		p := letters("A")
		p.Subject, p.Converted = subject, i == 0
		p.Start, p.End, p.Steps[0].At = time.Time{}, time.Time{}, time.Time{}
		if err := js.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	res, err := attribution.Rule(attribution.Last{}).Attribute(js, &attribution.Options{Threshold: 3})
	if err != nil || res.Credit("A").Channel != "" || res.Credit(attribution.OtherRow).Conversions != 10 {
		t.Errorf("%+v, %v", res.Credits, err)
	}
}

func TestCalibration(t *testing.T) {
	t.Parallel()
	res := run(t, plainWorld.run(t, 7, 4_000, 20), attribution.Hazard{})
	b := res.Credit("B").Conversions
	same, err := attribution.Calibrate(res, []attribution.Lift{{Channel: "B", Conversions: b, SE: 3}})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range same.Credits {
		if d := res.Credits[i]; !near(c.Conversions, d.Conversions, 1e-12) || c.Value != d.Value {
			t.Errorf("%+v, calibrated %+v", d, c)
		}
	}
	half, err := attribution.Calibrate(res, []attribution.Lift{{Channel: "B", ID: "geo", Conversions: b / 2, SE: b}})
	if err != nil {
		t.Fatal(err)
	}
	// The prior and the test are equally precise: half of the way.
	if got := half.Credit("B").Conversions; !near(got, .75*b, 1e-9) || !near(half.Credit(attribution.Baseline).Conversions-res.Credit(attribution.Baseline).Conversions, .25*b, 1e-9) {
		t.Errorf("%v of %v", got, b)
	}
	sum := int64(0)
	for _, c := range half.Credits {
		sum += c.Value
	}
	if sum != res.Value {
		t.Errorf("value %d of %d", sum, res.Value)
	}
	for _, l := range []attribution.Lift{{Channel: "B", Conversions: 1e6}, {Channel: "TV", Conversions: 1}, {Channel: "B", Conversions: math.NaN()}} {
		if _, err := attribution.Calibrate(res, []attribution.Lift{l}); !errors.Is(err, attribution.ErrCalibration) {
			t.Errorf("%+v: %v", l, err)
		}
	}
}

// Invariant 18.
func TestBackwardOnAnAdditiveFitIsTheHazard(t *testing.T) {
	t.Parallel()
	js := plainWorld.run(t, 8, 3_000, 20)
	a, b := run(t, js, attribution.Hazard{}), run(t, js, attribution.Backward{})
	for _, c := range a.Credits {
		if d := b.Credit(c.Channel); !near(d.Conversions, c.Conversions, 1e-9) {
			t.Errorf("%+v, backward %+v", c, d)
		}
	}
	odd := attribution.Backward{Intensity: lengthIntensity{}}
	neg := run(t, js, odd)
	if !slices.Contains(neg.Warnings, "negative") {
		t.Error(neg.Warnings)
	}
	// Who did not buy is not asked about.
	some := run(t, setOf(t, won("A", 1), letters("AB")), odd)
	if slices.Contains(some.Warnings, "negative") || some.Credit("A").Conversions != .5 {
		t.Errorf("%q %+v", some.Warnings, some.Credits)
	}
	odd.Clamp = true
	for _, c := range run(t, js, odd).Credits {
		if !(c.Conversions >= 0) {
			t.Errorf("%+v", c)
		}
	}
}

// lengthIntensity falls with every second step.
type lengthIntensity struct{}

func (lengthIntensity) Intensity(_ attribution.View, n int) float64 { return 1 + float64(n%2) }

func TestOrderSelectionFindsTheMemory(t *testing.T) {
	t.Parallel()
	// Whether C converts depends on what came before B: a chain of order 2.
	js := rows(t,
		attribution.Row{Channels: []string{"A", "B"}, Conversions: 300, Nulls: 100},
		attribution.Row{Channels: []string{"C", "B"}, Conversions: 100, Nulls: 900},
		attribution.Row{Channels: []string{"B"}, Conversions: 50, Nulls: 500},
	)
	fits, err := attribution.SelectOrder(js, 4, nil)
	if err != nil {
		t.Fatal(err)
	}
	if none, err := attribution.SelectOrder(js, 0, nil); len(fits) != 4 || len(none) != 0 || err != nil {
		t.Fatalf("%+v, %+v, %v", fits, none, err)
	}
	for i, f := range fits {
		if f.Order != i+1 || f.Chosen != (f.Order == 2) || i > 0 && !(f.LogLik >= fits[i-1].LogLik-1e-9) || !(f.SD > 0) {
			t.Errorf("%+v", f)
		}
	}
	// Without a number of replicates there are fifty, from the seed as ever.
	for _, reps := range []int{0, 50} {
		seeded, err := attribution.SelectOrder(js, 1, &attribution.Options{Interval: attribution.Interval{Reps: reps, Seed: 5}})
		if err != nil || seeded[0].SD == fits[0].SD || !near(seeded[0].SD, fits[0].SD, .05) {
			t.Errorf("%d replicates: SD %v, of another seed %v, %v", reps, seeded[0].SD, fits[0].SD, err)
		}
	}
	// Each ends in a state of its own: how it ended says nothing of it to the others.
	alone := &attribution.Journeys{}
	for i := range 40 {
		p := attribution.Path{Steps: []attribution.Step{{Channel: fmt.Sprint(i)}}, Converted: i%2 == 0}
		if err := alone.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	own, err := attribution.SelectOrder(alone, 1, &attribution.Options{Interval: attribution.Interval{Reps: 2}})
	if err != nil || own[0].AUC != 1 || !(own[0].HeldOut <= .6) {
		t.Errorf("%+v, %v", own, err)
	}
	// One that the others never saw is as probable as all of them: above C, below A.
	never := rows(t, attribution.Row{Channels: []string{"A"}, Conversions: 90, Nulls: 10}, attribution.Row{Channels: []string{"C"}, Conversions: 10, Nulls: 90})
	for i := range 20 {
		if err := never.AddRow(attribution.Row{Channels: []string{fmt.Sprint(i)}, Conversions: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if own, err := attribution.SelectOrder(never, 1, nil); err != nil || !near(own[0].HeldOut, (90*95+10*45+20*90)/12_000., 1e-12) {
		t.Errorf("%+v, %v", own, err)
	}
	if !(fits[1].AUC >= fits[0].AUC+.1 && fits[1].HeldOut >= fits[0].HeldOut+.1) {
		t.Errorf("%+v", fits[:2])
	}
	// Whole tens of journeys make ten equal folds, each judged by nine that are like it.
	for _, f := range fits {
		if !near(f.HeldOut, f.AUC, 1e-12) {
			t.Errorf("order %d: held out %v, else %v", f.Order, f.HeldOut, f.AUC)
		}
	}
}

// Var(h_s) = p(1−p)/n is the oracle of the delta method: with one channel in all paths the
// share does not vary, with two exclusive ones it is a binomial.
func TestDeltaIntervals(t *testing.T) {
	t.Parallel()
	js := rows(t, attribution.Row{Channels: []string{"A"}, Conversions: 30, Nulls: 70}, attribution.Row{Channels: []string{"B"}, Conversions: 20, Nulls: 80})
	iv := attribution.Interval{Method: attribution.Delta}
	res, err := attribution.Markov{}.Attribute(js, &attribution.Options{Interval: iv})
	if err != nil {
		t.Fatal(err)
	}
	lost, err := attribution.Markov{}.Attribute(rows(t, attribution.Row{Channels: []string{"A"}, Nulls: 5}), &attribution.Options{Interval: iv})
	if err != nil || lost.Credit("A").Why != "no conversions" {
		t.Errorf("%+v, %v", lost.Credits, err)
	}
	// RE_A = conversions of A over all: its SD by the delta method for a ratio of
	// independent parts x = p_A·q_A, y = p_B·q_B.
	a := res.Credit("A")
	sd := (a.Hi - a.Lo) / 2 / 1.959964
	x, y := .5*.3, .5*.2
	vx := .25 * .3 * .7 / 100
	vy := .25 * .2 * .8 / 100
	vs := .5 * .5 / 200 // of the first step, which moves x and y in opposite directions
	d := (y*y*vx + x*x*vy) / math.Pow(x+y, 4)
	g := (.3*y + .2*x) / math.Pow(x+y, 2)
	want := 50 * math.Sqrt(d+g*g*vs)
	if !(math.Abs(sd-want) <= 1e-3) {
		t.Errorf("SD %v, by hand %v", sd, want)
	}
}

func TestClosedIntervalsAreTheBootstraps(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(4, 4))
	var ps []attribution.Path
	for i := range 400 {
		p := attribution.Path{Subject: fmt.Sprint(i % 300), Converted: true, Value: r.Int64N(1000)}
		for range 1 + r.IntN(4) {
			p.Steps = append(p.Steps, attribution.Step{Channel: string(rune('A' + r.IntN(4)))})
		}
		ps = append(ps, p)
	}
	js := setOf(t, ps...)
	if err := js.AddRow(attribution.Row{Channels: []string{"A", "D"}, Conversions: 60, Value: 3000}); err != nil {
		t.Fatal(err)
	}
	reps := 2000
	width := func(m attribution.Method) []float64 {
		res, err := attribution.Rule(attribution.Linear{}).Attribute(js, &attribution.Options{Interval: attribution.Interval{Method: m, Reps: reps, Level: .68}})
		if err != nil {
			t.Fatal(err)
		}
		var out []float64
		for _, c := range res.Credits {
			out = append(out, c.Hi-c.Lo, c.ValueHi-c.ValueLo)
		}
		return out
	}
	closed, drawn := width(attribution.Closed), width(attribution.Bootstrap)
	if len(closed) != 8 || len(drawn) != 8 {
		t.Fatal(closed, drawn)
	}
	for i := range closed {
		if !near(closed[i]/drawn[i], 1, .08) {
			t.Errorf("width %v, by bootstrap %v", closed[i], drawn[i])
		}
	}
}

func TestEqualChannelsAreTied(t *testing.T) {
	t.Parallel()
	js := rows(t, attribution.Row{Channels: []string{"A"}, Conversions: 50}, attribution.Row{Channels: []string{"B"}, Conversions: 52}, attribution.Row{Channels: []string{"C"}, Conversions: 900})
	for _, a := range []attribution.Attributor{attribution.Rule(attribution.Last{}), attribution.Markov{}} {
		res, err := a.Attribute(js, nil)
		if err != nil || len(res.Tied) != 1 || res.Tied[0] != [2]string{"A", "B"} {
			t.Errorf("%s: %v %v", a.Name(), res.Tied, err)
		}
	}
}

// An interval of the difference that ends at 0 covers it: of so few sales many replicates
// have the same.
func TestADifferenceThatMayBeNothingIsATie(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]float64{{2, 8}, {7, 2}} {
		js := rows(t, attribution.Row{Channels: []string{"A"}, Conversions: c[0]}, attribution.Row{Channels: []string{"B"}, Conversions: c[1]})
		res, err := attribution.Rule(attribution.Last{}).Attribute(js, &attribution.Options{Interval: attribution.Interval{Method: attribution.Bootstrap}})
		if err != nil || len(res.Tied) != 1 {
			t.Errorf("%v: %v %v", c, res.Tied, err)
		}
	}
}

// Channels that always come together are one as far as the data say.
func TestChannelsOfTheSamePathsAreTied(t *testing.T) {
	t.Parallel()
	for _, method := range []attribution.Method{attribution.Closed, attribution.Bootstrap} {
		opts := &attribution.Options{Interval: attribution.Interval{Method: method}}
		res, err := attribution.Rule(attribution.Linear{}).Attribute(rows(t, attribution.Row{Channels: []string{"A", "B"}, Conversions: 10}), opts)
		if err != nil || len(res.Tied) != 1 {
			t.Errorf("%v %v", res.Tied, err)
		}
		for _, pair := range [][2]string{{"A", "B"}, {"B", "A"}} {
			if p, ok := res.Above(pair[0], pair[1]); !ok || p != .5 {
				t.Errorf("%v: %v with %v, %v", method, pair, p, ok)
			}
		}
	}
	// What they share does not tell them apart: A is ahead by three of its own, of √3.
	more, err := attribution.Rule(attribution.Linear{}).Attribute(rows(t, attribution.Row{Channels: []string{"B", "A"}, Conversions: 10}, attribution.Row{Channels: []string{"A"}, Conversions: 3}), nil)
	if p, _ := more.Above("A", "B"); err != nil || !near(p, .95837, 1e-4) {
		t.Errorf("A above B with %v, %v", p, err)
	}
}

func TestConversionsOfOneSubject(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(d int) time.Time { return start.AddDate(0, 0, d) }
	buy := func(day int, value int64, channels ...string) attribution.Path {
		p := attribution.Path{Subject: "s", End: at(day), Converted: true, Value: value}
		for _, c := range channels {
			p.Steps = append(p.Steps, attribution.Step{Channel: c, At: at(day - 1)})
		}
		return p
	}
	js := setOf(t, buy(2, 100, "A"), buy(3, 200, "B"), buy(20, 400, "C"))
	for name, c := range map[string]struct {
		prep   attribution.Preparation
		want   map[string]float64
		merged float64
	}{
		"each":    {attribution.Preparation{}, map[string]float64{"A": 1, "B": 1, "C": 1}, 0},
		"first":   {attribution.Preparation{Cycle: attribution.CycleFirst}, map[string]float64{"A": 1}, 2},
		"last":    {attribution.Preparation{Cycle: attribution.CycleLast}, map[string]float64{"C": 1}, 2},
		"overlap": {attribution.Preparation{Cycle: attribution.CycleOverlap}, map[string]float64{"A": 1 + .5 + 1./3, "B": .5 + 1./3, "C": 1. / 3}, 0},
		"gap":     {attribution.Preparation{ConversionGap: 48 * time.Hour}, map[string]float64{"A": 1, "B": .5, "C": .5}, 1},
	} {
		out, rep, err := js.Prepare(&c.prep)
		if err != nil {
			t.Fatal(err)
		}
		res := run(t, out, attribution.Rule(attribution.Linear{}))
		for _, ch := range []string{"A", "B", "C"} {
			if got := res.Credit(ch).Conversions; !near(got, c.want[ch], 1e-12) {
				t.Errorf("%s: %s %v, want %v", name, ch, got, c.want[ch])
			}
		}
		if rep.Merged != c.merged {
			t.Errorf("%s: merged %v", name, rep.Merged)
		}
	}
}

// What a preparation joins: a repeated conversion leaves its touches behind and nothing
// else, and one conversion of a subject is a conversion, whatever came before or after it.
func TestWhatIsLeftOfASubject(t *testing.T) {
	t.Parallel()
	lost, sale, again := letters("AB"), won("C", 5), won("", 7)
	sale.End, again.End, again.Start = sale.End.AddDate(0, 0, 9), again.End.AddDate(0, 0, 10), time.Time{}
	sale.Steps[0].At = sale.End
	after := letters("D")
	after.End = after.End.AddDate(0, 0, 60)
	for _, p := range []*attribution.Path{&lost, &sale, &again, &after} {
		p.Subject = "s"
	}
	out, rep, err := setOf(t, sale, again).Prepare(&attribution.Preparation{ConversionGap: 2 * day})
	if err != nil || out.Conversions() != 1 || out.Value() != 5 || out.Nulls() != 0 || out.Len() != 1 || rep.Merged != 1 {
		t.Errorf("gap: %v conversions, %v nulls in %d rows, %+v, %v", out.Conversions(), out.Nulls(), out.Len(), rep, err)
	}
	for _, cycle := range []attribution.Cycle{attribution.CycleFirst, attribution.CycleLast} {
		out, _, err := setOf(t, lost, sale, after).Prepare(&attribution.Preparation{Cycle: cycle})
		if err != nil || out.Conversions() != 1 || channelsOf(t, out) != "C" {
			t.Errorf("cycle %v: %v, %v", cycle, slices.Collect(out.Rows()), err)
		}
	}
	// Who came back without buying is no sale too close to the last, and only sales look back.
	next := won("E", 9)
	next.Subject, next.End, next.Steps[0].At = "s", next.End.AddDate(0, 0, 90), next.End.AddDate(0, 0, 90)
	for name, prep := range map[string]attribution.Preparation{"gap": {ConversionGap: 70 * day}, "overlap": {Cycle: attribution.CycleOverlap}} {
		out, rep, err := setOf(t, sale, after, next).Prepare(&prep)
		if err != nil || out.Nulls() != 1 || rep.Merged != 0 {
			t.Errorf("%s: %v nulls, %+v, %v", name, out.Nulls(), rep, err)
		}
		for row := range out.Rows() {
			if row.Nulls > 0 && !slices.Equal(row.Channels, []string{"D"}) {
				t.Errorf("%s: %+v", name, row)
			}
		}
		want := map[string]string{"gap": "E", "overlap": "D"}[name] // the oldest touch of the last sale
		if got := run(t, out, attribution.Rule(attribution.First{})).Credit(want).Value; got < 9 {
			t.Errorf("%s: %d for %s", name, got, want)
		}
	}
	long := make([]attribution.Path, 2)
	for i := range long {
		long[i] = won("A", 1)
		long[i].Subject, long[i].End = "s", long[i].End.AddDate(0, 0, i)
		for len(long[i].Steps) < 6_000 {
			long[i].Steps = append(long[i].Steps, long[i].Steps[0])
		}
	}
	if _, _, err := setOf(t, long...).Prepare(&attribution.Preparation{Cycle: attribution.CycleOverlap}); !errors.Is(err, attribution.ErrTooManySteps) {
		t.Errorf("more steps than a path may have: %v", err)
	}
}

func TestOpenJourneysAreNoNulls(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	path := func(age int) attribution.Path {
		return attribution.Path{End: end, Steps: []attribution.Step{{Channel: "A", At: end.AddDate(0, 0, -age)}}}
	}
	js, rep, err := setOf(t, path(2), path(40), path(2), path(1)).Prepare(&attribution.Preparation{OpenAfter: 30 * 24 * time.Hour})
	if err != nil || rep.Open != 3 || js.Nulls() != 1 {
		t.Errorf("%+v, nulls %v, %v", rep, js.Nulls(), err)
	}
	if len(rep.Dropped) != 0 {
		t.Errorf("%v dropped of nothing", rep.Dropped)
	}
	if rows := slices.Collect(js.Rows()); len(rows) != 1 || rows[0].Nulls != 1 {
		t.Errorf("what is still open is among the rows: %+v", rows)
	}
}

func TestPresets(t *testing.T) {
	t.Parallel()
	js := pathsFile(t, "timed_paths.csv", true)
	for _, p := range []attribution.Preset{
		attribution.ChannelAttribution(1), attribution.MAM(), attribution.FractributionPreset(), attribution.HockeyStack(),
		attribution.MarketoMeasure(), attribution.GoogleAds(), attribution.GA4Rules(true), attribution.Adobe(),
	} {
		rs, err := p.Attribute(js, noInterval)
		if err != nil || len(rs) != len(p.Attributors) {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
	windowed := attribution.Preset{Preparation: attribution.Preparation{TouchGap: day}, Attributors: []attribution.Attributor{attribution.Rule(attribution.Last{})}}
	if rs, err := windowed.Attribute(mini(t), nil); !errors.Is(err, attribution.ErrUntimed) || rs != nil {
		t.Errorf("%v, %v", rs, err)
	}
	mam, err := attribution.MAM().Attribute(js, noInterval)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range table(t, shared(t, "golden", "attribution", "timed_paths.csv")) {
		if g["model"] == "time_decay_hl168h_floor(MAM)" && !near(mam[4].Credit(g["channel"]).Conversions, number(t, g["credit"]), 1e-9) {
			t.Errorf("%s: %v, want %s", g["channel"], mam[4].Credit(g["channel"]).Conversions, g["credit"])
		}
	}
}

func TestHowProbablyOneChannelIsAboveAnother(t *testing.T) {
	t.Parallel()
	js := rows(t, attribution.Row{Channels: []string{"A"}, Conversions: 50, Nulls: 200}, attribution.Row{Channels: []string{"B"}, Conversions: 60, Nulls: 300},
		attribution.Row{Channels: []string{"C"}, Conversions: 900, Nulls: 100}, attribution.Row{Channels: []string{"D"}, Conversions: 1, Nulls: 1})
	for _, c := range []struct {
		model  attribution.Attributor
		method attribution.Method
	}{
		{attribution.Rule(attribution.Last{}), attribution.Closed}, {attribution.Rule(attribution.Last{}), attribution.Bootstrap},
		{attribution.Markov{}, attribution.Bootstrap}, {attribution.Markov{}, attribution.Delta},
	} {
		res, err := c.model.Attribute(js, &attribution.Options{Interval: attribution.Interval{Method: c.method, Reps: 2000}})
		if err != nil {
			t.Fatal(err)
		}
		// The difference of two independent Poisson counts: 10 of √110. The chain knows the
		// number of sales, so it is a little surer.
		p, ok := res.Above("B", "A")
		if !ok || !near(p, .83, .03) {
			t.Errorf("%s by %v: B above A with %v", res.Model, c.method, p)
		}
		if q, _ := res.Above("A", "B"); !near(p+q, 1, 1e-15) {
			t.Errorf("%s: A above B with %v, B above A with %v", res.Model, q, p)
		}
		if p, ok := res.Above("C", "A"); !ok || !(p >= .9999) {
			t.Errorf("%s: C above A with %v", res.Model, p)
		}
		for _, pair := range [][2]string{{"A", "D"}, {"A", "(baseline)"}, {"A", "TV"}, {"A", "A"}} {
			if p, ok := res.Above(pair[0], pair[1]); ok {
				t.Errorf("%s: %v with %v", res.Model, pair, p)
			}
		}
	}
}
