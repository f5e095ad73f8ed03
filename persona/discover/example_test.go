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
