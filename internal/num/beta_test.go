package num_test

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tabi-go/tabi/internal/num"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want)/math.Max(1, math.Abs(want)) <= tolerance) {
		t.Errorf("%s = %.17g, want %.17g", what, got, want)
	}
}

// Closed forms, and for t also R's qt.
func TestBetaAndT(t *testing.T) {
	t.Parallel()
	for _, p := range []float64{1e-9, 0.05, 0.3, 0.5, 0.95, 1 - 1e-9} {
		for _, b := range []float64{0.1, 1, 7, 250} {
			near(t, "Beta(1,b)", num.BetaQuantile(p, 1, b), -num.Expm1(num.Log1p(-p)/b), 1e-13)
			near(t, "Beta(b,1)", num.BetaQuantile(p, b, 1), num.Pow(p, 1/b), 1e-13)
		}
		s := math.Sin(math.Pi * p / 2)
		near(t, "Beta(½,½)", num.BetaQuantile(p, 0.5, 0.5), s*s, 1e-13)
		near(t, "t with one degree", num.TQuantile(p, 1), math.Copysign(1/math.Tan(math.Pi*math.Min(p, 1-p)), p-0.5), 1e-12)
	}
	// I(x; a, b) of whole a, b is a binomial tail.
	near(t, "BetaCDF(.3,2,3)", num.BetaCDF(0.3, 2, 3), 1-(math.Pow(.7, 4)+4*.3*math.Pow(.7, 3)), 1e-15)
	for df, want := range map[float64]float64{2: 4.302652729749464, 4: 2.7764451051977987, 9: 2.262157162798205, 30: 2.0422724563012373} {
		near(t, "t.975", num.TQuantile(0.975, df), want, 1e-12)
		near(t, "t.025", num.TQuantile(0.025, df), -want, 1e-12)
	}
	near(t, "t of many degrees", num.TQuantile(0.975, 1e7), num.NormalQuantile(0.975), 1e-6)
	for _, bad := range []float64{num.BetaCDF(.5, 0, 1), num.BetaCDF(.5, 1, 0), num.BetaQuantile(.5, 0, 1), num.BetaQuantile(.5, 1, 0), num.BetaQuantile(2, 1, 1), num.BetaQuantile(.5, 1, math.NaN()), num.BetaQuantile(.5, math.Inf(1), 1), num.TQuantile(.5, 0), num.TQuantile(-1, 3)} {
		if !math.IsNaN(bad) {
			t.Errorf("%v, want NaN", bad)
		}
	}
	if num.BetaCDF(-1, 2, 2) != 0 || num.BetaCDF(2, 2, 2) != 1 || num.BetaQuantile(0, 2, 2) != 0 || num.BetaQuantile(1, 2, 2) != 1 ||
		!math.IsInf(num.TQuantile(0, 2), -1) || !math.IsInf(num.TQuantile(1, 2), 1) || num.TQuantile(0.5, 2) != 0 {
		t.Error("wrong at an end")
	}
}

func TestBetaQuantileInvertsTheCDF(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	h := fnv.New64a()
	for range 3000 {
		a, b, p := num.Exp2(20*r.Float64()-5), num.Exp2(20*r.Float64()-5), r.Float64()
		x := num.BetaQuantile(p, a, b)
		fmt.Fprintf(h, "%x ", math.Float64bits(x))
		// Near 1 the quantile has no digits left to tell p.
		if x < 1-1e-6 {
			near(t, "CDF of the quantile", num.BetaCDF(x, a, b), p, 1e-7)
		}
	}
	if got := fmt.Sprintf("%016x", h.Sum64()); got != "62a7fd4851ae28ce" {
		t.Errorf("bits changed: %s", got)
	}
}
