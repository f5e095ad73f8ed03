package discover

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

// A level is one value of an attribute, a bin of its numbers, or the lack of a value.
type level struct {
	value   value   // unless it is a bin or missing
	missing bool    // no value, or a range that no bin holds
	bin     bool    // the numbers above lo, up to hi
	lo, hi  float64 // infinite at the ends
}

func (l level) label() string {
	switch text := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }; {
	case l.missing:
		return "(unknown)"
	case !l.bin:
		return l.value.value().String()
	case math.IsInf(l.lo, -1) && math.IsInf(l.hi, 1):
		return "(known)"
	case math.IsInf(l.lo, -1):
		return "≤ " + text(l.hi)
	case math.IsInf(l.hi, 1):
		return "> " + text(l.lo)
	default:
		return "(" + text(l.lo) + ", " + text(l.hi) + "]"
	}
}

// unknown is the code of a row without a value.
const unknown = -1

// levelsOf finds the levels of an attribute and the code of each row's: bins where all
// known values are numbers, else each value, in the order of their texts; the missing
// level, if there is one, is the last.
func levelsOf(cells []*value, won []bool) (levels []level, codes []int) {
	numbers := true
	seen := map[value]bool{}
	for _, c := range cells {
		if c != nil {
			numbers = numbers && c.form == numberForm
			seen[*c] = true
		}
	}
	var codeOf func(c *value) int
	if numbers {
		cuts := joinSmall(quantiles(cells), cells, won)
		low := math.Inf(-1)
		for _, c := range append(cuts[:len(cuts):len(cuts)], math.Inf(1)) {
			levels = append(levels, level{bin: true, lo: low, hi: c})
			low = c
		}
		codeOf = func(c *value) int { return binOf(cuts, c) }
	} else {
		for v := range seen {
			levels = append(levels, level{value: v})
		}
		slices.SortFunc(levels, func(a, b level) int {
			return cmp.Or(cmp.Compare(a.label(), b.label()), cmp.Compare(a.value.form, b.value.form))
		})
		code := map[value]int{}
		for i, l := range levels {
			code[l.value] = i
		}
		codeOf = func(c *value) int { return code[*c] }
	}
	known := len(levels)
	for _, c := range cells {
		code := unknown
		if c != nil {
			code = codeOf(c)
		}
		if code == unknown {
			code = known
			if len(levels) == known {
				levels = append(levels, level{missing: true})
			}
		}
		codes = append(codes, code)
	}
	return levels, codes
}

// quantiles cuts numbers into five parts of about equal size (type 7); a range counts by
// its middle. Each cut is the last number below it, which
// parts the rows alike and reads better.
func quantiles(cells []*value) []float64 {
	var points []float64
	for _, c := range cells {
		if c != nil {
			points = append(points, c.middle())
		}
	}
	slices.Sort(points)
	var cuts []float64
	for i := 1; i < 5; i++ {
		if c := points[(len(points)-1)*i/5]; c < points[len(points)-1] {
			cuts = append(cuts, c)
		}
	}
	return slices.Compact(cuts)
}

// binOf is the bin that holds the whole of a number or range, else unknown.
func binOf(cuts []float64, c *value) int {
	if c == nil {
		return unknown
	}
	lo, _ := slices.BinarySearch(cuts, c.lo)
	if hi, _ := slices.BinarySearch(cuts, c.hi); lo != hi {
		return unknown
	}
	return lo
}

// joinSmall joins bins under 5 % of the known rows to the neighbour with the nearer rate.
func joinSmall(cuts []float64, cells []*value, won []bool) []float64 {
	for len(cuts) > 0 {
		n, wins, known := make([]int, len(cuts)+1), make([]int, len(cuts)+1), 0
		for i, c := range cells {
			if b := binOf(cuts, c); b != unknown {
				known++
				n[b]++
				if won[i] {
					wins[b]++
				}
			}
		}
		least := slices.Index(n, slices.Min(n))
		if n[least]*20 >= known {
			break
		}
		rate := func(b int) float64 { return float64(wins[b]) / float64(max(n[b], 1)) }
		cut := max(least-1, 0) // the cut that goes: below the bin, or above it
		if least > 0 && least < len(cuts) && math.Abs(rate(least+1)-rate(least)) < math.Abs(rate(least-1)-rate(least)) {
			cut = least
		}
		cuts = slices.Delete(cuts, cut, cut+1)
	}
	return cuts
}
