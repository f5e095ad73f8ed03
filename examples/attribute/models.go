package main

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/examples/internal/input"
)

// A model is one entry of -models.
type model struct {
	name      string // as printed
	attribute attribution.Attributor
	prep      attribution.Preparation
	own       bool // prep differs from that of the flags
}

const day = 24 * time.Hour

var (
	lookbackSuffix = regexp.MustCompile(`_lookback([1-9][0-9]*)([dh])$`)
	positionName   = regexp.MustCompile(`^position_([0-9.]+)_([0-9.]+)_([0-9.]+)$`)
	decayName      = regexp.MustCompile(`^time_decay(?:_pos([1-9][0-9]*)h)?(?:_hl([1-9][0-9]*)([dh]))?$`)
	markovName     = regexp.MustCompile(`^markov([0-9]*)(_nonull)?$`)
)

var readings = map[string]attribution.Reading{
	"": attribution.Trigger, "_incremental": attribution.Incremental, "_removal": attribution.Removal,
}

var games = map[string]attribution.Attributor{
	"shapley":            attribution.Shapley{},
	"shapley_ordered":    attribution.Shapley{Game: attribution.Ordered},
	"shapley_rate":       attribution.Shapley{Game: attribution.Rate},
	"shapley_exact_rate": attribution.Shapley{Game: attribution.ExactRate},
	"shao_li":            attribution.ShaoLi{},
	"fractribution":      attribution.Fractribution{},
	"backward":           attribution.Backward{},
}

// model reads a name of -models: a base name and suffixes.
func (c *config) model(name string) (model, error) {
	m := model{name: name, prep: c.prep}
	base := name
	if i := strings.IndexByte(base, '('); i > 0 && strings.HasSuffix(base, ")") {
		base = base[:i] // which product computes it so
	}
	if at := markovName.FindStringSubmatch(base); at != nil {
		return c.markov(m, at[1], at[2] != "")
	}
	var floor, raw bool
	for cut := true; cut; {
		var done bool
		cut = false
		if base, done = strings.CutSuffix(base, "_floor"); done {
			floor, cut = true, true
		}
		if base, done = strings.CutSuffix(base, "_unnormalised"); done {
			raw, cut = true, true
		}
		if base, done = strings.CutSuffix(base, "_non_direct"); done {
			cut = true
			m.prep.Exclude, m.own = c.withoutDirect(), true
		}
		if at := lookbackSuffix.FindStringSubmatch(base); at != nil {
			base, cut = strings.TrimSuffix(base, at[0]), true
			d, err := input.ParseDuration(at[1] + at[2])
			if err != nil {
				return m, input.Usagef("%w", err)
			}
			m.prep.Window, m.own = window(d, d), true
		}
	}
	rule, ok := c.named(base, floor, raw)
	switch {
	case ok:
		m.attribute = attribution.Rule(rule)
		_, ofMilestones := rule.(attribution.Milestones)
		c.milestoned = c.milestoned || ofMilestones
	case floor || raw:
		return m, input.Usagef("unknown model %q", name)
	case base == "shapley_fitted":
		m.attribute = attribution.Shapley{Game: attribution.Fitted, Hazard: c.hazard}
	case games[base] != nil:
		m.attribute = games[base]
	case base == "hazard" || base == "hazard_incremental":
		h := c.hazard
		h.Reading = readings[strings.TrimPrefix(base, "hazard")]
		m.attribute = h
	case base == "lineage" || base == "lineage_incremental" || base == "lineage_removal":
		m.attribute = attribution.Lineage{Hazard: c.hazard, Reading: readings[strings.TrimPrefix(base, "lineage")]}
	default:
		return m, input.Usagef("unknown model %q", name)
	}
	return m, nil
}

func (c *config) markov(m model, order string, dropNulls bool) (model, error) {
	mk := attribution.Markov{Order: c.order, DropNulls: dropNulls || c.dropNulls}
	if order != "" {
		k, err := strconv.Atoi(order)
		if err != nil || k < 1 || k > 100 {
			return m, input.Usagef("unknown model %q", m.name)
		}
		mk.Order = k
	} else {
		m.name = mk.Name()
	}
	if c.share {
		mk.Value = attribution.ConversionShare
	}
	m.attribute = mk
	return m, nil
}

// withoutDirect adds direct channels to what is excluded.
func (c *config) withoutDirect() attribution.Exclude {
	direct := attribution.Direct
	if len(c.direct) > 0 {
		direct = matcher(c.direct)
	}
	out := c.prep.Exclude
	if also := out.Match; also != nil {
		out.Match = func(name string) bool { return direct(name) || also(name) }
	} else {
		out.Match = direct
	}
	return out
}

// named is the rule of a base name.
func (c *config) named(base string, floor, raw bool) (attribution.Model, bool) {
	var m attribution.Model
	switch base {
	case "first":
		return attribution.First{}, true
	case "last":
		return attribution.Last{}, true
	case "participation":
		return attribution.Participation{}, true
	case "linear":
		m = attribution.Linear{}
	case "linear_distinct":
		m = attribution.Linear{By: attribution.Distinct}
	case "linear_runs":
		m = attribution.Linear{By: attribution.Runs}
	case "linear_ramp":
		m = attribution.Ramp{}
	case "same_touch":
		m = attribution.SameTouch{}
	case "u_shaped":
		return attribution.LeadCreation(), true
	case "w_shaped":
		return attribution.WShaped(), true
	case "full_path":
		return attribution.FullPath(), true
	case "milestones":
		return c.milestones, len(c.milestones.Weights) > 0
	default:
		if at := positionName.FindStringSubmatch(base); at != nil {
			return position(at)
		}
		if at := decayName.FindStringSubmatch(base); at != nil {
			return c.timeDecay(at, floor, raw), true
		}
		return nil, false
	}
	if raw {
		m = attribution.Unnormalised(m)
	}
	return m, true
}

func position(at []string) (attribution.Model, bool) {
	var x [3]float64
	for i := range x {
		v, err := strconv.ParseFloat(at[i+1], 64)
		if err != nil {
			return nil, false
		}
		x[i] = v
	}
	sum := x[0] + x[1] + x[2]
	if sum < 99.9 || sum > 100.1 || x[0]+x[2] == 0 {
		return nil, false
	}
	return attribution.Position{First: x[0] / 100, Last: x[2] / 100}, true
}

func (c *config) timeDecay(at []string, floor, raw bool) attribution.Model {
	m := attribution.TimeDecay{Floor: floor, Raw: raw}
	if at[1] == "" && at[2] == "" {
		m = c.decay
		m.Floor, m.Raw = m.Floor || floor, m.Raw || raw
		return m
	}
	if n, err := strconv.Atoi(at[1]); err == nil {
		m.Spacing = time.Duration(n) * time.Hour
	}
	if n, err := strconv.Atoi(at[2]); err == nil {
		if m.HalfLife = time.Duration(n) * time.Hour; at[3] == "d" {
			m.HalfLife = time.Duration(n) * day
		}
	}
	return m
}
