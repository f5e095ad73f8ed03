package attribution

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

// Rows calls f with n synthetic journeys over so many channels. The row is reused.
func Rows(n, channels int, timed bool, f func(r attribution.Row) error) error {
	r := rand.New(rand.NewPCG(1, 2))
	cum := make([]float64, channels)
	names := make([]string, channels)
	sum := 0.0
	for i := range cum {
		sum += math.Pow(float64(i+1), -.8)
		cum[i], names[i] = sum, fmt.Sprintf("channel %02d", i)
	}
	var row attribution.Row
	for range n {
		row.Channels, row.Ages = row.Channels[:0], nil
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
			row.Ages = make([]time.Duration, len(row.Channels))
			age := time.Duration(0)
			for i := len(row.Ages) - 1; i >= 0; i-- {
				age += time.Duration(r.IntN(100_000)) * time.Second
				row.Ages[i] = age
			}
		}
		row.Conversions, row.Nulls, row.Value = 0, 1, 0
		if r.IntN(5) == 0 {
			row.Conversions, row.Nulls, row.Value = 1, 0, r.Int64N(10_000)
		}
		if err := f(row); err != nil {
			return err
		}
	}
	return nil
}

// People are subjects under additive effects, a step a day: five channels that add to the
// rate of conversion and fade in three days.
func People(n, days int) (*attribution.Journeys, error) {
	names := [5]string{"Display", "Paid Social", "Email", "Paid Search", "Paid Other"}
	mu := [5]float64{.08, .05, .05, .04, .03}
	beta := [5]float64{.004, .008, .012, .020, 0}
	fade := math.Exp(-1. / 3)
	r := rand.New(rand.NewPCG(3, 4))
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	js := &attribution.Journeys{}
	for u := range n {
		p := attribution.Path{Subject: fmt.Sprint("u", u), Start: start, End: start.AddDate(0, 0, days).Add(-time.Second)}
		var stock [5]float64
		for d := range days {
			lambda := .002
			at := start.AddDate(0, 0, d)
			for c := range stock {
				stock[c] *= fade
				rate := mu[c]
				if c == 3 && d > 0 && stock[0] > .7 {
					rate += .1
				}
				if r.Float64() < rate {
					stock[c]++
					p.Steps = append(p.Steps, attribution.Step{Channel: names[c], At: at.Add(time.Duration(r.IntN(72_000)) * time.Second)})
				}
				lambda += beta[c] * stock[c]
			}
			if r.Float64() < 1-math.Exp(-lambda) {
				p.End, p.Converted, p.Value = at.Add(80_000*time.Second), true, 8000
				break
			}
		}
		if err := js.Add(p); err != nil {
			return nil, err
		}
	}
	return js, nil
}
