// Package meter holds the points of one scoring rule as they decay. Instants are
// microseconds since the Unix epoch.
package meter

import (
	"slices"

	"github.com/tabi-go/tabi/internal/num"
)

// A Meter is the decaying sum of one rule. Windows are closed once a touch of a later one
// comes; in the open one the last PerMax touches count.
type Meter struct {
	Points, Max float64 // Max 0 is no bound
	HalfLife    float64 // microseconds, 0 for none
	Per         int64   // microseconds, 0 for no windows
	PerMax      int
	Touches     int // taken so far

	closed float64 // as of at
	at     int64
	open   []int64 // instants of the open window
	window int64
}

// Add takes a touch; touches come in the order of time.
func (m *Meter) Add(at int64) {
	m.Touches++
	if m.Per == 0 {
		m.closed, m.at = float64(m.closed*m.decay(at-m.at))+m.Points, at
		return
	}
	if window := Floor(at, m.Per); len(m.open) == 0 || window != m.window {
		m.closed, m.at = m.sum(at), at
		m.window, m.open = window, m.open[:0]
	}
	if m.open = append(m.open, at); len(m.open) > m.PerMax {
		m.open = slices.Delete(m.open, 0, 1)
	}
}

// Value returns the sum within its bound.
func (m *Meter) Value(at int64) float64 {
	sum := m.sum(at)
	if m.Max > 0 {
		return min(max(sum, -m.Max), m.Max)
	}
	return sum
}

func (m *Meter) sum(at int64) float64 {
	sum := float64(m.closed * m.decay(at-m.at))
	for _, t := range m.open {
		sum += float64(m.Points * m.decay(at-t))
	}
	return sum
}

// decay is the share that is left after some microseconds.
func (m *Meter) decay(age int64) float64 {
	if m.HalfLife == 0 || age == 0 {
		return 1
	}
	return num.Exp2(-float64(age) / m.HalfLife)
}

// Floor is the number of the window of that length that holds an instant.
func Floor(at, length int64) int64 {
	n := at / length
	if at%length < 0 {
		n--
	}
	return n
}
