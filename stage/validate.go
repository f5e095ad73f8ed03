package stage

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/tabi-go/tabi/touchpoint"
)

// Validate names every fault of the model at once, as joined [*ModelError] values; nil
// is none. Refused are: no Open stage, two Dormant ones, DormantAfter without one; ids
// that are malformed or repeated and repeated ranks; a stage without an English name; a
// probability outside 0..1; negative durations; rules that name an unknown stage or
// family, a direction or comparison that does not exist, Within without Count, repeated
// rule ids; aliases of unknown stages and aliases that name two; more than [MaxStages]
// stages or [MaxRules] rules of a stage.
func (m *Model) Validate() error {
	c := checker{model: m, ids: map[ID]bool{}}
	c.run()
	return errors.Join(c.faults...)
}

type checker struct {
	model  *Model
	ids    map[ID]bool
	faults []error
}

func (c *checker) fail(stage ID, field, reason string) {
	c.faults = append(c.faults, &ModelError{stage, field, reason})
}

func (c *checker) run() {
	m := c.model
	if !ID(m.ID).valid() {
		c.fail("", "id", "must be 1 to 64 bytes of a-z, 0-9 and _")
	}
	if len(m.Stages) > MaxStages {
		c.fail("", "stages", fmt.Sprintf("more than %d", MaxStages))
		return
	}
	ranks := map[int]bool{}
	open, dormant := 0, 0
	for i := range m.Stages {
		s := &m.Stages[i]
		if !s.ID.valid() {
			c.fail(s.ID, "id", "must be 1 to 64 bytes of a-z, 0-9 and _")
		}
		if c.ids[s.ID] {
			c.fail(s.ID, "id", "repeated")
		}
		c.ids[s.ID] = true
		switch {
		case s.Kind > Dormant:
			c.fail(s.ID, "kind", "unknown")
		case s.Kind == Dormant:
			dormant++
		case ranks[s.Rank]:
			c.fail(s.ID, "rank", "repeated")
		}
		if s.Kind != Dormant {
			ranks[s.Rank] = true
		}
		if s.Kind == Open {
			open++
		}
	}
	if open == 0 {
		c.fail("", "stages", "no open stage")
	}
	if dormant > 1 {
		c.fail("", "stages", "more than one dormant stage")
	}
	if m.DormantAfter != 0 && dormant == 0 {
		c.fail("", "dormant_after", "there is no dormant stage")
	}
	if m.DormantAfter < 0 {
		c.fail("", "dormant_after", "negative")
	}
	if m.Flow > Free {
		c.fail("", "flow", "unknown")
	}
	if m.Moves.Backward > Never {
		c.fail("", "moves.backward", "unknown")
	}
	if m.Moves.Reopen > Never {
		c.fail("", "moves.reopen", "unknown")
	}
	rules := map[string]bool{}
	for i := range m.Stages {
		c.stage(&m.Stages[i], rules)
	}
	c.aliases()
}

func (c *checker) stage(s *Stage, rules map[string]bool) {
	if s.Names["en"] == "" {
		c.fail(s.ID, "names.en", "missing")
	}
	if !(s.Probability >= 0 && s.Probability <= 1) { // not a number is neither
		c.fail(s.ID, "probability", "not between 0 and 1")
	}
	if s.SLA < 0 {
		c.fail(s.ID, "sla", "negative")
	}
	if s.StallAfter < 0 {
		c.fail(s.ID, "stall_after", "negative")
	}
	if len(s.Entry)+len(s.Exit) > MaxRules {
		c.fail(s.ID, "entry", fmt.Sprintf("more than %d rules", MaxRules))
		return
	}
	for i := range s.Entry {
		c.rule(s, "entry", i, &s.Entry[i], rules)
	}
	for i := range s.Exit {
		c.rule(s, "exit", i, &s.Exit[i], rules)
	}
}

func (c *checker) rule(s *Stage, list string, i int, r *Rule, rules map[string]bool) {
	at := fmt.Sprintf("%s[%d].", list, i)
	id := s.ruleID(list, i, r)
	if rules[id] {
		c.fail(s.ID, at+"id", "repeated")
	}
	rules[id] = true
	if r.After != "" && !c.ids[r.After] {
		c.fail(s.ID, at+"after", "unknown stage")
	}
	for field, reason := range r.faults() {
		c.fail(s.ID, at+field, reason)
	}
}

// Validate names every fault that the rule has by itself, as [Model.Validate] does: for
// rules outside of models, such as those of goals. Whether After names a stage, only the
// model knows; where it does not, the rule never fires.
func (r *Rule) Validate() error {
	var faults []error
	for field, reason := range r.faults() {
		faults = append(faults, &ModelError{"", field, reason})
	}
	return errors.Join(faults...)
}

// faults yields what is wrong with a rule by itself.
func (r *Rule) faults() iter.Seq2[string, string] {
	return func(yield func(field, reason string) bool) {
		for _, f := range r.Families {
			if familyIndex[f] == 0 && !yield("families", "unknown family") {
				return
			}
		}
		switch r.Direction {
		case "", touchpoint.Inbound.String(), touchpoint.Outbound.String():
		default:
			if !yield("direction", "neither inbound nor outbound") {
				return
			}
		}
		if r.Count < 0 && !yield("count", "negative") {
			return
		}
		if r.Within < 0 && !yield("within", "negative") {
			return
		}
		if r.Within > 0 && r.Count == 0 && !yield("within", "needs a count") {
			return
		}
		for j, p := range r.Props {
			if reason := p.fault(); reason != "" && !yield(fmt.Sprintf("props[%d]", j), reason) {
				return
			}
		}
	}
}

func (m *Match) fault() string {
	n := len(m.Values)
	switch {
	case m.Key == "":
		return "no key"
	case m.Op == Exists && n != 0:
		return "exists takes no value"
	case m.Op == In && n == 0, (m.Op == Equal || m.Op == NotEqual) && n != 1:
		return "wrong number of values"
	case m.Op == AtLeast || m.Op == AtMost:
		if n != 1 || !isNumber(m.Values[0]) {
			return "needs one number"
		}
	case m.Op != Equal && m.Op != NotEqual && m.Op != In && m.Op != Exists:
		return "unknown op"
	}
	return ""
}

func (c *checker) aliases() {
	named := map[string]ID{}
	for id := range c.ids {
		named[string(id)] = id
	}
	for _, text := range slices.Sorted(maps.Keys(c.model.Aliases)) {
		id := c.model.Aliases[text]
		key := touchpoint.Fold(text)
		switch other, ok := named[key]; {
		case !c.ids[id]:
			c.fail(id, "aliases", "unknown stage")
		case key == "":
			c.fail(id, "aliases", "empty")
		case ok && other != id:
			c.fail(id, "aliases", "also names stage "+string(other))
		}
		named[key] = id
	}
}

func (id ID) valid() bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		if c := id[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}
