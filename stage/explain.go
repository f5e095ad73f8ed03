package stage

import (
	"strconv"
	"strings"

	"github.com/tabi-go/tabi/touchpoint"
)

// An Explanation says why a visit began.
type Explanation struct {
	Visit      Visit           `json:"visit"`
	Line       int             `json:"line"`                 // of the table of [Move]
	Kind       touchpoint.Kind `json:"kind,omitzero"`        // of the touch Visit.By
	Stated     string          `json:"stated,omitzero"`      // its stage field
	Conditions []Condition     `json:"conditions,omitempty"` // of the rule, with what was seen
	Refused    *Refused        `json:"refused,omitempty"`    // the strongest evidence refused during the visit
	Role       string          `json:"role,omitzero"`        // accounts: of Visit.Member
	Needs      []Need          `json:"needs,omitempty"`      // accounts under a Quorum: open towards the next stage
}

// A Condition is one condition of a rule and the value that met it.
type Condition struct {
	Name string `json:"name"` // as in the JSON form of the rule
	Want string `json:"want"`
	Seen string `json:"seen"`
}

// A reason is what Explain needs of one visit beyond the visit.
type reason struct {
	touch   *touchpoint.Touch
	matcher *matcher
}

// A cause is what Explain needs of one visit of an account.
type cause struct {
	role  string
	needs []Need
}

// Explain says why visit i (an index into h.Visits) began; false if there is none. Of a
// history that was read back from its JSON form it knows no conditions.
func (h History) Explain(i int) (Explanation, bool) {
	if i < 0 || i >= len(h.Visits) {
		return Explanation{}, false
	}
	x := Explanation{Visit: h.Visits[i], Line: h.Visits[i].Via.line(), Refused: h.strongest(&h.Visits[i])}
	if i < len(h.causes) {
		x.Role, x.Needs = h.causes[i].role, h.causes[i].needs
	}
	if i >= len(h.reasons) {
		return x, true
	}
	if r := &h.reasons[i]; r.touch != nil {
		x.Kind, x.Stated = r.touch.Kind, r.touch.Stage
		if r.matcher != nil {
			x.Conditions = r.matcher.conditions(r.touch)
		}
	}
	return x, true
}

// line is the line of the table of moves, 0 for an invalid move.
func (m Move) line() int {
	switch {
	case m <= Reopen:
		return int(m)
	case m <= Skip:
		return 9
	case m == Regress:
		return 10
	}
	return 0
}

// strongest returns the refused evidence for the highest stage during a visit, the
// first of equals.
func (h *History) strongest(v *Visit) *Refused {
	var best *Refused
	for i := range h.Refused {
		r := &h.Refused[i]
		if r.From == v.Stage && !r.At.Before(v.Enter) && (v.Leave.IsZero() || !r.At.After(v.Leave)) &&
			(best == nil || h.rank(r) > h.rank(best)) {
			best = r
		}
	}
	return best
}

// rank orders refusals; values that name no stage come last.
func (h *History) rank(r *Refused) int {
	if h.plan != nil {
		if i, ok := h.plan.index[r.To]; ok {
			return h.plan.editions[h.plan.at(r.At)].defs[i].order()
		}
	}
	return -rankless
}

// conditions lists the conditions of a rule with what a touch that met them shows.
func (m *matcher) conditions(t *touchpoint.Touch) []Condition {
	var out []Condition
	add := func(name, want, seen string) {
		if want != "" {
			out = append(out, Condition{name, want, seen})
		}
	}
	add("kinds", strings.Join(m.Kinds, "|"), string(t.Kind))
	add("families", strings.Join(m.Families, "|"), Family(t.Kind))
	add("channels", strings.Join(m.Channels, "|"), string(t.Channel))
	add("touchpoints", strings.Join(m.Touchpoints, "|"), t.Touchpoint)
	add("direction", m.Direction, t.Direction.String())
	if m.Identified {
		add("identified", "true", "true")
	}
	for i := range m.Props {
		seen, _ := m.Props[i].holds(t.Props)
		add("props."+m.Props[i].Key, strings.TrimSpace(string(m.Props[i].Op)+" "+strings.Join(m.Props[i].Values, "|")), seen)
	}
	if m.Count > 1 {
		want := strconv.Itoa(m.Count)
		if m.Within > 0 {
			want += " within " + formatDuration(m.Within)
		}
		add("count", want, strconv.Itoa(m.Count)+" or more")
	}
	add("after", string(m.After), string(m.After))
	return out
}
