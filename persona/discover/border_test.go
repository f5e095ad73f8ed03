package discover_test

import (
	"math"
	"slices"
	"testing"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/discover"
)

// repeated is n rows of the same cells.
func repeated(n int, line ...string) [][]string {
	var cells [][]string
	for range n {
		cells = append(cells, line)
	}
	return cells
}

func joined(parts ...[][]string) (all [][]string) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// A draft fits a row that meets exactly half of the criteria whose cells it knows.
func TestDraftFitsWhoMeetsHalfOfIt(t *testing.T) {
	cols, rows := texts(joined(
		repeated(15, "a", "p", "m", "k"), // the typical ones
		repeated(3, "a", "p", "r", "s"),  // half of four
		repeated(2, "a", "u", "r", ""),   // one of three
		repeated(20, "b", "q", "n", "l")))
	res := fit(t, discover.KModes{K: 2}, table(t, cols, rows))
	c := &res.Clusters[res.Labels[0]]
	if c.Size != 20 || c.Draft == nil || len(c.Draft.Criteria) != 4 {
		t.Fatalf("%+v", c)
	}
	if c.Draft.Counts["fits"] != 18 || c.Draft.Counts["fits_in_cluster"] != 18 || c.Precision != 1 || c.Recall != 18.0/20 {
		t.Errorf("fits %v, precision %v, recall %v", c.Draft.Counts, c.Precision, c.Recall)
	}
}

// A cluster of ten rows is described, and a value is typical from 60 % and 1.5 times the
// share of all on.
func TestClustersAndValuesAtTheirThresholds(t *testing.T) {
	for size, described := range map[int]bool{9: false, 10: true} {
		cols, rows := texts(joined(repeated(size, "a", "x"), repeated(30, "b", "y")))
		res := fit(t, discover.KModes{K: 2}, table(t, cols, rows))
		if c := res.Clusters[1]; c.Size != size || (c.Columns != nil) != described || (c.Draft != nil) != described {
			t.Errorf("a cluster of %d: %+v", size, c)
		}
	}
	draft := func(cells [][]string) map[string]bool {
		cols, rows := texts(cells)
		res := fit(t, discover.KModes{K: 2}, table(t, cols, rows))
		ids := map[string]bool{}
		if d := res.Clusters[res.Labels[0]].Draft; d != nil {
			for _, c := range d.Criteria {
				ids[c.ID] = true
			}
		}
		return ids
	}
	// c1 and c2 hold the clusters together; c3 is what is asked about.
	share := func(of10 int) [][]string {
		return joined(repeated(of10, "a", "x", "v"), repeated(10-of10, "a", "x", "w"), repeated(30, "b", "y", "z"))
	}
	if !draft(share(6))["c3"] || draft(joined(repeated(59, "a", "x", "v"), repeated(41, "a", "x", "w"), repeated(300, "b", "y", "z")))["c3"] {
		t.Error("60 % of a cluster are enough, 59 % are not")
	}
	lift := func(others int) [][]string { // all 20 here have v, and others of 10 there
		return joined(repeated(20, "a", "x", "v"), repeated(others, "b", "y", "v"), repeated(10-others, "b", "y", "z"))
	}
	if !draft(lift(0))["c3"] || draft(lift(1))["c3"] {
		t.Error("1.5 times the share of all is enough, 1.43 times is not")
	}
}

// γ is half the mean deviation of the numeric columns as they are compared: 1 of one that
// varies, 0 of one that does not.
func TestGammaOfAColumnThatDoesNotVary(t *testing.T) {
	cols := []discover.Column{{Name: "x", Scale: discover.Numeric}, {Name: "same", Scale: discover.Numeric}, {Name: "c"}}
	var rows []discover.Row
	for i := range 20 {
		rows = append(rows, discover.Row{ID: id(i), Cells: []discover.Cell{number("x", float64(i%5)), number("same", 3), text("c", []string{"a", "b"}[i%2])}})
	}
	res := fit(t, discover.KPrototypes{K: 2}, table(t, cols, rows))
	if !near(res.Gamma, .25, 1e-12) || math.IsNaN(res.Cost) {
		t.Errorf("γ %v, cost %v", res.Gamma, res.Cost)
	}
}

// Of starts that come equally far the earliest is the best, and no cluster stays empty:
// the row farthest from its mode is moved there, the first of equal ones.
func TestStartsThatAreEqualAndClustersThatAreEmpty(t *testing.T) {
	cols, rows := texts(joined(repeated(3, "a", "b"), repeated(1, "a", ""), repeated(2, "c", "d")))
	res := fit(t, discover.KModes{K: 3, Starts: 5}, table(t, cols, rows))
	if res.Start != 0 || len(res.Clusters) != 3 {
		t.Errorf("start %d of %+v", res.Start, res.Clusters)
	}
	for i, c := range res.Clusters {
		if c.Size < 1 {
			t.Errorf("cluster %d is empty", i)
		}
	}
}

// Twenty rows of each outcome are enough, and the q of a level is the least of p·n/rank
// over the levels whose p is not less (Benjamini and Hochberg, 1995).
func TestLevelsAreTestedTogether(t *testing.T) {
	deal := func(won, lost int) []discover.Row {
		var rows []discover.Row
		for i := range won + lost {
			w := i < won
			r := discover.Row{ID: id(i), Outcome: outcome(w)}
			for j, name := range []string{"even", "good", "best", "odd"} {
				level := []string{"x", "y", "z"}[i%3]
				if w && i%4 < j {
					level = "v"
				}
				r.Cells = append(r.Cells, text(name, level))
			}
			rows = append(rows, r)
		}
		return rows
	}
	for _, tt := range []struct {
		won, lost int
		want      error
	}{{20, 20, nil}, {19, 21, discover.ErrTooFew}, {21, 19, discover.ErrTooFew}} {
		if _, err := lift(t, deal(tt.won, tt.lost)).Find(nil); err != tt.want {
			t.Errorf("%d won, %d lost: %v", tt.won, tt.lost, err)
		}
	}
	f := find(t, deal(60, 80), nil)
	var all []discover.Level
	for _, a := range f.Attributes {
		all = append(all, a.Levels...)
	}
	supported := 0
	for _, v := range all {
		q := 1.
		for _, w := range all {
			if w.P < v.P {
				continue
			}
			rank := 0
			for _, x := range all {
				if x.P <= w.P {
					rank++
				}
			}
			q = min(q, w.P*float64(len(all))/float64(rank))
		}
		want := q <= .10 && (v.Low > 1 || v.High < 1)
		if !near(v.Q, q, 1e-12) || v.Supported != want {
			t.Errorf("%s: q %v, not %v; supported %v", v.Label, v.Q, q, v.Supported)
		}
		if want {
			supported++
		}
	}
	if supported == 0 || supported == len(all) {
		t.Errorf("%d of %d levels are supported", supported, len(all))
	}
}

// A row that came twice under one id counts once, wherever it stands; with another
// outcome it is another row.
func TestRowsOfATableThatComeAgain(t *testing.T) {
	cols, rows := texts(joined(repeated(12, "a"), repeated(12, "b")))
	for i := range rows {
		rows[i].Outcome = outcome(i%2 == 0)
	}
	again := rows[0]
	want := fit(t, discover.KModes{K: 2}, table(t, cols, rows))
	got := fit(t, discover.KModes{K: 2}, table(t, cols, append(rows[:len(rows):len(rows)], again)))
	if got.Rows != want.Rows || encode(t, got.Clusters) != encode(t, want.Clusters) {
		t.Errorf("%d rows, with one again %d", want.Rows, got.Rows)
	}
	again.Outcome = discover.Lost
	for _, all := range [][]discover.Row{append([]discover.Row{again}, rows...), append(rows[:len(rows):len(rows)], again)} {
		got := fit(t, discover.KModes{K: 2}, table(t, cols, all))
		if o := got.Clusters[got.Labels[1]].Outcome; got.Rows != want.Rows+1 || o.Won != 6 || o.Lost != 7 {
			t.Errorf("with another outcome: %d rows, %+v", got.Rows, o)
		}
	}
}

// Clusters are numbered by falling size, of equal ones by their centre, the first column
// first; equal shares of values come by value. Only decided rows make an outcome.
func TestClustersAreNumberedBySizeThenCentre(t *testing.T) {
	sizes := func(parts ...[][]string) (got []string) {
		cols, rows := texts(joined(parts...))
		for _, m := range []discover.Method{discover.KModes{K: 3}, discover.PAM{K: 3}} {
			got = nil
			for i, c := range fit(t, m, table(t, cols, rows)).Clusters {
				got = append(got, c.Center[0].String()+c.Center[1].String())
				if i < 3 && c.Outcome != nil {
					t.Errorf("an outcome of open rows: %+v", c.Outcome)
				}
			}
		}
		return got
	}
	if got := sizes(repeated(10, "a", "x"), repeated(11, "b", "y"), repeated(12, "c", "z")); !slices.Equal(got, []string{"cz", "by", "ax"}) {
		t.Errorf("by size: %v", got)
	}
	if got := sizes(repeated(10, "c", "x"), repeated(10, "a", "z"), repeated(10, "b", "y")); !slices.Equal(got, []string{"az", "by", "cx"}) {
		t.Errorf("by centre: %v", got)
	}
	cols := []discover.Column{{Name: "n", Scale: discover.Numeric}}
	var rows []discover.Row
	for i := range 24 {
		rows = append(rows, discover.Row{ID: id(i), Cells: []discover.Cell{number("n", []float64{50, 1, 20}[i%3])}})
	}
	for _, m := range []discover.Method{discover.KPrototypes{K: 3}, discover.PAM{K: 3}} {
		var got []string
		for _, c := range fit(t, m, table(t, cols, rows)).Clusters {
			got = append(got, c.Center[0].String())
		}
		if !slices.Equal(got, []string{"1", "20", "50"}) {
			t.Errorf("%T, by number: %v", m, got)
		}
	}
	cols2, rows2 := texts(joined(repeated(4, "a", "y"), repeated(4, "a", "w"), repeated(4, "a", "x"), repeated(4, "a", "v"), repeated(5, "b", "q")))
	for _, c := range fit(t, discover.KModes{K: 1}, table(t, cols2, rows2)).Clusters {
		var top []string
		for _, s := range c.Columns[1].Top {
			top = append(top, s.Value.String())
		}
		if !slices.Equal(top, []string{"q", "v", "w"}) {
			t.Errorf("most frequent %v", top)
		}
	}
}

// A row of which a draft knows nothing does not fit it.
func TestDraftDoesNotFitTheUnknown(t *testing.T) {
	cols, rows := texts(joined(repeated(12, "a", "x", "z"), repeated(12, "b", "y", "z"), repeated(3, "", "", "z")))
	res := fit(t, discover.KModes{K: 2}, table(t, cols, rows))
	if len(res.Clusters) != 2 {
		t.Fatalf("%+v", res.Clusters)
	}
	for _, c := range res.Clusters {
		if c.Draft == nil || c.Draft.Counts["fits"] > 12 {
			t.Errorf("%+v", c.Draft)
		}
	}
}

// opportunities are as many won as lost rows, of which the named shares, in percent of the
// won and of the lost, have the value "v".
func opportunities(n int, shares map[string][2]int) (rows []discover.Row) {
	for i := range 2 * n {
		r := discover.Row{ID: id(i), Outcome: outcome(i < n)}
		for name, share := range shares {
			v := "w"
			if percent := share[i/n]; i%n*100 < percent*n {
				v = "v"
			}
			r.Cells = append(r.Cells, text(name, v))
		}
		rows = append(rows, r)
	}
	return rows
}

// What tells won from lost for certain, but hardly, is no criterion: its information value
// is under 0.02. Nor is what has no point left beside a far better one.
func TestDraftLeavesOutWhatTellsLittle(t *testing.T) {
	names := func(f *discover.Findings) (ids []string) {
		icps, err := persona.ParseICPs([]byte(encode(t, f.Draft)))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range icps[0].Criteria {
			ids = append(ids, c.ID)
		}
		return ids
	}
	f := find(t, opportunities(2000, map[string][2]int{"clear": {60, 40}, "faint": {53, 47}}), nil)
	if a := attribute(f, "faint"); !(a.Lower > 0 && a.CrossFitted < .02 && a.Levels[0].Supported && a.Levels[0].Lift > 1) {
		t.Fatalf("%+v", a)
	}
	if got := names(f); !slices.Equal(got, []string{"clear"}) {
		t.Errorf("criteria %q", got)
	}
	f = find(t, opportunities(2000, map[string][2]int{"sure": {100, 0}, "weak": {55, 45}}), nil)
	if a := attribute(f, "weak"); !(a.Lower > 0 && a.CrossFitted >= .02 && a.Levels[0].Supported) {
		t.Fatalf("%+v", a)
	}
	if got := names(f); !slices.Equal(got, []string{"sure"}) {
		t.Errorf("criteria %q", got)
	}
}

// Rows that were taken away before they came are not there.
func TestRowsTakenAwayAreNotFound(t *testing.T) {
	l := lift(t, deals(200, 8))
	want := encode(t, read(t, l, nil))
	gone := deals(300, 8)[200:]
	l.Subtract(lift(t, gone))
	if got := encode(t, read(t, l, nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Where all firms state one range, it is one level.
func TestARangeThatAllStateIsOneLevel(t *testing.T) {
	var rows []discover.Row
	for i := range 40 {
		rows = append(rows, discover.Row{ID: id(i), Outcome: outcome(i%2 == 0),
			Cells: []discover.Cell{{Name: "account.employees", Value: persona.RangeValue(51, 200)}}})
	}
	levels := find(t, rows, nil).Attributes[0].Levels
	if len(levels) != 1 || levels[0].Label != "(known)" || levels[0].Won+levels[0].Lost != 40 {
		t.Errorf("%+v", levels)
	}
}

// Rows that differ only in a column which is left out are one, wherever it stands.
func TestRowsThatDifferInADroppedColumn(t *testing.T) {
	cols, rows := texts([][]string{{"x", "a"}, {"", "a"}, {"", "a"}, {"", "b"}, {"y", "b"}})
	tb := table(t, cols, rows)
	if r := fit(t, discover.KModes{K: 2}, tb); !slices.Equal(r.Dropped, []string{"c1"}) || r.Cost != 0 {
		t.Errorf("dropped %v at %v", r.Dropped, r.Cost)
	}
	if _, err := (discover.KModes{K: 3}).Fit(tb); err != discover.ErrK {
		t.Errorf("three of two distinct rows: %v", err)
	}
}

// As many clusters as rows may have centres that look alike.
func TestClustersOfOneCentre(t *testing.T) {
	cols, rows := texts([][]string{{"a", ""}, {"a", "b"}, {"c", "d"}})
	r := fit(t, discover.KModes{K: 3}, table(t, cols, rows))
	for i := range 2 {
		if c := r.Clusters[i].Center; c[0].String() != "a" || c[1].String() != "b" {
			t.Errorf("centre %d is %v", i, c)
		}
	}
}

// A cell without a column is left out, and an ordinal column without levels has ranks.
func TestCellsOfTables(t *testing.T) {
	tb, err := discover.NewTable(discover.Column{Name: "rank", Scale: discover.Ordinal}, discover.Column{Name: "c"})
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range []float64{1, 2, 5} {
		if err := tb.Add(discover.Row{ID: id(i), Cells: []discover.Cell{number("rank", x), text("other", "far away")}}); err != nil {
			t.Fatal(err)
		}
	}
	if d, err := discover.Distances(tb); err != nil || d[0][1] != .25 || d[0][2] != 1 || d[1][2] != .75 {
		t.Errorf("%v, %v", d, err)
	}
	if err := tb.Add(discover.Row{ID: "x", Cells: []discover.Cell{text("rank", "high")}}); err == nil {
		t.Error("a rank without a list is a number")
	}
}

// Other seeds deal the rows otherwise.
func TestSeedsDealRows(t *testing.T) {
	rows := deals(120, 9)
	one, two := find(t, rows, &discover.FindOptions{Seed: 1}), find(t, rows, &discover.FindOptions{Seed: 2})
	if a, b := attribute(one, "noise"), attribute(two, "noise"); a.CrossFitted == b.CrossFitted || a.IV != b.IV {
		t.Errorf("cross-fitted %v and %v of %v and %v", a.CrossFitted, b.CrossFitted, a.IV, b.IV)
	}
}

// A text that reads like a truth value is another value and comes before it, in whatever
// order they came.
func TestTextsThatReadLikeTruthValues(t *testing.T) {
	var rows []discover.Row
	for i := range 80 {
		v := persona.TextValue("true")
		if i%2 == 0 {
			v = persona.BoolValue(true)
		}
		rows = append(rows, discover.Row{ID: id(i), Outcome: outcome(i%4 < 3-i%2), Cells: []discover.Cell{{Name: "c", Value: v}}})
	}
	for range 2 {
		levels := find(t, rows, nil).Attributes[0].Levels
		if len(levels) != 2 || levels[0].Label != levels[1].Label || levels[0].Won != 20 || levels[1].Won != 40 {
			t.Errorf("%+v", levels)
		}
		r := fit(t, discover.KModes{K: 1}, table(t, []discover.Column{{Name: "c"}}, rows))
		if top := r.Clusters[0].Columns[0].Top; len(top) != 2 || top[0].Value.Kind() != persona.Text || top[1].Value.Kind() != persona.Bool {
			t.Errorf("%+v", top)
		}
		slices.Reverse(rows)
	}
}

// Values that are as frequent come in the order of their levels; those that none of the
// cluster has do not come.
func TestMostFrequentLevels(t *testing.T) {
	levels := []string{"small", "medium", "large"}
	cols := []discover.Column{{Name: "size", Scale: discover.Ordinal, Levels: levels}, {Name: "kind"}}
	var rows []discover.Row
	for i := range 60 {
		cells := []discover.Cell{text("size", levels[(i+2)%3]), text("kind", "a")}
		if i >= 30 {
			cells = []discover.Cell{text("size", "large"), text("kind", "b")}
		}
		rows = append(rows, discover.Row{ID: id(i), Cells: cells})
	}
	r := fit(t, discover.PAM{K: 1}, table(t, cols, rows[:30]))
	for i, s := range r.Clusters[0].Columns[0].Top {
		if s.Value.String() != levels[i] {
			t.Errorf("place %d: %s", i, s.Value)
		}
	}
	r = fit(t, discover.PAM{K: 2}, table(t, cols, rows))
	if c := r.Clusters[r.Labels[59]]; len(c.Columns[1].Top) != 1 || c.Columns[1].Top[0].Share != 1 {
		t.Errorf("%+v", c.Columns)
	}
}

// A column of which half is missing stays.
func TestColumnsOfWhichHalfIsMissing(t *testing.T) {
	cols, rows := texts([][]string{{"a", "x"}, {"a", ""}, {"b", "y"}, {"b", ""}})
	if r := fit(t, discover.KModes{K: 1}, table(t, cols, rows)); len(r.Dropped) != 0 {
		t.Errorf("dropped %v", r.Dropped)
	}
}
