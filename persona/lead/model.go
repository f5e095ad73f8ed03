package lead

import (
	"fmt"
	"math"

	"github.com/tabi-go/tabi/internal/num"
	"github.com/tabi-go/tabi/persona/lead/internal/logit"
)

// A Model is a trained [Logistic]. Headline numbers are CrossValidated; InSample and Lift are
// of the fit to all rows, not calibrated. Safe for concurrent use.
type Model struct {
	N, Events         int
	Lambda, L1        float64
	Folds             int
	Intercept         float64 // of the columns as they are
	InterceptSE       float64 // NaN with L1
	InterceptStd      float64 // of the scaled columns: the log-odds of an average row
	Coefficients      []Coefficient
	Objective         float64
	LogLikelihood     float64
	NullLogLikelihood float64
	Deviance          float64
	Iterations        int
	Converged         bool
	InSample          Metrics
	CrossValidated    Metrics
	Calibration       Calibration
	Lift              []Decile
	Rows              []Scored // of the training, in the order of the input
	Dropped           []string // columns that say nothing
	Warnings          []string

	numbers    int // of a row
	levels     int
	design     *logit.Design
	b          []float64
	covariance []float64 // of b; nil with L1
}

// A Coefficient is what one column adds to the log-odds.
type Coefficient struct {
	Name    string  // of the column
	Level   string  // of a categorical column; ? is the indicator of a missing number
	Beta    float64 // by unit of the column
	BetaStd float64 // by standard deviation
	// SE is the standard error of Beta, of a penalised fit where Lambda is not 0; NaN with L1.
	SE       float64
	Z        float64 // Beta/SE
	Odds     float64 // e^Beta: what one unit multiplies the odds by
	Mean, SD float64 // of the column
}

// OddsInterval returns the 95 % interval of the odds ratio; NaN with L1.
func (c Coefficient) OddsInterval() (lo, hi float64) {
	half := float64(z95 * c.SE)
	return num.Exp(c.Beta - half), num.Exp(c.Beta + half)
}

const z95 = 1.959963984540054

// Scored is a row of the training with its probabilities. Judge and cut by OutOfFold: the
// models behind it have not seen the row.
type Scored struct {
	ID         string
	Target     bool
	InSample   float64
	OutOfFold  float64
	Calibrated float64 // from the out-of-fold score
	Repeated   bool    // a row before it is the same, under the same id: counted there
}

// take keeps what the fit found.
func (m *Model) take(p *logit.Problem, s *logit.Solution, d *logit.Design) {
	m.design, m.b = d, s.B
	m.InterceptStd, m.Intercept, m.InterceptSE = s.B[0], s.B[0], math.NaN()
	m.Objective, m.LogLikelihood, m.Deviance = s.Objective, -s.Loss, 2*s.Loss
	rate := float64(m.Events) / float64(m.N)
	m.NullLogLikelihood = float64(float64(m.Events)*num.Log(rate)) + float64(float64(m.N-m.Events)*num.Log1p(-rate))
	m.Iterations, m.Converged, m.Dropped = s.Iterations, s.Converged, d.Dropped
	size := len(s.B)
	if hessian := p.Hessian(s); m.L1 == 0 && num.Cholesky(hessian, size, 1e-14) < 0 {
		m.covariance = num.CholeskyInverse(hessian, size)
	}
	raw := make([]float64, size) // intercept of the raw columns, as a combination of b
	raw[0] = 1
	for j := range d.Features {
		f := &d.Features[j]
		c := Coefficient{Name: f.Name, Level: f.Level, BetaStd: s.B[j+1], Beta: s.B[j+1] / f.SD, SE: math.NaN(), Z: math.NaN(), Mean: f.Mean, SD: f.SD}
		c.Odds = num.Exp(c.Beta)
		if m.covariance != nil {
			c.SE = math.Sqrt(m.covariance[(j+1)*size+j+1]) / f.SD
			c.Z = c.Beta / c.SE
		}
		raw[j+1] = -f.Mean / f.SD
		m.Intercept += float64(raw[j+1] * s.B[j+1])
		m.Coefficients = append(m.Coefficients, c)
	}
	if m.covariance != nil {
		m.InterceptSE = m.deviation(raw)
	}
	if least := 10 * len(d.Features); min(m.Events, m.N-m.Events) < least {
		m.Warnings = append(m.Warnings, fmt.Sprintf("%d columns for %d events: fewer than ten events a column", len(d.Features), min(m.Events, m.N-m.Events)))
	}
	if !s.Converged {
		m.Warnings = append(m.Warnings, fmt.Sprintf("not converged after %d steps", s.Iterations))
	}
	switch {
	case m.L1 > 0:
		m.Warnings = append(m.Warnings, "no standard errors with l1")
	case m.Lambda > 0:
		m.Warnings = append(m.Warnings, "standard errors are penalised: they are of the shrunken coefficients")
	}
}

// deviation is the standard error of a combination of b.
func (m *Model) deviation(by []float64) float64 {
	variance := 0.0
	for j, x := range by {
		for k, y := range by {
			variance += float64(float64(x*y) * m.covariance[j*len(by)+k])
		}
	}
	return math.Sqrt(max(variance, 0))
}

// A Prediction is the probability of one row, and why.
type Prediction struct {
	P          float64 // of the model
	Low, High  float64 // 95 % interval of P; NaN with L1
	Calibrated float64
	LogOdds    float64 // InterceptStd and the terms add up to it
	Terms      []Reason
}

// A Reason is what one column adds to the log-odds, against an average row.
type Reason struct {
	Name, Level string
	Value       float64 // 0 or 1 for a level; the mean where a number is missing
	Points      float64
}

// Predict scores a row, whose target it ignores. The error is ErrRow. Numbers are those
// of the numeric columns, in the order of the columns, as in training.
func (m *Model) Predict(r Row) (Prediction, error) {
	if len(r.Numbers) != m.numbers || len(r.Levels) != m.levels {
		return Prediction{}, ErrRow
	}
	one := sample([]Row{r})
	p := Prediction{LogOdds: m.b[0], Low: math.NaN(), High: math.NaN()}
	z := make([]float64, len(m.b))
	z[0] = 1
	for j := range m.design.Features {
		f := &m.design.Features[j]
		x := m.design.Column(f, one)[0]
		z[j+1] = (x - f.Mean) / f.SD
		points := float64(m.b[j+1] * z[j+1])
		if math.IsInf(points, 0) || math.IsNaN(points) {
			return Prediction{}, ErrRow
		}
		p.LogOdds += points
		p.Terms = append(p.Terms, Reason{f.Name, f.Level, x, points})
	}
	p.P, p.Calibrated = logit.Logistic(p.LogOdds), m.Calibration.P(p.LogOdds)
	if m.covariance != nil {
		half := float64(z95 * m.deviation(z))
		p.Low, p.High = logit.Logistic(p.LogOdds-half), logit.Logistic(p.LogOdds+half)
	}
	return p, nil
}
