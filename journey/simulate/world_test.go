package simulate_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/tabi-go/tabi/journey/simulate"
)

func TestInvalidWorldsNameTheField(t *testing.T) {
	t.Parallel()
	pair := [2]string{"Display", "Radio"}
	for field, change := range map[string]func(w *simulate.World){
		"Base":                 func(w *simulate.World) { w.Base = -1 },
		"Gamma":                func(w *simulate.World) { w.Gamma = math.NaN() },
		"Proxy":                func(w *simulate.World) { w.Proxy = 1.5 },
		"Link":                 func(w *simulate.World) { w.Link = 7 },
		"Loss":                 func(w *simulate.World) { w.Loss = 2 },
		"Step":                 func(w *simulate.World) { w.Step = -time.Hour },
		"Start":                func(w *simulate.World) { w.Start = time.Date(1066, 1, 1, 0, 0, 0, 0, time.UTC) },
		"Excite":               func(w *simulate.World) { w.Excite = map[[2]string]float64{pair: .1} },
		"Synergy":              func(w *simulate.World) { w.Synergy = map[[2]string]float64{pair: .1} },
		"Season":               func(w *simulate.World) { w.Season = func(int) float64 { return math.Inf(1) } },
		"Channels":             func(w *simulate.World) { w.Channels = make([]simulate.Channel, 21) },
		"Channels[1].Name":     func(w *simulate.World) { w.Channels[1].Name = "Display" },
		"Channels[0].Name":     func(w *simulate.World) { w.Channels[0].Name = "(baseline)" },
		"Channels[0].Kind":     func(w *simulate.World) { w.Channels[0].Kind = "" },
		"Channels[0].Mu":       func(w *simulate.World) { w.Channels[0].Mu = -.1 },
		"Channels[0].Rho":      func(w *simulate.World) { w.Channels[0].Rho = math.Inf(1) },
		"Channels[0].Beta":     func(w *simulate.World) { w.Channels[0].Beta = math.NaN() },
		"Channels[0].MultBeta": func(w *simulate.World) { w.Channels[0].MultBeta = math.NaN() },
		"Channels[4].Tau":      func(w *simulate.World) { w.Channels[4].Tau = 0 },
		"Channels[0].Saturate": func(w *simulate.World) { w.Channels[0].Saturate = &simulate.Hill{H: 1} },
		"Channels[0].Cost":     func(w *simulate.World) { w.Channels[0].Cost = "a penny" },
		"Personas[0]":          func(w *simulate.World) { w.Personas = []simulate.Persona{{Share: -1}} },
		"Accounts":             func(w *simulate.World) { w.Accounts = &simulate.Accounts{} },
		"Stages":               func(w *simulate.World) { w.Stages = &simulate.Stages{Told: 2} },
		"Observe.Loss":         func(w *simulate.World) { w.Observe.Loss = -1 },
		"Observe.LossOf":       func(w *simulate.World) { w.Observe.LossOf = map[string]float64{"Radio": .1} },
		"Observe.Skew":         func(w *simulate.World) { w.Observe.Skew = -1 },
		"Observe.Keep":         func(w *simulate.World) { w.Observe.Keep = -1 },
	} {
		w := scenario(t, "randomised")
		change(&w)
		_, err := w.Run(1, 10, 10)
		var wrong *simulate.WorldError
		if !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for field, size := range map[string][2]int{"users": {-1, 1}, "days": {1, -1}} {
		_, err := scenario(t, "randomised").Run(1, size[0], size[1])
		var wrong *simulate.WorldError
		if !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := simulate.Scenario("atlantis"); !errors.Is(err, simulate.ErrUnknownScenario) {
		t.Errorf("unknown scenario: %v", err)
	}
	if _, err := simulate.Scenario("baseline-heavy"); err != nil {
		t.Errorf("- for _: %v", err)
	}
}

// sold runs a world and counts sales with all channels and with none.
func sold(t *testing.T, w simulate.World) (full, none int64) {
	t.Helper()
	tr := truth(t, run(t, w, 1, 4000, 30), &simulate.TruthOptions{SkipWorlds: true})
	return tr.Full, tr.None
}

func TestFieldsDoWhatTheySay(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("fewer people would not show it: not with -short")
	}
	full, none := sold(t, scenario(t, "randomised"))
	for name, c := range map[string]struct {
		change func(w *simulate.World)
		full   bool // more sales than before?
		none   int  // more, as many or fewer without channels?
	}{
		"season":     {func(w *simulate.World) { w.Season = func(step int) float64 { return float64(step%2) / 2 } }, false, -1},
		"saturation": {func(w *simulate.World) { w.Channels[3].Saturate = &simulate.Hill{H: 1, K: 1} }, false, 0},
		"fatigue":    {func(w *simulate.World) { w.Channels[0].Beta = -.01 }, false, 0},
		"loss":       {func(w *simulate.World) { w.Loss = .05 }, false, -1},
		"synergy":    {func(w *simulate.World) { w.Synergy = map[[2]string]float64{{"Email", "Display"}: .05} }, true, 0},
		"excitation": {func(w *simulate.World) { w.Excite = map[[2]string]float64{{"Display", "Paid Search"}: .3} }, true, 0},
		"persona": {func(w *simulate.World) {
			w.Personas = []simulate.Persona{{Name: "x", Share: 1, Base: 2, Effect: map[string]float64{"Email": 3}}}
		}, true, 1},
		"hours": {func(w *simulate.World) { w.Step = 6 * time.Hour; w.Base *= 1.3 }, true, 1},
	} {
		w := scenario(t, "randomised")
		change := none
		c.change(&w)
		f, n := sold(t, w)
		if more := f > full; more != c.full {
			t.Errorf("%s: %d sales, %d before", name, f, full)
		}
		if sign := int(n - change); c.none == 0 && sign != 0 || c.none*sign < 0 {
			t.Errorf("%s: %d sales without channels, %d before", name, n, none)
		}
	}
	w := scenario(t, "randomised")
	w.Channels[0].Beta = -.01
	if tr := truth(t, run(t, w, 1, 100, 10), nil); tr.Trigger != nil || tr.Lineage != nil {
		t.Error("a world with fatigue has causes")
	}
}

// Loops may stop at any time.
func TestLoopsStop(t *testing.T) {
	t.Parallel()
	for _, p := range []*simulate.Population{run(t, scenario(t, "fragmented"), 1, 50, 30), run(t, scenario(t, "company"), 1, 50, 30).StepByStep()} {
		n := 0
		for range p.Touches() {
			if n++; n == 3 {
				break
			}
		}
		for range p.Labelled() {
			if n++; n == 60 {
				break
			}
		}
		for range p.People() {
			if n++; n == 63 {
				break
			}
		}
		if n != 63 {
			t.Errorf("%d rounds, want 63", n)
		}
	}
}
