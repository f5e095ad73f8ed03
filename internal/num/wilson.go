package num

import "math"

// Wilson95 returns the 95 % score interval of a share of x in n, n > 0 (E. B. Wilson,
// Probable inference, JASA 22, 1927). It lies within 0 and 1 and holds x/n.
func Wilson95(x, n float64) (low, high float64) {
	const z = 1.959963984540054
	p, zz := x/n, float64(z*z)
	centre := p + zz/(2*n)
	half := z * math.Sqrt(float64(p*(1-p))/n+zz/float64(4*float64(n*n)))
	scale := 1 + zz/n
	low, high = (centre-half)/scale, (centre+half)/scale
	if x == 0 {
		low = 0
	}
	if x == n {
		high = 1
	}
	return low, high
}
