package lead

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/tabi-go/tabi/persona/lead/internal/logit"
)

// ErrTooFew says that there are fewer than ten events, or than ten others.
var ErrTooFew = errors.New("lead: fewer than ten events or non-events")

// ErrRow says that a row does not fit the columns, or holds a number that is not finite or
// lies beyond ±1e150: sums of squares must stay finite.
var ErrRow = errors.New("lead: row does not fit the columns")

// MaxFeatures is the greatest number of columns of a model, levels counted one by one.
const MaxFeatures = 500

// ErrTooMany says that columns and levels are more than MaxFeatures.
var ErrTooMany = fmt.Errorf("lead: more than %d columns and levels", MaxFeatures)

// A SeparatedError says that some columns tell the classes apart without fail, so that an
// unpenalised slope has no end. A penalty (Lambda) helps, or a look at where the
// column comes from.
type SeparatedError struct{ Columns []string }

// Error names the columns.
func (e *SeparatedError) Error() string {
	return "lead: classes are separated by " + strings.Join(e.Columns, ", ")
}

// Unpenalised as [Logistic].Lambda asks for plain maximum likelihood.
const Unpenalised = -1

// A Logistic trains a logistic regression that scores leads. It minimises
// Σ[log(1+e^η) − y·η] + Lambda/2·‖β‖² + L1·‖β‖₁ over columns that are scaled to mean 0 and
// population deviation 1; the intercept is free. Only Columns is needed.
//
// Levels have a column each but for the most frequent one; levels of fewer than five rows
// are joined as (other), a missing one is (missing). A missing number is the mean and has an
// indicator, COL=?. Columns that are constant and, where nothing is penalised, those that
// depend on columns before them are dropped and named.
//
// Neither the order of the rows matters nor a row that is there twice under one id, which
// counts once; without an id each counts. Rows are taken by SHA-256 of the seed (eight
// bytes, big-endian) and the id, and dealt to the folds in turn, each class on its own.
type Logistic struct {
	Columns []Column
	Lambda  float64 // default 1; Unpenalised for none
	L1      float64 // default 0; sets coefficients to 0, and leaves no standard errors
	Folds   int     // of the cross-validation, default 5
	Seed    uint64
	// Calibrate is auto (default), none, platt or isotonic. auto is platt below 1,000 rows,
	// else isotonic.
	Calibrate string
}

// Train fits the model to rows, and validates and calibrates it by cross-fitting. Errors
// are ErrTooFew, ErrTooMany, ErrRow, or a [*SeparatedError].
func (l Logistic) Train(rows []Row) (*Model, error) {
	given := len(rows)
	rows, place, err := l.sorted(rows)
	if err != nil {
		return nil, err
	}
	if l.Folds = cmp.Or(l.Folds, 5); l.Folds < 2 || l.Folds > leastClass {
		return nil, fmt.Errorf("lead: %d folds, not from 2 to %d", l.Folds, leastClass)
	}
	m := &Model{N: len(rows), L1: l.L1, Lambda: max(cmp.Or(l.Lambda, 1), 0), Folds: l.Folds}
	for i := range rows {
		if rows[i].Target {
			m.Events++
		}
	}
	if min(m.Events, m.N-m.Events) < leastClass {
		return nil, ErrTooFew
	}
	all := sample(rows)
	targets := make([]bool, len(rows))
	for i, y := range all.Y {
		targets[i] = y == 1
	}
	d := l.design(all)
	if len(d.Features) > MaxFeatures {
		return nil, ErrTooMany
	}
	p, s := d.Fit(all, m.Lambda, m.L1, nil)
	if s.Separated {
		return nil, &SeparatedError{d.Separators(s)}
	}
	m.numbers, m.levels = len(all.Numbers), len(all.Levels)
	m.take(p, s, d)
	order := ascending(s.P, targets)
	m.InSample, m.Lift = measure(s.P, targets, order), lift(s.P, targets, order)
	scores, p2 := m.crossFit(l, all)
	m.CrossValidated = Measure(p2, targets)
	m.Calibration = calibrate(l.Calibrate, scores, targets)
	m.Rows = make([]Scored, given)
	for i, r := range rows {
		for k, at := range place[i] {
			m.Rows[at] = Scored{r.ID, r.Target, s.P[i], p2[i], m.Calibration.P(scores[i]), k > 0}
		}
	}
	return m, nil
}

const leastClass = 10

// sorted returns the rows in the order of their hashes, with their places in the input: of
// a row that is there twice, under one id, the first is its own and the others repeat it.
func (l *Logistic) sorted(rows []Row) (sorted []Row, place [][]int, err error) {
	categorical := 0
	for _, c := range l.Columns {
		if c.Categorical {
			categorical++
		}
	}
	type key struct {
		hash [sha256.Size]byte
		i    int
	}
	keys := make([]key, len(rows))
	var seed [8]byte
	binary.BigEndian.PutUint64(seed[:], l.Seed)
	for i, r := range rows {
		infinite := slices.ContainsFunc(r.Numbers, func(x float64) bool { return math.IsInf(x, 0) || math.Abs(x) > 1e150 })
		if len(r.Levels) != categorical || len(r.Numbers) != len(l.Columns)-categorical || infinite {
			return nil, nil, fmt.Errorf("%w: row %d", ErrRow, i+1)
		}
		keys[i] = key{sha256.Sum256(append(seed[:], r.ID...)), i}
	}
	slices.SortFunc(keys, func(x, y key) int {
		if c := bytes.Compare(x.hash[:], y.hash[:]); c != 0 {
			return c
		}
		return cmp.Or(compare(&rows[x.i], &rows[y.i]), x.i-y.i) // an id that is used twice
	})
	for _, k := range keys {
		last := len(sorted) - 1
		if r := &rows[k.i]; last >= 0 && r.ID != "" && r.ID == sorted[last].ID && compare(r, &sorted[last]) == 0 {
			place[last] = append(place[last], k.i)
			continue
		}
		sorted, place = append(sorted, rows[k.i]), append(place, []int{k.i})
	}
	return sorted, place, nil
}

// compare orders rows by what they hold beside the id.
func compare(a, b *Row) int {
	return cmp.Or(cmp.Compare(target(a.Target), target(b.Target)), slices.Compare(a.Numbers, b.Numbers), slices.Compare(a.Levels, b.Levels))
}

// design learns the features of a sample.
func (l *Logistic) design(of *logit.Sample) *logit.Design {
	d := &logit.Design{}
	numbers, levels := 0, 0
	for _, c := range l.Columns {
		if c.Categorical {
			d.AddLevels(c.Name, levels, of)
			levels++
		} else {
			d.AddNumber(c.Name, numbers, of)
			numbers++
		}
	}
	return d
}

// crossFit scores each row by a model that has not seen it, design included. The folds are
// fitted at the same time.
func (m *Model) crossFit(l Logistic, all *logit.Sample) (scores, p []float64) {
	n := len(all.Y)
	train, test := make([][]int, l.Folds), make([][]int, l.Folds)
	var dealt [2]int
	for i, y := range all.Y {
		fold := dealt[int(y)] % l.Folds
		dealt[int(y)]++
		for k := range l.Folds {
			if k == fold {
				test[k] = append(test[k], i)
			} else {
				train[k] = append(train[k], i)
			}
		}
	}
	scores, p = make([]float64, n), make([]float64, n)
	separated := make([]bool, l.Folds)
	var wait sync.WaitGroup
	for k := range l.Folds {
		wait.Go(func() {
			seen := all.Pick(train[k])
			d := l.design(seen)
			_, s := d.Fit(seen, m.Lambda, m.L1, m.b)
			if separated[k] = s.Separated; s.Separated {
				d = l.design(seen)
				_, s = d.Fit(seen, 1, 0, nil)
			}
			eta, probability := d.Score(all.Pick(test[k]), s.B)
			for i, place := range test[k] {
				scores[place], p[place] = eta[i], probability[i]
			}
		})
	}
	wait.Wait()
	for k, yes := range separated {
		if yes {
			m.Warnings = append(m.Warnings, fmt.Sprintf("fold %d: classes are separated without its rows; lambda 1 was taken there", k+1))
		}
	}
	return scores, p
}
