package content

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tabi-go/tabi/internal/num"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Calendar says when people of ours write. Holidays are the caller's data: tabi knows
// none. Do not change one while it is used; it is then safe for concurrent use.
type Calendar struct {
	Weekdays []string `json:"weekdays,omitempty"` // mon to sun; default mon to fri
	From     int      `json:"from,omitzero"`      // hour of the day, default 9 where To is 0
	To       int      `json:"to,omitzero"`        // default 18
	Holidays []string `json:"holidays,omitempty"` // days as 2026-01-01
}

// weekdays by time.Weekday.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// ParseCalendar reads a calendar from JSON, strictly, and validates it. The error is a
// [*persona.DefinitionError].
func ParseCalendar(text []byte) (*Calendar, error) {
	c := &Calendar{}
	if err := persona.Decode(text, c); err != nil {
		return nil, err
	}
	for i, w := range c.Weekdays {
		if !slices.Contains(weekdays, w) {
			return nil, fault(fmt.Sprintf("/weekdays/%d", i), "unknown word")
		}
	}
	if c.From < 0 || c.To < 0 || c.To > 24 || c.To != 0 && c.From >= c.To || c.To == 0 && c.From != 0 {
		return nil, fault("/to", "from and to are not hours in order")
	}
	for i, h := range c.Holidays {
		if _, err := time.Parse(time.DateOnly, h); err != nil {
			return nil, fault(fmt.Sprintf("/holidays/%d", i), "no day")
		}
	}
	return c, nil
}

// resolved returns the calendar with its defaults.
func (c *Calendar) resolved() Calendar {
	var out Calendar
	if c != nil {
		out = *c
	}
	if len(out.Weekdays) == 0 {
		out.Weekdays = weekdays[1:6]
	}
	if out.To == 0 {
		out.From, out.To = 9, 18
	}
	return out
}

func (c *Calendar) works(y int, m time.Month, d int) bool {
	civil := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	return slices.Contains(c.Weekdays, weekdays[civil.Weekday()]) && !slices.Contains(c.Holidays, civil.Format(time.DateOnly))
}

// A Block is one of the 56 stretches of three hours that a week has.
type Block struct {
	Weekday time.Weekday
	Part    int // of the day, 0 to 7: from 3·Part o'clock on
}

// BlockOf returns the block of an instant, in its time zone.
func BlockOf(t time.Time) Block { return Block{t.Weekday(), t.Hour() / 3} }

// A Window is when to write: a block of local time.
type Window struct {
	From, To time.Time // in the zone of the subject
	Zone     string    // name of the zone
	// ZoneFrom says where the zone comes from: given, person, account, country (its
	// capital's) or utc, which means that nothing better is known.
	ZoneFrom string
	Weight   float64 // how often they come in this block, youngest most; 0 = never seen
}

// workingDays is how many working days ahead a window is looked for, and horizon how many
// days of the calendar before giving up, for there may be holidays without end.
const (
	workingDays = 5
	horizon     = 60
)

// window returns the earliest block of the next five working days that weighs at least
// 95 % of the best; false where the calendar has none. A block whose first hour does not
// exist on that day, when clocks go forward, is skipped.
func (c *Calendar) window(contacts []touchpoint.Touch, segment map[Block]int64, at time.Time, zone *time.Location) (Window, bool) {
	weights := blockWeights(contacts, segment, at, zone)
	var found []Window
	y, m, d := at.In(zone).Date()
	for i, worked := 0, 0; i < horizon && worked < workingDays; i++ {
		date := time.Date(y, m, d+i, 12, 0, 0, 0, time.UTC)
		if !c.works(date.Date()) {
			continue
		}
		before := len(found)
		for part := range 8 {
			hour := 3 * part
			from := time.Date(date.Year(), date.Month(), date.Day(), hour, 0, 0, 0, zone)
			if hour < c.From || hour+3 > c.To || from.Hour() != hour || from.Day() != date.Day() || from.Before(at) {
				continue
			}
			to := time.Date(date.Year(), date.Month(), date.Day(), hour+3, 0, 0, 0, zone)
			found = append(found, Window{From: from, To: to, Weight: weights[Block{date.Weekday(), part}]})
		}
		if len(found) > before || i > 0 {
			worked++ // today counts only if something of it is left
		}
	}
	best := 0.0
	for _, w := range found {
		best = math.Max(best, w.Weight)
	}
	for _, w := range found {
		if w.Weight >= float64(0.95*best) {
			return w, true
		}
	}
	return Window{}, false
}

// blockWeights adds up what the subject's own contacts say, each halved every 90 days, and
// ten times the segment's share.
func blockWeights(contacts []touchpoint.Touch, segment map[Block]int64, at time.Time, zone *time.Location) map[Block]float64 {
	out := map[Block]float64{}
	for _, t := range contacts {
		if t.Direction == touchpoint.Inbound && t.Engaged() {
			out[BlockOf(t.At.In(zone))] += num.Exp2(-at.Sub(t.At).Hours() / (90 * 24))
		}
	}
	var all int64
	for _, n := range segment {
		all += n
	}
	for b, n := range segment {
		if all > 0 {
			out[b] += 10 * float64(n) / float64(all)
		}
	}
	return out
}
