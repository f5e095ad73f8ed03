package clock

import (
	"sync"
	"time"
)

// Manual is a Clock that moves only when told. The zero value stands at
// 1970-01-01T00:00:00Z. Safe for concurrent use.
type Manual struct {
	mu    sync.Mutex // guards since
	since time.Duration
	base  time.Time // zero: the Unix epoch
}

// NewManual returns a Manual that stands at t, in UTC.
func NewManual(t time.Time) *Manual { return &Manual{base: t.UTC()} }

// Now returns the instant at which the clock stands.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now()
}

// Advance moves the clock by d, back if d is negative, and returns the new time.
func (m *Manual) Advance(d time.Duration) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.since += d
	return m.now()
}

// Set puts the clock at t, which may lie before the present reading.
func (m *Manual) Set(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.base, m.since = t.UTC(), 0
}

func (m *Manual) now() time.Time {
	if m.base.IsZero() {
		return time.Unix(0, 0).UTC().Add(m.since)
	}
	return m.base.Add(m.since)
}
