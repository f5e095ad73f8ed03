package lead

import (
	"cmp"
	"iter"
	"math"
	"slices"

	"github.com/tabi-go/tabi/internal/num"
)

// Metrics say how good probabilities are, against what happened.
type Metrics struct {
	AUC            float64 `json:"auc"`    // chance that an event scores above a non-event, ties ½
	AUCSE          float64 `json:"auc_se"` // its standard error (DeLong et al., 1988)
	AP             float64 `json:"ap"`     // average precision over the distinct scores
	Brier          float64 `json:"brier"`  // mean squared error
	Murphy         Murphy  `json:"murphy"`
	LogLoss        float64 `json:"log_loss"`
	KS             float64 `json:"ks"`              // greatest distance of the two distributions
	Gini           float64 `json:"gini"`            // 2·AUC − 1
	ECE            float64 `json:"ece"`             // mean distance of rate and probability over ten bins of equal width
	HosmerLemeshow float64 `json:"hosmer_lemeshow"` // of ten groups of equal size
}

// Murphy parts a Brier score, over ten bins of equal width, into what calibration costs, what
// discrimination gains and what nobody can help (Murphy, 1973).
type Murphy struct {
	Reliability float64 `json:"reliability"`
	Resolution  float64 `json:"resolution"`
	Uncertainty float64 `json:"uncertainty"`
}

// A Decile is a tenth of the rows, the best first.
type Decile struct {
	Decile int     `json:"decile"`
	N      int     `json:"n"`
	Events int     `json:"events"`
	Lift   float64 `json:"lift"` // rate of the decile, as a multiple of that of all
}

// A Bin holds the probabilities from Lo up to Hi.
type Bin struct {
	Lo    float64 `json:"lo"`
	Hi    float64 `json:"hi"`
	N     int     `json:"n"`
	MeanP float64 `json:"mean_p"`
	Rate  float64 `json:"rate"`
}

// Measure returns the metrics of probabilities p for outcomes y, of which there must be
// both, as many as probabilities. Give rows in an order of their own, such as that of their
// ids: sums run in the order given.
func Measure(p []float64, y []bool) Metrics { return measure(p, y, ascending(p, y)) }

// measure is Measure, given the rows in ascending order.
func measure(p []float64, y []bool, order []int) Metrics {
	var m Metrics
	n := float64(len(p))
	events := 0.0
	for i, q := range p {
		t := target(y[i])
		events += t
		m.Brier += float64((q - t) * (q - t))
		m.LogLoss -= num.Log(min(max(1-math.Abs(t-q), 1e-15), 1))
	}
	m.Brier /= n
	m.LogLoss /= n
	rate := events / n
	for _, b := range bins(p, y) {
		share := float64(b.N) / n
		m.Murphy.Reliability += float64(share * float64((b.MeanP-b.Rate)*(b.MeanP-b.Rate)))
		m.Murphy.Resolution += float64(share * float64((b.Rate-rate)*(b.Rate-rate)))
		m.ECE += float64(share * math.Abs(b.Rate-b.MeanP))
	}
	m.Murphy.Uncertainty = float64(rate * (1 - rate))
	m.rank(p, y, order)
	m.HosmerLemeshow = hosmerLemeshow(p, y, order)
	return m
}

func target(y bool) float64 {
	if y {
		return 1
	}
	return 0
}

// bins returns the ten bins of equal width that are not empty.
func bins(p []float64, y []bool) []Bin {
	all := make([]Bin, 10)
	for i, q := range p {
		b := &all[min(int(10*q), 9)]
		b.N++
		b.MeanP += q
		b.Rate += target(y[i])
	}
	kept := all[:0]
	for i, b := range all {
		if b.N > 0 {
			n := float64(b.N)
			kept = append(kept, Bin{float64(i) / 10, float64(i+1) / 10, b.N, b.MeanP / n, b.Rate / n})
		}
	}
	return kept
}

// ascending returns the rows by probability, then outcome, then place.
func ascending(p []float64, y []bool) []int {
	type key struct {
		p float64
		i int
	}
	keys := make([]key, len(p))
	for i, q := range p {
		keys[i] = key{q, i}
	}
	slices.SortFunc(keys, func(a, b key) int {
		switch {
		case a.p < b.p:
			return -1
		case a.p > b.p:
			return 1
		}
		return cmp.Or(cmp.Compare(target(y[a.i]), target(y[b.i])), a.i-b.i)
	})
	order := make([]int, len(p))
	for k := range keys {
		order[k] = keys[k].i
	}
	return order
}

// descending returns the runs of equal probability of an ascending order, the highest
// first.
func descending(p []float64, order []int) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		for to := len(order); to > 0; {
			from := to - 1
			for from > 0 && p[order[from-1]] == p[order[from]] {
				from--
			}
			if !yield(order[from:to]) {
				return
			}
			to = from
		}
	}
}

// rank finds what depends on the order of the probabilities alone.
func (m *Metrics) rank(p []float64, y []bool, order []int) {
	events := 0
	for _, t := range y {
		if t {
			events++
		}
	}
	k, l := float64(events), float64(len(p)-events)
	// Walking down the distinct scores: of each row the share of the other class that it
	// beats, ties ½, which are DeLong's components.
	var tp, fp, sum, squares1, squares0, lastRecall float64
	for run := range descending(p, order) {
		hits := 0.0
		for _, i := range run {
			hits += target(y[i])
		}
		misses := float64(len(run)) - hits
		beaten := (l - fp - misses/2) / l // by each event here
		above := (tp + hits/2) / k        // events above each non-event here
		sum += float64(hits * beaten)
		squares1 += float64(hits * float64(beaten*beaten))
		squares0 += float64(misses * float64(above*above))
		tp += hits
		fp += misses
		recall := tp / k
		m.AP += float64((recall - lastRecall) * (tp / (tp + fp)))
		lastRecall = recall
		m.KS = max(m.KS, math.Abs(recall-fp/l))
	}
	m.AUC = sum / k
	m.Gini = float64(2*m.AUC) - 1
	variance := func(squares, n float64) float64 {
		if n < 2 {
			return 0
		}
		return max(squares-float64(n*float64(m.AUC*m.AUC)), 0) / (n - 1) / n
	}
	m.AUCSE = math.Sqrt(variance(squares1, k) + variance(squares0, l))
}

// groups calls f for ten groups of an order; the first of them are one larger where ten
// does not divide the rows.
func groups(order []int, f func(group int, rows []int)) {
	size, larger := len(order)/10, len(order)%10
	for g, from := 0, 0; g < 10; g++ {
		to := from + size
		if g < larger {
			to++
		}
		if to > from {
			f(g, order[from:to])
		}
		from = to
	}
}

func hosmerLemeshow(p []float64, y []bool, order []int) float64 {
	sum := 0.0
	groups(order, func(_ int, rows []int) {
		observed, expected := 0.0, 0.0
		for _, i := range rows {
			observed += target(y[i])
			expected += p[i]
		}
		if spread := float64(expected * (1 - expected/float64(len(rows)))); spread > 0 {
			sum += float64((observed-expected)*(observed-expected)) / spread
		}
	})
	return sum
}

// Lift parts the rows into ten groups by descending probability, non-events first where
// it is equal.
func Lift(p []float64, y []bool) []Decile { return lift(p, y, ascending(p, y)) }

func lift(p []float64, y []bool, order []int) []Decile {
	down := make([]int, 0, len(order))
	for run := range descending(p, order) {
		down = append(down, run...)
	}
	all := 0.0
	for _, t := range y {
		all += target(t)
	}
	var deciles []Decile
	groups(down, func(g int, rows []int) {
		d := Decile{Decile: g + 1, N: len(rows)}
		for _, i := range rows {
			if y[i] {
				d.Events++
			}
		}
		d.Lift = float64(d.Events) / float64(d.N) / (all / float64(len(p)))
		deciles = append(deciles, d)
	})
	return deciles
}
