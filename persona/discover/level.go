package discover

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/tabi-go/tabi/persona/discover/internal/evidence"
	"github.com/tabi-go/tabi/persona/discover/internal/record"
)

// A level is one value of an attribute, a bin of its numbers, or the lack of a value.
type level struct {
	value   record.Value // unless it is a bin or missing
	missing bool         // no value, or a range that no bin holds
	bin     bool         // the numbers above lo, up to hi
	lo, hi  float64      // infinite at the ends
}

func (l level) label() string {
	switch text := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }; {
	case l.missing:
		return "(unknown)"
	case !l.bin:
		return l.value.Persona().String()
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

// levelsOf finds the levels of an attribute and the code of each row's: bins where all
// known values are numbers, else each value, in the order of their texts; the missing
// level, if there is one, is the last.
func levelsOf(cells []*record.Value, won []bool) (levels []level, codes []int) {
	numbers := true
	seen := map[record.Value]bool{}
	for _, c := range cells {
		if c != nil {
			numbers = numbers && c.Form == record.Number
			seen[*c] = true
		}
	}
	var codeOf func(c *record.Value) int
	if numbers {
		ranges := make([]evidence.Range, len(cells))
		for i, c := range cells {
			ranges[i] = rangeOf(c)
		}
		cuts := evidence.Cut(ranges, won)
		low := math.Inf(-1)
		for _, c := range append(cuts[:len(cuts):len(cuts)], math.Inf(1)) {
			levels = append(levels, level{bin: true, lo: low, hi: c})
			low = c
		}
		codeOf = func(c *record.Value) int { return cuts.Of(rangeOf(c)) }
	} else {
		for v := range seen {
			levels = append(levels, level{value: v})
		}
		slices.SortFunc(levels, func(a, b level) int {
			return cmp.Or(cmp.Compare(a.label(), b.label()), cmp.Compare(a.value.Form, b.value.Form))
		})
		code := map[record.Value]int{}
		for i, l := range levels {
			code[l.value] = i
		}
		codeOf = func(c *record.Value) int { return code[*c] }
	}
	known := len(levels)
	for _, c := range cells {
		code := evidence.Unknown
		if c != nil {
			code = codeOf(c)
		}
		if code == evidence.Unknown {
			code = known
			if len(levels) == known {
				levels = append(levels, level{missing: true})
			}
		}
		codes = append(codes, code)
	}
	return levels, codes
}

func rangeOf(c *record.Value) evidence.Range {
	if c == nil {
		return evidence.Range{}
	}
	return evidence.Range{Known: true, Lo: c.Lo, Hi: c.Hi, Middle: c.Middle()}
}
