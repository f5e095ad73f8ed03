package persona

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
	Blocker            Role = "blocker"
	OtherRole          Role = "other"
	UnknownRole        Role = "unknown"
)
