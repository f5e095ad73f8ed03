package evidence

import (
	"math"
	"slices"
)

// Unknown is the bin of what no bin holds.
const Unknown = -1

// A Range is a number or a range of numbers.
type Range struct {
	Known  bool
	Lo, Hi float64
	Middle float64 // what stands for it
}

// Bins are the cuts between bins: each holds the numbers above a cut, up to the next.
type Bins []float64

// Cut cuts numbers into five parts of about equal size, and joins those under 5 % of the
// known rows to the neighbour with the nearer rate.
func Cut(cells []Range, won []bool) Bins {
	return quantiles(cells).joinSmall(cells, won)
}

// quantiles are those of type 7. Each cut is the last number below it, which parts the
// rows alike and reads better. Equal ones, and the greatest number, leave a bin empty.
func quantiles(cells []Range) (cuts Bins) {
	var points []float64
	for _, c := range cells {
		if c.Known {
			points = append(points, c.Middle)
		}
	}
	slices.Sort(points)
	for i := 1; i < 5; i++ {
		cuts = append(cuts, points[(len(points)-1)*i/5])
	}
	return cuts
}

// Of is the bin that holds the whole of a number or range, else Unknown.
func (b Bins) Of(c Range) int {
	if !c.Known {
		return Unknown
	}
	lo, _ := slices.BinarySearch(b, c.Lo)
	if hi, _ := slices.BinarySearch(b, c.Hi); lo != hi {
		return Unknown
	}
	return lo
}

func (b Bins) joinSmall(cells []Range, won []bool) Bins {
	for len(b) > 0 {
		n, wins, known := make([]int, len(b)+1), make([]int, len(b)+1), 0
		for i, c := range cells {
			if bin := b.Of(c); bin != Unknown {
				known++
				n[bin]++
				if won[i] {
					wins[bin]++
				}
			}
		}
		least := slices.Index(n, slices.Min(n))
		if n[least] > 0 && n[least]*20 >= known {
			break
		}
		rate := func(bin int) float64 { return float64(wins[bin]) / float64(max(n[bin], 1)) }
		cut := max(least-1, 0) // the cut that goes: below the bin, or above it
		if least > 0 && least < len(b) && math.Abs(rate(least+1)-rate(least)) < math.Abs(rate(least-1)-rate(least)) {
			cut = least
		}
		b = slices.Delete(b, cut, cut+1)
	}
	return b
}
