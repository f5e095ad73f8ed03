package persona_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"gonum.org/v1/gonum/optimize"

	"github.com/tabi-go/tabi/persona/lead"
)

const (
	ridgeRows    = 10_000
	ridgeColumns = 20
	ridgeFits    = 6 // Train fits all rows and five times four fifths of them
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

// scaled is what a program without us would hand to an optimiser: scaled rows, row by row.
func scaled(rows []lead.Row) (z [][]float64, y []float64) {
	n := float64(len(rows))
	for _, r := range rows {
		z = append(z, append([]float64(nil), r.Numbers...))
		t := 0.0
		if r.Target {
			t = 1
		}
		y = append(y, t)
	}
	for j := range ridgeColumns {
		mean, squares := 0.0, 0.0
		for i := range z {
			mean += z[i][j] / n
		}
		for i := range z {
			squares += (z[i][j] - mean) * (z[i][j] - mean) / n
		}
		for i := range z {
			z[i][j] = (z[i][j] - mean) / math.Sqrt(squares)
		}
	}
	return z, y
}

// bfgs fits with gonum, the gradient being analytic.
func bfgs(z [][]float64, y []float64) []float64 {
	eta := func(b, z []float64) float64 {
		sum := b[0]
		for j, x := range z {
			sum += b[j+1] * x
		}
		return sum
	}
	problem := optimize.Problem{
		Func: func(b []float64) float64 {
			loss := 0.0
			for i := range z {
				e := eta(b, z[i])
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
				d := 1/(1+math.Exp(-eta(b, z[i]))) - y[i]
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
	start := make([]float64, ridgeColumns+1)
	// An error is a line search that can go no further: the last digits are found.
	result, _ := optimize.Minimize(problem, start, &optimize.Settings{GradientThreshold: 1e-6}, &optimize.BFGS{})
	return result.X
}

// BenchmarkRidge: Train, with its cross-validation, beside as many fits with gonum's BFGS.
// Target: gonum takes at least three times as long.
func BenchmarkRidge(b *testing.B) {
	columns, rows := ridge()
	z, y := scaled(rows)
	m, err := lead.Logistic{Columns: columns}.Train(rows)
	if err != nil {
		b.Fatal(err)
	}
	for j, x := range bfgs(z, y)[1:] {
		if math.Abs(x-m.Coefficients[j].BetaStd) > 1e-6 {
			b.Fatalf("column %d: %v and %v", j, m.Coefficients[j].BetaStd, x)
		}
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
			for k := range ridgeFits {
				n := len(z)
				if k > 0 {
					n = n * 4 / 5
				}
				bfgs(z[:n], y[:n])
			}
		}
	})
}
