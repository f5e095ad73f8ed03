package identity

import "time"

// A Membership says that a person belongs to an account in [From, To); zero ends are
// open. People may belong to several accounts. Of the memberships with one Person,
// Account, Source, Ref and From the one with the greatest At counts, so that a later
// record can end an earlier one.
type Membership struct {
	Person, Account ID
	Role            string
	Primary         bool
	From, To        time.Time
	Source, Ref     string
	At              time.Time
	Confidence      int
}

// A Parent says that one account belongs to another in [From, To). Of the parents of
// one child valid at an instant the one with the greatest (At, Source, Ref) counts.
type Parent struct {
	Child, Parent ID
	From, To      time.Time
	Source, Ref   string
	At            time.Time
}

// AccountRules say how accounts are found from domains. The zero value makes an account
// of every company domain, with the built-in tables.
type AccountRules struct {
	KnownOnly     bool     // a domain that no fact names makes no account
	OwnDomains    []string // our own: colleagues are nobody's account
	IgnoreDomains []string
	TakeFirst     bool    // take the first candidate where several accounts answer
	Domains       Domains // nil: the built-in tables
}

// CompanyDomain returns the registrable domain of a host or of a web address if Domains
// says that it is a company's, be it our own.
func (a *AccountRules) CompanyDomain(text string) (string, bool) {
	host, ok := domain(trim(text))
	if !ok {
		return "", false
	}
	var table Domains = builtinDomains
	if a.Domains != nil {
		table = a.Domains
	}
	reg, ok := table.Registrable(host)
	return reg, ok && table.Class(host) == Company
}

// AccountReason says which rule found the account of a touch.
type AccountReason string

// The reasons, in the order in which the rules are asked.
const (
	AccountOnTouch    AccountReason = "on_touch"
	AccountMembership AccountReason = "membership"
	AccountEmail      AccountReason = "email_domain"
	AccountWebsite    AccountReason = "website"
	AccountReverseIP  AccountReason = "reverse_ip"
	AccountAmbiguous  AccountReason = "ambiguous" // several candidates; none is taken
	AccountNone       AccountReason = "none"
)

// An AccountOf is the account of a touch, and why. Domain is the registrable domain
// that decided, where one did. Candidates are set where several accounts answered.
type AccountOf struct {
	Account    AccountID
	Reason     AccountReason
	Domain     string
	Candidates []AccountID
}
