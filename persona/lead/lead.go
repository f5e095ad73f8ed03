// Package lead says how warm a lead is, how well it fits, and who should act on it.
//
// Which function do I want?
//
//   - From touches to points that decay: [Table.Engagement], with the [DefaultTable] or one's
//     own, read by [ParseTable].
//   - Score, grade, momentum and status of a person or an account: [Table.Score].
//     The status has hysteresis, and every crossing has its date and its touch.
//   - An account from its members: [AccountScore].
//   - What outcomes teach: [Logistic], which trains, validates and calibrates a model
//     without help, and explains each prediction.
//   - Where to cut: [ByCost], [ByValue], [TopN].
//   - Who gets the lead: [Router].
//
// Fit and engagement are multiplied, not added: an ideal stranger and a hyperactive
// student both come out low.
//
// Caveats. Points of a table are habits, not findings. A status is a proposal that the
// stage model may take. A coefficient says what went together, not what works; rows must
// hold what was known when the decision was due, for what is filled in after the sale
// predicts it well.
//
// Everything is a pure function of touches, definitions and the instant asked for.
package lead

import (
	"iter"
	"math"
	"strconv"
	"time"

	"github.com/tabi-go/tabi/internal/num"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Score is how warm a lead is. As [persona.Fields] it answers lead.score, lead.grade and
// lead.status; join it with what else is known.
type Score struct {
	Table, Version string  // id and version of the table
	Value          int     // 0 to 100: 100·(Fit/100)^a·(Level/100)^(1−a), half up, a the table's fit weight
	Fit            float64 // 0 to 100
	Provisional    bool    // the fit is unknown, and the table's prior was taken
	Engagement     float64 // points
	Level          float64 // points as a share of the table's cap, 0 to 100
	Momentum       float64 // points won over the last seven days
	// Grade is a letter for the fit (A from 80, B from 60, C from 40, D, ? where too little is
	// known) and a digit for the level (1 from 75, 2 from 50, 3 from 25, 4).
	Grade     string
	Status    Status
	Reason    string // of a Disqualified: the criteria that rule it out
	Crossings []Crossing
	Terms     []Term
}

// A Term is what one rule of the table brings to the engagement.
type Term struct {
	Rule    string
	Points  float64
	Touches int
	Last    touchpoint.Key // the latest of the touches
}

// Score scores a subject as of at. f gives its touches, and consent.activate, without
// which it is no MQL; for an account (journey.subject_kind) also account.coverage and
// account.single_threaded. fit is taken as it is for the whole past, the zero Fit as unknown.
func (t *Table) Score(fit persona.Fit, f persona.Fields, at time.Time) Score {
	o := t.orDefault()
	s := Score{Table: t.ID, Version: t.Version, Fit: fit.Score, Provisional: !fit.Known}
	if !fit.Known {
		s.Fit = o.Prior
	}
	w := t.watch(f, at)
	line := newLine(&o, fit, s.Fit, f)
	line.run(w, at.UnixMicro())
	s.Engagement = w.engagement(at.UnixMicro())
	s.Level = line.level(s.Engagement)
	s.Value = line.value(s.Level)
	s.Momentum = s.Engagement - line.weekAgo
	s.Grade = letter(fit) + digit(s.Level)
	s.Status, s.Reason, s.Crossings = line.status, line.reason, line.crossings
	for i := range w.meters {
		if m := &w.meters[i]; m.Touches > 0 {
			s.Terms = append(s.Terms, Term{t.Rules[i].ID, m.Value(at.UnixMicro()), m.Touches, w.last[i]})
		}
	}
	return s
}

func letter(fit persona.Fit) string {
	switch {
	case len(fit.Out) > 0:
		return "D"
	case !fit.Known || !fit.Enough:
		return "?"
	case fit.Score >= 80:
		return "A"
	case fit.Score >= 60:
		return "B"
	case fit.Score >= 40:
		return "C"
	}
	return "D"
}

func digit(level float64) string {
	return strconv.Itoa(4 - min(int(level/25), 3))
}

// power is x^y for x from 0 to 1.
func power(x, y float64) float64 {
	if y == 0.5 {
		return math.Sqrt(x)
	}
	return num.Pow(x, y)
}

// Field answers lead.score, lead.grade and lead.status.
func (s Score) Field(name string) (persona.Value, persona.Why) {
	switch {
	case s.Grade == "": // the zero Score
	case name == "lead.score":
		return persona.NumberValue(float64(s.Value)), persona.Why{}
	case name == "lead.grade":
		return persona.TextValue(s.Grade), persona.Why{}
	case name == "lead.status":
		return persona.TextValue(string(s.Status)), persona.Why{}
	}
	return persona.Value{}, persona.Why{Unknown: persona.NeverObserved}
}

// Touches yields none.
func (s Score) Touches() iter.Seq[touchpoint.Touch] { return persona.Map{}.Touches() }
