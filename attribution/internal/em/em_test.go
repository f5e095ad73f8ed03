package em_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tabi-go/tabi/attribution/internal/em"
)

// problem is a random one with n parameters.
func problem(r *rand.Rand, n int) *em.Problem {
	p := &em.Problem{Exposure: make([]float64, n), Begin: []int32{0}}
	for k := range p.Exposure {
		p.Exposure[k] = 1 + 10*r.Float64()
	}
	for range 5 + r.IntN(60) {
		p.Weight = append(p.Weight, float64(1+r.IntN(3)))
		p.Index, p.Part = append(p.Index, 0), append(p.Part, 1)
		for k := 1; k < n; k++ {
			if r.IntN(3) == 0 {
				p.Index, p.Part = append(p.Index, int32(k)), append(p.Part, r.Float64())
			}
		}
		p.Begin = append(p.Begin, int32(len(p.Index)))
	}
	return p
}

func loglik(p *em.Problem, theta []float64) float64 {
	ll := 0.0
	for e, w := range p.Weight {
		s := 0.0
		for i := p.Begin[e]; i < p.Begin[e+1]; i++ {
			s += theta[p.Index[i]] * p.Part[i]
		}
		ll += w * math.Log(s)
	}
	for k, z := range p.Exposure {
		ll -= theta[k] * z
	}
	return ll
}

// Invariant 16 of the specification: the likelihood never falls, and the conditions of
// Karush, Kuhn and Tucker hold at the end, wherever the fit began.
func TestFitClimbsToTheOneOptimum(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 9))
		n := 1 + r.IntN(6)
		p := problem(r, n)
		start := make([]float64, n)
		for k := range start {
			start[k] = .01 + r.Float64()
		}
		before := loglik(p, start)
		for rounds := 1; rounds < 12; rounds++ {
			f := p.Fit(append([]float64(nil), start...), rounds)
			if f.Rounds > rounds {
				t.Fatalf("seed %d: %d rounds of %d", seed, f.Rounds, rounds)
			}
			if !(f.LogLik >= before-1e-9) {
				t.Fatalf("seed %d: %v after %v", seed, f.LogLik, before)
			}
			before = f.LogLik
		}
		f := p.Fit(start, 600)
		if !f.Converged {
			t.Fatalf("seed %d: not converged", seed)
		}
		for k := range n {
			slope, scale := -p.Exposure[k], p.Exposure[k]
			for e, w := range p.Weight {
				s, z := 0.0, 0.0
				for i := p.Begin[e]; i < p.Begin[e+1]; i++ {
					s += f.Theta[p.Index[i]] * p.Part[i]
					if int(p.Index[i]) == k {
						z = p.Part[i]
					}
				}
				slope += w * z / s
			}
			if theta, tol := f.Theta[k], 1e-5*scale; !(theta > 0 && math.Abs(slope) <= tol || theta == 0 && slope <= tol) {
				t.Fatalf("seed %d: θ_%d = %v, slope %v", seed, k, f.Theta[k], slope)
			}
		}
	}
}

func TestParameterWithoutExposureStaysOut(t *testing.T) {
	t.Parallel()
	p := problem(rand.New(rand.NewPCG(1, 1)), 3)
	p.Exposure[1] = 0
	for _, warm := range []bool{false, true} {
		p.Warm = warm
		for _, start := range [][]float64{{1, 1, 1}, {0, 0, 0}} {
			if f := p.Fit(start, 600); f.Theta[1] != 0 || !f.Converged {
				t.Errorf("warm %v: %v", warm, f)
			}
		}
	}
}

// A start at 0, which no round of EM would leave, ends where any other does.
func TestAStartAtZeroIsWoken(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		p := problem(rand.New(rand.NewPCG(seed, 3)), 4)
		zero, one := p.Fit(make([]float64, 4), 600), p.Fit([]float64{1, 1, 1, 1}, 600)
		if !zero.Converged || !(math.Abs(zero.LogLik-one.LogLik) <= 1e-6*math.Abs(one.LogLik)) {
			t.Fatalf("seed %d: %v from 0, %v from 1", seed, zero, one)
		}
	}
}

// Replicates draw some events not at all: such an event adds nothing, even where nothing
// explains it.
func TestAnEventOfWeightZeroChangesNothing(t *testing.T) {
	t.Parallel()
	for _, warm := range []bool{false, true} {
		p := problem(rand.New(rand.NewPCG(4, 4)), 3)
		p.Exposure, p.Warm = append(p.Exposure, 5), warm // of a parameter that no event has
		want := p.Fit([]float64{1, 1, 1, 0}, 600)
		p.Weight = append(p.Weight, 0)
		p.Index, p.Part = append(p.Index, 3), append(p.Part, 1)
		p.Begin = append(p.Begin, int32(len(p.Index)))
		f := p.Fit([]float64{1, 1, 1, 0}, 600)
		if f.LogLik != want.LogLik || f.Rounds != want.Rounds || !f.Converged {
			t.Errorf("warm %v: %v, want %v", warm, f, want)
		}
		for k := range want.Theta {
			if f.Theta[k] != want.Theta[k] {
				t.Errorf("warm %v: %v, want %v", warm, f.Theta, want.Theta)
			}
		}
	}
}

// Nor where only a parameter explains it that starts at 0 and is wanted elsewhere, as in
// the warm start of a replicate.
func TestAnEventOfWeightZeroKeepsNoParameterAtZero(t *testing.T) {
	t.Parallel()
	// Two events of parts 0 and 1, and one of part 1 alone that was not drawn.
	p := &em.Problem{
		Exposure: []float64{4, 1}, Weight: []float64{1, 1, 0}, Begin: []int32{0, 2, 4, 5},
		Index: []int32{0, 1, 0, 1, 1}, Part: []float64{1, 1, 1, 1, 1}, Warm: true,
	}
	// The second explains the events with a quarter of the exposure.
	if f := p.Fit([]float64{.5, 0}, 600); !f.Converged || !(f.Theta[0] <= 1e-6 && math.Abs(f.Theta[1]-2) <= 1e-6) {
		t.Errorf("%v", f)
	}
}

// Newton steps end in at most forty rounds (thirteen, when this was written).
func TestNewtonEndsQuickly(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 9))
		p := problem(r, 2+r.IntN(5))
		start := make([]float64, len(p.Exposure))
		for k := range start {
			start[k] = .5
		}
		if f := p.Fit(start, 600); f.Rounds > 40 {
			t.Errorf("seed %d: %d rounds", seed, f.Rounds)
		}
	}
}

// Two events of weights 2 and 3 and intensities 2·1 and 2·.5+4·1 = 5, by hand.
func TestInformation(t *testing.T) {
	t.Parallel()
	p := &em.Problem{
		Exposure: []float64{1, 1, 1}, Weight: []float64{2, 3},
		Begin: []int32{0, 1, 3}, Index: []int32{0, 0, 2}, Part: []float64{1, .5, 1},
	}
	theta := []float64{2, 9, 4}
	for _, tc := range []struct {
		params []int
		want   []float64
	}{
		{[]int{0}, []float64{2./4 + 3*.25/25}},
		{[]int{2, 0}, []float64{3. / 25, 3 * .5 / 25, 3 * .5 / 25, 2./4 + 3*.25/25}},
		{[]int{1}, []float64{0}},
	} {
		h := p.Information(theta, tc.params)
		for i := range tc.want {
			if !(math.Abs(h[i]-tc.want[i]) <= 1e-15) {
				t.Errorf("%v: %v, want %v", tc.params, h, tc.want)
				break
			}
		}
	}
}
