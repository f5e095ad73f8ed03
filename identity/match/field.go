package match

import (
	"errors"
	"slices"
	"strings"
)

// A Compare names a way of comparing two values of a field.
type Compare string

// The comparisons, with their levels of agreement, highest first. Every one has a level
// for equal values above those named and a last level for the rest; a pair in which one
// side is empty has no level and counts nothing.
const (
	Exact       Compare = "exact"
	JaroWinkler Compare = "jaro_winkler" // similarity at least 0.9, 0.7
	Edit        Compare = "edit"         // at most 1, 2 edits: optimal string alignment
	Email       Compare = "email"        // equal local part or similarity 0.9; similarity 0.8
)

// A Field is one thing that records are compared by. Values are compared in lower case
// with single spaces.
type Field struct {
	Column  string
	Compare Compare   // "": Exact
	Levels  []float64 // cut-offs in place of the default ones; not for Exact and Email
	M, U    []float64 // chances of each level within a person and by accident; nil: learnt
}

func (f *Field) cutoffs() []float64 {
	switch {
	case len(f.Levels) > 0:
		return f.Levels
	case f.Compare == JaroWinkler:
		return []float64{0.9, 0.7}
	case f.Compare == Edit:
		return []float64{1, 2}
	case f.Compare == Email:
		return []float64{0.9, 0.8}
	}
	return nil
}

// levels is the number of levels.
func (f *Field) levels() int { return len(f.cutoffs()) + 2 }

func (f *Field) check() error {
	switch f.Compare {
	case "", Exact, Email:
		if len(f.Levels) > 0 {
			return errors.New("match: " + f.Column + ": this comparison has no cut-offs")
		}
	case JaroWinkler, Edit:
	default:
		return errors.New("match: " + f.Column + ": unknown comparison")
	}
	for _, p := range [][]float64{f.M, f.U} {
		if p != nil && len(p) != f.levels() {
			return errors.New("match: " + f.Column + ": one chance for each level is needed")
		}
		if slices.ContainsFunc(p, func(v float64) bool { return !(v > 0 && v <= 1) }) {
			return errors.New("match: " + f.Column + ": a chance is over 0 and at most 1")
		}
	}
	return nil
}

// none is the level of a pair in which one side is empty.
const none = 255

// level returns the level of agreement of two folded values, 0 for the highest.
func (f *Field) level(a, b string) uint8 {
	if a == "" || b == "" {
		return none
	}
	if a == b {
		return 0
	}
	cuts := f.cutoffs()
	rest := uint8(len(cuts) + 1)
	switch f.Compare {
	case JaroWinkler, Email:
		s := jaroWinkler([]rune(a), []rune(b))
		if f.Compare == Email && local(a) == local(b) {
			s = 1
		}
		for i, c := range cuts {
			if s >= c {
				return uint8(i + 1)
			}
		}
	case Edit:
		d := float64(edits([]rune(a), []rune(b)))
		for i, c := range cuts {
			if d <= c {
				return uint8(i + 1)
			}
		}
	}
	return rest
}

func local(mail string) string { return mail[:max(0, strings.LastIndexByte(mail, '@'))] }

func foldValue(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// jaroWinkler is the similarity of Winkler 1990: Jaro's, raised by a tenth of the way to
// 1 for each of up to four equal first characters.
func jaroWinkler(a, b []rune) float64 {
	j := jaro(a, b)
	p := 0
	for p < min(4, len(a), len(b)) && a[p] == b[p] {
		p++
	}
	return j + float64(float64(float64(p)*0.1)*(1-j))
}

func jaro(a, b []rune) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	window := max(len(a), len(b))/2 - 1
	usedA, usedB := make([]bool, len(a)), make([]bool, len(b))
	m := 0
	for i := range a {
		for j := max(0, i-window); j < min(len(b), i+window+1); j++ {
			if !usedB[j] && a[i] == b[j] {
				usedA[i], usedB[j] = true, true
				m++
				break
			}
		}
	}
	if m == 0 {
		return 0
	}
	swapped, j := 0, 0
	for i := range a {
		if !usedA[i] {
			continue
		}
		for !usedB[j] {
			j++
		}
		if a[i] != b[j] {
			swapped++
		}
		j++
	}
	f := float64(m)
	return (f/float64(len(a)) + f/float64(len(b)) + (f-float64(swapped/2))/f) / 3
}

// edits is the optimal string alignment distance: insertions, deletions, substitutions
// and swaps of neighbours, no part edited twice.
func edits(a, b []rune) int {
	before, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev, row = prev, row, before
	}
	return prev[len(b)]
}
