package num_test

import (
	"math"
	"testing"

	"github.com/tabi-go/tabi/internal/num"
)

// The bounds are the shares whose own distance to x/n is z standard errors, which is what
// the interval is defined by.
func TestWilson95SolvesItsEquation(t *testing.T) {
	const z = 1.959963984540054
	for n := 1.0; n <= 2000; n = n*3 + 1 {
		for x := 0.0; x <= n; x += max(1, math.Floor(n/7)) {
			low, high := num.Wilson95(x, n)
			if !(0 <= low && low <= x/n && x/n <= high && high <= 1) {
				t.Fatalf("%v of %v: %v %v", x, n, low, high)
			}
			for _, p := range []float64{low, high} {
				if p == 0 || p == 1 {
					continue
				}
				if got := math.Abs(x/n-p) / math.Sqrt(p*(1-p)/n); !(math.Abs(got-z) <= 1e-9) {
					t.Fatalf("%v of %v: %v is %v standard errors away", x, n, p, got)
				}
			}
		}
	}
	// A published value: 81 of 263 (Newcombe 1998).
	if low, high := num.Wilson95(81, 263); !(math.Abs(low-0.2553) <= 5e-5 && math.Abs(high-0.3662) <= 5e-5) {
		t.Errorf("81 of 263: %v %v", low, high)
	}
}
