package cluster

// Silhouette returns (b − a)/max(a, b) of each row, a being its mean distance to the rest
// of its cluster and b that to the nearest other one, and the mean over all (Rousseeuw,
// 1987). A row alone in its cluster has 0, and so have all if there is one cluster.
// row returns the distances of a row.
func Silhouette(row func(i int) []float64, labels []int, k int, weight []int) (each []float64, mean float64) {
	each = make([]float64, len(labels))
	size := make([]float64, k)
	total := 0.
	for i, w := range weight {
		if w > 0 {
			size[labels[i]] += float64(w)
			total += float64(w)
		}
	}
	sums := make([]float64, k)
	for i, w := range weight {
		own := labels[i]
		if w == 0 || size[own] == 1 || k == 1 {
			continue
		}
		clear(sums)
		for j, d := range row(i) {
			if v := weight[j]; v > 0 {
				sums[labels[j]] += float64(float64(v) * d)
			}
		}
		a, b := sums[own]/(size[own]-1), -1.
		for c, sum := range sums {
			if other := sum / size[c]; c != own && (b < 0 || other < b) {
				b = other
			}
		}
		if top := max(a, b); top > 0 {
			each[i] = (b - a) / top
		}
		mean += float64(float64(w) * each[i])
	}
	return each, mean / total
}

// AdjustedRand says how far two divisions of the same rows agree, 1 fully, 0 as by chance
// (Hubert and Arabie, 1985). Rows are counted by weight.
func AdjustedRand(a, b []int, weight []int) float64 {
	type pair struct{ a, b int }
	cells, left, right := map[pair]int{}, map[int]int{}, map[int]int{}
	n := 0
	for i, w := range weight {
		cells[pair{a[i], b[i]}] += w
		left[a[i]] += w
		right[b[i]] += w
		n += w
	}
	pairs := func(n int) int { return n * (n - 1) / 2 }
	var together, inA, inB int
	for _, n := range cells {
		together += pairs(n)
	}
	for _, n := range left {
		inA += pairs(n)
	}
	for _, n := range right {
		inB += pairs(n)
	}
	if n < 2 {
		return 1
	}
	chance := float64(float64(inA) / float64(pairs(n)) * float64(inB))
	most := (float64(inA) + float64(inB)) / 2
	if most == chance {
		return 1
	}
	return (float64(together) - chance) / (most - chance)
}
