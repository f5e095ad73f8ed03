package simulate

import (
	"math/bits"
	"time"
)

// Truth is what really happened in a population and what each channel did to it. It is
// written as one JSON object with sorted keys. Money is in USD.
//
// Credits are of two kinds, which differ by design: Trigger and Lineage count what fired
// the sales there were, Shapley and Removal what would be missing without a channel. A sale
// fired by an ad today might have come by itself next week.
type Truth struct {
	Accounts     []Deal             `json:"accounts,omitempty"` // where people buy together
	Channels     []string           `json:"channels"`
	Counts       Counts             `json:"counts"`
	Days         int                `json:"days"`
	Excitation   map[string]float64 `json:"excitation"` // "Display>Paid Search"
	Full         int64              `json:"full"`       // sales with all channels that are on
	Lineage      map[string]float64 `json:"lineage"`    // nil where sales have no cause
	None         int64              `json:"none"`       // sales with no channel
	Params       Params             `json:"params"`
	Placebo      []string           `json:"placebo"` // channels that do nothing
	Removal      map[string]float64 `json:"removal"` // nil unless worlds were run
	Scenario     string             `json:"scenario"`
	Schema       int                `json:"schema"` // 1
	Seed         uint64             `json:"seed"`
	Seeds        []SeedTruth        `json:"seeds"`
	Shapley      map[string]float64 `json:"shapley"` // nil unless worlds were run
	ShapleyValue map[string]float64 `json:"shapley_value"`
	Start        time.Time          `json:"start"`
	StepHours    float64            `json:"step_hours"`
	Trigger      map[string]float64 `json:"trigger"` // nil where sales have no cause
	Users        int                `json:"users"`
	Worlds       []Sales            `json:"worlds"` // one for each set of channels; nil unless run
}

// Sales are what is sold with only some channels switched on, to the same people with the
// same luck.
type Sales struct {
	Conversions int64    `json:"conversions"`
	On          []string `json:"on"`
	Value       float64  `json:"value"`
}

// A SeedTruth is the truth of the same world under another seed.
type SeedTruth struct {
	Full    int64              `json:"full"`
	None    int64              `json:"none"`
	Seed    uint64             `json:"seed"`
	Shapley map[string]float64 `json:"shapley"`
}

// A Deal is the one sale of an account. Times are zero where it did not get that far.
type Deal struct {
	Account     string    `json:"account"`
	Cause       string    `json:"cause"` // of the opportunity: a channel or (baseline), "" without one
	CauseMember string    `json:"cause_member"`
	Closed      time.Time `json:"closed,omitzero"`
	Known       time.Time `json:"known,omitzero"`
	Members     []string  `json:"members"` // user ids of those in the population
	Opportunity time.Time `json:"opportunity,omitzero"`
	Value       float64   `json:"value"`
	Won         bool      `json:"won"`
}

// Counts tell how much there was of everything. Recorded is the sum of touches, less the
// lost, and of all other records, less what the export window cut off.
type Counts struct {
	Devices  int `json:"devices"`
	Identify int `json:"identify"`
	Late     int `json:"late"`
	Logins   int `json:"logins"`
	Lost     int `json:"lost"`
	Orders   int `json:"orders"` // and contracts
	People   int `json:"people"`
	Recorded int `json:"recorded"`
	Stages   int `json:"stages"` // stage_change records and forms
	Touches  int `json:"touches"`
	Twins    int `json:"twins"`
	Unusable int `json:"unusable"`
}

func (c *Counts) count(what what) {
	c.Recorded++
	switch what {
	case isTwin:
		c.Twins++
	case isIdentify:
		c.Identify++
	case isLogin:
		c.Logins++
	case isOrder, isContract:
		c.Orders++
	case isStage, isForm, isOpportunity, isLost:
		c.Stages++
	}
}

// TruthOptions say how much truth is wanted. Nil is the zero value: everything, of one seed.
type TruthOptions struct {
	Scenario   string // the name to write
	SkipWorlds bool   // do not run the worlds without some channels
	Seeds      int    // run this many further seeds too, for means and spread
}

// maxWorlds is how many channels may be on for all their sets to be run.
const maxWorlds = 10

// Truth works out the truth. With more than ten channels switched on it fails with a
// [*WorldError] unless SkipWorlds is set: their sets are too many.
func (p *Population) Truth(o *TruthOptions) (*Truth, error) {
	if o == nil {
		o = &TruthOptions{}
	}
	m := p.m
	if !o.SkipWorlds && bits.OnesCount32(m.all) > maxWorlds {
		return nil, &WorldError{"Channels"}
	}
	t := &Truth{
		Channels: []string{}, Days: int(time.Duration(m.steps) * m.world.step() / day), Excitation: map[string]float64{}, Params: m.params(),
		Placebo: []string{}, Scenario: o.Scenario, Schema: 1, Seed: m.seed, Seeds: []SeedTruth{},
		Start: m.start, StepHours: m.world.step().Hours(), Users: m.people,
	}
	for c, ch := range m.world.Channels {
		t.Channels = append(t.Channels, ch.Name)
		if m.placebo(c) {
			t.Placebo = append(t.Placebo, ch.Name)
		}
	}
	for pair, e := range m.world.Excite {
		t.Excitation[pair[0]+">"+pair[1]] = e
	}
	m.tellAll(t)
	m.creditWorlds(t, o.SkipWorlds)
	for k := range o.Seeds {
		other, err := newModel(m.world, m.seed+uint64(k)+1, m.people, t.Days)
		if err != nil {
			return nil, err
		}
		s := &Truth{}
		other.creditWorlds(s, o.SkipWorlds)
		t.Seeds = append(t.Seeds, SeedTruth{s.Full, s.None, other.seed, s.Shapley})
	}
	return t, nil
}

// placebo reports whether channel c has no effect on anything.
func (m *model) placebo(c int) bool {
	ch := m.world.Channels[c]
	for _, p := range m.synergy {
		if (p.a == c || p.b == c) && p.weight != 0 {
			return false
		}
	}
	effect := ch.Beta
	if m.world.Link == Multiplicative {
		effect = ch.MultBeta
	}
	known := m.world.Accounts != nil && m.world.Accounts.Known[ch.Name] > 0
	return effect == 0 && !m.excites(c) && !known
}
