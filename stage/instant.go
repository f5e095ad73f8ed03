package stage

import (
	"cmp"
	"slices"
	"time"
)

// instant applies the items of one instant.
func (f *fold) instant(e *edition, at time.Time) {
	if len(f.items) > 1 {
		slices.SortStableFunc(f.items, func(a, b item) int { return compareItems(e, &a, &b) })
	}
	before, standing, patience, quiet := len(f.visits), f.current != none, f.patience, f.quiet
	paused, engaged := f.dormant(), false
	for i := range f.items {
		it := &f.items[i]
		engaged = engaged || it.engaged
		f.apply(e, at, it, paused && len(f.visits) == before)
	}
	f.markConflicts()
	f.settle(e, at, paused && f.dormant() && len(f.visits) == before)
	if engaged || len(f.visits) > before {
		f.quiet = at
	}
	if standing && (engaged || len(f.visits) > before || f.current == none) {
		f.endStall(before-1, patience, quiet, at)
	}
}

// compareItems is the order inside an instant: rule evidence by rank of its target,
// then statements; ties by source and id. What then is equal, such as signals of two
// rules, keeps the order in which it was judged.
func compareItems(e *edition, a, b *item) int {
	byRank := cmp.Compare(e.order(a.aim), e.order(b.aim))
	if a.statement {
		byRank = 0
	}
	return cmp.Or(compareBool(a.statement, b.statement), byRank, a.key.Compare(b.key))
}

// apply lets one item move the subject, exit, or support the visit it falls into.
// paused says that the subject was paused before this instant and still is.
func (f *fold) apply(e *edition, at time.Time, it *item, paused bool) {
	supports := false
	if it.aim != none && it.aim != f.current {
		move, resumed := f.classify(e, it.aim)
		ok, reason := f.permit(e, it, move)
		if ok {
			f.open(e, at, it, it.aim, move, resumed)
			return
		}
		behind := f.current != none && e.defs[it.aim].order() <= e.defs[f.origin()].order()
		supports = !it.statement && (behind || move == Pause)
		if reason == NothingToPause {
			move = Pause
		}
		if reason != "" {
			f.refuse(it, at, e.defs[it.aim].ID, move, reason)
		}
	} else {
		supports = it.aim != none
	}
	it.supports = supports
	if supports && it.statement { // it says that the subject stands here
		f.backs(it)
		return
	}
	for _, m := range it.exits {
		if m.stage == f.current {
			f.leave(at)
			return
		}
	}
	if it.pending = paused && it.engaged && (it.aim == none || e.defs[it.aim].Kind != Dormant); !it.pending {
		f.backs(it)
	}
}

// permit holds the policy of moves. A refusal without a reason is no refusal: evidence
// for a stage at or below the current one just supports the visit.
func (f *fold) permit(e *edition, it *item, move Move) (ok bool, reason string) {
	if f.last == none && e.defs[it.aim].Kind == Dormant {
		return false, NothingToPause
	}
	if e.free || f.last == none {
		return true, ""
	}
	from, to := &e.defs[f.origin()], &e.defs[it.aim]
	switch move {
	case Pause, Resume:
		return it.statement, ""
	case Win:
		return it.statement || to.Rank > from.Rank || from.Kind == Loss, ""
	case Lose:
		return it.statement || to.Rank > from.Rank, ""
	case Skip:
		return it.statement || !e.model.Moves.DenySkip, SkipDenied
	case Recycle, Regress:
		return e.model.Moves.Backward.permits(it.statement)
	case Reopen:
		return e.model.Moves.Reopen.permits(it.statement || it.reopens && from.Kind == Loss)
	}
	return true, ""
}

func (a Authority) permits(stated bool) (ok bool, reason string) {
	switch a {
	case Always:
		return true, ""
	case Never:
		return false, MoveDenied
	}
	return stated, NeedsStatement
}

// settle resumes what was paused if nothing else moved, and hands the pending touches to
// the visit that stands now.
func (f *fold) settle(e *edition, at time.Time, paused bool) {
	var first *item
	for i := range f.items {
		if it := &f.items[i]; it.pending && (first == nil || it.key.Compare(first.key) < 0) {
			first = it
		}
	}
	if first == nil {
		return
	}
	if paused {
		first.rule, first.matcher, first.pending = Engaged, nil, false
		f.open(e, at, first, f.paused, Resume, false)
	}
	for i := range f.items {
		if f.items[i].pending {
			f.backs(&f.items[i])
		}
	}
}

// markConflicts flags the visits opened by statements of one instant that disagree.
func (f *fold) markConflicts() {
	aim, conflict := none, false
	for i := range f.items {
		if it := &f.items[i]; it.statement {
			conflict = conflict || aim != none && aim != it.aim
			aim = it.aim
		}
	}
	for i := range f.items {
		if it := &f.items[i]; conflict && it.statement && it.visit != none {
			f.visits[it.visit].Conflict = true
		}
	}
}

// open begins a visit by an item.
func (f *fold) open(e *edition, at time.Time, it *item, to int, move Move, resumed bool) {
	v := f.enter(e, to, at, move, resumed)
	v.Rule, v.By = it.rule, it.key
	f.stated.fill(&v.Snapshot, f.touches, it.touch)
	f.patience = f.threshold(&e.defs[to], to)
	it.visit = len(f.visits) - 1
	f.spans = append(f.spans, span{len(f.support), len(f.support)})
	f.reasons = append(f.reasons, reason{touch: it.touch, matcher: it.matcher})
}

// backs adds an item to the support of the visit that stands.
func (f *fold) backs(it *item) {
	if it.supports && f.current != none {
		f.support = append(f.support, it.key)
		f.spans[len(f.spans)-1].to = len(f.support)
	}
}

// refuse lists evidence that could not move the subject: statements and values that
// name nothing one by one, other evidence once a visit and target, if it is specific.
func (f *fold) refuse(it *item, at time.Time, to ID, move Move, reason string) {
	if !it.statement && reason != UnknownStage {
		mark := len(f.visits) + 1
		if !it.specific || f.told[it.aim] == mark {
			return
		}
		f.told[it.aim] = mark
	}
	r := Refused{Touch: it.key, At: at, To: to, Move: move, Reason: reason}
	if f.last != none {
		r.From = f.plan.stages[f.last]
	}
	f.refused = append(f.refused, r)
}
