package num_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tabi-go/tabi/internal/num"
)

func TestCholesky(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < 12; n++ {
		rows := make([]float64, 3*n*n)
		for i := range rows {
			rows[i] = r.NormFloat64()
		}
		a := make([]float64, n*n) // rowsᵀ·rows
		for i := range n {
			for j := range n {
				for k := range 3 * n {
					a[i*n+j] += rows[k*n+i] * rows[k*n+j]
				}
			}
		}
		l := append([]float64(nil), a...)
		if bad := num.Cholesky(l, n, 1e-12); bad >= 0 {
			t.Fatalf("row %d of %d depends on others", bad, n)
		}
		inverse := num.CholeskyInverse(l, n)
		for i := range n {
			for j := range n {
				sum, want := 0.0, 0.0
				for k := range n {
					sum += a[i*n+k] * inverse[k*n+j]
				}
				if i == j {
					want = 1
				}
				if !(math.Abs(sum-want) <= 1e-9) {
					t.Errorf("n = %d: a·inverse has %v at %d, %d", n, sum, i, j)
				}
			}
		}
	}
	for name, a := range map[string][]float64{"twice the same": {1, 1, 1, 1}, "negative": {1, 0, 0, -1}, "not a number": {1, 0, 0, math.NaN()}, "nothing": {1, 0, 0, 0}} {
		if bad := num.Cholesky(a, 2, 1e-12); bad != 1 {
			t.Errorf("%s: row %d", name, bad)
		}
	}
}
