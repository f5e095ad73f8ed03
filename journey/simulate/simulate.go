// Package simulate makes seeded worlds of customers whose truth is known: who they are,
// what they met, what it did to them, and what a tracker would have seen of it.
//
// Attribution, stitching and stage inference can be scored only where the truth is known.
// Take a [World] from [Scenario], change a field if you like, and [World.Run] it; then
// [Population.Touches] is what a tracker recorded, [Population.People] is who stood behind
// it, and [Population.Truth] is what each channel really did. [Score] compares an answer
// with it.
//
//	w, err := simulate.Scenario("randomised")
//	p, err := w.Run(1, 40_000, 30)
//	for touch := range p.Touches() { … }
//
// A World is data: a copy with one field changed is a new experiment, and because every
// person has a stream of random numbers of its own for each thing that can happen, the
// difference of two such worlds is the effect of the change and nothing else. The same
// world, seed and size give the same bytes on every machine; person i is the same in a
// population of ten and of ten thousand.
//
// The generator is PCG of math/rand/v2, seeded for person i and component k with
// (seed, mix(FNV-1a(k) + 0x9E3779B97F4A7C15·(i+1))), mix being the finaliser of SplitMix64.
//
// What the worlds favour: effects fade exponentially from step to step, as the hazard and
// lineage models of package attribution assume, except in the scenarios synergy and
// multiplicative. The scoreboard says so too.
package simulate

import (
	"time"

	"github.com/tabi-go/tabi/touchpoint"
)

// A World says how people come to buy. Rates are per day. The zero value of a field means
// that what it describes does not happen, unless the field says otherwise. Run does not
// change a World; one may be used by several goroutines.
type World struct {
	Channels []Channel // at most 20, of different names
	Base     float64   // sales a person and day that owe nothing to us
	Gamma    float64   // how much more those buy who intend to: Base is multiplied by e^(γu − γ²/2)
	Proxy    float64   // correlation of intent with the segment that we know, 0..1
	Link     Link
	Excite   map[[2]string]float64  // [from, to]: chance that a touch of from brings one of to the next step
	Synergy  map[[2]string]float64  // added to the rate for each unit of memory of both; additive link only
	Season   func(step int) float64 // factor on Base; nil is 1 always
	Loss     float64                // chance a step to leave for good without buying
	Step     time.Duration          // the clock of the world; 0 is 24 h, at least a minute
	Start    time.Time              // zero is 2025-01-01T00:00:00Z; kept to the second
	Personas []Persona              // none is one without a name
	Accounts *Accounts              // nil: everybody buys alone
	Stages   *Stages                // nil: nobody has stages
	Observe  Observe
}

// A Channel is a way in which people are reached.
type Channel struct {
	Name     string
	Kind     touchpoint.Kind
	Mu       float64       // touches a person and day
	Rho      float64       // how much more those are touched who intend to buy
	Beta     float64       // what a fresh touch adds to the rate; additive link
	MultBeta float64       // by what power of e it multiplies it; multiplicative link
	Tau      time.Duration // after which the memory of a touch has faded to 1/e
	Saturate *Hill         // nil: each touch counts in full
	Cost     string        // of one touch, in USD, such as "0.05"; empty is none
	Off      bool          // never reaches anybody; the draws of the others stay as they are
}

// A Hill bends the effect of memory A to A^H/(A^H + K^H).
type Hill struct{ H, K float64 }

// A Link says how the effects of channels combine.
type Link uint8

// The links. Only an Additive world has causes: in the other one the parts of a rate are
// no sum.
const (
	Additive       Link = iota // λ = λ0 + Σ β·A + Σ s·A·A′
	Multiplicative             // λ = λ0·e^min(Σ m·A, 4)
)

// A Persona is a kind of customer, with the share of people it has.
type Persona struct {
	Name   string
	Share  float64            // relative to the other personas
	Base   float64            // factor on the world's Base; 0 is 1
	Effect map[string]float64 // factor on a channel's Beta and MultBeta; absent is 1
	Median float64            // of an order, in USD; 0 is 80
	Sigma  float64            // of the logarithm of an order; 0 is 0.5
}

// Accounts makes people members of companies that buy together: one deal an account, which
// becomes known, then an opportunity, then won or lost. Its members place no orders.
type Accounts struct {
	Max         int                // members, P(k) ∝ 1/k up to it
	Shared      float64            // part of the variance of intent that an account has in common
	Known       map[string]float64 // channel: chance that its touch makes the account known, by a form
	Opportunity float64            // rate a day from known to opportunity, without us
	Push        float64            // what the summed effects on all members add to it
	Won, Lost   float64            // rates a day from opportunity
	Worth       float64            // value of a deal in orders
	Japanese    bool               // every second account is Japanese: touchpoints, channel words, props.lang
}

// Stages lets people move through unaware, awareness, engagement and transaction. The moves
// have no effect on anything.
type Stages struct {
	Engage float64       // rate a day from awareness to engagement
	Warm   float64       // what each unit of memory adds to it
	Cool   time.Duration // from engagement back to awareness after so long without a touch
	Told   float64       // chance that a move is written as a stage_change record
}

// Observe is what stands between the truth and the records. The zero value records
// everything, with the person's user_id on it.
type Observe struct {
	Loss      float64            // chance that a touch goes unrecorded
	LossOf    map[string]float64 // the same, per channel
	Fragment  float64            // share of people with two or three devices
	Login     float64            // chance of a login record, per device
	Email     float64            // share of people whose e-mail we know
	Shared    float64            // share of people who use the next one's device a third of the time
	Duplicate float64            // chance that a second source records a touch again
	Skew      time.Duration      // standard deviation of the clocks of devices, cut at ±23 h
	Late      float64            // chance that a touch arrives days later
	Mislabel  float64            // chance of another channel's name on a touch
	Dirty     float64            // chance of a defect in a touch; one in ten of these makes it unusable
	Keep      time.Duration      // only records younger than this at the end; 0 keeps all
}

// Devices reports whether people are seen by their devices: touches then carry an
// anonymous_id only, and logins, orders and e-mails tell whose it is.
func (o Observe) Devices() bool { return o.Fragment > 0 || o.Login > 0 || o.Shared > 0 }
