package num

import "math"

// Coefficients of the rational approximations below, lowest power first.
var (
	erfPp = []float64{
		1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02, -5.77027029648944159157e-03,
		-2.37630166566501626084e-05,
	}
	erfQq = []float64{
		1, 3.97917223959155352819e-01, 6.50222499887672944485e-02, 5.08130628187576562776e-03,
		1.32494738004321644526e-04, -3.96022827877536812320e-06,
	}
	erfPa = []float64{
		-2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01, 3.18346619901161753674e-01,
		-1.10894694282396677476e-01, 3.54783043256182359371e-02, -2.16637559486879084300e-03,
	}
	erfQa = []float64{
		1, 1.06420880400844228286e-01, 5.40397917702171048937e-01, 7.18286544141962662868e-02,
		1.26171219808761642112e-01, 1.36370839120290507362e-02, 1.19844998467991074170e-02,
	}
	erfRa = []float64{
		-9.86494403484714822705e-03, -6.93858572707181764372e-01, -1.05586262253232909814e+01, -6.23753324503260060396e+01,
		-1.62396669462573470355e+02, -1.84605092906711035994e+02, -8.12874355063065934246e+01, -9.81432934416914548592e+00,
	}
	erfSa = []float64{
		1, 1.96512716674392571292e+01, 1.37657754143519042600e+02, 4.34565877475229228821e+02,
		6.45387271733267880336e+02, 4.29008140027567833386e+02, 1.08635005541779435134e+02, 6.57024977031928170135e+00,
		-6.04244152148580987438e-02,
	}
	erfRb = []float64{
		-9.86494292470009928597e-03, -7.99283237680523006574e-01, -1.77579549177547519889e+01, -1.60636384855821916062e+02,
		-6.37566443368389627722e+02, -1.02509513161107724954e+03, -4.83519191608651397019e+02,
	}
	erfSb = []float64{
		1, 3.03380607434824582924e+01, 3.25792512996573918826e+02, 1.53672958608443695994e+03,
		3.19985821950859553908e+03, 2.55305040643316442583e+03, 4.74528541206955367215e+02, -2.24409524465858183362e+01,
	}
)

const erx = 8.45062911510467529297e-01 // erf(1), rounded

// Erf returns the error function of x, 2/√π·∫₀ˣ e^(−t²) dt. NaN gives NaN.
func Erf(x float64) float64 {
	a := math.Abs(x)
	var y float64
	switch {
	case math.IsNaN(x):
		return x
	case a < 0x1p-28:
		const efx = 1.28379167095512586316e-01 // 2/√π − 1
		return madd(efx, x, x)
	case a < 0.84375:
		return madd(x, erfSmall(x), x)
	case a < 1.25:
		y = erx + erfMiddle(a)
	case a < 6:
		y = 1 - erfTail(a)
	default:
		y = 1
	}
	return math.Copysign(y, x)
}

// Erfc returns 1 − Erf(x), within four units of the last place also where that is small.
// NaN gives NaN.
func Erfc(x float64) float64 {
	a := math.Abs(x)
	switch {
	case math.IsNaN(x):
		return x
	case a < 0x1p-56:
		return 1 - x
	case x < 0.25 && a < 0.84375:
		return 1 - madd(x, erfSmall(x), x)
	case a < 0.84375:
		return 0.5 - madd(x, erfSmall(x), x-0.5)
	case a < 1.25 && x > 0:
		return 1 - erx - erfMiddle(a)
	case a < 1.25:
		return 1 + (erx + erfMiddle(a))
	case x < -6:
		return 2
	case x < 0:
		return 2 - erfTail(a)
	case x < 28:
		return erfTail(a)
	}
	return 0
}

// erfSmall is erf(x)/x − 1 for |x| < 27/32.
func erfSmall(x float64) float64 {
	z := float64(x * x)
	return horner(z, erfPp) / horner(z, erfQq)
}

// erfMiddle is erf(x) − erx for 27/32 ≤ x < 5/4.
func erfMiddle(x float64) float64 { return horner(x-1, erfPa) / horner(x-1, erfQa) }

// erfTail is 1 − erf(x) for 5/4 ≤ x < 28.
func erfTail(x float64) float64 {
	s := 1 / float64(x*x)
	num, den := erfRb, erfSb
	if x < 1/0.35 {
		num, den = erfRa, erfSa
	}
	z := upper(x) // its square is exact
	return Exp(-float64(z*z)-0.5625) * Exp(madd(z-x, z+x, horner(s, num)/horner(s, den))) / x
}
