package lead_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/persona/lead"
)

// Of equal probabilities Lift takes the non-events first, wherever they stand: what a cut
// through a tie promises is the least that it can.
func TestLiftTakesNonEventsFirstWhereProbabilitiesAreEqual(t *testing.T) {
	p, y := make([]float64, 40), make([]bool, 40)
	for i := range p {
		p[i] = .5
	}
	for _, events := range [][]int{{0, 1, 2, 3, 4, 5, 6, 7}, {32, 33, 34, 35, 36, 37, 38, 39}, {0, 5, 10, 15, 20, 25, 30, 35}} {
		clear(y)
		for _, i := range events {
			y[i] = true
		}
		for _, d := range lead.Lift(p, y) {
			if want := []int{0, 4}[d.Decile/9]; d.N != 4 || d.Events != want || d.Lift != float64(want)*5/4 {
				t.Errorf("events at %v: decile %d has %d of %d, lift %v", events, d.Decile, d.Events, d.N, d.Lift)
			}
		}
	}
	// And ten unlike ones by descending probability.
	for i := range p {
		p[i], y[i] = float64(i)/40, i >= 36
	}
	if d := lead.Lift(p, y); d[0].Events != 4 || d[0].Lift != 10 || d[9].Events != 0 {
		t.Errorf("%+v", d)
	}
}

func TestTrainingAsksForItsFolds(t *testing.T) {
	for folds, ok := range map[int]bool{-1: false, 1: false, 2: true, 10: true, 11: false} {
		rows := trainable()
		_, err := lead.Logistic{Columns: []lead.Column{{Name: "x"}}, Folds: folds}.Train(rows)
		if (err == nil) != ok {
			t.Errorf("%d folds: %v", folds, err)
		}
	}
	e := error(&lead.SeparatedError{Columns: []string{"country jp", "seats"}})
	if e.Error() != "lead: classes are separated by country jp, seats" {
		t.Error(e)
	}
}

func trainable() []lead.Row {
	rows := make([]lead.Row, 120)
	for i := range rows {
		rows[i] = lead.Row{ID: fmt.Sprint(i), Target: i%3 == 0, Numbers: []float64{float64((i * 37) % 50)}}
	}
	return rows
}

// A number beyond all bounds is no prediction of certainty.
func TestPredictionOfWhatIsNoNumber(t *testing.T) {
	m, err := lead.Logistic{Columns: []lead.Column{{Name: "x"}}}.Train(trainable())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []float64{math.Inf(1), math.Inf(-1), math.MaxFloat64} {
		p, err := m.Predict(lead.Row{Numbers: []float64{x}})
		if err == nil && (math.IsNaN(p.P) || math.IsNaN(p.LogOdds) || math.IsInf(p.LogOdds, 0)) || err != nil && !errors.Is(err, lead.ErrRow) {
			t.Errorf("of %v: %+v, %v", x, p, err)
		}
	}
}

// Scores that are all the same calibrate to the rate of the events.
func TestPlattOfOneScore(t *testing.T) {
	scores, y := make([]float64, 30), make([]bool, 30)
	for i := range y {
		scores[i], y[i] = 2, i < 6
	}
	c := lead.Platt(scores, y)
	if got := c.P(2); !(math.Abs(got-.2) <= .03) || c.P(-50) != got || c.P(50) != got {
		t.Errorf("%v of 0.2", got)
	}
}

func TestDeskOfTooMany(t *testing.T) {
	owners := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`{"id":"o%d"}`, i)
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	for n, ok := range map[int]bool{lead.MaxOwners: true, lead.MaxOwners + 1: false} {
		_, err := lead.ParseRouter([]byte(`{"id":"r","default":{"owners":` + owners(n) + `}}`))
		if (err == nil) != ok {
			t.Errorf("%d owners: %v", n, err)
		}
	}
}

// Levels of five rows have a column of their own, those of four are joined as (other).
func TestLevelsOfFiveRowsAndOfFour(t *testing.T) {
	rows := trainable()
	for i := range rows {
		level := "most"
		switch {
		case i < 5:
			level = "five"
		case i < 9:
			level = "four"
		case i < 13:
			level = "also four"
		}
		rows[i].Numbers, rows[i].Levels = nil, []string{level}
	}
	m, err := lead.Logistic{Columns: []lead.Column{{Name: "x", Categorical: true}}}.Train(rows)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, c := range m.Coefficients {
		got[c.Level] = true
	}
	if len(got) != 2 || !got["five"] || !got["(other)"] {
		t.Errorf("levels %v", got)
	}
}
