package input

import (
	"fmt"
	"strings"
	"time"
)

// A Time is the value of a flag that takes an instant in RFC 3339; zero where the flag
// was not given.
type Time struct{ time.Time }

// Set reads RFC 3339.
func (t *Time) Set(s string) (err error) {
	t.Time, err = ParseTime(s)
	return err
}

// String returns RFC 3339 in UTC, "" for the zero Time.
func (t *Time) String() string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// ParseTime reads an instant in RFC 3339, in UTC.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no RFC 3339 time such as 2026-04-01T09:00:00Z", s)
	}
	return t.UTC(), nil
}

// A Duration is the value of a flag that takes a span of time; see [ParseDuration].
type Duration struct{ time.Duration }

// Set reads what [ParseDuration] reads.
func (d *Duration) Set(s string) (err error) {
	d.Duration, err = ParseDuration(s)
	return err
}

// String returns whole days as 21d, else what a Go duration says; "" for none.
func (d *Duration) String() string {
	switch {
	case d == nil || d.Duration == 0:
		return ""
	case d.Duration%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d.Duration/(24*time.Hour))
	}
	return d.Duration.String()
}

// ParseDuration reads a span of time: a Go duration (36h, 1h30m), days or weeks (30d,
// 2w), or ISO 8601 (P30D, PT4H, P1W, P1DT12H). A day is 24 hours; months and years have
// no fixed length and are refused.
func ParseDuration(s string) (time.Duration, error) {
	bad := fmt.Errorf("%q is no duration such as 36h, 30d, 2w, P30D or PT4H", s)
	neg := strings.HasPrefix(s, "-")
	rest := strings.TrimPrefix(s, "-")
	if iso, ok := strings.CutPrefix(strings.ToUpper(rest), "P"); ok {
		d, ok := isoDuration(iso)
		if !ok {
			return 0, bad
		}
		if neg {
			d = -d
		}
		return d, nil
	}
	for suffix, hours := range map[string]float64{"d": 24, "w": 168} {
		if number, ok := strings.CutSuffix(rest, suffix); ok {
			d, ok := span(number, hours)
			if !ok {
				return 0, bad
			}
			if neg {
				d = -d
			}
			return d, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, bad
	}
	return d, nil
}

// isoDuration reads what stands behind the P.
func isoDuration(s string) (time.Duration, bool) {
	date, clock, timed := strings.Cut(s, "T")
	if s == "" || timed && clock == "" {
		return 0, false
	}
	var total time.Duration
	for _, part := range []struct {
		text, units string
	}{{date, "WD"}, {clock, "HMS"}} {
		text, units := part.text, part.units
		for text != "" {
			i := strings.IndexAny(text, units)
			if i < 0 {
				return 0, false
			}
			hours := map[byte]float64{'W': 168, 'D': 24, 'H': 1, 'M': 1. / 60, 'S': 1. / 3600}[text[i]]
			d, ok := span(text[:i], hours)
			if !ok || total+d < total {
				return 0, false
			}
			total += d
			units = units[strings.IndexByte(units, text[i])+1:]
			text = text[i+1:]
		}
	}
	return total, true
}

// span reads a decimal number of units of so many hours.
func span(number string, hours float64) (time.Duration, bool) {
	if number == "" || strings.Trim(number, "0123456789.") != "" {
		return 0, false
	}
	unit := time.Duration(hours*3600+0.5) * time.Second
	whole, err := time.ParseDuration(number + "h") // reads the decimal exactly, or refuses it
	if err != nil {
		return 0, false
	}
	if unit >= time.Hour {
		n := int64(unit / time.Hour)
		d := whole * time.Duration(n)
		return d, d/time.Duration(n) == whole
	}
	return whole / (time.Hour / unit), true
}
