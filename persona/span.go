package persona

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Span is a length of time that definition documents write in ISO 8601, such as P30D
// or PT4H.
type Span time.Duration

// MaxSpan is the longest Span, 200 years.
const MaxSpan = Span(200 * 365 * day)

var spanForm = regexp.MustCompile(`^P(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?$`)

var spanUnits = []time.Duration{365 * day, 30 * day, 7 * day, day, time.Hour, time.Minute, time.Second}

// ParseSpan reads an ISO 8601 duration of whole units, not longer than [MaxSpan]; a month
// is 30 days, a year 365.
func ParseSpan(text string) (Span, bool) {
	m := spanForm.FindStringSubmatch(text)
	if m == nil || strings.HasSuffix(text, "P") || strings.HasSuffix(text, "T") {
		return 0, false
	}
	var sum time.Duration
	for i, unit := range spanUnits {
		n, _ := strconv.ParseInt("0"+m[i+1], 10, 64)
		if n > int64(time.Duration(MaxSpan)/unit) {
			return 0, false
		}
		sum += time.Duration(n) * unit
		if sum > time.Duration(MaxSpan) {
			return 0, false
		}
	}
	return Span(sum), true
}

// String returns the span in days, hours, minutes and seconds, such as P1DT12H. What is
// below a second is cut.
func (s Span) String() string {
	rest, date, clock := time.Duration(s), "", ""
	for i, letter := range []string{"D", "H", "M", "S"} {
		unit := spanUnits[i+3]
		if n := rest / unit; n > 0 {
			part := strconv.FormatInt(int64(n), 10) + letter
			if rest -= n * unit; i == 0 {
				date = part
			} else {
				clock += part
			}
		}
	}
	switch {
	case clock != "":
		return "P" + date + "T" + clock
	case date != "":
		return "P" + date
	}
	return "PT0S"
}

// MarshalText returns what [Span.String] returns.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [ParseSpan] reads.
func (s *Span) UnmarshalText(text []byte) error {
	span, ok := ParseSpan(string(text))
	if !ok {
		return errors.New("persona: no ISO 8601 duration")
	}
	*s = span
	return nil
}
