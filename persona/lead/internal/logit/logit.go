// Package logit makes features of columns and fits a penalised logistic loss to them.
//
// A [Design] learns features from a [Sample] and fits them. [Problem.Solve] takes Newton steps; with an L1 penalty each step is found by
// coordinate descent. Sums run in the order of the rows, so that equal rows in equal order
// give equal bits.
package logit

import (
	"math"

	"github.com/tabi-go/tabi/internal/num"
)

// A Problem is Σ[log(1+e^η) − y·η] + Lambda/2·‖β‖² + L1·‖β‖₁ over standardised columns, with
// a free intercept.
type Problem struct {
	Z          [][]float64 // columns
	Y          []float64   // from 0 to 1
	Lambda, L1 float64
	Strict     bool // stop where a slope runs away, and say so
	// Start is where to begin, the solution of a problem like this one; nil for none.
	Start []float64
}

// A Solution holds the coefficients, the intercept first, and what was found on the way.
type Solution struct {
	B          []float64
	Loss       float64 // −log-likelihood
	Objective  float64
	Eta, P     []float64 // by row: log-odds and probability
	Delta      []float64 // the last step; nil where none could be found
	Iterations int
	Converged  bool
	Separated  bool // of a Strict problem: it has no minimum

	gradient []float64 // without that of L1
}

const (
	maxSteps  = 100
	maxHalved = 40
	tolerance = 1e-12 // of the greatest change of a coefficient
	maxSlope  = 20    // of a standardised column, beyond which a strict problem is separated
	leastLoss = 1e-6
	nearly    = 1e-5 // change below which the curvature is taken as found
	block     = 256  // rows that stay in the cache together
)

// Solve finds the minimum by Newton steps, each halved until the objective does not rise.
func (p *Problem) Solve() *Solution {
	m := len(p.Z) + 1
	s := p.solution(make([]float64, m))
	if len(p.Start) == m {
		copy(s.B, p.Start)
	} else {
		mean := 0.0
		for _, y := range p.Y {
			mean += y
		}
		mean /= float64(len(p.Y))
		s.B[0] = num.Log(mean / (1 - mean))
	}
	p.evaluate(s, s.B)
	tried := make([]float64, m)
	var hessian []float64
	for change, full := math.Inf(1), true; s.Iterations < maxSteps && !s.Converged; {
		s.Iterations++
		if change > nearly || !full {
			hessian = p.Hessian(s)
		}
		if p.L1 > 0 {
			s.Delta = p.descend(s, hessian)
		} else if s.Delta = step(hessian, s.gradient); s.Delta == nil {
			s.Separated = true // nothing curves any more in some direction
			break
		}
		change = 0
		for _, d := range s.Delta {
			change = max(change, math.Abs(d))
		}
		before, slack, t := s.Objective, 1e-13*(1+math.Abs(s.Objective)), 1.0
		for halved := 0; halved < maxHalved; halved++ {
			for j := range tried {
				tried[j] = s.B[j] + float64(t*s.Delta[j])
			}
			if p.evaluate(s, tried); s.Objective <= before+slack {
				break
			}
			t /= 2
		}
		full = t == 1
		copy(s.B, tried)
		s.Converged = change < tolerance
		if p.Strict && (s.Loss < leastLoss || steep(s.B) > maxSlope) {
			s.Separated = true
			break
		}
	}
	s.Separated = s.Separated || p.Strict && !s.Converged
	return s
}

func (p *Problem) solution(b []float64) *Solution {
	return &Solution{B: b, Eta: make([]float64, len(p.Y)), P: make([]float64, len(p.Y)), gradient: make([]float64, len(b))}
}

func steep(b []float64) float64 {
	most := 0.0
	for _, x := range b[1:] {
		most = max(most, math.Abs(x))
	}
	return most
}

// Dependent returns the first column that depends on those before it and the intercept, or
// −1.
func (p *Problem) Dependent() int {
	m := len(p.Z) + 1
	flat := p.solution(make([]float64, m))
	for i := range flat.P {
		flat.P[i] = 0.5
	}
	return max(num.Cholesky(p.Hessian(flat), m, 1e-10), 0) - 1
}

// evaluate finds η, p, loss, objective and gradient at b.
func (p *Problem) evaluate(s *Solution, b []float64) {
	s.Loss = 0
	clear(s.gradient)
	for from := 0; from < len(p.Y); from += block {
		to := min(from+block, len(p.Y))
		etas, ps, ys := s.Eta[from:to], s.P[from:to], p.Y[from:to]
		for i := range etas {
			etas[i] = b[0]
		}
		for j, column := range p.Z {
			if x := b[j+1]; x != 0 {
				for i, z := range column[from:to] {
					etas[i] += float64(x * z)
				}
			}
		}
		product := 1.0 // of 1+e^(−|η|), at most 2^block, so that one logarithm does
		var residuals [block]float64
		for i, eta := range etas {
			e := num.Exp(-math.Abs(eta))
			product *= 1 + e
			s.Loss += max(eta, 0) - float64(ys[i]*eta)
			ps[i] = share(eta, e)
			residuals[i] = ps[i] - ys[i]
			s.gradient[0] += residuals[i]
		}
		s.Loss += num.Log(product)
		for j, column := range p.Z {
			g := 0.0
			for i, z := range column[from:to] {
				g += float64(residuals[i] * z)
			}
			s.gradient[j+1] += g
		}
	}
	squares, sizes := 0.0, 0.0
	for j, x := range b[1:] {
		squares += float64(x * x)
		sizes += math.Abs(x)
		s.gradient[j+1] += float64(p.Lambda * x)
	}
	s.Objective = s.Loss + float64(p.Lambda/2*squares) + float64(p.L1*sizes)
}

// Logistic returns 1/(1+e^(−x)).
func Logistic(x float64) float64 { return share(x, num.Exp(-math.Abs(x))) }

// share is the logistic function of x, given e^(−|x|).
func share(x, e float64) float64 {
	if x >= 0 {
		return 1 / (1 + e)
	}
	return e / (1 + e)
}

// Hessian returns the second derivatives at the probabilities of s, without L1: the lower
// triangle, row by row, the intercept first.
func (p *Problem) Hessian(s *Solution) []float64 {
	m := len(p.Z) + 1
	h := make([]float64, m*m)
	var w, weighted [block]float64
	for from := 0; from < len(s.P); from += block {
		to := min(from+block, len(s.P))
		wz := weighted[:to-from]
		for i, q := range s.P[from:to] {
			w[i] = float64(q * (1 - q))
			h[0] += w[i]
		}
		for j := range p.Z {
			sum := 0.0
			for i, z := range p.Z[j][from:to] {
				wz[i] = float64(w[i] * z)
				sum += wz[i]
			}
			row := h[(j+1)*m:]
			row[0] += sum
			k := 0
			for ; k+3 <= j; k += 4 {
				addDots(row[k+1:k+5], wz, p.Z[k][from:to], p.Z[k+1][from:to], p.Z[k+2][from:to], p.Z[k+3][from:to])
			}
			for ; k <= j; k++ {
				dot := 0.0
				for i, z := range p.Z[k][from:to] {
					dot += float64(wz[i] * z)
				}
				row[k+1] += dot
			}
		}
	}
	for j := 1; j < m; j++ {
		h[j*m+j] += p.Lambda
	}
	return h
}

// addDots adds the products of w with four columns; four sums at once keep the processor
// busy.
func addDots(to, w, a, b, c, d []float64) {
	a, b, c, d = a[:len(w)], b[:len(w)], c[:len(w)], d[:len(w)]
	var s0, s1, s2, s3 float64
	for i, x := range w {
		s0 += float64(x * a[i])
		s1 += float64(x * b[i])
		s2 += float64(x * c[i])
		s3 += float64(x * d[i])
	}
	to[0] += s0
	to[1] += s1
	to[2] += s2
	to[3] += s3
}

// step returns the Newton step −H⁻¹·g, nil where H has no inverse.
func step(hessian, gradient []float64) []float64 {
	m := len(gradient)
	l := append([]float64(nil), hessian...)
	if num.Cholesky(l, m, 1e-14) >= 0 {
		return nil
	}
	d := make([]float64, m)
	for j, g := range gradient {
		d[j] = -g
	}
	num.CholeskySolve(l, m, d)
	return d
}

// descend returns the step to the minimum of the quadratic around the point plus L1, by
// coordinate descent.
func (p *Problem) descend(s *Solution, hessian []float64) []float64 {
	m := len(s.B)
	h := func(j, k int) float64 { return hessian[max(j, k)*m+min(j, k)] }
	d := make([]float64, m)
	slope := append([]float64(nil), s.gradient...) // of the quadratic at d
	for range 10_000 {
		most := 0.0
		for j := range m {
			curve := h(j, j)
			if !(curve > 0) {
				continue
			}
			now := s.B[j] + d[j]
			to := now - slope[j]/curve
			if j > 0 {
				to = shrink(to, p.L1/curve)
			}
			by := to - now
			if by == 0 {
				continue
			}
			d[j] = to - s.B[j]
			for k := range m {
				slope[k] += float64(by * h(j, k))
			}
			most = max(most, math.Abs(by))
		}
		if most < tolerance/10 {
			break
		}
	}
	return d
}

// shrink moves x towards 0 by t.
func shrink(x, t float64) float64 {
	switch {
	case x > t:
		return x - t
	case x < -t:
		return x + t
	}
	return 0
}
