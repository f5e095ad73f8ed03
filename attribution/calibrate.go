package attribution

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// A Lift is the measured result of an experiment: how many conversions a channel really
// added, on the window and population of the result that it calibrates.
type Lift struct {
	Channel     string
	ID          string // of the test; named in errors
	Conversions float64
	SE          float64 // standard error; 0 = exact
	From, To    time.Time
	Population  string
}

// Calibrate moves credit to what lift tests measured: with m the model's credit and f =
// Conversions/m, the credit is multiplied by f* = 1 + w·(f−1), w = 1/(1 + (SE/m)²), not
// below 0. The difference comes from (baseline), without one from (unattributed), never
// from another channel; if that would fall below 0, or m is 0 with a positive test, the
// error is [ErrCalibration] and names the tests. Channels without a test stay. r itself
// is unchanged.
//
// Only a calibrated or experimental number may be called incremental without the
// assumptions of the model.
func Calibrate(r *Result, tests []Lift) (*Result, error) {
	out := *r
	out.Credits = slices.Clone(r.Credits)
	out.Tied, out.above = nil, nil
	to := Unattributed
	if r.Credit(Baseline).Channel != "" {
		to = Baseline
	}
	if r.Credit(to).Channel == "" {
		out.Credits = append(out.Credits, Credit{Channel: to})
	}
	rest := slices.IndexFunc(out.Credits, func(c Credit) bool { return c.Channel == to })
	var errs []error
	var named []string
	tested := map[string]bool{}
	for _, t := range tests {
		i := slices.IndexFunc(out.Credits, func(c Credit) bool { return c.Channel == t.Channel })
		switch {
		case i < 0 || isRow(t.Channel) || tested[t.Channel] || !finite(t.Conversions) || !finite(t.SE) || t.SE < 0:
			errs = append(errs, fmt.Errorf("%w: test %q", ErrCalibration, t.ID))
			continue
		case out.Credits[i].Conversions <= 0:
			if t.Conversions > 0 {
				errs = append(errs, fmt.Errorf("%w: test %q finds an effect where the model has none", ErrCalibration, t.ID))
			}
			continue
		}
		tested[t.Channel] = true
		c := &out.Credits[i]
		m := c.Conversions
		noise := t.SE / m
		f := max(0, 1+(t.Conversions/m-1)/(1+float64(noise*noise)))
		value := int64(float64(float64(c.Value) * f))
		if f == 1 {
			value = c.Value
		}
		out.Credits[rest].Conversions += m - float64(m*f)
		out.Credits[rest].Value += c.Value - value
		c.Conversions, c.Value = float64(m*f), value
		c.Lo, c.Hi = float64(c.Lo*f), float64(c.Hi*f)
		c.ValueLo, c.ValueHi = float64(c.ValueLo*f), float64(c.ValueHi*f)
		named = append(named, t.ID)
	}
	if out.Credits[rest].Conversions < -1e-9*max(1, r.Conversions) {
		errs = append(errs, fmt.Errorf("%w: tests %q take more than %s has", ErrCalibration, named, to))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	out.Credits[rest].Conversions = max(0, out.Credits[rest].Conversions)
	return &out, nil
}
