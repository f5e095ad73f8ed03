package num_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/tabi-go/tabi/internal/num"
)

// trials is a count of the specification, a tenth of it by default.
func trials(n int) int {
	switch {
	case os.Getenv("TABI_LONG") != "":
		return n
	case testing.Short():
		return n / 400
	}
	return n / 10
}

// amount is a number of any size, often near a power of two.
func amount(r *rand.Rand) int64 {
	v := r.Int64() >> r.IntN(63)
	if r.IntN(4) == 0 {
		v = math.MaxInt64 - int64(r.IntN(3))
	}
	if r.IntN(2) == 0 {
		v = -v - int64(r.IntN(2))
	}
	return v
}

func bigFixed(f num.Fixed) *big.Int {
	x := new(big.Int).Lsh(big.NewInt(f.Hi), 64)
	return x.Add(x, new(big.Int).SetUint64(f.Lo))
}

// Money overflow: quotients and sums of 2⁻⁶³ against math/big, 10 million of them when
// TABI_LONG is set, 1 million otherwise.
func TestMoneyOverflowOfRatiosAgainstBig(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 63))
	refused := 0
	for range trials(10_000_000) {
		v, w, sum := amount(r), r.Uint64()>>r.IntN(64), r.Uint64()>>r.IntN(64)
		if sum == 0 || r.IntN(3) > 0 {
			sum = max(w, 1) + sum>>1
		}
		// ⌊|v|·w·2⁶³/sum⌋ with v's sign; what does not fit is refused.
		abs := new(big.Int).Abs(big.NewInt(v))
		x := abs.Mul(abs, new(big.Int).SetUint64(w))
		whole := new(big.Int).Div(x, new(big.Int).SetUint64(sum))
		x.Div(x.Lsh(x, 63), new(big.Int).SetUint64(sum))
		got, ok := num.Ratio(v, w, sum)
		if fits := whole.Cmp(new(big.Int).Lsh(big.NewInt(1), 63)) <= 0; ok != fits {
			t.Fatalf("%d·%d/%d: taken %v", v, w, sum, ok)
		}
		if !ok {
			refused++
			continue
		}
		if v < 0 {
			x.Neg(x)
		}
		if bigFixed(got).Cmp(x) != 0 {
			t.Fatalf("%d·%d/%d: %v, want %v", v, w, sum, bigFixed(got), x)
		}
		n, frac := got.Floor()
		if back := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(n), 63), new(big.Int).SetUint64(frac)); x.BitLen() < 126 && back.Cmp(x) != 0 {
			t.Fatalf("%d·%d/%d: %d and %d", v, w, sum, n, frac)
		}
		f, _ := new(big.Float).SetMantExp(new(big.Float).SetInt(x), -63).Float64()
		if d := math.Abs(got.Float() - f); !(d <= 1e-15*math.Abs(f)+1e-18) {
			t.Fatalf("%d·%d/%d: %v, want %v", v, w, sum, got.Float(), f)
		}
	}
	if refused == 0 {
		t.Error("nothing was too great")
	}
}

// splitBig is largest remainder by rationals: ties go to the first.
func splitBig(total int64, parts []*big.Rat) []int64 {
	size, sign := new(big.Int).Abs(big.NewInt(total)), int64(1)
	if total < 0 {
		sign = -1
	}
	out, rest, order := make([]int64, len(parts)), make([]*big.Rat, len(parts)), make([]int, len(parts))
	left := new(big.Int).Set(size)
	for i, p := range parts {
		x := new(big.Rat).Mul(p, new(big.Rat).SetInt(size))
		q := new(big.Int).Div(x.Num(), x.Denom())
		rest[i], order[i] = x.Sub(x, new(big.Rat).SetInt(q)), i
		left.Sub(left, q)
		out[i] = int64(q.Uint64())
	}
	slices.SortStableFunc(order, func(a, b int) int { return rest[b].Cmp(rest[a]) })
	for _, i := range order[:left.Int64()] {
		out[i]++
	}
	for i := range out {
		out[i] *= sign
	}
	return out
}

// Money overflow: splits by weights against math/big.
func TestMoneyOverflowOfSplitsAgainstBig(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(2, 63))
	for range trials(1_000_000) {
		total, w := amount(r), make([]uint64, 1+r.IntN(6))
		var sum uint64
		for i := range w {
			w[i] = r.Uint64() >> (3 + r.IntN(61)) // their sum is below 2⁶⁴
			if r.IntN(4) == 0 && i > 0 {
				w[i] = w[i-1]
			}
			sum += w[i]
		}
		if sum == 0 {
			w[0], sum = 1, 1
		}
		out := make([]int64, len(w))
		num.Split(total, w, out)
		parts := make([]*big.Rat, len(w))
		for i, x := range w {
			parts[i] = new(big.Rat).SetFrac(new(big.Int).SetUint64(x), new(big.Int).SetUint64(sum))
		}
		if want := splitBig(total, parts); !slices.Equal(out, want) {
			t.Fatalf("%d by %d: %d, want %d", total, w, out, want)
		}
	}
}

// What is gathered as parts is rounded so that it sums to the total, and no part by more
// than one.
func TestRoundedPartsSumToTheTotal(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 63))
	for range trials(500_000) {
		n := 1 + r.IntN(5)
		parts, out := make([]num.Fixed, n), make([]int64, n)
		var total int64
		for range 1 + r.IntN(4) {
			v := amount(r) >> 4
			total += v
			w := make([]uint64, n)
			var sum uint64
			for i := range w {
				w[i] = 1 + r.Uint64N(1<<20)
				sum += w[i]
			}
			for i, x := range w {
				p, ok := num.Ratio(v, x, sum)
				if !ok {
					t.Fatalf("%d·%d/%d", v, x, sum)
				}
				parts[i] = parts[i].Add(p)
			}
		}
		if !num.Round(parts, total, out) {
			t.Fatalf("parts of %d do not add up", total)
		}
		var got int64
		for i, x := range out {
			got += x
			if low, _ := parts[i].Floor(); x != low && x != low+1 {
				t.Fatalf("%v became %d", parts[i].Float(), x)
			}
		}
		if got != total {
			t.Fatalf("%d of %d", got, total)
		}
	}
	// Equal remainders: the first ones get the rest.
	third, _ := num.Ratio(10, 1, 3)
	out := make([]int64, 3)
	if !num.Round([]num.Fixed{third, third, third}, 10, out) || !slices.Equal(out, []int64{4, 3, 3}) {
		t.Errorf("%d", out)
	}
}

// Whole parts stay as they are, and so do those that fell short of whole by the rounding
// of their sums.
func TestWholePartsThatSumToTheTotalStay(t *testing.T) {
	t.Parallel()
	short := num.Fixed{Lo: 1<<63 - 1} // 1 − 2⁻⁶³
	for total, parts := range map[int64][]num.Fixed{3: {{Lo: 1 << 63}, {Hi: 1}}, 2: {short, short}, -1: {{Hi: -1, Lo: 1 << 63}, {}}} {
		out := make([]int64, 2)
		if !num.Round(parts, total, out) || out[0]+out[1] != total || out[0] != max(-1, min(total, 1)) {
			t.Errorf("%d: %d", total, out)
		}
	}
}

// Parts that are credit as they stand, and sum to something else, are rounded one by one.
func TestPartsThatDoNotSumToTheTotalAreRoundedByThemselves(t *testing.T) {
	t.Parallel()
	half, _ := num.Ratio(7, 1, 2)
	minus, _ := num.Ratio(-9, 1, 4)
	out := make([]int64, 2)
	if num.Round([]num.Fixed{half, minus}, 100, out) || !slices.Equal(out, []int64{4, -2}) {
		t.Errorf("%d", out)
	}
}
