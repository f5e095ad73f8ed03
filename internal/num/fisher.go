package num

import "math"

// FisherExact returns the two-sided p of Fisher's exact test of the table
//
//	a b
//	c d
//
// of counts: the probability, given the margins, of all tables that are no likelier than
// this one. Likelihoods within 1e−7 of each other count as equal, as in R's fisher.test.
// It is NaN where a count is negative. It takes O(min(a+b, a+c)) steps.
func FisherExact(a, b, c, d int) float64 {
	if a < 0 || b < 0 || c < 0 || d < 0 {
		return math.NaN()
	}
	row, col, n := a+b, a+c, a+b+c+d
	lo, hi := max(0, row+col-n), min(row, col)
	mode := min(max(int((float64(row)+1)*(float64(col)+1)/(float64(n)+2)), lo), hi)
	// Likelihoods as multiples of that of the mode, which none exceeds; far away they
	// underflow to 0, and are.
	likelihood := make([]float64, hi-lo+1)
	likelihood[mode-lo] = 1
	for k := mode; k < hi; k++ {
		up := float64(row-k) * float64(col-k)
		likelihood[k+1-lo] = likelihood[k-lo] * up / (float64(k+1) * float64(n-row-col+k+1))
	}
	for k := mode; k > lo; k-- {
		down := float64(k) * float64(n-row-col+k)
		likelihood[k-1-lo] = likelihood[k-lo] * down / (float64(row-k+1) * float64(col-k+1))
	}
	var tail, all float64
	for _, l := range likelihood {
		all += l
		if l <= likelihood[a-lo]*(1+1e-7) {
			tail += l
		}
	}
	return tail / all
}
