package attribution

import (
	"math"
	"math/bits"
	"sync"

	"github.com/tabi-go/tabi/internal/num"
)

// halves are 2^(−i/1024).
var halves = sync.OnceValue(func() *[1024]float64 {
	var t [1024]float64
	for i := range t {
		t[i] = num.Exp2(-float64(i) / 1024)
	}
	return &t
})

// halved is 2^(−x) for x ≥ 0, to about 10⁻¹⁶: a table for the first ten binary places,
// a polynomial for the rest.
func halved(t *[1024]float64, x float64) float64 {
	if x >= 1000 {
		return num.Exp2(-x)
	}
	k := int(x * 1024)
	z := float64((float64(float64(x*1024)-float64(k)) * (math.Ln2 / 1024)))
	p := 1 - float64(z*(1-float64(z*(0.5-float64(z*(1./6-float64(z*(1./24))))))))
	return float64(float64(t[k&1023]*p) * math.Float64frombits(uint64(1023-k>>10)<<52))
}

// decay tallies time decay over timed paths without step weights. It returns the rows that
// are left for the general way.
func (t *tally) decay(js *Journeys, m TimeDecay) (left []int) {
	table := halves()
	perSecond := 1 / m.halfLife().Seconds()
	var w [maxCells]float64
	js.earners(func(rows []uint32) {
		for _, row := range rows {
			r := int(row)
			lo, hi := js.span(r)
			n := hi - lo
			if n == 0 || n > maxCells {
				left = append(left, r)
				continue
			}
			k, v := int64(js.conversions.small[r])*million, js.values[r]
			ages := js.ages.small[lo:hi]
			newest := ages[n-1]
			sum := 0.0
			for i, a := range ages {
				x := float64(float64(a-newest) * perSecond)
				if m.Floor {
					x = math.Floor(float64(a)*perSecond) - math.Floor(float64(newest)*perSecond)
				}
				w[i] = halved(table, x)
				sum += w[i]
			}
			// Shares in 2⁻⁶³; what rounding leaves goes to the newest step, which has the most.
			scale := float64(1<<62) * 2 / sum
			rest := uint64(1) << 63
			for i, ch := range js.narrow[lo:hi] {
				share := rest
				if i < n-1 {
					share = min(rest, uint64(w[i]*scale))
				}
				rest -= share
				t.conversions[ch] = t.conversions[ch].Add(portion(k, share))
				if v != 0 {
					t.values[ch] = t.values[ch].Add(portion(v, share))
				}
			}
		}
	})
	return left
}

// portion is v·share/2⁶³.
func portion(v int64, share uint64) num.Fixed {
	if v < 0 {
		return portion(-v, share).Neg()
	}
	hi, lo := bits.Mul64(uint64(v), share)
	return num.Fixed{Hi: int64(hi), Lo: lo}
}
