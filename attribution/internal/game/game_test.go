package game_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tabi-go/tabi/attribution/internal/game"
)

func TestZetaSumsOverSubsets(t *testing.T) {
	t.Parallel()
	for n := range 17 {
		table := make([]float64, 1<<n)
		r := rand.New(rand.NewPCG(1, uint64(n)))
		for i := range table {
			table[i] = float64(r.IntN(100))
		}
		want := append([]float64(nil), table...)
		game.Zeta(table)
		for range 200 {
			s, sum := r.IntN(len(table)), 0.0
			for sub := s; ; sub = (sub - 1) & s {
				sum += want[sub]
				if sub == 0 {
					break
				}
			}
			if table[s] != sum {
				t.Fatalf("n=%d, set %b: %v, want %v", n, s, table[s], sum)
			}
		}
	}
}

func TestValuesAreTheMeansOverAllOrders(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(2, 2))
	for n := 1; n <= 6; n++ {
		v := make([]float64, 1<<n)
		for i := range v {
			v[i] = r.NormFloat64()
		}
		want, orders := make([]float64, n), 0.0
		var walk func(order []int, used int)
		walk = func(order []int, used int) {
			if len(order) == n {
				orders++
				set := 0
				for _, p := range order {
					want[p] += v[set|1<<p] - v[set]
					set |= 1 << p
				}
				return
			}
			for p := range n {
				if used>>p&1 == 0 {
					walk(append(order, p), used|1<<p)
				}
			}
		}
		walk(nil, 0)
		// The same game with players who add nothing, before and behind: more than a block.
		for _, shift := range []int{0, 13} {
			all := n + shift
			phi, worth := game.Values(all, func(top uint64, block []float64) {
				for s := range block {
					block[s] = v[(top|uint64(s))>>shift&(1<<n-1)]
				}
			})
			for i := range all {
				x := 0.0
				if k := i - shift; k >= 0 && k < n {
					x = want[k] / orders
				}
				if !(math.Abs(phi[i]-x) <= 1e-12) {
					t.Errorf("n=%d of %d, player %d: %v, want %v", n, all, i, phi[i], x)
				}
			}
			if worth != v[len(v)-1] {
				t.Errorf("worth %v, want %v", worth, v[len(v)-1])
			}
		}
	}
}

// Pairs of orders are each exact for games of one and two players, so they do not spread;
// one pair knows no spread at all and says 0.
func TestSampleOfPairs(t *testing.T) {
	t.Parallel()
	v := []float64{0, 1, 2, 7, 4, 4, 9, 15}
	marginals := func(order []int, out []float64) {
		set := 0
		for _, p := range order {
			out[p] = v[set|1<<p] - v[set]
			set |= 1 << p
		}
	}
	exact, _ := game.Values(3, func(_ uint64, block []float64) { copy(block, v) })
	for _, tc := range []struct {
		name        string
		n, pairs    int
		want        []float64
		tol, lo, hi float64 // of the means; of the variances
	}{
		{"one pair of two players", 2, 1, []float64{3, 4}, 0, 0, 0},
		{"many pairs of two players", 2, 50, []float64{3, 4}, 1e-12, 0, 1e-12},
		{"one pair of three players", 3, 1, exact, 3, 0, 0},
		{"many pairs of three players", 3, 20_000, exact, .05, 1e-6, 1e-3},
	} {
		phi, variance := game.Sample(tc.n, tc.pairs, 5, marginals)
		for i := range tc.n {
			if !(math.Abs(phi[i]-tc.want[i]) <= tc.tol) {
				t.Errorf("%s: player %d %v, want %v", tc.name, i, phi[i], tc.want[i])
			}
			if !(variance[i] >= tc.lo && variance[i] <= tc.hi) {
				t.Errorf("%s: variance %v of player %d", tc.name, variance[i], i)
			}
		}
	}
}
