package stage_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/stage"
)

// A place is where one member stands at an instant, read off its history.
type place struct {
	role          string
	now, furthest *stage.Stage
	closed        *stage.Stage
	closedAt      time.Time
}

// placesAt looks up every member at an instant.
func placesAt(m *stage.Model, members []stage.Member, at time.Time) []place {
	var out []place
	def := func(id stage.ID) *stage.Stage { s, _ := m.Stage(id); return &s }
	for _, member := range members {
		if at.Before(member.From) || !member.To.IsZero() && !at.Before(member.To) {
			continue
		}
		p := place{role: member.Role}
		for _, v := range member.History.Visits {
			if v.Enter.After(at) {
				break
			}
			s := def(v.Stage)
			if (s.Kind == stage.Open || s.Kind == stage.Goal) && (p.furthest == nil || s.Rank > p.furthest.Rank) {
				p.furthest = s
			}
			if s.Kind == stage.Goal || s.Kind == stage.Loss {
				p.closed, p.closedAt = s, v.Enter
			}
		}
		if v, ok := member.History.AsOf(at); ok {
			p.now = def(v.Stage)
		}
		out = append(out, p)
	}
	return out
}

func naiveMax(places []place) stage.ID {
	var best *stage.Stage
	lost, stand := 0, 0
	var dormant, loss *stage.Stage
	for _, p := range places {
		if p.now == nil {
			continue
		}
		stand++
		switch p.now.Kind {
		case stage.Loss:
			lost++
			if loss == nil || p.now.Rank > loss.Rank {
				loss = p.now
			}
		case stage.Dormant:
			dormant = p.now
		default:
			if best == nil || p.now.Rank > best.Rank {
				best = p.now
			}
		}
	}
	switch {
	case best != nil:
		return best.ID
	case stand == 0:
		return ""
	case lost == stand:
		return loss.ID
	}
	return dormant.ID
}

func naiveQuorum(m *stage.Model, q stage.Quorum, places []place) stage.ID {
	reached := func(p place) int {
		s := p.furthest
		if q.Current {
			s = p.now
		}
		if s == nil || s.Kind == stage.Loss || s.Kind == stage.Dormant {
			return -1
		}
		return s.Rank
	}
	var ranks []int
	for _, p := range places {
		if r := reached(p); r >= 0 {
			ranks = append(ranks, r)
		}
	}
	slices.Sort(ranks)
	if len(ranks) == 0 {
		return ""
	}
	best := ranks[0]
	for _, r := range ranks { // ascending: the last that qualifies stands
		all := true
		for _, need := range q.Need {
			n := 0
			for _, p := range places {
				if reached(p) >= r && (len(need.Roles) == 0 || slices.Contains(need.Roles, p.role)) {
					n++
				}
			}
			all = all && n >= need.N
		}
		if all {
			best = r
		}
	}
	for _, s := range m.Stages {
		if s.Kind != stage.Dormant && s.Rank == best {
			return s.ID
		}
	}
	return ""
}

func naiveOpportunity(m *stage.Model, o stage.OpportunityDriven, places []place, at time.Time) stage.ID {
	sorted := slices.Clone(m.Stages)
	slices.SortFunc(sorted, func(a, b stage.Stage) int { return a.Rank - b.Rank })
	deal, goal := -1, 1<<30
	for _, s := range sorted {
		byDeal := slices.ContainsFunc(s.Entry, func(r stage.Rule) bool { return slices.Contains(r.Families, "deal") })
		if deal < 0 && s.Kind == stage.Open && byDeal {
			deal = s.Rank
		} else if deal >= 0 && s.Kind == stage.Goal && goal == 1<<30 {
			goal = s.Rank
		}
	}
	best := stage.Stage{Rank: -1}
	var last *place
	for i, p := range places {
		if p.now != nil && p.now.Kind == stage.Open && deal >= 0 && p.now.Rank >= deal && p.now.Rank < goal && p.now.Rank > best.Rank {
			best = *p.now
		}
		if p.closed != nil && (last == nil || p.closedAt.After(last.closedAt) || p.closedAt.Equal(last.closedAt) && p.closed.Rank > last.closed.Rank) {
			last = &places[i]
		}
	}
	if best.Rank >= 0 {
		return best.ID
	}
	if last != nil && at.Sub(last.closedAt) < o.Remember {
		return last.closed.ID
	}
	id := naiveMax(places)
	s, ok := m.Stage(id)
	if !ok || deal < 0 || s.Kind == stage.Loss || s.Kind == stage.Dormant || s.Rank < deal {
		return id
	}
	id = ""
	for _, s := range sorted {
		if s.Kind == stage.Open && s.Rank < deal {
			id = s.ID
		}
	}
	return id
}

// Accounts stand where their policy, asked anew at every half day, says.
func TestAccountsStandWhereTheirPolicySays(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for seed := range uint64(cases(200)) {
		r := rand.New(rand.NewPCG(seed, 11))
		m := randomModel(r)
		if i := r.IntN(len(m.Stages)); m.Stages[i].Kind == stage.Open {
			m.Stages[i].Entry = append(m.Stages[i].Entry, stage.Rule{ID: "deal", Families: []string{"deal"}})
		}
		end := date(5, 10)
		var members []stage.Member
		for i := range 1 + r.IntN(4) {
			name := fmt.Sprint("p", i)
			member := stage.Member{Subject: name, Role: pick(r, "", "champion", "boss"), History: fold(t, &m, randomTouches(r, 20, &m), stage.FoldOptions{Subject: name, At: end})}
			if r.IntN(2) == 0 {
				member.From = date(3, 1).Add(time.Duration(r.IntN(60)) * 12 * time.Hour)
			}
			if r.IntN(3) == 0 {
				member.To = member.From.Add(time.Duration(1+r.IntN(60)) * 12 * time.Hour)
				if member.From.IsZero() {
					member.To = date(4, 1)
				}
			}
			members = append(members, member)
		}
		quorum := stage.Quorum{Current: r.IntN(2) == 0, Need: []stage.Need{{Roles: []string{"champion", "boss"}, N: 1}, {N: 1 + r.IntN(2)}}}
		deals := stage.OpportunityDriven{Remember: time.Duration(1+r.IntN(20)) * day}
		for name, c := range map[string]struct {
			policy stage.Policy
			want   func([]place, time.Time) stage.ID
		}{
			"max":         {stage.Max{}, func(p []place, _ time.Time) stage.ID { return naiveMax(p) }},
			"quorum":      {quorum, func(p []place, _ time.Time) stage.ID { return naiveQuorum(&m, quorum, p) }},
			"opportunity": {deals, func(p []place, at time.Time) stage.ID { return naiveOpportunity(&m, deals, p, at) }},
		} {
			h, err := m.FoldAccount(members, c.policy, &stage.FoldOptions{At: end})
			if err != nil {
				t.Fatal(err)
			}
			sticky, err := m.FoldAccount(members, c.policy, &stage.FoldOptions{At: end, Sticky: true})
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range sticky.Visits {
				if i > 0 && v.Rank < sticky.Visits[i-1].Rank && (sticky.Visits[i-1].Kind == stage.Open || sticky.Visits[i-1].Kind == stage.Goal) {
					t.Fatalf("seed %d: a sticky %s falls", seed, name)
				}
			}
			for i := range h.Visits {
				if i > 0 && !h.Visits[i].Enter.After(h.Visits[i-1].Enter) {
					t.Fatalf("seed %d: %s moves twice in an instant", seed, name)
				}
			}
			for at := date(2, 27); !at.After(end); at = at.Add(12 * time.Hour) {
				v, _ := h.AsOf(at)
				if want := c.want(placesAt(&m, members, at), at); v.Stage != want {
					t.Fatalf("seed %d: %s: at %v the account stands at %q, want %q", seed, name, at, v.Stage, want)
				}
				if v.Stage != "" {
					seen[name]++
				}
			}
		}
	}
	for _, name := range []string{"max", "quorum", "opportunity"} {
		if seen[name] < 1000 {
			t.Errorf("%s: only %d instants with a stage", name, seen[name])
		}
	}
}
