package simulate

import (
	"math"
	"slices"
	"strings"
)

// Scores say how near a credit comes to the Shapley truth.
type Scores struct {
	TV      float64 // total-variation error of the shares: 0 best, 1 worst
	Placebo float64 // share of the credit given to channels that do nothing
	Over    float64 // credit over what the channels brought in all; 1 best
	Err     float64 // Σ|credit − φ|/Σφ; 0 best
	Rank    float64 // Kendall's τ_b between credit and φ; 1 best
}

// Score compares the credit of each channel, in conversions, with t.Shapley. Rows in
// parentheses are left out, a channel without credit has 0, one that the truth does not
// know did nothing. Shares are of credit above 0; without any credit TV is 1 and Placebo
// 0. Over, Err and Rank are NaN where nothing was brought or there is nothing to rank.
func Score(t *Truth, credit map[string]float64) Scores {
	names := slices.Clone(t.Channels)
	for name := range credit {
		if !strings.HasPrefix(name, "(") && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var e, phi []float64
	var sum, truth, wrong, paid, raw, brought float64
	for _, name := range names {
		c, f := credit[name], t.Shapley[name]
		e, phi = append(e, c), append(phi, f)
		sum += math.Max(c, 0)
		truth += math.Max(f, 0)
		raw += c
		brought += f
		wrong += math.Abs(c - f)
		if slices.Contains(t.Placebo, name) {
			paid += math.Max(c, 0)
		}
	}
	s := Scores{TV: 1, Over: raw / float64(t.Full-t.None), Err: wrong / brought, Rank: kendall(e, phi)}
	if sum > 0 {
		s.Placebo = paid / sum
		s.TV = 0
		for i := range names {
			share := 0.0
			if truth > 0 {
				share = math.Max(phi[i], 0) / truth
			}
			s.TV += math.Abs(math.Max(e[i], 0)/sum-share) / 2
		}
	}
	return s
}

// kendall is τ_b of two samples (Kendall 1945): concordant less discordant pairs, over the
// geometric mean of the pairs that are not tied in either.
func kendall(x, y []float64) float64 {
	var same, untiedX, untiedY float64
	for i := range x {
		for j := range i {
			a, b := sign(x[i]-x[j]), sign(y[i]-y[j])
			same += a * b
			untiedX += a * a
			untiedY += b * b
		}
	}
	return same / math.Sqrt(untiedX*untiedY)
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}
