package num

import "math"

// logTail is s·(f²/2 + R) for s = f/(2+f): log(1+f) = f − f²/2 + logTail, |f| ≤ √2 − 1.
func logTail(f, half float64) float64 {
	const (
		l1 = 6.666666666666735130e-01
		l2 = 3.999999999940941908e-01
		l3 = 2.857142874366239149e-01
		l4 = 2.222219843214978396e-01
		l5 = 1.818357216161805012e-01
		l6 = 1.531383769920937332e-01
		l7 = 1.479819860511658591e-01
	)
	s := f / (2 + f)
	s2 := float64(s * s)
	s4 := float64(s2 * s2)
	t1 := float64(s2 * madd(s4, madd(s4, madd(s4, l7, l5), l3), l1))
	t2 := float64(s4 * madd(s4, madd(s4, l6, l4), l2))
	return float64(s * (half + (t1 + t2)))
}

// split is x = (1+f)·2^k with √½ ≤ 1+f < √2, for finite x > 0.
func split(x float64) (f, k float64) {
	e := 0
	if x < 0x1p-1022 {
		x *= 0x1p54
		e = -54
	}
	bits := math.Float64bits(x)
	e += int(bits>>52) - 1023
	m := math.Float64frombits(bits&(1<<52-1) | 1023<<52)
	if m >= math.Sqrt2 {
		m /= 2
		e++
	}
	return m - 1, float64(e)
}

// Log returns the natural logarithm of x: −Inf at 0, NaN below.
func Log(x float64) float64 {
	if y, special := logSpecial(x); special {
		return y
	}
	f, k := split(x)
	half := 0.5 * float64(f*f)
	return float64(k*ln2Hi) - ((half - madd(k, ln2Lo, logTail(f, half))) - f)
}

func logSpecial(x float64) (y float64, special bool) {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 1):
		return x, true
	case x < 0:
		return math.NaN(), true
	case x == 0:
		return math.Inf(-1), true
	}
	return 0, false
}

// Log2 returns the binary logarithm of x, exact for powers of two: −Inf at 0, NaN below.
func Log2(x float64) float64 {
	if y, special := logSpecial(x); special {
		return y
	}
	const (
		hiInv = 1.44269504072144627571e+00 // the upper bits of 1/ln 2
		loInv = 1.67517131648865118353e-10
	)
	f, k := split(x)
	half := 0.5 * float64(f*f)
	hi := upper(f - half)
	lo := ((f - hi) - half) + logTail(f, half)
	valHi := float64(hi * hiInv)
	valLo := madd(lo+hi, loInv, float64(lo*hiInv))
	w := k + valHi
	return (valLo + ((k - w) + valHi)) + w
}

// Log1p returns log(1+x), accurate where x is near 0: −Inf at −1, NaN below.
func Log1p(x float64) float64 {
	switch {
	case math.Abs(x) < 1.0/(1<<54):
		return x
	case math.Abs(x) < 0.25:
		half := 0.5 * float64(x*x)
		return x - (half - logTail(x, half))
	}
	u := 1 + x
	if y, special := logSpecial(u); special {
		return y
	}
	// what the sum lost, as a part of u: log(1+x) = log(u) + lost
	var lost float64
	if x >= 1 {
		lost = (1 - (u - x)) / u
	} else {
		lost = (x - (u - 1)) / u
	}
	f, k := split(u)
	half := 0.5 * float64(f*f)
	return float64(k*ln2Hi) - ((half - (logTail(f, half) + madd(k, ln2Lo, lost))) - f)
}
