package attribution_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

// Intervals cover: of worlds drawn again and again, the 95 % intervals hold what the model
// says of all of them together in at least 90 %, and are not so wide that they always do.
func TestIntervalsCoverTheMeanOfManyWorlds(t *testing.T) {
	t.Parallel()
	worlds, size, reps := 60, 300, 60
	if rounds() > 100 {
		worlds, size, reps = 400, 1000, 200
	}
	if testing.Short() {
		worlds, reps = 20, 30
	}
	names := []string{"A", "B", "C", "D"}
	sell := map[string]float64{"A": .05, "B": .1, "C": .2, "D": .3}
	draw := func(seed uint64) *attribution.Journeys {
		r := rand.New(rand.NewPCG(seed, 77))
		js := &attribution.Journeys{}
		for i := range size {
			p := attribution.Path{Value: 0, Subject: fmt.Sprint(i)}
			sold := 0.0
			for {
				name := names[min(r.IntN(5), 3)]
				p.Steps = append(p.Steps, attribution.Step{Channel: name})
				if sold = max(sold, sell[name]); r.IntN(3) == 0 {
					break
				}
			}
			if p.Converted = r.Float64() < sold; p.Converted {
				p.Value = 1 + r.Int64N(100)
			}
			if err := js.Add(p); err != nil {
				t.Fatal(err)
			}
		}
		return js
	}
	var sets []*attribution.Journeys
	for i := range worlds {
		sets = append(sets, draw(uint64(i)))
	}
	for _, c := range []struct {
		by     attribution.Attributor
		method attribution.Method
	}{
		{attribution.Rule(attribution.Linear{}), attribution.Closed}, {attribution.Rule(attribution.Position{}), attribution.Closed},
		{attribution.Shapley{}, attribution.Closed}, {attribution.Rule(attribution.Linear{}), attribution.Bootstrap},
		{attribution.Markov{}, attribution.Bootstrap}, {attribution.Markov{}, attribution.Delta}, {attribution.ShaoLi{}, attribution.Bootstrap},
	} {
		var results []*attribution.Result
		mean := map[string][2]float64{}
		for _, js := range sets {
			res, err := c.by.Attribute(js, &attribution.Options{Interval: attribution.Interval{Method: c.method, Reps: reps}})
			if err != nil {
				t.Fatal(err)
			}
			results = append(results, res)
			for _, cr := range res.Credits {
				m := mean[cr.Channel]
				mean[cr.Channel] = [2]float64{m[0] + cr.Conversions/float64(worlds), m[1] + float64(cr.Value)/float64(worlds)}
			}
		}
		var in, inMoney, of float64
		for _, res := range results {
			for _, name := range names {
				cr, m := res.Credit(name), mean[name]
				of++
				if cr.Lo <= m[0] && m[0] <= cr.Hi {
					in++
				}
				if cr.ValueLo <= m[1] && m[1] <= cr.ValueHi {
					inMoney++
				}
			}
		}
		// A delta interval takes the number of sales as given, and scales money with them.
		least, most := .90, .99
		if worlds < 60 {
			least, most = .85, 1
		}
		if c.method == attribution.Delta {
			least, inMoney = .5, in
		}
		if share := in / of; !(least <= share && share <= most) {
			t.Errorf("%s by %v: conversions covered in %.3f of %v", c.by.Name(), c.method, share, of)
		}
		if share := inMoney / of; !(least-.03 <= share && share <= most) {
			t.Errorf("%s by %v: money covered in %.3f of %v", c.by.Name(), c.method, share, of)
		}
	}
}

// The same for the time at risk: the credit of an effective channel, and none for one
// without effect.
func TestHazardIntervalsCover(t *testing.T) {
	t.Parallel()
	worlds, users := 12, 1500
	if rounds() > 100 {
		worlds, users = 100, 4000
	}
	if testing.Short() {
		worlds = 6
	}
	h := attribution.Hazard{Decays: []time.Duration{72 * time.Hour}}
	mean, var2 := map[string]float64{}, map[string]float64{}
	var results []*attribution.Result
	for i := range worlds {
		res, err := h.Attribute(plainWorld.run(t, uint64(100+i), users, 20), &attribution.Options{Interval: attribution.Interval{Method: attribution.Delta}})
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, res)
		for _, c := range res.Credits {
			mean[c.Channel] += c.Conversions / float64(worlds)
			var2[c.Channel] += c.Conversions * c.Conversions / float64(worlds)
		}
	}
	in, zero := 0, 0
	for _, res := range results {
		for _, name := range []string{"B", attribution.Baseline} {
			if c := res.Credit(name); c.Lo <= mean[name] && mean[name] <= c.Hi {
				in++
			}
		}
		if res.Credit("P").Lo == 0 {
			zero++
		}
	}
	if float64(in) < .85*2*float64(worlds) || float64(zero) < .9*float64(worlds)-1 {
		t.Errorf("%d of %d intervals cover, %d of %d of the placebo begin at 0", in, 2*worlds, zero, worlds)
	}
	for _, name := range []string{"B", attribution.Baseline} {
		sd := math.Sqrt(var2[name] - mean[name]*mean[name])
		if c := results[0].Credit(name); worlds >= 100 && !near((c.Hi-c.Lo)/2/1.96/sd, 1, .25) {
			t.Errorf("%s: SD %v over worlds, by the interval %v", name, sd, (c.Hi-c.Lo)/2/1.96)
		}
	}
}

// The closed form is the variance of the bootstrap: within 2 % of a long one's.
func TestClosedIntervalsAreWithinTwoPercent(t *testing.T) {
	t.Parallel()
	reps, tolerance := 1500, .08
	if rounds() > 100 {
		reps, tolerance = 60_000, .02
	}
	r := rand.New(rand.NewPCG(14, 4))
	js := &attribution.Journeys{}
	for range 200 {
		row := attribution.Row{Conversions: float64(100 * r.IntN(40)), Nulls: 1}
		for range 1 + r.IntN(4) {
			row.Channels = append(row.Channels, string(rune('A'+r.IntN(4))))
		}
		if err := js.AddRow(row); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range []attribution.Model{attribution.Linear{}, attribution.Last{}, attribution.Position{}} {
		var sd [2][]float64
		for i, method := range []attribution.Method{attribution.Closed, attribution.Bootstrap} {
			// The tails of two normal levels give the SD of either.
			res, err := attribution.Rule(m).Attribute(js, &attribution.Options{Interval: attribution.Interval{Method: method, Reps: reps, Level: .6827}})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range res.Credits {
				sd[i] = append(sd[i], (c.Hi-c.Lo)/2)
			}
		}
		if len(sd[0]) != 4 || len(sd[1]) != 4 {
			t.Fatalf("%s: %v", m.Name(), sd)
		}
		for i, x := range sd[0] {
			if !near(x/sd[1][i], 1, tolerance) {
				t.Errorf("%s: SD %v, by bootstrap %v", m.Name(), x, sd[1][i])
			}
		}
	}
}

// Σ credit = sales and value for every model that says it conserves, fitted ones included.
func TestFittedModelsAddUp(t *testing.T) {
	t.Parallel()
	models := []attribution.Attributor{
		attribution.ShaoLi{}, attribution.ShaoLi{Others: attribution.InPath}, attribution.Fractribution{},
		attribution.Shapley{Game: attribution.Ordered}, attribution.Shapley{Game: attribution.Rate},
		attribution.Rule(attribution.WShaped()), attribution.Rule(attribution.FullPath()), attribution.Rule(attribution.LeadCreation()),
	}
	timedModels := []attribution.Attributor{
		attribution.Hazard{}, attribution.Hazard{Step: -1}, attribution.Hazard{Reading: attribution.Incremental}, attribution.Lineage{},
		attribution.Lineage{Reading: attribution.Incremental}, attribution.Backward{Clamp: true},
		attribution.Shapley{Game: attribution.Fitted}, attribution.Hazard{Repeat: attribution.RepeatNever},
	}
	i := 0
	eachSet(t, func(t *testing.T, r *rand.Rand, timed bool, ps []attribution.Path) {
		i++
		js := setOf(t, ps...)
		as := models
		if timed {
			as = append(slices.Clone(models), timedModels[i/2%len(timedModels)])
		}
		for _, a := range as {
			res := run(t, js, a)
			conv, value := 0.0, int64(0)
			for _, c := range res.Credits {
				conv += c.Conversions
				value += c.Value
			}
			if res.Conserves && (!near(conv, js.Conversions(), 1e-9) || value != js.Value()) {
				t.Errorf("%s: %v of %v, %d of %d: %+v", a.Name(), conv, js.Conversions(), value, js.Value(), res.Credits)
			}
			if !res.Conserves {
				t.Errorf("%s does not conserve", a.Name())
			}
			if res.Split == nil || r.IntN(4) > 0 {
				continue
			}
			for _, p := range ps {
				scs, err := attribution.Explain(p, nil, res.Split)
				if err != nil {
					t.Fatal(err)
				}
				sum, value := 0.0, int64(0)
				for _, sc := range scs {
					sum += sc.Credit
					value += sc.Value
					if row := sc.Step.Channel; sc.Reason == "" && row != attribution.Unattributed && row != attribution.Baseline {
						t.Errorf("%s: no reason: %+v", a.Name(), sc)
					}
				}
				if !near(sum, 1, 1e-9) || value != p.Value {
					t.Errorf("%s: explained %v, %d of %d", a.Name(), sum, value, p.Value)
				}
			}
		}
	})
}
