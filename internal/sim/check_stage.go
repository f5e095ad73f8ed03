package sim

import (
	"slices"

	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/stage"
)

// checkVisits is I14.
func checkVisits(c *comparison) *Violation {
	for _, s := range c.subjects {
		var last, sum int64
		vs := s.History.Visits
		for i, v := range vs {
			enter, leave := micros(v.Enter), micros(v.Leave)
			open := v.Leave.IsZero()
			if open {
				leave = c.at
			}
			if enter > leave || open != (i == len(vs)-1) || i > 0 && enter != last {
				return broken("I14", "visit %d of %d stands from %d to %d", i, len(vs), enter, leave)
			}
			last = leave
			dwell, _ := v.Dwell(instant(c.at))
			sum += dwell.Microseconds()
		}
		if len(vs) > 0 && sum != c.at-micros(vs[0].Enter) {
			return broken("I14", "dwell times add up to %d", sum)
		}
	}
	return nil
}

// checkMoves is I13: of each move alone, whoever made the history.
func checkMoves(c *comparison) *Violation {
	for _, s := range c.subjects {
		for i, v := range s.History.Visits {
			if i == 0 {
				if v.Via != stage.Start {
					return broken("I13", "a history begins with %s", v.Via)
				}
				continue
			}
			from, to := stepOf(string(s.History.Visits[i-1].Stage)), stepOf(string(v.Stage))
			up, stated := to.rank > from.rank, v.Rule == stage.Explicit
			ok := false
			switch v.Via {
			case stage.Win:
				ok = to.kind == stage.Goal
			case stage.Lose:
				ok = to.kind == stage.Loss && (up || stated)
			case stage.Reopen:
				ok = from.kind != stage.Open && (stated || to.reopens)
			case stage.Advance, stage.Skip:
				ok = up && to.kind == stage.Open
			case stage.Regress:
				ok = !up && stated
			}
			if !ok {
				return broken("I13", "%s from %s to %s", v.Via, from.id, to.id)
			}
		}
		for _, t := range s.touches {
			told := slices.ContainsFunc(s.History.Refused, func(r stage.Refused) bool { return r.Touch.Source == t.Source && r.Touch.ID == t.ID })
			if t.Stage != "" && stepOf(t.Stage).id == "" && !told {
				return broken("I13", "an unknown stage is not reported: %s", describe(t))
			}
		}
	}
	return nil
}

// checkHistories is I12: stages, and the journeys cut along them.
func checkHistories(c *comparison) *Violation {
	for _, s := range c.subjects {
		got := visitsOf(s.History)
		if !slices.Equal(got, s.told.visits) {
			return broken("I12", "visits %v, want %v", got, s.told.visits)
		}
		if bad := sameTrips(s.Journeys, s.trips); bad != nil {
			return bad
		}
	}
	return nil
}

func visitsOf(h stage.History) (out []visit) {
	for _, v := range h.Visits {
		out = append(out, visit{string(v.Stage), v.Number, micros(v.Enter), micros(v.Leave), v.Via.String(), v.By.Source, v.By.ID})
	}
	return out
}

func sameTrips(js []journey.Journey, trips []*trip) *Violation {
	if len(js) != len(trips) {
		return broken("I12", "%d journeys, want %d", len(js), len(trips))
	}
	for i, j := range js {
		t := trips[i]
		var steps []string
		for _, st := range j.Steps {
			steps = append(steps, st.Touch.Source+"/"+st.Touch.ID)
		}
		if !slices.Equal(steps, t.steps) {
			return broken("I12", "journey %d has %d steps, want %d", i, len(steps), len(t.steps))
		}
		if string(j.Reason) != t.reason {
			return broken("I12", "journey %d ends by %s, want %s", i, j.Reason, t.reason)
		}
		if len(j.Goals) != len(t.goals) {
			return broken("I12", "journey %d reaches %d goals, want %d", i, len(j.Goals), len(t.goals))
		}
		for n, g := range j.Goals {
			w := t.goals[n]
			if micros(g.At) != w.at || g.Touch.Source+"/"+g.Touch.ID != w.key || g.Value.Minor != w.value || g.Net.Minor != w.net {
				return broken("I12", "goal %d of journey %d is worth %d net %d, want %d net %d", n, i, g.Value.Minor, g.Net.Minor, w.value, w.net)
			}
		}
	}
	return nil
}

// checkPast is I15: what was told of the first half of the touches stays told.
func checkPast(c *comparison) *Violation {
	if !c.deep {
		return nil
	}
	for _, s := range c.subjects {
		if len(s.touches) < 2 {
			continue
		}
		at := s.touches[len(s.touches)/2].At - 1
		before, err := journey.Fold(s.Subject, c.view.Touches(s.Subject), instant(at), c.setting.options())
		if err != nil {
			return broken("I15", "folding: %v", err)
		}
		var kept []visit
		for _, v := range visitsOf(s.History) {
			if v.enter > at {
				break
			}
			if v.leave > at {
				v.leave = 0
			}
			kept = append(kept, v)
		}
		if got := visitsOf(before.History); !slices.Equal(got, kept) {
			return broken("I15", "at an earlier instant %v, later told as %v", got, kept)
		}
	}
	return nil
}

// checkStalls is I16.
func checkStalls(c *comparison) *Violation {
	for _, s := range c.subjects {
		var got []stall
		for _, x := range s.History.Stalls {
			got = append(got, stall{string(x.Stage), micros(x.Since), micros(x.Resolved)})
		}
		if !slices.Equal(got, s.told.stalls) {
			return broken("I16", "stalls %v, want %v", got, s.told.stalls)
		}
	}
	return nil
}
