package simulate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
)

// ErrUnknownScenario is returned by [Scenario] for a name that is none.
var ErrUnknownScenario = errors.New("simulate: unknown scenario")

// A scenario is a change to the common world.
type scenario struct {
	name, tests string
	days        int
	change      func(w *World)
}

var scenarios = []scenario{
	{"randomised", "the ground case", 30, func(*World) {}},
	{"rare", "few conversions", 30, func(w *World) {
		w.Base = .0004
		betas(w, .0008, .0016, .0024, .004, 0)
	}},
	{"decay", "unequal memory", 30, func(w *World) {
		taus(w, 10, 6, 2, 1, 3)
		betas(w, .003, .006, .015, .035, 0)
	}},
	{"confounded", "targeting of those who would buy anyway; the placebo looks best of all", 30, func(w *World) {
		w.Gamma = 1
		rhos(w, 0, .2, .2, .8, 1)
	}},
	{"mediated", "touches that cause touches", 30, func(w *World) {
		w.Excite = map[[2]string]float64{{"Display", "Paid Search"}: .25, {"Paid Social", "Paid Search"}: .10}
	}},
	{"baseline_heavy", "most sales owe nothing to us", 30, func(w *World) { w.Base = .02 }},
	{"synergy", "interaction; the additive model is wrong", 30, func(w *World) {
		w.Synergy = map[[2]string]float64{{"Display", "Paid Search"}: .02}
		betas(w, .001, .008, .012, .006, 0)
	}},
	{"multiplicative", "wrong link; no labels", 30, func(w *World) {
		w.Link = Multiplicative
		w.Base = .004
		for c, m := range []float64{.4, .7, .9, 1.2, 0} {
			w.Channels[c].MultBeta = m
		}
	}},
	{"all", "everything at once", 30, func(w *World) {
		w.Gamma = .8
		w.Base = .004
		rhos(w, 0, .2, .2, .6, .8)
		taus(w, 8, 5, 3, 1.5, 3)
		w.Excite = map[[2]string]float64{{"Display", "Paid Search"}: .15}
	}},
	{"fragmented", "stitching is part of attribution", 30, func(w *World) { w.Observe = fragmented() }},
	{"b2b", "accounts, milestones, stages", 180, func(w *World) { w.Accounts = companies() }},
	{"company", "the quickstart's world, half of it Japanese", 180, func(w *World) {
		w.Accounts = companies()
		w.Accounts.Japanese = true
		w.Stages.Told = 0
		w.Observe = fragmented()
	}},
}

// Scenarios lists the names that [Scenario] knows.
func Scenarios() []string {
	names := make([]string, len(scenarios))
	for i, s := range scenarios {
		names[i] = s.name
	}
	return names
}

// Scenario returns a named world, which is the caller's to change. In names - and _ are
// the same. An unknown one is an [ErrUnknownScenario].
func Scenario(name string) (World, error) {
	s, err := find(name)
	if err != nil {
		return World{}, err
	}
	w := common()
	s.change(&w)
	return w, nil
}

// Describe says in a few words what a scenario tests and for how many days it is meant.
// An unknown one is an [ErrUnknownScenario].
func Describe(name string) (tests string, days int, err error) {
	s, err := find(name)
	return s.tests, s.days, err
}

func find(name string) (scenario, error) {
	same := strings.ReplaceAll(name, "-", "_")
	i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == same })
	if i < 0 {
		return scenario{}, fmt.Errorf("%w %q", ErrUnknownScenario, name)
	}
	return scenarios[i], nil
}

// common is what all scenarios share; randomised is just that. Its last channel is a
// placebo: retargeting without any effect.
func common() World {
	const fades = 3 * day
	return World{
		Channels: []Channel{
			{Name: "Display", Kind: touchpoint.KindImpression, Mu: .08, Beta: .004, Tau: fades, Cost: "0.05"},
			{Name: "Paid Social", Kind: touchpoint.KindImpression, Mu: .05, Beta: .008, Tau: fades, Cost: "0.10"},
			{Name: "Email", Kind: touchpoint.KindEmailClick, Mu: .05, Beta: .012, Tau: fades, Cost: "0.01"},
			{Name: "Paid Search", Kind: touchpoint.KindClick, Mu: .04, Beta: .020, Tau: fades, Cost: "0.60"},
			{Name: "Paid Other", Kind: touchpoint.KindImpression, Mu: .03, Tau: fades, Cost: "0.08"},
		},
		Base:     .002,
		Proxy:    .8,
		Personas: []Persona{{Name: "starter", Share: .5}, {Name: "pro", Share: .3}, {Name: "team", Share: .2}},
		Stages:   &Stages{Engage: .02, Warm: .15, Cool: 14 * day, Told: .3},
	}
}

func fragmented() Observe {
	return Observe{Loss: .05, Fragment: .5, Login: .85, Email: .6, Shared: .01, Duplicate: .10, Late: .05}
}

func companies() *Accounts {
	return &Accounts{
		Max: 12, Shared: .6, Known: map[string]float64{"Email": .5, "Paid Search": .5},
		Opportunity: .01, Push: .5, Won: .03, Lost: .02, Worth: 50,
	}
}

func betas(w *World, betas ...float64) {
	for c, b := range betas {
		w.Channels[c].Beta = b
	}
}

func rhos(w *World, rhos ...float64) {
	for c, r := range rhos {
		w.Channels[c].Rho = r
	}
}

func taus(w *World, days ...float64) {
	for c, d := range days {
		w.Channels[c].Tau = time.Duration(d * float64(day))
	}
}
