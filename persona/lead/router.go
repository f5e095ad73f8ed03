package lead

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tabi-go/tabi/internal/num"
	"github.com/tabi-go/tabi/persona"
)

// Limits of a router.
const (
	MaxRoutes = 500  // rules
	MaxOwners = 1000 // of a rule
)

// A Router says who gets which lead. It is a definition: see [ParseRouter]. Do not change one
// while it is used; it is then safe for concurrent use.
type Router struct {
	ID      string  `json:"id,omitempty"`
	Version string  `json:"version,omitempty"`
	Rules   []Route `json:"rules,omitempty"`  // the first that is true wins
	Default Desk    `json:"default,omitzero"` // where none is
}

// A Route is a rule of a router. An unknown condition does not match.
type Route struct {
	ID   string            `json:"id"`
	When persona.Condition `json:"when"`
	Desk
}

// A Desk is a queue, its owners, and how soon they must act.
type Desk struct {
	Queue  string       `json:"queue,omitempty"`
	Owners []Owner      `json:"owners,omitempty"`
	SLA    persona.Span `json:"sla,omitzero"` // from Lead.Entered to Due, 0 for none
}

// An Owner is somebody who works leads.
type Owner struct {
	ID       string  `json:"id"`
	Weight   float64 `json:"weight,omitzero"`   // share of the leads against other owners, default 1
	Capacity int     `json:"capacity,omitzero"` // leads of one call of Assign, of all rules together; default any number
}

// A Lead is what a router assigns.
type Lead struct {
	ID      string // of the person
	Account string // "" if there is none
	Score   float64
	Entered time.Time      // when it became a lead
	Fields  persona.Fields // nil knows nothing
}

// An Assignment is where a lead goes, and why.
type Assignment struct {
	Lead    string
	Rule    string // id, "default" where no rule is true
	Queue   string
	Owner   string    // "" where nobody of the rule has room
	Due     time.Time // zero without an SLA
	Kept    bool      // the account's owner stays
	Unknown []string  // rules that did not match for want of knowledge
	Leaves  []persona.Leaf
	Ranks   []OwnerRank // the owners of the rule, the best first
}

// An OwnerRank is how an owner stands for a key, and whether there was room.
type OwnerRank struct {
	Owner string
	Rank  float64 // −weight/ln(u); the greatest wins
	Full  bool
}

// ParseRouter reads a router from JSON, strictly, and validates it. The error is a
// [*persona.DefinitionError].
func ParseRouter(text []byte) (*Router, error) {
	r := &Router{}
	if err := persona.Decode(text, r); err != nil {
		return nil, err
	}
	if path, reason := r.check(); reason != "" {
		return nil, &persona.DefinitionError{Path: path, Reason: reason}
	}
	return r, nil
}

func (r *Router) check() (path, reason string) {
	if len(r.Rules) > MaxRoutes {
		return "/rules", fmt.Sprintf("more than %d rules", MaxRoutes)
	}
	seen := map[string]bool{defaultRule: true}
	for i := range r.Rules {
		path := fmt.Sprintf("/rules/%d", i)
		if id := r.Rules[i].ID; id == "" || seen[id] {
			return path + "/id", "missing, used twice, or default"
		}
		seen[r.Rules[i].ID] = true
		if in, reason := r.Rules[i].check(); reason != "" {
			return path + in, reason
		}
	}
	in, reason := r.Default.check()
	return "/default" + in, reason
}

func (d *Desk) check() (path, reason string) {
	if len(d.Owners) > MaxOwners {
		return "/owners", fmt.Sprintf("more than %d owners", MaxOwners)
	}
	seen := map[string]bool{}
	for i, o := range d.Owners {
		path := fmt.Sprintf("/owners/%d", i)
		switch {
		case o.ID == "" || seen[o.ID]:
			return path + "/id", "missing or used twice"
		case o.Weight < 0 || o.Weight > 1e9:
			return path + "/weight", "less than 0, or too large"
		case o.Capacity < 0:
			return path + "/capacity", "less than 0"
		}
		seen[o.ID] = true
	}
	return "", ""
}

const defaultRule = "default"

// Assign routes leads as of at. They are taken by score, the highest first, then id, each
// to its best owner with room; the answer is in the order of the input.
//
// The best owner of a rule is the one with the greatest −weight/ln(u), u = (h+½)/2⁶⁴, where
// h is the first eight bytes, big-endian, of SHA-256(rule id ‖ 0 ‖ key ‖ 0 ‖ owner id), and the key is
// the account, or the person where there is none (weighted rendezvous hashing: Thaler and
// Ravishankar, 1998). So an account goes to one owner, and when an owner leaves, only that
// owner's accounts move. The owner named by the trait account.owner stays while the
// rule lists it and there is room.
func (r *Router) Assign(leads []Lead, at time.Time) []Assignment {
	out := make([]Assignment, len(leads))
	taken := map[string]int{} // by owner
	order := make([]int, len(leads))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := &leads[i], &leads[j]
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Account, b.Account))
	})
	for _, i := range order {
		l := leads[i]
		if l.Fields == nil {
			l.Fields = persona.Map{}
		}
		a, desk := r.match(&l, at)
		own(&a, &l, desk, taken)
		if desk.SLA > 0 {
			a.Due = l.Entered.Add(time.Duration(desk.SLA))
		}
		out[i] = a
	}
	return out
}

// match finds the rule of a lead.
func (r *Router) match(l *Lead, at time.Time) (Assignment, *Desk) {
	a := Assignment{Lead: l.ID, Rule: defaultRule, Queue: r.Default.Queue}
	for i := range r.Rules {
		rule := &r.Rules[i]
		truth, leaves := rule.When.Explain(l.Fields, at)
		switch truth {
		case persona.True:
			a.Rule, a.Queue, a.Leaves = rule.ID, rule.Queue, leaves
			return a, &rule.Desk
		case persona.Undecided:
			a.Unknown = append(a.Unknown, rule.ID)
		}
	}
	return a, &r.Default
}

// own gives the lead to the best owner with room.
func own(a *Assignment, l *Lead, desk *Desk, taken map[string]int) {
	key := cmp.Or(l.Account, l.ID)
	room := map[string]bool{}
	for _, o := range desk.Owners {
		room[o.ID] = o.Capacity == 0 || taken[o.ID] < o.Capacity
		a.Ranks = append(a.Ranks, OwnerRank{o.ID, o.rank(a.Rule, key), !room[o.ID]})
	}
	slices.SortFunc(a.Ranks, func(x, y OwnerRank) int { return cmp.Or(cmp.Compare(y.Rank, x.Rank), cmp.Compare(x.Owner, y.Owner)) })
	kept, why := l.Fields.Field("account.owner")
	if owner := kept.String(); why.Known() && room[owner] {
		a.Owner, a.Kept = owner, true
	}
	for i := 0; i < len(a.Ranks) && a.Owner == ""; i++ {
		if !a.Ranks[i].Full {
			a.Owner = a.Ranks[i].Owner
		}
	}
	if a.Owner != "" {
		taken[a.Owner]++
	}
}

func (o *Owner) rank(rule, key string) float64 {
	h := sha256.Sum256([]byte(rule + "\x00" + key + "\x00" + o.ID))
	u := math.Ldexp(float64(binary.BigEndian.Uint64(h[:8]))+0.5, -64)
	return -cmp.Or(o.Weight, 1) / num.Log(u)
}
