package sim

import (
	"slices"

	"github.com/tabi-go/tabi/stage"
)

// A trip is a journey as the oracle cuts it.
type trip struct {
	steps  []string // keys of touches
	goals  []gain
	reason string
	quiet  int64
	ended  int64 // by a goal: when
}

// A gain is a goal that was reached.
type gain struct {
	at       int64
	key      string // of the touch
	value    int64
	net      int64
	currency string
	order    string
}

// reopenWithin is how soon a loss that is reopened was none, grace how long touches after
// a goal belong to its journey.
const (
	reopenWithin = 90 * day
	grace        = 30 * minute
)

// conversions and reversals among the kinds of the workload.
var (
	conversions = map[string]bool{"order": true, "contract": true, "renewal": true}
	reversals   = map[string]bool{"refund": true, "churn": true}
)

func touchKey(t Record) string { return t.Source + "/" + t.ID }

// gains lists the goals that a subject reached, in order: conversions, and the stage won.
func gains(touches []Record, f *fold) (out []gain) {
	byKey := map[string]int{}
	for i, t := range touches {
		byKey[touchKey(t)] = i
	}
	reached := map[int]bool{}
	for i, t := range touches {
		if conversions[t.Kind] {
			reached[i] = true
		}
	}
	for _, v := range f.visits {
		if stepOf(v.stage).kind == stage.Goal {
			reached[byKey[v.source+"/"+v.id]] = true
		}
	}
	for i, t := range touches {
		if reached[i] {
			out = append(out, gain{t.At, touchKey(t), t.Value, t.Value, t.Currency, t.Order})
		}
	}
	return out
}

// losses lists the instants at which a subject was lost for good.
func losses(f *fold) (out []int64) {
	for i, v := range f.visits {
		back := slices.ContainsFunc(f.visits[i+1:], func(n visit) bool { return n.via == "reopen" && n.enter-v.enter <= reopenWithin })
		if stepOf(v.stage).kind == stage.Loss && !back && !slices.Contains(out, v.enter) {
			out = append(out, v.enter)
		}
	}
	return out
}

// trips cuts the journeys of one subject: at each instant first by silence, then what
// happens there joins the present journey, then a goal or a loss ends it.
func (o *oracle) cutTrips(touches []Record, f *fold) (out []*trip) {
	goals, lost := gains(touches, f), losses(f)
	var present *trip
	for _, at := range instants(touches, lost) {
		t := &trip{quiet: at}
		alive := false
		for _, r := range touches {
			if r.At == at && !records[r.Kind] {
				t.steps = append(t.steps, touchKey(r))
				alive = alive || engaged(r)
			}
		}
		for _, g := range goals {
			if g.at == at {
				t.goals = append(t.goals, g)
			}
		}
		ends := slices.Contains(lost, at)
		if present != nil && o.setting.Boundary == "silence" && at-present.quiet > silence {
			present.reason, present = "silence", nil
		}
		if present == nil && len(t.goals) == 0 && len(out) > 0 && out[len(out)-1].reason == "goal" && at-out[len(out)-1].ended <= grace {
			out[len(out)-1].steps = append(out[len(out)-1].steps, t.steps...)
			continue
		}
		if len(t.steps) == 0 && len(t.goals) == 0 && (present == nil || !ends) {
			continue
		}
		if present == nil {
			present = &trip{reason: "open", quiet: at}
			out = append(out, present)
		}
		present.steps = append(present.steps, t.steps...)
		present.goals = append(present.goals, t.goals...)
		if alive {
			present.quiet = at
		}
		switch {
		case o.setting.Boundary == "lifetime":
		case len(t.goals) > 0:
			present.reason, present.ended, present = "goal", at, nil
		case ends:
			present.reason, present = "loss", nil
		}
	}
	if present != nil && o.setting.Boundary == "silence" && o.at-present.quiet > silence {
		present.reason = "silence"
	}
	takeBack(touches, out)
	return out
}

func instants(touches []Record, lost []int64) []int64 {
	all := slices.Clone(lost)
	for _, t := range touches {
		all = append(all, t.At)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// takeBack lowers the goals of an order by what is refunded of it, the earliest first.
func takeBack(touches []Record, trips []*trip) {
	for _, t := range touches {
		if !reversals[t.Kind] || t.Order == "" {
			continue
		}
		due := -t.Value
		for _, tr := range trips {
			for i := range tr.goals {
				if g := &tr.goals[i]; g.order == t.Order && g.currency == t.Currency {
					n := min(due, max(g.net, 0))
					g.net -= n
					due -= n
				}
			}
		}
	}
}
