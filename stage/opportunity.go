package stage

import (
	"slices"
	"time"
)

// OpportunityDriven lets an account stand where its deals stand. An opportunity is a
// member, a deal or a person, that stands at an Open stage from the model's first stage
// entered by family deal up to the Goal above it. The account stands at the highest one;
// without any, at the Goal or Loss that a member entered last, for the time of Remember;
// after that where Fallback says, but below the first of those stages.
type OpportunityDriven struct {
	Remember time.Duration // 0 = 90 days
	Fallback Policy        // nil = Max
}

func (o OpportunityDriven) remember() time.Duration {
	if o.Remember == 0 {
		return 90 * day
	}
	return o.Remember
}

// Stage implements [Policy].
func (o OpportunityDriven) Stage(members []Standing, at time.Time) (ID, bool) {
	if len(members) == 0 || members[0].edition == nil {
		return "", false
	}
	e := members[0].edition
	first, goal := e.deal()
	var best *Stage
	for i := range members {
		if s := members[i].Now; s != nil && s.Kind == Open && first != nil && s.Rank >= first.Rank && (goal == nil || s.Rank < goal.Rank) {
			best = higher(best, s)
		}
	}
	if best != nil {
		return best.ID, true
	}
	if m := lastClosed(members); m != nil && at.Before(m.ClosedAt.Add(o.remember())) {
		return m.Closed.ID, true
	}
	fallback := o.Fallback
	if fallback == nil {
		fallback = Max{}
	}
	id, ok := fallback.Stage(members, at)
	if !ok || first == nil {
		return id, ok
	}
	return e.below(id, first)
}

// expires implements expiring: a closed deal is forgotten.
func (o OpportunityDriven) expires(members []Standing) (time.Time, bool) {
	m := lastClosed(members)
	if m == nil {
		return time.Time{}, false
	}
	return m.ClosedAt.Add(o.remember()), true
}

// lastClosed returns the member that entered a Goal or Loss last, nil for none; of two
// at once the one at the higher stage.
func lastClosed(members []Standing) *Standing {
	var last *Standing
	for i := range members {
		m := &members[i]
		if m.Closed != nil && (last == nil || m.ClosedAt.After(last.ClosedAt) ||
			m.ClosedAt.Equal(last.ClosedAt) && m.Closed.Rank > last.Closed.Rank) {
			last = m
		}
	}
	return last
}

// deal returns the first stage entered by family deal and the first Goal above it, nil
// where the model has none.
func (e *edition) deal() (first, goal *Stage) {
	for _, i := range e.byRank {
		s := e.defs[i].Stage
		switch {
		case first == nil && s.Kind == Open && slices.ContainsFunc(s.Entry, func(r Rule) bool {
			return slices.Contains(r.Families, "deal")
		}):
			first = s
		case first != nil && s.Kind == Goal:
			return first, s
		}
	}
	return first, nil
}

// below returns the stage id if it ranks below a stage or is no progress at all, else
// the highest Open stage below.
func (e *edition) below(id ID, limit *Stage) (ID, bool) {
	best := ID("")
	for _, i := range e.byRank {
		s := e.defs[i].Stage
		if s.ID == id && (s.Rank < limit.Rank || s.Kind == Loss) {
			return id, true
		}
		if s.Kind == Open && s.Rank < limit.Rank {
			best = s.ID
		}
	}
	if e.dormant != none && e.defs[e.dormant].ID == id {
		return id, true
	}
	return best, best != ""
}
