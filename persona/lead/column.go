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

// A design turns rows into standardised features.
type design struct {
	features []feature
	dropped  []string
	levels   []map[string]bool // by source, those that have a feature or are the reference
}

// newDesign learns the features of rows, and returns them standardised, column by column.
func newDesign(columns []Column, rows []Row) (*design, [][]float64) {
	d := &design{}
	numbers, levels := 0, 0
	for _, c := range columns {
		if c.Categorical {
			d.addLevels(c.Name, levels, rows)
			levels++
		} else {
			d.addNumber(c.Name, numbers, rows)
			numbers++
		}
	}
	kept := d.features[:0]
	var z [][]float64
	for _, f := range d.features {
		column := d.column(&f, rows)
		f.measure(column)
		if f.sd <= 1e-12*math.Abs(f.mean) {
			d.dropped = append(d.dropped, f.label())
			continue
		}
		f.standardise(column)
		kept, z = append(kept, f), append(z, column)
	}
	d.features = kept
	return d, z
}

func (d *design) addNumber(name string, source int, rows []Row) {
	sum, known := 0.0, 0
	for i := range rows {
		if x := rows[i].Numbers[source]; !math.IsNaN(x) {
			sum += x
			known++
		}
	}
	mean := 0.0
	if known > 0 {
		mean = sum / float64(known)
	}
	d.features = append(d.features, feature{name: name, source: source, fill: mean})
	if known < len(rows) {
		d.features = append(d.features, feature{name: name, level: "?", source: source, kind: indicator})
	}
}

func (d *design) addLevels(name string, source int, rows []Row) {
	count := map[string]int{}
	for i := range rows {
		count[levelOf(rows[i].Levels[source])]++
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

func levelOf(cell string) string {
	if cell == "" {
		return missingLevel
	}
	return cell
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
func (d *design) column(f *feature, rows []Row) []float64 {
	column := make([]float64, len(rows))
	for i := range rows {
		if f.kind == dummy {
			level := levelOf(rows[i].Levels[f.source])
			if !d.levels[f.source][level] {
				level = otherLevel
			}
			if level == f.level {
				column[i] = 1
			}
			continue
		}
		x := rows[i].Numbers[f.source]
		switch missing := math.IsNaN(x); {
		case f.kind == number && missing:
			column[i] = f.fill
		case f.kind == number:
			column[i] = x
		case missing:
			column[i] = 1
		}
	}
	return column
}

// matrix returns the standardised features of rows, column by column.
func (d *design) matrix(rows []Row) [][]float64 {
	var z [][]float64
	for j := range d.features {
		column := d.column(&d.features[j], rows)
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
