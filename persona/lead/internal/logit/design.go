package logit

import (
	"cmp"
	"math"
	"slices"
)

// A Sample holds rows column by column.
type Sample struct {
	Numbers [][]float64 // NaN where missing
	Levels  [][]string  // "" where missing
	Y       []float64   // 0 or 1
}

// Pick returns the sample of some rows.
func (s *Sample) Pick(places []int) *Sample {
	picked := &Sample{Y: at(s.Y, places)}
	for _, column := range s.Numbers {
		picked.Numbers = append(picked.Numbers, at(column, places))
	}
	for _, column := range s.Levels {
		picked.Levels = append(picked.Levels, at(column, places))
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

// A Feature is one column of the design matrix: a number, the indicator of a number that
// is missing, or a level.
type Feature struct {
	Name, Level string // Level is ? for an indicator
	Mean, SD    float64

	source int // index into Numbers or Levels
	kind   kind
	fill   float64 // of a number that is missing
}

type kind uint8

const (
	number kind = iota
	indicator
	dummy
)

const (
	otherLevel   = "(other)"
	missingLevel = "(missing)"
	leastRows    = 5 // of a level; rarer ones are joined
)

// Label names a feature in messages: COL, COL=? or COL=level.
func (f *Feature) Label() string {
	if f.kind == number {
		return f.Name
	}
	return f.Name + "=" + f.Level
}

// A Design turns rows into standardised features.
type Design struct {
	Features []Feature
	Dropped  []string          // what says nothing
	known    []map[string]bool // by source, the levels that have a feature or are the reference
}

// AddNumber adds the next numeric column. A missing number is the mean, and has an
// indicator.
func (d *Design) AddNumber(name string, source int, of *Sample) {
	sum, known := 0.0, 0
	for _, x := range of.Numbers[source] {
		if !math.IsNaN(x) {
			sum += x
			known++
		}
	}
	mean := 0.0
	if known > 0 {
		mean = sum / float64(known)
	}
	d.Features = append(d.Features, Feature{Name: name, source: source, fill: mean})
	if known < len(of.Y) {
		d.Features = append(d.Features, Feature{Name: name, Level: "?", source: source, kind: indicator})
	}
}

// AddLevels adds the next categorical column: a feature a level but for the most frequent
// one. Rare levels are joined.
func (d *Design) AddLevels(name string, source int, of *Sample) {
	count := map[string]int{}
	for _, level := range of.Levels[source] {
		count[cmp.Or(level, missingLevel)]++
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
	d.known = append(d.known, known)
	reference := slices.MinFunc(names, func(a, b string) int { return cmp.Or(count[b]-count[a], cmp.Compare(a, b)) })
	if len(names) == 1 {
		d.Dropped = append(d.Dropped, name)
	}
	slices.Sort(names)
	for _, level := range names {
		if level != reference {
			d.Features = append(d.Features, Feature{Name: name, Level: level, source: source, kind: dummy})
		}
	}
}

// Fit finds the solution of the sample that the columns were added from. It drops features
// that are constant or, where nothing is penalised, depend on others. start is the
// solution of a like problem, nil for none.
func (d *Design) Fit(of *Sample, lambda, l1 float64, start []float64) (*Problem, *Solution) {
	p := &Problem{Y: of.Y, Lambda: lambda, L1: l1, Strict: lambda == 0 && l1 == 0, Start: start}
	kept := d.Features[:0]
	for _, f := range d.Features {
		column := d.Column(&f, of)
		f.measure(column)
		if f.SD <= 1e-12*math.Abs(f.Mean) {
			d.Dropped = append(d.Dropped, f.Label())
			continue
		}
		f.standardise(column)
		kept, p.Z = append(kept, f), append(p.Z, column)
	}
	d.Features = kept
	for p.Strict {
		j := p.Dependent()
		if j < 0 {
			break
		}
		d.Dropped = append(d.Dropped, d.Features[j].Label())
		d.Features = slices.Delete(d.Features, j, j+1)
		p.Z = slices.Delete(p.Z, j, j+1)
	}
	return p, p.Solve()
}

// measure finds mean and population deviation of a column.
func (f *Feature) measure(column []float64) {
	sum, squares := 0.0, 0.0
	for _, x := range column {
		sum += x
	}
	f.Mean = sum / float64(len(column))
	for _, x := range column {
		squares += float64((x - f.Mean) * (x - f.Mean))
	}
	f.SD = math.Sqrt(squares / float64(len(column)))
}

func (f *Feature) standardise(column []float64) {
	for i, x := range column {
		column[i] = (x - f.Mean) / f.SD
	}
}

// Column returns the raw values of a feature. A level that was never seen is (other), or
// the reference where there is no (other).
func (d *Design) Column(f *Feature, s *Sample) []float64 {
	column := make([]float64, len(s.Y))
	switch f.kind {
	case number:
		for i, x := range s.Numbers[f.source] {
			if column[i] = x; math.IsNaN(x) {
				column[i] = f.fill
			}
		}
	case indicator:
		for i, x := range s.Numbers[f.source] {
			if math.IsNaN(x) {
				column[i] = 1
			}
		}
	case dummy:
		for i, level := range s.Levels[f.source] {
			level = cmp.Or(level, missingLevel)
			if level == f.Level || f.Level == otherLevel && !d.known[f.source][level] {
				column[i] = 1
			}
		}
	}
	return column
}

// Score returns log-odds and probabilities of other rows for a solution.
func (d *Design) Score(s *Sample, b []float64) (eta, probability []float64) {
	p := &Problem{Y: s.Y}
	for j := range d.Features {
		column := d.Column(&d.Features[j], s)
		d.Features[j].standardise(column)
		p.Z = append(p.Z, column)
	}
	at := p.solution(b)
	p.evaluate(at, b)
	return at.Eta, at.P
}

// Separators names the features whose slopes run away in a separated solution.
func (d *Design) Separators(s *Solution) []string {
	var names []string
	for j := range d.Features {
		if math.Abs(s.B[j+1]) > maxSlope {
			names = append(names, d.Features[j].Label())
		}
	}
	if names != nil {
		return names
	}
	moving := s.Delta
	if moving == nil {
		moving = s.B
	}
	most := steep(moving)
	for j := range d.Features {
		if math.Abs(moving[j+1]) >= most/2 {
			names = append(names, d.Features[j].Label())
		}
	}
	return names
}
