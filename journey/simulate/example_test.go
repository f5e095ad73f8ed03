package simulate_test

import (
	"fmt"

	"github.com/tabi-go/tabi/journey/simulate"
)

// What did each channel really bring, and what would last-touch attribution say?
func Example() {
	w, err := simulate.Scenario("confounded")
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := w.Run(1, 4000, 30)
	if err != nil {
		fmt.Println(err)
		return
	}
	last, credit := map[string]string{}, map[string]float64{}
	for tp := range p.Touches() {
		user := tp.IDs[0].Value()
		if tp.Kind == "order" {
			credit[last[user]]++
		}
		if tp.Channel != "" {
			last[user] = string(tp.Channel)
		}
	}
	tr, err := p.Truth(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range tr.Channels {
		fmt.Printf("%-11s brought %5.1f, last touch says %3.0f\n", c, tr.Shapley[c], credit[c])
	}
	s := simulate.Score(tr, credit)
	fmt.Printf("error of the shares %.2f, paid for nothing %.0f %%\n", s.TV, 100*s.Placebo)
	// Output:
	// Display     brought  91.8, last touch says 211
	// Paid Social brought 111.9, last touch says 161
	// Email       brought 187.9, last touch says 213
	// Paid Search brought 240.4, last touch says 211
	// Paid Other  brought   0.0, last touch says  60
	// error of the shares 0.19, paid for nothing 7 %
}

// A world is data: change a field and run it again.
func ExampleWorld_Run() {
	w, err := simulate.Scenario("randomised")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, base := range []float64{0, .002, .02} {
		w.Base = base
		p, err := w.Run(1, 1000, 30)
		if err != nil {
			fmt.Println(err)
			return
		}
		tr, err := p.Truth(&simulate.TruthOptions{SkipWorlds: true})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(base, "a day by itself:", tr.None, "sales without us,", tr.Full, "with us")
	}
	// Output:
	// 0 a day by itself: 0 sales without us, 184 with us
	// 0.002 a day by itself: 50 sales without us, 236 with us
	// 0.02 a day by itself: 446 sales without us, 543 with us
}

func ExampleScore() {
	truth := &simulate.Truth{
		Channels: []string{"Email", "Display", "Retargeting"},
		Placebo:  []string{"Retargeting"},
		Shapley:  map[string]float64{"Email": 30, "Display": 10, "Retargeting": 0},
		Full:     60, None: 20,
	}
	s := simulate.Score(truth, map[string]float64{"Email": 20, "Display": 20, "Retargeting": 10, "(baseline)": 10})
	fmt.Printf("tv %.2f placebo %.2f over %.2f err %.2f\n", s.TV, s.Placebo, s.Over, s.Err)
	// Output: tv 0.35 placebo 0.20 over 1.25 err 0.75
}
