package num

import "math"

// Pow returns x^y. The special cases are those of [math.Pow].
func Pow(x, y float64) float64 {
	switch {
	case x == 0 || x == 1 || math.IsNaN(x) || math.IsInf(x, 0),
		y == 0 || math.IsNaN(y) || math.IsInf(y, 0):
		return math.Pow(x, y) // a rule, no rounding
	case y == 1:
		return x
	}
	sign := 1.0
	if x < 0 {
		if y != math.Trunc(y) {
			return math.NaN()
		}
		if math.Mod(y, 2) != 0 {
			sign = -1
		}
		x = -x
	}
	hi, lo := log2Pair(x)
	// y·log2(x) in two parts
	y1 := upper(y)
	pl := madd(y-y1, hi, float64(y*lo))
	ph := float64(y1 * hi)
	switch z := ph + pl; {
	case z > 1100:
		return sign * math.Inf(1)
	case z < -1100:
		return sign * 0
	}
	return sign * exp2Pair(ph, pl)
}

// log2Pair is the binary logarithm of finite x > 0 as hi + lo, hi of at most 21 bits,
// with about 2^−65 of relative error.
func log2Pair(x float64) (hi, lo float64) {
	const (
		l1  = 5.99999999999994648725e-01
		l2  = 4.28571428578550184252e-01
		l3  = 3.33333329818377432918e-01
		l4  = 2.72728123808534006489e-01
		l5  = 2.30660745775561754067e-01
		l6  = 2.06975017800338417784e-01
		cp  = 9.61796693925975554329e-01 // 2/(3·ln 2)
		cpH = 9.61796700954437255859e-01
		cpL = -7.02846165095275826516e-09
	)
	n := 0
	if x < 0x1p-1022 {
		x *= 0x1p53
		n = -53
	}
	bits := math.Float64bits(x)
	n += int(bits>>52) - 1023
	ax := math.Float64frombits(bits&(1<<52-1) | 1023<<52)
	// around 1 or around 3/2, whichever is nearer
	bp, dpH, dpL := 1.0, 0.0, 0.0
	switch {
	case ax < 1.2247447967529297: // √(3/2)
	case ax < 1.7320508956909180: // √3
		bp, dpH, dpL = 1.5, 5.84962487220764160156e-01, 1.35003920212974897128e-08 // log2(3/2)
	default:
		ax /= 2
		n++
	}
	// s = sh + sl = (ax−bp)/(ax+bp)
	u, v := ax-bp, 1/(ax+bp)
	s := float64(u * v)
	sh := upper(s)
	th := upper(ax + bp)
	tl := ax - (th - bp)
	sl := float64(v * ((u - float64(sh*th)) - float64(sh*tl)))
	// log(ax)
	s2 := float64(s * s)
	r := float64(float64(s2*s2) * madd(s2, madd(s2, madd(s2, madd(s2, madd(s2, l6, l5), l4), l3), l2), l1))
	r = madd(sl, sh+s, r)
	s2 = float64(sh * sh)
	th = upper(3 + s2 + r)
	tl = r - ((th - 3) - s2)
	u = float64(sh * th)
	v = madd(sl, th, float64(tl*s))
	// times 2/(3·ln 2)
	ph := upper(u + v)
	pl := v - (ph - u)
	zh := float64(cpH * ph)
	zl := madd(cpL, ph, float64(pl*cp)) + dpL
	t := float64(n)
	hi = upper(((zh + zl) + dpH) + t)
	return hi, zl - (((hi - t) - dpH) - zh)
}

// exp2Pair is 2^(ph+pl) for |ph+pl| ≤ 1100.
func exp2Pair(ph, pl float64) float64 {
	const (
		lg2H = 6.93147182464599609375e-01
		lg2L = -1.90465429995776804525e-09
	)
	n := math.Floor(ph + pl + 0.5)
	ph -= n
	t := upper(pl + ph)
	u := float64(t * lg2H)
	v := madd(pl-(t-ph), ln2, float64(t*lg2L))
	z := u + v
	w := v - (z - u)
	t = float64(z * z)
	t1 := z - float64(t*madd(t, madd(t, madd(t, madd(t, p5, p4), p3), p2), p1))
	r := float64(z*t1)/(t1-2) - (w + float64(z*w))
	return scale(1-(r-z), int(n))
}
