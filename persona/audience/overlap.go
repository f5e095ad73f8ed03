package audience

// A Matrix says how segments overlap, in the order they were given: Counts[i][j] members
// are in both, so the diagonal holds the sizes. Jaccard is the number in both divided by
// the number in either, 0 where nobody is in either.
type Matrix struct {
	Segments []string
	Counts   [][]int
	Jaccard  [][]float64
}

// Overlap compares the members of segments of the same subjects, each with each.
func Overlap(list ...Members) Matrix {
	var x Matrix
	sizes := make([]int, len(list))
	for i, m := range list {
		x.Segments = append(x.Segments, m.Segment())
		x.Counts = append(x.Counts, make([]int, len(list)))
		x.Jaccard = append(x.Jaccard, make([]float64, len(list)))
		sizes[i], _, _ = m.Count()
	}
	for i, a := range list {
		for j := i; j < len(list); j++ {
			both := common(a, list[j])
			jaccard := 0.0
			if either := sizes[i] + sizes[j] - both; either > 0 {
				jaccard = float64(both) / float64(either)
			}
			x.Counts[i][j], x.Counts[j][i] = both, both
			x.Jaccard[i][j], x.Jaccard[j][i] = jaccard, jaccard
		}
	}
	return x
}

func common(a, b Members) int {
	n := 0
	for subject := range a.All() {
		if b.Has(subject) {
			n++
		}
	}
	return n
}
