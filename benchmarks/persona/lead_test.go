package persona_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"

	"gonum.org/v1/gonum/optimize"

	"github.com/tabi-go/tabi/persona/lead"
)

const (
	ridgeRows    = 10_000
	ridgeColumns = 20
	ridgeFolds   = 5
)

// ridge is a problem of columns that go together, as the activities of a lead do: each is
// correlated with each other by ½.
func ridge() (columns []lead.Column, rows []lead.Row) {
	r := rand.New(rand.NewPCG(1, 2))
	for j := range ridgeColumns {
		columns = append(columns, lead.Column{Name: strconv.Itoa(j)})
	}
	for i := range ridgeRows {
		row, eta, common := lead.Row{ID: strconv.Itoa(i)}, -1.0, r.NormFloat64()
		for j := range ridgeColumns {
			x := math.Sqrt(0.5) * (common + r.NormFloat64())
			row.Numbers = append(row.Numbers, x)
			eta += x * float64(j%5-2) / 8
		}
		row.Target = r.Float64() < 1/(1+math.Exp(-eta))
		rows = append(rows, row)
	}
	return columns, rows
}

// scaled returns rows scaled by the means and deviations of some of them, row by row, which
// is what a program without us would hand to an optimiser.
func scaled(rows []lead.Row, by []int) (z [][]float64, y []float64) {
	n := float64(len(by))
	flat := make([]float64, len(rows)*ridgeColumns)
	for i, r := range rows {
		z = append(z, flat[i*ridgeColumns:(i+1)*ridgeColumns])
		copy(z[i], r.Numbers)
		t := 0.0
		if r.Target {
			t = 1
		}
		y = append(y, t)
	}
	for j := range ridgeColumns {
		mean, squares := 0.0, 0.0
		for _, i := range by {
			mean += z[i][j] / n
		}
		for _, i := range by {
			squares += (z[i][j] - mean) * (z[i][j] - mean) / n
		}
		sd := math.Sqrt(squares)
		for i := range z {
			z[i][j] = (z[i][j] - mean) / sd
		}
	}
	return z, y
}

func pick[T any](list []T, places []int) []T {
	out := make([]T, len(places))
	for i, place := range places {
		out[i] = list[place]
	}
	return out
}

func logOdds(b, z []float64) float64 {
	sum := b[0]
	for j, x := range z {
		sum += b[j+1] * x
	}
	return sum
}

// train does with gonum what Train does: it fits all rows, and each fold's others, the folds
// at the same time and from the solution of all, and measures and calibrates by our own
// functions.
func train(rows []lead.Row) (coefficients []float64, in, out lead.Metrics) {
	all := make([]int, len(rows))
	targets := make([]bool, len(rows))
	for i, r := range rows {
		all[i], targets[i] = i, r.Target
	}
	z, y := scaled(rows, all)
	b := bfgs(z, y, nil)
	p := make([]float64, len(rows))
	for i := range z {
		p[i] = 1 / (1 + math.Exp(-logOdds(b, z[i])))
	}
	in = lead.Measure(p, targets)
	lead.Lift(p, targets)
	scores, p2 := make([]float64, len(rows)), make([]float64, len(rows))
	var wait sync.WaitGroup
	for k := range ridgeFolds {
		wait.Go(func() {
			seen := slices.DeleteFunc(slices.Clone(all), func(i int) bool { return i%ridgeFolds == k })
			z, y := scaled(rows, seen)
			b := bfgs(pick(z, seen), pick(y, seen), b)
			for i := k; i < len(rows); i += ridgeFolds {
				scores[i] = logOdds(b, z[i])
				p2[i] = 1 / (1 + math.Exp(-scores[i]))
			}
		})
	}
	wait.Wait()
	out = lead.Measure(p2, targets)
	c := lead.Isotonic(scores, targets)
	for i, s := range scores {
		p2[i] = c.P(s)
	}
	return b, in, out
}

// bfgs fits with gonum, the gradient being analytic; start may be nil.
func bfgs(z [][]float64, y, start []float64) []float64 {
	problem := optimize.Problem{
		Func: func(b []float64) float64 {
			loss := 0.0
			for i := range z {
				e := logOdds(b, z[i])
				loss += max(e, 0) + math.Log1p(math.Exp(-math.Abs(e))) - y[i]*e
			}
			for _, x := range b[1:] {
				loss += x * x / 2
			}
			return loss
		},
		Grad: func(grad, b []float64) {
			clear(grad)
			for i := range z {
				d := 1/(1+math.Exp(-logOdds(b, z[i]))) - y[i]
				grad[0] += d
				for j, x := range z[i] {
					grad[j+1] += d * x
				}
			}
			for j, x := range b[1:] {
				grad[j+1] += x
			}
		},
	}
	if start == nil {
		start = make([]float64, ridgeColumns+1)
	}
	// An error is a line search that can go no further: the last digits are found.
	result, _ := optimize.Minimize(problem, start, &optimize.Settings{GradientThreshold: 1e-6}, &optimize.BFGS{})
	return result.X
}

// BenchmarkRidge: Train beside the same with gonum's BFGS: the same fits, validation,
// metrics and calibration. Target: gonum takes at least three times as long.
func BenchmarkRidge(b *testing.B) {
	columns, rows := ridge()
	m, err := lead.Logistic{Columns: columns}.Train(rows)
	if err != nil {
		b.Fatal(err)
	}
	beta, in, out := train(rows)
	for j, x := range beta[1:] {
		if !(math.Abs(x-m.Coefficients[j].BetaStd) <= 1e-6) {
			b.Fatalf("column %d: %v and %v", j, m.Coefficients[j].BetaStd, x)
		}
	}
	// Folds are dealt otherwise, so that what is cross-validated is only alike.
	if !(math.Abs(in.AUC-m.InSample.AUC) <= 1e-6 && math.Abs(out.AUC-m.CrossValidated.AUC) <= 0.01) {
		b.Fatalf("AUC %v and %v, validated %v and %v", m.InSample.AUC, in.AUC, m.CrossValidated.AUC, out.AUC)
	}
	b.Run("tabi", func(b *testing.B) {
		for b.Loop() {
			if _, err := (lead.Logistic{Columns: columns}).Train(rows); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("gonum", func(b *testing.B) {
		for b.Loop() {
			train(rows)
		}
	})
}
