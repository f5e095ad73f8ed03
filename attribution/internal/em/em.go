// Package em fits non-negative rates to counts: it maximises
//
//	Σ_e w_e·ln(Σ_k θ_k·z_ek) − Σ_k θ_k·Z_k,   θ ≥ 0,
//
// the log-likelihood of events e whose intensity is a sum of parts. It is concave, so the
// end does not depend on the start.
//
// Each round is one of EM (every event is divided among its parts in proportion, the
// multiplicative update of Lewis and Mohler 2011) or a projected Newton step (Bertsekas
// 1982), which is taken only where the likelihood rises.
package em

import (
	"math"

	"github.com/tabi-go/tabi/internal/num"
)

// A Problem holds the events in compressed rows.
type Problem struct {
	Exposure []float64 // Z, one a parameter
	Weight   []float64 // w, one an event
	Begin    []int32   // of each event's parts; one more than events
	Index    []int32   // parameter of each part
	Part     []float64 // z
	Warm     bool      // the start is near the end: Newton steps from the first round on
}

// A Fit is where the rounds ended.
type Fit struct {
	Theta     []float64
	LogLik    float64
	Rounds    int
	Converged bool
}

// Limits of a fit.
const (
	warmUp    = 3   // rounds of EM before the first Newton step
	maxNewton = 400 // parameters up to which Newton steps are taken
	tolerance = 1e-10
)

// Fit runs at most rounds rounds from theta, which is overwritten. A parameter without
// exposure is held at 0.
func (p *Problem) Fit(theta []float64, rounds int) Fit {
	n := len(theta)
	for k, z := range p.Exposure {
		if z <= 0 {
			theta[k] = 0
		}
	}
	grad, step := make([]float64, n), make([]float64, n)
	lambda := make([]float64, len(p.Weight))
	ll := p.intensity(theta, lambda)
	if math.IsInf(ll, -1) {
		p.wake(theta)
		ll = p.intensity(theta, lambda)
	}
	f := Fit{Theta: theta, LogLik: ll}
	next := make([]float64, n)
	for f.Rounds < rounds {
		f.Rounds++
		p.gradient(lambda, grad)
		moved, done := false, false
		if (p.Warm || f.Rounds > warmUp) && n <= maxNewton {
			moved, done = p.newton(theta, lambda, grad, step, next, &f.LogLik)
		}
		if !moved {
			// EM: θ_k·(Σ_e w_e·z_ek/λ_e)/Z_k.
			for k := range theta {
				next[k] = 0
				if z := p.Exposure[k]; z > 0 {
					next[k] = float64(theta[k] * ((grad[k] + z) / z))
				}
			}
			f.LogLik = p.intensity(next, lambda)
		}
		change := 0.0
		for k := range theta {
			change = max(change, math.Abs(next[k]-theta[k])/max(math.Abs(theta[k]), math.Abs(next[k]), 1e-300))
		}
		copy(theta, next)
		if done || change < tolerance {
			f.Converged = true
			return f
		}
	}
	return f
}

// wake gives parameters that are 0 a little: some event would be impossible without.
func (p *Problem) wake(theta []float64) {
	w, z := 0.0, 0.0
	for _, x := range p.Weight {
		w += x
	}
	for _, x := range p.Exposure {
		z += x
	}
	for k, x := range p.Exposure {
		if theta[k] == 0 && x > 0 {
			theta[k] = 1e-3 * w / z
		}
	}
}

// intensity fills lambda and returns the log-likelihood.
func (p *Problem) intensity(theta, lambda []float64) float64 {
	ll := 0.0
	for e, w := range p.Weight {
		s := 0.0
		for i := p.Begin[e]; i < p.Begin[e+1]; i++ {
			s += float64(theta[p.Index[i]] * p.Part[i])
		}
		lambda[e] = s
		if w != 0 {
			ll += float64(w * num.Log(s))
		}
	}
	for k, z := range p.Exposure {
		ll -= float64(theta[k] * z)
	}
	return ll
}

// gradient is Σ_e w_e·z_ek/λ_e − Z_k.
func (p *Problem) gradient(lambda, grad []float64) {
	for k, z := range p.Exposure {
		grad[k] = -z
	}
	for e, w := range p.Weight {
		if w == 0 || lambda[e] == 0 {
			continue // nothing, or an event that no parameter explains
		}
		r := w / lambda[e]
		for i := p.Begin[e]; i < p.Begin[e+1]; i++ {
			grad[p.Index[i]] += float64(r * p.Part[i])
		}
	}
}

// newton tries one projected step from theta into next. It reports whether it moved, and
// whether what it could gain is lost in rounding, so that the fit is done. Unless it
// moved, lambda and ll are unchanged.
func (p *Problem) newton(theta, lambda, grad, step, next []float64, ll *float64) (moved, done bool) {
	n := len(theta)
	// Parameters at 0 that want to stay there are out.
	free := make([]int, 0, n)
	place := make([]int, n)
	for k := range theta {
		place[k] = -1
		if p.Exposure[k] > 0 && (theta[k] > 0 || grad[k] > 0) {
			place[k] = len(free)
			free = append(free, k)
		}
	}
	m := len(free)
	h := make([]float64, m*m)
	for e, w := range p.Weight {
		if w == 0 || lambda[e] == 0 {
			continue
		}
		r := w / float64(lambda[e]*lambda[e])
		parts := p.Index[p.Begin[e]:p.Begin[e+1]]
		z := p.Part[p.Begin[e]:p.Begin[e+1]]
		for i, a := range parts {
			x := place[a]
			if x < 0 {
				continue
			}
			f := float64(r * z[i])
			for j, b := range parts[:i+1] {
				if y := place[b]; y >= 0 {
					h[max(x, y)*m+min(x, y)] += float64(f * z[j])
				}
			}
		}
	}
	for i, k := range free {
		step[i] = grad[k]
		// More parameters than events leave directions without curvature: a ridge sends
		// them to the edge.
		h[i*m+i] *= 1 + 1e-9
	}
	if !cholesky(h, m, step[:m]) {
		return false, false
	}
	gain := 0.0
	for i, k := range free {
		gain += float64(grad[k] * step[i])
	}
	done = gain < 1e-14*max(1, math.Abs(*ll))
	saved := append([]float64(nil), lambda...)
	// The whole step, cut off at 0; then along the step as far as the first parameter that
	// reaches 0, and shorter.
	edge := 1.0
	for i, k := range free {
		if step[i] < 0 {
			edge = min(edge, -theta[k]/step[i])
		}
	}
	for try, size := 0, 1.0; try < 12; try++ {
		copy(next, theta)
		for i, k := range free {
			next[k] = theta[k] + float64(size*step[i])
			if next[k] < 1e-12*theta[k] {
				next[k] = 0
			}
		}
		if at := p.intensity(next, lambda); at >= *ll || (done || try == 1) && at >= *ll-1e-12*math.Abs(*ll) {
			*ll = max(*ll, at)
			return true, done && try == 0
		}
		if size /= 4; try == 0 {
			size = edge
		}
	}
	copy(lambda, saved)
	return false, false
}

// cholesky solves h·x = b in place for the lower half of a positive definite matrix.
func cholesky(h []float64, n int, b []float64) bool {
	for i := range n {
		for j := range i + 1 {
			s := h[i*n+j]
			for k := range j {
				s -= float64(h[i*n+k] * h[j*n+k])
			}
			if i > j {
				h[i*n+j] = s / h[j*n+j]
				continue
			}
			if !(s > 1e-14*h[i*n+i]) {
				return false
			}
			h[i*n+i] = math.Sqrt(s)
		}
	}
	for i := range n {
		s := b[i]
		for k := range i {
			s -= float64(h[i*n+k] * b[k])
		}
		b[i] = s / h[i*n+i]
	}
	for i := n - 1; i >= 0; i-- {
		s := b[i]
		for k := i + 1; k < n; k++ {
			s -= float64(h[k*n+i] * b[k])
		}
		b[i] = s / h[i*n+i]
	}
	return true
}

// Information is Σ_e w_e·z_e·z_eᵀ/λ_e² over the parameters listed, row by row: the inverse
// of their covariance.
func (p *Problem) Information(theta []float64, params []int) []float64 {
	m := len(params)
	place := make([]int, len(theta))
	for k := range place {
		place[k] = -1
	}
	for i, k := range params {
		place[k] = i
	}
	h := make([]float64, m*m)
	lambda := make([]float64, len(p.Weight))
	p.intensity(theta, lambda)
	for e, w := range p.Weight {
		r := w / float64(lambda[e]*lambda[e])
		for i := p.Begin[e]; i < p.Begin[e+1]; i++ {
			for j := p.Begin[e]; j < p.Begin[e+1]; j++ {
				if a, b := place[p.Index[i]], place[p.Index[j]]; a >= 0 && b >= 0 {
					h[a*m+b] += float64(float64(r*p.Part[i]) * p.Part[j])
				}
			}
		}
	}
	return h
}
