package lead_test

import (
	"testing"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/lead"
	"github.com/tabi-go/tabi/touchpoint"
)

// BenchmarkEngagement: target at most 30 ns per touch and rule.
func BenchmarkEngagement(b *testing.B) {
	kinds := []string{"pageview", "pageview", "pageview", "email_open", "email_click", "download", "form", "webinar_attended", "product_view", "demo"}
	var touches []touchpoint.Touch
	for i := range 200 {
		touches = append(touches, touch(kinds[i%len(kinds)], float64(200-i)))
	}
	f, tb := persona.OfTouches(touches), lead.DefaultTable()
	b.ReportAllocs()
	for b.Loop() {
		tb.Engagement(f, at)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(touches)*len(tb.Rules)), "ns/touch·rule")
}

// BenchmarkScore adds grade, momentum and the status of every day.
func BenchmarkScore(b *testing.B) {
	var touches []touchpoint.Touch
	for i := range 200 {
		touches = append(touches, touch("pageview", float64(200-i)))
	}
	f, tb := agreed(touches...), lead.DefaultTable()
	b.ReportAllocs()
	for b.Loop() {
		tb.Score(fit(80), f, at)
	}
}

// BenchmarkSilence: one visit, six years ago; days cost nothing.
func BenchmarkSilence(b *testing.B) {
	f, tb := agreed(touch("demo", 6*365)), lead.DefaultTable()
	b.ReportAllocs()
	for b.Loop() {
		tb.Score(fit(80), f, at)
	}
}
