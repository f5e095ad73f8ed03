package stage

import (
	"cmp"
	"slices"
	"time"
)

// Quorum lets an account stand at the highest stage that enough members have reached:
// each need must be met by its number of distinct members at that stage or above. One
// member may meet several needs. Where no stage qualifies the account stands at the
// lowest stage any member reached.
type Quorum struct {
	// Need is what a stage takes; empty = an economic buyer or decision maker, a
	// champion, and any three.
	Need    []Need
	Current bool // count where members stand, not the furthest they ever reached
}

// A Need asks for N members of one of the roles; no roles = anybody.
type Need struct {
	Roles []string `json:"roles,omitempty"`
	N     int      `json:"n"`
}

var defaultNeeds = []Need{{[]string{"economic_buyer", "decision_maker"}, 1}, {[]string{"champion"}, 1}, {nil, 3}}

func (q Quorum) needs() []Need {
	if len(q.Need) == 0 {
		return defaultNeeds
	}
	return q.Need
}

// reached is the stage that counts for a member, nil for none.
func (q Quorum) reached(m *Standing) *Stage {
	if !q.Current {
		return m.Furthest
	}
	if m.Now == nil || m.Now.Kind == Loss || m.Now.Kind == Dormant {
		return nil
	}
	return m.Now
}

// met reports whether enough members reached a rank.
func (q Quorum) met(n Need, members []Standing, rank int) bool {
	count, last := 0, ""
	for i := range members {
		m := &members[i]
		if len(n.Roles) > 0 && !slices.Contains(n.Roles, m.Role) || count > 0 && m.Subject == last {
			continue
		}
		if s := q.reached(m); s != nil && s.Rank >= rank {
			count, last = count+1, m.Subject
		}
	}
	return count >= n.N
}

// Stage implements [Policy].
func (q Quorum) Stage(members []Standing, _ time.Time) (ID, bool) {
	var best, lowest *Stage
	for i := range members {
		s := q.reached(&members[i])
		if s == nil {
			continue
		}
		if lowest == nil || s.Rank < lowest.Rank {
			lowest = s
		}
		if (best == nil || s.Rank > best.Rank) && !slices.ContainsFunc(q.needs(), func(n Need) bool {
			return !q.met(n, members, s.Rank)
		}) {
			best = s
		}
	}
	best = cmp.Or(best, lowest)
	if best == nil {
		return "", false
	}
	return best.ID, true
}

// open returns the needs that keep an account from the next Open or Goal stage.
func (q Quorum) open(members []Standing, e *edition, stage int) []Need {
	for _, i := range e.byRank {
		d := &e.defs[i]
		if d.Kind == Loss || d.Rank <= e.defs[stage].Rank {
			continue
		}
		return slices.DeleteFunc(slices.Clone(q.needs()), func(n Need) bool { return q.met(n, members, d.Rank) })
	}
	return nil
}
