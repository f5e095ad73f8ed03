package match

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/internal/num"
)

// Defaults of a Scorer.
const (
	DefaultThreshold = 10        // bits
	DefaultMaxBlock  = 1000      // records
	maxPairs         = 1_000_000 // pairs from which u is learnt
	maxRounds        = 100
)

// A Record is one row to compare. ID is an identifier of its own, on which the evidence
// hangs; At dates that evidence.
type Record struct {
	ID     identity.ID
	At     time.Time
	Values map[string]string // by column
}

// A Scorer compares records. Only pairs that agree in all columns of at least one rule
// of Block are compared; a column may be cut, as "dob[0:4]" for its first four
// characters. Safe for concurrent use, as long as it is not changed.
type Scorer struct {
	Fields    []Field
	Block     [][]string
	Threshold float64 // bits that a pair needs, 0: DefaultThreshold
	MaxBlock  int     // records of the largest block that is compared, 0: DefaultMaxBlock
	Seed      uint64  // of the draws where there are more than a million pairs
	Source    string  // of the evidence, "": "match"
}

// A Result is what a scorer found.
type Result struct {
	Evidence []identity.Evidence // of the pairs over the threshold, by pair
	Lambda   float64             // share of the compared pairs that are of one person
	Fields   []Field             // with the chances that were used
	Skipped  []Block             // not compared: too large

	threshold float64
	rows      map[identity.ID][]string
}

// A Block is a group of records that agree in the columns of a rule. It does not say in
// which values.
type Block struct {
	Rule    int
	Records int
}

// A Part is what one field adds to the score of a pair. Level 0 is equality, the last
// one the rest; it is -1 where a side is empty.
type Part struct {
	Column string
	Level  int
	Bits   float64
}

// Score compares records. Two records of one ID are compared like any others but give no
// evidence. The result does not depend on the order of the records.
func (s *Scorer) Score(records []Record) (*Result, error) {
	if len(s.Fields) == 0 {
		return nil, errors.New("match: no fields")
	}
	for i := range s.Fields {
		if err := s.Fields[i].check(); err != nil {
			return nil, err
		}
	}
	records = slices.Clone(records)
	slices.SortStableFunc(records, func(a, b Record) int { return identity.CompareIDs(a.ID, b.ID) })
	rows := make([][]string, len(records))
	res := &Result{Fields: slices.Clone(s.Fields), threshold: s.Threshold, rows: map[identity.ID][]string{}}
	if res.threshold == 0 {
		res.threshold = DefaultThreshold
	}
	for i, r := range records {
		for _, f := range s.Fields {
			rows[i] = append(rows[i], foldValue(r.Values[f.Column]))
		}
		res.rows[r.ID] = rows[i]
	}
	candidates, err := s.candidates(records, res)
	if err != nil {
		return nil, err
	}
	s.learnU(rows, res)
	patterns := res.patterns(rows, candidates)
	res.learnM(patterns)
	for _, c := range candidates {
		a, b := &records[c[0]], &records[c[1]]
		if a.ID == b.ID {
			continue
		}
		w := millibits(res.weigh(res.levels(rows[c[0]], rows[c[1]])))
		if float64(w) < res.threshold*1000 {
			continue
		}
		at := a.At
		if b.At.After(at) {
			at = b.At
		}
		source := s.Source
		if source == "" {
			source = "match"
		}
		res.Evidence = append(res.Evidence, identity.Evidence{A: a.ID, B: b.ID, Kind: identity.Probabilistic, Source: source, At: at, Weight: w})
	}
	return res, nil
}

// candidates returns the pairs to compare, ascending.
func (s *Scorer) candidates(records []Record, res *Result) ([][2]int32, error) {
	limit := s.MaxBlock
	if limit == 0 {
		limit = DefaultMaxBlock
	}
	var out [][2]int32
	for rule, columns := range s.Block {
		cuts := make([]cut, len(columns))
		for i, c := range columns {
			var err error
			if cuts[i], err = parseCut(c); err != nil {
				return nil, err
			}
		}
		blocks := map[string][]int32{}
		var keys []string
		for i, r := range records {
			key, ok := blockKey(r, cuts)
			if !ok {
				continue
			}
			if blocks[key] == nil {
				keys = append(keys, key)
			}
			blocks[key] = append(blocks[key], int32(i))
		}
		for _, key := range keys {
			b := blocks[key]
			if len(b) > limit {
				res.Skipped = append(res.Skipped, Block{rule, len(b)})
				continue
			}
			for i := range b {
				for j := range i {
					out = append(out, [2]int32{b[j], b[i]})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b [2]int32) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(out), nil
}

// A cut is a column of a blocking rule, or a part of it in characters.
type cut struct {
	column   string
	from, to int
}

func parseCut(text string) (cut, error) {
	name, span, ok := strings.Cut(text, "[")
	if !ok {
		return cut{text, 0, math.MaxInt}, nil
	}
	lo, hi, ok := strings.Cut(strings.TrimSuffix(span, "]"), ":")
	from, err1 := strconv.Atoi(lo)
	to, err2 := strconv.Atoi(hi)
	if !ok || !strings.HasSuffix(span, "]") || err1 != nil || err2 != nil || from < 0 || to <= from {
		return cut{}, errors.New("match: bad column of a block: " + text)
	}
	return cut{name, from, to}, nil
}

func blockKey(r Record, cuts []cut) (string, bool) {
	var b strings.Builder
	for _, c := range cuts {
		v := []rune(foldValue(r.Values[c.column]))
		if v = v[min(c.from, len(v)):min(c.to, len(v))]; len(v) == 0 {
			return "", false
		}
		b.WriteString(string(v))
		b.WriteByte(0x1F)
	}
	return b.String(), true
}

// levels compares two rows.
func (r *Result) levels(a, b []string) []uint8 {
	out := make([]uint8, len(r.Fields))
	for i := range r.Fields {
		out[i] = r.Fields[i].level(a[i], b[i])
	}
	return out
}

// learnU counts how often fields agree by accident: over all pairs, of which nearly all
// are of two people.
func (s *Scorer) learnU(rows [][]string, res *Result) {
	for k := range res.Fields {
		f := &res.Fields[k]
		if f.U != nil {
			continue
		}
		counts := make([]float64, f.levels())
		add := func(i, j int) {
			if l := f.level(rows[i][k], rows[j][k]); l != none {
				counts[l]++
			}
		}
		if n := len(rows); n*(n-1)/2 <= maxPairs {
			for i := range rows {
				for j := range i {
					add(i, j)
				}
			}
		} else {
			r := rand.New(rand.NewPCG(s.Seed, 0))
			for range maxPairs {
				i, j := r.IntN(n), r.IntN(n-1)
				if j >= i {
					j++
				}
				add(i, j)
			}
		}
		f.U = shares(counts)
	}
}

// shares turns counts into chances, with half a count more for each level.
func shares(counts []float64) []float64 {
	total := 0.0
	for _, c := range counts {
		total += c + 0.5
	}
	out := make([]float64, len(counts))
	for i, c := range counts {
		out[i] = (c + 0.5) / total
	}
	return out
}

// A pattern is a combination of levels and how many pairs have it.
type pattern struct {
	levels string
	count  float64
}

// patterns counts the combinations of levels among the candidates, sorted, so that sums
// over them have one order.
func (r *Result) patterns(rows [][]string, candidates [][2]int32) []pattern {
	counts := map[string]float64{}
	for _, c := range candidates {
		counts[string(r.levels(rows[c[0]], rows[c[1]]))]++
	}
	out := make([]pattern, 0, len(counts))
	for l, n := range counts {
		out = append(out, pattern{l, n})
	}
	slices.SortFunc(out, func(a, b pattern) int { return strings.Compare(a.levels, b.levels) })
	return out
}

// learnM finds λ and the chances of agreement within a person by expectation
// maximisation (Dempster, Laird and Rubin 1977), u held fixed.
func (r *Result) learnM(patterns []pattern) {
	learn := make([]bool, len(r.Fields))
	for k := range r.Fields {
		f := &r.Fields[k]
		if learn[k] = f.M == nil; learn[k] {
			f.M = make([]float64, f.levels())
			w, total := 1.0, 0.0
			for l := range f.M {
				f.M[l] = w
				total += w
				w /= 4
			}
			for l := range f.M {
				f.M[l] /= total
			}
		}
	}
	r.Lambda = 0.5
	for range maxRounds {
		counts := make([][]float64, len(r.Fields))
		for k := range counts {
			counts[k] = make([]float64, r.Fields[k].levels())
		}
		same, all := 0.0, 0.0
		for _, p := range patterns {
			odds := num.Exp2(r.weigh([]uint8(p.levels)) + num.Log2(r.Lambda/(1-r.Lambda)))
			share := 1.0
			if !math.IsInf(odds, 1) {
				share = odds / (1 + odds)
			}
			w := float64(p.count * share)
			same += w
			all += p.count
			for k := range counts {
				if l := p.levels[k]; l != none {
					counts[k][l] += w
				}
			}
		}
		change := 0.0
		if all > 0 {
			lambda := min(max(same/all, 1e-9), 1-1e-9)
			change = math.Abs(lambda - r.Lambda)
			r.Lambda = lambda
		}
		for k := range r.Fields {
			if !learn[k] {
				continue
			}
			m := shares(counts[k])
			for l := range m {
				change = max(change, math.Abs(m[l]-r.Fields[k].M[l]))
			}
			r.Fields[k].M = m
		}
		if change < 1e-6 {
			break
		}
	}
}

// bits is what one field says for a level.
func (f *Field) bits(level uint8) float64 {
	if level == none {
		return 0
	}
	return num.Log2(f.M[level] / f.U[level])
}

// weigh sums the fields' bits.
func (r *Result) weigh(levels []uint8) float64 {
	w := 0.0
	for k := range r.Fields {
		w += r.Fields[k].bits(levels[k])
	}
	return w
}

// millibits rounds half away from zero.
func millibits(w float64) int32 {
	v := float64(w * 1000)
	v = math.Copysign(math.Floor(math.Abs(v)+0.5), v)
	return int32(min(max(v, math.MinInt32), math.MaxInt32))
}

// Explain breaks the score of two records down by field. It is false for a record that
// was not scored.
func (r *Result) Explain(a, b identity.ID) ([]Part, bool) {
	x, okA := r.rows[a]
	y, okB := r.rows[b]
	if !okA || !okB {
		return nil, false
	}
	var parts []Part
	for k, l := range r.levels(x, y) {
		p := Part{Column: r.Fields[k].Column, Level: int(l), Bits: r.Fields[k].bits(l)}
		if l == none {
			p.Level = -1
		}
		parts = append(parts, p)
	}
	return parts, true
}

// Probability is the chance that a pair of a weight, in thousandths of a bit, is of one
// person.
func (r *Result) Probability(weight int32) float64 {
	return 1 / (1 + num.Exp2(-(float64(weight)/1000 + num.Log2(r.Lambda/(1-r.Lambda)))))
}

// Suggestions returns the evidence whose ends are not one person yet.
func (r *Result) Suggestions(people *identity.Resolution) []identity.Evidence {
	var out []identity.Evidence
	for _, e := range r.Evidence {
		p, okA := people.Person(e.A)
		q, okB := people.Person(e.B)
		if !okA || !okB || p.ID != q.ID {
			out = append(out, e)
		}
	}
	return out
}
