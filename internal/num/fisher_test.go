package num_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/tabi-go/tabi/internal/num"
)

// exactFisher sums the tables in whole numbers.
func exactFisher(a, b, c, d int) float64 {
	row, col, n := int64(a+b), int64(a+c), int64(a+b+c+d)
	ways := func(k int64) *big.Int {
		return new(big.Int).Mul(new(big.Int).Binomial(col, k), new(big.Int).Binomial(n-col, row-k))
	}
	tail, all := new(big.Int), new(big.Int)
	for k := max(0, row+col-n); k <= min(row, col); k++ {
		w := ways(k)
		all.Add(all, w)
		if w.Cmp(ways(int64(a))) <= 0 {
			tail.Add(tail, w)
		}
	}
	p, _ := new(big.Rat).SetFrac(tail, all).Float64()
	return p
}

func TestFisherExactSumsTheTablesNoLikelier(t *testing.T) {
	for _, tt := range []struct {
		a, b, c, d int
		want       float64
	}{
		{3, 1, 1, 3, 34.0 / 70}, // Fisher's lady tasting tea
		{1, 9, 11, 3, 0.0027594561852200836},
		{5, 0, 7, 0, 1}, // nothing to compare with
		{0, 0, 0, 0, 1},
		{2000, 0, 0, 2000, 0}, // below the least float64
	} {
		if got := num.FisherExact(tt.a, tt.b, tt.c, tt.d); !(math.Abs(got-tt.want) <= 1e-14) {
			t.Errorf("%d %d %d %d: %v, want %v", tt.a, tt.b, tt.c, tt.d, got, tt.want)
		}
	}
	if !math.IsNaN(num.FisherExact(-1, 1, 1, 1)) {
		t.Error("a negative count is no count")
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		a, b, c, d := r.IntN(40), r.IntN(40), r.IntN(40), r.IntN(120)
		got, want := num.FisherExact(a, b, c, d), exactFisher(a, b, c, d)
		if !(math.Abs(got-want) <= 1e-12*want) {
			t.Errorf("%d %d %d %d: %v, want %v", a, b, c, d, got, want)
		}
		if turned := num.FisherExact(b, a, d, c); !(math.Abs(turned-got) <= 1e-12*got) {
			t.Errorf("%d %d %d %d: turned %v, not %v", a, b, c, d, turned, got)
		}
	}
}
