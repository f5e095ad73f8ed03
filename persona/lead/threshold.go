package lead

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/tabi-go/tabi/internal/num"
)

// A Candidate is somebody to contact or not. P must come from models that have not seen
// the row, such as [Scored].OutOfFold, or a cut looks better than it is.
type Candidate struct {
	ID          string
	Target      bool // what became of it
	P           float64
	Fit         float64
	LastInbound time.Time
}

// A Threshold says whom to contact, and what it would have brought.
type Threshold struct {
	Rule           string  // cost, value or capacity
	Cut            float64 // the least score that is contacted; +Inf if nobody is
	TP, FP, FN, TN int
	Precision      Share // of those contacted, events
	Recall         Share // of the events, contacted
	Lift           Share // Precision as a multiple of the rate of all; the interval takes that rate as known
}

// A Share is an estimate with its 95 % interval (Wilson, 1927); all are NaN where there
// is nobody to take it of.
type Share struct{ Value, Low, High float64 }

// Candidates returns the rows of the training by their out-of-fold scores, a row that
// repeats another once.
func (m *Model) Candidates() []Candidate {
	all := make([]Candidate, 0, m.N)
	for _, r := range m.Rows {
		if !r.Repeated {
			all = append(all, Candidate{ID: r.ID, Target: r.Target, P: r.OutOfFold})
		}
	}
	return all
}

// ByCost returns the cut among the distinct scores that minimises
// falsePositive·FP + falseNegative·FN; of equal ones the higher.
func ByCost(all []Candidate, falsePositive, falseNegative float64) Threshold {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b Candidate) int { return cmp.Compare(b.P, a.P) })
	events := 0
	for _, c := range all {
		if c.Target {
			events++
		}
	}
	best, cut := math.Inf(1), math.Inf(1)
	tp, fp := 0, 0
	for i, c := range sorted {
		if c.Target {
			tp++
		} else {
			fp++
		}
		if i+1 < len(sorted) && sorted[i+1].P == c.P {
			continue
		}
		if cost := float64(falsePositive*float64(fp)) + float64(falseNegative*float64(events-tp)); cost < best {
			best, cut = cost, c.P
		}
	}
	return judge("cost", cut, all, func(c Candidate) bool { return c.P >= cut })
}

// ByValue contacts whoever is worth it: P·value ≥ cost. P must be calibrated.
func ByValue(all []Candidate, value, cost float64) Threshold {
	cut := math.Inf(1)
	worth := func(c Candidate) bool { return float64(c.P*value) >= cost }
	for _, c := range all {
		if worth(c) {
			cut = min(cut, c.P)
		}
	}
	return judge("value", cut, all, worth)
}

// TopN contacts exactly n, or all if there are fewer: those with the highest P, then fit,
// then latest inbound touch, then least id.
func TopN(all []Candidate, n int) (chosen []Candidate, t Threshold) {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.P, a.P), cmp.Compare(b.Fit, a.Fit), b.LastInbound.Compare(a.LastInbound),
			cmp.Compare(a.ID, b.ID), cmp.Compare(target(a.Target), target(b.Target)))
	})
	n = min(max(n, 0), len(sorted))
	cut, taken := math.Inf(1), 0
	if n > 0 {
		cut = sorted[n-1].P
	}
	t = judge("capacity", cut, sorted, func(Candidate) bool { taken++; return taken <= n })
	return sorted[:n:n], t
}

// judge counts what a choice brings.
func judge(rule string, cut float64, all []Candidate, chosen func(Candidate) bool) Threshold {
	t := Threshold{Rule: rule, Cut: cut}
	for _, c := range all {
		switch yes := chosen(c); {
		case yes && c.Target:
			t.TP++
		case yes:
			t.FP++
		case c.Target:
			t.FN++
		default:
			t.TN++
		}
	}
	t.Precision = share(t.TP, t.TP+t.FP)
	t.Recall = share(t.TP, t.TP+t.FN)
	rate := float64(t.TP+t.FN) / float64(len(all))
	t.Lift = Share{t.Precision.Value / rate, t.Precision.Low / rate, t.Precision.High / rate}
	if t.TP+t.FN == 0 {
		t.Lift = share(0, 0)
	}
	return t
}

// share returns x out of n with its interval.
func share(x, n int) Share {
	if n == 0 {
		return Share{math.NaN(), math.NaN(), math.NaN()}
	}
	low, high := num.Wilson95(float64(x), float64(n))
	return Share{float64(x) / float64(n), low, high}
}
