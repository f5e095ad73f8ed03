package attribution_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	bits64 "math/bits"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

// rat reads a number written "num/den = float".
func rat(t *testing.T, s string) float64 {
	t.Helper()
	text, _, _ := strings.Cut(s, " ")
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatal(s)
	}
	x, _ := r.Float64()
	return x
}

func TestExactRationals(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(shared(t, "golden", "attribution", "exact_rationals.json"))
	if err != nil {
		t.Fatal(err)
	}
	var sets map[string]map[string]json.RawMessage
	if err := json.Unmarshal(b, &sets); err != nil {
		t.Fatal(err)
	}
	get := func(raw json.RawMessage, into any) {
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	for name, set := range sets {
		js := &attribution.Journeys{}
		var paths []struct {
			Path               []string
			Conversions, Nulls float64
		}
		get(set["paths"], &paths)
		for _, p := range paths {
			if err := js.AddRow(attribution.Row{Channels: p.Path, Conversions: p.Conversions, Nulls: p.Nulls}); err != nil {
				t.Fatal(err)
			}
		}
		check := func(what string, got float64, want string) {
			if !near(got, rat(t, want), 1e-12) {
				t.Errorf("%s %s: %v, want %s", name, what, got, want)
			}
		}
		for key, a := range map[string]attribution.Attributor{
			"first": attribution.Rule(attribution.First{}), "last": attribution.Rule(attribution.Last{}),
			"linear": attribution.Rule(attribution.Linear{}), "linear_unique": attribution.Rule(attribution.Linear{By: attribution.Distinct}),
			"u40_20_40": attribution.Rule(attribution.Position{}), "shapley_zhao": attribution.Shapley{},
			"shapley_ordered_zhao": attribution.Shapley{Game: attribution.Ordered}, "fractribution": attribution.Fractribution{},
		} {
			var want map[string]string
			get(set[key], &want)
			res := run(t, js, a)
			for ch, w := range want {
				check(key+" "+ch, res.Credit(ch).Conversions, w)
			}
		}
		for k, key := range []string{"", "markov1", "markov2", "markov3"} {
			if k == 0 {
				continue
			}
			var want struct {
				Base          string
				RemovalEffect map[string]string `json:"removal_effect"`
				Credit        map[string]string
			}
			get(set[key], &want)
			res := run(t, js, attribution.Markov{Order: k})
			check(key, res.Params.(*attribution.MarkovParams).Conversion, want.Base)
			for ch, w := range want.Credit {
				check(key+" "+ch, res.Credit(ch).Conversions, w)
				check(key+" removal "+ch, res.Credit(ch).Removal, want.RemovalEffect[ch])
			}
		}
		var rate struct {
			Values map[string]string
			Worth  string `json:"v_N"`
		}
		get(set["shapley_rate_inclusive"], &rate)
		p := run(t, js, attribution.Shapley{Game: attribution.Rate}).Params.(*attribution.ShapleyParams)
		check("rate of all", p.Worth, rate.Worth)
		for ch, w := range rate.Values {
			check("rate "+ch, p.Phi[ch], w)
		}
		var sl struct{ P1, Contribution map[string]string }
		get(set["shao_li"], &sl)
		q := run(t, js, attribution.ShaoLi{}).Params.(*attribution.ShaoLiParams)
		for ch, w := range sl.P1 {
			check("P "+ch, q.P[ch], w)
			check("C "+ch, q.C[ch], sl.Contribution[ch])
		}
	}
}

func TestFractributionByHand(t *testing.T) {
	t.Parallel()
	ab := []string{"A", "B"}
	res := run(t, rows(t, attribution.Row{Channels: ab, Conversions: 1, Value: 10}, attribution.Row{Channels: ab, Conversions: 2, Value: 20}), attribution.Fractribution{})
	if sum := res.Credit("A").Value + res.Credit("B").Value; sum != 30 {
		t.Errorf("money %d", sum)
	}
	res = run(t, rows(t,
		attribution.Row{Channels: ab, Conversions: 1, Nulls: 9},
		attribution.Row{Channels: []string{"A"}, Conversions: 50, Nulls: 50},
		attribution.Row{Channels: []string{"B"}, Conversions: 50, Nulls: 50},
	), attribution.Fractribution{})
	if a, b := res.Credit("A").Conversions, res.Credit("B").Conversions; a != 50 || b != 51 {
		t.Errorf("A %v, B %v", a, b)
	}
}

func TestConversionShareOfPathData(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(shared(t, "golden", "methods", "chains.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Data struct {
			Order1 struct {
				CreditValue map[string]float64 `json:"credit_value"`
			}
		} `json:"channelattribution_data"`
	}
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	res := run(t, pathsFile(t, "pathdata.csv", false), attribution.Markov{Value: attribution.ConversionShare})
	for ch, w := range want.Data.Order1.CreditValue {
		if got := float64(res.Credit(ch).Value) / scale; !near(got, w, 1e-6) {
			t.Errorf("%s: %v, want %v", ch, got, w)
		}
	}
	if len(want.Data.Order1.CreditValue) != 12 {
		t.Error("the golden was not read")
	}
}

// Invariant 11.
func TestOrderedSumsToSum(t *testing.T) {
	t.Parallel()
	eachSet(t, func(t *testing.T, _ *rand.Rand, _ bool, ps []attribution.Path) {
		js := setOf(t, ps...)
		sum := run(t, js, attribution.Shapley{})
		for _, by := range []bool{false, true} {
			got := map[string]float64{}
			for _, c := range run(t, js, attribution.Shapley{Game: attribution.Ordered, ByOccurrence: by}).Credits {
				name, _, _ := strings.Cut(c.Channel, "|")
				got[name] += c.Conversions
			}
			for _, c := range sum.Credits {
				if !near(got[c.Channel], c.Conversions, 1e-9) {
					t.Errorf("%s: %v, sum %v", c.Channel, got[c.Channel], c.Conversions)
				}
			}
		}
	})
}

// Invariant 20.
func TestShapleyAxioms(t *testing.T) {
	t.Parallel()
	eachSet(t, func(t *testing.T, r *rand.Rand, _ bool, ps []attribution.Path) {
		js := setOf(t, ps...)
		n := len(js.Channels())
		if n < 2 {
			return
		}
		worth := make([]float64, 1<<n)
		for s := range worth {
			worth[s] = float64(r.IntN(100))
		}
		// Channel 0 adds 3 to everything, channels 1 and 2 are alike.
		for s := range worth {
			if s&1 != 0 {
				worth[s] = worth[s&^1] + 3
			}
			if n > 2 && s&6 == 4 {
				worth[s] = worth[s&^6|2]
			}
		}
		for s := range worth {
			if s&1 != 0 {
				worth[s] = worth[s&^1] + 3
			}
		}
		set := func(s uint64) float64 { return worth[s] }
		p := run(t, js, attribution.Shapley{Game: attribution.Custom, Set: set}).Params.(*attribution.ShapleyParams)
		names, sum := js.Channels(), 0.0
		for _, x := range p.Phi {
			sum += x
		}
		if !near(sum, worth[len(worth)-1]-worth[0], 1e-9) || !near(p.Phi[names[0]], 3, 1e-9) || n > 2 && !near(p.Phi[names[1]], p.Phi[names[2]], 1e-9) {
			t.Errorf("%v of %v", p.Phi, worth)
		}
		if js.Conversions()+js.Nulls() > 0 {
			rate := run(t, js, attribution.Shapley{Game: attribution.Rate})
			sum := 0.0
			for _, c := range rate.Credits {
				sum += c.Conversions
			}
			if !near(sum, js.Conversions(), 1e-9) || !slices.Contains(rate.Warnings, "immortal_time") {
				t.Errorf("rate: %v of %v, %q", sum, js.Conversions(), rate.Warnings)
			}
		}
	})
}

func TestSampledShapleyIsNearTheExactOne(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 5))
	js := &attribution.Journeys{}
	var names []string
	for i := range 26 {
		names = append(names, string(rune('A'+i)))
	}
	for range 400 {
		k := 1 + r.IntN(4)
		r.Shuffle(26, func(i, j int) { names[i], names[j] = names[j], names[i] })
		if err := js.AddRow(attribution.Row{Channels: slices.Clone(names[:k]), Conversions: float64(r.IntN(3)), Nulls: float64(r.IntN(9))}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := (attribution.Shapley{Game: attribution.Rate}).Attribute(js, nil); !errors.Is(err, attribution.ErrTooManyChannels) {
		t.Errorf("26 channels: %v", err)
	}
	// An additive game has its own worths as Shapley values, in any order.
	additive := attribution.Shapley{Game: attribution.Custom, Samples: 3, Set: func(s uint64) float64 {
		x := 0.0
		for i := range 26 {
			if s>>i&1 == 1 {
				x += float64(i)
			}
		}
		return x
	}}
	p := run(t, js, additive).Params.(*attribution.ShapleyParams)
	for i := range 26 {
		if !near(p.Phi[string(rune('A'+i))], float64(i), 1e-9) {
			t.Errorf("%c: %v", 'A'+i, p.Phi[string(rune('A'+i))])
		}
	}
	// Σφ = v(all) − v(∅) for any number of pairs.
	for _, pairs := range []int{1, 7} {
		res, err := attribution.Shapley{Game: attribution.Rate, Samples: pairs}.Attribute(js, nil)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, c := range res.Credits {
			sum += c.Conversions
		}
		if !near(sum, js.Conversions(), 1e-9) {
			t.Errorf("%d pairs: %v of %v", pairs, sum, js.Conversions())
		}
	}
}

func TestLandmarkTakesImmortalTimeAway(t *testing.T) {
	t.Parallel()
	crowded(t)
	// Channels do nothing: everybody is touched once a day and converts with 5 % a day.
	r := rand.New(rand.NewPCG(1, 2))
	js := &attribution.Journeys{}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for range 20_000 {
		p := attribution.Path{Start: start, End: start.AddDate(0, 0, 20)}
		for d := range 20 {
			if r.IntN(3) == 0 {
				p.Steps = append(p.Steps, attribution.Step{Channel: []string{"A", "B", "C"}[r.IntN(3)], At: start.Add(time.Duration(d)*24*time.Hour + time.Hour)})
			}
			if r.Float64() < .05 {
				p.End, p.Converted = start.Add(time.Duration(d)*24*time.Hour+2*time.Hour), true
				break
			}
		}
		if err := js.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	naive := run(t, js, attribution.Shapley{Game: attribution.Rate})
	fair := run(t, js, attribution.Shapley{Game: attribution.Rate, Landmark: attribution.Landmark{After: 7 * 24 * time.Hour, Horizon: 7 * 24 * time.Hour}})
	worth := func(res *attribution.Result) float64 { return res.Params.(*attribution.ShapleyParams).Worth }
	if slices.Contains(fair.Warnings, "immortal_time") || !slices.Contains(naive.Warnings, "immortal_time") {
		t.Error(naive.Warnings, fair.Warnings)
	}
	// 1 − .95^7 of those still there convert within a week, whatever they met.
	if w := worth(fair); !near(w, 1-math.Pow(.95, 7), .02) {
		t.Errorf("rate behind the landmark %v", w)
	}
	if !(worth(naive) >= .55) {
		t.Errorf("rate of whole paths %v", worth(naive))
	}
}

// The game Fitted by the definition of the Shapley value, from the fitted parameters, and
// against what is known of the world.
func TestFittedGameIsItsShapleyValue(t *testing.T) {
	t.Parallel()
	const days = 20
	ps := plainWorld.paths(11, 4_000, days)
	js := setOf(t, ps...)
	h := attribution.Hazard{Decays: []time.Duration{72 * time.Hour}}
	res := run(t, js, attribution.Shapley{Game: attribution.Fitted, Hazard: h})
	p := res.Params.(*attribution.ShapleyParams)
	names := plainWorld.channels
	q := math.Exp(-1. / 3)
	day := func(t time.Time) int { return int(t.Unix() / 86400) }
	worth := make([]float64, 1<<len(names))
	last := day(ps[0].Start) + days - 1
	for _, path := range ps {
		end := day(path.End)
		if path.Converted {
			end = last
		}
		acted := map[string]float64{}
		for _, s := range path.Steps {
			acted[s.Channel] += p.Hazard.Beta[s.Channel] * (1 - math.Pow(q, float64(end-day(s.At)+1))) / (1 - q)
		}
		for set := range worth {
			lambda := p.Hazard.Baseline["g0"] * float64(end-day(path.Start)+1)
			for i, name := range names {
				if set>>i&1 == 1 {
					lambda += acted[name]
				}
			}
			worth[set] += 1 - math.Exp(-lambda)
		}
	}
	custom := run(t, js, attribution.Shapley{Game: attribution.Custom, Set: func(s uint64) float64 { return worth[s] }}).Params.(*attribution.ShapleyParams)
	for _, name := range names {
		if !near(p.Phi[name], custom.Phi[name], 1e-9) {
			t.Errorf("%s: %v, by definition %v", name, p.Phi[name], custom.Phi[name])
		}
	}
	if !near(p.Worth, worth[len(worth)-1], 1e-9) || !near(p.None, worth[0], 1e-9) || !near(p.Worth/js.Conversions(), 1, .05) {
		t.Errorf("worth %v and %v, by definition %v and %v, of %v sales", p.Worth, p.None, worth[len(worth)-1], worth[0], js.Conversions())
	}
	conv, value := 0.0, int64(0)
	for _, c := range res.Credits {
		conv += c.Conversions
		value += c.Value
	}
	if !near(conv, js.Conversions(), 1e-9) || value != js.Value() || !(res.Credit(attribution.Baseline).Conversions > 0) || res.Credit(attribution.Unattributed).Channel != "" || res.Model != "shapley_fitted" {
		t.Errorf("%v of %v, %d of %d: %+v", conv, js.Conversions(), value, js.Value(), res.Credits)
	}
	drawn, err := attribution.Shapley{Game: attribution.Fitted, Hazard: h}.Attribute(js, &attribution.Options{Interval: attribution.Interval{Reps: 20}})
	if err != nil {
		t.Fatal(err)
	}
	if c := drawn.Credit("B"); c.Why != "" || !(c.Lo <= c.Conversions && c.Conversions <= c.Hi) || c.Hi == c.Lo {
		t.Errorf("%+v", c)
	}
}

// More channels in a path than any table of sets could hold.
func TestFittedGameOfManyChannels(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r := rand.New(rand.NewPCG(9, 9))
	js := &attribution.Journeys{}
	for range 300 {
		p := attribution.Path{Start: start, End: start.AddDate(0, 0, 10), Converted: r.IntN(2) == 0, Value: 0}
		for c := range 40 {
			if r.IntN(4) > 0 {
				p.Steps = append(p.Steps, attribution.Step{Channel: "c" + string(rune('A'+c)), At: start.Add(time.Duration(r.IntN(200)) * time.Hour)})
			}
		}
		if err := js.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	res := run(t, js, attribution.Shapley{Game: attribution.Fitted, Hazard: attribution.Hazard{Decays: []time.Duration{72 * time.Hour}}})
	sum := 0.0
	for _, c := range res.Credits {
		sum += c.Conversions
		if !(c.Conversions >= 0) {
			t.Errorf("%+v", c)
		}
	}
	if p := res.Params.(*attribution.ShapleyParams); !near(sum, js.Conversions(), 1e-9) || !(p.Worth <= 300) {
		t.Errorf("%v of %v, worth %v", sum, js.Conversions(), p.Worth)
	}
}

// What happens exactly at the landmark, or exactly at the horizon behind it, is seen.
func TestLandmarkAtTheBorder(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	path := func(end time.Duration, sold bool, channel string, at time.Duration) attribution.Path {
		return attribution.Path{Start: start, End: start.Add(end), Converted: sold, Steps: []attribution.Step{{Channel: channel, At: start.Add(at)}}}
	}
	js := setOf(t,
		path(2*day, true, "A", day),
		path(2*day+time.Microsecond, true, "B", day),
		path(day, false, "C", 0),
		path(day-time.Microsecond, true, "D", 0), // gone before
		path(2*day, true, "E", day+time.Microsecond),
	)
	res := run(t, js, attribution.Shapley{Game: attribution.Rate, Landmark: attribution.Landmark{After: day, Horizon: day}})
	if res.Conversions != 2 || res.Nulls != 2 {
		t.Errorf("%v conversions, %v nulls", res.Conversions, res.Nulls)
	}
	var seen []string
	for _, c := range res.Credits {
		seen = append(seen, c.Channel)
	}
	if !slices.Equal(seen, []string{"A", "B", "C", attribution.Unattributed}) {
		t.Errorf("%q", seen)
	}
}

// Shao and Li as section 9 of the specification is written, in both readings, on random sets.
func TestShaoLiByHand(t *testing.T) {
	t.Parallel()
	eachSet(t, func(t *testing.T, _ *rand.Rand, _ bool, ps []attribution.Path) {
		js := setOf(t, ps...)
		names := js.Channels()
		rate := func(channels ...string) (p float64, seen bool) {
			sold, all := 0.0, 0.0
			for _, p := range ps {
				met := true
				for _, c := range channels {
					met = met && slices.ContainsFunc(p.Steps, func(s attribution.Step) bool { return s.Channel == c })
				}
				if w := cmp.Or(p.Weight, 1); met {
					if all += w; p.Converted {
						sold += w
					}
				}
			}
			return sold / max(all, 1e-300), all > 0
		}
		contribution := func(i string, others []string) float64 {
			c, _ := rate(i)
			for _, j := range others {
				both, seen := rate(i, j)
				if a, _ := rate(i); j != i && seen {
					b, _ := rate(j)
					c += (both - a - b) / (2 * float64(len(others)-1))
				}
			}
			return c
		}
		for _, m := range []attribution.ShaoLi{{}, {Others: attribution.InPath}} {
			want := map[string]float64{}
			for _, p := range ps {
				var met []string
				for _, s := range p.Steps {
					if !slices.Contains(met, s.Channel) {
						met = append(met, s.Channel)
					}
				}
				sum, cs := 0.0, map[string]float64{}
				for _, i := range met {
					others := met
					if m.Others == attribution.AllChannels {
						others = names
					}
					cs[i] = max(0, contribution(i, others))
					sum += cs[i]
				}
				for _, i := range met {
					share := 1 / float64(len(met))
					if sum > 1e-12 {
						share = cs[i] / sum
					}
					if p.Converted {
						want[i] += share * cmp.Or(p.Weight, 1)
					}
				}
			}
			for name, w := range want {
				if got := run(t, js, m).Credit(name).Conversions; !near(got, w, 1e-6) {
					t.Errorf("others %v: %s %v, by hand %v", m.Others, name, got, w)
				}
			}
		}
	})
	for k, want := range map[int]error{1024: nil, 1025: attribution.ErrTooManyChannels} {
		var many attribution.Journeys
		for i := range k {
			if err := many.AddRow(attribution.Row{Channels: []string{fmt.Sprint(i)}, Conversions: 1}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := (attribution.ShaoLi{}).Attribute(&many, noInterval); !errors.Is(err, want) {
			t.Errorf("%d channels: %v", k, err)
		}
	}
}

// A set of the caller's game has a bit for each of sixty-four channels.
func TestAsManyPlayersAsASetHasBits(t *testing.T) {
	t.Parallel()
	js := &attribution.Journeys{}
	g := attribution.Shapley{Game: attribution.Custom, Samples: 2, Set: func(s uint64) float64 { return float64(bits64.OnesCount64(s)) }}
	for i := range 65 {
		if i == 64 {
			for _, c := range run(t, js, g).Credits {
				if c.Conversions != 1 {
					t.Errorf("%+v", c)
				}
			}
		}
		if err := js.AddRow(attribution.Row{Channels: []string{fmt.Sprint(i)}, Conversions: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := g.Attribute(js, nil); !errors.Is(err, attribution.ErrTooManyChannels) {
		t.Error(err)
	}
}

// Where nobody bought there is nothing to divide, and no credit that is not a number.
func TestFittedGameWithoutSales(t *testing.T) {
	t.Parallel()
	res := run(t, setOf(t, letters("AB"), letters("B")), attribution.Shapley{Game: attribution.Fitted})
	if len(res.Credits) != 3 {
		t.Errorf("%+v", res.Credits)
	}
	for _, c := range res.Credits {
		if c.Conversions != 0 || c.Value != 0 {
			t.Errorf("%+v", c)
		}
	}
}

// Sets of twenty-four channels are the largest of which a table of all fits.
func TestAsManyPlayersAsATableHolds(t *testing.T) {
	t.Parallel()
	crowded(t)
	p := attribution.Path{Converted: true}
	for i := range 25 {
		if i == 24 {
			if res := run(t, setOf(t, p), attribution.Shapley{Game: attribution.ExactRate}); !near(res.Credit("A").Conversions, 1./24, 1e-9) {
				t.Errorf("%+v", res.Credit("A"))
			}
		}
		p.Steps = append(p.Steps, attribution.Step{Channel: string(rune('A' + i))})
	}
	if _, err := (attribution.Shapley{Game: attribution.ExactRate}).Attribute(setOf(t, p), nil); !errors.Is(err, attribution.ErrTooManyChannels) {
		t.Error(err)
	}
}

// Where buyers are fewer than chance would have them each contribution is 0: the channels
// of a path share equally, however often they are in it.
func TestShaoLiWithoutContributions(t *testing.T) {
	t.Parallel()
	js := rows(t,
		attribution.Row{Channels: []string{"A", "A", "B"}, Conversions: 1, Nulls: 99}, attribution.Row{Channels: []string{"C"}, Conversions: 100},
		attribution.Row{Channels: []string{"A", "C"}, Nulls: 1}, attribution.Row{Channels: []string{"B", "C"}, Nulls: 1},
	)
	res := run(t, js, attribution.ShaoLi{})
	for name, want := range map[string]float64{"A": .5, "B": .5, "C": 100} {
		if got := res.Credit(name).Conversions; !near(got, want, 1e-12) {
			t.Errorf("%s: %v", name, got)
		}
	}
	for _, sc := range explained(t, won("ABX", 1), res.Split) {
		c, ok := sc.Detail["contribution"]
		if known := sc.Step.Channel != "X"; sc.Credit > 0 && (ok != known || c >= 0 == known) {
			t.Errorf("%+v", sc)
		}
	}
}

// What sold without a step is (unattributed), and nothing else is in a replicate.
func TestUnattributedOfARateGameVariesByItself(t *testing.T) {
	t.Parallel()
	js := rows(t, attribution.Row{Conversions: 4}, attribution.Row{Channels: []string{"A"}, Conversions: 300, Nulls: 5}, attribution.Row{Channels: []string{"B"}, Conversions: 300})
	res, err := attribution.Shapley{Game: attribution.Rate}.Attribute(js, nil)
	if c := res.Credit(attribution.Unattributed); err != nil || c.Conversions != 4 || c.Hi < 5 || c.Hi > 15 {
		t.Errorf("%+v, %v", c, err)
	}
}

// A refund is money of the journeys that it was paid for, which did not buy again.
func TestRefundsInARateGame(t *testing.T) {
	t.Parallel()
	js := setOf(t, won("A", 100), won("B", 50), letters("AB"))
	if err := js.Refund(won("BC", 0), 20); err != nil {
		t.Fatal(err)
	}
	res, err := attribution.Shapley{Game: attribution.Rate}.Attribute(js, &attribution.Options{Interval: attribution.Interval{Reps: 5}})
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for _, c := range res.Credits {
		if sum += c.Value; math.IsNaN(c.ValueLo + c.ValueHi) {
			t.Errorf("%+v", c)
		}
	}
	if sum != 130 || res.Credit("C").Value >= 0 {
		t.Errorf("%d of 130, %+v", sum, res.Credits)
	}
}
