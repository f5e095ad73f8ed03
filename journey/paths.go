package journey

import (
	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Dimension is what attribution credits: the value of a step that stands for it.
type Dimension uint8

// The dimensions.
const (
	ByChannel Dimension = iota
	ByTouchpoint
	ByCampaign
	ByKind
)

func (d Dimension) of(s *Step) string {
	switch d {
	case ByTouchpoint:
		return s.Touchpoint
	case ByCampaign:
		return s.Campaign
	case ByKind:
		return string(s.Kind)
	}
	return string(s.Channel)
}

// Paths returns what package attribution reads: one path for each time the journey reached
// the goal (told by its ID; the zero Goal = any), and one unconverted path if it never did. A path's
// steps are those of the journey up to the goal's instant; a step without a value in the
// dimension is left out, and so is the goal's own touch unless it has one. Value is the
// goal's Net in minor units: paths of several currencies must not be mixed in one set. A
// path is under observation from Since on, an open journey until At, a closed one until its
// End; models of time at risk warn where Since is unknown.
func (j Journey) Paths(goal Goal, by Dimension) []attribution.Path {
	base := attribution.Path{Subject: j.Subject.ID, Start: j.Since, End: j.End}
	for _, m := range j.Milestones {
		base.Milestones = append(base.Milestones, attribution.Milestone{Name: m.Name, At: m.At})
	}
	var steps []attribution.Step
	for i := range j.Steps {
		s := &j.Steps[i]
		if name := by.of(s); name != "" {
			steps = append(steps, attribution.Step{
				Channel: name, At: s.At, Kind: exposure(s.Kind), Source: s.Touch.Source, ID: s.Touch.ID,
				Actor: s.Person.ID, Role: s.Role, Cost: s.Cost.Minor,
			})
		}
	}
	var out []attribution.Path
	for _, g := range j.Goals {
		if goal.ID != "" && g.Goal != goal.ID {
			continue
		}
		p := base
		p.End, p.Converted, p.Value = g.At, true, g.Net.Minor
		n := len(steps)
		for n > 0 && steps[n-1].At.After(g.At) {
			n--
		}
		p.Steps = steps[:n:n]
		out = append(out, p)
	}
	if len(out) > 0 {
		return out
	}
	base.Steps = steps
	if j.Reason == Open && !j.At.IsZero() {
		base.End = j.At
	}
	return []attribution.Path{base}
}

// exposure tells attribution how a step met its person.
func exposure(k touchpoint.Kind) attribution.StepKind {
	switch k.Info().Class {
	case touchpoint.Exposure:
		return attribution.Impression
	case touchpoint.Contact:
		return attribution.Click
	}
	return attribution.Other
}
