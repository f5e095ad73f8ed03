package lead

import (
	"math"

	"github.com/tabi-go/tabi/internal/num"
)

// A problem is Σ[log(1+e^η) − y·η] + λ/2·‖β‖² + L1·‖β‖₁ over standardised columns, with a
// free intercept.
type problem struct {
	z          [][]float64 // columns
	y          []float64   // 0 or 1
	lambda, l1 float64
	strict     bool // stops where a slope runs away
}

// A solution holds the coefficients, the intercept first, and what was found on the way.
type solution struct {
	b          []float64
	loss       float64 // −log-likelihood
	objective  float64
	eta, p     []float64
	hessian    []float64 // lower triangle, row by row
	delta      []float64 // the last step
	iterations int
	converged  bool
	separated  bool
}

const (
	maxSteps  = 100
	maxHalved = 40
	tolerance = 1e-12 // of the greatest change of a coefficient
	maxSlope  = 20    // of a standardised column, beyond which an unpenalised fit is separated
	leastLoss = 1e-6
	block     = 256 // rows that stay in the cache together
)

// solve finds the minimum by Newton steps, each halved until the objective does not rise.
func (p *problem) solve() *solution {
	m := len(p.z) + 1
	s := &solution{b: make([]float64, m), eta: make([]float64, len(p.y)), p: make([]float64, len(p.y)), hessian: make([]float64, m*m)}
	mean := 0.0
	for _, y := range p.y {
		mean += y
	}
	mean /= float64(len(p.y))
	s.b[0] = num.Log(mean / (1 - mean))
	p.evaluate(s, s.b)
	w, gradient, tried := make([]float64, len(p.y)), make([]float64, m), make([]float64, m)
	for s.iterations < maxSteps && !s.converged {
		s.iterations++
		p.curve(s, w, gradient)
		if p.l1 > 0 {
			s.delta = p.descend(s, gradient)
		} else if s.delta = step(s.hessian, gradient); s.delta == nil {
			s.separated = true // nothing curves any more in some direction
			break
		}
		change := 0.0
		for _, d := range s.delta {
			change = max(change, math.Abs(d))
		}
		before, slack := s.objective, 1e-13*(1+math.Abs(s.objective))
		for t, halved := 1.0, 0; halved < maxHalved; t, halved = t/2, halved+1 {
			for j := range tried {
				tried[j] = s.b[j] + float64(t*s.delta[j])
			}
			if p.evaluate(s, tried); s.objective <= before+slack {
				break
			}
		}
		copy(s.b, tried)
		s.converged = change < tolerance
		if p.strict && (s.loss < leastLoss || steep(s.b) > maxSlope) {
			s.separated = true
			break
		}
	}
	s.separated = s.separated || p.strict && !s.converged
	p.curve(s, w, gradient)
	return s
}

func steep(b []float64) float64 {
	most := 0.0
	for _, x := range b[1:] {
		most = max(most, math.Abs(x))
	}
	return most
}

// evaluate finds η, p, loss and objective at b.
func (p *problem) evaluate(s *solution, b []float64) {
	for i := range s.eta {
		s.eta[i] = b[0]
	}
	for j, column := range p.z {
		x := b[j+1]
		if x == 0 {
			continue
		}
		for i, z := range column {
			s.eta[i] += float64(x * z)
		}
	}
	s.loss = 0
	for i, eta := range s.eta {
		e := num.Exp(-math.Abs(eta))
		s.loss += max(eta, 0) - float64(p.y[i]*eta) + num.Log1p(e)
		if eta >= 0 {
			s.p[i] = 1 / (1 + e)
		} else {
			s.p[i] = e / (1 + e)
		}
	}
	squares, sizes := 0.0, 0.0
	for _, x := range b[1:] {
		squares += float64(x * x)
		sizes += math.Abs(x)
	}
	s.objective = s.loss + float64(p.lambda/2*squares) + float64(p.l1*sizes)
}

// curve finds the gradient, without that of L1, and the Hessian at the evaluated point.
func (p *problem) curve(s *solution, w, gradient []float64) {
	m := len(p.z) + 1
	clear(gradient)
	clear(s.hessian)
	for i, q := range s.p {
		w[i] = float64(q * (1 - q))
		gradient[0] += q - p.y[i]
		s.hessian[0] += w[i]
	}
	for j, column := range p.z {
		g := 0.0
		for i, z := range column {
			g += float64((s.p[i] - p.y[i]) * z)
		}
		gradient[j+1] = g + float64(p.lambda*s.b[j+1])
	}
	weighted := make([]float64, block)
	for from := 0; from < len(w); from += block {
		to := min(from+block, len(w))
		for j := range p.z {
			wz, sum := weighted[:to-from], 0.0
			for i, z := range p.z[j][from:to] {
				wz[i] = float64(w[from+i] * z)
				sum += wz[i]
			}
			row := s.hessian[(j+1)*m:]
			row[0] += sum
			k := 0
			for ; k+3 <= j; k += 4 {
				addDots(row[k+1:k+5], wz, p.z[k][from:to], p.z[k+1][from:to], p.z[k+2][from:to], p.z[k+3][from:to])
			}
			for ; k <= j; k++ {
				dot := 0.0
				for i, z := range p.z[k][from:to] {
					dot += float64(wz[i] * z)
				}
				row[k+1] += dot
			}
		}
	}
	for j := 1; j < m; j++ {
		s.hessian[j*m+j] += p.lambda
	}
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
func (p *problem) descend(s *solution, gradient []float64) []float64 {
	m := len(gradient)
	h := func(j, k int) float64 { return s.hessian[max(j, k)*m+min(j, k)] }
	d := make([]float64, m)
	slope := append([]float64(nil), gradient...) // of the quadratic at d
	for range 10_000 {
		most := 0.0
		for j := range m {
			curve := h(j, j)
			if !(curve > 0) {
				continue
			}
			now := s.b[j] + d[j]
			to := now - slope[j]/curve
			if j > 0 {
				to = shrink(to, p.l1/curve)
			}
			by := to - now
			if by == 0 {
				continue
			}
			d[j] = to - s.b[j]
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
