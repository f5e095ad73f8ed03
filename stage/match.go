package stage

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// A matcher is a rule made ready for one stage.
type matcher struct {
	*Rule
	id        string
	stage     int // the stage it is evidence for
	after     int // the stage of After, −1 for none
	slot      int // its counter, −1 if it counts nothing
	order     int // place among the entry rules of all stages, the preferred first
	named     bool
	kinds     []string // Rule.Kinds, folded
	families  []int    // Rule.Families, by index
	direction touchpoint.Direction
}

// ruleID returns the rule's id: its own, or "<stage>/<n>", exits "<stage>/exit/<n>".
func (s *Stage) ruleID(list string, i int, r *Rule) string {
	switch {
	case r.ID != "":
		return r.ID
	case list == "exit":
		return fmt.Sprintf("%s/exit/%d", s.ID, i+1)
	}
	return fmt.Sprintf("%s/%d", s.ID, i+1)
}

func newMatcher(r *Rule, id string, stage, after int) matcher {
	m := matcher{Rule: r, id: id, stage: stage, after: after, slot: -1}
	for _, k := range r.Kinds {
		m.kinds = append(m.kinds, foldKind(k))
	}
	for _, f := range r.Families {
		m.families = append(m.families, familyIndex[f])
	}
	m.named = len(r.Kinds)+len(r.Families) > 0
	switch r.Direction {
	case touchpoint.Inbound.String():
		m.direction = touchpoint.Inbound
	case touchpoint.Outbound.String():
		m.direction = touchpoint.Outbound
	}
	return m
}

// A view is one touch with what the rules ask of it.
type view struct {
	*touchpoint.Touch
	engaged bool // the person did something; a planned activity has not happened
	takes   bool // rules that name kinds may take it
	any     bool // rules that name none may take it
}

func viewOf(t *touchpoint.Touch, info *touchpoint.Info) view {
	record := info.Class == touchpoint.Record
	if _, ok := t.Props.Raw("outcome"); !ok { // nothing speaks against the kind
		return view{t, info.Engaged, info.Engaged || record, !record}
	}
	planned := !record && t.Class() == touchpoint.Record
	engaged := !planned && t.Engaged()
	return view{t, engaged, engaged || record, !record && !planned}
}

// takes reports whether the rule's kinds and families, if it names any, include a kind.
func (m *matcher) takes(kind string, family int) bool {
	return !m.named || slices.Contains(m.kinds, kind) || family != 0 && slices.Contains(m.families, family)
}

// holds judges the conditions of a rule but for its kinds, Count and After.
func (m *matcher) holds(v view, link *linker) bool {
	if m.named && !v.takes || !m.named && !v.any {
		return false
	}
	if m.direction != touchpoint.DirectionUnset && v.Direction != m.direction {
		return false
	}
	if len(m.Channels) > 0 && !matchAny(m.Channels, string(v.Channel)) ||
		len(m.Touchpoints) > 0 && !matchAny(m.Touchpoints, v.Touchpoint) {
		return false
	}
	for i := range m.Props {
		if _, ok := m.Props[i].holds(v.Props); !ok {
			return false
		}
	}
	return !m.Identified || link.identified(v.Touch)
}

func matchAny(patterns []string, s string) bool {
	for _, p := range patterns {
		if prefix, ok := strings.CutSuffix(p, "*"); ok && strings.HasPrefix(s, prefix) || p == s {
			return true
		}
	}
	return false
}

// holds judges the property of p and returns the value seen.
func (m *Match) holds(p touchpoint.Props) (seen string, ok bool) {
	path := []string{m.Key}
	seen, ok = p.Raw(path...)
	if !ok && strings.Contains(m.Key, ".") {
		path = strings.Split(m.Key, ".")
		seen, ok = p.Raw(path...)
	}
	if !ok {
		return "", false
	}
	if text, ok := p.Text(path...); ok {
		seen = text
	}
	one := func(v string) bool { return equal(seen, v) }
	switch m.Op {
	case Exists:
		return seen, true
	case NotEqual:
		return seen, !slices.ContainsFunc(m.Values, one)
	case AtLeast, AtMost:
		if !isNumber(seen) || len(m.Values) != 1 {
			return seen, false
		}
		a, _ := strconv.ParseFloat(seen, 64)
		b, _ := strconv.ParseFloat(m.Values[0], 64)
		return seen, m.Op == AtLeast && a >= b || m.Op == AtMost && a <= b
	}
	return seen, slices.ContainsFunc(m.Values, one)
}

// equal compares numbers as numbers, anything else as text.
func equal(a, b string) bool {
	if a == b {
		return true
	}
	if !isNumber(a) || !isNumber(b) {
		return false
	}
	x, _ := strconv.ParseFloat(a, 64)
	y, _ := strconv.ParseFloat(b, 64)
	return x == y
}

// isNumber reports whether s is a plain decimal number: ParseFloat would also take
// "Inf", hexadecimal and underscores.
func isNumber(s string) bool {
	if s == "" || strings.Trim(s, "+-.0123456789eE") != "" {
		return false
	}
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// A linker answers whether a touch carries a linking identifier of a person, of class
// Key or Contact, and remembers the identifiers it was asked about: one subject has few.
type linker struct {
	rules *identity.Rules
	types map[identity.Type]identity.TypeRule
	seen  []linked
}

type linked struct {
	id identity.ID
	ok bool
}

// defaultTypes are the identifier types of the default rules.
var defaultTypes = sync.OnceValue(func() map[identity.Type]identity.TypeRule { return identity.DefaultRules().Types })

// newLinker returns a linker for rules, nil for the default ones.
func newLinker(rules *identity.Rules) linker {
	if rules == nil {
		rules = new(identity.Rules) // which are the default rules
	}
	types := rules.Types
	if types == nil {
		types = defaultTypes()
	}
	return linker{rules: rules, types: types}
}

// maxLinked bounds the walk over remembered identifiers.
const maxLinked = 16

func (l *linker) identified(t *touchpoint.Touch) bool {
	for _, id := range t.IDs {
		if l.links(id) {
			return true
		}
	}
	return false
}

func (l *linker) links(id identity.ID) bool {
	for i := range l.seen {
		if l.seen[i].id == id {
			return l.seen[i].ok
		}
	}
	r, ok := l.types[id.Type()]
	ok = ok && r.Entity == identity.PersonEntity && r.Class != identity.DeviceClass
	if ok {
		ok, _ = l.rules.Linkable(id)
	}
	if len(l.seen) < maxLinked {
		l.seen = append(l.seen, linked{id, ok})
	}
	return ok
}

// A counter remembers the last matching touches of a rule with Count.
type counter struct {
	n    int         // matching touches so far
	last []time.Time // with Within: of the last Count of them, a ring
}

// add counts one more matching touch and reports whether the rule fires at it.
func (c *counter) add(r *Rule, at time.Time) bool {
	c.n++
	if r.Within == 0 {
		return c.n >= r.Count
	}
	if len(c.last) < r.Count {
		c.last = append(c.last, at)
	} else {
		c.last[(c.n-1)%r.Count] = at
	}
	return c.n >= r.Count && c.last[c.n%r.Count].After(at.Add(-r.Within))
}
