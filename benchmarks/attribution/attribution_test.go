package attribution_test

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/tabi-go/tabi/attribution"
	synthetic "github.com/tabi-go/tabi/benchmarks/attribution"
)

// journeys is the size of the sets.
func journeys() int {
	if n, err := strconv.Atoi(os.Getenv("TABI_JOURNEYS")); err == nil {
		return n
	}
	return 1_000_000
}

func set(n, channels int, timed bool) *attribution.Journeys {
	js := &attribution.Journeys{}
	if err := synthetic.Rows(n, channels, timed, js.AddRow); err != nil {
		panic(err)
	}
	return js
}

var (
	timed  = sync.OnceValue(func() *attribution.Journeys { return set(journeys(), 50, true) })
	small  = sync.OnceValue(func() *attribution.Journeys { return set(10_000, 12, false) })
	people = sync.OnceValue(func() *attribution.Journeys {
		js, err := synthetic.People(40_000, 30)
		if err != nil {
			panic(err)
		}
		return js
	})
)

var estimates = &attribution.Options{Interval: attribution.Interval{Method: attribution.NoInterval}}

// bench runs a model; touches, if not 0, is what a touch costs.
func bench(b *testing.B, js *attribution.Journeys, a attribution.Attributor, opts *attribution.Options, touches float64) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Attribute(js, opts); err != nil {
			b.Fatal(err)
		}
	}
	if touches > 0 {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/touches, "ns/touch")
	}
}

// BenchmarkRules: targets 1 ns a touch, time decay 3.
func BenchmarkRules(b *testing.B) {
	js := timed()
	n := js.Touches()
	for _, a := range []attribution.Attributor{
		attribution.Rule(attribution.First{}), attribution.Rule(attribution.Last{}), attribution.Rule(attribution.Linear{}),
		attribution.Rule(attribution.Position{}), attribution.Rule(attribution.Ramp{}), attribution.Shapley{},
		attribution.Rule(attribution.TimeDecay{}),
	} {
		b.Run(a.Name(), func(b *testing.B) { bench(b, js, a, estimates, n) })
	}
}

// BenchmarkMarkov: counting 3 ns a touch; order 1 with 50 channels under 150 µs beside it;
// 200 replicates under 300 ms.
func BenchmarkMarkov(b *testing.B) {
	js := timed()
	n := js.Touches()
	b.Run("order 1", func(b *testing.B) { bench(b, js, attribution.Markov{}, estimates, n) })
	for _, order := range []int{1, 2} {
		b.Run(fmt.Sprint("counting order ", order), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = attribution.Markov{Order: order}.Chain(js)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/touch")
		})
	}
	tiny := set(5_000, 50, false)
	b.Run("50 channels of 5,000 journeys", func(b *testing.B) { bench(b, tiny, attribution.Markov{}, estimates, 0) })
	b.Run("order 4, 12 channels", func(b *testing.B) { bench(b, small(), attribution.Markov{Order: 4}, estimates, 0) })
	b.Run("bootstrap of 200", func(b *testing.B) { bench(b, small(), attribution.Markov{}, nil, 0) })
}

// BenchmarkSetGame: targets 50 ms for 20 channels, 1.5 s for 24.
func BenchmarkSetGame(b *testing.B) {
	for _, n := range []int{20, 24} {
		js := set(100_000, n, false)
		b.Run(fmt.Sprint(n, " channels"), func(b *testing.B) { bench(b, js, attribution.Shapley{Game: attribution.Rate}, estimates, 0) })
	}
}

// BenchmarkTimeAtRisk: targets 2 s for the hazard with its search for memories, 2 s more
// for lineage, on 40,000 people and 30 days.
func BenchmarkTimeAtRisk(b *testing.B) {
	b.Run("hazard", func(b *testing.B) { bench(b, people(), attribution.Hazard{}, estimates, 0) })
	b.Run("lineage", func(b *testing.B) { bench(b, people(), attribution.Lineage{}, estimates, 0) })
}

// BenchmarkColumns: 1 B a touch for the channel, 4 B for the time, 24 B a journey.
func BenchmarkColumns(b *testing.B) {
	b.ReportAllocs()
	var js *attribution.Journeys
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		js = set(200_000, 50, true)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/200_000, "B/journey")
	b.ReportMetric(js.Touches()/200_000, "touches/journey")
}

func ExampleRows() {
	touches := 0
	_ = synthetic.Rows(3, 50, false, func(r attribution.Row) error {
		touches += len(r.Channels)
		return nil
	})
	fmt.Println(touches)
	// Output: 25
}
