package main

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/persona/lead"
)

// number is null where it is not finite.
func number(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

type coefficient struct {
	Name    string   `json:"name"`
	Level   string   `json:"level"`
	Beta    float64  `json:"beta"`
	BetaStd float64  `json:"beta_std"`
	SE      *float64 `json:"se"`
	Z       *float64 `json:"z"`
	Odds    *float64 `json:"odds_ratio"`
	Mean    float64  `json:"mean"`
	SD      float64  `json:"sd"`
}

type validated struct {
	lead.Metrics
	Folds int `json:"folds"`
}

type threshold struct {
	Rule      string    `json:"rule"`
	Cut       *float64  `json:"cut"`
	TP        int       `json:"tp"`
	FP        int       `json:"fp"`
	FN        int       `json:"fn"`
	TN        int       `json:"tn"`
	Precision *float64  `json:"precision"`
	Recall    *float64  `json:"recall"`
	Lift      *float64  `json:"lift"`
	Intervals intervals `json:"intervals"`
}

type intervals struct {
	Precision [2]*float64 `json:"precision"`
	Recall    [2]*float64 `json:"recall"`
	Lift      [2]*float64 `json:"lift"`
}

// write writes the model and the threshold as one JSON object.
func write(w io.Writer, m *lead.Model, t lead.Threshold) error {
	coefficients := []coefficient{}
	for _, c := range m.Coefficients {
		coefficients = append(coefficients, coefficient{c.Name, c.Level, c.Beta, c.BetaStd, number(c.SE), number(c.Z), number(c.Odds), c.Mean, c.SD})
	}
	interval := func(s lead.Share) [2]*float64 { return [2]*float64{number(s.Low), number(s.High)} }
	calibration := m.Calibration
	calibration.Knots = append([]lead.Knot{}, calibration.Knots...)
	return input.WriteJSON(w, struct {
		N                 int              `json:"n"`
		Events            int              `json:"events"`
		Lambda            float64          `json:"lambda"`
		L1                float64          `json:"l1"`
		Intercept         float64          `json:"intercept"`
		InterceptStd      float64          `json:"intercept_std"`
		Coefficients      []coefficient    `json:"coefficients"`
		Objective         float64          `json:"objective"`
		LogLikelihood     float64          `json:"log_likelihood"`
		NullLogLikelihood float64          `json:"null_log_likelihood"`
		Deviance          float64          `json:"deviance"`
		Iterations        int              `json:"iterations"`
		Converged         bool             `json:"converged"`
		InSample          lead.Metrics     `json:"in_sample"`
		CrossValidated    validated        `json:"cross_validated"`
		Calibration       lead.Calibration `json:"calibration"`
		Lift              []lead.Decile    `json:"lift"`
		Threshold         threshold        `json:"threshold"`
		Dropped           []string         `json:"dropped"`
		Warnings          []string         `json:"warnings"`
	}{m.N, m.Events, m.Lambda, m.L1, m.Intercept, m.InterceptStd, coefficients, m.Objective, m.LogLikelihood, m.NullLogLikelihood,
		m.Deviance, m.Iterations, m.Converged, m.InSample, validated{m.CrossValidated, m.Folds}, calibration, m.Lift,
		threshold{t.Rule, number(t.Cut), t.TP, t.FP, t.FN, t.TN, number(t.Precision.Value), number(t.Recall.Value), number(t.Lift.Value),
			intervals{interval(t.Precision), interval(t.Recall), interval(t.Lift)}},
		append([]string{}, m.Dropped...), append([]string{}, m.Warnings...)})
}

// writeScores writes the probabilities of every row, in the order of the input.
func (t *table) writeScores(w io.Writer, m *lead.Model) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"id", "p_in_sample", "p_out_of_fold", "p_calibrated"}); err != nil {
		return err
	}
	text := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	for i, r := range m.Rows {
		if err := out.Write([]string{input.Cell(t.names[i]), text(r.InSample), text(r.OutOfFold), text(r.Calibrated)}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
