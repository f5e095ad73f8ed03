package attribution

import "slices"

// Milestones credits the steps that carry milestones of the journey: the models of B2B
// marketing. It is a convention about what matters on the way.
//
// A milestone belongs to the newest step at or before its instant (or to the nearest, see
// Closest). first_touch is the first step, won the last, whatever the path says. Several
// milestones on one step add up. Steps between, without a milestone of the model and not
// after its last one, share Rest equally. Without such steps Rest goes to the present
// milestones in proportion, or where Leftover says. A missing milestone's weight goes to
// the present ones in proportion. Without any milestone all is (unattributed).
type Milestones struct {
	Label    string // name of the model; "" = "milestones"
	Weights  []MilestoneWeight
	Rest     float64
	Leftover Leftover
	Closest  Closest
}

// MilestoneWeight is what one milestone is worth.
type MilestoneWeight struct {
	Name   string
	Weight float64
}

// Leftover says who gets Rest when nobody is left to share it.
type Leftover uint8

// The takers.
const (
	ToMilestones   Leftover = iota // the present milestones in proportion
	ToUnattributed                 // the row (unattributed)
)

// Closest says which step carries a milestone.
type Closest uint8

// The rules for carrying.
const (
	Before  Closest = iota // the newest step at or before it
	Nearest                // the nearest in time, of equals the earlier
)

// Milestones that every path has.
const (
	firstTouch = "first_touch"
	won        = "won"
)

// WShaped is first_touch 30, known 30, opportunity 30, the rest 10.
func WShaped() Milestones {
	return Milestones{Label: "w_shaped", Weights: []MilestoneWeight{{firstTouch, 30}, {"known", 30}, {"opportunity", 30}}, Rest: 10}
}

// FullPath is first_touch, known, opportunity and won 22.5 each, the rest 10.
func FullPath() Milestones {
	return Milestones{Label: "full_path", Weights: []MilestoneWeight{{firstTouch, 22.5}, {"known", 22.5}, {"opportunity", 22.5}, {won, 22.5}}, Rest: 10}
}

// LeadCreation is first_touch 50 and known 50: the "U-shaped" of Marketo Measure, not the
// 40/20/40 of other products.
func LeadCreation() Milestones {
	return Milestones{Label: "u_shaped", Weights: []MilestoneWeight{{firstTouch, 50}, {"known", 50}}}
}

// Name returns the label.
func (m Milestones) Name() string {
	if m.Label == "" {
		return "milestones"
	}
	return m.Label
}

// Weigh implements [Model].
func (m Milestones) Weigh(w []float64, v View) { m.part(w, v) }

// part implements [partial].
func (m Milestones) part(w []float64, v View) (rest float64, to string) {
	n := v.Len()
	if n == 0 {
		return 1, Unattributed
	}
	all, present, low := 0.0, 0.0, m.Rest
	last, between := -1, 0
	carries, carried := make([]bool, n), make([]float64, n)
	for _, mw := range m.Weights {
		all += mw.Weight
		low = min(low, mw.Weight)
		if i := m.carrier(v, mw.Name); i >= 0 {
			carries[i] = true
			carried[i] += mw.Weight
			present += mw.Weight
			last = max(last, i)
		}
	}
	switch {
	case low < 0:
		return low, Unattributed // refused as a weight
	case present == 0:
		return 1, Unattributed
	}
	for _, c := range carries[:last+1] {
		if !c {
			between++
		}
	}
	sum := all + m.Rest
	milestones := all
	if between == 0 && m.Leftover == ToMilestones {
		milestones = sum
	}
	got := 0.0
	for i := range last + 1 {
		if carries[i] {
			w[i] = carried[i] / present * (milestones / sum)
		} else {
			w[i] = m.Rest / sum / float64(between)
		}
		w[i] *= v.js.weights.get(v.lo+i, 1)
		got += w[i]
	}
	if between > 0 || m.Leftover == ToMilestones || m.Rest == 0 {
		return 0, Unattributed // step weights only change proportions
	}
	// What is left keeps its share of the whole.
	for i := range w {
		w[i] = w[i] / got * (all / sum)
	}
	return m.Rest / sum, Unattributed
}

// carrier is the step that carries a milestone, -1 if there is none.
func (m Milestones) carrier(v View, name string) int {
	switch name {
	case firstTouch:
		return 0
	case won:
		return v.Len() - 1
	}
	js := v.js
	for _, k := range js.marks[v.row] {
		if js.words.text(k.name) != name {
			continue
		}
		at := js.carrier(v, k)
		if m.Closest == Nearest && v.Timed() && at+1 < v.Len() {
			if at < 0 || js.age(v.lo+at)-k.pos > k.pos-js.age(v.lo+at+1) {
				at++
			}
		}
		return at
	}
	return -1
}

// Milestone reports whether step i is the newest at or before the named milestone.
func (v View) Milestone(i int, name string) bool {
	return slices.ContainsFunc(v.js.marks[v.row], func(k mark) bool {
		return v.js.words.text(k.name) == name && v.js.carrier(v, k) == i
	})
}

func (m Milestones) reason(v View, i int) (Reason, map[string]float64) {
	detail := map[string]float64{}
	for _, mw := range m.Weights {
		if m.carrier(v, mw.Name) == i {
			detail[mw.Name] = mw.Weight
		}
	}
	if len(detail) == 0 {
		return ReasonRest, nil
	}
	return ReasonMilestone, detail
}
