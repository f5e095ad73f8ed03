package cluster_test

import (
	"math"
	"slices"
	"testing"

	"github.com/tabi-go/tabi/persona/discover/internal/cluster"
)

// line is the distances of places on a line from 0 to 1.
func line(places ...float64) [][]float64 {
	var d [][]float64
	for _, a := range places {
		var row []float64
		for _, b := range places {
			row = append(row, math.Abs(a-b))
		}
		d = append(d, row)
	}
	return d
}

func TestSilhouetteAtItsBorders(t *testing.T) {
	for name, tt := range map[string]struct {
		d      [][]float64
		labels []int
		k      int
		weight []int
		want   []float64
	}{
		"one cluster":                       {line(0, .5, 1), []int{0, 0, 0}, 1, []int{1, 1, 1}, []float64{0, 0, 0}},
		"alone":                             {line(0, 1), []int{0, 1}, 2, []int{1, 1}, []float64{0, 0}},
		"all alike":                         {line(0, 0, 0, 0), []int{0, 0, 1, 1}, 2, []int{1, 1, 1, 1}, []float64{0, 0, 0, 0}},
		"the nearest other is at its place": {line(0, 1, 0, 1), []int{0, 0, 1, 2}, 3, []int{1, 1, 1, 1}, []float64{-1, -1, 0, 0}},
		"a row of no weight is no row":      {line(0, 0, 1, .5), []int{0, 0, 1, cluster.Missing}, 2, []int{1, 1, 2, 0}, []float64{1, 1, 1, 0}},
	} {
		each, mean := cluster.Silhouette(func(i int) []float64 { return tt.d[i] }, tt.labels, tt.k, tt.weight)
		want, n := 0., 0.
		for i, w := range tt.weight {
			want += float64(w) * tt.want[i]
			n += float64(w)
		}
		if !slices.Equal(each, tt.want) || math.Abs(mean-want/n) > 1e-12 {
			t.Errorf("%s: %v, mean %v", name, each, mean)
		}
	}
}

// Two rows can disagree; of one row, or none, nothing can.
func TestAdjustedRandOfFewRows(t *testing.T) {
	for _, tt := range []struct {
		a, b, weight []int
		want         float64
	}{
		{nil, nil, nil, 1},
		{[]int{0}, []int{1}, []int{1}, 1},
		{[]int{0, 0}, []int{0, 1}, []int{1, 1}, 0},
		{[]int{0, 1}, []int{1, 0}, []int{1, 1}, 1},
		{[]int{0, 0, 5}, []int{0, 1, 5}, []int{1, 1, 0}, 0}, // the third counts for nothing
	} {
		if got := cluster.AdjustedRand(tt.a, tt.b, tt.weight); got != tt.want {
			t.Errorf("%v and %v: %v, not %v", tt.a, tt.b, got, tt.want)
		}
	}
}

// A row as near to two medoids belongs to the first.
func TestRowsBetweenMedoids(t *testing.T) {
	medoids, labels, _ := cluster.Medoids(line(0, .5, 1), 2, []int{5, 1, 5})
	if !slices.Equal(medoids, []int{0, 2}) || !slices.Equal(labels, []int{0, 0, 1}) {
		t.Errorf("medoids %v, labels %v", medoids, labels)
	}
}

// Rows of no weight have no label, are no centre, and move none.
func TestRowsOfNoWeightAreNoRows(t *testing.T) {
	rows := &cluster.Rows{N: 5, Columns: []cluster.Column{{Codes: 3, Weight: 1}, {Codes: 3, Weight: 1}},
		Codes: []int32{0, 0, 0, 0, 1, 1, 1, 1, 2, 2}}
	for i := range 5 {
		weight := []int{2, 1, 1, 2, 3}
		weight[i] = 0
		k := 3
		if i == 4 {
			k = 2
		}
		if i < 4 {
			weight[4] = 1
		}
		p := cluster.NewPrototypes(rows, weight, false).Divide(k, 3, 1, weight)
		for j, w := range weight {
			if (p.Labels[j] == cluster.Missing) != (w == 0) {
				t.Errorf("weights %v: labels %v", weight, p.Labels)
			}
		}
		if p.Cost() != 0 || p.Start != 0 {
			t.Errorf("weights %v: cost %v at start %d", weight, p.Cost(), p.Start)
		}
	}
}
