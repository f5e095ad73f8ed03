package csvmap

import (
	"strconv"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// A timeField is an instant of a row.
type timeField struct {
	*field
	layouts []layout
	zone    *time.Location // of texts without an offset; nil: Options.Zone
}

// A layout is one form in which times are written.
type layout struct {
	text   string        // as in package time
	unit   time.Duration // or a number of these since 1970
	offset bool          // says the offset from UTC
	date   bool          // has no time of day
}

// units are the layouts of times that are numbers since 1970.
var units = map[string]time.Duration{
	"unix": time.Second, "unix_ms": time.Millisecond, "unix_us": time.Microsecond,
}

const maxUnix = 1 << 40 // seconds; far past the year 9999, far from an overflow

// defaultLayouts are tried in this order. Go reads one-digit hours, two digits for one
// of a month or day, and any fraction of a second besides. Day-first and month-first forms are never guessed.
var defaultLayouts = []string{
	time.RFC3339, "2006-01-02 15:04:05", "2006-01-02", "2006/1/2", "2006/1/2 15:04",
	"2006/1/2 15:04:05", "2006年1月2日",
}

var defaults = func() []layout {
	var out []layout
	for _, text := range defaultLayouts {
		l, _ := parseLayout(text)
		out = append(out, l)
	}
	return out
}()

func (p *parser) timeField(v jsonscan.Value, path string) *timeField {
	f := &timeField{layouts: defaults}
	f.field = p.fieldWith(v, path, func(key string, v jsonscan.Value) bool {
		at := join(path, key)
		switch key {
		case "layouts":
			f.layouts = nil
			for _, text := range p.texts(v, at) {
				l, ok := parseLayout(text)
				if !ok {
					p.fail(at, "%q is neither a layout of Go's package time nor one of unix, unix_ms, unix_us", text)
				}
				f.layouts = append(f.layouts, l)
			}
			if len(f.layouts) == 0 {
				p.fail(at, "empty")
			}
		case "zone":
			loc, err := time.LoadLocation(p.text(v, at))
			if err != nil || v.Text() == "" || v.Text() == "Local" {
				p.fail(at, "unknown time zone %q", v.Text())
			}
			f.zone = loc
		default:
			return false
		}
		return true
	})
	return f
}

// parseLayout tells what a layout says by what changes its text. It must say at least
// year, month and day.
func parseLayout(text string) (l layout, ok bool) {
	if unit, ok := units[text]; ok {
		return layout{unit: unit}, true
	}
	a := time.Date(1987, 10, 31, 0, 0, 0, 0, time.UTC)
	says := func(b time.Time) bool { return a.Format(text) != b.Format(text) }
	if !says(a.AddDate(1, 0, 0)) || !says(a.AddDate(0, -3, 0)) || !says(a.AddDate(0, 0, -11)) {
		return layout{}, false
	}
	west := time.Date(1987, 10, 31, 0, 0, 0, 0, time.FixedZone("x", -17*60*60))
	return layout{text: text, offset: says(west), date: !says(a.Add(17*time.Hour + 43*time.Minute))}, true
}

// An instant is what a timeField makes of a cell.
type instant struct {
	time.Time
	day       bool // the text was a date
	ambiguous bool // a local time that exists twice
}

// parse reads text, which is cleaned. The error is a reason.
func (f *timeField) parse(text string, zone *time.Location) (instant, touchpoint.Reason) {
	if f.zone != nil {
		zone = f.zone
	}
	for _, l := range f.layouts {
		if l.unit != 0 {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				continue
			}
			per := int64(time.Second / l.unit)
			if n/per > maxUnix || n/per < -maxUnix {
				return instant{}, touchpoint.TimeRange
			}
			return instant{Time: time.Unix(n/per, n%per*int64(l.unit)).UTC()}, ""
		}
		if l.text == defaultLayouts[0] && (len(text) < 20 || text[10] != 'T') {
			continue // an error of package time costs more than the rest
		}
		t, err := time.Parse(l.text, text)
		if err != nil {
			continue
		}
		if l.offset {
			return instant{Time: t.UTC()}, ""
		}
		if zone == nil {
			return instant{}, touchpoint.Syntax
		}
		return local(t, zone, l.date)
	}
	return instant{}, touchpoint.Syntax
}

// local reads the wall clock of t, which is in UTC, as one in zone: the earlier instant
// of two, none in a gap. A date is the first instant of its day, which in a gap is the
// end of the gap.
func local(t time.Time, zone *time.Location, date bool) (instant, touchpoint.Reason) {
	if zone == time.UTC {
		return instant{Time: t, day: date}, ""
	}
	u := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
	start, end := u.ZoneBounds()
	found := instant{day: date}
	offsets := [3]int{zoneOffset(u), 0, 0}
	offsets[1], offsets[2] = offsets[0], offsets[0]
	if !start.IsZero() {
		offsets[1] = zoneOffset(start.Add(-1))
	}
	if !end.IsZero() {
		offsets[2] = zoneOffset(end)
	}
	for i, off := range offsets {
		c := t.Add(-time.Duration(off) * time.Second)
		if zoneOffset(c.In(zone)) != off || i > 0 && off == offsets[0] {
			continue
		}
		switch {
		case found.IsZero():
			found.Time = c
		case !c.Equal(found.Time):
			found.ambiguous = !date
			if c.Before(found.Time) {
				found.Time = c
			}
		}
	}
	if !found.IsZero() {
		return found, ""
	}
	if date { // midnight is in a gap: the day begins where the gap ends
		if b := u.Sub(start); !start.IsZero() && b < 24*time.Hour {
			found.Time = start.UTC()
		} else {
			found.Time = end.UTC()
		}
		return found, ""
	}
	return instant{}, touchpoint.Syntax
}

func zoneOffset(t time.Time) int {
	_, off := t.Zone()
	return off
}
