package discover_test

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/discover"
)

func table(t testing.TB, columns []discover.Column, rows []discover.Row) *discover.Table {
	t.Helper()
	tb, err := discover.NewTable(columns...)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := tb.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	return tb
}

// texts makes rows of nominal cells; "" is missing.
func texts(cells [][]string) (columns []discover.Column, rows []discover.Row) {
	for j := range cells[0] {
		columns = append(columns, discover.Column{Name: "c" + strconv.Itoa(j+1)})
	}
	for i, line := range cells {
		r := discover.Row{ID: id(i)}
		for j, c := range line {
			r.Cells = append(r.Cells, text(columns[j].Name, c))
		}
		rows = append(rows, r)
	}
	return columns, rows
}

func fit(t testing.TB, m discover.Method, tb *discover.Table) *discover.Result {
	t.Helper()
	r, err := m.Fit(tb)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// same reports whether two labellings are one division.
func same(a, b []int) bool {
	to, from := map[int]int{}, map[int]int{}
	for i := range a {
		x, ok := to[a[i]]
		y, back := from[b[i]]
		if ok != back || ok && (x != b[i] || y != a[i]) {
			return false
		}
		to[a[i]], from[b[i]] = b[i], a[i]
	}
	return len(a) == len(b)
}

type golden struct {
	CaoCost   float64 `json:"cao_cost"`
	CaoLabels []int   `json:"cao_labels"`
	Best      float64 `json:"best_of_50_cost"`

	Gamma, Cost float64
	Labels      []int
}

// Michalski's soybean diseases, against the Python package kmodes, which moves modes row
// by row and so may settle elsewhere.
func TestKModesReachesTheGoldenCosts(t *testing.T) {
	var goldens map[string]golden
	sharedJSON(t, &goldens, "golden", "methods", "cluster.json")
	lines := sharedCSV(t, "data", "methods", "soybean.csv")
	var disease []string
	for i, line := range lines {
		disease = append(disease, line[len(line)-1])
		lines[i] = line[:len(line)-1]
	}
	columns, rows := texts(lines)
	tb := table(t, columns, rows)
	for k, wantCao := range map[int]float64{2: 310, 3: 236, 4: 199, 5: 186, 6: 173} {
		g := goldens["soybean_k"+strconv.Itoa(k)]
		cao := fit(t, discover.KModes{K: k, Starts: -1}, tb)
		if wantCao != g.CaoCost || !(cao.Cost <= wantCao) || k < 6 && cao.Cost != wantCao {
			t.Errorf("k = %d: Cao alone costs %v, want %v", k, cao.Cost, g.CaoCost)
		}
		best := fit(t, discover.KModes{K: k, Starts: 50, Seed: 1}, tb)
		if !(best.Cost <= g.Best && best.Cost <= cao.Cost) {
			t.Errorf("k = %d: 50 starts cost %v, want %v", k, best.Cost, g.Best)
		}
		t.Logf("k = %d: Cao %v, 50 starts %v, 20 starts %v", k, cao.Cost, best.Cost, fit(t, discover.KModes{K: k, Seed: 1}, tb).Cost)
		if k == 4 {
			if !same(cao.Labels, g.CaoLabels) {
				t.Errorf("labels %v, want %v", cao.Labels, g.CaoLabels)
			}
			var labels []int
			for _, d := range disease {
				labels = append(labels, int(d[1]-'1'))
			}
			if !same(cao.Labels, labels) {
				t.Error("clusters are not the diseases")
			}
		}
	}
}

func TestKPrototypesReachesTheGoldenCost(t *testing.T) {
	var goldens map[string]golden
	sharedJSON(t, &goldens, "golden", "methods", "cluster.json")
	g := goldens["stocks_kproto"]
	var rows []discover.Row
	for i, line := range sharedCSV(t, "data", "methods", "stocks.csv") {
		price, err := strconv.ParseFloat(line[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, discover.Row{ID: id(i), Cells: []discover.Cell{number("price", price), text("sector", line[2]), text("country", line[3])}})
	}
	tb := table(t, []discover.Column{{Name: "price", Scale: discover.Numeric}, {Name: "sector"}, {Name: "country"}}, rows)
	r := fit(t, discover.KPrototypes{K: 4, Raw: true}, tb)
	if !near(r.Gamma, g.Gamma, 1e-11) || !near(r.Cost, g.Cost, 1e-9) || !same(r.Labels, g.Labels) {
		t.Errorf("γ %v, want %v; cost %v, want %v; labels %v, want %v", r.Gamma, g.Gamma, r.Cost, g.Cost, r.Labels, g.Labels)
	}
	if z := fit(t, discover.KPrototypes{K: 4}, tb); z.Gamma != .5 {
		t.Errorf("γ of z-scores is %v", z.Gamma)
	}
}

func gowerTiny(t testing.TB) *discover.Table {
	columns := []discover.Column{
		{Name: "age", Scale: discover.Numeric}, {Name: "spend", Scale: discover.Numeric}, {Name: "role"},
		{Name: "seg", Scale: discover.Ordinal, Levels: []string{"smb", "mid", "ent"}}, {Name: "opt", Scale: discover.Asymmetric},
	}
	row := func(i int, age, spend float64, role, seg string, opt float64) discover.Row {
		return discover.Row{ID: id(i), Cells: []discover.Cell{number("age", age), number("spend", spend), text("role", role), text("seg", seg), number("opt", opt)}}
	}
	return table(t, columns, []discover.Row{
		row(1, 25, 100, "dev", "smb", 1), row(2, 41, 900, "cxo", "ent", 0), row(3, 33, 250, "dev", "mid", 1),
		row(4, 58, 1200, "cxo", "ent", 0), row(5, 47, math.NaN(), "ops", "mid", 1),
	})
}

// Distances of R's cluster::daisy, silhouettes and mean distances of cluster::pam.
func TestGowerAndPAMAreThoseOfTheGolden(t *testing.T) {
	tb := gowerTiny(t)
	d, err := discover.Distances(tb)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range sharedCSV(t, "golden", "methods", "gower_tiny.csv")[1:] {
		for j, cell := range line[1:] {
			if want, err := strconv.ParseFloat(cell, 64); err != nil || !near(d[i][j], want, 1e-12) {
				t.Errorf("d(%d, %d) = %v, want %v", i+1, j+1, d[i][j], want)
			}
		}
	}
	for k, want := range map[int][2]float64{
		2: {.145757575757576, .619672645328346}, 3: {.0745454545454546, .522009455440651}, 4: {.0351515151515152, .236381490849576},
	} {
		r := fit(t, discover.PAM{K: k}, tb)
		if !near(r.Cost, want[0], 1e-12) || !near(r.Silhouette, want[1], 1e-12) {
			t.Errorf("k = %d: distance %v, silhouette %v, want %v", k, r.Cost, r.Silhouette, want)
		}
		if k == 2 {
			a, b := r.Clusters[0].Center, r.Clusters[1].Center
			if a[0].String() != "33" || b[0].String() != "58" || a[3].String() != "mid" {
				t.Errorf("medoids %v and %v, want rows 3 and 4", a, b)
			}
		}
	}
}

// planted rows have a kind each, and show its value of a column with the given purity.
func planted(n, kinds, columns int, purity float64, seed uint64) (cols []discover.Column, rows []discover.Row, kind []int) {
	r := source(seed)
	var cells [][]string
	for i := range n {
		kind = append(kind, i%kinds)
		var line []string
		for range columns {
			v := kind[i]
			if r.Float64() > purity {
				v = (v + 1 + r.IntN(3)) % 4
			}
			line = append(line, strconv.Itoa(v))
		}
		cells = append(cells, line)
	}
	cols, rows = texts(cells)
	return cols, rows, kind
}

func methods() map[string]discover.Method {
	return map[string]discover.Method{
		"k-modes": discover.KModes{K: 3, Seed: 1}, "k-prototypes": discover.KPrototypes{K: 3, Seed: 1}, "PAM": discover.PAM{K: 3},
	}
}

// mixed rows have columns of all scales, holes and twins.
func mixed(n int, seed uint64) (cols []discover.Column, rows []discover.Row) {
	r := source(seed)
	cols = []discover.Column{{Name: "n", Scale: discover.Numeric}, {Name: "role"}, {Name: "size", Scale: discover.Ordinal, Levels: []string{"s", "m", "l"}},
		{Name: "opt", Scale: discover.Asymmetric}, {Name: "where", Weight: 2}}
	for i := range n {
		row := discover.Row{ID: id(i), Outcome: discover.Outcome(r.IntN(3)), Cells: []discover.Cell{
			number("n", float64(r.IntN(6))), text("role", strconv.Itoa(r.IntN(3))), text("size", cols[2].Levels[r.IntN(3)]),
			{Name: "opt", Value: persona.BoolValue(r.IntN(2) == 0)}, text("where", strconv.Itoa(r.IntN(4)))}}
		row.Cells = slices.DeleteFunc(row.Cells, func(discover.Cell) bool { return r.IntN(8) == 0 })
		rows = append(rows, row)
	}
	return cols, rows
}

// P1: the order of rows changes nothing but the order of labels; a row that comes again
// under its ID changes nothing.
func TestP1OrderOfRowsDoesNotChangeClusters(t *testing.T) {
	cols, rows := mixed(80, 1)
	r := source(2)
	for name, m := range methods() {
		want := fit(t, m, table(t, cols, rows))
		for range 3 {
			order := r.Perm(len(rows))
			var shuffled []discover.Row
			for _, i := range order {
				shuffled = append(shuffled, rows[i])
			}
			shuffled = append(shuffled, rows[:10]...)
			got := fit(t, m, table(t, cols, shuffled))
			for place, i := range order {
				if got.Labels[place] != want.Labels[i] || got.Silhouettes[place] != want.Silhouettes[i] {
					t.Fatalf("%s: row %d has label %d, not %d", name, i, got.Labels[place], want.Labels[i])
				}
			}
			got.Labels, got.Silhouettes = want.Labels, want.Silhouettes
			if a, b := encode(t, got.Clusters), encode(t, want.Clusters); a != b || got.Cost != want.Cost || got.Rows != 80 {
				t.Fatalf("%s:\n%s\n%s", name, a, b)
			}
		}
	}
}

// P17: the cost never rises from step to step; as many clusters as distinct rows cost
// nothing.
func TestP17CostNeverRises(t *testing.T) {
	for seed := range rounds(40, 400) {
		cols, rows := mixed(60, uint64(seed))
		tb := table(t, cols, rows)
		for name, m := range map[string]discover.Method{
			"k-modes":      discover.KModes{K: 2 + seed%6, Starts: 3, Seed: uint64(seed)},
			"k-prototypes": discover.KPrototypes{K: 2 + seed%6, Starts: 3, Seed: uint64(seed)},
		} {
			r := fit(t, m, tb)
			for i := 1; i < len(r.Costs); i++ {
				if !(r.Costs[i] <= r.Costs[i-1]*(1+1e-12)) {
					t.Fatalf("seed %d, %s: costs %v", seed, name, r.Costs)
				}
			}
			if len(r.Costs) > 50 {
				t.Errorf("seed %d, %s: %d steps", seed, name, len(r.Costs))
			}
		}
		cols, rows, _ = planted(40, 3, 3, .5, uint64(seed))
		tb = table(t, cols, rows)
		distinct := map[string]bool{}
		for _, r := range rows {
			distinct[encode(t, [3]string{r.Cells[0].Value.String(), r.Cells[1].Value.String(), r.Cells[2].Value.String()})] = true
		}
		k := len(distinct)
		if r := fit(t, discover.KModes{K: k, Seed: uint64(seed)}, tb); r.Cost != 0 {
			t.Fatalf("seed %d: %d clusters of as many distinct rows cost %v", seed, k, r.Cost)
		}
		if r := fit(t, discover.PAM{K: k}, tb); r.Cost != 0 {
			t.Fatalf("seed %d: %d medoids of as many distinct rows cost %v", seed, k, r.Cost)
		}
		for _, m := range []discover.Method{discover.KModes{K: k + 1}, discover.KPrototypes{K: k + 1}, discover.PAM{K: k + 1}, discover.PAM{}} {
			if _, err := m.Fit(tb); !errors.Is(err, discover.ErrK) {
				t.Fatalf("%T took more clusters than distinct rows, or none: %v", m, err)
			}
		}
	}
}

func TestMissingCellsAreNeutral(t *testing.T) {
	cols, rows := texts([][]string{{"a", "x", "1"}, {"a", "x", "1"}, {"a", "x", ""}, {"b", "y", "2"}, {"b", "y", "2"}, {"b", "", "2"}, {"", "", ""}})
	r := fit(t, discover.KModes{K: 2}, table(t, cols, rows))
	if !same(r.Labels, []int{0, 0, 0, 1, 1, 1, -1}) || r.Skipped != 1 || r.Rows != 6 {
		t.Errorf("labels %v, %d skipped", r.Labels, r.Skipped)
	}
	// The third column is known of 1, 1, 2, 2, 2: 1 − .4² − .6² = .48; so is the second, .48.
	if !near(r.Cost, .96, 1e-15) {
		t.Errorf("cost %v, want .96", r.Cost)
	}
	cols, rows = texts([][]string{{"a", "", "1"}, {"a", "", "1"}, {"b", "y", "2"}})
	r = fit(t, discover.PAM{K: 2}, table(t, cols, rows))
	if !slices.Equal(r.Dropped, []string{"c2"}) || !slices.Equal(r.Columns, []string{"c1", "c3"}) {
		t.Errorf("dropped %v, kept %v", r.Dropped, r.Columns)
	}
}

func TestRowsWithoutCommonColumnAreOneApart(t *testing.T) {
	cols, rows := texts([][]string{{"a", ""}, {"", "b"}, {"a", "b"}})
	tb := table(t, cols, rows)
	d, err := discover.Distances(tb)
	if err != nil || d[0][1] != 1 || d[0][2] != 0 || d[1][2] != 0 {
		t.Errorf("%v, %v", d, err)
	}
	if r := fit(t, discover.PAM{K: 2}, tb); r.Incomparable != 1 {
		t.Errorf("%d incomparable pairs", r.Incomparable)
	}
}

func TestTablesRefuseWhatTheyCannotCompare(t *testing.T) {
	for name, cols := range map[string][]discover.Column{
		"no name": {{}}, "twice": {{Name: "a"}, {Name: "a"}}, "scale": {{Name: "a", Scale: 9}}, "weight": {{Name: "a", Weight: -1}},
		"many": slices.Repeat([]discover.Column{{Name: "a"}}, discover.MaxColumns+1),
	} {
		var bad *discover.CellError
		if _, err := discover.NewTable(cols...); !errors.As(err, &bad) {
			t.Errorf("%s: %v", name, err)
		}
	}
	tb := gowerTiny(t)
	for _, c := range []discover.Cell{text("age", "old"), text("seg", "huge"), number("opt", 2), text("opt", "yes"), {Name: "role", Value: persona.ListValue("a")}} {
		var bad *discover.CellError
		if err := tb.Add(discover.Row{Cells: []discover.Cell{c}}); !errors.As(err, &bad) || bad.Column != c.Name || tb.Len() != 5 {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}

func TestSummariesAndDraftsDescribeClusters(t *testing.T) {
	cols, rows, kind := planted(150, 3, 5, .85, 1)
	cols = append(cols, discover.Column{Name: "age", Scale: discover.Numeric})
	for i := range rows {
		rows[i].Cells = append(rows[i].Cells, number("age", float64(20+20*kind[i]+i%10)))
		rows[i].Outcome = outcome(kind[i] == 0 || i%5 == 0)
	}
	r := fit(t, discover.PAM{K: 3}, table(t, cols, rows))
	if !same(r.Labels, kind) {
		t.Fatal("the clusters are not those planted")
	}
	for label, c := range r.Clusters {
		var own []int
		for i := range rows {
			if r.Labels[i] == label {
				own = append(own, i)
			}
		}
		truth := kind[own[0]]
		if c.Size != 50 || len(c.Columns) != 6 || c.Columns[0].Top[0].Value.String() != strconv.Itoa(truth) {
			t.Errorf("cluster %d: %+v", label, c)
		}
		if s := c.Columns[5]; s.Top != nil || s.Median != float64(20+20*truth)+4.5 || !(s.Q1 < s.Median && s.Median < s.Q3) {
			t.Errorf("ages %+v of kind %d", s, truth)
		}
		won := 0
		for _, i := range own {
			if rows[i].Outcome == discover.Won {
				won++
			}
		}
		if o := c.Outcome; o.Won != won || o.Rate != float64(won)/50 || !(o.Low < o.Rate && o.Rate <= o.High || won == 50) {
			t.Errorf("outcome %+v, want %d won", o, won)
		}
		ps, err := persona.ParsePersonas([]byte(encode(t, c.Draft)))
		if err != nil {
			t.Fatal(err)
		}
		fits, both := 0, 0
		for i, row := range rows {
			f := persona.Map{}
			for _, cell := range row.Cells {
				f[cell.Name] = cell.Value
			}
			if ps[0].Fit(f, day(1)).Score >= 50 {
				fits++
				if r.Labels[i] == label {
					both++
				}
			}
		}
		if !ps[0].Draft || !near(c.Precision, float64(both)/float64(fits), 1e-15) || !near(c.Recall, float64(both)/50, 1e-15) || !(c.Precision >= .9 && c.Recall >= .9) {
			t.Errorf("precision %v and recall %v, not %d of %d", c.Precision, c.Recall, both, fits)
		}
	}
	if c := fit(t, discover.PAM{K: 2}, gowerTiny(t)).Clusters[0]; c.Size != 3 || c.Center == nil || c.Columns != nil || c.Outcome != nil || c.Draft != nil {
		t.Errorf("a small cluster says more than size and centre: %+v", c)
	}
}
