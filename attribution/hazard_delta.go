package attribution

import (
	"math"
	"slices"

	"github.com/tabi-go/tabi/attribution/internal/chain"
)

// delta are intervals by the delta method. At the optimum the credit of a channel is
// β_c·X_c and that of a baseline a_g·B_g, so their covariance is that of the parameters,
// the inverse of Σ_e x·xᵀ/λ², times the exposures. The memories are taken as given: too
// narrow where they are not well known.
func (f *hazardFit) delta(res *Result, iv Interval) {
	p := f.problem(f.tau)
	var free []int
	for k, x := range f.fitted.Theta {
		if x > 0 {
			free = append(free, k)
		}
	}
	m := len(free)
	cov := chain.Inverse(p.Information(f.fitted.Theta, free), m)
	if slices.ContainsFunc(cov, func(x float64) bool { return !finite(x) }) {
		res.noIntervals("singular")
		return
	}
	res.present(f.js)
	res.Level = iv.level()
	z := quantile(iv.level())
	// rows are the free parameters behind a row of the result.
	rows := func(name string) (at []int) {
		for i, k := range free {
			base := k < len(f.strata)
			if base && name == Baseline || !base && f.js.channels.names[k-len(f.strata)] == name {
				at = append(at, i)
			}
		}
		return at
	}
	joint := func(a, b []int) float64 {
		v := 0.0
		for _, i := range a {
			for _, j := range b {
				v += float64(float64(p.Exposure[free[i]]*p.Exposure[free[j]]) * cov[i*m+j])
			}
		}
		return v
	}
	for i := range res.Credits {
		c := &res.Credits[i]
		if c.Channel == Unattributed {
			c.Why = "not statistical"
			continue
		}
		at := rows(c.Channel)
		d := float64(z * math.Sqrt(max(0, joint(at, at))))
		c.Lo, c.Hi = max(0, c.Conversions-d), c.Conversions+d
		if c.Conversions > 0 { // money moves with the conversions
			d = float64(d * (math.Abs(float64(c.Value)) / c.Conversions))
		}
		c.ValueLo, c.ValueHi = float64(c.Value)-d, float64(c.Value)+d
		if id, ok := f.js.channels.index[c.Channel]; ok && slices.Contains(f.unproven, int(id)) {
			c.Lo, c.ValueLo = 0, min(0, c.ValueLo)
		}
	}
	if len(res.Credits) > maxPairs {
		return
	}
	res.tie(func(i, j int) bool {
		a, b := rows(res.Credits[i].Channel), rows(res.Credits[j].Channel)
		sd := math.Sqrt(max(0, joint(a, a)+joint(b, b)-2*joint(a, b)))
		return math.Abs(res.Credits[i].Conversions-res.Credits[j].Conversions) <= float64(z*sd)
	})
}
