// Package num holds the numerics whose results reach an output: they give the same bits
// on every port of Go.
//
// The standard library does not promise that. [math.Exp] and [math.Pow] are assembly on
// some ports and differ in the last bit, and the compiler may fuse x*y+z into one rounding
// (arm64, GOAMD64=v3), also inside math.Log1p and math.Lgamma. Everything here is plain Go
// with the rounding of each product written out, so use [Exp], [Exp2], [Expm1], [Log],
// [Log1p], [Log2], [Pow], [Lgamma], [Erf], [Erfc], [NormalCDF], [NormalQuantile], [BetaCDF],
// [BetaQuantile] and [TQuantile] instead. math.Sqrt, math.Floor, math.Abs, math.Frexp and
// math.Ldexp are exact everywhere and fine.
//
// [Normal] and [Exponential] turn one draw of a generator into one variate, always exactly
// one, so that a stream of draws keeps its step. [Percentile] interpolates.
//
// All functions are pure and safe for concurrent use. Errors are below two units in the
// last place unless the function says otherwise.
//
// Exp, Expm1, Log, Log1p, Log2, Pow, Lgamma and Erf follow the algorithms of FreeBSD's msun,
// which asks for this notice:
//
//	Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
//	Developed at SunPro, a Sun Microsystems, Inc. business.
//	Permission to use, copy, modify, and distribute this software is freely
//	granted, provided that this notice is preserved.
package num

import "math"

const (
	ln2Hi = 6.93147180369123816490e-01 // the upper bits of ln 2: products with |k| < 2048 are exact
	ln2Lo = 1.90821492927058770002e-10 // ln 2 − ln2Hi
	ln2   = 6.93147180559945286227e-01
)

// madd is x·y + z in two roundings: without the conversion a compiler may fuse them.
func madd(x, y, z float64) float64 { return float64(x*y) + z }

// horner is c[0] + x·(c[1] + x·(c[2] + …)).
func horner(x float64, c []float64) float64 {
	p := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		p = float64(x*p) + c[i]
	}
	return p
}

// upper is x with the lower half of its bits cleared, so that products of two such
// numbers are exact.
func upper(x float64) float64 {
	return math.Float64frombits(math.Float64bits(x) &^ (1<<32 - 1))
}

// scale is y·2^k for y between ½ and 4.
func scale(y float64, k int) float64 {
	if -1020 < k && k < 1020 {
		return math.Float64frombits(math.Float64bits(y) + uint64(k)<<52)
	}
	return math.Ldexp(y, k)
}
