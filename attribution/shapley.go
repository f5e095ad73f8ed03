package attribution

import (
	"strconv"
	"time"
)

// Shapley credits channels by the Shapley value of a game over channel sets. The zero
// value is the game Sum, which is a rule: each path's conversions are split equally over
// its distinct channels.
//
// None of these games is causal, and the name of the game is in the name of the model.
// Rate and ExactRate compare whole paths of those who converted with whole paths of those
// who did not; but a conversion ends the path, so long paths look harmful and credit can
// be negative, even in total: they warn immortal_time unless Landmark is set.
// Fitted asks a time-at-risk model what some of the channels alone would have sold, and
// shares its assumptions.
type Shapley struct {
	Game         Game
	ByOccurrence bool                   // game Ordered: every place instead of the first of each channel
	Hazard       Hazard                 // game Fitted: the model that is fitted first; its Reading is not used
	Landmark     Landmark               // games Rate and ExactRate: compare from a fixed moment on
	Set          func(s uint64) float64 // game Custom: the worth of a set; bit i is the i-th channel by name
	Samples      int                    // pairs of orders where there are more than 24 channels; 0 = refuse
	Seed         uint64                 // of the sampling
}

// A Game says what a set of channels is worth.
type Game uint8

// The games.
const (
	Sum       Game = iota // conversions of paths whose set is within S (Zhao, Mahboobi, Bagheri 2018, "simplified")
	Ordered               // the same game, credit kept by place: rows are named CHANNEL|PLACE
	Rate                  // conversion rate of journeys whose set, not empty, is within S
	ExactRate             // conversion rate of journeys whose set is S; does not conserve
	Custom                // Shapley.Set; does not conserve
	Fitted                // sales expected under a fitted Hazard with the touches of S alone; has a (baseline)
)

// A Landmark compares journeys fairly: channel sets are those of the time After from the
// start on, of journeys that have not ended by then, and the outcome is that of the
// Horizon behind it. The zero Landmark is none.
type Landmark struct{ After, Horizon time.Duration }

// ShapleyParams are the Params of the games Rate, ExactRate, Custom and Fitted.
type ShapleyParams struct {
	Phi    map[string]float64 // Shapley values: rates, the units of Set, or expected sales
	Worth  float64            // of all channels together
	None   float64            // of no channel, in the game Fitted
	Hazard *HazardParams      // of the game Fitted
}

// Name returns "shapley", "shapley_ordered", "shapley_rate", "shapley_exact_rate",
// "shapley_custom" or "shapley_fitted".
func (s Shapley) Name() string {
	switch s.Game {
	case Ordered:
		return "shapley_ordered"
	case Rate:
		return "shapley_rate"
	case ExactRate:
		return "shapley_exact_rate"
	case Custom:
		return "shapley_custom"
	case Fitted:
		return "shapley_fitted"
	}
	return "shapley"
}

// Attribute implements [Attributor].
func (s Shapley) Attribute(js *Journeys, opts *Options) (*Result, error) {
	if opts == nil {
		opts = &Options{}
	}
	switch s.Game {
	case Sum:
		return attributeRule(js, opts, Linear{By: Distinct}, s.Name())
	case Ordered:
		placed, err := s.placed(js)
		if err != nil {
			return nil, err
		}
		res, err := attributeRule(placed, opts, Linear{}, s.Name())
		if err != nil {
			return nil, err
		}
		if opts.Threshold == 0 {
			res.Split = nil
		}
		return res, nil
	case Fitted:
		return s.fitted(js, opts)
	}
	return s.play(js, opts)
}

// placed is the set with channels named by their place in the path.
func (s Shapley) placed(js *Journeys) (*Journeys, error) {
	out := &Journeys{}
	var steps []step
	for r := range js.rows() {
		v := js.view(r)
		times := map[int]int{}
		for i := range v.Len() {
			times[v.id(i)]++
		}
		steps = steps[:0]
		place := 0
		for i := range v.Len() {
			st := js.step(v.lo + i)
			if s.ByOccurrence {
				place = i + 1
				st.weight /= float64(times[v.id(i)])
			} else if v.Repeat(i) {
				continue
			} else {
				place++
			}
			st.channel += "|" + strconv.Itoa(place)
			steps = append(steps, st)
		}
		if err := out.push(js.row(r), steps); err != nil {
			return nil, err
		}
	}
	return out, nil
}
