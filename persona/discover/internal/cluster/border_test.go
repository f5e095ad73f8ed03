package cluster_test

import (
	"math"
	"math/rand/v2"
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
		if !slices.Equal(each, tt.want) || !(math.Abs(mean-want/n) <= 1e-12) {
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
	medoids, labels, _ := cluster.NewMedoids(line(0, .5, 1), []int{5, 1, 5}).Divide(2)
	if !slices.Equal(medoids, []int{0, 2}) || !slices.Equal(labels, []int{0, 0, 1}) {
		t.Errorf("medoids %v, labels %v", medoids, labels)
	}
}

// Nor are they medoids, though nearest to all.
func TestMedoidsHaveWeight(t *testing.T) {
	d := line(0, 1, 1, 1)
	for a := range d {
		for b := range d {
			if d[a][b] = 1; a == b {
				d[a][b] = 0
			} else if a == 0 || b == 0 {
				d[a][b] = .3
			}
		}
	}
	for k := 1; k <= 3; k++ {
		if medoids, _, _ := cluster.NewMedoids(d, []int{0, 1, 1, 1}).Divide(k); len(medoids) != k || medoids[0] == 0 {
			t.Errorf("medoids %v", medoids)
		}
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

// nominal makes rows of columns that are compared by equality.
func nominal(codes ...[]int32) *cluster.Rows {
	rows := &cluster.Rows{N: len(codes), Columns: slices.Repeat([]cluster.Column{{Codes: 5, Weight: 1}}, len(codes[0]))}
	for _, row := range codes {
		rows.Codes = append(rows.Codes, row...)
	}
	return rows
}

// A row as near to two centres belongs to the first, which is the densest.
func TestRowsBetweenCentres(t *testing.T) {
	weight := []int{3, 1, 2}
	rows := nominal([]int32{0, 0}, []int32{0, 1}, []int32{1, 1})
	p := cluster.NewPrototypes(rows, weight, false).Divide(2, 0, 1, weight)
	if !slices.Equal(p.Labels, []int{0, 0, 1}) || p.Cost() != 1 {
		t.Errorf("labels %v at %v", p.Labels, p.Cost())
	}
}

// As many clusters as rows of some weight begin with those rows, though one of no weight
// is as dense, and though two be alike as far as they are known.
func TestAsManyClustersAsRows(t *testing.T) {
	for name, rows := range map[string]*cluster.Rows{
		"a row of no weight, which is as dense": nominal([]int32{0, 0}, []int32{0, 1}, []int32{1, 0}, []int32{2, 2}),
		"a row that looks like another":         nominal([]int32{0, 0}, []int32{0, cluster.Missing}, []int32{0, 1}, []int32{2, 2}),
		"rows of which little is known":         nominal([]int32{2, 2}, []int32{cluster.Missing, 1}, []int32{0, cluster.Missing}, []int32{0, 1}),
	} {
		weight := []int{0, 2, 2, 1}
		p := cluster.NewPrototypes(rows, weight, false).Divide(3, 2, 1, weight)
		slices.Sort(p.Labels)
		if !slices.Equal(p.Labels, []int{cluster.Missing, 0, 1, 2}) || p.Start != 0 || p.Costs[0] != p.Cost() {
			t.Errorf("%s: labels %v at %v of start %d", name, p.Labels, p.Costs, p.Start)
		}
	}
}

// A cluster that has lost its rows takes the farthest one, of equal ones the first.
func TestEmptyClustersTakeTheFirstOfTheFarthest(t *testing.T) {
	ones := []int{1, 1, 1}
	rows := nominal([]int32{cluster.Missing, 1}, []int32{0, cluster.Missing}, []int32{0, 1}) // alike, as far as they are known
	p := cluster.NewPrototypes(rows, ones, false).Divide(2, 0, 1, ones)
	if !slices.Equal(p.Labels, []int{1, 0, 0}) {
		t.Errorf("labels %v", p.Labels)
	}
}

// P17: work ends when two steps have gained nothing, though rows still change places.
func TestP17WorkEndsWhenNothingIsGained(t *testing.T) {
	ended := 0
	for seed := range uint64(trials(2000)) {
		mixed, _ := random(12, seed)
		rows := &cluster.Rows{N: mixed.N, Columns: mixed.Columns[1:4]}
		for i := range mixed.N {
			rows.Codes = append(rows.Codes, mixed.Row(i)[1:4]...)
		}
		ones := slices.Repeat([]int{1}, rows.N)
		costs := cluster.NewPrototypes(rows, ones, false).Divide(3, 0, seed, ones).Costs
		for i := 2; i < len(costs); i++ {
			switch gained := costs[i] < costs[i-2]; {
			case !gained && i+1 < len(costs):
				t.Fatalf("seed %d: costs %v", seed, costs)
			case !gained:
				ended++
			}
		}
	}
	if ended == 0 {
		t.Error("no work ended so")
	}
}

// P17: rows stay where they are nearest. A number that no row of a cluster knows is there what it is on average.
func TestP17RowsBelongToTheNearestCentre(t *testing.T) {
	for seed := range uint64(300) {
		rows, weight := random(24, seed)
		r := rand.New(rand.NewPCG(seed, 2))
		for i := range rows.N { // the more of the first column is known, the more is of the second
			if rows.Row(i)[1] != 0 && r.IntN(4) > 0 {
				rows.Row(i)[0] = cluster.Missing
			}
		}
		var mean, n [5]float64
		for i, w := range weight {
			for j, c := range rows.Row(i) {
				if c != cluster.Missing {
					mean[j] += float64(w) * rows.Columns[j].Values[c]
					n[j] += float64(w)
				}
			}
		}
		prepared := cluster.NewPrototypes(rows, weight, true)
		p := prepared.Divide(4, 2, seed, weight)
		far := func(i, c int) (sum float64) {
			for j, code := range rows.Row(i) {
				centre := p.Centres[c]
				switch x := centre.Numbers[j]; {
				case code == cluster.Missing:
				case !rows.Columns[j].Number && code != centre.Codes[j]:
					sum += prepared.Gamma
				case rows.Columns[j].Number:
					if x != x {
						x = mean[j] / n[j]
					}
					sum += (rows.Columns[j].Values[code] - x) * (rows.Columns[j].Values[code] - x)
				}
			}
			return sum
		}
		for i, l := range p.Labels {
			for c := range p.Centres {
				if !(far(i, c) >= far(i, l)-1e-9) {
					t.Fatalf("seed %d: row %d is in %d at %v, and at %v in %d", seed, i, l, far(i, l), far(i, c), c)
				}
			}
		}
	}
}
