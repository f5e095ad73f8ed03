package persona

import (
	"slices"

	"github.com/tabi-go/tabi/touchpoint"
)

// A Role is what somebody does in the group that buys. One person may hold several, and
// none implies another: buyer and user are different people more often than not.
type Role string

// The roles of a buying group, in the order they are listed.
const (
	EconomicBuyer      Role = "economic_buyer"
	DecisionMaker      Role = "decision_maker"
	ExecutiveSponsor   Role = "executive_sponsor"
	Champion           Role = "champion"
	TechnicalEvaluator Role = "technical_evaluator"
	User               Role = "user"
	Influencer         Role = "influencer"
	Procurement        Role = "procurement"
	LegalSecurity      Role = "legal_security"
	Gatekeeper         Role = "gatekeeper"
	Blocker            Role = "blocker" // only where somebody says so, never inferred
	OtherRole          Role = "other"
	UnknownRole        Role = "unknown"
)

var roleOrder = []Role{EconomicBuyer, DecisionMaker, ExecutiveSponsor, Champion, TechnicalEvaluator, User, Influencer, Procurement,
	LegalSecurity, Gatekeeper, Blocker, OtherRole, UnknownRole}

// known reports whether r is one of the roles.
func (r Role) known() bool { return slices.Contains(roleOrder, r) }

// A Certainty says how a role came to be known.
type Certainty string

// The certainties, the best first.
const (
	DeclaredRole Certainty = "declared" // somebody said so: a form, the CRM
	MappedRole   Certainty = "mapped"   // the default role of the person's persona
	InferredRole Certainty = "inferred" // from the title, or from what the person did
)

// A Holding is a role that somebody holds, and why.
type Holding struct {
	Role      Role
	Certainty Certainty // of the first evidence, which is the best
	Evidence  []RoleEvidence
}

// RoleEvidence is one reason to see somebody in a role.
type RoleEvidence struct {
	Certainty Certainty
	Field     string           // person.buying_role, persona.id, person.seniority, person.function or touches
	Value     Value            // what was seen; of touches their number
	Why       Why              // where it comes from; of touches the latest
	Touches   []touchpoint.Key // the touches, by time, at most the last [MaxOthers]
}
