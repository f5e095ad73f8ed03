package discover

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/tabi-go/tabi/internal/num"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/discover/internal/evidence"
	"github.com/tabi-go/tabi/persona/discover/internal/record"
)

// FindOptions say how a [Lift] is read. Nil and zero fields are defaults.
type FindOptions struct {
	Seed uint64 // deals the rows into the five folds of cross-fitting
	// AllowLeaky uses values that were observed after the opportunity began.
	AllowLeaky bool
}

// Findings are what the won rows have in common.
type Findings struct {
	Won, Lost, Open int
	Conflicts       int         // rows beside another of the same ID; the first bytewise counts
	Leaky           []Leaky     // by name
	Attributes      []Attribute // by falling CrossFitted, then name
	Draft           *persona.ICP
}

// A Leaky attribute was observed after the opportunity began, so that it may follow from
// the outcome. Such values count as unknown: of an attribute that has no others nothing
// more is said.
type Leaky struct {
	Name string
	Rows int
}

// An Attribute is what one attribute tells of the outcome.
type Attribute struct {
	Name string
	// IV is the information value Σ(a/W − b/L)·WoE over the levels, which flatters, and
	// CrossFitted what is left of it in rows that the weights of evidence were not drawn
	// from. It may be negative: then the attribute tells nothing.
	IV, CrossFitted float64
	SE, Lower       float64 // of CrossFitted: standard error, one-sided 95 % bound
	Band            string  // of IV by rule of thumb: none, weak, medium, strong, suspicious
	Levels          []Level // in order; unknown last
}

// A Level is one value of an attribute, a bin of its numbers, or "(unknown)".
type Level struct {
	Label     string
	Unknown   bool
	Won, Lost int
	Rate      float64 // share of won, smoothed by 20 rows of the base rate
	Lift      float64 // Rate by the base rate
	Low, High float64 // 90 % interval of Lift
	WoE       float64 // weight of evidence: log of the share among won by that among lost
	P, Q      float64 // Fisher's exact test against the rest; its Benjamini–Hochberg value
	Supported bool    // Q ≤ 0.10 and the interval excludes 1

	level
}

const (
	leastRows = 20  // won and lost
	smoothing = 20. // rows of the base rate that each level gets
	folds     = 5
)

// Find says how each attribute goes with winning. Open rows are counted and left out. The
// error is [ErrTooFew].
func (l *Lift) Find(o *FindOptions) (*Findings, error) {
	if o == nil {
		o = &FindOptions{}
	}
	f := &Findings{}
	s := l.sample(f)
	if f.Won < leastRows || f.Lost < leastRows {
		return nil, ErrTooFew
	}
	s.fold = evidence.Deal(o.Seed, s.ids, s.won, folds)
	leaks := map[string]int{}
	columns := map[string][]*record.Value{}
	for i, r := range s.rows {
		for j := range r.Cells {
			c := &r.Cells[j]
			if c.Late {
				leaks[c.Name]++
				if !o.AllowLeaky {
					continue
				}
			}
			if columns[c.Name] == nil {
				columns[c.Name] = make([]*record.Value, len(s.rows))
			}
			columns[c.Name][i] = &c.Value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(leaks)) {
		f.Leaky = append(f.Leaky, Leaky{name, leaks[name]})
	}
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		f.Attributes = append(f.Attributes, s.attribute(name, columns[name]))
	}
	f.test()
	slices.SortStableFunc(f.Attributes, func(a, b Attribute) int { return cmp.Compare(b.CrossFitted, a.CrossFitted) })
	f.Draft = f.draft()
	return f, nil
}

// A sample is the decided rows by ID, and how they are dealt.
type sample struct {
	rows []*record.Record
	ids  []string
	won  []bool
	fold []int
	base float64 // rate
}

func (l *Lift) sample(f *Findings) *sample {
	s := &sample{}
	last := ""
	for _, text := range slices.Sorted(maps.Keys(l.rows)) { // equal IDs side by side
		if l.rows[text] < 0 { // taken away before it came
			continue
		}
		r, _ := record.Decode(text)
		if r.ID == last {
			f.Conflicts++
			continue
		}
		last = r.ID
		switch Outcome(r.Outcome) {
		case Open:
			f.Open++
			continue
		case Won:
			f.Won++
		default:
			f.Lost++
		}
		s.rows = append(s.rows, r)
		s.ids = append(s.ids, r.ID)
		s.won = append(s.won, Outcome(r.Outcome) == Won)
	}
	s.base = float64(f.Won) / float64(f.Won+f.Lost)
	return s
}

func (s *sample) attribute(name string, cells []*record.Value) Attribute {
	levels, codes := levelsOf(cells, s.won)
	all := evidence.NewCounts(len(levels))
	parts := make([]evidence.Counts, folds)
	for i := range parts {
		parts[i] = evidence.NewCounts(len(levels))
	}
	for i, c := range codes {
		all.Add(c, s.won[i])
		parts[s.fold[i]].Add(c, s.won[i])
	}
	woe := all.WoE()
	a := Attribute{Name: name, IV: all.InformationValue(woe)}
	a.Band = evidence.Band(a.IV)
	a.CrossFitted, a.SE = evidence.CrossFit(all, parts)
	a.Lower = a.CrossFitted - float64(1.645*a.SE)
	for i, l := range levels {
		won, lost := all.Won[i], all.Lost[i]
		x, y := float64(won)+float64(smoothing*s.base), float64(lost)+float64(smoothing*(1-s.base))
		v := Level{
			Label: l.label(), Unknown: l.missing, Won: won, Lost: lost, Rate: x / (x + y), WoE: woe[i], level: l,
			Low: num.BetaQuantile(.05, x, y) / s.base, High: num.BetaQuantile(.95, x, y) / s.base,
			P: num.FisherExact(won, lost, all.Wins-won, all.Losses-lost),
		}
		v.Lift = v.Rate / s.base
		a.Levels = append(a.Levels, v)
	}
	return a
}

// test gives every level its q over all that were tested, and says which are supported.
func (f *Findings) test() {
	var all []*Level
	for i := range f.Attributes {
		for j := range f.Attributes[i].Levels {
			all = append(all, &f.Attributes[i].Levels[j])
		}
	}
	slices.SortStableFunc(all, func(a, b *Level) int { return cmp.Compare(b.P, a.P) })
	q := 1.0
	for i, v := range all { // Benjamini and Hochberg, 1995, from the largest p down
		q = math.Min(q, v.P*float64(len(all))/float64(len(all)-i))
		v.Q = q
		v.Supported = q <= .10 && (v.Low > 1 || v.High < 1)
	}
}
