package persona

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
)

// A Member is somebody of an account's buying group, as [Group] is told.
type Member struct {
	ID     string
	Fields Fields // what is known of them in this account, with touches
	// Persona is the one assigned, nil for none.
	Persona *Persona
	// Engagement from 0 to 100, of package lead; it is handed through.
	Engagement float64
}

// GroupOptions say what a buying group needs. Nil and zero fields are defaults.
type GroupOptions struct {
	// Required are the roles that must be filled, alternatives parted by a bar: those of
	// [ICP].RequiredRoles. Default: economic_buyer|decision_maker, champion,
	// technical_evaluator, user.
	Required []string
	Roles    *RoleMap      // nil is the built-in one
	Window   time.Duration // within which a two-way contact counts, default 90 days
}

// A BuyingGroup is who buys in an account, and who is missing.
type BuyingGroup struct {
	Account string
	At      time.Time
	Members []GroupMember // by ID
	// Coverage is the share of required roles that somebody holds with whom we had a
	// two-way contact lately, 1 if none is required; Missing are the others, as required.
	Coverage float64
	Missing  []string
	// SingleThreaded: at most one member had a two-way contact lately, so all hangs on them.
	SingleThreaded bool
	Blockers       []string // ids of declared blockers
}

// Field answers account.coverage, account.single_threaded, account.missing_roles (a list)
// and account.blockers (their number), so that a group can be joined with what else is
// known of the account.
func (g BuyingGroup) Field(name string) (Value, Why) {
	why := Why{At: g.At}
	switch name {
	case "account.coverage":
		return NumberValue(g.Coverage), why
	case "account.single_threaded":
		return BoolValue(g.SingleThreaded), why
	case "account.missing_roles":
		return ListValue(g.Missing...), why
	case "account.blockers":
		return NumberValue(float64(len(g.Blockers))), why
	}
	return Value{}, Why{Unknown: NeverObserved}
}

// Touches yields none; join the touches of the members.
func (g BuyingGroup) Touches() iter.Seq[touchpoint.Touch] { return none }

// A GroupMember is a member with what was found of them.
type GroupMember struct {
	ID         string
	Roles      []Holding // the surest first
	LastTouch  time.Time // zero for none
	TwoWay     time.Time // the last two-way contact, zero for none
	Engagement float64
	Sentiment  float64 // mean of the Rated touches
	Rated      int     // inbound touches with a sentiment
	// PossibleBlocker: three or more inbound touches of a mean sentiment of −0.3 or less;
	// Against are these touches, by time.
	PossibleBlocker bool
	Against         []touchpoint.Key
}

// Holds reports whether the member holds a role.
func (m *GroupMember) Holds(r Role) bool {
	return slices.ContainsFunc(m.Roles, func(h Holding) bool { return h.Role == r })
}

// Group describes the buying group of an account as of at. The order of members does not
// matter; of members with the same ID the first counts.
func Group(account string, members []Member, at time.Time, o *GroupOptions) BuyingGroup {
	var opts GroupOptions
	if o != nil {
		opts = *o
	}
	if opts.Required == nil {
		opts.Required = []string{"economic_buyer|decision_maker", "champion", "technical_evaluator", "user"}
	}
	if opts.Window == 0 {
		opts.Window = 90 * day
	}
	g := BuyingGroup{Account: account, At: at, Coverage: 1}
	seen := map[string]bool{}
	for i := range members {
		if m := &members[i]; !seen[m.ID] {
			seen[m.ID] = true
			g.Members = append(g.Members, m.describe(opts.Roles, at))
		}
	}
	slices.SortFunc(g.Members, func(a, b GroupMember) int { return cmp.Compare(a.ID, b.ID) })
	filled := map[string]bool{}
	threads := 0
	for i := range g.Members {
		m := &g.Members[i]
		if m.Holds(Blocker) {
			g.Blockers = append(g.Blockers, m.ID)
		}
		if m.TwoWay.IsZero() || !m.TwoWay.After(at.Add(-opts.Window)) {
			continue
		}
		threads++
		for _, h := range m.Roles {
			filled[string(h.Role)] = true
		}
	}
	g.SingleThreaded = threads <= 1
	for _, need := range opts.Required {
		if !slices.ContainsFunc(strings.Split(need, "|"), func(r string) bool { return filled[r] }) {
			g.Missing = append(g.Missing, need)
		}
	}
	if n := len(opts.Required); n > 0 {
		g.Coverage = float64(n-len(g.Missing)) / float64(n)
	}
	return g
}

func (m *Member) describe(roles *RoleMap, at time.Time) GroupMember {
	out := GroupMember{ID: m.ID, Roles: roles.Roles(m.Fields, m.Persona, at), Engagement: m.Engagement}
	slices.SortFunc(out.Roles, strongest)
	var sum int64
	var rated []touchpoint.Key
	touches := Contacts(m.Fields, at)
	for i := range touches {
		t := &touches[i]
		out.LastTouch = t.At
		if TwoWay(t) {
			out.TwoWay = t.At
		}
		if milli, ok := t.Sentiment.Milli(); ok && t.Direction == touchpoint.Inbound {
			sum += int64(milli)
			rated = append(rated, t.Key())
		}
	}
	if out.Rated = len(rated); out.Rated > 0 {
		out.Sentiment = float64(sum) / float64(1000*out.Rated)
	}
	if out.Rated >= 3 && out.Sentiment <= -0.3 {
		out.PossibleBlocker, out.Against = true, rated
	}
	return out
}
