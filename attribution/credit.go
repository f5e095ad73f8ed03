package attribution

// Rows that are no channel. No channel may have one of these names.
const (
	Baseline     = "(baseline)"     // sales that nobody's touch earned
	Unattributed = "(unattributed)" // sales that the model gives to no step
	OtherRow     = "(other)"        // channels below [Options].Threshold, together
)

// isRow reports whether a row of a result is no channel.
func isRow(name string) bool { return name == Baseline || name == Unattributed || name == OtherRow }

// A Result is what one model says about one set.
type Result struct {
	Model     string
	Conserves bool     // whether the credits add up to the conversions and to the value
	Credits   []Credit // all channels by name, then (baseline), (unattributed), (other) where not 0

	Journeys    float64 // conversions + nulls
	Conversions float64
	Nulls       float64
	Subjects    float64 // distinct subjects; a journey without one counts as its own
	Value       int64   // minor units

	Level    float64               // of the intervals, 0 = none
	Tied     [][2]string           // pairs that cannot be told apart at Level; no correction for many pairs
	Warnings []string              // codes: empty no_conversions no_nulls immortal_time entry_unknown few_events …
	Params   any                   // what was fitted: *MarkovParams, *HazardParams …; nil for rules
	above    map[[2]string]float64 // see [Result.Above]; one of each pair
	Split    Model                 // how one journey is divided, for [Explain] and [Ledger]; nil if there is no such rule; for one goroutine at a time
}

// A Credit is one row of a result.
type Credit struct {
	Channel     string
	Conversions float64
	Value       int64   // minor units
	Removal     float64 // Markov: the chain's share of conversions that pass through the channel

	Lo, Hi           float64 // interval of Conversions, meaningful while Why is ""
	ValueLo, ValueHi float64 // interval of Value, in minor units
	N                float64 // conversions whose path contains the channel
	Why              string  // why there is no interval: "n < 2", "not statistical", "off"

	Cost int64 // minor units, from [Options].Spend or the steps
}

// Credit returns the row of a channel, the zero Credit if there is none.
func (r *Result) Credit(channel string) Credit {
	for _, c := range r.Credits {
		if c.Channel == channel {
			return c
		}
	}
	return Credit{}
}

// CPA is cost per conversion in minor units; false where the credit is 0.
func (c Credit) CPA() (float64, bool) { return ratio(float64(c.Cost), c.Conversions) }

// ROAS is value per cost; false where the cost is 0.
func (c Credit) ROAS() (float64, bool) { return ratio(float64(c.Value), float64(c.Cost)) }

// ROI is (value − cost)/cost; false where the cost is 0.
func (c Credit) ROI() (float64, bool) {
	return ratio(float64(c.Value)-float64(c.Cost), float64(c.Cost))
}

func ratio(a, b float64) (float64, bool) {
	if b == 0 {
		return 0, false
	}
	return a / b, true
}

func (r *Result) warn(code string) {
	for _, w := range r.Warnings {
		if w == code {
			return
		}
	}
	r.Warnings = append(r.Warnings, code)
}
