package attribution

// A Preset is what another product computes: its preparation and its models.
type Preset struct {
	Name        string
	Preparation Preparation
	Attributors []Attributor
}

// Attribute prepares a copy of the set and runs the models of the preset.
func (p Preset) Attribute(js *Journeys, opts *Options) ([]*Result, error) {
	js, _, err := js.Prepare(&p.Preparation)
	if err != nil {
		return nil, err
	}
	return Attribute(js, opts, p.Attributors...)
}

// ChannelAttribution is the R and Python package of that name: first, last, linear, and
// Markov of order k with nulls. It simulates; this is exact, and walks are not cut.
func ChannelAttribution(k int) Preset {
	return Preset{Name: "ChannelAttribution", Attributors: []Attributor{Rule(First{}), Rule(Last{}), Rule(Linear{}), Markov{Order: k}}}
}

// MAM is the Python package marketing_attribution_models: journeys without conversion are
// dropped, decay is floored to whole half-lives of a week. For its Markov split a journey
// use PerJourney.
func MAM() Preset {
	return Preset{Name: "MAM", Attributors: []Attributor{
		Rule(First{}), Rule(Last{}), Rule(Linear{}), Rule(Position{}), Rule(TimeDecay{Floor: true}), Rule(Ramp{}),
		Shapley{}, Markov{DropNulls: true},
	}}
}

// FractributionPreset is Google's fractribution: repeats collapsed, direct visits left out
// unless nothing else is there. The leave-one-out model that it calls Shapley is
// [Fractribution].
func FractributionPreset() Preset {
	return Preset{
		Name: "Fractribution", Preparation: Preparation{Exclude: ExcludeDirect(), Transforms: []Transform{Exposure()}},
		Attributors: []Attributor{Rule(First{}), Rule(Last{}), Rule(Linear{}), Rule(Position{}), Fractribution{}},
	}
}

// HockeyStack is participation ("uniform"), 40/20/40 and a decay that is not normalised;
// weights by kind of touch are Preparation.StepWeight.
func HockeyStack() Preset {
	return Preset{Name: "HockeyStack", Attributors: []Attributor{Rule(Participation{}), Rule(Position{}), Rule(TimeDecay{Raw: true})}}
}

// MarketoMeasure is first, last, its "U-shaped", W-shaped and full path; a custom model is
// [Milestones].
func MarketoMeasure() Preset {
	return Preset{Name: "MarketoMeasure", Attributors: []Attributor{
		Rule(First{}), Rule(Last{}), Rule(LeadCreation()), Rule(WShaped()), Rule(FullPath()),
	}}
}

// GoogleAds is last, first, linear, decay of 7 days and 40/20/40, clicks counting for 30
// days and impressions for one.
func GoogleAds() Preset {
	return Preset{
		Name: "GoogleAds", Preparation: Preparation{Window: Window{Click: 30 * day, Impression: day, Other: 30 * day}},
		Attributors: []Attributor{Rule(Last{}), Rule(First{}), Rule(Linear{}), Rule(TimeDecay{}), Rule(Position{})},
	}
}

// GA4Rules is last non-direct within 90 days, or 30 for goals of acquisition.
func GA4Rules(acquisition bool) Preset {
	w := 90 * day
	if acquisition {
		w = 30 * day
	}
	return Preset{
		Name: "GA4", Preparation: Preparation{Window: Window{Click: w, Impression: w, Other: w}, Exclude: ExcludeDirect()},
		Attributors: []Attributor{Rule(Last{})},
	}
}

// Adobe is the list of Adobe Analytics; its algorithmic model is the game [Sum].
func Adobe() Preset {
	return Preset{Name: "Adobe", Attributors: []Attributor{
		Rule(First{}), Rule(Last{}), Rule(Linear{}), Rule(Participation{}), Rule(SameTouch{}), Rule(Position{}),
		Rule(JShaped()), Rule(InverseJ()), Rule(TimeDecay{}), Shapley{},
	}}
}
