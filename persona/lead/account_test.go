package lead_test

import (
	"fmt"
	"testing"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/lead"
)

func TestAccountScore(t *testing.T) {
	for name, tt := range map[string]struct {
		members []lead.Member
		want    float64
	}{
		"nobody":           {nil, 0},
		"decision maker":   {[]lead.Member{{60, []persona.Role{persona.DecisionMaker}}}, 60},
		"weightiest role":  {[]lead.Member{{50, []persona.Role{persona.User, persona.Champion}}}, 45},
		"no role":          {[]lead.Member{{50, nil}}, 20},
		"gatekeeper":       {[]lead.Member{{50, []persona.Role{persona.Gatekeeper}}}, 20},
		"blocker":          {[]lead.Member{{100, []persona.Role{persona.Blocker, persona.User}}}, 0},
		"two half as warm": {[]lead.Member{{50, []persona.Role{persona.EconomicBuyer}}, {100, []persona.Role{persona.User}}}, 75},
	} {
		near(t, name, lead.AccountScore(tt.members), tt.want, 1e-9)
	}
}

// P9: a member who joins never lowers the account's score. P1: nor does the order show.
func TestAccountScoreProperties(t *testing.T) {
	roles := []persona.Role{persona.EconomicBuyer, persona.Champion, persona.User, persona.Blocker, persona.Procurement, persona.UnknownRole}
	for seed := range uint64(rounds(500)) {
		r := source(seed)
		members := make([]lead.Member, r.IntN(10))
		for i := range members {
			members[i] = lead.Member{Level: 100 * r.Float64(), Roles: []persona.Role{roles[r.IntN(len(roles))]}}
		}
		score := lead.AccountScore(members)
		if more := lead.AccountScore(append(members, lead.Member{Level: 100 * r.Float64(), Roles: roles[:r.IntN(3)]})); !(score <= more && more <= 100) {
			t.Fatalf("P9, seed %d: %v, then %v", seed, score, more)
		}
		r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		if again := lead.AccountScore(members); again != score {
			t.Fatalf("P1, seed %d: %v, then %v", seed, score, again)
		}
	}
}

func ExampleAccountScore() {
	fmt.Printf("%.0f\n", lead.AccountScore([]lead.Member{
		{Level: 50, Roles: []persona.Role{persona.DecisionMaker}},
		{Level: 80, Roles: []persona.Role{persona.User}},
	}))
	// Output:
	// 70
}
