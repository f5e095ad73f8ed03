package stage

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
)

// A Plan is a model, or versions of one, made ready for folding. Make it once for many
// subjects. Safe for concurrent use.
type Plan struct {
	basis    Basis
	editions []*edition
	stages   []ID // every stage of any version; elsewhere a stage is its index here
	index    map[ID]int
}

// An edition is one version of a plan's model.
type edition struct {
	from     time.Time
	model    *Model
	free     bool
	defs     []def // by stage
	byRank   []int // its stages of kind Open, Goal and Loss
	dormant  int   // the Dormant stage, −1 for none
	names    map[string]int
	families []*ruleset          // by family, 0 for kinds in none
	kinds    map[string]*ruleset // of the kinds that rules name one by one,
	single   []bool              // and whether a family has such kinds
	counters int
}

// A def is a stage as an edition defines it. A stage that the edition lacks keeps the
// nearest definition, so that subjects who stand there can leave.
type def struct {
	*Stage
	present bool
}

// rankless stands for the rank of a Dormant stage where targets are ordered: a pause is
// said of the subject, not of a place on the way, so it goes before any stage.
const rankless = math.MaxInt

func (d *def) order() int {
	if d.Kind == Dormant {
		return rankless
	}
	return d.Rank
}

// A ruleset is what may fire at touches of one kind. Counting rules see every touch.
type ruleset struct {
	entry, counting []*matcher // preferred first
	exit            []*matcher
}

// none stands for no stage.
const none = -1

func newPlan(v Versions, basis Basis) (*Plan, error) {
	p := &Plan{basis: basis, index: map[ID]int{}}
	var faults []error
	for i := range v {
		m := &v[i].Model
		faults = append(faults, m.Validate())
		if i > 1 && !v[i].From.After(v[i-1].From) {
			faults = append(faults, &ModelError{"", "from", "versions are not ascending"})
		}
		for j := range m.Stages {
			id := m.Stages[j].ID
			if _, ok := p.index[id]; !ok {
				p.index[id] = len(p.stages)
				p.stages = append(p.stages, id)
			}
		}
	}
	if len(v) == 0 {
		faults = append(faults, &ModelError{"", "versions", "missing"})
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	for i := range v {
		p.editions = append(p.editions, p.newEdition(&v[i]))
	}
	p.fillDefs()
	for _, e := range p.editions {
		e.compile(p)
	}
	return p, nil
}

func (p *Plan) newEdition(v *Version) *edition {
	m := v.Model
	m.Stages = slices.Clone(m.Stages)
	e := &edition{from: v.From, model: &m, free: m.Flow == Free, dormant: none, names: map[string]int{},
		defs: make([]def, len(p.stages))}
	for i := range m.Stages {
		s := &m.Stages[i]
		at := p.index[s.ID]
		e.defs[at] = def{s, true}
		e.names[string(s.ID)] = at
		if s.Kind == Dormant {
			e.dormant = at
		} else {
			e.byRank = append(e.byRank, at)
		}
	}
	slices.SortFunc(e.byRank, func(a, b int) int { return cmp.Compare(e.defs[a].Rank, e.defs[b].Rank) })
	for text, id := range m.Aliases {
		e.names[text] = p.index[id] // as spelled: most values need no folding
		e.names[touchpoint.Fold(text)] = p.index[id]
	}
	return e
}

// fillDefs gives every edition the nearest definition of the stages it lacks: the last
// one before it, else the first one after it.
func (p *Plan) fillDefs() {
	last := len(p.editions) - 1
	for i := 1; i <= last; i++ {
		p.editions[i].borrow(p.editions[i-1])
	}
	for i := last - 1; i >= 0; i-- {
		p.editions[i].borrow(p.editions[i+1])
	}
}

func (e *edition) borrow(from *edition) {
	for i := range e.defs {
		if e.defs[i].Stage == nil {
			e.defs[i].Stage = from.defs[i].Stage
		}
	}
}

// compile indexes the rules by kind.
func (e *edition) compile(p *Plan) {
	var entry, exit []*matcher
	for i := range e.model.Stages {
		s := &e.model.Stages[i]
		for j := range s.Entry {
			entry = append(entry, e.matcher(p, s, "entry", j, &s.Entry[j]))
		}
		for j := range s.Exit {
			exit = append(exit, e.matcher(p, s, "exit", j, &s.Exit[j]))
		}
	}
	// The highest stage wins; inside a stage the rule with the most authority.
	slices.SortStableFunc(entry, func(a, b *matcher) int {
		return cmp.Or(cmp.Compare(e.defs[b.stage].order(), e.defs[a.stage].order()),
			compareBool(b.Statement, a.Statement), compareBool(b.Reopens, a.Reopens))
	})
	for i, m := range entry {
		m.order = i
	}
	e.kinds = map[string]*ruleset{}
	e.families, e.single = make([]*ruleset, len(families)+1), make([]bool, len(families)+1)
	for _, m := range slices.Concat(entry, exit) {
		for _, k := range m.kinds {
			if f := kindRows[k].family; e.kinds[k] == nil {
				e.kinds[k], e.single[f] = newRuleset(entry, exit, k, f), true
			}
		}
		for _, f := range m.families {
			if e.families[f] == nil {
				e.families[f] = newRuleset(entry, exit, "", f)
			}
		}
	}
	e.families[0] = newRuleset(entry, exit, "", 0)
}

// newRuleset picks the rules that may fire at a kind of a family.
func newRuleset(entry, exit []*matcher, kind string, family int) *ruleset {
	rs := &ruleset{}
	for _, m := range entry {
		switch {
		case !m.takes(kind, family):
		case m.slot >= 0:
			rs.counting = append(rs.counting, m)
		default:
			rs.entry = append(rs.entry, m)
		}
	}
	for _, m := range exit {
		if m.takes(kind, family) {
			rs.exit = append(rs.exit, m)
		}
	}
	return rs
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func (e *edition) matcher(p *Plan, s *Stage, list string, i int, r *Rule) *matcher {
	after := none
	if r.After != "" {
		after = p.index[r.After]
	}
	m := newMatcher(r, s.ruleID(list, i, r), p.index[s.ID], after)
	if r.Count > 1 {
		m.slot = e.counters
		e.counters++
	}
	return &m
}

// ruleset returns the rules that may fire at a kind of a family.
func (e *edition) ruleset(k touchpoint.Kind, family int) *ruleset {
	if e.single[family] {
		if rs := e.kinds[foldKind(string(k))]; rs != nil {
			return rs
		}
	}
	if rs := e.families[family]; rs != nil {
		return rs
	}
	return e.families[0]
}

// at returns the index of the edition in force at t.
func (p *Plan) at(t time.Time) int {
	i := len(p.editions) - 1
	for i > 0 && t.Before(p.editions[i].from) {
		i--
	}
	return i
}

// named returns the stage that an explicit value names. A value that is addressed to
// another model ("model:stage") names none, and is not unknown either.
func (e *edition) named(value string) (stage int, known bool) {
	if i, ok := e.lookup(value); ok {
		return i, true
	}
	model, rest, ok := strings.Cut(value, ":")
	if !ok || rest == "" || rest[0] == ' ' || !ID(touchpoint.Fold(model)).valid() {
		return none, false
	}
	if touchpoint.Fold(model) != e.model.ID {
		return none, true
	}
	return e.lookup(rest)
}

func (e *edition) lookup(value string) (int, bool) {
	if i, ok := e.names[value]; ok {
		return i, true
	}
	if i, ok := e.names[touchpoint.Fold(value)]; ok {
		return i, true
	}
	return none, false
}
