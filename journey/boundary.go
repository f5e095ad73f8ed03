package journey

import "time"

// A Boundary says where one journey ends and the next begins. The zero value ends a
// journey at a closing goal (keeping the half hour after it) and at a loss that is not
// reopened within 90 days, and never by silence.
type Boundary struct {
	Inactivity   time.Duration // no engaged touch for longer than this ends the journey; 0 = never
	Grace        time.Duration // touches so soon after a goal stay in its journey; 0 = 30 minutes, negative = none
	ReopenWithin time.Duration // a loss reopened so soon was none; 0 = 90 days, negative = never
	Lifetime     bool          // one journey a subject, without ends
}

const day = 24 * time.Hour

// B2C cuts after 30 days of silence.
func B2C() Boundary { return Boundary{Inactivity: 30 * day} }

// B2B cuts after 365 days of silence: long pauses are normal between firms.
func B2B() Boundary { return Boundary{Inactivity: 365 * day} }

// Relationship gives one journey a subject.
func Relationship() Boundary { return Boundary{Lifetime: true} }

func (b Boundary) grace() time.Duration {
	if b.Grace == 0 {
		return 30 * time.Minute
	}
	return b.Grace
}

func (b Boundary) reopenWithin() time.Duration {
	if b.ReopenWithin == 0 {
		return 90 * day
	}
	return b.ReopenWithin
}
