package num

import "math"

// Coefficients of the polynomials below, lowest power first.
var (
	lgA0 = []float64{
		7.72156649015328655494e-02, 6.73523010531292681824e-02, 7.38555086081402883957e-03, 1.19270763183362067845e-03,
		2.20862790713908385557e-04, 2.52144565451257326939e-05,
	}
	lgA1 = []float64{
		3.22467033424113591611e-01, 2.05808084325167332806e-02, 2.89051383673415629091e-03, 5.10069792153511336608e-04,
		1.08011567247583939954e-04, 4.48640949618915160150e-05,
	}
	lgR = []float64{
		1.0, 1.39200533467621045958e+00, 7.21935547567138069525e-01, 1.71933865632803078993e-01,
		1.86459191715652901344e-02, 7.77942496381893596434e-04, 7.32668430744625636189e-06,
	}
	lgS = []float64{
		-7.72156649015328655494e-02, 2.14982415960608852501e-01, 3.25778796408930981787e-01, 1.46350472652464452805e-01,
		2.66422703033638609560e-02, 1.84028451407337715652e-03, 3.19475326584100867617e-05,
	}
	lgT0 = []float64{
		4.83836122723810047042e-01, -3.27885410759859649565e-02, 6.10053870246291332635e-03, -1.40346469989232843813e-03,
		3.15632070903625950361e-04,
	}
	lgT1 = []float64{
		-1.47587722994593911752e-01, 1.79706750811820387126e-02, -3.68452016781138256760e-03, 8.81081882437654011382e-04,
		-3.12754168375120860518e-04,
	}
	lgT2 = []float64{
		6.46249402391333854778e-02, -1.03142241298341437450e-02, 2.25964780900612472250e-03, -5.38595305356740546715e-04,
		3.35529192635519073543e-04,
	}
	lgU = []float64{
		-7.72156649015328655494e-02, 6.32827064025093366517e-01, 1.45492250137234768737e+00, 9.77717527963372745603e-01,
		2.28963728064692451092e-01, 1.33810918536787660377e-02,
	}
	lgV = []float64{
		1.0, 2.45597793713041134822e+00, 2.12848976379893395361e+00, 7.69285150456672783825e-01,
		1.04222645593369134254e-01, 3.21709242282423911810e-03,
	}
	lgW = []float64{
		4.18938533204672725052e-01, 8.33333333333329678849e-02, -2.77777777728775536470e-03, 7.93650558643019558500e-04,
		-5.95187557450339963135e-04, 8.36339918996282139126e-04, -1.63092934096575273989e-03,
	}
)

// Lgamma returns the natural logarithm of Γ(x) for x ≥ 0: +Inf at 0, NaN below. Near its
// zeros at 1 and 2 the error is small against 1, not against the result.
func Lgamma(x float64) float64 {
	switch {
	case x < 0:
		return math.NaN()
	case math.IsNaN(x) || math.IsInf(x, 1):
		return x
	case x == 1 || x == 2:
		return 0
	case x < 0x1p-70:
		return -Log(x)
	case x < 2:
		return lgammaBelow2(x)
	case x < 8:
		i := math.Floor(x)
		y := x - i
		p := float64(y * horner(y, lgS))
		lg := 0.5*y + p/horner(y, lgR)
		z := 1.0 // Γ(1+s) = s·Γ(s)
		for ; i > 2; i-- {
			z *= y + i - 1
		}
		return lg + Log(z)
	case x < 1<<58:
		z := 1 / x
		y := float64(z * z)
		w := madd(z, horner(y, lgW[1:]), lgW[0])
		return madd(x-0.5, Log(x)-1, w)
	}
	return x * (Log(x) - 1)
}

// lgammaBelow2 is Lgamma between 0 and 2, by one of three expansions: around 2, around
// the minimum of Γ, around 1.
func lgammaBelow2(x float64) float64 {
	const (
		least = 1.46163214496836224576e+00  // where Γ is least
		tf    = -1.21486290535849611461e-01 // log Γ there
		tt    = -3.63867699703950536541e-18 // the tail of tf
	)
	var lg float64
	below := 0.0
	if x <= 0.9 { // log Γ(x) = log Γ(x+1) − log x
		lg, below = -Log(x), 1
	}
	switch {
	case x >= least+0.27-below:
		y := (2 - below) - x
		z := float64(y * y)
		p := madd(y, horner(z, lgA0), float64(z*horner(z, lgA1)))
		return lg + (p - 0.5*y)
	case x >= least-0.27-below:
		y := x - (least - below)
		z := float64(y * y)
		w := float64(z * y)
		rest := madd(y, horner(w, lgT2), horner(w, lgT1))
		return lg + (tf + (float64(z*horner(w, lgT0)) - (tt - float64(w*rest))))
	}
	y := x - (1 - below)
	return lg + (float64(y*horner(y, lgU))/horner(y, lgV) - 0.5*y)
}
