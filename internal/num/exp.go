package num

import "math"

// Coefficients of r·coth(r/2) in Exp and Pow.
const (
	p1 = 1.66666666666666657415e-01
	p2 = -2.77777777770155933842e-03
	p3 = 6.61375632143793436117e-05
	p4 = -1.65339022054652515390e-06
	p5 = 4.13813679705723846039e-08
)

// Exp returns e^x. Overflow gives +Inf, underflow 0, NaN gives NaN.
func Exp(x float64) float64 {
	const (
		overflow  = 7.09782712893383973096e+02
		underflow = -7.45133219101941108420e+02
		tiny      = 1.0 / (1 << 28)
		log2e     = 1.44269504088896338700e+00
	)
	switch {
	case math.IsNaN(x):
		return x
	case x > overflow:
		return math.Inf(1)
	case x < underflow:
		return 0
	case -tiny < x && x < tiny:
		return 1 + x
	}
	k := int(madd(log2e, x, math.Copysign(0.5, x)))
	return expRest(x-float64(float64(k)*ln2Hi), float64(float64(k)*ln2Lo), k)
}

// Exp2 returns 2^x, exact for whole x. Overflow gives +Inf, underflow 0, NaN gives NaN.
func Exp2(x float64) float64 {
	switch {
	case math.IsNaN(x):
		return x
	case x >= 1024:
		return math.Inf(1)
	case x <= -1075:
		return 0
	}
	k := int(x + math.Copysign(0.5, x))
	t := x - float64(k)
	return expRest(float64(t*ln2Hi), float64(-t*ln2Lo), k)
}

// expRest is e^(hi−lo)·2^k for |hi−lo| ≤ ln2/2.
func expRest(hi, lo float64, k int) float64 {
	r := hi - lo
	t := float64(r * r)
	c := r - float64(t*madd(t, madd(t, madd(t, madd(t, p5, p4), p3), p2), p1))
	return scale(1-((lo-float64(r*c)/(2-c))-hi), k)
}

// Expm1 returns e^x − 1, accurate where x is near 0. NaN gives NaN.
func Expm1(x float64) float64 {
	const (
		overflow = 7.09782712893383973096e+02
		all      = 3.88162421113569373274e+01 // 56·ln 2: below −all the result is −1
		log2e    = 1.44269504088896338700e+00
		tiny     = 1.0 / (1 << 54)
		q1       = -3.33333333333331316428e-02
		q2       = 1.58730158725481460165e-03
		q3       = -7.93650757867487942473e-05
		q4       = 4.00821782732936239552e-06
		q5       = -2.01099218183624371326e-07
	)
	abs := math.Abs(x)
	switch {
	case math.IsNaN(x), abs < tiny:
		return x
	case x <= -all:
		return -1
	case x > overflow:
		return math.Inf(1)
	}
	// x = k·ln2 + r, c the rounding error of r
	var k int
	var c float64
	if abs > ln2/2 {
		k = int(madd(log2e, x, math.Copysign(0.5, x)))
		if abs < 1.5*ln2 {
			k = int(math.Copysign(1, x))
		}
		hi, lo := x-float64(float64(k)*ln2Hi), float64(float64(k)*ln2Lo)
		x = hi - lo
		c = (hi - x) - lo
	}
	half := 0.5 * x
	h := float64(x * half)
	r := madd(h, madd(h, madd(h, madd(h, madd(h, q5, q4), q3), q2), q1), 1)
	t := 3 - float64(r*half)
	e := float64(h * ((r - t) / (6 - float64(x*t))))
	if k == 0 {
		return x - (float64(x*e) - h)
	}
	e = (float64(x*(e-c)) - c) - h
	switch {
	case k == -1:
		return 0.5*(x-e) - 0.5 // halving is exact: nothing to fuse
	case k == 1 && x < -0.25:
		return -2 * (e - (x + 0.5))
	case k == 1:
		return 1 + 2*(x-e)
	case k <= -2 || k > 56:
		if k == 1024 {
			return (1-(e-x))*2*0x1p1023 - 1
		}
		return scale(1-(e-x), k) - 1
	case k < 20:
		return scale((1-scale(1, -k))-(e-x), k)
	}
	return scale(x-(e+scale(1, -k))+1, k)
}
