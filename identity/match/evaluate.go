package match

// Metrics compare a partition of records with the true one, pair by pair.
type Metrics struct {
	Records                   int
	TruePairs, PredictedPairs int64
	TP, FP, FN                int64
	Precision, Recall, F1     float64
	Clusters, TrueClusters    int
	Largest                   int // records of the largest predicted cluster
}

// Evaluate compares predicted labels with true ones, record by record; the two slices
// are of one length. A record with an empty predicted label is a cluster of its own.
// Precision is 1 where nothing is predicted, recall 1 where nothing is true, and F1 0
// where both are 0. Pairs are counted by contingency: the cost is linear.
func Evaluate(pred, truth []string) Metrics {
	type cell struct{ pred, truth string }
	both := map[cell]int64{}
	byPred, byTruth := map[string]int64{}, map[string]int64{}
	m := Metrics{Records: len(pred)}
	for i, p := range pred {
		byTruth[truth[i]]++
		if p == "" {
			m.Clusters++
			m.Largest = max(m.Largest, 1)
			continue
		}
		byPred[p]++
		both[cell{p, truth[i]}]++
	}
	for _, n := range both {
		m.TP += pairs(n)
	}
	for _, n := range byPred {
		m.PredictedPairs += pairs(n)
		m.Largest = max(m.Largest, int(n))
	}
	for _, n := range byTruth {
		m.TruePairs += pairs(n)
	}
	m.Clusters += len(byPred)
	m.TrueClusters = len(byTruth)
	m.FP, m.FN = m.PredictedPairs-m.TP, m.TruePairs-m.TP
	m.Precision, m.Recall = ratio(m.TP, m.PredictedPairs, 1), ratio(m.TP, m.TruePairs, 1)
	m.F1 = ratio(2*m.TP, m.PredictedPairs+m.TruePairs, 0)
	if m.PredictedPairs+m.TruePairs == 0 {
		m.F1 = 1 // both are 1
	}
	return m
}

func pairs(n int64) int64 { return n * (n - 1) / 2 }

func ratio(a, b int64, empty float64) float64 {
	if b == 0 {
		return empty
	}
	return float64(a) / float64(b)
}
