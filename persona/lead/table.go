package lead

import (
	"cmp"
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/tabi-go/tabi/persona"
)

// MaxRules is the greatest number of rules of a table.
const MaxRules = 500

// A Table says how touches make points, and which scores make a lead. It is a definition:
// see [ParseTable] and [DefaultTable]. Do not change one while it is used; it is then safe
// for concurrent use.
type Table struct {
	ID       string            `json:"id"`
	Version  string            `json:"version,omitempty"`
	Names    map[string]string `json:"names,omitempty"`     // by language
	HalfLife persona.Span      `json:"half_life,omitzero"`  // of rules that state none, default 14 days
	Cap      float64           `json:"cap,omitzero"`        // points that make an engagement level of 100, default 100
	Weight   float64           `json:"fit_weight,omitzero"` // of the fit in the score, above 0 to 1, default 0.5
	Prior    float64           `json:"prior,omitzero"`      // fit taken where none is known, default 50
	Enter    float64           `json:"enter,omitzero"`      // least score that makes an MQL, default 50
	Leave    float64           `json:"leave,omitzero"`      // below this an MQL is left, default 40
	Rules    []Rule            `json:"rules"`

	known *sync.Map // matches of the known kinds, found once; nil in a table that was not parsed
}

// A Rule gives points for the touches for which When, a condition on touch.* fields, is
// true at the touch's own instant. Points may be negative.
type Rule struct {
	ID       string            `json:"id"`
	Names    map[string]string `json:"names,omitempty"` // by language
	When     persona.Condition `json:"when"`
	Points   float64           `json:"points"`
	HalfLife persona.Span      `json:"half_life,omitzero"` // after which half of the points is left
	Max      float64           `json:"max,omitzero"`       // bound of the rule's sum, upwards and downwards; 0 for none
	Per      persona.Span      `json:"per,omitzero"`       // windows of this length, from the Unix epoch on …
	PerMax   int               `json:"per_max,omitzero"`   // … in each of which only the last so many touches count
	Sticky   bool              `json:"sticky,omitzero"`    // the points do not decay
	Any      bool              `json:"any,omitzero"`       // also touches in which the person did nothing
}

//go:embed table/default.json
var defaultTable []byte

// DefaultTable returns the built-in table, the same one each time. It is a starting point:
// its points are habits of the trade, not findings about your customers. Once there are
// outcomes, [Logistic] tells what the touches are worth.
func DefaultTable() *Table { return builtIn() }

var builtIn = sync.OnceValue(func() *Table {
	t, err := ParseTable(defaultTable)
	if err != nil {
		panic(err) // our own file
	}
	return t
})

// ParseTable reads a table from JSON, strictly, and validates it. The error is a
// [*persona.DefinitionError].
func ParseTable(text []byte) (*Table, error) {
	t := &Table{}
	if err := persona.Decode(text, t); err != nil {
		return nil, err
	}
	if path, reason := t.check(); reason != "" {
		return nil, &persona.DefinitionError{Path: path, Reason: reason}
	}
	t.known = new(sync.Map)
	return t, nil
}

// check returns the path to the first fault and what it is.
func (t *Table) check() (path, reason string) {
	o := t.orDefault()
	switch {
	case t.ID == "":
		return "/id", "missing"
	case !(o.Cap > 0) || o.Cap > maxPoints:
		return "/cap", "not greater than 0, or too large"
	case !(o.Weight > 0) || o.Weight > 1:
		return "/fit_weight", "not above 0 and up to 1"
	case o.Prior < 0 || o.Prior > 100:
		return "/prior", "not from 0 to 100"
	case o.Enter < 0 || o.Enter > 100:
		return "/enter", "not from 0 to 100"
	case o.Leave < 0 || o.Leave > o.Enter:
		return "/leave", "not from 0 to enter"
	case len(t.Rules) == 0:
		return "/rules", "missing"
	case len(t.Rules) > MaxRules:
		return "/rules", fmt.Sprintf("more than %d rules", MaxRules)
	}
	seen := map[string]bool{}
	for i := range t.Rules {
		r := &t.Rules[i]
		path := fmt.Sprintf("/rules/%d", i)
		switch {
		case r.ID == "" || seen[r.ID]:
			return path + "/id", "missing or used twice"
		case r.Points < -maxPoints || r.Points > maxPoints:
			return path + "/points", "too large"
		case r.Max < 0 || r.Max > maxPoints:
			return path + "/max", "less than 0, or too large"
		case r.PerMax < 0 || r.PerMax > maxPer:
			return path + "/per_max", fmt.Sprintf("not from 1 to %d", maxPer)
		case (r.Per == 0) != (r.PerMax == 0):
			return path + "/per", "per and per_max need each other"
		case r.Sticky && r.HalfLife != 0:
			return path + "/half_life", "sticky points have none"
		}
		for _, leaf := range leaves(r.When) {
			if !strings.HasPrefix(leaf.Field, "touch.") {
				return path + "/when", "asks more than the fields of a touch"
			}
		}
		seen[r.ID] = true
	}
	return "", ""
}

const (
	maxPoints = 1e6
	maxPer    = 1000
)

// leaves returns the tests of a condition.
func leaves(c persona.Condition) []persona.Leaf {
	_, all := c.Explain(persona.Map{}, epoch)
	return all
}

// orDefault returns the settings of the table with the defaults filled in.
func (t *Table) orDefault() Table {
	o := *t
	o.HalfLife = cmp.Or(o.HalfLife, persona.Span(14*day))
	o.Cap = cmp.Or(o.Cap, 100)
	o.Weight = cmp.Or(o.Weight, 0.5)
	o.Prior = cmp.Or(o.Prior, 50)
	o.Enter = cmp.Or(o.Enter, 50)
	o.Leave = cmp.Or(o.Leave, 40)
	return o
}
