package stage

import (
	"errors"
	"iter"
	"math"
	"slices"
	"time"
)

// A Move is how a visit was entered. Every visit has exactly one: the first line of
// the table that applies.
//
//	line  move     condition
//	 1    start    no visit before
//	 2    pause    to is Dormant
//	 3    resume   from is Dormant and to is the stage it paused; otherwise the lines
//	               below are judged from the paused stage, and the visit is Resumed
//	 4    reenter  to is from, after an Exit
//	 5    win      to is a Goal
//	 6    lose     to is a Loss
//	 7    recycle  to is marked Recycle, and ranks below from or from is a Loss
//	 8    reopen   from is a Loss; or, in a Linear model, from is a Goal and to ranks below
//	 9    skip     to ranks above and required stages between were never visited
//	 9    advance  to ranks above
//	10    regress  to ranks below
type Move uint8

// The moves. The numbers are part of encodings and never change.
const (
	Start Move = iota + 1
	Pause
	Resume
	Reenter
	Win
	Lose
	Recycle
	Reopen
	Advance
	Skip
	Regress
)

var moveNames = [...]string{Start: "start", Pause: "pause", Resume: "resume", Reenter: "reenter", Win: "win",
	Lose: "lose", Recycle: "recycle", Reopen: "reopen", Advance: "advance", Skip: "skip", Regress: "regress"}

// String returns the move in lower case, "" for an invalid one.
func (m Move) String() string {
	if int(m) < len(moveNames) {
		return moveNames[m]
	}
	return ""
}

// MarshalText writes the move's name.
func (m Move) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads a move's name.
func (m *Move) UnmarshalText(text []byte) error {
	i := slices.Index(moveNames[:], string(text))
	if i < 0 {
		return errors.New("stage: unknown move")
	}
	*m = Move(i)
	return nil
}

// A trail is the visits of one subject as they grow. Moves are classified here, for
// people and accounts alike.
type trail struct {
	plan    *Plan
	visits  []Visit
	visited []bool // by stage
	numbers []int  // visits so far, by stage
	current int    // the stage stood at, none before the first visit and in a gap
	last    int    // the stage stood at last
	paused  int    // the stage that the Dormant stage stood at last paused, else none
}

func (tr *trail) reset(p *Plan) {
	tr.plan, tr.visits = p, tr.visits[:0]
	tr.visited = append(tr.visited[:0], make([]bool, len(p.stages))...)
	tr.numbers = append(tr.numbers[:0], make([]int, len(p.stages))...)
	tr.current, tr.last, tr.paused = none, none, none
}

// origin is the stage that moves are judged from: the last one, or the stage it paused.
func (tr *trail) origin() int {
	if tr.paused != none {
		return tr.paused
	}
	return tr.last
}

// dormant reports whether the subject is paused.
func (tr *trail) dormant() bool { return tr.current != none && tr.paused != none }

// classify returns the move to a stage, which must not be the current one.
func (tr *trail) classify(e *edition, to int) (move Move, resumed bool) {
	from := tr.origin()
	target := &e.defs[to]
	switch {
	case tr.last == none:
		return Start, false
	case target.Kind == Dormant:
		return Pause, false
	}
	resumed = from != tr.last
	if resumed && to == from {
		return Resume, false
	}
	source := &e.defs[from]
	up := target.Rank > source.Rank
	switch {
	case to == from:
		return Reenter, false
	case target.Kind == Goal:
		return Win, resumed
	case target.Kind == Loss:
		return Lose, resumed
	case target.Recycle && (!up || source.Kind == Loss):
		return Recycle, resumed
	case source.Kind == Loss, !e.free && source.Kind == Goal && !up:
		return Reopen, resumed
	case up && tr.skips(e, to):
		return Skip, resumed
	case up:
		return Advance, resumed
	}
	return Regress, resumed
}

// skipped yields the required Open stages between where the subject stands and a stage
// above that it never visited.
func (tr *trail) skipped(e *edition, to int) iter.Seq[ID] {
	return func(yield func(ID) bool) {
		target := &e.defs[to]
		if e.free || target.Kind == Dormant {
			return
		}
		floor := math.MinInt
		if from := tr.origin(); from != none {
			floor = e.defs[from].Rank
		}
		for _, i := range e.byRank {
			d := &e.defs[i]
			if d.Rank >= target.Rank {
				return
			}
			if d.Rank > floor && d.Kind == Open && !d.Optional && !tr.visited[i] && !yield(d.ID) {
				return
			}
		}
	}
}

func (tr *trail) skips(e *edition, to int) bool {
	for range tr.skipped(e, to) {
		return true
	}
	return false
}

// enter closes the open visit and begins the next.
func (tr *trail) enter(e *edition, to int, at time.Time, move Move, resumed bool) *Visit {
	d := &e.defs[to]
	v := Visit{Stage: d.ID, Enter: at, Via: move, Kind: d.Kind, Rank: d.Rank, Resumed: resumed,
		Snapshot: Snapshot{Probability: d.Probability, Category: d.Category, ModelVersion: e.model.Version}}
	if move != Resume && move != Reenter {
		v.Skipped = slices.Collect(tr.skipped(e, to))
	}
	if move != Start {
		v.From = tr.plan.stages[tr.last]
	}
	if from := tr.origin(); d.Kind != Dormant {
		tr.paused = none
	} else if from != none {
		tr.paused, v.Rank = from, e.defs[from].Rank
	}
	tr.leave(at)
	tr.numbers[to]++
	v.Number = tr.numbers[to]
	tr.visited[to] = true
	tr.current, tr.last = to, to
	tr.visits = append(tr.visits, v)
	return &tr.visits[len(tr.visits)-1]
}

// leave closes the open visit, if there is one.
func (tr *trail) leave(at time.Time) {
	if tr.current != none {
		tr.visits[len(tr.visits)-1].Leave = at
		tr.current = none
	}
}
