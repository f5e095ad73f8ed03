package attribution_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

func journeys() int {
	if n, err := strconv.Atoi(os.Getenv("TABI_JOURNEYS")); err == nil {
		return n
	}
	return 1_000_000
}

// synthetic is the set of most benchmarks, timed.
var synthetic = sync.OnceValue(func() *attribution.Journeys { return generate(journeys(), 50, true) })

func generate(n, channels int, timed bool) *attribution.Journeys {
	r := rand.New(rand.NewPCG(1, 2))
	cum := make([]float64, channels)
	names := make([]string, channels)
	sum := 0.0
	for i := range cum {
		sum += math.Pow(float64(i+1), -.8)
		cum[i], names[i] = sum, fmt.Sprintf("channel %02d", i)
	}
	js := &attribution.Journeys{}
	var row attribution.Row
	for range n {
		row.Channels, row.Ages = row.Channels[:0], row.Ages[:0]
		age := time.Duration(0)
		for {
			u := r.Float64() * sum
			c := 0
			for cum[c] < u {
				c++
			}
			row.Channels = append(row.Channels, names[c])
			if len(row.Channels) == 60 || r.Float64() < .25 {
				break
			}
		}
		if timed {
			for range row.Channels {
				age += time.Duration(r.IntN(100_000)) * time.Second
				row.Ages = append([]time.Duration{age}, row.Ages...)
			}
		} else {
			row.Ages = nil
		}
		row.Conversions, row.Nulls, row.Value = 0, 1, 0
		if r.IntN(5) == 0 {
			row.Conversions, row.Nulls, row.Value = 1, 0, r.Int64N(10_000)
		}
		if err := js.AddRow(row); err != nil {
			panic(err)
		}
	}
	return js
}

var estimates = &attribution.Options{Interval: attribution.Interval{Method: attribution.NoInterval}}

func run(b *testing.B, js *attribution.Journeys, a attribution.Attributor, opts *attribution.Options) {
	b.Helper()
	b.ReportAllocs()
	touches := 0
	for r := range js.Rows() {
		touches += len(r.Channels)
	}
	for b.Loop() {
		if _, err := a.Attribute(js, opts); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(touches), "ns/touch")
}

func BenchmarkRules(b *testing.B) {
	for _, a := range []attribution.Attributor{
		attribution.Rule(attribution.First{}), attribution.Rule(attribution.Last{}), attribution.Rule(attribution.Linear{}),
		attribution.Rule(attribution.Position{}), attribution.Rule(attribution.Ramp{}), attribution.Shapley{},
		attribution.Rule(attribution.TimeDecay{}),
	} {
		b.Run(a.Name(), func(b *testing.B) { run(b, synthetic(), a, estimates) })
	}
}

func BenchmarkMarkov(b *testing.B) {
	for _, k := range []int{1, 2} {
		b.Run(fmt.Sprintf("order %d", k), func(b *testing.B) { run(b, synthetic(), attribution.Markov{Order: k}, estimates) })
	}
}
