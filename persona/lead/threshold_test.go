package lead_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona/lead"
)

// candidates have scores 0.9, 0.8 … and the outcomes given, 1 for an event.
func candidates(outcomes string) []lead.Candidate {
	var all []lead.Candidate
	for i, c := range outcomes {
		all = append(all, lead.Candidate{ID: string(rune('a' + i)), Target: c == '1', P: float64(9-i) / 10})
	}
	return all
}

func TestThresholds(t *testing.T) {
	tied := candidates("1010")
	tied[1].P = tied[0].P
	for name, tt := range map[string]struct {
		got  lead.Threshold
		want string
	}{
		"equal costs":            {lead.ByCost(candidates("110100"), 1, 1), "cost 0.8 2 0 1 3"},
		"a miss costs more":      {lead.ByCost(candidates("110100"), 1, 3), "cost 0.6 3 1 0 2"},
		"ties: the higher cut":   {lead.ByCost(candidates("1010"), 1, 1), "cost 0.9 1 0 1 2"},
		"equal scores go as one": {lead.ByCost(tied, 1, 3), "cost 0.7 2 1 0 1"},
		"worth it":               {lead.ByValue(candidates("1010"), 100, 70), "value 0.7 2 1 0 1"},
		"nobody is worth it":     {lead.ByValue(candidates("1010"), 100, 91), "value +Inf 0 0 2 2"},
		"nobody at all":          {lead.ByCost(nil, 1, 1), "cost +Inf 0 0 0 0"},
	} {
		c := tt.got
		if got := fmt.Sprint(c.Rule, " ", c.Cut, c.TP, c.FP, c.FN, c.TN); got != tt.want {
			t.Errorf("%s: %s, not %s", name, got, tt.want)
		}
	}
	// Wilson (1927): 2 of 2 and 2 of 3 at 95 %.
	c := lead.ByCost(candidates("110100"), 1, 1)
	for i, pair := range [][2]float64{
		{c.Precision.Value, 1}, {c.Precision.Low, 0.342380227}, {c.Precision.High, 1},
		{c.Recall.Value, 2.0 / 3}, {c.Recall.Low, 0.207659601}, {c.Recall.High, 0.938508055},
		{c.Lift.Value, 2}, {c.Lift.Low, 0.684760455}, {c.Lift.High, 2},
	} {
		near(t, fmt.Sprint("interval ", i), pair[0], pair[1], 1e-8)
	}
	if s := lead.ByValue(candidates("0000"), 1, 2).Precision; !math.IsNaN(s.Value) {
		t.Error(s)
	}
}

// P14: a capacity picks exactly min(N, n), the best.
func TestCapacity(t *testing.T) {
	for seed := range uint64(rounds(100)) {
		r := source(seed)
		all := make([]lead.Candidate, r.IntN(40))
		for i := range all {
			all[i] = lead.Candidate{ID: fmt.Sprint(r.IntN(1000)), Target: r.IntN(2) == 0, P: float64(r.IntN(5)) / 5,
				Fit: float64(r.IntN(3)), LastInbound: time.Unix(int64(r.IntN(3)), 0)}
		}
		n := r.IntN(50)
		chosen, threshold := lead.TopN(all, n)
		if len(chosen) != min(n, len(all)) || threshold.TP+threshold.FP != len(chosen) {
			t.Fatalf("P14, seed %d: %d of %d for %d", seed, len(chosen), len(all), n)
		}
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		again, _ := lead.TopN(all, n)
		if fmt.Sprint(again) != fmt.Sprint(chosen) {
			t.Fatalf("P1, seed %d", seed)
		}
	}
	day := func(n int64) time.Time { return time.Unix(n*86400, 0) }
	chosen, _ := lead.TopN([]lead.Candidate{{ID: "e", P: .5, Fit: 1, LastInbound: day(2)}, {ID: "d", P: .5, Fit: 1, LastInbound: day(2)},
		{ID: "c", P: .5, Fit: 1, LastInbound: day(3)}, {ID: "b", P: .5, Fit: 2}, {ID: "a", P: .6}}, 4)
	order := ""
	for _, c := range chosen {
		order += c.ID
	}
	if order != "abcd" {
		t.Error(order)
	}
}

func ExampleByCost() {
	all := []lead.Candidate{{ID: "a", Target: true, P: 0.9}, {ID: "b", P: 0.7}, {ID: "c", Target: true, P: 0.6}, {ID: "d", P: 0.2}}
	t := lead.ByCost(all, 1, 5) // a lost sale costs five wasted calls
	fmt.Printf("contact from %.1f: %d sales, %d in vain; precision %.2f (%.2f to %.2f)\n", t.Cut, t.TP, t.FP, t.Precision.Value, t.Precision.Low, t.Precision.High)
	// Output:
	// contact from 0.6: 2 sales, 1 in vain; precision 0.67 (0.21 to 0.94)
}
