package stage

import (
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// Firings returns the indexes of the touches at which the rule fires. The touches are one
// subject's, in order of (At, Source, ID); h is its history, which After asks (nil: a rule
// with After never fires); ids judges Identified, nil = identity.DefaultRules. Goals of a
// journey are rules that move nobody.
func (r *Rule) Firings(touches []touchpoint.Touch, h *History, ids *identity.Rules) []int {
	m := newMatcher(r, r.ID, none, none)
	link := newLinker(ids)
	var c counter
	var out []int
	for i := range touches {
		t := &touches[i]
		row := rowOf(t.Kind)
		v := viewOf(t, &row.info)
		if !m.takes(foldKind(string(t.Kind)), row.family) || !m.holds(v, &link) || r.Count > 1 && !c.add(r, t.At) {
			continue
		}
		if r.After == "" || h != nil && h.enteredBefore(r.After, t) {
			out = append(out, i)
		}
	}
	return out
}

// enteredBefore reports whether the stage was entered before the touch's instant.
func (h *History) enteredBefore(id ID, t *touchpoint.Touch) bool {
	for i := range h.Visits {
		if v := &h.Visits[i]; v.Stage == id {
			return v.Enter.Before(t.At)
		}
	}
	return false
}
