package stage

import "time"

// A Rule says which touches are evidence for a stage. All its conditions must hold; a
// zero field is no condition. A rule that names kinds or families takes only touches
// by which the person did something ([touchpoint.Touch.Engaged]) and records, so that
// a no-show meeting advances nobody; a rule that names neither takes every touch that
// is no record.
type Rule struct {
	ID          string        `json:"id,omitempty"`          // default "<stage>/<n>", n from 1
	Kinds       []string      `json:"kinds,omitempty"`       // any of these or of Families, compared after folding case, blanks, "-" and "."
	Families    []string      `json:"families,omitempty"`    // see [Family]
	Channels    []string      `json:"channels,omitempty"`    // any of; exact, or a prefix ending in "*"
	Touchpoints []string      `json:"touchpoints,omitempty"` // any of; exact, or a prefix ending in "*"
	Direction   string        `json:"direction,omitempty"`   // "inbound" or "outbound"
	Identified  bool          `json:"identified,omitempty"`  // carries a linking identifier of a person, of class Key or Contact
	Props       []Match       `json:"props,omitempty"`       // all of
	Count       int           `json:"count,omitempty"`       // fires from the Count-th matching touch on; 0 = 1
	Within      time.Duration `json:"-"`                     // "within": count only touches in (At-Within, At]; 0 = the whole history
	After       ID            `json:"after,omitempty"`       // fires only if that stage was entered before the touch's instant
	Reopens     bool          `json:"reopens,omitempty"`     // may leave a Loss: a hand raised again
	Statement   bool          `json:"statement,omitempty"`   // has authority: may go back, and out of any closed stage
}

// A Match is a condition on one property of a touch.
type Match struct {
	Key    string   `json:"key"` // of the property; dots lead into objects where no key is spelled so
	Op     Op       `json:"op"`
	Values []string `json:"-"` // "value": texts or numbers; one, for In any number, for Exists none
}

// An Op is the comparison of a [Match]. Numbers compare as numbers, anything else as
// exact text. All but Exists are false where the property is absent.
type Op string

// The comparisons.
const (
	Equal    Op = "eq"
	NotEqual Op = "ne"
	In       Op = "in"
	Exists   Op = "exists"
	AtLeast  Op = "ge" // numbers only
	AtMost   Op = "le" // numbers only
)
