package discover_test

import (
	"fmt"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/discover"
)

// Makers buy three times of four, retailers once of four.
func ExampleLift() {
	var l discover.Lift
	for i := range 200 {
		industry, won := "makers", i%4 != 0
		if i >= 100 {
			industry, won = "retail", i%4 == 0
		}
		row := discover.Row{ID: fmt.Sprint("deal ", i), Outcome: discover.Lost, Cells: []discover.Cell{
			{Name: "account.industry", Value: persona.TextValue(industry)},
			{Name: "account.city", Value: persona.TextValue([]string{"Osaka", "Kobe"}[i%2])},
		}}
		if won {
			row.Outcome = discover.Won
		}
		if err := l.Add(row); err != nil {
			fmt.Println(err)
		}
	}
	f, err := l.Find(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, v := range f.Attributes[0].Levels {
		fmt.Printf("%s: lift %.2f (%.2f to %.2f)\n", v.Label, v.Lift, v.Low, v.High)
	}
	when, _ := f.Draft.Criteria[0].When.MarshalJSON()
	fmt.Println(string(when))
	// Output:
	// makers: lift 1.42 (1.28 to 1.55)
	// retail: lift 0.58 (0.45 to 0.72)
	// {"field":"account.industry","op":"in","value":["makers"]}
}

// people are three engineers and three sales people.
func people() *discover.Table {
	t, err := discover.NewTable(
		discover.Column{Name: "person.function"},
		discover.Column{Name: "visits", Scale: discover.Numeric},
		discover.Column{Name: "size", Scale: discover.Ordinal, Levels: []string{"small", "medium", "large"}},
	)
	if err != nil {
		panic(err)
	}
	for i, p := range []struct {
		function string
		visits   float64
		size     string
	}{
		{"it", 9, "small"}, {"sales", 2, "large"}, {"it", 8, "small"}, {"sales", 1, "large"}, {"it", 9, "medium"}, {"sales", 3, "medium"},
	} {
		err := t.Add(discover.Row{ID: fmt.Sprint("person ", i), Cells: []discover.Cell{
			{Name: "person.function", Value: persona.TextValue(p.function)},
			{Name: "visits", Value: persona.NumberValue(p.visits)},
			{Name: "size", Value: persona.TextValue(p.size)},
		}})
		if err != nil {
			panic(err)
		}
	}
	return t
}

func ExamplePAM() {
	r, err := discover.PAM{K: 2}.Fit(people())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("labels %v, silhouette %.2f\n", r.Labels, r.Silhouette)
	for _, c := range r.Clusters {
		fmt.Println(c.Size, c.Center)
	}
	// Output:
	// labels [0 1 0 1 0 1], silhouette 0.81
	// 3 [it 9 small]
	// 3 [sales 2 large]
}

func ExampleKModes() {
	r, err := discover.KModes{K: 2}.Fit(people())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Labels, "with", r.Cost, "mismatches")
	// Output:
	// [0 1 0 1 0 1] with 5 mismatches
}

func ExampleKPrototypes() {
	r, err := discover.KPrototypes{K: 2}.Fit(people())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range r.Clusters {
		fmt.Printf("%d: %s, %.1f visits\n", c.Size, c.Center[0], must2(c.Center[1].Range()))
	}
	// Output:
	// 3: it, 8.7 visits
	// 3: sales, 2.0 visits
}

func must2(x, _ float64, _ bool) float64 { return x }

func ExampleDistances() {
	d, err := discover.Distances(people())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f to a colleague, %.2f to a stranger\n", d[0][2], d[0][1])
	// Output:
	// 0.04 to a colleague, 0.96 to a stranger
}

func ExampleChooseK() {
	t, err := discover.NewTable(discover.Column{Name: "goal"}, discover.Column{Name: "channel"}, discover.Column{Name: "format"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 40 {
		kind := []string{"save money", "Email", "case"}
		if i%2 == 0 {
			kind = []string{"save time", "Video", "tutorial"}
		}
		if i%7 == 0 {
			kind[i%3] = "other"
		}
		r := discover.Row{ID: fmt.Sprint(i)}
		for j, name := range []string{"goal", "channel", "format"} {
			r.Cells = append(r.Cells, discover.Cell{Name: name, Value: persona.TextValue(kind[j])})
		}
		if err := t.Add(r); err != nil {
			fmt.Println(err)
			return
		}
	}
	c, err := discover.ChooseK(t, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d clusters, p = %.2f\n", c.K, c.P)
	for _, kind := range c.Result.Clusters {
		fmt.Println(kind.Size, kind.Center)
	}
	// Output:
	// 2 clusters, p = 0.01
	// 20 [save money Email case]
	// 20 [save time Video tutorial]
}
