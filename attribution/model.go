package attribution

import "time"

// A Model is a rule: it weighs the steps of one path. Only the proportions count; weights
// that are whole numbers are taken as exact. A path whose weights are all 0 is
// (unattributed). Weights must be finite and not negative.
//
// Weigh is called from one goroutine at a time with len(w) == v.Len() and w all 0.
type Model interface {
	// Name is what results call the model.
	Name() string
	// Weigh sets w[i] to the weight of the path's step i.
	Weigh(w []float64, v View)
}

// An Attributor turns a set of journeys into credit. The ones of this package are
// structs whose zero value is usable and are safe for concurrent use.
type Attributor interface {
	// Name is what results call the attributor.
	Name() string
	// Attribute computes the credit of every channel of js; nil opts mean defaults.
	Attribute(js *Journeys, opts *Options) (*Result, error)
}

// Func makes a rule of a function. Five lines are a model:
//
//	m := attribution.Func("second", func(w []float64, v attribution.View) {
//		w[min(1, v.Len()-1)] = 1
//	})
func Func(name string, f func(w []float64, v View)) Model { return funcModel{name, f} }

type funcModel struct {
	name string
	f    func(w []float64, v View)
}

func (m funcModel) Name() string              { return m.name }
func (m funcModel) Weigh(w []float64, v View) { m.f(w, v) }

// Rule makes an attributor of a rule.
func Rule(m Model) Attributor { return rule{m} }

// Options are shared by all models. nil means defaults.
type Options struct {
	Interval   Interval
	Spend      map[string]int64 // cost a channel, minor units; wins over the sum of Step.Cost
	FromLedger bool             // money of rules is the sum of [Ledger] instead of exact shares rounded once
	Threshold  int              // channels resting on fewer subjects go into (other), and what is said of single paths is withheld ([ErrThreshold]); 0 = off
}

// Attribute runs several models over one set, in order. It stops at the first error.
func Attribute(js *Journeys, opts *Options, as ...Attributor) ([]*Result, error) {
	rs := make([]*Result, 0, len(as))
	for _, a := range as {
		r, err := a.Attribute(js, opts)
		if err != nil {
			return nil, err
		}
		rs = append(rs, r)
	}
	return rs, nil
}

// A View is one path as a rule sees it: read-only, steps in order. It is valid during the
// call that receives it.
type View struct {
	js     *Journeys
	row    int
	lo, hi int
}

// Len is the number of steps.
func (v View) Len() int { return v.hi - v.lo }

// Channel is the name of step i's channel.
func (v View) Channel(i int) string { return v.js.channels.names[v.js.channel(v.lo+i)] }

// Age is the time from step i to the end of the path, 0 in untimed paths.
func (v View) Age(i int) time.Duration { return time.Duration(v.js.age(v.lo+i)) * time.Microsecond }

// Timed reports whether the path has times.
func (v View) Timed() bool { return v.js.timed(v.row) }

// Kind is the kind of step i.
func (v View) Kind(i int) StepKind { return StepKind(v.js.kinds.at(v.lo + i)) }

// First is the index of the first step of the channel, -1 if there is none.
func (v View) First(channel string) int {
	id, ok := v.js.channels.index[channel]
	if !ok {
		return -1
	}
	for i := v.lo; i < v.hi; i++ {
		if v.js.channel(i) == int(id) {
			return i - v.lo
		}
	}
	return -1
}

// Repeat reports whether an earlier step has the same channel as step i.
func (v View) Repeat(i int) bool {
	c := v.js.channel(v.lo + i)
	for j := v.lo; j < v.lo+i; j++ {
		if v.js.channel(j) == c {
			return true
		}
	}
	return false
}

// id is the number of step i's channel in the set.
func (v View) id(i int) int { return v.js.channel(v.lo + i) }
