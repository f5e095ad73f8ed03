package identity

import "time"

// A Verdict says what became of a pair of identifiers.
type Verdict uint8

// The verdicts.
const (
	Accepted  Verdict = iota // joined two clusters: an edge of the person's tree
	Confirmed                // both ends were one already
	Refused                  // kept apart, see Link.Reason
)

// String returns "accepted", "confirmed" or "refused".
func (v Verdict) String() string {
	switch v {
	case Accepted:
		return "accepted"
	case Confirmed:
		return "confirmed"
	case Refused:
		return "refused"
	}
	return "unknown"
}

// A RefusalReason says why a pair was kept apart.
type RefusalReason string

// The reasons of a refusal, in the order in which they are looked for. NoEvidence and
// UnknownID are answers of [Resolution.Explain] only.
const (
	RefusedBlocked        RefusalReason = "blocked"
	RefusedOff            RefusalReason = "off"
	RefusedRetracted      RefusalReason = "retracted"
	RefusedBelowThreshold RefusalReason = "below_threshold"
	RefusedSharedOwners   RefusalReason = "shared_owners"
	RefusedSharedDegree   RefusalReason = "shared_degree"
	RefusedCannotLink     RefusalReason = "cannot_link"
	RefusedLimit          RefusalReason = "limit"
	RefusedOversized      RefusalReason = "oversized"

	NoEvidence RefusalReason = "no_evidence"
	UnknownID  RefusalReason = "unknown"
)

// A Link is one pair of identifiers, what speaks for it, and what became of it. A is
// the stronger one; in the path of an [Explanation] it is the one that comes first.
type Link struct {
	A, B     ID
	Verdict  Verdict
	Reason   RefusalReason // empty unless refused
	Detail   string        // such as "limit user_id=1: two values"; not stable, never a value
	Evidence []Support     // by kind, then source; empty for an override
	Override *Override     // the MustLink, nil for evidence
}

// A Support is the evidence of one kind and source for a pair. Count is the number of
// distinct facts: a replay does not change it.
type Support struct {
	Kind        Kind
	Source      string
	First, Last time.Time
	Count       int
	Weight      int32 // greatest, in thousandths of a bit; 0 if deterministic
}

// An Explanation says why two identifiers are one person, or why not.
type Explanation struct {
	Same   bool
	Person PersonID // if Same and people's
	Path   []Link   // from a to b; empty if nothing leads there
	Reason RefusalReason
}
