package attribution

import "github.com/tabi-go/tabi/internal/num"

// Above is the probability that channel a really earned more conversions than b, as the
// method of the intervals estimates it: the share of replicates, equal ones counting half,
// or the normal distribution of the difference. It is false where one of the two has no
// interval, and for results of more than 256 rows. No correction for asking many pairs.
func (r *Result) Above(a, b string) (p float64, ok bool) {
	if r.Credit(a).Channel == "" || r.Credit(b).Channel == "" {
		return 0, false
	}
	if p, ok = r.above[[2]string{a, b}]; ok {
		return p, true
	}
	p, ok = r.above[[2]string{b, a}]
	if ok {
		p = 1 - p
	}
	return p, ok
}

// tie compares all pairs of channels with an interval: whether the interval of their
// difference covers 0, and how probably the first is above the second.
func (r *Result) tie(compare func(i, j int) (same bool, above float64)) {
	r.above = map[[2]string]float64{}
	for i := range r.Credits {
		for j := i + 1; j < len(r.Credits); j++ {
			a, b := r.Credits[i], r.Credits[j]
			if a.Why != "" || b.Why != "" || isRow(a.Channel) || isRow(b.Channel) {
				continue
			}
			pair := [2]string{a.Channel, b.Channel}
			same, above := compare(i, j)
			if r.above[pair] = above; same {
				r.Tied = append(r.Tied, pair)
			}
		}
	}
}

// tieNormal is tie for differences that are normal with a known standard deviation.
func (r *Result) tieNormal(z float64, sd func(i, j int) float64) {
	r.tie(func(i, j int) (bool, float64) {
		d, sd := r.Credits[i].Conversions-r.Credits[j].Conversions, sd(i, j)
		switch {
		case sd > 0:
			return d <= float64(z*sd) && -d <= float64(z*sd), num.NormalCDF(d / sd)
		case d > 0:
			return false, 1
		case d < 0:
			return false, 0
		}
		return true, .5
	})
}

// tieDrawn is tie for differences between replicates.
func (r *Result) tieDrawn(level float64, drawn [][]float64) {
	diff := make([]float64, len(drawn[0]))
	r.tie(func(i, j int) (bool, float64) {
		above := 0.0
		for k := range diff {
			diff[k] = drawn[i][k] - drawn[j][k]
			switch {
			case diff[k] > 0:
				above++
			case diff[k] == 0:
				above += .5
			}
		}
		lo, hi := spread(diff, level)
		return lo <= 0 && hi >= 0, above / float64(len(diff))
	})
}
