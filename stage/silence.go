package stage

import "time"

// fallSilent pauses the subject if its silence reached the limit before until, or at
// until where that is included.
func (f *fold) fallSilent(until time.Time, included bool) {
	edition, limit, ok := f.limit()
	if !ok || limit.After(until) || !included && limit.Equal(until) {
		return
	}
	e := f.plan.editions[edition]
	f.endStall(len(f.visits)-1, f.patience, f.quiet, limit)
	f.open(e, limit, &item{rule: Silence}, e.dormant, Pause, false)
	f.quiet = limit
}

// limit returns when the present silence pauses the subject, and by which edition. An
// edition pauses nobody before it is in force.
func (f *fold) limit() (edition int, limit time.Time, ok bool) {
	if f.current == none {
		return 0, time.Time{}, false
	}
	first := f.plan.at(f.quiet)
	for i := first; i < len(f.plan.editions); i++ {
		e := f.plan.editions[i]
		if e.model.DormantAfter == 0 || e.defs[f.current].Kind != Open {
			continue
		}
		limit = f.quiet.Add(e.model.DormantAfter)
		if i > first && limit.Before(e.from) {
			limit = e.from
		}
		if i+1 == len(f.plan.editions) || limit.Before(f.plan.editions[i+1].from) {
			return i, limit, true
		}
	}
	return 0, time.Time{}, false
}

// threshold returns how long a visit of a stage may be quiet before it stalls, 0 for ever.
func (f *fold) threshold(d *def, stage int) time.Duration {
	if d.Kind != Open {
		return 0
	}
	return max(d.StallAfter, f.raised[stage])
}

// endStall lists the stall that an engaged touch or a move at an instant resolves, if
// the visit had been quiet for longer than patience.
func (f *fold) endStall(visit int, patience time.Duration, quiet, at time.Time) {
	if since, ok := stalled(patience, quiet, at); ok {
		f.stalls = append(f.stalls, Stall{f.visits[visit].Stage, visit, since, at})
	}
}

// tellStall lists the stall that is not resolved yet.
func (f *fold) tellStall() {
	if since, ok := stalled(f.patience, f.quiet, f.at); ok && f.current != none {
		f.stalls = append(f.stalls, Stall{f.plan.stages[f.current], len(f.visits) - 1, since, time.Time{}})
	}
}

func stalled(patience time.Duration, quiet, at time.Time) (since time.Time, ok bool) {
	if patience == 0 {
		return quiet, false
	}
	since = quiet.Add(patience)
	return since, at.After(since)
}
