package attribution_test

import (
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

const hour = time.Hour

// goldenModels are the models of the golden files, by the names used there.
var goldenModels = map[string]attribution.Attributor{
	"first":                        attribution.Rule(attribution.First{}),
	"last":                         attribution.Rule(attribution.Last{}),
	"linear":                       attribution.Rule(attribution.Linear{}),
	"shapley":                      attribution.Shapley{},
	"position_40_20_40":            attribution.Rule(attribution.Position{}),
	"time_decay_pos24h_hl7d":       attribution.Rule(attribution.TimeDecay{Spacing: 24 * hour}),
	"time_decay_pos24h_hl7d_floor": attribution.Rule(attribution.TimeDecay{Spacing: 24 * hour, Floor: true}),
	"linear_ramp":                  attribution.Rule(attribution.Ramp{}),
	"markov1":                      attribution.Markov{},
	"markov1_nonull":               attribution.Markov{DropNulls: true},
	"markov2":                      attribution.Markov{Order: 2},
	"markov2_nonull":               attribution.Markov{Order: 2, DropNulls: true},
	"markov3":                      attribution.Markov{Order: 3},
	"markov3_nonull":               attribution.Markov{Order: 3, DropNulls: true},
	"time_decay_hl168h":            attribution.Rule(attribution.TimeDecay{}),
	"time_decay_hl168h_floor(MAM)": attribution.Rule(attribution.TimeDecay{Floor: true}),
	"time_decay_hl168h_unnormalised(HockeyStack)": attribution.Rule(attribution.TimeDecay{Raw: true}),
	"participation":      attribution.Rule(attribution.Participation{}),
	"linear_lookback30d": attribution.Rule(attribution.Linear{}),
	"last_non_direct":    attribution.Rule(attribution.Last{}),
}

// goldenPreparations are what some names ask for before the model.
var goldenPreparations = map[string]*attribution.Preparation{
	"linear_lookback30d": {Window: attribution.Window{Click: 720 * hour, Impression: 720 * hour, Other: 720 * hour}},
	"last_non_direct":    {Exclude: attribution.ExcludeDirect()},
}

func checkGolden(t *testing.T, js *attribution.Journeys, file string) {
	t.Helper()
	results := map[string]*attribution.Result{}
	seen := map[string]int{}
	for _, g := range table(t, shared(t, "golden", "attribution", file)) {
		name := g["model"]
		res, ok := results[name]
		if !ok {
			set := js
			if p := goldenPreparations[name]; p != nil {
				var err error
				if set, _, err = js.Prepare(p); err != nil {
					t.Fatal(err)
				}
			}
			res = run(t, set, goldenModels[name])
			results[name] = res
		}
		c := res.Credit(g["channel"])
		if want := number(t, g["credit"]); !near(c.Conversions, want, 1e-9) {
			t.Errorf("%s %s %s: credit %v, want %v", file, name, g["channel"], c.Conversions, want)
		}
		if want := number(t, g["credit_value"]); !near(float64(c.Value)/scale, want, 1e-6) {
			t.Errorf("%s %s %s: value %v, want %v", file, name, g["channel"], float64(c.Value)/scale, want)
		}
		if g["removal_effect"] != "" {
			if want := number(t, g["removal_effect"]); !near(c.Removal, want, 1e-9) {
				t.Errorf("%s %s %s: removal effect %v, want %v", file, name, g["channel"], c.Removal, want)
			}
		}
		if want := number(t, g["credit"]); want != 0 {
			seen[name]++
		}
	}
	// What the file leaves out is 0.
	for name, res := range results {
		n := 0
		for _, c := range res.Credits {
			if c.Conversions != 0 && c.Channel != attribution.Unattributed {
				n++
			}
		}
		if n != seen[name] {
			t.Errorf("%s %s: %d channels with credit, want %d", file, name, n, seen[name])
		}
	}
}

func TestGoldens(t *testing.T) {
	t.Parallel()
	t.Run("mini", func(t *testing.T) { checkGolden(t, mini(t), "mini.csv") })
	for _, f := range []string{"five_channels.csv", "pathdata.csv", "ga4_paths.csv"} {
		t.Run(f, func(t *testing.T) { checkGolden(t, pathsFile(t, f, false), f) })
	}
	t.Run("timed", func(t *testing.T) { checkGolden(t, pathsFile(t, "timed_paths.csv", true), "timed_paths.csv") })
	t.Run("timed, untimed models", func(t *testing.T) {
		checkGolden(t, pathsFile(t, "timed_paths.csv", false), "timed_paths_untimed_models.csv")
		checkGolden(t, pathsFile(t, "timed_paths.csv", true), "timed_paths_untimed_models.csv")
	})
}

func TestProbabilityOfConversionIsTheRate(t *testing.T) {
	t.Parallel()
	res := run(t, pathsFile(t, "pathdata.csv", false), attribution.Markov{})
	p := res.Params.(*attribution.MarkovParams)
	if !near(p.Conversion, 0.22384513559686, 1e-12) || p.States != 13 {
		t.Errorf("P(conversion) %.15f over %d states", p.Conversion, p.States)
	}
}

func TestTransitionsOfPathData(t *testing.T) {
	t.Parallel()
	got := attribution.Transitions(pathsFile(t, "pathdata.csv", false))
	want := table(t, shared(t, "golden", "attribution", "pathdata_transitions_order1.csv"))
	at := map[[2]string]attribution.Transition{}
	for _, x := range got {
		at[[2]string{x.From, x.To}] = x
	}
	if len(got) != len(want) {
		t.Errorf("%d transitions, want %d", len(got), len(want))
	}
	for _, w := range want {
		x := at[[2]string{w["from"], w["to"]}]
		if x.Count != number(t, w["count"]) || !near(x.Prob, number(t, w["prob"]), 1e-9) {
			t.Errorf("%s to %s: %v %v, want %s %s", w["from"], w["to"], x.Count, x.Prob, w["count"], w["prob"])
		}
	}
}
