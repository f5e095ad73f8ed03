package sim_test

import (
	"testing"

	"github.com/tabi-go/tabi/internal/sim"
)

func BenchmarkSchedule(b *testing.B) {
	seed := uint64(0)
	for b.Loop() {
		if v := sim.Live(sim.MakeSchedule(seed, sim.DefaultOps, nil)).Violation; v != nil {
			b.Fatal(v)
		}
		seed++
	}
}
