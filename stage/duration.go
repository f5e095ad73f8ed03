package stage

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// iso8601 takes the durations that have a fixed length: no years, no months.
var iso8601 = regexp.MustCompile(`^P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,12})S)?)?$`)

// parseDuration reads Go durations, whole days and weeks ("90d", "2w"), and ISO 8601
// ("P90D", "PT4H"). A day is 24 hours.
func parseDuration(s string) (time.Duration, bool) {
	if n, ok := strings.CutSuffix(s, "d"); ok {
		return multiple(n, day)
	}
	if n, ok := strings.CutSuffix(s, "w"); ok {
		return multiple(n, 7*day)
	}
	parts := iso8601.FindStringSubmatch(s)
	if parts == nil || s[len(s)-1] == 'P' || s[len(s)-1] == 'T' {
		d, err := time.ParseDuration(s)
		return d, err == nil
	}
	var sum time.Duration
	for i, unit := range []time.Duration{7 * day, day, time.Hour, time.Minute, time.Second} {
		if parts[i+1] == "" {
			continue
		}
		d, ok := multiple(parts[i+1], unit)
		if !ok || d > math.MaxInt64-sum {
			return 0, false
		}
		sum += d
	}
	return sum, true
}

func multiple(digits string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || n > uint64(math.MaxInt64/unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// formatDuration writes what parseDuration reads: whole days as such, else as Go does.
func formatDuration(d time.Duration) string {
	if d != 0 && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	return d.String()
}
