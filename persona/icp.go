package persona

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Criterion is one weighted question of a [Scoring]: either When (degree 1 if true,
// else 0), Bands (the degree of the first true one), or Ramp.
type Criterion struct {
	ID       string     `json:"id"`
	Weight   float64    `json:"weight"` // > 0
	When     *Condition `json:"when,omitempty"`
	Bands    []Band     `json:"bands,omitempty"`
	Ramp     *Ramp      `json:"ramp,omitempty"`
	Prior    float64    `json:"prior,omitzero"`    // degree taken for an unknown one under "prior"
	Required bool       `json:"required,omitzero"` // degree 0 rules the subject out
}

// A Band gives a degree from 0 to 1 where its condition is true. An unknown band met
// before a true one makes the criterion unknown.
type Band struct {
	When   Condition `json:"when"`
	Degree float64   `json:"degree"`
}

// A Ramp gives the degree (x−Zero)/(One−Zero), clamped to 0..1; it falls where One is
// less than Zero. A range has the mean of the degrees of its ends.
type Ramp struct {
	Field string  `json:"field"`
	Zero  float64 `json:"zero"`
	One   float64 `json:"one"`
}

// A Disqualifier rules a subject out where its condition is true.
type Disqualifier struct {
	ID   string    `json:"id"`
	When Condition `json:"when"`
}

// A Scoring is what an [ICP] and a [Persona] share: weighted criteria.
type Scoring struct {
	ID      string            `json:"id"`
	Version string            `json:"version,omitempty"`
	Names   map[string]string `json:"names,omitempty"` // by language
	// Unknown says how unknown criteria count: "exclude" (default) leaves them out,
	// "zero" takes degree 0, "prior" takes their own.
	Unknown         string         `json:"unknown,omitempty"`
	MinCompleteness float64        `json:"min_completeness,omitzero"` // 0 to 1
	Criteria        []Criterion    `json:"criteria"`
	Disqualify      []Disqualifier `json:"disqualify,omitempty"`
	// Draft says that a program proposed the document and nobody has agreed to it yet.
	Draft  bool           `json:"draft,omitzero"`
	Counts map[string]int `json:"counts,omitempty"` // what a draft was drawn from
	Note   string         `json:"note,omitempty"`   // what its reader must know
}

// An ICP is an ideal customer profile: which accounts (or people) we want. Do not change
// one while it is used; it is then safe for concurrent use.
type ICP struct {
	Scoring
	Subject       string             `json:"subject,omitempty"`        // "account" (default) or "person"
	Tiers         map[string]float64 `json:"tiers,omitempty"`          // least score by tier; default A 80, B 60, C 40
	RequiredRoles []string           `json:"required_roles,omitempty"` // of the buying group, alternatives parted by a bar
}

// ParseICPs reads one ICP or an array of them from JSON, strictly, and validates them.
// The error is a [*DefinitionError].
func ParseICPs(text []byte) ([]ICP, error) {
	return parseList(text, MaxICPs, func(i *ICP) (string, error) { return i.ID, i.check() })
}

func parseList[T any](text []byte, limit int, check func(*T) (string, error)) ([]T, error) {
	list, err := oneOrMore[T](text, limit)
	seen := map[string]bool{}
	for i := 0; i < len(list) && err == nil; i++ {
		var id string
		id, err = check(&list[i])
		if err == nil && seen[id] {
			err = fault("/id", "used twice")
		}
		seen[id] = true
		if e, ok := err.(*DefinitionError); ok && len(list) > 1 {
			e.Path = index("", i) + e.Path
		}
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (i *ICP) check() error {
	if !slices.Contains([]string{"", "account", "person"}, i.Subject) {
		return fault("/subject", "unknown word")
	}
	for n, need := range i.RequiredRoles {
		for r := range strings.SplitSeq(need, "|") {
			if !Role(r).known() {
				return fault(index("/required_roles", n), "no role")
			}
		}
	}
	for name := range i.Tiers {
		if name == "" || name == tierOut || name == tierUnknown {
			return fault("/tiers", "reserved name")
		}
	}
	return i.Scoring.check()
}

func (s *Scoring) check() error {
	switch {
	case s.ID == "":
		return fault("/id", "missing")
	case !slices.Contains([]string{"", "exclude", "zero", "prior"}, s.Unknown):
		return fault("/unknown", "unknown word")
	case s.MinCompleteness < 0 || s.MinCompleteness > 1:
		return fault("/min_completeness", "not from 0 to 1")
	case len(s.Criteria) == 0:
		return fault("/criteria", "missing")
	case len(s.Criteria) > MaxCriteria || len(s.Disqualify) > MaxCriteria:
		return fault("", fmt.Sprintf("more than %d criteria", MaxCriteria))
	}
	seen := map[string]bool{}
	unique := func(path, id string) error {
		if id == "" || seen[id] {
			return fault(path+"/id", "missing or used twice")
		}
		seen[id] = true
		return nil
	}
	for i, c := range s.Criteria {
		path := index("/criteria", i)
		forms := 0
		for _, there := range []bool{c.When != nil, c.Bands != nil, c.Ramp != nil} {
			if there {
				forms++
			}
		}
		switch {
		case forms != 1:
			return fault(path, "not exactly one of when, bands, ramp")
		case !(c.Weight > 0) || c.Weight > 1e9:
			return fault(path+"/weight", "not greater than 0, or too large")
		case c.Prior < 0 || c.Prior > 1:
			return fault(path+"/prior", "not from 0 to 1")
		case c.Ramp != nil && (c.Ramp.Field == "" || c.Ramp.Zero == c.Ramp.One):
			return fault(path+"/ramp", "no field, or zero equals one")
		}
		for j, b := range c.Bands {
			if b.Degree < 0 || b.Degree > 1 {
				return fault(index(path+"/bands", j)+"/degree", "not from 0 to 1")
			}
		}
		if err := unique(path, c.ID); err != nil {
			return err
		}
	}
	for i, d := range s.Disqualify {
		if err := unique(index("/disqualify", i), d.ID); err != nil {
			return err
		}
	}
	return nil
}

// Fit says how well a subject fits the profile as of at, with tier and reasons.
func (i *ICP) Fit(f Fields, at time.Time) Fit { return i.fit(f, at, true) }

// Score is [ICP.Fit] without Reasons, several times faster.
func (i *ICP) Score(f Fields, at time.Time) Fit { return i.fit(f, at, false) }

func (i *ICP) fit(f Fields, at time.Time, reasons bool) Fit {
	fit := i.Scoring.fit(f, at, reasons)
	if fit.Tier == "" {
		fit.Tier = tierOf(i.Tiers, fit.Score)
	}
	return fit
}

// Best fits f to every profile and returns the best fit: by score, then completeness,
// then place. Of no profiles it is the zero Fit.
func Best(icps []ICP, f Fields, at time.Time) Fit {
	best := -1
	var least Fit
	for i := range icps {
		if fit := icps[i].Score(f, at); i == 0 || better(&fit, &least) {
			best, least = i, fit
		}
	}
	if best < 0 {
		return Fit{}
	}
	return icps[best].Fit(f, at)
}

func better(a, b *Fit) bool {
	if a.Known != b.Known {
		return a.Known
	}
	return a.Score > b.Score || a.Score == b.Score && a.Completeness > b.Completeness
}
