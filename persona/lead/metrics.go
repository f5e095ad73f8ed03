package lead

import (
	"cmp"
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
func Measure(p []float64, y []bool) Metrics {
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
	m.rank(p, y)
	m.HosmerLemeshow = hosmerLemeshow(p, y)
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

// sortedBy returns the numbers below n in an order, equal ones by size.
func sortedBy(n int, compare func(i, j int) int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Or(compare(i, j), i-j) })
	return order
}

// rank finds what depends on the order of the probabilities alone.
func (m *Metrics) rank(p []float64, y []bool) {
	order := sortedBy(len(p), func(i, j int) int { return cmp.Compare(p[j], p[i]) })
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
	for from := 0; from < len(order); {
		to, hits := from, 0.0
		for ; to < len(order) && p[order[to]] == p[order[from]]; to++ {
			hits += target(y[order[to]])
		}
		misses := float64(to-from) - hits
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
		from = to
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

func hosmerLemeshow(p []float64, y []bool) float64 {
	order := sortedBy(len(p), func(i, j int) int {
		return cmp.Or(cmp.Compare(p[i], p[j]), cmp.Compare(target(y[i]), target(y[j])))
	})
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

// Lift parts the rows into ten groups by descending probability.
func Lift(p []float64, y []bool) []Decile {
	order := sortedBy(len(p), func(i, j int) int {
		return cmp.Or(cmp.Compare(p[j], p[i]), cmp.Compare(target(y[i]), target(y[j])))
	})
	all := 0.0
	for _, t := range y {
		all += target(t)
	}
	var deciles []Decile
	groups(order, func(g int, rows []int) {
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
