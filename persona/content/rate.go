package content

import (
	"math"

	"github.com/tabi-go/tabi/internal/num"
)

// A Rate is a share with its uncertainty.
type Rate struct {
	X     int64   `json:"x"` // of N
	N     int64   `json:"n"`
	P     float64 `json:"p"` // smoothed towards what is known on a wider level
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Prior float64 `json:"prior"` // what it was smoothed towards
}

// smoothing is how many observations the wider level counts for.
const smoothing = 20

// rateOf smooths x of n: on the widest level (x+1)/(n+2), below it (x+κp)/(n+κ) with the
// wider level's p. Bounds are the 5 % and 95 % quantiles of the Beta distribution with
// these parameters.
func rateOf(x, n int64, wider *Rate) Rate {
	a, b := float64(x)+1, float64(n-x)+1
	r := Rate{X: x, N: n, Prior: 0.5}
	if wider != nil {
		r.Prior = wider.P
		a = float64(x) + float64(smoothing*wider.P)
		b = float64(n-x) + float64(smoothing*(1-wider.P))
	}
	r.P = a / (a + b)
	r.Low, r.High = num.BetaQuantile(0.05, a, b), num.BetaQuantile(0.95, a, b)
	return r
}

// A Difference is how much greater one rate is than another, with a 90 % interval.
type Difference struct {
	D    float64 `json:"d"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// less returns r − o. The interval adds the distances of the bounds as if they were
// orthogonal (R. G. Newcombe, Statistics in Medicine 17, 1998, method 10, on other bounds).
func (r Rate) less(o Rate) Difference {
	d := r.P - o.P
	root := func(a, b float64) float64 { return math.Sqrt(float64(a*a) + float64(b*b)) }
	return Difference{d, d - root(r.P-r.Low, o.High-o.P), d + root(r.High-r.P, o.P-o.Low)}
}
