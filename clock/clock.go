// Package clock is the one source of "now" in tabi.
//
// Only long-lived engines hold a [Clock]; pure functions take an instant.
// Use [System] in programs and [*Manual] in tests of business time. For timers
// and deadlines use testing/synctest instead.
package clock

import "time"

// A Clock tells the time. Implementations are safe for concurrent use and never
// panic; time may stand still or go back.
type Clock interface {
	Now() time.Time
}

// System is the machine's clock, in UTC and cut to the microsecond, the
// precision tabi keeps. The zero value is ready. Safe for concurrent use.
type System struct{}

// Now returns the current time of the machine.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
