package simulate_test

import (
	"testing"

	"github.com/tabi-go/tabi/journey/simulate"
)

func BenchmarkTouches(b *testing.B) {
	b.ReportAllocs()
	p := run(b, scenario(b, "randomised"), 1, 40_000, 30)
	for b.Loop() {
		n := 0
		for range p.Touches() {
			n++
		}
		b.ReportMetric(float64(n), "records/op")
	}
}

func BenchmarkWorlds(b *testing.B) {
	p := run(b, scenario(b, "all"), 1, 40_000, 30)
	for b.Loop() {
		if _, err := p.Truth(&simulate.TruthOptions{Scenario: "all"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMillion(b *testing.B) {
	b.ReportAllocs()
	p := run(b, scenario(b, "randomised"), 1, 1_000_000, 30)
	for b.Loop() {
		for range p.Touches() {
		}
	}
}
