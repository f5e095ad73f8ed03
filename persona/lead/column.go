package lead

import (
	"cmp"
	"math"
	"slices"
)

// A Column names one property of the rows and says what it is made of.
type Column struct {
	Name        string
	Categorical bool // levels, not numbers
}

// A Row is one lead as it was known at the instant of the decision, with what became of it.
type Row struct {
	ID      string
	Target  bool
	Numbers []float64 // one a numeric column, in the order of the columns; NaN where missing
	Levels  []string  // one a categorical column; "" where missing
}

const (
	otherLevel   = "(other)"
	missingLevel = "(missing)"
	leastRows    = 5 // of a level; rarer ones are joined
)

// A feature is one column of the design matrix: a number, the indicator of a number that
// is missing, or a level.
type feature struct {
	name, level string
	source      int // index into Numbers or Levels
	kind        featureKind
	mean, sd    float64
	fill        float64 // of a number that is missing
}

type featureKind uint8

const (
	number featureKind = iota
	indicator
	dummy
)

// label names a feature in messages: COL, COL=? or COL=level.
func (f *feature) label() string {
	if f.kind == number {
		return f.name
	}
	return f.name + "=" + f.level
}

// A sample holds rows column by column.
type sample struct {
	numbers [][]float64 // by source
	levels  [][]string
	y       []float64 // 0 or 1
}

func newSample(rows []Row) *sample {
	s := &sample{}
	for j := range len(rows[0].Numbers) {
		column := make([]float64, len(rows))
		for i := range rows {
			column[i] = rows[i].Numbers[j]
		}
		s.numbers = append(s.numbers, column)
	}
	for j := range len(rows[0].Levels) {
		column := make([]string, len(rows))
		for i := range rows {
			if column[i] = rows[i].Levels[j]; column[i] == "" {
				column[i] = missingLevel
			}
		}
		s.levels = append(s.levels, column)
	}
	for i := range rows {
		s.y = append(s.y, target(rows[i].Target))
	}
	return s
}

// pick returns the sample of some rows.
func (s *sample) pick(places []int) *sample {
	picked := &sample{y: at(s.y, places)}
	for _, column := range s.numbers {
		picked.numbers = append(picked.numbers, at(column, places))
	}
	for _, column := range s.levels {
		picked.levels = append(picked.levels, at(column, places))
	}
	return picked
}

func at[T any](column []T, places []int) []T {
	picked := make([]T, len(places))
	for i, place := range places {
		picked[i] = column[place]
	}
	return picked
}

// A design turns rows into standardised features.
type design struct {
	features []feature
	dropped  []string
	levels   []map[string]bool // by source, those that have a feature or are the reference
}

// learn finds the features of a sample.
func learn(columns []Column, s *sample) *design {
	d := &design{}
	numbers, levels := 0, 0
	for _, c := range columns {
		if c.Categorical {
			d.addLevels(c.Name, levels, s.levels[levels])
			levels++
		} else {
			d.addNumber(c.Name, numbers, s.numbers[numbers])
			numbers++
		}
	}
	return d
}

// scale measures the features, drops those that are constant, and returns the others
// standardised, column by column.
func (d *design) scale(s *sample) [][]float64 {
	kept := d.features[:0]
	var z [][]float64
	for _, f := range d.features {
		column := d.column(&f, s)
		f.measure(column)
		if f.sd <= 1e-12*math.Abs(f.mean) {
			d.dropped = append(d.dropped, f.label())
			continue
		}
		f.standardise(column)
		kept, z = append(kept, f), append(z, column)
	}
	d.features = kept
	return z
}

func (d *design) addNumber(name string, source int, cells []float64) {
	sum, known := 0.0, 0
	for _, x := range cells {
		if x == x { // not missing
			sum += x
			known++
		}
	}
	mean := 0.0
	if known > 0 {
		mean = sum / float64(known)
	}
	d.features = append(d.features, feature{name: name, source: source, fill: mean})
	if known < len(cells) {
		d.features = append(d.features, feature{name: name, level: "?", source: source, kind: indicator})
	}
}

func (d *design) addLevels(name string, source int, cells []string) {
	count := map[string]int{}
	for _, level := range cells {
		count[level]++
	}
	for level, n := range count {
		if n < leastRows && level != otherLevel {
			delete(count, level)
			count[otherLevel] += n
		}
	}
	known, names := map[string]bool{}, []string{}
	for level := range count {
		known[level] = true
		names = append(names, level)
	}
	d.levels = append(d.levels, known)
	reference := slices.MinFunc(names, func(a, b string) int { return cmp.Or(count[b]-count[a], cmp.Compare(a, b)) })
	if len(names) == 1 {
		d.dropped = append(d.dropped, name)
	}
	slices.Sort(names)
	for _, level := range names {
		if level != reference {
			d.features = append(d.features, feature{name: name, level: level, source: source, kind: dummy})
		}
	}
}

// measure finds mean and population deviation of a column.
func (f *feature) measure(column []float64) {
	sum, squares := 0.0, 0.0
	for _, x := range column {
		sum += x
	}
	f.mean = sum / float64(len(column))
	for _, x := range column {
		squares += float64((x - f.mean) * (x - f.mean))
	}
	f.sd = math.Sqrt(squares / float64(len(column)))
}

func (f *feature) standardise(column []float64) {
	for i, x := range column {
		column[i] = (x - f.mean) / f.sd
	}
}

// column returns the raw values of a feature. A level that was never seen is (other), or
// the reference where there is no (other).
func (d *design) column(f *feature, s *sample) []float64 {
	column := make([]float64, len(s.y))
	switch f.kind {
	case number:
		for i, x := range s.numbers[f.source] {
			if column[i] = x; x != x {
				column[i] = f.fill
			}
		}
	case indicator:
		for i, x := range s.numbers[f.source] {
			if x != x {
				column[i] = 1
			}
		}
	case dummy:
		for i, level := range s.levels[f.source] {
			if level == f.level || f.level == otherLevel && !d.levels[f.source][level] {
				column[i] = 1
			}
		}
	}
	return column
}

// matrix returns the standardised features of a sample, column by column.
func (d *design) matrix(s *sample) [][]float64 {
	var z [][]float64
	for j := range d.features {
		column := d.column(&d.features[j], s)
		d.features[j].standardise(column)
		z = append(z, column)
	}
	return z
}

// remove drops the feature j.
func (d *design) remove(j int) {
	d.dropped = append(d.dropped, d.features[j].label())
	d.features = slices.Delete(d.features, j, j+1)
}
