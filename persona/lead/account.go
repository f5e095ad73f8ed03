package lead

import (
	"slices"

	"github.com/tabi-go/tabi/persona"
)

// A Member is one person of an account: the level of engagement ([Score].Level, 0 to 100)
// and the roles in the group that buys.
type Member struct {
	Level float64
	Roles []persona.Role
}

// AccountScore returns 100·(1 − Π(1 − r·level/100)) over the members of an account, where r
// is the weight of a member's weightiest role: 1 for economic buyers and decision makers,
// 0.9 for champions and sponsors, 0.8 for technical evaluators, 0.6 for procurement, legal
// and influencers, 0.5 for users, 0.4 for others and where no role is known. Whoever is
// also a blocker adds nothing. It lies between 0 and 100, does not depend on the order and
// never falls when a member joins. Of no members it is 0.
func AccountScore(members []Member) float64 {
	left := make([]float64, len(members))
	for i, m := range members {
		left[i] = 1 - float64(weight(m.Roles)*min(max(m.Level, 0), 100)/100)
	}
	slices.Sort(left) // a fixed order of multiplication
	product := 1.0
	for _, x := range left {
		product *= x
	}
	return 100 * (1 - product)
}

const otherWeight = 0.4

var weights = map[persona.Role]float64{
	persona.EconomicBuyer: 1, persona.DecisionMaker: 1,
	persona.Champion: 0.9, persona.ExecutiveSponsor: 0.9,
	persona.TechnicalEvaluator: 0.8,
	persona.Procurement:        0.6, persona.LegalSecurity: 0.6, persona.Influencer: 0.6,
	persona.User: 0.5,
}

func weight(roles []persona.Role) float64 {
	if slices.Contains(roles, persona.Blocker) {
		return 0
	}
	best := 0.0
	for _, r := range roles {
		w, ok := weights[r]
		if !ok {
			w = otherWeight
		}
		best = max(best, w)
	}
	if len(roles) == 0 {
		best = otherWeight
	}
	return best
}
