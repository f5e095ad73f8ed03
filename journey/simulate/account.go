package simulate

import (
	"math"
	"sort"

	"github.com/tabi-go/tabi/internal/num"
)

// maxMembers bounds Accounts.Max.
const maxMembers = 1000

// divideAccounts lays out the sizes of accounts until everybody has a place. The last
// account may have members outside of the population: they live, unseen, so that the
// others of that account are the same in any population.
func (m *model) divideAccounts() {
	a := m.world.Accounts
	if a == nil {
		return
	}
	sum := 0.0
	for k := range a.Max {
		sum += 1 / float64(k+1)
		m.sizes = append(m.sizes, sum)
	}
	s := newStream(m.seed)
	m.accounts = []int32{0}
	for n := 0; n < m.people; {
		u := s.open(m.part.account, len(m.accounts)-1).uniform() * sum
		n += min(a.Max, 1+sort.SearchFloat64s(m.sizes, u))
		m.accounts = append(m.accounts, int32(n))
	}
}

// accountOf is the account of a person and their place in it.
func (m *model) accountOf(person int) (account, place int) {
	account = sort.Search(len(m.accounts), func(i int) bool { return int(m.accounts[i]) > person }) - 1
	return account, person - int(m.accounts[account])
}

// units is the number of accounts, or of people who buy alone.
func (m *model) units() int {
	if m.world.Accounts == nil {
		return m.people
	}
	return len(m.accounts) - 1
}

// A unit is what buys: one person, or an account of several with their deal.
type unit struct {
	index   int
	members []*life
	seen    int // members inside of the population: the first ones
	deal    deal
	pool    []*life
}

// A deal is the one sale of an account. Steps are −1 where it did not get that far.
type deal struct {
	known, opportunity, closed int
	won                        bool
	by                         cause // known: the member and the touch that was followed by the form
	value                      int64
	draws                      [][2]float64
	hints                      [][][]float64 // [member][channel][step]: does a touch make the account known?
}

// drawUnit prepares unit i up to a step.
func (m *model) drawUnit(u *unit, s *stream, i, steps int) {
	u.index = i
	first, last := i, i+1
	if m.world.Accounts != nil {
		first, last = int(m.accounts[i]), int(m.accounts[i+1])
	}
	shared := m.sharedIntent(s, i)
	for len(u.pool) < last-first {
		u.pool = append(u.pool, m.newLife())
	}
	u.members = u.pool[:last-first]
	u.seen = min(last, m.people) - first
	for k, l := range u.members {
		m.draw(l, s, first+k, steps, shared)
	}
	if m.world.Accounts != nil {
		m.drawDeal(u, s, steps)
	}
}

// sharedIntent is what the members of an account have in common.
func (m *model) sharedIntent(s *stream, account int) float64 {
	if m.world.Accounts == nil {
		return 0
	}
	s.open(m.part.account, account).uniform() // its size
	return num.Normal(s.rand)
}

func (m *model) drawDeal(u *unit, s *stream, steps int) {
	d := &u.deal
	s.open(m.part.deal, u.index)
	d.draws = d.draws[:0]
	for range steps {
		d.draws = append(d.draws, [2]float64{s.uniform(), s.uniform()})
	}
	d.value = int64(math.Round(m.world.Accounts.Worth * float64(u.members[0].value)))
	for len(d.hints) < len(u.members) {
		d.hints = append(d.hints, make([][]float64, len(m.world.Channels)))
	}
	for k, l := range u.members {
		for c, ch := range m.world.Channels {
			d.hints[k][c] = d.hints[k][c][:0]
			if m.world.Accounts.Known[ch.Name] == 0 {
				continue
			}
			s.open(m.part.known[c], l.person)
			for range steps {
				d.hints[k][c] = append(d.hints[k][c], s.uniform())
			}
		}
	}
}

// liveUnit runs a drawn unit for some steps with the channels of a set switched on. It
// reports the sale, if there is one: its step (−1: none) and value in cents.
func (m *model) liveUnit(u *unit, on uint32, steps int) (step int, value int64) {
	for _, l := range u.members {
		m.live(l, on, steps)
	}
	if m.world.Accounts == nil {
		return u.members[0].end, u.members[0].value
	}
	m.runDeal(u, steps)
	if u.deal.won {
		return u.deal.closed, u.deal.value
	}
	return -1, u.deal.value
}

// runDeal moves the deal on by at most one state a step.
func (m *model) runDeal(u *unit, steps int) {
	d, a := &u.deal, m.world.Accounts
	d.known, d.opportunity, d.closed, d.won = -1, -1, -1, false
	for t := range steps {
		switch draw := d.draws[t]; {
		case d.known < 0:
			if c, ok := m.madeKnown(u, t); ok {
				d.known, d.by = t, c
			}
		case d.opportunity < 0:
			if happens((a.Opportunity+float64(a.Push*u.push(t)))*m.delta, draw[0]) {
				d.opportunity = t
			}
		default:
			if happens((a.Won+a.Lost)*m.delta, draw[0]) {
				d.closed, d.won = t, draw[1]*(a.Won+a.Lost) < a.Won
				return
			}
		}
	}
}

func (u *unit) push(t int) float64 {
	sum := 0.0
	for _, l := range u.members {
		sum += l.push[t]
	}
	return sum
}

// madeKnown finds the touch of step t, of the first member who has one, that makes the
// account known.
func (m *model) madeKnown(u *unit, t int) (cause, bool) {
	for k, l := range u.members {
		for c, ch := range m.world.Channels {
			p := m.world.Accounts.Known[ch.Name]
			if l.touched[t]>>c&1 == 1 && p > 0 && u.deal.hints[k][c][t] < p {
				return cause{touch: ref{c, t}, member: k}, true
			}
		}
	}
	return cause{touch: noTouch}, false
}

// lastTouched is the place of the seen member who was touched last up to step t, the first
// of several; 0 if nobody was.
func (u *unit) lastTouched(t int) int {
	for ; t >= 0; t-- {
		for k, l := range u.members[:u.seen] {
			if l.touched[t] != 0 {
				return k
			}
		}
	}
	return 0
}

// causeOf draws the cause of a unit's sale, or of an account's opportunity.
func (m *model) causeOf(u *unit, s *stream) cause {
	if a := m.world.Accounts; a != nil {
		s.open(m.part.dealCause, u.index)
		return m.causeAt(s, u.members, u.deal.opportunity, a.Opportunity, a.Push)
	}
	l := u.members[0]
	s.open(m.part.cause, l.person)
	return m.causeAt(s, u.members, l.end, l.base*m.season[l.end], 1)
}
