package attribution

import (
	"cmp"
	"slices"
)

// A Reason says why a step got its credit, or none.
type Reason string

// Reasons of credit.
const (
	ReasonFirst     Reason = "first"
	ReasonLast      Reason = "last"
	ReasonMiddle    Reason = "middle"
	ReasonLinear    Reason = "linear"
	ReasonRamp      Reason = "ramp"
	ReasonDecay     Reason = "decay"
	ReasonMilestone Reason = "milestone"
	ReasonRest      Reason = "rest"
	ReasonDistinct  Reason = "distinct"
	ReasonRemoval   Reason = "removal"
	ReasonMarginal  Reason = "marginal"
	ReasonHazard    Reason = "hazard"
	ReasonLineage   Reason = "lineage"
	ReasonSameTouch Reason = "same_touch"
)

// Reasons of no credit.
const (
	AfterConversion Reason = "after_conversion"
	OutsideWindow   Reason = "outside_window"
	BeforeMilestone Reason = "before_milestone"
	RepeatTouch     Reason = "repeat"
	ImpressionAfter Reason = "impression_after_click"
	Excluded        Reason = "excluded"
	DirectTouch     Reason = "direct"
	TooManySteps    Reason = "too_many_steps"
	ZeroWeight      Reason = "zero_weight"
)

// A StepCredit is one step of a path and what it got.
type StepCredit struct {
	Step   Step
	Credit float64            // share of the conversion
	Value  int64              // minor units
	Reason Reason             // empty for a rule of the caller's own
	Detail map[string]float64 // what the reason rests on: age_days, window_days, weight, share …
}

// A reasoner says why step i of a path got its weight.
type reasoner interface {
	reason(v View, i int) (Reason, map[string]float64)
}

// Explain says for every step of one path what a model gives it and why, and for every
// step that does not count, why not. A fitted model is [Result].Split of its result; for
// Markov the split of one journey is a convention, since the chain speaks of the set.
//
// Steps come in order. What no step gets is a last element whose Step has only a Channel,
// (baseline) or (unattributed). Credits sum to 1 for models that conserve.
//
// Parts of a preparation that look at several paths of a subject (ConversionGap, Cycle)
// need the others of p's subject; steps of theirs that p takes over are listed with its
// own. If p's conversion does not count beside theirs, nothing has credit.
func Explain(p Path, prep *Preparation, m Model, others ...Path) ([]StepCredit, error) {
	if prep == nil {
		prep = &Preparation{}
	}
	value := p.Value
	joined, counts, err := prep.join(p, others)
	if err != nil {
		return nil, err
	}
	if !counts {
		return prep.uncounted(p), nil
	}
	p = joined
	p.Value, p.Weight = 0, 0
	js := &Journeys{}
	if err := js.Add(p); err != nil {
		return nil, err
	}
	if t, ok := m.(timedModel); (ok && t.needsTimes() || prep.needsTimes()) && !js.allTimed() {
		return nil, ErrUntimed
	}
	out := ordered(p)
	counted := make([]int, 0, len(out)) // indexes of out that are steps of the set
	for i := range out {
		if out[i].Reason == "" {
			counted = append(counted, i)
		}
	}
	var d draft
	d.start(js, 0, p.Converted)
	var bad error
	if err := guard("Preparation", func() { bad = prep.apply(&d) }); err != nil {
		return nil, err
	}
	if bad != nil {
		return nil, bad
	}
	for i, why := range d.gone {
		c := &out[counted[i]]
		if c.Reason = why; why == OutsideWindow {
			c.Detail = map[string]float64{"age_days": days(d.age(i) - d.newest)}
		}
	}
	left := &Journeys{}
	r := js.row(0)
	r.marks = d.moveMarks(r.marks)
	if err := left.push(r, d.steps(nil)); err != nil {
		return nil, err
	}
	v := left.view(0)
	var div division
	if err := guard(m.Name(), func() { bad = div.divide(m, v) }); err != nil {
		return nil, err
	}
	if bad != nil {
		return nil, bad
	}
	money, err := div.money(m, value, nil)
	if err != nil {
		return nil, err
	}
	why, _ := m.(reasoner)
	for k, s := range d.left {
		c := &out[counted[s.i]]
		c.Credit, c.Value = div.share(k), money[k]
		switch {
		case div.w[k] == 0:
			c.Reason = ZeroWeight
		case why != nil:
			c.Reason, c.Detail = why.reason(v, k)
		}
	}
	if n := len(d.left); div.w[n] > 0 {
		out = append(out, StepCredit{Step: Step{Channel: div.to}, Credit: div.share(n), Value: money[n]})
	}
	return out, nil
}

// uncounted are the steps of a path whose conversion does not count.
func (p *Preparation) uncounted(x Path) []StepCredit {
	why := AfterConversion // of the one that counts
	if p.Cycle == CycleLast {
		why = RepeatTouch // by a later one
	}
	out := ordered(x)
	for i := range out {
		out[i].Reason = why
	}
	return out
}

// ordered are the steps of p as they are used; those after the end have their reason.
func ordered(p Path) []StepCredit {
	out := make([]StepCredit, len(p.Steps))
	for i, s := range p.Steps {
		out[i].Step = s
	}
	if len(out) == 0 || out[0].Step.At.IsZero() {
		return out
	}
	slices.SortStableFunc(out, func(a, b StepCredit) int {
		return cmp.Or(a.Step.At.Compare(b.Step.At), cmp.Compare(a.Step.Source, b.Step.Source), cmp.Compare(a.Step.ID, b.Step.ID))
	})
	for i := range out {
		if !p.End.IsZero() && out[i].Step.At.UnixMicro() > p.End.UnixMicro() {
			out[i].Reason = AfterConversion
		}
	}
	return out
}

func days(micros int64) float64 { return float64(micros) / (24 * 3600 * million) }

func (First) reason(View, int) (Reason, map[string]float64) { return ReasonFirst, nil }
func (Last) reason(View, int) (Reason, map[string]float64)  { return ReasonLast, nil }

func (m Linear) reason(View, int) (Reason, map[string]float64) {
	if m.By == Distinct {
		return ReasonDistinct, nil
	}
	return ReasonLinear, nil
}

func (Ramp) reason(_ View, i int) (Reason, map[string]float64) {
	return ReasonRamp, map[string]float64{"place": float64(i + 1)}
}

func (Participation) reason(View, int) (Reason, map[string]float64) { return ReasonDistinct, nil }

func (m SameTouch) reason(v View, i int) (Reason, map[string]float64) {
	return ReasonSameTouch, map[string]float64{"age_days": v.Age(i).Hours() / 24, "window_days": m.Within.Hours() / 24}
}

func (Position) reason(v View, i int) (Reason, map[string]float64) {
	switch i {
	case 0:
		return ReasonFirst, nil
	case v.Len() - 1:
		return ReasonLast, nil
	}
	return ReasonMiddle, nil
}

func (m TimeDecay) reason(v View, i int) (Reason, map[string]float64) {
	return ReasonDecay, map[string]float64{"age_days": v.Age(i).Hours() / 24, "half_life_days": m.halfLife().Hours() / 24}
}

func (m removalModel) reason(v View, i int) (Reason, map[string]float64) {
	return ReasonRemoval, map[string]float64{"removal_effect": m.effect[v.Channel(i)]}
}
