package attribution_test

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

// A byHand divides conversions as section 10 of the specification is written, with the
// parameters of a fit.
type byHand struct {
	*attribution.HazardParams
	grid        bool
	incremental bool
	horizon     float64
	mean        float64 // baseline of a stratum that the fit does not know
}

func (b *byHand) at(t time.Time) float64 {
	d := t.Sub(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).Hours() / 24
	if b.grid {
		return math.Floor(d)
	}
	return d
}

// again reports whether a step is one more of its channel in a step of the grid.
func (b *byHand) again(before []attribution.Step, s attribution.Step) bool {
	return b.grid && slices.ContainsFunc(before, func(o attribution.Step) bool { return o.Channel == s.Channel && b.at(o.At) == b.at(s.At) })
}

// divide is the share of each step of a path.
func (b *byHand) divide(p attribution.Path) []float64 {
	exit := b.at(p.End)
	base, ok := b.Baseline[p.Stratum]
	if !ok {
		base = b.mean
	}
	lambda, pull := base, make([]float64, len(p.Steps))
	h := b.horizon - exit
	ahead, all := map[string]float64{}, base*h
	for i, s := range p.Steps {
		tau := b.Decay[s.Channel].Hours() / 24
		if tau == 0 {
			continue
		}
		pull[i] = b.Beta[s.Channel] * math.Exp(-(exit-b.at(s.At))/tau)
		if s.Weight != 0 {
			pull[i] *= s.Weight
		}
		lambda += pull[i]
		still := tau * (1 - math.Exp(-h/tau))
		if b.grid {
			still = 0
			for j := 1.; j <= h; j++ {
				still += math.Exp(-j / tau)
			}
		}
		ahead[s.Channel] += pull[i] * still
		all += pull[i] * still
	}
	for i, s := range p.Steps {
		if pull[i] /= lambda; b.incremental {
			pull[i] *= math.Exp(-(all - ahead[s.Channel]))
		}
	}
	return pull
}

// In both readings, on the grid and in continuous time, a fit divides each conversion as
// its formula says, also of a path that was not in the set.
func TestHazardDividesByItsFormula(t *testing.T) {
	t.Parallel()
	w := plainWorld
	w.base = []float64{.004, .02}
	ps := w.paths(31, 300, 20)
	for i := range ps {
		for j := range ps[i].Steps {
			if (i+j)%5 == 0 {
				ps[i].Steps[j].Weight = .5
			}
		}
	}
	js := setOf(t, ps...)
	for _, step := range []time.Duration{0, -1} {
		for _, reading := range []attribution.Reading{attribution.Trigger, attribution.Incremental} {
			res := run(t, js, attribution.Hazard{Step: step, Reading: reading, Decays: []time.Duration{2 * day, 4 * day}})
			b := byHand{HazardParams: res.Params.(*attribution.HazardParams), grid: step == 0, incremental: reading == attribution.Incremental}
			risk, due := 0.0, 0.0
			for _, p := range ps {
				b.horizon = max(b.horizon, b.at(p.End))
				d := b.at(p.End) - b.at(p.Start)
				if b.grid {
					d++
				}
				risk, due = risk+d, due+d*b.Baseline[p.Stratum]
			}
			b.mean = due / risk
			want := map[string]float64{attribution.Baseline: res.Conversions}
			for _, p := range ps {
				if p.Converted {
					for i, x := range b.divide(p) {
						want[p.Steps[i].Channel] += x
						want[attribution.Baseline] -= x
					}
				}
			}
			for name, x := range want {
				if got := res.Credit(name).Conversions; !near(got, x, 1e-9) {
					t.Errorf("step %v, %s: %s %v, by hand %v", step, res.Model, name, got, x)
				}
			}
			// Two people who were not in the set, a channel that it does not know, one of
			// them of a stratum that it does not know.
			for _, stratum := range []string{"g1", "new"} {
				p := won("BTBA", 0)
				p.Steps[1].Channel, p.Stratum = "TV", stratum
				for i := range p.Steps {
					p.Steps[i].At = p.Steps[i].At.AddDate(0, 0, -50)
				}
				p.Start, p.End = p.Start.AddDate(0, 0, -50), p.End.AddDate(0, 0, -50)
				scs, err := attribution.Explain(p, nil, res.Split)
				if err != nil || len(scs) != 5 {
					t.Fatal(scs, err)
				}
				rest := 1.0
				for i, x := range b.divide(p) {
					rest -= x
					if !near(scs[i].Credit, x, 1e-12) {
						t.Errorf("step %v, %s, stratum %s: %+v, by hand %v", step, res.Model, stratum, scs[i], x)
					}
				}
				if scs[1].Reason != attribution.ZeroWeight || scs[4].Step.Channel != attribution.Baseline || !near(scs[4].Credit, rest, 1e-12) {
					t.Errorf("step %v, %s, stratum %s: %+v", step, res.Model, stratum, scs)
				}
			}
		}
	}
}

// Invariant 5 for what is fitted: nothing hangs on which channel, stratum or path comes first.
func TestRenamingChannelsRenamesFits(t *testing.T) {
	t.Parallel()
	w := plainWorld
	w.excite, w.base = .3, []float64{.03, .02}
	ps := w.paths(32, 250, 20)
	for i, p := range ps {
		if len(p.Steps) == 0 { // so that the first of all paths has a step, of one name or the other
			ps[i].Steps = []attribution.Step{{Channel: w.channels[i%3], At: p.Start}}
		}
	}
	other := map[string]string{"A": "Z", "B": "M", "P": "F"}
	renamed := slices.Clone(ps)
	for i := range renamed {
		if ps[i].Stratum == "g0" {
			renamed[i].Stratum = "h0"
		}
		renamed[i].Steps = slices.Clone(ps[i].Steps)
		for j := range renamed[i].Steps {
			renamed[i].Steps[j].Channel = other[ps[i].Steps[j].Channel]
		}
	}
	h := attribution.Hazard{Decays: []time.Duration{2 * day, 4 * day}}
	inc := attribution.Hazard{Decays: h.Decays, Reading: attribution.Incremental, Step: -1}
	delta := &attribution.Options{Interval: attribution.Interval{Method: attribution.Delta}}
	for _, m := range []attribution.Attributor{h, inc, attribution.Lineage{Hazard: h}, attribution.Lineage{Hazard: inc, Reading: attribution.Incremental}} {
		x, err := m.Attribute(setOf(t, ps...), delta)
		y, err2 := m.Attribute(setOf(t, renamed...), delta)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		for _, c := range x.Credits {
			name := c.Channel
			if o, ok := other[name]; ok {
				name = o
			}
			d := y.Credit(name)
			if !near(d.Conversions, c.Conversions, 1e-6) || !near(d.Lo, c.Lo, 1e-6) || !near(d.Hi, c.Hi, 1e-6) || !near(d.ValueHi, c.ValueHi, 1e-6) {
				t.Errorf("%s: %+v, renamed %+v", x.Model, c, d)
			}
		}
	}
}

// Where touches do nothing each sale is the baseline's, and the delta method is exact: the
// variance is the sum of squares over units. A subject is one, so is a journey of no
// subject, and a fraction of one.
func TestUnitsOfTheDelta(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	buy := func(subject, channel string, from int, weight float64) attribution.Path {
		return attribution.Path{
			Subject: subject, Start: start.AddDate(0, 0, from), End: start.AddDate(0, 0, from+9), Converted: true, Value: 100, Weight: weight,
			Steps: []attribution.Step{{Channel: channel, At: start.AddDate(0, 0, from)}},
		}
	}
	for name, c := range map[string]struct {
		subject  func(i int) string
		weight   float64
		variance float64
	}{
		"two sales a subject": {strconv.Itoa, 1, 30 * 4},
		"journeys":            {func(int) string { return "" }, 1, 60},
		"double journeys":     {func(int) string { return "" }, 2, 120},
		"no whole number":     {func(int) string { return "" }, .55, 2 * 16.5 * 16.5},
	} {
		var ps []attribution.Path
		for i := range 30 {
			// The rows of one subject do not lie side by side: they are in order of channels.
			ps = append(ps, buy(c.subject(i), "A", 0, c.weight), buy(c.subject(i), "B", 10, c.weight))
		}
		res, err := attribution.Hazard{Decays: []time.Duration{day}}.Attribute(setOf(t, ps...), &attribution.Options{Interval: attribution.Interval{Method: attribution.Delta}})
		if err != nil {
			t.Fatal(err)
		}
		b := res.Credit(attribution.Baseline)
		if sd := (b.Hi - b.Conversions) / 1.959963985; b.Conversions != res.Conversions || !near(sd*sd, c.variance, 1e-6) {
			t.Errorf("%s: %+v, variance %v, want %v", name, b, sd*sd, c.variance)
		}
	}
}

// Who left at a sale moves nothing any more: neither estimates nor their intervals.
func TestWhoLeftMovesNothing(t *testing.T) {
	t.Parallel()
	ps := plainWorld.paths(33, 300, 20)
	var later []attribution.Path
	for i := range ps {
		if ps[i].Subject = strconv.Itoa(i); !ps[i].Converted {
			continue
		}
		end := ps[i].End.AddDate(0, 0, 1)
		later = append(later, attribution.Path{
			Subject: ps[i].Subject, Stratum: ps[i].Stratum, Start: ps[i].End, End: end, Converted: i%2 == 0,
			Steps: []attribution.Step{{Channel: "B", At: end.Add(-time.Hour)}},
		})
	}
	h := attribution.Hazard{Repeat: attribution.RepeatNever, Decays: []time.Duration{3 * day}}
	for _, m := range []attribution.Attributor{h, attribution.Lineage{Hazard: h}} {
		for _, iv := range []attribution.Interval{{Method: attribution.Delta}, {Method: attribution.Bootstrap, Reps: 10}} {
			once, err := m.Attribute(setOf(t, ps...), &attribution.Options{Interval: iv})
			again, err2 := m.Attribute(setOf(t, append(later, ps...)...), &attribution.Options{Interval: iv})
			if err = errors.Join(err, err2); err != nil {
				t.Fatal(err)
			}
			for _, c := range once.Credits {
				if d := again.Credit(c.Channel); !near(d.Conversions, c.Conversions, 1e-9) || !near(d.Lo, c.Lo, 1e-9) || !near(d.Hi, c.Hi, 1e-9) {
					t.Errorf("%s: %+v, with later journeys %+v", m.Name(), c, d)
				}
			}
			if a, ok := once.Params.(*attribution.HazardParams); ok {
				if b := again.Params.(*attribution.HazardParams); !near(a.LogLoss, b.LogLoss, 1e-9) || !near(a.AUC, b.AUC, 1e-9) || b.Used >= 1 {
					t.Errorf("%s: judged %+v, with later journeys %+v", m.Name(), a, b)
				}
			}
			if got := again.Credit(attribution.Unattributed).Conversions; got != again.Conversions-once.Conversions || got == 0 {
				t.Errorf("%s: (unattributed) %v", m.Name(), got)
			}
		}
	}
}

// Who only came back after a sale is no repeat buyer: nobody stays at risk for that. And who
// came without buying before the sale has not left.
func TestComingBackIsNoRepeatSale(t *testing.T) {
	t.Parallel()
	ps := plainWorld.paths(33, 300, 20)
	for i := range ps {
		if ps[i].Subject = strconv.Itoa(i); ps[i].Converted {
			end := ps[i].End.AddDate(0, 0, 9)
			begin := ps[i].Start.AddDate(0, 0, -9)
			ps = append(ps,
				attribution.Path{Subject: ps[i].Subject, Stratum: ps[i].Stratum, Start: begin, End: ps[i].Start},
				attribution.Path{Subject: ps[i].Subject, Stratum: ps[i].Stratum, Start: ps[i].End, End: end})
		}
	}
	js, a := setOf(t, ps...), map[attribution.Repeat]float64{}
	for _, repeat := range []attribution.Repeat{attribution.RepeatAuto, attribution.RepeatNever, attribution.RepeatAlways} {
		res := run(t, js, attribution.Hazard{Repeat: repeat})
		a[repeat] = res.Params.(*attribution.HazardParams).Baseline["g0"]
		if c := res.Credit(attribution.Unattributed); c.Conversions != 0 {
			t.Errorf("%v: %+v", repeat, c)
		}
	}
	if a[attribution.RepeatAuto] != a[attribution.RepeatNever] || a[attribution.RepeatAuto] == a[attribution.RepeatAlways] {
		t.Errorf("%v", a)
	}
}

// A journey that ends with the sale but without it is behind it, however they were added;
// one without start and steps is at risk at its end alone.
func TestJourneysBesideASale(t *testing.T) {
	t.Parallel()
	sale, lost := won("B", 1), letters("AA")
	sale.Subject, lost.Subject = "s", "s"
	for _, js := range []*attribution.Journeys{setOf(t, sale, lost), setOf(t, lost, sale)} {
		if p := run(t, js, attribution.Hazard{}).Params.(*attribution.HazardParams); !near(p.Used, 1./3, 1e-15) {
			t.Errorf("%v of the touches were used", p.Used)
		}
	}
	bare := won("", 1)
	bare.Start = time.Time{}
	for _, step := range []time.Duration{0, time.Hour} {
		p := run(t, setOf(t, bare), attribution.Hazard{Step: step}).Params.(*attribution.HazardParams)
		if got := p.Baseline[""] * max(step, time.Hour).Hours() / 24; step != 0 && !near(got, 1, 1e-9) || step == 0 && !near(p.Baseline[""], 1, 1e-9) {
			t.Errorf("step %v: baseline %v a day", step, p.Baseline)
		}
	}
}

// Sixty-four channels may excite, whoever else there is.
func TestLineageOfManyChannels(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for pairs, want := range map[int]error{32: nil, 33: attribution.ErrTooManyChannels} {
		js := &attribution.Journeys{}
		for i := range 100 {
			for k := range 2 {
				p := attribution.Path{Start: start, End: start.AddDate(0, 0, 9), Converted: k == 0, Steps: []attribution.Step{{Channel: "a" + strconv.Itoa(i), At: start}}}
				if i < pairs {
					p.Steps = append(p.Steps, attribution.Step{Channel: "b" + strconv.Itoa(i), At: start.AddDate(0, 0, 1)})
				}
				if err := js.Add(p); err != nil {
					t.Fatal(err)
				}
			}
		}
		res, err := attribution.Lineage{Hazard: attribution.Hazard{Decays: []time.Duration{3 * day}}}.Attribute(js, noInterval)
		if !errors.Is(err, want) || err == nil && len(res.Params.(*attribution.LineageParams).Excitation) != pairs {
			t.Errorf("%d pairs: %v", pairs, err)
		}
	}
}

// Each candidate is tried, the first and the last among them, in whatever order they come.
func TestDecayAtTheEndsOfTheCandidates(t *testing.T) {
	t.Parallel()
	for tau, want := range map[float64]time.Duration{.5: day / 2, 30: 30 * day} {
		w := world{channels: []string{"B"}, mu: []float64{.1}, beta: []float64{.2 / tau}, tau: tau, base: []float64{.002}}
		js := w.run(t, 34, 400, 30)
		a := run(t, js, attribution.Hazard{Decays: []time.Duration{day / 2, 4 * day, 30 * day}})
		b := run(t, js, attribution.Hazard{Decays: []time.Duration{30 * day, day / 2, 4 * day, 30 * day}})
		p, q := a.Params.(*attribution.HazardParams), b.Params.(*attribution.HazardParams)
		if p.Decay["B"] != want || q.Decay["B"] != want || !slices.Equal(p.AtEdge, []string{"B"}) || !slices.Equal(q.AtEdge, p.AtEdge) || p.LogLik != q.LogLik {
			t.Errorf("τ %v days: %+v, %+v", tau, p, q)
		}
		if one := run(t, js, attribution.Hazard{Decays: []time.Duration{want}}).Params.(*attribution.HazardParams); len(one.AtEdge) != 0 {
			t.Errorf("one candidate has no ends: %q", one.AtEdge)
		}
	}
}

// Without touches a baseline is sales over time at risk: of each stratum in the time that
// was spent in it, whatever the strata are called and however many there were.
func TestBaselinesOfStrataThatChange(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	type change struct {
		to  string
		day int
	}
	var js attribution.Journeys
	for _, p := range []struct {
		end     int // and a half
		sold    bool
		changes []change
	}{
		{19, false, []change{{"z", 5}, {"a", 10}}},
		{7, true, []change{{"z", 5}, {"a", 10}}},
		{12, true, []change{{"z", 5}, {"a", 10}}},
		{10, true, []change{{"z", 5}, {"a", 10}}}, // on the day of the change
		{9, false, []change{{"z", -3}, {"a", -1}}},
		{4, true, []change{{"z", 30}}},
		{1, false, []change{{"z", 0}}},
	} {
		path := attribution.Path{Start: start, End: start.AddDate(0, 0, p.end).Add(12 * time.Hour), Converted: p.sold, Stratum: "m"}
		for _, c := range p.changes {
			path.Changes = append(path.Changes, attribution.Change{Stratum: c.to, At: start.AddDate(0, 0, c.day)})
		}
		if err := js.Add(path); err != nil {
			t.Fatal(err)
		}
	}
	for step, want := range map[time.Duration]map[string]float64{
		0:  {"m": 1. / (5 + 5 + 5 + 5 + 5), "z": 1. / (5 + 3 + 5 + 5 + 2), "a": 2. / (10 + 3 + 1 + 10)},
		-1: {"m": 1. / (5 + 5 + 5 + 5 + 4.5), "z": 1. / (5 + 2.5 + 5 + 5 + 1.5), "a": 2. / (9.5 + 2.5 + .5 + 9.5)},
	} {
		got := run(t, &js, attribution.Hazard{Step: step}).Params.(*attribution.HazardParams).Baseline
		for name, rate := range want {
			if !near(got[name], rate, 1e-9) || len(got) != len(want) {
				t.Errorf("step %v: %v, want %v", step, got, want)
			}
		}
	}
}

// Rows know ages and no instants: they are paths that end with a day.
func TestHazardOfRowsIsThatOfPaths(t *testing.T) {
	t.Parallel()
	rowed, pathed := &attribution.Journeys{}, &attribution.Journeys{}
	for _, p := range plainWorld.paths(35, 200, 20) {
		p.Start, p.End, p.Stratum, p.Value = time.Time{}, p.End.Truncate(day).Add(day-time.Microsecond), "", 0
		slices.SortFunc(p.Steps, func(a, b attribution.Step) int { return a.At.Compare(b.At) })
		r := attribution.Row{Ages: []time.Duration{}}
		for _, s := range p.Steps {
			r.Channels, r.Ages = append(r.Channels, s.Channel), append(r.Ages, p.End.Sub(s.At))
		}
		if r.Nulls = 1; p.Converted {
			r.Conversions, r.Nulls = 1, 0
		}
		if len(p.Steps) == 0 {
			continue // without a step there is no age
		}
		if err := errors.Join(rowed.AddRow(r), pathed.Add(p)); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []time.Duration{0, -1} {
		h := attribution.Hazard{Step: step, Decays: []time.Duration{3 * day}}
		a, b := run(t, rowed, h), run(t, pathed, h)
		for _, c := range a.Credits {
			if d := b.Credit(c.Channel); !near(c.Conversions, d.Conversions, 1e-6) {
				t.Errorf("step %v: %+v, of paths %+v", step, c, d)
			}
		}
		if a.Credit("B").Conversions < 1 {
			t.Errorf("step %v: %+v: the test sees no effect", step, a.Credits)
		}
		if !slices.Contains(a.Warnings, "entry_unknown") || !slices.Contains(b.Warnings, "entry_unknown") {
			t.Errorf("%q, %q", a.Warnings, b.Warnings)
		}
	}
}

// A channel without effect is held at the shortest memory, of which all are as likely. In
// other data its effect may be one of a longer memory, and of more sales.
func TestMemoryOfAChannelWithoutEffectIsFreeInOtherData(t *testing.T) {
	t.Parallel()
	w := world{channels: []string{"P"}, mu: []float64{.1}, beta: []float64{0}, tau: 3, base: []float64{.03}}
	for _, seed := range []uint64{1, 20, 72} {
		js := w.run(t, seed, 100, 20)
		above := func(decays ...time.Duration) float64 {
			res, err := attribution.Hazard{Decays: decays}.Attribute(js, &attribution.Options{Interval: attribution.Interval{Reps: 40, Seed: 1}})
			if err != nil {
				t.Fatal(err)
			}
			if p := res.Params.(*attribution.HazardParams); p.Beta["P"] != 0 || len(p.AtEdge) != 0 {
				t.Fatalf("seed %d: %+v", seed, p)
			}
			return res.Credit("P").Hi
		}
		if held, free := above(day), above(day, 4*day); free < 1.5*held {
			t.Errorf("seed %d: at most %v with any memory, %v with the shortest", seed, free, held)
		}
	}
}

// A fit is judged by how probable it held each day of each person to be the day of the sale.
func TestAFitIsJudgedDayByDay(t *testing.T) {
	t.Parallel()
	w := plainWorld
	w.base = []float64{.004, .02}
	ps := w.paths(5, 200, 15)
	p := run(t, setOf(t, ps...), attribution.Hazard{}).Params.(*attribution.HazardParams)
	b := byHand{grid: true}
	type judged struct {
		lambda float64
		sold   bool
	}
	var days []judged
	loss := 0.0
	for _, path := range ps {
		end := b.at(path.End)
		for d := b.at(path.Start); d <= end; d++ {
			x := judged{p.Baseline[path.Stratum], path.Converted && d == end}
			for _, s := range path.Steps {
				if age := d - b.at(s.At); age >= 0 {
					x.lambda += p.Beta[s.Channel] * math.Exp(-age/(p.Decay[s.Channel].Hours()/24))
				}
			}
			if loss += x.lambda; x.sold {
				loss -= x.lambda + math.Log(1-math.Exp(-x.lambda))
			}
			days = append(days, x)
		}
	}
	var above, pairs float64
	for _, x := range days {
		for _, y := range days {
			if x.sold && !y.sold {
				switch pairs++; {
				case math.Abs(x.lambda-y.lambda) <= 1e-12:
					above += .5
				case x.lambda > y.lambda:
					above++
				}
			}
		}
	}
	if !near(p.LogLoss, loss/float64(len(days)), 1e-9) || math.Abs(p.AUC-above/pairs) > .001 || p.Used != 1 {
		t.Errorf("loss %v, by hand %v; AUC %v, by hand %v; used %v", p.LogLoss, loss/float64(len(days)), p.AUC, above/pairs, p.Used)
	}
	if p := run(t, setOf(t, attribution.Path{Start: ps[0].Start, End: ps[0].End}), attribution.Hazard{}).Params.(*attribution.HazardParams); p.Used != 1 {
		t.Errorf("%v of no steps are used", p.Used)
	}
}

// Without evidence an interval begins at 0, however narrow it is asked for; and money that
// was not refunded has none below 0.
func TestDeltaIntervalsOfWhatMayBeNothing(t *testing.T) {
	t.Parallel()
	weak := 0
	for seed := range uint64(10) {
		js := plainWorld.run(t, seed, 200, 20)
		for _, level := range []float64{.2, .999} {
			res, err := attribution.Hazard{}.Attribute(js, &attribution.Options{Interval: attribution.Interval{Method: attribution.Delta, Level: level}})
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range res.Params.(*attribution.HazardParams).NoEvidence {
				c := res.Credit(name)
				if c.Conversions > 0 && c.Why == "" {
					weak++
				}
				if c.Lo != 0 || c.ValueLo != 0 {
					t.Errorf("seed %d: %+v", seed, c)
				}
			}
			for _, c := range res.Credits {
				if c.Lo < 0 || c.ValueLo < 0 {
					t.Errorf("seed %d: %+v", seed, c)
				}
			}
		}
	}
	if weak < 5 {
		t.Errorf("%d weak effects: the test sees none", weak)
	}
}

func TestFewEventsAreFewerThanFifty(t *testing.T) {
	t.Parallel()
	for n, few := range map[float64]bool{1: true, 49: true, 50: false} {
		res := run(t, rows(t,
			attribution.Row{Channels: []string{"A"}, Ages: []time.Duration{time.Hour}, Conversions: n, Nulls: 9},
			attribution.Row{Channels: []string{"B"}, Ages: []time.Duration{time.Hour}, Nulls: 9},
		), attribution.Hazard{})
		if slices.Contains(res.Warnings, "few_events") != few {
			t.Errorf("%v: %q", n, res.Warnings)
		}
	}
}

// What a fit says of each step of a path, and of a path that it would not have expected to
// sell: all of that is (baseline).
func TestHazardExplainsItsSteps(t *testing.T) {
	t.Parallel()
	var ps []attribution.Path
	for range 30 {
		p, null := won("A", 1), letters("BA")
		p.Start = p.End.Add(-40 * day)
		ps = append(ps, p, null)
	}
	res := run(t, setOf(t, ps...), attribution.Hazard{Decays: []time.Duration{day}})
	p := res.Params.(*attribution.HazardParams)
	for name, path := range map[string]attribution.Path{"A": ps[0], "B": won("BB", 1)} {
		for _, sc := range explained(t, path, res.Split) {
			if sc.Step.Channel == "A" && (sc.Detail["beta_per_day"] != p.Beta["A"] || sc.Detail["decay_days"] != 1) {
				t.Errorf("%+v of %+v", sc, p)
			}
			if name == "B" && sc.Step.Channel == attribution.Baseline && sc.Credit != 1 {
				t.Errorf("%+v", sc)
			}
		}
	}
	if p.Baseline[""] != 0 {
		t.Errorf("%+v: the test needs a baseline of 0", p)
	}
}

// Parameters whose errors go together cannot be told apart, and are not given limits.
func TestChannelsThatComeTogetherHaveNoDeltaIntervals(t *testing.T) {
	t.Parallel()
	for _, twin := range []string{"A2", "B2", "Z"} { // rounding, which depends on the order, must not decide
		ps := plainWorld.paths(3, 300, 20)
		for i := range ps {
			for _, s := range ps[i].Steps {
				if s.Channel == "B" {
					s.Channel = twin
					ps[i].Steps = append(ps[i].Steps, s)
				}
			}
		}
		h := attribution.Hazard{Decays: []time.Duration{3 * day}}
		res, err := h.Attribute(setOf(t, ps...), &attribution.Options{Interval: attribution.Interval{Method: attribution.Delta}})
		if err != nil || !near(res.Credit(twin).Conversions, res.Credit("B").Conversions, 1e-6) {
			t.Fatalf("%+v, %v", res, err)
		}
		for _, c := range res.Credits {
			if c.Why != "singular" || c.Lo != 0 || c.Hi != 0 {
				t.Errorf("%s: %+v", twin, c)
			}
		}
	}
}

// What excites is fitted as section 11 of the specification is written: at the end as many
// touches are due to a cause as its excitation and exposure make, and as the shares of the
// rates of the touches say.
func TestExcitationIsThatOfItsFormula(t *testing.T) {
	t.Parallel()
	w := plainWorld
	w.excite, w.mu = .3, []float64{.1, .06, .05}
	ps := w.paths(8, 600, 20)
	for i := range ps {
		if p := &ps[i]; i%3 == 0 && len(p.Steps) > 0 && !p.Converted {
			s := p.Steps[0] // twice that day
			s.At = s.At.Add(time.Minute)
			p.Steps = slices.Insert(p.Steps, 1, s)
		}
	}
	js := setOf(t, ps...)
	for _, c := range []struct {
		step  time.Duration
		omega float64
	}{{0, 0}, {0, .4}, {-1, .5}, {-1, 2}} {
		p := run(t, js, attribution.Lineage{Hazard: attribution.Hazard{Step: c.step}, Memory: []float64{c.omega}}).Params.(*attribution.LineageParams)
		if p.Excitation[[2]string{"A", "B"}] == 0 || p.Memory != c.omega {
			t.Fatalf("%+v: %+v", c, p)
		}
		b := byHand{grid: c.step == 0}
		kernel := func(age float64) float64 {
			if b.grid {
				return (1 - c.omega) * math.Pow(c.omega, age-1)
			}
			return math.Exp(-age/c.omega) / c.omega
		}
		risk, touches, exposure := 0., map[string]float64{}, map[string]float64{}
		for _, path := range ps {
			exit := b.at(path.End)
			if risk += exit - b.at(path.Start); b.grid {
				risk++
			}
			for i, s := range path.Steps {
				if touches[s.Channel]++; b.again(path.Steps[:i], s) {
					continue
				}
				left := exit - b.at(s.At)
				if b.grid {
					exposure[s.Channel] += 1 - math.Pow(c.omega, left)
				} else {
					exposure[s.Channel] += 1 - math.Exp(-left/c.omega)
				}
			}
		}
		due := map[string]float64{}
		for pair := range p.Excitation {
			n := p.Events[pair]
			due[pair[1]] += n
			if want := p.Excitation[pair] * exposure[pair[0]]; !near(n, want, 1e-6) {
				t.Errorf("%+v, %q: %v touches, by exposure %v", c, pair, n, want)
			}
		}
		events := map[[2]string]float64{}
		for _, path := range ps {
			for _, s := range path.Steps {
				part := map[[2]string]float64{}
				all := (touches[s.Channel] - due[s.Channel]) / risk
				for i, cause := range path.Steps {
					if age := b.at(s.At) - b.at(cause.At); age > 0 && !b.again(path.Steps[:i], cause) {
						pair := [2]string{cause.Channel, s.Channel}
						x := p.Excitation[pair] * kernel(age)
						part[pair] += x
						all += x
					}
				}
				for pair, x := range part {
					events[pair] += x / all
				}
			}
		}
		for pair := range p.Excitation {
			if n := p.Events[pair]; !near(n, events[pair], 1e-6) {
				t.Errorf("%+v, %q: %v touches, by their rates %v", c, pair, n, events[pair])
			}
		}
	}
}
