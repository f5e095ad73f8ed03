package lead_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/persona/lead"
)

// golden is ../shared/golden/methods/logistic.json, made with statsmodels and scikit-learn.
type golden struct {
	Ridge01 struct {
		Coef      []float64
		Objective float64
	} `json:"birthwt_ridge_lambda_0.1"`
	Ridge1 struct {
		Coef      []float64
		Objective float64
	} `json:"birthwt_ridge_lambda_1.0"`
	Lasso   struct{ Coef []float64 } `json:"birthwt_lasso_lambda_2.0"`
	Metrics struct {
		AUC, AP, Brier, Logloss, KS, Gini, Ece10 float64
		Murphy10                                 []float64
		HL                                       float64 `json:"hosmer_lemeshow10"`
		SE                                       float64 `json:"auc_delong_se"`
	} `json:"birthwt_metrics"`
	Platt    struct{ A, B float64 } `json:"platt_on_2s_plus_1"`
	Isotonic struct {
		X, Y  []float64
		Brier float64
	}
	Pava  struct{ Y, Fit []float64 } `json:"pava_tiny"`
	Lifts []lead.Decile              `json:"lift_deciles"`
}

func readGolden(t *testing.T) (g golden) {
	t.Helper()
	if err := json.Unmarshal(shared(t, "golden/methods/logistic.json"), &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func readCSV(t testing.TB, name string) []map[string]string {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(string(shared(t, name)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, r := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			row[name] = r[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func float(t testing.TB, text string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

var births = []lead.Column{{Name: "age"}, {Name: "lwt"}, {Name: "race", Categorical: true}, {Name: "smoke"}, {Name: "ptl"}, {Name: "ht"}, {Name: "ui"}, {Name: "ftv"}}

// birthwt is Hosmer and Lemeshow's study of low birth weight.
func birthwt(t testing.TB) []lead.Row {
	t.Helper()
	var rows []lead.Row
	for i, r := range readCSV(t, "data/methods/birthwt.csv") {
		row := lead.Row{ID: strconv.Itoa(i), Target: r["low"] == "1", Levels: []string{r["race"]}}
		for _, c := range births {
			if !c.Categorical {
				row.Numbers = append(row.Numbers, float(t, r[c.Name]))
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func train(t testing.TB, l lead.Logistic, rows []lead.Row) *lead.Model {
	t.Helper()
	m, err := l.Train(rows)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// R: glm(low ~ age + lwt + factor(race) + smoke + ptl + ht + ui + ftv, binomial).
func TestMaximumLikelihoodOfBirthwt(t *testing.T) {
	rows := birthwt(t)
	m := train(t, lead.Logistic{Columns: births, Lambda: lead.Unpenalised}, rows)
	want := readCSV(t, "golden/methods/glm_birthwt.csv")
	near(t, "intercept", m.Intercept, float(t, want[0]["coef"]), 1e-6)
	near(t, "its SE", m.InterceptSE, float(t, want[0]["se"]), 1e-6)
	for i, c := range m.Coefficients {
		name := c.Name
		if c.Level != "" {
			name = "factor(" + c.Name + ")" + c.Level
		}
		if w := want[i+1]; w["term"] != name {
			t.Errorf("%s stands for %s", name, w["term"])
		} else {
			near(t, name, c.Beta, float(t, w["coef"]), 1e-6)
			near(t, name+" SE", c.SE, float(t, w["se"]), 1e-6)
			near(t, name+" z", c.Z, float(t, w["z"]), 1e-5)
		}
	}
	near(t, "deviance", m.Deviance, 201.284795, 1e-6)
	near(t, "null", m.NullLogLikelihood, -117.33599809679107, 1e-9)
	for i, w := range readCSV(t, "golden/methods/glm_birthwt_fitted.csv") {
		near(t, "fitted "+w["id"], m.Rows[i].InSample, float(t, w["p"]), 1e-7)
	}
	if !m.Converged || m.N != 189 || m.Events != 59 {
		t.Errorf("%+v", m)
	}
}

func TestPenalisedBirthwt(t *testing.T) {
	g, rows := readGolden(t), birthwt(t)
	check := func(name string, m *lead.Model, want []float64, tolerance float64) {
		near(t, name+" intercept", m.InterceptStd, want[0], tolerance)
		for i, c := range m.Coefficients {
			near(t, name+" "+c.Name+c.Level, c.BetaStd, want[i+1], tolerance)
		}
	}
	m := train(t, lead.Logistic{Columns: births, Lambda: 0.1}, rows)
	check("ridge .1", m, g.Ridge01.Coef, 1e-8)
	near(t, "objective", m.Objective, g.Ridge01.Objective, 1e-8)
	m = train(t, lead.Logistic{Columns: births}, rows)
	check("ridge 1", m, g.Ridge1.Coef, 1e-8)
	near(t, "objective", m.Objective, g.Ridge1.Objective, 1e-8)
	m = train(t, lead.Logistic{Columns: births, Lambda: lead.Unpenalised, L1: 2}, rows)
	check("lasso 2", m, g.Lasso.Coef, 1e-4)
	if c := m.Coefficients[8]; c.Beta != 0 || !math.IsNaN(c.SE) {
		t.Errorf("ftv is %v ± %v", c.Beta, c.SE)
	}
}

func TestMetricsOfBirthwt(t *testing.T) {
	g, rows := readGolden(t), birthwt(t)
	m := train(t, lead.Logistic{Columns: births, Lambda: lead.Unpenalised}, rows)
	got, w := m.InSample, g.Metrics
	for name, pair := range map[string][2]float64{
		"auc": {got.AUC, w.AUC}, "auc_se": {got.AUCSE, w.SE}, "ap": {got.AP, w.AP}, "brier": {got.Brier, w.Brier}, "log_loss": {got.LogLoss, w.Logloss},
		"ks": {got.KS, w.KS}, "gini": {got.Gini, w.Gini}, "ece": {got.ECE, w.Ece10}, "hosmer_lemeshow": {got.HosmerLemeshow, w.HL},
		"reliability": {got.Murphy.Reliability, w.Murphy10[0]}, "resolution": {got.Murphy.Resolution, w.Murphy10[1]}, "uncertainty": {got.Murphy.Uncertainty, w.Murphy10[2]},
	} {
		near(t, name, pair[0], pair[1], 1e-9)
	}
	for i, d := range m.Lift {
		w := g.Lifts[i]
		near(t, "lift", d.Lift, w.Lift, 1e-9)
		if d.Lift = w.Lift; d != w {
			t.Errorf("%+v, not %+v", d, w)
		}
	}
}

func TestCalibrationOfBirthwt(t *testing.T) {
	g, rows := readGolden(t), birthwt(t)
	m := train(t, lead.Logistic{Columns: births, Lambda: lead.Unpenalised}, rows)
	var scores, stretched []float64
	var y []bool
	for _, r := range m.Rows {
		eta := math.Log(r.InSample / (1 - r.InSample))
		scores, stretched, y = append(scores, eta), append(stretched, 2*eta+1), append(y, r.Target)
	}
	c := lead.Platt(stretched, y)
	near(t, "platt A", c.A, g.Platt.A, 1e-6)
	near(t, "platt B", c.B, g.Platt.B, 1e-6)
	// The optimiser behind the golden stops at a slope of 1e-6; ours is at the minimum.
	slope := func(a, b float64) (da, db float64) {
		for i, f := range stretched {
			want := 1.0 / (130 + 2)
			if y[i] {
				want = (59 + 1.0) / (59 + 2)
			}
			e := want - 1/(1+math.Exp(a*f+b))
			da, db = da+e*f, db+e
		}
		return da, db
	}
	da, db := slope(c.A, c.B)
	near(t, "slope in A", da, 0, 1e-11)
	near(t, "slope in B", db, 0, 1e-11)
	c = lead.Isotonic(scores, y)
	if len(c.Knots) != len(g.Isotonic.X) {
		t.Fatalf("%d knots, not %d", len(c.Knots), len(g.Isotonic.X))
	}
	for i, k := range c.Knots {
		near(t, "knot", k.X, g.Isotonic.X[i], 1e-9)
		near(t, "knot", k.P, g.Isotonic.Y[i], 1e-9)
	}
	brier := 0.0
	for i, s := range scores {
		d := c.P(s)
		if y[i] {
			d--
		}
		brier += d * d
	}
	near(t, "brier", brier/float64(len(y)), g.Isotonic.Brier, 1e-9)
}

// The tiny example is scaled to rates: twelve rows at each place.
func TestPoolAdjacentViolators(t *testing.T) {
	g := readGolden(t)
	var scores []float64
	var y []bool
	for i, v := range g.Pava.Y {
		for k := range 12 {
			scores, y = append(scores, float64(i)), append(y, float64(k) < 2*v)
		}
	}
	c := lead.Isotonic(scores, y)
	for i, want := range g.Pava.Fit {
		near(t, "step", 6*c.P(float64(i)), want, 1e-12)
	}
	near(t, "between", 6*c.P(4.5), 3.5, 1e-12)
	near(t, "below", 6*c.P(-9), 1, 1e-12)
	near(t, "above", 6*c.P(99), 6, 1e-12)
	near(t, "linear", 6*c.P(5.5), 4.75, 1e-12)
}

// synthetic rows have two numbers and a categorical column that matter, and one that does not.
func synthetic(seed uint64, n int) ([]lead.Column, []lead.Row) {
	r := source(seed)
	rows := make([]lead.Row, n)
	for i := range rows {
		x, z, level := r.NormFloat64(), r.Float64(), []string{"a", "b", "c"}[r.IntN(3)]
		eta := x - 1
		if level == "b" {
			eta += 0.7
		}
		rows[i] = lead.Row{ID: fmt.Sprint(i), Target: r.Float64() < 1/(1+math.Exp(-eta)), Numbers: []float64{x, z}, Levels: []string{level}}
	}
	return []lead.Column{{Name: "x"}, {Name: "level", Categorical: true}, {Name: "z"}}, rows
}

func TestSeparationIsRefused(t *testing.T) {
	var six, forty, rare []lead.Row
	for i := range 6 {
		six = append(six, lead.Row{ID: fmt.Sprint(i), Target: i >= 3, Numbers: []float64{float64(i + 1)}})
	}
	for i := range 40 {
		forty = append(forty, lead.Row{ID: fmt.Sprint(i), Target: i >= 20, Numbers: []float64{float64(i), float64(i % 3)}})
	}
	for i := range 200 {
		won := i%4 == 0
		level := "often"
		if i < 24 && won {
			level = "always"
		}
		rare = append(rare, lead.Row{ID: fmt.Sprint(i), Target: won, Numbers: []float64{float64(i % 7)}, Levels: []string{level}})
	}
	x := []lead.Column{{Name: "x"}}
	if _, err := (lead.Logistic{Columns: x, Lambda: lead.Unpenalised}).Train(six); !errors.Is(err, lead.ErrTooFew) {
		t.Error(err)
	}
	var separated *lead.SeparatedError
	_, err := lead.Logistic{Columns: []lead.Column{{Name: "x"}, {Name: "noise"}}, Lambda: lead.Unpenalised}.Train(forty)
	if !errors.As(err, &separated) || fmt.Sprint(separated.Columns) != "[x]" {
		t.Error(err)
	}
	_, err = lead.Logistic{Columns: []lead.Column{{Name: "day"}, {Name: "level", Categorical: true}}, Lambda: lead.Unpenalised}.Train(rare)
	if !errors.As(err, &separated) || fmt.Sprint(separated.Columns) != "[level=always]" {
		t.Errorf("quasi-separation: %v", err)
	}
	m := train(t, lead.Logistic{Columns: []lead.Column{{Name: "x"}, {Name: "noise"}}}, forty)
	if b := m.Coefficients[0].BetaStd; !(0 < b && b <= 20) || m.InSample.AUC != 1 {
		t.Errorf("penalised: %v", b)
	}
}

func TestColumns(t *testing.T) {
	rows := make([]lead.Row, 60)
	r := source(2)
	for i := range rows {
		level := []string{"big", "big", "small", "big", "small", ""}[i%6]
		if i < 3 {
			level = fmt.Sprint("rare", i)
		}
		x := float64(i % 7)
		if i%5 == 0 {
			x = math.NaN()
		}
		rows[i] = lead.Row{ID: fmt.Sprint(i), Target: r.IntN(2) == 0, Numbers: []float64{x, 5, 2 * x}, Levels: []string{level, "same"}}
	}
	columns := []lead.Column{{Name: "size", Categorical: true}, {Name: "x"}, {Name: "five"}, {Name: "country", Categorical: true}, {Name: "twice"}}
	m := train(t, lead.Logistic{Columns: columns, Lambda: lead.Unpenalised}, rows)
	var names []string
	for _, c := range m.Coefficients {
		names = append(names, c.Name+"="+c.Level)
	}
	if got, want := fmt.Sprint(names), "[size=(missing) size=(other) size=small x= x=?]"; got != want {
		t.Errorf("columns %s, not %s", got, want)
	}
	if got, want := fmt.Sprint(m.Dropped), "[country five twice twice=?]"; got != want {
		t.Errorf("dropped %s, not %s", got, want)
	}
	p, err := m.Predict(lead.Row{Numbers: []float64{math.NaN(), 5, 0}, Levels: []string{"never seen", "same"}})
	if err != nil || p.Terms[1].Value != 1 || p.Terms[4].Value != 1 || p.Terms[3].Points != 0 {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := m.Predict(lead.Row{Numbers: []float64{1}}); !errors.Is(err, lead.ErrRow) {
		t.Error(err)
	}
	rows[7].Numbers = []float64{math.Inf(1), 5, 0}
	if _, err := (lead.Logistic{Columns: columns}).Train(rows); !errors.Is(err, lead.ErrRow) {
		t.Error(err)
	}
}

func TestTooManyLevels(t *testing.T) {
	rows := make([]lead.Row, 6000)
	for i := range rows {
		rows[i] = lead.Row{ID: fmt.Sprint(i), Target: i%2 == 0, Levels: []string{fmt.Sprint(i / 6)}}
	}
	if _, err := (lead.Logistic{Columns: []lead.Column{{Name: "city", Categorical: true}}}).Train(rows); !errors.Is(err, lead.ErrTooMany) {
		t.Error(err)
	}
}

func TestPrediction(t *testing.T) {
	columns, rows := synthetic(1, 2000)
	m := train(t, lead.Logistic{Columns: columns, Lambda: lead.Unpenalised}, rows)
	for i := range 50 {
		p, err := m.Predict(rows[i])
		if err != nil {
			t.Fatal(err)
		}
		sum := m.InterceptStd
		raw := m.Intercept
		for j, term := range p.Terms {
			sum += term.Points
			raw += m.Coefficients[j].Beta * term.Value
		}
		near(t, "terms", sum, p.LogOdds, 1e-12)
		near(t, "raw coefficients", raw, p.LogOdds, 1e-9)
		near(t, "as in training", p.P, m.Rows[i].InSample, 1e-12)
		if !(p.Low < p.P && p.P < p.High) {
			t.Errorf("%v not in %v..%v", p.P, p.Low, p.High)
		}
	}
	if lo, hi := m.Coefficients[0].OddsInterval(); !(lo < m.Coefficients[0].Odds && m.Coefficients[0].Odds < hi && lo > 1) {
		t.Errorf("odds of x between %v and %v", lo, hi)
	}
	if m.Calibration.Method != "isotonic" {
		t.Error(m.Calibration.Method)
	}
	// Noise looks useful in sample only.
	if !(m.CrossValidated.AUC < m.InSample.AUC && math.Abs(m.CrossValidated.AUC-m.InSample.AUC) <= 0.02) {
		t.Errorf("AUC %v in sample, %v out of fold", m.InSample.AUC, m.CrossValidated.AUC)
	}
}

// P1: a row that is there twice under one id is one row, in no fold beside itself; rows
// without an id are rows of their own.
func TestARepeatedRowCountsOnce(t *testing.T) {
	columns, rows := synthetic(3, 150)
	want := train(t, lead.Logistic{Columns: columns}, rows)
	twice := append(slices.Clone(rows), rows...)
	source(3).Shuffle(len(twice), func(i, j int) { twice[i], twice[j] = twice[j], twice[i] })
	got := train(t, lead.Logistic{Columns: columns}, twice)
	if got.N != want.N || fmt.Sprint(got.Coefficients, got.CrossValidated, got.Calibration) != fmt.Sprint(want.Coefficients, want.CrossValidated, want.Calibration) {
		t.Errorf("doubled rows give %v, not %v", got.CrossValidated, want.CrossValidated)
	}
	scores := map[string]float64{}
	for _, r := range want.Rows {
		scores[r.ID] = r.OutOfFold
	}
	for i, r := range got.Rows {
		if r.ID != twice[i].ID || r.OutOfFold != scores[r.ID] {
			t.Fatalf("row %d has the scores of another", i)
		}
	}
	if n := len(got.Candidates()); n != want.N {
		t.Errorf("%d candidates of %d rows", n, want.N)
	}
	for i := range twice {
		twice[i].ID = ""
	}
	if m := train(t, lead.Logistic{Columns: columns}, twice); m.N != len(twice) {
		t.Errorf("%d rows of %d without ids", m.N, len(twice))
	}
}

// P1: the order of the rows does not show. P11: a larger penalty never gives a longer
// vector, and swapped classes swap signs.
func TestTrainingProperties(t *testing.T) {
	for seed := range uint64(rounds(20)) {
		columns, rows := synthetic(seed, 150)
		for i := range rows {
			if i%11 == 0 {
				rows[i].Numbers[1], rows[i].Levels[0] = math.NaN(), ""
			}
		}
		l := lead.Logistic{Columns: columns, Seed: seed}
		m := train(t, l, rows)
		want := fmt.Sprintf("%v", m.Coefficients) + fmt.Sprint(m.InSample, m.CrossValidated, m.Calibration, m.Lift)
		byID := map[string]lead.Scored{}
		for _, r := range m.Rows {
			byID[r.ID] = r
		}
		source(seed).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		again := train(t, l, rows)
		if got := fmt.Sprintf("%v", again.Coefficients) + fmt.Sprint(again.InSample, again.CrossValidated, again.Calibration, again.Lift); got != want {
			t.Fatalf("P1, seed %d:\n%s\n%s", seed, got, want)
		}
		for i, r := range again.Rows {
			if r != byID[rows[i].ID] {
				t.Fatalf("P1, seed %d: row %s", seed, r.ID)
			}
		}
		length := math.Inf(1)
		for _, lambda := range []float64{lead.Unpenalised, 0.1, 1, 10, 1000} {
			m := train(t, lead.Logistic{Columns: columns, Lambda: lambda}, rows)
			sum := 0.0
			for _, c := range m.Coefficients {
				sum += c.BetaStd * c.BetaStd
			}
			if !(sum <= length+1e-9) {
				t.Fatalf("P11, seed %d: λ %v gives %v after %v", seed, lambda, sum, length)
			}
			length = sum
		}
		for i := range rows {
			rows[i].Target = !rows[i].Target
		}
		swapped := train(t, l, rows)
		for i, c := range swapped.Coefficients {
			near(t, "P11: swapped", c.Beta, -m.Coefficients[i].Beta, 1e-9)
		}
	}
}

// P12: AUC(−s) = 1 − AUC(s).
func TestReversedScores(t *testing.T) {
	for seed := range uint64(rounds(200)) {
		r := source(seed)
		p, q, y := make([]float64, 50), make([]float64, 50), make([]bool, 50)
		for i := range p {
			p[i] = float64(r.IntN(20)) / 20 // with ties
			q[i], y[i] = 1-p[i], i < 2 || i > 2 && r.IntN(3) == 0
		}
		a, b := lead.Measure(p, y), lead.Measure(q, y)
		near(t, "P12", b.AUC, 1-a.AUC, 1e-12)
		near(t, "its SE", b.AUCSE, a.AUCSE, 1e-12)
		near(t, "KS", b.KS, a.KS, 1e-12)
	}
}

// P13: calibration is monotone.
func TestCalibrationIsMonotone(t *testing.T) {
	for seed := range uint64(rounds(100)) {
		r := source(seed)
		scores, y := make([]float64, 60), make([]bool, 60)
		for i := range scores {
			scores[i] = math.Round(10*r.NormFloat64()) / 5
			y[i] = i == 0 || i > 1 && r.Float64() < 1/(1+math.Exp(-scores[i]))
		}
		for _, c := range []lead.Calibration{{}, lead.Platt(scores, y), lead.Isotonic(scores, y)} {
			sign, last := 1.0, math.Inf(-1)
			if c.A > 0 {
				sign = -1
			}
			for s := -6.0; s < 6; s += 0.01 {
				p := sign * c.P(s)
				if !(p >= last && 0 <= c.P(s) && c.P(s) <= 1) {
					t.Fatalf("P13, seed %d, %s: %v after %v", seed, c.Method, p, last)
				}
				last = p
			}
		}
	}
}

func ExampleLogistic_Train() {
	var rows []lead.Row
	for i := range 200 { // every second visitor of a demo buys, every tenth other one
		demo := i%4 == 0
		won := i%10 == 1 || demo && i%8 == 0
		seen := "no"
		if demo {
			seen = "yes"
		}
		rows = append(rows, lead.Row{ID: fmt.Sprint(i), Target: won, Levels: []string{seen}})
	}
	l := lead.Logistic{Columns: []lead.Column{{Name: "demo", Categorical: true}}, Lambda: lead.Unpenalised}
	m, err := l.Train(rows)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range m.Coefficients {
		lo, hi := c.OddsInterval()
		fmt.Printf("%s %s: odds × %.1f (%.1f to %.1f)\n", c.Name, c.Level, c.Odds, lo, hi)
	}
	p, _ := m.Predict(lead.Row{Levels: []string{"yes"}})
	fmt.Printf("%.2f (%.2f to %.2f)\n", p.P, p.Low, p.High)
	// Output:
	// demo yes: odds × 6.5 (3.1 to 13.5)
	// 0.50 (0.36 to 0.64)
}
