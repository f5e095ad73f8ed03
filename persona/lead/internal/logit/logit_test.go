package logit_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tabi-go/tabi/persona/lead/internal/logit"
)

func problem(n, columns int, lambda, l1 float64) *logit.Problem {
	r := rand.New(rand.NewPCG(1, 2))
	p := &logit.Problem{Lambda: lambda, L1: l1}
	for range columns {
		column := make([]float64, n)
		for i := range column {
			column[i] = r.NormFloat64()
		}
		p.Z = append(p.Z, column)
	}
	for i := range n {
		eta := 0.0
		for j := range min(columns, 5) {
			eta += p.Z[j][i] / 2
		}
		y := 0.0
		if r.Float64() < logit.Logistic(eta) {
			y = 1
		}
		p.Y = append(p.Y, y)
	}
	return p
}

// At the minimum no direction leads down: the gradient is 0, or within ±L1 where a coefficient
// is 0.
func TestSolveFindsTheMinimum(t *testing.T) {
	for name, p := range map[string]*logit.Problem{"plain": problem(700, 7, 0, 0), "ridge": problem(700, 6, 3, 0), "lasso": problem(700, 9, 0, 20), "both": problem(300, 8, 2, 9), "intercept alone": problem(50, 0, 1, 0)} {
		s := p.Solve()
		if !s.Converged || s.Separated {
			t.Errorf("%s: %d steps, change %v", name, s.Iterations, s.Delta)
		}
		for j := range s.B {
			g := 0.0
			for i, q := range s.P {
				z := 1.0
				if j > 0 {
					z = p.Z[j-1][i]
				}
				g += (q - p.Y[i]) * z
			}
			if j > 0 {
				g += p.Lambda * s.B[j]
				switch {
				case s.B[j] == 0:
					g = max(math.Abs(g)-p.L1, 0)
				default:
					g += math.Copysign(p.L1, s.B[j])
				}
			}
			if !(math.Abs(g) <= 1e-9) {
				t.Errorf("%s: slope %v in direction %d", name, g, j)
			}
		}
	}
}

func TestDependentColumns(t *testing.T) {
	p := problem(100, 3, 0, 0)
	if j := p.Dependent(); j != -1 {
		t.Errorf("column %d depends", j)
	}
	sum := make([]float64, 100)
	for i := range sum {
		sum[i] = p.Z[0][i] + p.Z[1][i]
	}
	p.Z = append(p.Z, sum)
	if j := p.Dependent(); j != 3 {
		t.Errorf("column %d depends", j)
	}
}

// BenchmarkStep is one evaluation and Newton step: target at most 1.5 ns by row and square
// of columns.
func BenchmarkStep(b *testing.B) {
	p := problem(10_000, 20, 1, 0)
	steps := 0
	b.ReportAllocs()
	for b.Loop() {
		steps += p.Solve().Iterations
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(steps*10_000*20*20), "ns/row·column²")
}
