package persona

import "time"

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
}

var unknown = judgement{utmost: 1}

func sure(degree float64) judgement { return judgement{true, degree, degree, degree} }

// judge appends the leaves it asks unless leaves is nil.
func (c *Criterion) judge(f Fields, at time.Time, leaves *[]Leaf) judgement {
	switch {
	case c.When != nil:
		switch c.When.eval(f, at, leaves) {
		case True:
			return sure(1)
		case False:
			return sure(0)
		}
		return unknown
	case c.Ramp != nil:
		return c.Ramp.judge(f, leaves)
	}
	for i := range c.Bands {
		switch c.Bands[i].When.eval(f, at, leaves) {
		case True:
			return sure(c.Bands[i].Degree)
		case Undecided:
			return unknown
		}
	}
	return sure(0)
}

func (r *Ramp) judge(f Fields, leaves *[]Leaf) judgement {
	v, why := f.Field(r.Field)
	x := alike(v, Value{kind: Number})
	truth := Undecided
	if x.kind == Number {
		truth = True
	} else if why.Known() {
		why.Unknown = WrongType
	}
	if leaves != nil {
		*leaves = append(*leaves, Leaf{r.Field, "ramp", truth, v, why})
	}
	if truth == Undecided {
		return unknown
	}
	a, b := r.degree(x.lo), r.degree(x.hi)
	return judgement{true, (a + b) / 2, min(a, b), max(a, b)}
}

func (r *Ramp) degree(x float64) float64 {
	return min(max((x-r.Zero)/(r.One-r.Zero), 0), 1)
}

// fit fits, with reasons or without.
func (s *Scoring) fit(f Fields, at time.Time, reasons bool) Fit {
	fit := Fit{Definition: s.ID, Version: s.Version}
	if reasons {
		fit.Reasons = make([]Reason, len(s.Criteria))
	}
	var total, known, sum, low, high float64
	var few [16]judgement
	judged := few[:0] // most need no memory of their own
	for i := range s.Criteria {
		c := &s.Criteria[i]
		var leaves *[]Leaf
		if reasons {
			leaves = &fit.Reasons[i].Leaves
		}
		j := c.judge(f, at, leaves)
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
		judged = append(judged, j)
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
		if !j.known && s.Unknown == "prior" {
			j.degree = c.Prior
		}
		points := 0.0
		counts := j.known || s.Unknown == "prior" && fit.Known
		if counts {
			points = 100 * float64(c.Weight*j.degree) / basis
			sum += float64(c.Weight * j.degree)
		}
		if reasons {
			r := &fit.Reasons[i]
			r.Criterion, r.Known, r.Degree, r.Points = c.ID, j.known, j.degree, points
			if counts {
				r.Lost = 100*c.Weight/basis - points
			}
		}
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
	best := ""
	for name, bound := range tiers { // the order does not matter: no two are equal
		if score >= bound && (best == "" || bound > tiers[best] || bound == tiers[best] && name < best) {
			best = name
		}
	}
	if best == "" {
		return tierLow
	}
	return best
}
