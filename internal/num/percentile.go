package num

import "math"

// Percentile returns the p-quantile, 0 ≤ p ≤ 1, of values sorted upwards, interpolated
// linearly between the two nearest (type 7 of Hyndman and Fan, 1996). It is NaN where
// there is no value or p is outside its range.
func Percentile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 || math.IsNaN(p) || p < 0 || p > 1 {
		return math.NaN()
	}
	h := float64(p * float64(len(sorted)-1))
	i := int(h)
	low := sorted[i]
	if f := h - float64(i); f > 0 {
		return madd(f, sorted[i+1]-low, low)
	}
	return low
}
