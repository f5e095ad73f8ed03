package lead

import "github.com/tabi-go/tabi/persona/lead/internal/logit"

// A Column names one property of the rows and says what it is made of.
type Column struct {
	Name        string
	Categorical bool // levels, not numbers
}

// A Row is one lead as it was known at the instant of the decision, with what became of it.
type Row struct {
	ID      string // the same row under the same ID counts once
	Target  bool
	Numbers []float64 // one a numeric column, in the order of the columns; NaN where missing
	Levels  []string  // one a categorical column; "" where missing
}

// sample returns the rows column by column.
func sample(rows []Row) *logit.Sample {
	s := &logit.Sample{}
	for j := range len(rows[0].Numbers) {
		column := make([]float64, len(rows))
		for i := range rows {
			column[i] = rows[i].Numbers[j]
		}
		s.Numbers = append(s.Numbers, column)
	}
	for j := range len(rows[0].Levels) {
		column := make([]string, len(rows))
		for i := range rows {
			column[i] = rows[i].Levels[j]
		}
		s.Levels = append(s.Levels, column)
	}
	for i := range rows {
		s.Y = append(s.Y, target(rows[i].Target))
	}
	return s
}
