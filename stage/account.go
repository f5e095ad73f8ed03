package stage

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// A Member is a subject that belongs to an account in [From, To); zero ends are open.
type Member struct {
	Subject  string
	Role     string // role in the buying group, free text such as "champion"
	From, To time.Time
	History  History // folded by the same plan or model
}

// A Standing is where one member stands at an instant, as a [Policy] sees it. Nil
// stages mean none; they must not be changed.
type Standing struct {
	Subject, Role string
	Now           *Stage    // the current stage
	Furthest      *Stage    // the highest Open or Goal stage so far
	Closed        *Stage    // the Goal or Loss entered last
	ClosedAt      time.Time // when

	edition *edition // the version of the model in force
}

// A Policy says at which stage an account stands, given its members in order of
// subject; false means at none. It is asked once an instant at which a member moves or
// a membership begins or ends, must depend on its arguments alone and not keep them.
type Policy interface {
	Stage(members []Standing, at time.Time) (ID, bool)
}

// An expiring policy changes its answer by the mere passing of time, once.
type expiring interface {
	// expires returns the instant from which the answer is another though nobody moves.
	expires(members []Standing) (time.Time, bool)
}

// Max is the default policy: the account stands at the highest-ranked current Open or
// Goal stage of a member. If nobody stands at one, it is lost where every member with a
// stage is, else Dormant.
type Max struct{}

// Stage implements [Policy].
func (Max) Stage(members []Standing, _ time.Time) (ID, bool) {
	var best, loss, dormant *Stage
	for i := range members {
		switch s := members[i].Now; {
		case s == nil:
		case s.Kind == Dormant:
			dormant = s
		case s.Kind == Loss:
			loss = higher(loss, s)
		default:
			best = higher(best, s)
		}
	}
	best = cmp.Or(best, dormant, loss)
	if best == nil {
		return "", false
	}
	return best.ID, true
}

// higher returns the stage of higher rank; nil ranks below any.
func higher(a, b *Stage) *Stage {
	if a == nil || b != nil && b.Rank > a.Rank {
		return b
	}
	return a
}

// FoldAccount infers the history of an account from those of its members, which keep
// theirs. All that the members do in one instant is applied first, then policy (nil is
// [Max]) is asked once: an account moves at most once an instant, and back as well as
// on, for its stage is derived. Visit.Member and Visit.MemberVisit say whose visit moved
// it. A member who leaves takes the future away, not the past. An account has no stalls
// and no refusals of its own.
//
// Of the options Subject, At and Sticky are read; At zero is the latest of the members'
// histories. The errors are [ErrUnknownStage] for a member or a policy that names a stage
// the plan does not have, and a [*CallbackError] for a policy that panics.
func (p *Plan) FoldAccount(members []Member, policy Policy, opts *FoldOptions) (History, error) {
	if opts == nil {
		opts = &FoldOptions{}
	}
	if policy == nil {
		policy = Max{}
	}
	s := sweep{policy: policy, at: opts.At, sticky: opts.Sticky}
	s.trail.reset(p)
	if err := s.take(members); err != nil {
		return History{}, err
	}
	if err := s.run(); err != nil {
		return History{}, err
	}
	latest := p.editions[p.at(s.at)].model
	return History{Subject: opts.Subject, Model: latest.ID, Version: latest.Version, Basis: p.basis, At: s.at,
		Visits: s.visits, plan: p, causes: s.causes}, nil
}

// A sweep walks the instants at which members move.
type sweep struct {
	trail
	policy    Policy
	at        time.Time
	sticky    bool
	members   []Member
	standings []Standing // by member
	entered   []int      // by member: visits entered so far
	in        []bool     // by member: belongs now
	changes   []change
	now       []Standing // of those who belong
	causes    []cause    // by visit
}

// A change is what happens to one member at an instant.
type change struct {
	at     time.Time
	member int32
	what   uint8
}

const (
	enters uint8 = iota // the next visit
	leaves              // the visit it stands at, for none
	joins               // the account
	parts               // from the account
)

func (s *sweep) take(members []Member) error {
	latest := s.at.IsZero()
	s.members = slices.SortedStableFunc(slices.Values(members), func(a, b Member) int {
		return cmp.Or(strings.Compare(a.Subject, b.Subject), strings.Compare(a.Role, b.Role))
	})
	s.standings = make([]Standing, len(members))
	s.entered, s.in = make([]int, len(members)), make([]bool, len(members))
	visits := 0
	for i := range members {
		visits += len(members[i].History.Visits)
	}
	s.changes = make([]change, 0, visits+2*len(members))
	starts := make([]int, len(members)) // of each member's changes
	for i := range s.members {
		m := &s.members[i]
		if latest && m.History.At.After(s.at) {
			s.at = m.History.At
		}
		s.standings[i] = Standing{Subject: m.Subject, Role: m.Role}
		starts[i] = len(s.changes)
		if s.in[i] = m.From.IsZero(); !s.in[i] {
			s.changes = append(s.changes, change{m.From, int32(i), joins})
		}
		if !m.To.IsZero() {
			s.changes = append(s.changes, change{m.To, int32(i), parts})
		}
		bounded := len(s.changes) > starts[i]
		visits := m.History.Visits
		for j := range visits {
			v := &visits[j]
			if _, ok := s.plan.index[v.Stage]; !ok {
				return fmt.Errorf("%w: of a member", ErrUnknownStage)
			}
			s.changes = append(s.changes, change{v.Enter, int32(i), enters})
			if !v.Leave.IsZero() && (j+1 == len(visits) || !visits[j+1].Enter.Equal(v.Leave)) {
				s.changes = append(s.changes, change{v.Leave, int32(i), leaves})
			}
		}
		if bounded { // a history is in order of time
			slices.SortStableFunc(s.changes[starts[i]:], func(a, b change) int { return a.at.Compare(b.at) })
		}
	}
	s.changes = mergeRuns(s.changes, starts)
	return nil
}

// mergeRuns puts changes in order of time that are so from each of starts to the next. At
// one instant those of an earlier run come first.
func mergeRuns(changes []change, starts []int) []change {
	for spare := make([]change, len(changes)); len(starts) > 1; changes, spare = spare, changes {
		merged := starts[:0]
		for r := 0; r < len(starts); r += 2 {
			from, middle, end := starts[r], len(changes), len(changes)
			if r+1 < len(starts) {
				middle = starts[r+1]
			}
			if r+2 < len(starts) {
				end = starts[r+2]
			}
			merged = append(merged, from)
			for i, j, k := from, middle, from; k < end; k++ {
				if j == end || i < middle && !changes[j].at.Before(changes[i].at) {
					spare[k] = changes[i]
					i++
				} else {
					spare[k] = changes[j]
					j++
				}
			}
		}
		starts = merged
	}
	return changes
}

func (s *sweep) run() error {
	for i := 0; i < len(s.changes) && !s.changes[i].at.After(s.at); {
		at, first := s.changes[i].at, i
		e := s.plan.editions[s.plan.at(at)]
		for ; i < len(s.changes) && s.changes[i].at.Equal(at); i++ {
			s.apply(e, s.changes[i])
		}
		if err := s.ask(e, at, s.changes[first:i]); err != nil {
			return err
		}
		if err := s.expire(at, i); err != nil {
			return err
		}
	}
	return nil
}

// apply brings the standing of one member up to date.
func (s *sweep) apply(e *edition, c change) {
	st := &s.standings[c.member]
	switch c.what {
	case joins:
		s.in[c.member] = true
	case parts:
		s.in[c.member] = false
	case leaves:
		st.Now = nil
	case enters:
		v := &s.members[c.member].History.Visits[s.entered[c.member]]
		s.entered[c.member]++
		st.Now = e.defs[s.plan.index[v.Stage]].Stage
		switch v.Kind {
		case Open, Goal:
			st.Furthest = higher(st.Furthest, st.Now)
		}
		if v.Kind == Goal || v.Kind == Loss {
			st.Closed, st.ClosedAt = st.Now, v.Enter
		}
	}
}

// expire asks the policy once more if its answer changes by itself after an instant,
// before the next change and not after the end.
func (s *sweep) expire(at time.Time, next int) error {
	p, ok := s.policy.(expiring)
	if !ok {
		return nil
	}
	again, ok := p.expires(s.now)
	if !ok || !again.After(at) || again.After(s.at) || next < len(s.changes) && !again.Before(s.changes[next].at) {
		return nil
	}
	return s.ask(s.plan.editions[s.plan.at(again)], again, nil)
}

// ask lets the policy say where the account stands now, and moves it there.
func (s *sweep) ask(e *edition, at time.Time, changes []change) error {
	s.now = s.now[:0]
	for i := range s.standings {
		if s.in[i] {
			s.standings[i].edition = e
			s.now = append(s.now, s.standings[i])
		}
	}
	id, ok, err := s.answer(at)
	if err != nil {
		return err
	}
	to := none
	if ok {
		if to, ok = s.plan.index[id]; !ok {
			return fmt.Errorf("%w: answered by the policy", ErrUnknownStage)
		}
	}
	if to == s.current || s.sticky && s.falls(e, to) {
		return nil
	}
	if to == none {
		s.leave(at)
		return nil
	}
	move, resumed := s.classify(e, to)
	v := s.enter(e, to, at, move, resumed)
	c := cause{role: s.evidence(v, changes)}
	if q, ok := s.policy.(Quorum); ok {
		c.needs = q.open(s.now, e, to)
	}
	s.causes = append(s.causes, c)
	return nil
}

func (s *sweep) answer(at time.Time) (id ID, ok bool, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &CallbackError{"Policy.Stage", fmt.Sprintf("%T", v), debug.Stack()}
		}
	}()
	id, ok = s.policy.Stage(s.now, at)
	return id, ok, nil
}

// falls reports whether a stage is no progress from where a sticky account stands.
func (s *sweep) falls(e *edition, to int) bool {
	if s.current == none {
		return false
	}
	now := &e.defs[s.current]
	if now.Kind == Loss || now.Kind == Dormant {
		return to == none
	}
	return to == none || e.defs[to].Kind == Loss || e.defs[to].Kind == Dormant || e.defs[to].Rank < now.Rank
}

// evidence names the member that moved the account, and returns its role: one who changed
// and stands at the account's stage, else one who changed; the first by subject.
func (s *sweep) evidence(v *Visit, changes []change) (role string) {
	member := none
	for _, c := range changes {
		if st := s.standings[c.member]; s.in[c.member] && st.Now != nil && st.Now.ID == v.Stage {
			member = int(c.member)
			break
		}
		if member == none {
			member = int(c.member)
		}
	}
	if member == none {
		return ""
	}
	m := &s.members[member]
	v.Member, v.MemberVisit = m.Subject, s.entered[member]
	if v.MemberVisit == 0 {
		return m.Role
	}
	cause := &m.History.Visits[v.MemberVisit-1]
	own := v.Snapshot
	v.Snapshot = cause.Snapshot
	if cause.Stage != v.Stage {
		v.Snapshot.Probability, v.Snapshot.Category = own.Probability, own.Category
	}
	v.Snapshot.ModelVersion = own.ModelVersion
	if cause.Enter.Equal(v.Enter) {
		v.Rule, v.By = cause.Rule, cause.By
	}
	return m.Role
}
