package cluster_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tabi-go/tabi/persona/discover/internal/cluster"
)

// random rows have columns of all kinds, and holes.
func random(n int, seed uint64) (*cluster.Rows, []int) {
	r := rand.New(rand.NewPCG(seed, 1))
	rows := &cluster.Rows{N: n, Columns: []cluster.Column{
		{Number: true, Codes: 20, Weight: 1}, {Codes: 4, Weight: 1}, {Codes: 3, Weight: 2}, {Asymmetric: true, Codes: 2, Weight: 1}, {Number: true, Codes: 9, Weight: 1},
	}}
	for j := range rows.Columns {
		for c := range rows.Columns[j].Codes {
			rows.Columns[j].Values = append(rows.Columns[j].Values, float64(c))
		}
	}
	weight := make([]int, n)
	for i := range n {
		weight[i] = 1 + r.IntN(3)
		for _, c := range rows.Columns {
			code := int32(r.IntN(c.Codes))
			if r.IntN(12) == 0 {
				code = cluster.Missing
			}
			rows.Codes = append(rows.Codes, code)
		}
	}
	return rows, weight
}

// gower is the definition, pair by pair.
func gower(rows *cluster.Rows, a, b int) float64 {
	var sum, known float64
	for j, c := range rows.Columns {
		x, y := rows.Row(a)[j], rows.Row(b)[j]
		if x == cluster.Missing || y == cluster.Missing || c.Asymmetric && x == 0 && y == 0 {
			continue
		}
		known += c.Weight
		if c.Number {
			low, high := math.Inf(1), math.Inf(-1)
			for i := range rows.N {
				if code := rows.Row(i)[j]; code != cluster.Missing {
					low, high = min(low, c.Values[code]), max(high, c.Values[code])
				}
			}
			sum += c.Weight * math.Abs(c.Values[x]-c.Values[y]) / (high - low)
		} else if x != y {
			sum += c.Weight
		}
	}
	if known == 0 {
		return 1
	}
	return sum / known
}

func TestGowerIsItsDefinition(t *testing.T) {
	rows, _ := random(60, 1)
	all := cluster.NewDistances(rows)
	one := all.Row(7)
	if d := all.Matrix(); !slices.Equal(one, d[7]) {
		t.Errorf("a row alone is %v, not %v", one, d[7])
	}
	d, apart := all.Matrix(), all.Apart
	for a := range d {
		for b := range d {
			if want := gower(rows, a, b); a != b && !(math.Abs(d[a][b]-want) <= 1e-14) || d[a][b] != d[b][a] || a == b && d[a][b] != 0 {
				t.Fatalf("d(%d, %d) = %v, want %v", a, b, d[a][b], want)
			}
		}
	}
	if apart != 0 {
		t.Errorf("%d pairs without a common column", apart)
	}
	same := &cluster.Rows{N: 2, Columns: []cluster.Column{{Number: true, Values: []float64{7}, Codes: 1, Weight: 1}, {Codes: 2, Weight: 1}}, Codes: []int32{0, 0, 0, 1}}
	if d := cluster.NewDistances(same).Matrix(); d[0][1] != .5 {
		t.Errorf("a column without range: %v, want .5", d[0][1])
	}
}

// textbook is PAM as in Kaufman and Rousseeuw, with each swap worked out from scratch of
// the two nearest medoids; ties as in Medoids.
func textbook(d [][]float64, k int, weight []int) (medoids []int, cost float64) {
	total := 0.
	for _, w := range weight {
		total += float64(w)
	}
	first, second, near := make([]float64, len(d)), make([]float64, len(d)), make([]int, len(d))
	for j := range first {
		first[j] = 1
	}
	within := func(h int) (sum float64) {
		for j, x := range d[h] {
			sum += float64(weight[j]) * min(x, first[j])
		}
		return sum
	}
	for len(medoids) < k {
		best, least := -1, math.Inf(1)
		for h := range d {
			if weight[h] > 0 && !slices.Contains(medoids, h) {
				if c := within(h); c <= least+1e-12*total {
					best, least = h, min(c, least)
				}
			}
		}
		medoids = append(medoids, best)
		for j, x := range d[best] {
			first[j] = min(first[j], x)
		}
	}
	for {
		for j := range d {
			first[j], second[j] = math.Inf(1), math.Inf(1)
			for c, m := range medoids {
				if x := d[m][j]; x < first[j] {
					first[j], second[j], near[j] = x, first[j], c
				} else {
					second[j] = min(second[j], x)
				}
			}
		}
		row, place, best := -1, -1, -1e-12*total
		for h := range d {
			if weight[h] == 0 || slices.Contains(medoids, h) {
				continue
			}
			for c := range medoids {
				change := 0.
				for j, x := range d[h] {
					rest := first[j]
					if near[j] == c {
						rest = second[j]
					}
					change += float64(weight[j]) * (min(x, rest) - first[j])
				}
				if change < best-1e-12*total {
					row, place, best = h, c, change
				}
			}
		}
		if row < 0 {
			return medoids, within(medoids[0]) / total
		}
		medoids[place] = row
	}
}

func trials(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

func TestMedoidsAreThoseOfTheTextbook(t *testing.T) {
	for seed := range uint64(trials(60)) {
		rows, weight := random(20+int(seed), seed)
		weight[3] = 0 // not there
		d := cluster.NewDistances(rows).Matrix()
		prepared := cluster.NewMedoids(d, weight)
		for _, k := range []int{4, 1, 6, 2, 3, 5} { // what one asks changes nothing for another
			medoids, _, costs := prepared.Divide(k)
			cost := costs[len(costs)-1]
			want, least := textbook(d, k, weight)
			slices.Sort(want)
			if !slices.Equal(medoids, want) || !(math.Abs(cost-least) <= 1e-12) {
				t.Fatalf("seed %d, k = %d: %v at %v, want %v at %v", seed, k, medoids, cost, want, least)
			}
		}
	}
}

// P18: no single swap is better.
func TestP18NoSwapIsBetter(t *testing.T) {
	for seed := range uint64(trials(30)) {
		rows, weight := random(40, seed+100)
		d := cluster.NewDistances(rows).Matrix()
		medoids, labels, costs := cluster.NewMedoids(d, weight).Divide(4)
		cost := costs[len(costs)-1]
		within := func(medoids []int) (sum float64) {
			n := 0.
			for j := range d {
				near := math.Inf(1)
				for _, m := range medoids {
					near = min(near, d[m][j])
				}
				sum += float64(weight[j]) * near
				n += float64(weight[j])
			}
			return sum / n
		}
		if got := within(medoids); !(math.Abs(got-cost) <= 1e-12) {
			t.Fatalf("cost %v, not %v", cost, got)
		}
		for j, l := range labels {
			for _, m := range medoids {
				if !(d[m][j] >= d[medoids[l]][j]) {
					t.Fatalf("row %d is nearer to %d", j, m)
				}
			}
		}
		for c := range medoids {
			for h := range d {
				other := slices.Clone(medoids)
				if other[c] = h; !(within(other) >= cost-1e-11) {
					t.Fatalf("seed %d: %d for %d is better", seed, h, medoids[c])
				}
			}
		}
	}
}

// A row of weight 2 counts as two rows.
func TestWeightsCountRows(t *testing.T) {
	rows, weight := random(30, 5)
	twice := &cluster.Rows{Columns: rows.Columns}
	var ones, of []int
	for i, w := range weight {
		for range w {
			twice.N++
			twice.Codes = append(twice.Codes, rows.Row(i)...)
			ones, of = append(ones, 1), append(of, i)
		}
	}
	p := cluster.NewPrototypes(rows, weight, false).Divide(3, 0, 1, weight)
	q := cluster.NewPrototypes(twice, ones, false).Divide(3, 0, 1, ones)
	if !(math.Abs(p.Cost()-q.Cost()) <= 1e-9) {
		t.Errorf("cost %v of weights, %v of rows", p.Cost(), q.Cost())
	}
	d := cluster.NewDistances(rows).Matrix()
	e := make([][]float64, twice.N)
	labels := make([]int, twice.N)
	for a := range e {
		labels[a] = p.Labels[of[a]]
		for b := range e {
			e[a] = append(e[a], d[of[a]][of[b]])
		}
	}
	row := func(d [][]float64) func(int) []float64 { return func(i int) []float64 { return d[i] } }
	each, mean := cluster.Silhouette(row(d), p.Labels, 3, weight)
	all, same := cluster.Silhouette(row(e), labels, 3, ones)
	if !(math.Abs(mean-same) <= 1e-12 && math.Abs(each[0]-all[0]) <= 1e-12) {
		t.Errorf("silhouette %v of weights, %v of rows", mean, same)
	}
	if a, b := cluster.AdjustedRand(p.Labels, p.Labels, weight), cluster.AdjustedRand(labels, labels, ones); a != 1 || b != 1 {
		t.Errorf("agreement with itself %v and %v", a, b)
	}
}

// The example of Hubert and Arabie's index in scikit-learn's documentation, and chance.
func TestAdjustedRand(t *testing.T) {
	ones := []int{1, 1, 1, 1}
	if got := cluster.AdjustedRand([]int{0, 0, 1, 1}, []int{0, 0, 1, 2}, ones); !(math.Abs(got-.5714285714285714) <= 1e-15) {
		t.Errorf("%v, want 0.571…", got)
	}
	if got := cluster.AdjustedRand([]int{0, 0, 1, 1}, []int{1, 1, 0, 0}, ones); got != 1 {
		t.Errorf("%v after renaming", got)
	}
	r := rand.New(rand.NewPCG(1, 2))
	sum := 0.
	for range 200 {
		a, b, w := make([]int, 50), make([]int, 50), make([]int, 50)
		for i := range a {
			a[i], b[i], w[i] = r.IntN(3), r.IntN(3), 1
		}
		sum += cluster.AdjustedRand(a, b, w) / 200
	}
	if !(math.Abs(sum) <= .01) {
		t.Errorf("chance agrees by %v", sum)
	}
}

// Cells are rows × clusters × columns of a step; the start is spread over the steps.
func BenchmarkKModes(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	const n, columns, k = 20_000, 12, 8
	rows := &cluster.Rows{N: n, Columns: slices.Repeat([]cluster.Column{{Codes: 6}}, columns)}
	weight := make([]int, n)
	for i := range n {
		weight[i] = 1
		for range columns {
			rows.Codes = append(rows.Codes, int32(r.IntN(6)))
		}
	}
	steps, prepared := 0, cluster.NewPrototypes(rows, weight, false)
	for b.Loop() {
		p := prepared.Divide(k, 0, 1, weight)
		steps += len(p.Costs)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(steps)/(n*k*columns), "ns/cell")
}

func BenchmarkGower(b *testing.B) {
	rows, _ := random(1500, 1)
	for b.Loop() {
		cluster.NewDistances(rows).Matrix()
	}
	pairs := float64(rows.N) * float64(rows.N-1) / 2
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/pairs/float64(len(rows.Columns)), "ns/cell")
}

func BenchmarkPAM(b *testing.B) {
	rows, weight := random(1000, 1)
	d := cluster.NewDistances(rows).Matrix()
	for _, k := range []int{8} {
		b.Run(fmt.Sprintf("fast k=%d", k), func(b *testing.B) {
			for b.Loop() {
				cluster.NewMedoids(d, weight).Divide(k)
			}
		})
		b.Run(fmt.Sprintf("textbook k=%d", k), func(b *testing.B) {
			for b.Loop() {
				textbook(d, k, weight)
			}
		})
	}
}
