package journey

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Goal is something a journey is meant to reach: entering Stage, or a touch at which
// Rule fires; with both set, either. Without configured goals there is one, "purchase":
// entry into any Goal stage of the model, or any touch of class conversion or of the
// stage family purchase; it closes the journey. A value alone makes no goal.
type Goal struct {
	ID     string
	Stage  stage.ID
	Rule   *stage.Rule
	Value  ValueFrom
	Fixed  touchpoint.Money // with FromGoal: what each reaching is worth
	Repeat Repeat
	Closes bool // reaching it ends the journey
}

// A ValueFrom says what a reached goal is worth.
type ValueFrom uint8

// The sources of a goal's value.
const (
	FromTouch    ValueFrom = iota // the value of the touch that reached it
	FromGoal                      // Goal.Fixed
	FromSnapshot                  // the value last stated when the stage was entered
	FromNothing                   // none
)

// A Repeat says how often a goal can be reached.
type Repeat uint8

// The repeats of a goal.
const (
	EachTime Repeat = iota
	OncePerJourney
	OncePerSubject
)

// Reached is a goal that a journey reached. Net is Value less what reversals naming the
// same order or touch took back, never below 0.
type Reached struct {
	Goal       string
	At         time.Time
	Touch      touchpoint.Key // zero where no touch did it
	Value, Net touchpoint.Money
	Closed     bool // it ended the journey
}

// An Unmatched is a reversal, or the part of one, that no reached goal could take.
type Unmatched struct {
	Touch  touchpoint.Key
	Amount touchpoint.Money // > 0, or zero where the reversal states none
}

// reach is a goal being reached, before journeys are cut.
type reach struct {
	goal  *Goal
	at    time.Time
	touch int // index of the touch, −1 for none
	value touchpoint.Money
}

var purchase = Goal{ID: "purchase", Closes: true}

// reaches lists, by time, touch and goal, where the subject reaches goals. A touch that
// both enters a stage and matches a rule counts once.
func reaches(touches []touchpoint.Touch, h *stage.History, goals []Goal, ids *identity.Rules) []reach {
	index := make(map[touchpoint.Key]int, len(touches))
	for i := range touches {
		index[touches[i].Key()] = i
	}
	var out []reach
	visits := func(g *Goal, enters func(*stage.Visit) bool) {
		for i := range h.Visits {
			v := &h.Visits[i]
			if v.Via == stage.Resume || !enters(v) {
				continue
			}
			r := reach{goal: g, at: v.Enter, touch: -1}
			if at, ok := index[v.By]; ok {
				r.touch = at
			}
			r.value = g.worth(touches, r.touch, v)
			out = append(out, r)
		}
	}
	matching := func(g *Goal, i int) {
		out = append(out, reach{g, touches[i].At, i, g.worth(touches, i, nil)})
	}
	if goals == nil {
		visits(&purchase, func(v *stage.Visit) bool { return v.Kind == stage.Goal })
		for i := range touches {
			if t := &touches[i]; t.Class() == touchpoint.Conversion || t.Class() != touchpoint.Record && stage.Family(t.Kind) == "purchase" {
				matching(&purchase, i)
			}
		}
	}
	for n := range goals {
		g := &goals[n]
		if g.Stage != "" {
			visits(g, func(v *stage.Visit) bool { return v.Stage == g.Stage })
		}
		if g.Rule != nil {
			for _, i := range g.Rule.Firings(touches, h, ids) {
				matching(g, i)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b reach) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.touch, b.touch), cmp.Compare(a.goal.ID, b.goal.ID))
	})
	return slices.CompactFunc(out, func(a, b reach) bool {
		return a.goal == b.goal && a.touch == b.touch && a.touch >= 0
	})
}

// worth is the goal's value when the touch at index i (−1: none) reaches it; v is the
// visit that did, nil where a rule fired.
func (g *Goal) worth(touches []touchpoint.Touch, i int, v *stage.Visit) touchpoint.Money {
	switch {
	case g.Value == FromGoal:
		return g.Fixed
	case g.Value == FromSnapshot && v != nil:
		return v.Snapshot.Value
	case g.Value == FromTouch && i >= 0:
		return touches[i].Value
	}
	return touchpoint.Money{}
}

// settle lowers Net of reached goals by the reversals among the touches, in their order.
func settle(touches []touchpoint.Touch, js []Journey) []Unmatched {
	byOrder := map[string][]*Reached{}
	byKey := map[touchpoint.Key][]*Reached{}
	orders := map[touchpoint.Key]string{}
	reversed := false
	for i := range touches {
		if id, ok := touches[i].Props.Text("order_id"); ok {
			orders[touches[i].Key()] = id
		}
		reversed = reversed || reverses(&touches[i])
	}
	if !reversed {
		return nil
	}
	for i := range js {
		for n := range js[i].Goals {
			r := &js[i].Goals[n]
			byKey[r.Touch] = append(byKey[r.Touch], r)
			if id := orders[r.Touch]; id != "" {
				byOrder[id] = append(byOrder[id], r)
			}
		}
	}
	var left []Unmatched
	for i := range touches {
		t := &touches[i]
		if !reverses(t) {
			continue
		}
		var goals []*Reached
		if id := orders[t.Key()]; id != "" {
			goals = byOrder[id]
		}
		if src, ok := t.Props.Text("refund_of", "source"); ok && len(goals) == 0 {
			id, _ := t.Props.Text("refund_of", "id")
			goals = byKey[touchpoint.Key{Source: src, ID: id}]
		}
		if rest, open := takeBack(goals, t); open {
			left = append(left, Unmatched{t.Key(), rest})
		}
	}
	return left
}

// takeBack lowers the goals by what the reversal t states, the whole for a cancelled
// order without an amount. It returns what could not be taken.
func takeBack(goals []*Reached, t *touchpoint.Touch) (rest touchpoint.Money, open bool) {
	amount := t.Value
	if amount.Minor < 0 {
		amount.Minor = -max(amount.Minor, -math.MaxInt64) // the least int64 has no opposite
	}
	all := amount.IsZero() && t.Kind == touchpoint.KindOrderCancelled
	found := len(goals) > 0
	byGoal := map[string]touchpoint.Money{} // one order may have reached several goals: each is lowered once
	for _, g := range goals {
		due, seen := byGoal[g.Goal]
		if !seen {
			due = amount
		}
		switch {
		case all:
			g.Net.Minor = 0
		case g.Net.Currency != amount.Currency:
			found = false
		default:
			n := min(due.Minor, max(g.Net.Minor, 0))
			g.Net.Minor -= n
			due.Minor -= n
		}
		byGoal[g.Goal] = due
	}
	if !found {
		return amount, true
	}
	for _, due := range byGoal {
		rest.Minor, rest.Currency = max(rest.Minor, due.Minor), due.Currency
	}
	return rest, rest.Minor > 0
}

func reverses(t *touchpoint.Touch) bool {
	return t.Kind == touchpoint.KindReturn || t.Kind.Info().Class == touchpoint.Reversal
}
