// Package persona says who somebody is and whether they are an account we want: traits
// with source and date, conditions that know what they do not know, buyer personas, and
// the fit to an ideal customer profile with reasons.
//
// Definitions are data. An [ICP], a [Persona] and a [Condition] are JSON documents,
// decoded strictly; a [DefinitionError] points to the fault.
//
// Which function do I want?
//
//   - From records to a [Profile]: [TraitMap.Observations] of a touch, or
//     [TraitMap.Observe] of a cell, then [Fold].
//   - Is this an account we want? [ParseICPs], then [ICP.Fit] or [Best].
//   - Which persona is it? [ParsePersonas], then [Assign].
//   - Who buys in an account? [RoleMap.Roles] of a person, [Group] of all.
//   - Does something hold? [ParseCondition], then [Condition.Eval] or, with reasons,
//     [Condition.Explain].
//   - Cleaning alone: [Normalize], [ParseNumber], [Title], [Country], [Language].
//
// What conditions ask, they ask of [Fields]: a profile, the touches of [OfTouches], a
// journey, or several of them by [Join].
//
// Everything is a pure function of facts, definitions and the instant asked for. What is
// unknown stays unknown: it is never counted as "does not match", and a fit says between
// which bounds its score would lie if all were known.
//
// Caveats. Titles are read by keywords, so an unusual one has no seniority. Amounts of
// different currencies are never compared. A firm that states "11-50" neither fails nor
// passes a bound of 30.
package persona

import (
	"slices"
	"time"
)

// A Persona is a kind of buyer: criteria that recognise one, and the story that tells
// what they want. Do not change one while it is used; it is then safe for concurrent use.
type Persona struct {
	Scoring
	MinScore       float64             `json:"min_score,omitzero"` // least score that fits, default 50
	Role           string              `json:"role,omitempty"`
	Seniority      []string            `json:"seniority,omitempty"`
	Functions      []string            `json:"functions,omitempty"`
	DefaultRoles   []string            `json:"default_roles,omitempty"` // in the buying group
	Goals          []Theme             `json:"goals,omitempty"`
	Pains          []Theme             `json:"pains,omitempty"`
	Motives        []string            `json:"motives,omitempty"`
	Drivers        []string            `json:"drivers,omitempty"`
	Jobs           []string            `json:"jobs,omitempty"` // jobs to be done
	Quotes         []string            `json:"quotes,omitempty"`
	Channels       []string            `json:"channels,omitempty"`
	ContentFormats []string            `json:"content_formats,omitempty"`
	Questions      map[string][]string `json:"questions,omitempty"` // by stage
	Tone           string              `json:"tone,omitempty"`
	Evidence       []Evidence          `json:"evidence,omitempty"`
	Owner          string              `json:"owner,omitempty"`
}

// A Theme is a goal or a pain; Theme names the code under which answers to surveys are
// counted, "" for none.
type Theme struct {
	Text  string `json:"text"`
	Theme string `json:"theme,omitempty"`
}

// Evidence says what a persona was drawn from.
type Evidence struct {
	Kind string    `json:"kind"` // survey, interview, user_test, support, crm or analytics
	N    int       `json:"n"`    // how many were asked
	At   time.Time `json:"at"`
	Note string    `json:"note,omitempty"`
}

// ParsePersonas reads one persona or an array of them from JSON, strictly, and validates
// them. The error is a [*DefinitionError].
func ParsePersonas(text []byte) ([]Persona, error) {
	return parseList(text, MaxPersonas, func(p *Persona) (string, error) { return p.ID, p.check() })
}

func (p *Persona) check() error {
	if p.MinScore < 0 || p.MinScore > 100 {
		return fault("/min_score", "not from 0 to 100")
	}
	for i, r := range p.DefaultRoles {
		if !Role(r).known() || Role(r) == Blocker {
			return fault(index("/default_roles", i), "no role that a persona can give")
		}
	}
	for i, e := range p.Evidence {
		if !slices.Contains([]string{"survey", "interview", "user_test", "support", "crm", "analytics"}, e.Kind) {
			return fault(index("/evidence", i)+"/kind", "unknown word")
		}
		if e.N < 0 {
			return fault(index("/evidence", i)+"/n", "negative")
		}
	}
	return p.Scoring.check()
}

// Fit says how well a subject fits the persona as of at.
func (p *Persona) Fit(f Fields, at time.Time) Fit { return p.Scoring.fit(f, at, true) }

// Score is [Persona.Fit] without Reasons, several times faster.
func (p *Persona) Score(f Fields, at time.Time) Fit { return p.Scoring.fit(f, at, false) }

// ambiguousBelow is the least lead, in points, of a clear assignment.
const ambiguousBelow = 5

// An Assignment is the persona that a subject has, or why it has none.
type Assignment struct {
	Persona   string  // id, "" if none fits
	Fit       Fit     // of that persona; if none fits, the best there is
	Margin    float64 // its lead over the next, in points; the score if there is no other
	Ambiguous bool    // the lead is below 5 points
	// Missed says why none fits: "unknown" (nothing is known), "out" (ruled out),
	// "score" or "completeness". "" if one fits.
	Missed string
}

// Assign returns the persona with the highest score of those that reach their least
// score with enough known; ties go by completeness, then id. The order of ps does not
// matter.
func Assign(ps []Persona, f Fields, at time.Time) Assignment {
	best, second := candidate{missed: "unknown"}, candidate{missed: "unknown"}
	for i := range ps {
		c := ps[i].candidate(f, at)
		switch {
		case !c.fit.Known:
		case best.persona == nil || c.before(&best):
			best, second = c, best
		case second.persona == nil || c.before(&second):
			second = c
		}
	}
	a := Assignment{Missed: best.missed}
	if best.persona == nil {
		return a
	}
	a.Fit = best.persona.Fit(f, at)
	if a.Missed != "" {
		return a
	}
	a.Persona, a.Margin = a.Fit.Definition, a.Fit.Score
	if second.missed == "" {
		a.Margin = a.Fit.Score - second.fit.Score
		a.Ambiguous = a.Margin < ambiguousBelow
	}
	return a
}

// A candidate is a persona that a subject may have.
type candidate struct {
	persona *Persona
	fit     Fit
	missed  string // as in an [Assignment]
}

func (p *Persona) candidate(f Fields, at time.Time) candidate {
	c := candidate{persona: p, fit: p.Score(f, at)}
	least := p.MinScore
	if least == 0 {
		least = 50
	}
	switch {
	case len(c.fit.Out) > 0:
		c.missed = "out"
	case c.fit.Score < least:
		c.missed = "score"
	case !c.fit.Enough:
		c.missed = "completeness"
	}
	return c
}

func (c *candidate) before(o *candidate) bool {
	switch {
	case (c.missed == "") != (o.missed == ""):
		return c.missed == ""
	case better(&c.fit, &o.fit):
		return true
	}
	return !better(&o.fit, &c.fit) && c.fit.Definition < o.fit.Definition
}
