package persona_test

import (
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
)

func TestSpans(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"P30D": 30 * day, "PT4H": 4 * time.Hour, "P1DT12H": 36 * time.Hour, "P1M": 30 * day, "P1Y": 365 * day, "P2W": 14 * day,
		"PT90M": 90 * time.Minute, "PT0S": 0, "P200Y": 200 * 365 * day,
	} {
		got, ok := persona.ParseSpan(text)
		if !ok || time.Duration(got) != want {
			t.Errorf("%s: %v, %v", text, time.Duration(got), ok)
		}
		if again, ok := persona.ParseSpan(got.String()); !ok || again != got {
			t.Errorf("%s is written as %s", text, got)
		}
	}
	for _, text := range []string{"", "P", "PT", "P1", "30d", "P-1D", "P201Y", "P200Y1D", "P1DT", "P1.5D", "p1d"} {
		if _, ok := persona.ParseSpan(text); ok {
			t.Errorf("%s was read", text)
		}
	}
	if got := persona.Span(36*time.Hour + time.Minute + 5*time.Second).String(); got != "P1DT12H1M5S" {
		t.Error(got)
	}
}
