package discover_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/discover"
)

func outcome(won bool) discover.Outcome {
	if won {
		return discover.Won
	}
	return discover.Lost
}

// The weights of evidence and information values of R, on births of low weight (Hosmer
// and Lemeshow, Applied Logistic Regression, 1989).
func TestWeightsOfEvidenceAreThoseOfTheGolden(t *testing.T) {
	var golden struct {
		WoE map[string]any `json:"woe_iv_birthwt"`
	}
	sharedJSON(t, &golden, "golden", "methods", "logistic.json")
	table := sharedCSV(t, "data", "methods", "birthwt.csv")
	var rows []discover.Row
	for i, cells := range table[1:] {
		r := discover.Row{ID: id(i), Outcome: outcome(cells[0] == "1")}
		for j, name := range table[0][1:] {
			r.Cells = append(r.Cells, text(name, cells[j+1]))
		}
		rows = append(rows, r)
	}
	f := find(t, rows, nil)
	if f.Won != 59 || f.Lost != 130 {
		t.Fatal(f.Won, f.Lost)
	}
	checked := 0
	for name, g := range golden.WoE {
		g, ok := g.(map[string]any)
		if !ok {
			continue
		}
		a := attribute(f, name)
		if !near(a.IV, g["iv"].(float64), 1e-12) {
			t.Errorf("%s: IV %v, want %v", name, a.IV, g["iv"])
		}
		bins := g["bins"].(map[string]any)
		if len(bins) != len(a.Levels) {
			t.Errorf("%s: %d levels, want %d", name, len(a.Levels), len(bins))
		}
		for _, v := range a.Levels {
			b := bins[v.Label].(map[string]any)
			if float64(v.Won) != b["events"] || float64(v.Lost) != b["nonevents"] || !near(v.WoE, b["woe"].(float64), 1e-12) {
				t.Errorf("%s=%s: %+v, want %v", name, v.Label, v, b)
			}
			checked++
		}
	}
	if checked != 13 {
		t.Errorf("%d levels checked", checked)
	}
}

// deals are opportunities: industry matters, size matters, noise does not.
func deals(n int, seed uint64) []discover.Row {
	r := source(seed)
	var rows []discover.Row
	for i := range n {
		industry := []string{"makers", "retail", "finance"}[r.IntN(3)]
		size := math.Floor(math.Exp(r.NormFloat64()*1.5 + 4))
		chance := .25
		if industry == "makers" {
			chance += .35
		}
		if size > 100 {
			chance += .25
		}
		row := discover.Row{ID: id(i), Outcome: outcome(r.Float64() < chance), Began: day(1)}
		row.Cells = []discover.Cell{text("account.industry", industry), number("account.employees", size), text("noise", fmt.Sprint(r.IntN(6)))}
		if r.IntN(10) == 0 {
			row.Cells = row.Cells[1:] // the industry is not known
		}
		rows = append(rows, row)
	}
	return rows
}

func day(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }

func TestDraftNamesWhatSells(t *testing.T) {
	f := find(t, deals(600, 1), nil)
	icps, err := persona.ParseICPs([]byte(encode(t, f.Draft)))
	if err != nil {
		t.Fatal(err)
	}
	icp := icps[0]
	if !icp.Draft || icp.Counts["won"] != f.Won || icp.Counts["lost"] != f.Lost || icp.Note == "" {
		t.Errorf("the draft does not say what it is: %+v", icp)
	}
	sum, names := 0., []string{}
	for _, c := range icp.Criteria {
		sum += c.Weight
		names = append(names, c.ID)
	}
	slices.Sort(names)
	if sum != 100 || !slices.Equal(names, []string{"account.employees", "account.industry"}) {
		t.Errorf("weights add to %v: %v", sum, names)
	}
	maker := persona.Map{"account.industry": persona.TextValue("makers"), "account.employees": persona.NumberValue(5000)}
	other := persona.Map{"account.industry": persona.TextValue("retail"), "account.employees": persona.NumberValue(3)}
	if m, o := icp.Fit(maker, day(1)), icp.Fit(other, day(1)); m.Score != 100 || o.Score != 0 {
		t.Errorf("scores %v and %v; draft %s", m.Score, o.Score, encode(t, icp))
	}
}

func TestLevelsSayWhatTheSpecificationComputes(t *testing.T) {
	var rows []discover.Row
	for i := range 100 { // a: 30 of 40 won; b: 10 of 60
		v := "b"
		if i < 40 {
			v = "a"
		}
		rows = append(rows, discover.Row{ID: id(i), Outcome: outcome(i < 30 || i >= 90), Cells: []discover.Cell{text("x", v)}})
	}
	f := find(t, rows, nil)
	a := f.Attributes[0]
	v := a.Levels[0]
	if v.Won != 30 || v.Lost != 10 || !near(v.Rate, 38./60, 1e-15) || !near(v.Lift, 38./60/.4, 1e-15) ||
		!near(v.WoE, math.Log(30./40/(10./60)), 1e-14) || !v.Supported || a.Band != "suspicious" {
		t.Errorf("%+v in %s", v, a.Band)
	}
	if !(v.Low < v.Lift && v.Lift < v.High && v.P < 1e-7 && v.P == v.Q) {
		t.Errorf("interval [%v, %v], p %v, q %v", v.Low, v.High, v.P, v.Q)
	}
	if !(a.SE > 0) || !near(a.Lower, a.CrossFitted-1.645*a.SE, 1e-15) || !(a.CrossFitted < a.IV) {
		t.Errorf("cross-fitted %v ± %v of %v", a.CrossFitted, a.SE, a.IV)
	}
	if len(f.Draft.Disqualify) != 0 {
		t.Errorf("b still sells: %+v", f.Draft.Disqualify)
	}
}

func TestWhatNeverSellsIsSuggestedAsDisqualifier(t *testing.T) {
	rows := deals(400, 3)
	for i := range rows {
		v := "customer"
		if i%4 == 0 {
			v, rows[i].Outcome = "competitor", discover.Lost
		}
		rows[i].Cells = append(rows[i].Cells, text("account.type", v))
	}
	f := find(t, rows, nil)
	at := day(1)
	for _, d := range f.Draft.Disqualify {
		if d.When.Eval(persona.Map{"account.type": persona.TextValue("competitor")}, at) == persona.True {
			return
		}
	}
	t.Errorf("competitors pass: %s", encode(t, f.Draft))
}

// The result of the deal is known after the deal.
func TestLeakyColumnIsNamedAndUnused(t *testing.T) {
	rows := deals(300, 2)
	for i := range rows {
		v := "none"
		if rows[i].Outcome == discover.Won {
			v = "signed"
		}
		c := text("contract", v)
		c.At = day(20)
		rows[i].Cells = append(rows[i].Cells, c)
	}
	f := find(t, rows, nil)
	if len(f.Leaky) != 1 || f.Leaky[0] != (discover.Leaky{Name: "contract", Rows: 300}) {
		t.Errorf("leaky: %v", f.Leaky)
	}
	if attribute(f, "contract") != nil || bytes.Contains([]byte(encode(t, f.Draft)), []byte("contract")) {
		t.Error("the leaky column was used")
	}
	f = find(t, rows, &discover.FindOptions{AllowLeaky: true})
	if a := attribute(f, "contract"); a == nil || a.Band != "suspicious" || len(f.Leaky) != 1 {
		t.Errorf("allowed, it tells all: %+v", a)
	}
}

func TestRangesFallInTheBinThatHoldsThem(t *testing.T) {
	var rows []discover.Row
	for i := range 100 {
		rows = append(rows, discover.Row{ID: id(i), Outcome: outcome(i%2 == 0), Cells: []discover.Cell{number("n", float64(i+1))}})
	}
	rows[3].Cells[0].Value = persona.RangeValue(2, 5)             // within the first fifth
	rows[4].Cells[0].Value = persona.RangeValue(5, 95)            // anywhere
	rows[99].Cells[0].Value = persona.RangeValue(95, math.Inf(1)) // within the last
	levels := find(t, rows, nil).Attributes[0].Levels
	var labels []string
	for _, v := range levels {
		labels = append(labels, fmt.Sprintf("%s %d", v.Label, v.Won+v.Lost))
	}
	want := []string{"≤ 21 20", "(21, 41] 20", "(41, 60] 19", "(60, 80] 20", "> 80 20", "(unknown) 1"}
	if !slices.Equal(labels, want) {
		t.Errorf("%q, want %q", labels, want)
	}
}

func TestSmallBinsJoinTheNearerNeighbour(t *testing.T) {
	var rows []discover.Row
	add := func(n int, x float64, won func(int) bool) {
		for i := range n {
			rows = append(rows, discover.Row{ID: id(len(rows)), Outcome: outcome(won(i)), Cells: []discover.Cell{number("n", x)}})
		}
	}
	add(78, 1, func(i int) bool { return i%2 == 0 })
	add(3, 2, func(int) bool { return false })
	add(40, 3, func(int) bool { return false })
	levels := find(t, rows, nil).Attributes[0].Levels
	if len(levels) != 2 || levels[0].Label != "≤ 1" || levels[1].Won+levels[1].Lost != 43 {
		t.Errorf("%+v", levels)
	}
}

func TestTooFewRowsAreRefused(t *testing.T) {
	rows := deals(200, 4)
	won := 0
	rows = slices.DeleteFunc(rows, func(r discover.Row) bool {
		if r.Outcome == discover.Won {
			won++
		}
		return r.Outcome == discover.Won && won > 19
	})
	if _, err := lift(t, rows).Find(nil); !errors.Is(err, discover.ErrTooFew) {
		t.Errorf("19 won rows: %v", err)
	}
}

func TestRowsThatAreNoneAreRefused(t *testing.T) {
	long := string(make([]byte, 2000))
	for name, r := range map[string]discover.Row{
		"no id":         {},
		"long id":       {ID: long},
		"outcome":       {ID: "a", Outcome: 3},
		"twice":         {ID: "a", Cells: []discover.Cell{text("x", "1"), text("x", "2")}},
		"no name":       {ID: "a", Cells: []discover.Cell{text("", "1")}},
		"long text":     {ID: "a", Cells: []discover.Cell{text("x", long)}},
		"list":          {ID: "a", Cells: []discover.Cell{{Name: "x", Value: persona.ListValue("a")}}},
		"too many":      {ID: "a", Cells: manyCells(discover.MaxColumns + 1)},
		"no such value": {ID: "a", Cells: []discover.Cell{number("x", math.Inf(1))}},
	} {
		var l discover.Lift
		var bad *discover.CellError
		if err := l.Add(r); !errors.As(err, &bad) || bad.Error() == "" {
			if name != "no such value" { // infinity is no value at all
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func manyCells(n int) (cells []discover.Cell) {
	for i := range n {
		cells = append(cells, text(id(i), "x"))
	}
	return cells
}

// P1: the order of rows and their repetition change nothing; nor do open ones but a count.
func TestP1OrderAndRepetitionOfRowsChangeNoByte(t *testing.T) {
	rows := deals(200, 5)
	for i := range 10 {
		rows[i].Outcome = discover.Open
	}
	want := encode(t, find(t, rows, nil))
	binary, _ := lift(t, rows).MarshalBinary()
	r := source(6)
	for range 5 {
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		for i := range rows {
			slices.Reverse(rows[i].Cells)
		}
		if b, _ := lift(t, rows).MarshalBinary(); !bytes.Equal(b, binary) {
			t.Fatal("the order of rows shows in the encoding")
		}
		if got := encode(t, find(t, append(rows, rows[:50]...), nil)); got != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
	rows[0].Cells = rows[0].Cells[:1]
	if f := find(t, append(rows, deals(200, 5)...), nil); f.Conflicts == 0 {
		t.Error("two rows under one ID went unseen")
	}
}

func TestMergeAndSubtractAreThoseOfSets(t *testing.T) {
	rows := deals(300, 7)
	all, a, b := lift(t, rows), lift(t, rows[:180]), lift(t, rows[180:])
	want, _ := all.MarshalBinary()
	left, right := lift(t, rows[:180]), lift(t, rows[180:])
	left.Merge(b)
	right.Merge(a)
	var before discover.Lift // taken away before it is added
	before.Subtract(b)
	before.Merge(all)
	before.Merge(b)
	for name, l := range map[string]*discover.Lift{"a+b": left, "b+a": right, "−b+all+b": &before} {
		if got, _ := l.MarshalBinary(); !bytes.Equal(got, want) {
			t.Errorf("%s is not the whole", name)
		}
	}
	left.Subtract(b)
	if got, _ := left.MarshalBinary(); !bytes.Equal(got, must(a.MarshalBinary())) {
		t.Error("a+b−b is not a")
	}
	left.Merge(left)
	left.Subtract(left)
	if got, _ := left.MarshalBinary(); !bytes.Equal(got, must(new(discover.Lift).MarshalBinary())) {
		t.Error("a−a is not empty")
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func noise(won, lost int, values int, seed uint64) []discover.Row {
	r := source(seed)
	var rows []discover.Row
	for i := range won + lost {
		rows = append(rows, discover.Row{ID: id(i), Outcome: outcome(i < won), Cells: []discover.Cell{text("noise", fmt.Sprint(r.IntN(values)))}})
	}
	return rows
}

// P16: in sample, pure noise looks like something; cross-fitted it does not.
func TestP16CrossFittedValueOfNoiseIsNone(t *testing.T) {
	t.Parallel()
	var in, out float64
	n := rounds(100, 200)
	for seed := range n {
		a := find(t, noise(100, 100, 6, uint64(seed)), &discover.FindOptions{Seed: uint64(seed)}).Attributes[0]
		in += a.IV / float64(n)
		out += a.CrossFitted / float64(n)
	}
	t.Logf("noise over %d seeds: IV %.4f, cross-fitted %.4f", n, in, out)
	if !(in > .08 && out <= .02) {
		t.Errorf("IV %v, cross-fitted %v", in, out)
	}
}

func TestNoiseSeldomEntersTheDraft(t *testing.T) {
	t.Parallel()
	n := rounds(60, 300)
	entered := map[string]int{}
	for seed := range n {
		rows := deals(300, uint64(seed)+1000)
		r := source(uint64(seed))
		for i := range rows {
			rows[i].Cells = append(rows[i].Cells, number("noise number", r.NormFloat64()), text("noise coin", fmt.Sprint(r.IntN(2))))
		}
		if draft := find(t, rows, nil).Draft; draft != nil {
			for _, c := range draft.Criteria {
				entered[c.ID]++
			}
		}
	}
	t.Logf("of %d drafts: %v", n, entered)
	for _, name := range []string{"noise", "noise number", "noise coin"} {
		if entered[name]*100 > n*12 {
			t.Errorf("%s entered %d of %d drafts", name, entered[name], n)
		}
	}
}

func FuzzLiftUnmarshal(f *testing.F) {
	f.Add(must(new(discover.Lift).MarshalBinary()))
	f.Add(must(lift(f, deals(3, 1)).MarshalBinary()))
	l := lift(f, []discover.Row{{ID: "x", Began: day(1), Cells: []discover.Cell{{Name: "late", Value: persona.BoolValue(true), At: day(2)}}}})
	l.Merge(l)
	f.Add(must(l.MarshalBinary()))
	f.Fuzz(func(t *testing.T, b []byte) {
		var l discover.Lift
		if err := l.UnmarshalBinary(b); err != nil {
			if !errors.Is(err, discover.ErrCorrupt) {
				t.Errorf("error %v", err)
			}
			return
		}
		if again := must(l.MarshalBinary()); !bytes.Equal(again, b) {
			t.Errorf("%x became %x", b, again)
		}
		_, _ = l.Find(nil)
	})
}
