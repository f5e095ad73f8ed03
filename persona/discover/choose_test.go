package discover_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/tabi-go/tabi/persona/discover"
)

func choose(t testing.TB, tb *discover.Table, o *discover.ChooseOptions) *discover.Choice {
	t.Helper()
	c, err := discover.ChooseK(tb, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// independent rows have columns that know nothing of each other.
func independent(n int, seed uint64) ([]discover.Column, []discover.Row) {
	r := source(seed)
	var cells [][]string
	for range n {
		var line []string
		for j := range 5 {
			line = append(line, strconv.Itoa(r.IntN(3+j%3)))
		}
		cells = append(cells, line)
	}
	return texts(cells)
}

func TestTablesWithoutStructureHaveOneCluster(t *testing.T) {
	t.Parallel()
	n, rightly := rounds(5, 100), 0
	for seed := range n {
		cols, rows := independent(40+rounds(0, 40), uint64(seed))
		c := choose(t, table(t, cols, rows), &discover.ChooseOptions{Seed: uint64(seed)})
		if c.K == 1 {
			rightly++
		}
		if c.Result.K != c.K || len(c.Result.Clusters) != c.K {
			t.Errorf("%d clusters chosen, %d fitted", c.K, c.Result.K)
		}
	}
	t.Logf("k = 1 in %d of %d tables without structure", rightly, n)
	if rightly*100 < 88*n && n > 5 || rightly*2 < n {
		t.Errorf("k = 1 in %d of %d", rightly, n)
	}
}

func TestPlantedClustersAreFound(t *testing.T) {
	t.Parallel()
	n, found := rounds(3, 100), 0
	for seed := range n {
		cols, rows, kind := planted(60+rounds(0, 90), 3, 6, .8, uint64(seed))
		c := choose(t, table(t, cols, rows), &discover.ChooseOptions{Seed: uint64(seed)})
		right := 0 // rows in the cluster of most of their kind
		for k := range 3 {
			var counts [3]int
			for i, l := range c.Result.Labels {
				if kind[i] == k && l < 3 {
					counts[l]++
				}
			}
			right += slices.Max(counts[:])
		}
		if c.K == 3 && right*10 >= 9*len(rows) {
			found++
		}
	}
	t.Logf("three planted clusters found in %d of %d tables", found, n)
	if found*100 < 95*n {
		t.Errorf("found in %d of %d", found, n)
	}
}

func TestP1OrderOfRowsDoesNotChangeTheChoice(t *testing.T) {
	cols, rows, _ := planted(45, 3, 5, .85, 9)
	for _, m := range []discover.Method{discover.KModes{Starts: 1}, discover.PAM{}, discover.KPrototypes{Starts: 1}}[:rounds(3, 3)] {
		want := choose(t, table(t, cols, rows), &discover.ChooseOptions{Method: m, Seed: 4})
		if want.K != 3 || len(want.Candidates) != 7 || !(want.P <= .05) {
			t.Errorf("%T: %+v", m, want)
		}
		slices.Reverse(rows)
		got := choose(t, table(t, cols, rows), &discover.ChooseOptions{Method: m, Seed: 4})
		if got.K != want.K || got.P != want.P || !slices.Equal(got.Candidates, want.Candidates) {
			t.Errorf("%T: %+v, not %+v", m, got, want)
		}
	}
}

func TestChoiceOfLittleIsOne(t *testing.T) {
	cols, rows := texts([][]string{{"a"}, {"a"}, {"a"}})
	if c := choose(t, table(t, cols, rows), nil); c.K != 1 || c.Candidates != nil || c.Result.Cost != 0 {
		t.Errorf("%+v", c)
	}
	if _, err := discover.ChooseK(table(t, cols, nil), nil); err != discover.ErrK {
		t.Errorf("a table without rows: %v", err)
	}
}

// A single column shuffled is the same table, so that nothing is rarer than by chance.
func TestASingleColumnHasNoStructure(t *testing.T) {
	cols, rows := texts(joined(repeated(5, "a"), repeated(6, "b"), repeated(7, "c")))
	if c := choose(t, table(t, cols, rows), nil); c.P != 1 || c.K != 1 {
		t.Errorf("%+v", c)
	}
}

// Two kinds of rows that differ in every column are two clusters, and no more are tried
// than there are distinct rows.
func TestTwoKindsOfRowsAreTwoClusters(t *testing.T) {
	cols, rows := texts(joined(repeated(12, "a", "b", "c", "d"), repeated(9, "p", "q", "r", "s")))
	if c := choose(t, table(t, cols, rows), nil); c.K != 2 || c.P != .01 || len(c.Candidates) != 1 {
		t.Errorf("%+v", c)
	}
}

// The number chosen has the greatest silhouette of those that are stable, of equal ones it
// is the least; it is 1 where chance does as well in more than 5 of 100 tables.
func TestChoiceIsThatOfTheCandidates(t *testing.T) {
	edge := false
	for seed := range uint64(rounds(60, 600)) {
		cols, rows, _ := planted(14, 2, 3, .8, seed)
		c := choose(t, table(t, cols, rows), &discover.ChooseOptions{Seed: seed})
		want, best := 1, -1.
		for _, a := range c.Candidates {
			if c.P <= .05 && a.Stability >= .6 && a.Silhouette > best {
				want, best = a.K, a.Silhouette
			}
		}
		if c.K != want || c.Result.K != want {
			t.Errorf("seed %d: %d, not %d of %+v", seed, c.K, want, c)
		}
		edge = edge || c.P == .05 && c.K > 1
	}
	if !edge && !testing.Short() {
		t.Error("no table at the edge")
	}
}
