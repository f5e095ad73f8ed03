package persona

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

const (
	tierOut     = "X"
	tierUnknown = "?"
	tierLow     = "D"
)

// A Fit is how well a subject fits a definition. Low and High bound the score that full
// knowledge would give: unknown criteria count 0 in one, 1 in the other.
type Fit struct {
	Definition, Version string  // id and version of the ICP or persona
	Known               bool    // false: nothing is known, there is no score
	Score, Low, High    float64 // 0 to 100
	Completeness        float64 // share of the weights that is known
	Enough              bool    // Completeness reaches the definition's minimum
	// Tier is that of the score, D below all; X where ruled out, ? without Enough. Fits
	// of personas have only the last two.
	Tier     string
	Out      []string // disqualifiers and required criteria that rule the subject out
	Possible []string // those that might, if more were known
	Reasons  []Reason // one a criterion, in its order
}

// A Reason is what one criterion brought.
type Reason struct {
	Criterion    string
	Known        bool
	Degree       float64 // 0 to 1
	Points, Lost float64 // points add up to the score unless the subject is ruled out
	Leaves       []Leaf  // the traits behind it, with source and date
}

// A judgement is a criterion's degree and the interval it may lie in.
type judgement struct {
	known         bool
	degree        float64
	least, utmost float64
	leaves        []Leaf
}

func (c *Criterion) judge(f Fields, at time.Time) judgement {
	unknown := judgement{utmost: 1}
	sure := func(d float64, leaves []Leaf) judgement { return judgement{true, d, d, d, leaves} }
	switch {
	case c.When != nil:
		t, leaves := c.When.Explain(f, at)
		unknown.leaves = leaves
		switch t {
		case True:
			return sure(1, leaves)
		case False:
			return sure(0, leaves)
		}
		return unknown
	case c.Ramp != nil:
		v, why := f.Field(c.Ramp.Field)
		leaf := Leaf{Field: c.Ramp.Field, Op: "ramp", Value: v, Why: why}
		v = alike(v, Value{kind: Number})
		if why.Known() && v.kind == Number {
			leaf.Truth = True
			a, b := c.Ramp.degree(v.lo), c.Ramp.degree(v.hi)
			return judgement{true, (a + b) / 2, min(a, b), max(a, b), []Leaf{leaf}}
		}
		if why.Known() {
			leaf.Why.Unknown = WrongType
		}
		unknown.leaves = []Leaf{leaf}
		return unknown
	}
	var all []Leaf
	for _, b := range c.Bands {
		t, leaves := b.When.Explain(f, at)
		all = append(all, leaves...)
		switch t {
		case True:
			return sure(b.Degree, all)
		case Undecided:
			unknown.leaves = all
			return unknown
		}
	}
	return sure(0, all)
}

func (r *Ramp) degree(x float64) float64 {
	return min(max((x-r.Zero)/(r.One-r.Zero), 0), 1)
}

func (s *Scoring) fit(f Fields, at time.Time) Fit {
	fit := Fit{Definition: s.ID, Version: s.Version}
	var total, known, sum, low, high float64
	judged := make([]judgement, len(s.Criteria))
	for i := range s.Criteria {
		c := &s.Criteria[i]
		j := c.judge(f, at)
		total += c.Weight
		low += float64(c.Weight * j.least)
		high += float64(c.Weight * j.utmost)
		if j.known {
			known += c.Weight
		}
		if c.Required && j.utmost == 0 {
			fit.Out = append(fit.Out, c.ID)
		} else if c.Required && j.least == 0 {
			fit.Possible = append(fit.Possible, c.ID)
		}
		judged[i] = j
	}
	fit.Known = known > 0
	fit.Completeness = known / total
	fit.Enough = fit.Known && fit.Completeness >= s.MinCompleteness
	basis := total
	if s.Unknown == "" || s.Unknown == "exclude" {
		basis = known
	}
	for i, j := range judged {
		c := &s.Criteria[i]
		r := Reason{Criterion: c.ID, Known: j.known, Degree: j.degree, Leaves: j.leaves}
		if !j.known && s.Unknown == "prior" {
			r.Degree = c.Prior
		}
		if j.known || s.Unknown == "prior" && fit.Known {
			r.Points = 100 * float64(c.Weight*r.Degree) / basis
			r.Lost = 100*c.Weight/basis - r.Points
			sum += float64(c.Weight * r.Degree)
		}
		fit.Reasons = append(fit.Reasons, r)
	}
	fit.Low, fit.High = 100*low/total, 100*high/total
	if fit.Known {
		fit.Score = min(max(100*sum/basis, fit.Low), fit.High) // against the last bit
	}
	s.ruleOut(&fit, f, at)
	return fit
}

// ruleOut applies the disqualifiers and what is required.
func (s *Scoring) ruleOut(fit *Fit, f Fields, at time.Time) {
	for _, d := range s.Disqualify {
		switch d.When.Eval(f, at) {
		case True:
			fit.Out = append(fit.Out, d.ID)
		case Undecided:
			fit.Possible = append(fit.Possible, d.ID)
		}
	}
	switch {
	case len(fit.Out) > 0:
		fit.Known, fit.Tier = true, tierOut
		fit.Score, fit.Low, fit.High = 0, 0, 0
		return
	case len(fit.Possible) > 0:
		fit.Low = 0
	}
	if !fit.Enough {
		fit.Tier = tierUnknown
	}
}

var defaultTiers = map[string]float64{"A": 80, "B": 60, "C": 40}

// tierOf returns the tier with the highest bound that the score reaches.
func tierOf(tiers map[string]float64, score float64) string {
	if len(tiers) == 0 {
		tiers = defaultTiers
	}
	names := slices.SortedFunc(maps.Keys(tiers), func(a, b string) int {
		return cmp.Or(cmp.Compare(tiers[b], tiers[a]), cmp.Compare(a, b))
	})
	for _, name := range names {
		if score >= tiers[name] {
			return name
		}
	}
	return tierLow
}
