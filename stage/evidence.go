package stage

import (
	"github.com/tabi-go/tabi/touchpoint"
)

// An item is one touch or signal of an instant, and what it is evidence for.
type item struct {
	key       touchpoint.Key
	touch     *touchpoint.Touch // nil for a signal
	aim       int               // the stage, none for none
	matcher   *matcher          // the rule, nil for explicit evidence and signals
	rule      string            // what stands in Visit.Rule
	statement bool
	reopens   bool
	specific  bool // names what happened: a refusal is worth telling
	engaged   bool
	exits     []*matcher // exit rules that fire
	visit     int        // the visit it opened, −1 for none
	supports  bool       // is evidence for the visit it falls into
	pending   bool       // came while Dormant and did not move: may resume
}

// judge finds what a touch aims at. The counters of later editions see it too: their
// rules count over the whole history.
func (f *fold) judge(edition int, t *touchpoint.Touch) item {
	row := rowOf(t.Kind)
	v := viewOf(t, &row.info)
	it := item{key: t.Key(), touch: t, aim: none, engaged: v.engaged, visit: none}
	for later := edition + 1; later < len(f.plan.editions); later++ {
		f.count(later, f.plan.editions[later].ruleset(t.Kind, row.family), v, nil)
	}
	e := f.plan.editions[edition]
	rs := e.ruleset(t.Kind, row.family)
	best := f.count(edition, rs, v, &it)
	if t.Stage != "" {
		aim, known := e.named(t.Stage)
		if aim != none {
			it.aim, it.rule, it.statement, it.specific = aim, Explicit, true, true
			return it
		}
		if !known {
			f.refuse(&it, t.At, ID(t.Stage), 0, UnknownStage)
		}
	}
	for _, m := range rs.entry {
		if best != nil && best.order < m.order {
			break
		}
		if (m.after == none || f.visited[m.after]) && m.holds(v, &f.link) {
			best = m
			break
		}
	}
	if best != nil {
		it.aim, it.matcher, it.rule = best.stage, best, best.id
		it.statement, it.reopens, it.specific = best.Statement, best.Reopens, best.named
	}
	return it
}

// count lets an edition's counting and exit rules see a touch. With an item it collects
// the exits that fire, and returns the preferred counting rule that does.
func (f *fold) count(edition int, rs *ruleset, v view, it *item) (best *matcher) {
	for _, m := range rs.counting {
		if m.holds(v, &f.link) && f.counters[edition][m.slot].add(m.Rule, v.At) &&
			best == nil && (m.after == none || f.visited[m.after]) {
			best = m
		}
	}
	for _, m := range rs.exit {
		if (m.slot >= 0 || it != nil) && m.holds(v, &f.link) &&
			(m.slot < 0 || f.counters[edition][m.slot].add(m.Rule, v.At)) &&
			it != nil && (m.after == none || f.visited[m.after]) {
			it.exits = append(it.exits, m)
		}
	}
	return best
}

func (f *fold) judgeSignal(edition int, s *Signal) item {
	it := item{key: touchpoint.Key{Source: s.Source, ID: s.ID}, aim: none, rule: s.Rule, specific: true, visit: none}
	if i, ok := f.plan.index[s.Stage]; ok && f.plan.editions[edition].defs[i].present {
		it.aim = i
	} else {
		f.refuse(&it, s.At, s.Stage, 0, UnknownStage)
	}
	return it
}

// order is the rank of an aim, the lowest for none.
func (e *edition) order(aim int) int {
	if aim == none {
		return -rankless
	}
	return e.defs[aim].order()
}
