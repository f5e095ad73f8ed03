package attribution_test

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

// A world makes subjects under additive effects, a step a day: the ground truth of these
// tests. Package simulate has the full one.
type world struct {
	channels []string
	mu, beta []float64
	tau      float64
	excite   float64   // of the second channel by the first
	base     []float64 // of each stratum
	label    string    // stratum of everybody, "" = g0, g1 …
}

var plainWorld = world{channels: []string{"A", "B", "P"}, mu: []float64{.08, .05, .05}, beta: []float64{.01, .03, 0}, tau: 3, base: []float64{.004}}

func (w world) run(t testing.TB, seed uint64, users, days int) *attribution.Journeys {
	t.Helper()
	return setOf(t, w.paths(seed, users, days)...)
}

func (w world) paths(seed uint64, users, days int) []attribution.Path {
	r := rand.New(rand.NewPCG(seed, 1))
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var ps []attribution.Path
	for u := range users {
		g := u % len(w.base)
		p := attribution.Path{Start: start, End: start.AddDate(0, 0, days).Add(-time.Second), Stratum: cmp.Or(w.label, "g"+strconv.Itoa(g))}
		stock := make([]float64, len(w.mu))
		touched := false
		for d := range days {
			day := start.AddDate(0, 0, d)
			lambda := w.base[g]
			before := touched
			touched = false
			for c := range w.mu {
				stock[c] *= math.Exp(-1 / w.tau)
				rate := w.mu[c]
				if c == 1 && before {
					rate += w.excite
				}
				if r.Float64() < rate {
					stock[c]++
					touched = touched || c == 0
					p.Steps = append(p.Steps, attribution.Step{Channel: w.channels[c], At: day.Add(time.Duration(r.IntN(70_000)) * time.Second)})
				}
				lambda += w.beta[c] * stock[c]
			}
			if r.Float64() < 1-math.Exp(-lambda) {
				p.End, p.Converted, p.Value = day.Add(80_000*time.Second), true, 1000
				break
			}
		}
		ps = append(ps, p)
	}
	return ps
}

func TestHazardFindsTheTruth(t *testing.T) {
	t.Parallel()
	crowded(t)
	js := plainWorld.run(t, 1, 20_000, 30)
	res := run(t, js, attribution.Hazard{})
	p := res.Params.(*attribution.HazardParams)
	for i, name := range plainWorld.channels {
		if !near(p.Beta[name], plainWorld.beta[i], .003) {
			t.Errorf("%s: β %v, truth %v", name, p.Beta[name], plainWorld.beta[i])
		}
	}
	if !near(p.Baseline["g0"], .004, .0006) || p.Decay["B"] != 3*24*time.Hour || !slices.Contains(p.NoEvidence, "P") {
		t.Errorf("%+v", p)
	}
	if !(.6 <= p.AUC && p.AUC <= .95 && 0 < p.LogLoss && p.LogLoss <= .2) || p.Used != 1 {
		t.Errorf("AUC %v, log-loss %v, used %v", p.AUC, p.LogLoss, p.Used)
	}
	sum, value := 0.0, int64(0)
	for _, c := range res.Credits {
		sum += c.Conversions
		value += c.Value
	}
	if !near(sum, js.Conversions(), 1e-9) || value != js.Value() {
		t.Errorf("%v of %v, %d of %d", sum, js.Conversions(), value, js.Value())
	}
	inc := run(t, js, attribution.Hazard{Reading: attribution.Incremental})
	if !(inc.Credit("B").Conversions < res.Credit("B").Conversions && inc.Credit(attribution.Baseline).Conversions > res.Credit(attribution.Baseline).Conversions) {
		t.Error("incremental credit is not less than trigger credit")
	}
}

func TestHazardInContinuousTime(t *testing.T) {
	t.Parallel()
	crowded(t)
	p := run(t, plainWorld.run(t, 2, 20_000, 30), attribution.Hazard{Step: -1}).Params.(*attribution.HazardParams)
	if !(.02 <= p.Beta["B"] && p.Beta["B"] <= .05 && p.Beta["P"] <= .006) {
		t.Errorf("%+v", p)
	}
}

func TestStrataTakeTargetingOut(t *testing.T) {
	t.Parallel()
	crowded(t)
	// Half of the people buy ten times as often by themselves, and are shown P five times as often.
	keen, cool := plainWorld, plainWorld
	keen.base, keen.mu = []float64{.04}, []float64{.08, .05, .15}
	cool.base, cool.mu = []float64{.004}, []float64{.08, .05, .03}
	blind, seeing := &attribution.Journeys{}, &attribution.Journeys{}
	for i, w := range []world{keen, cool} {
		w.label = "g" + strconv.Itoa(i)
		if err := seeing.Merge(w.run(t, uint64(10+i), 6_000, 30)); err != nil {
			t.Fatal(err)
		}
		w.label = "all"
		if err := blind.Merge(w.run(t, uint64(10+i), 6_000, 30)); err != nil {
			t.Fatal(err)
		}
	}
	share := func(js *attribution.Journeys) float64 {
		return run(t, js, attribution.Hazard{}).Credit("P").Conversions / js.Conversions()
	}
	if b, s := share(blind), share(seeing); !(b >= .05 && s <= b/3) {
		t.Errorf("placebo's share without strata %v, with %v", b, s)
	}
}

// Invariant 16: the conditions of Karush, Kuhn and Tucker hold at the end:
// Σ x/λ − X = 0 where an effect is positive, and is not above 0 where it is 0. One stratum
// is none.
func TestHazardEndsAtTheOptimum(t *testing.T) {
	t.Parallel()
	ps := plainWorld.paths(3, 3_000, 20)
	h := attribution.Hazard{Decays: []time.Duration{72 * time.Hour}}
	p := run(t, setOf(t, ps...), h).Params.(*attribution.HazardParams)
	q := math.Exp(-1. / 3)
	slope, scale := map[string]float64{}, map[string]float64{}
	day := func(t time.Time) int { return int(t.Unix() / 86400) }
	for _, path := range ps {
		exit := day(path.End)
		lambda := p.Baseline["g0"]
		x := map[string]float64{"": 1}
		slope[""] -= float64(exit - day(path.Start) + 1)
		for _, s := range path.Steps {
			m := exit - day(s.At)
			x[s.Channel] += math.Pow(q, float64(m))
			slope[s.Channel] -= (1 - math.Pow(q, float64(m+1))) / (1 - q)
			lambda += p.Beta[s.Channel] * math.Pow(q, float64(m))
		}
		if path.Converted {
			for c, v := range x {
				slope[c] += v / lambda
				scale[c] += v / lambda
			}
		}
	}
	p.Beta[""] = p.Baseline["g0"]
	for c, g := range slope {
		if b, tol := p.Beta[c], 1e-6*scale[c]; !(b > 0 && math.Abs(g) <= tol || b == 0 && g <= tol) {
			t.Errorf("%q: β %v, slope %v", c, p.Beta[c], g)
		}
	}
	for i := range ps {
		ps[i].Stratum = ""
	}
	if one := run(t, setOf(t, ps...), h).Params.(*attribution.HazardParams); one.LogLik != p.LogLik {
		t.Errorf("log-likelihood %v, in one stratum %v", one.LogLik, p.LogLik)
	}
}

// Invariant 17.
func TestLineageWithoutExcitationIsTheHazard(t *testing.T) {
	t.Parallel()
	js := plainWorld.run(t, 4, 8_000, 20)
	a, b := run(t, js, attribution.Hazard{}), run(t, js, attribution.Lineage{MinExcitation: .5})
	if p := b.Params.(*attribution.LineageParams); len(p.Excitation) != 0 || len(p.Events) != 0 {
		t.Errorf("%v, %v", p.Excitation, p.Events)
	}
	if len(a.Credits) == 0 || !slices.Equal(a.Credits, b.Credits) {
		t.Errorf("%+v, lineage %+v", a.Credits, b.Credits)
	}
}

func TestLineageFindsExcitation(t *testing.T) {
	t.Parallel()
	crowded(t)
	w := plainWorld
	w.excite, w.beta = .25, []float64{.002, .03, 0}
	js := w.run(t, 5, 20_000, 30)
	haz, lin := run(t, js, attribution.Hazard{}), run(t, js, attribution.Lineage{})
	p := lin.Params.(*attribution.LineageParams)
	if e := p.Excitation[[2]string{"A", "B"}]; !near(e, .25, .03) || len(p.Excitation) != 1 {
		t.Errorf("%v", p.Excitation)
	}
	if !(lin.Credit("A").Conversions >= 1.5*haz.Credit("A").Conversions) {
		t.Errorf("A earns %v, by the hazard %v", lin.Credit("A").Conversions, haz.Credit("A").Conversions)
	}
	sum := 0.0
	for _, c := range lin.Credits {
		sum += c.Conversions
	}
	if !near(sum, js.Conversions(), 1e-9) {
		t.Errorf("%v of %v", sum, js.Conversions())
	}
	if rem := run(t, js, attribution.Lineage{Reading: attribution.Removal}); rem.Conserves || !(rem.Credit("B").Conversions > lin.Credit("B").Conversions) {
		t.Errorf("removal reading: %+v", rem.Credits)
	}
}

func TestHazardWarnings(t *testing.T) {
	t.Parallel()
	js := rows(t, attribution.Row{Channels: []string{"A"}, Ages: []time.Duration{time.Hour}, Conversions: 3, Nulls: 5})
	res := run(t, js, attribution.Hazard{})
	for _, w := range []string{"entry_unknown", "few_events"} {
		if !slices.Contains(res.Warnings, w) {
			t.Errorf("%s missing in %q", w, res.Warnings)
		}
	}
	if _, err := (attribution.Hazard{}).Attribute(mini(t), nil); err == nil {
		t.Error("untimed paths were taken")
	}
}

func TestRepeatBuyers(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(d int) time.Time { return start.AddDate(0, 0, d) }
	buy := func(from, to int) attribution.Path {
		return attribution.Path{Subject: "s", Start: at(from), End: at(to), Converted: true, Steps: []attribution.Step{{Channel: "A", At: at(to - 1)}}}
	}
	js := setOf(t, buy(0, 3), buy(3, 6))
	never := run(t, js, attribution.Hazard{Repeat: attribution.RepeatNever})
	auto := run(t, js, attribution.Hazard{})
	if never.Credit(attribution.Unattributed).Conversions != 1 || auto.Credit(attribution.Unattributed).Conversions != 0 {
		t.Errorf("never %+v, auto %+v", never.Credits, auto.Credits)
	}
}

// The delta method is the bootstrap without drawing, for every reading.
func TestDeltaIsNearTheBootstrap(t *testing.T) {
	t.Parallel()
	w := plainWorld
	w.excite = .2
	h := attribution.Hazard{Decays: []time.Duration{72 * time.Hour}}
	inc := h
	inc.Reading = attribution.Incremental
	named := w.paths(9, 4_000, 20)
	for i := range named {
		named[i].Subject = strconv.Itoa(i)
	}
	reps := 100
	if rounds() > 100 {
		reps = 1000
	}
	if testing.Short() {
		reps = 40
	}
	for i, js := range []*attribution.Journeys{w.run(t, 9, 4_000, 20), setOf(t, named...)} {
		for k, m := range []attribution.Attributor{h, inc, attribution.Lineage{Hazard: h}, attribution.Lineage{Hazard: h, Reading: attribution.Incremental}} {
			if i > 0 && k > 0 {
				continue
			}
			width := map[attribution.Method]map[string]float64{}
			for _, method := range []attribution.Method{attribution.Delta, attribution.Bootstrap} {
				res, err := m.Attribute(js, &attribution.Options{Interval: attribution.Interval{Method: method, Reps: reps, Level: .68}})
				if err != nil {
					t.Fatal(err)
				}
				width[method] = map[string]float64{}
				for _, name := range []string{"A", "B", attribution.Baseline} {
					if c := res.Credit(name); c.Why == "" && c.Lo > 0 {
						width[method][name] = c.Hi - c.Lo
					} else {
						t.Errorf("%s: %+v", m.Name(), c)
					}
				}
			}
			for name, d := range width[attribution.Delta] {
				if b := width[attribution.Bootstrap][name]; !(.75*b <= d && d <= 1.33*b) {
					t.Errorf("%s %s: delta %v, bootstrap %v", m.Name(), name, d, b)
				}
			}
		}
	}
}

func TestHazardIntervalsHoldTheTruth(t *testing.T) {
	t.Parallel()
	js := plainWorld.run(t, 6, 3_000, 20)
	res, err := attribution.Hazard{}.Attribute(js, &attribution.Options{Interval: attribution.Interval{Reps: 20}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range res.Credits {
		if c.Why != "" || !(c.Lo <= c.Conversions && c.Conversions <= c.Hi && c.Lo < c.Hi) {
			t.Errorf("%+v", c)
		}
	}
	if c := res.Credit("P"); c.Lo != 0 {
		t.Errorf("the placebo's interval begins at %v", c.Lo)
	}
}

// The worked example: μ = .04, E = .25, a display ad one step before the search, and a sale
// divided into baseline .1, display .2, search .7.
func TestLineageOfOneSearchAfterOneDisplay(t *testing.T) {
	t.Parallel()
	w := attribution.SpreadForTest(.04, .25, []float64{.2, .7})
	if !near(w[0], .501724, 5e-7) || !near(w[1], .398276, 5e-7) {
		t.Errorf("display %.6f, search %.6f", w[0], w[1])
	}
	p := .25 / .29
	if !near(w[0], .2+.7*p/2, 1e-15) || !near(w[1], .7-.7*p/2, 1e-15) {
		t.Errorf("display %v, search %v", w[0], w[1])
	}
}

// A stratum that changes: baseline and touches count where the subject was at the time.
func TestStratumThatChanges(t *testing.T) {
	t.Parallel()
	crowded(t)
	// People buy ten times as often from the tenth day on; half of the touches come before.
	r := rand.New(rand.NewPCG(21, 1))
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var ps, blind []attribution.Path
	for range 20_000 {
		p := attribution.Path{Start: start, End: start.AddDate(0, 0, 20).Add(-time.Second), Stratum: "cool",
			Changes: []attribution.Change{{Stratum: "keen", At: start.AddDate(0, 0, 10)}}}
		for d := range 20 {
			at, rate := start.AddDate(0, 0, d), .003
			if d >= 10 {
				rate = .03
			}
			if r.Float64() < .1 {
				p.Steps = append(p.Steps, attribution.Step{Channel: "P", At: at.Add(time.Hour)})
			}
			if r.Float64() < rate {
				p.End, p.Converted = at.Add(2*time.Hour), true
				break
			}
		}
		ps = append(ps, p)
		p.Changes = nil
		blind = append(blind, p)
	}
	js := setOf(t, ps...)
	for _, step := range []time.Duration{0, -1} {
		p := run(t, js, attribution.Hazard{Step: step, Decays: []time.Duration{72 * time.Hour}}).Params.(*attribution.HazardParams)
		if cool, keen := p.Baseline["cool"], p.Baseline["keen"]; !near(cool, .003, .0008) || !near(keen, .03, .006) || !(p.Beta["P"] <= .003) {
			t.Errorf("step %v: cool %v, keen %v, %v", step, cool, keen, p.Beta)
		}
	}
	if p := run(t, setOf(t, blind...), attribution.Hazard{}).Params.(*attribution.HazardParams); len(p.Baseline) != 1 {
		t.Errorf("%v", p.Baseline)
	}
	// Changes take part in everything a set does.
	b := encoded(t, js)
	var back attribution.Journeys
	if err := back.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	half := setOf(t, ps[:10_000]...)
	if err := js.Subtract(half); err != nil {
		t.Fatal(err)
	}
	if err := js.Merge(half); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(encoded(t, &back), b) || !slices.Equal(encoded(t, js), b) || slices.Equal(encoded(t, setOf(t, blind...)), b) {
		t.Error("encodings differ")
	}
	if lin := run(t, js, attribution.Lineage{}); !(lin.Credit("P").Conversions <= .1*js.Conversions()) {
		t.Errorf("%+v", lin.Credits)
	}
	untimed := attribution.Path{Steps: []attribution.Step{{Channel: "A"}}, Changes: []attribution.Change{{Stratum: "x"}}}
	if err := js.Add(untimed); !errors.Is(err, attribution.ErrUntimed) {
		t.Error(err)
	}
}
