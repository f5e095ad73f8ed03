package num

import "math"

// BetaCDF returns the probability that a Beta(a, b) variate is at most x: the regularised
// incomplete beta function I(x; a, b), for a, b > 0, else NaN. It is 0 for x ≤ 0 and 1 for
// x ≥ 1. Its error is about 1e−14 for parameters up to a thousand and grows with them as
// that of [Lgamma] does. By the continued fraction of DLMF 8.17.22.
func BetaCDF(x, a, b float64) float64 {
	switch {
	case !(a > 0 && b > 0) || math.IsInf(a, 1) || math.IsInf(b, 1) || math.IsNaN(x):
		return math.NaN()
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	}
	front := Exp(betaLog(x, a, b))
	if x < (a+1)/(a+b+2) {
		return math.Min(front*betaFraction(x, a, b)/a, 1)
	}
	return math.Max(1-front*betaFraction(1-x, b, a)/b, 0)
}

// betaLog is ln(xᵃ(1−x)ᵇ/B(a, b)).
func betaLog(x, a, b float64) float64 {
	return Lgamma(a+b) - Lgamma(a) - Lgamma(b) + float64(a*Log(x)) + float64(b*Log1p(-x))
}

// betaFraction is the continued fraction of I(x; a, b), by Lentz's method. It converges
// fast left of the mean, in O(√max(a, b)) steps.
func betaFraction(x, a, b float64) float64 {
	const tiny = 1e-300
	safe := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c, d := 1.0, 1/safe(1-(a+b)*x/(a+1))
	f := d
	for i := 1; i <= 100_000; i++ {
		m := float64(i)
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d = 1 / safe(madd(even, d, 1))
		c = safe(1 + even/c)
		f *= d * c
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d = 1 / safe(madd(odd, d, 1))
		c = safe(1 + odd/c)
		step := d * c
		f *= step
		if math.Abs(step-1) < 0x1p-52 {
			break
		}
	}
	return f
}

// BetaQuantile returns the x with BetaCDF(x, a, b) = p, NaN where p is outside 0 to 1 or a
// parameter is not above 0. Newton's steps, kept inside a shrinking bracket.
func BetaQuantile(p, a, b float64) float64 {
	switch {
	case !(p >= 0 && p <= 1) || !(a > 0 && b > 0) || math.IsInf(a, 1) || math.IsInf(b, 1):
		return math.NaN()
	case p == 0 || p == 1:
		return p
	case p > 0.5 && BetaCDF(0x1p-10, a, b) < p: // the tail 1−p has more digits than p
		return 1 - BetaQuantile(1-p, b, a)
	}
	lo, hi, x := 0.0, 1.0, a/(a+b)
	for range 1100 { // enough to halve down to the least float64
		off := BetaCDF(x, a, b) - p
		if off == 0 {
			return x
		}
		if off < 0 {
			lo = x
		} else {
			hi = x
		}
		slope := Exp(betaLog(x, a, b)) / (x * (1 - x))
		next := x - off/slope
		if !(next > lo && next < hi) {
			next = lo + (hi-lo)/2
		}
		if math.Abs(next-x) <= 0x1p-51*x || next == lo || next == hi {
			return next
		}
		x = next
	}
	return x
}

// TQuantile returns the p-quantile of Student's t with df > 0 degrees of freedom: −Inf at
// 0, +Inf at 1, NaN outside.
func TQuantile(p, df float64) float64 {
	switch {
	case !(p >= 0 && p <= 1) || !(df > 0):
		return math.NaN()
	case p == 0.5:
		return 0
	case p == 0 || p == 1:
		return math.Inf(int(2*p) - 1)
	}
	x := BetaQuantile(2*math.Min(p, 1-p), df/2, 0.5)
	return math.Copysign(math.Sqrt(df*(1-x)/x), p-0.5)
}
