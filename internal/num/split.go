package num

import (
	"cmp"
	"math/bits"
	"slices"
)

// FracBits is the number of binary places of a [Fixed].
const FracBits = 63

// A Fixed is a signed 128-bit number with 63 binary places: an int64 and its fraction.
// Sums of Fixed are exact, so the order of adding cannot show.
type Fixed struct {
	Hi int64
	Lo uint64
}

// Add is a + b.
func (a Fixed) Add(b Fixed) Fixed {
	lo, c := bits.Add64(a.Lo, b.Lo, 0)
	return Fixed{a.Hi + b.Hi + int64(c), lo}
}

// Neg is -a.
func (a Fixed) Neg() Fixed {
	lo, c := bits.Add64(^a.Lo, 1, 0)
	return Fixed{^a.Hi + int64(c), lo}
}

// Ratio is v·w/sum towards zero; false if w is so much greater than sum that it does not
// fit, or sum is 0.
func Ratio(v int64, w, sum uint64) (Fixed, bool) {
	hi, lo := bits.Mul64(abs(v), w)
	if hi >= sum {
		return Fixed{}, false
	}
	q, rem := bits.Div64(hi, lo, sum)
	if q > 1<<63 {
		return Fixed{}, false
	}
	frac, _ := bits.Div64(rem>>1, rem<<63, sum)
	f := Fixed{int64(q >> 1), q<<63 | frac}
	if v < 0 {
		f = f.Neg()
	}
	return f, true
}

// Floor is the greatest integer not above a, and the fraction above it in 2⁻⁶³.
func (a Fixed) Floor() (n int64, frac uint64) {
	return a.Hi<<1 | int64(a.Lo>>63), a.Lo &^ (1 << 63)
}

// Float is the nearest float64, give or take one unit in the last place.
func (a Fixed) Float() float64 {
	if a.Hi < 0 {
		return -a.Neg().Float()
	}
	return float64(float64(a.Hi)*2) + float64(float64(a.Lo)/(1<<63))
}

// Round rounds parts to integers that sum to total, by largest remainder, ties to the
// lower index. If the parts do not sum to total (give or take rounding), each goes to its
// nearest integer instead and the result is false.
func Round(parts []Fixed, total int64, out []int64) bool {
	var sum Fixed
	rem := make([]uint64, len(parts))
	left := total
	for i, p := range parts {
		out[i], rem[i] = p.Floor()
		left -= out[i]
		sum = sum.Add(p)
	}
	off := sum.Add(Fixed{total >> 1, uint64(total) << 63}.Neg())
	if off.Hi != 0 && off.Hi != -1 || left < 0 || left > int64(len(parts)) {
		for i := range out {
			out[i] += int64(rem[i] >> 62)
		}
		return false
	}
	// Remainders that differ by less than the rounding of their sums are equal.
	for i := range rem {
		rem[i] = (rem[i] + 1<<22) >> 23
	}
	handOut(out, rem, int(left))
	return true
}

// handOut adds one to as many of out as are left over, those of the largest remainders,
// ties to the lower index.
func handOut(out []int64, rem []uint64, left int) {
	if left == 0 {
		return
	}
	order := make([]int, len(rem))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rem[b], rem[a]) })
	for _, i := range order[:left] {
		out[i]++
	}
}

// Split divides total in proportion to w by largest remainder, ties to the lower index:
// exactly, in 128 bits. A negative total gives the negative of its opposite. The weights
// must sum to less than 2⁶³ and to more than 0.
func Split(total int64, w []uint64, out []int64) {
	var sum uint64
	for _, x := range w {
		sum += x
	}
	size := abs(total)
	left := size
	rem := make([]uint64, len(w))
	for i, x := range w {
		hi, lo := bits.Mul64(size, x)
		q, r := bits.Div64(hi, lo, sum)
		out[i], rem[i] = int64(q), r
		left -= q
	}
	handOut(out, rem, int(left))
	if total < 0 {
		for i := range out {
			out[i] = -out[i]
		}
	}
}

func abs(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}
