package attribution_test

import (
	"fmt"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

func Example() {
	day := func(d int) time.Time { return time.Date(2026, 4, d, 9, 0, 0, 0, time.UTC) }
	var js attribution.Journeys
	for _, p := range []attribution.Path{
		{Subject: "ann", End: day(20), Converted: true, Value: 9900, Steps: []attribution.Step{
			{Channel: "Display", At: day(1)}, {Channel: "Email", At: day(12)}, {Channel: "Search", At: day(19)},
		}},
		{Subject: "bob", End: day(21), Converted: true, Value: 4900, Steps: []attribution.Step{
			{Channel: "Search", At: day(21)},
		}},
		{Subject: "cleo", End: day(30), Steps: []attribution.Step{
			{Channel: "Display", At: day(2)}, {Channel: "Display", At: day(8)},
		}},
	} {
		if err := js.Add(p); err != nil {
			fmt.Println(err)
		}
	}
	rs, err := attribution.Attribute(&js, nil,
		attribution.Rule(attribution.TimeDecay{}), // zero HalfLife: 7 days
		attribution.Markov{},
	)
	if err != nil {
		fmt.Println(err)
	}
	for _, r := range rs {
		fmt.Println(r.Model)
		for _, c := range r.Credits {
			fmt.Printf("  %-8s %.2f conversions, %d cents\n", c.Channel, c.Conversions, c.Value)
		}
	}
	// Output:
	// time_decay_hl7d
	//   Display  0.10 conversions, 998 cents
	//   Email    0.30 conversions, 2967 cents
	//   Search   1.60 conversions, 10835 cents
	// markov1
	//   Display  0.50 conversions, 3700 cents
	//   Email    0.50 conversions, 3700 cents
	//   Search   1.00 conversions, 7400 cents
}

func ExampleFunc() {
	second := attribution.Func("second", func(w []float64, v attribution.View) {
		w[min(1, v.Len()-1)] = 1
	})
	var js attribution.Journeys
	_ = js.AddRow(attribution.Row{Channels: []string{"Display", "Email", "Search"}, Conversions: 4})
	r, _ := attribution.Rule(second).Attribute(&js, nil)
	fmt.Println(r.Credit("Email").Conversions)
	// Output: 4
}

func ExampleExplain() {
	steps, _ := attribution.Explain(
		attribution.Path{Converted: true, Value: 100, Steps: []attribution.Step{{Channel: "Display"}, {Channel: "Email"}, {Channel: "Direct"}}},
		&attribution.Preparation{Exclude: attribution.ExcludeDirect()},
		attribution.Last{},
	)
	for _, s := range steps {
		fmt.Println(s.Step.Channel, s.Credit, s.Value, s.Reason)
	}
	// Output:
	// Display 0 0 zero_weight
	// Email 1 100 last
	// Direct 0 0 direct
}

func ExampleLedger() {
	var js attribution.Journeys
	_ = js.Add(attribution.Path{Converted: true, Value: 100, Steps: []attribution.Step{{Channel: "Display"}, {Channel: "Email"}, {Channel: "Search"}}})
	for e, err := range attribution.Ledger(&js, attribution.Linear{}) {
		fmt.Println(e.Channel, e.Value, err)
	}
	// Output:
	// Display 34 <nil>
	// Email 33 <nil>
	// Search 33 <nil>
}
