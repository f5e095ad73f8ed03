package stage_test

import (
	"fmt"
	"time"

	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

func day2026(month time.Month, day int) time.Time {
	return time.Date(2026, month, day, 0, 0, 0, 0, time.UTC)
}

// One customer's touches become a history: where it stood, and by which moves.
func ExampleModel_Fold() {
	touches := []touchpoint.Touch{
		{Source: "web", ID: "1", At: day2026(1, 5), Kind: "form"},
		{Source: "crm", ID: "2", At: day2026(1, 20), Kind: "meeting"},
		{Source: "crm", ID: "3", At: day2026(2, 1), Kind: "stage_change", Stage: "Nurture"}, // a statement may go back
		{Source: "web", ID: "4", At: day2026(6, 15), Kind: "pageview"},                      // after a long silence
	}
	m := stage.LeadToRevenue()
	h, err := m.Fold(touches, &stage.FoldOptions{Subject: "u-17", At: day2026(7, 1)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, v := range h.Visits {
		fmt.Println(v.Enter.Format(time.DateOnly), v.Stage, v.Via, v.Skipped)
	}
	furthest, _ := h.Furthest()
	fmt.Println("furthest:", furthest)
	// Output:
	// 2026-01-05 known start [anonymous]
	// 2026-01-20 sql skip [mql sal]
	// 2026-02-01 nurture recycle []
	// 2026-05-02 dormant pause []
	// 2026-06-15 nurture resume []
	// furthest: sql
}

// A model of one's own is a value, or a file.
func ExampleParseModel() {
	m, err := stage.ParseModel([]byte(`{"id": "trial", "stages": [
		{"id": "trying", "rank": 10, "names": {"en": "Trying"}, "entry": [{"kinds": ["trial_start"]}]},
		{"id": "hooked", "rank": 20, "names": {"en": "Hooked"}, "entry": [{"families": ["use"], "count": 2, "within": "7d"}]},
		{"id": "paying", "rank": 30, "kind": "goal", "names": {"en": "Paying"}, "entry": [{"families": ["purchase"]}]}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	h, _ := m.Fold([]touchpoint.Touch{
		{Source: "app", ID: "1", At: day2026(1, 1), Kind: "trial_start"},
		{Source: "app", ID: "2", At: day2026(1, 2), Kind: "login"},
		{Source: "app", ID: "3", At: day2026(1, 4), Kind: "login"},
	}, nil)
	v, _ := h.Current()
	fmt.Println(v.Stage, "by", v.Rule)

	_, err = stage.ParseModel([]byte(`{"id": "trial", "stages": [{"id": "trying", "colour": "red"}]}`))
	fmt.Println(err)
	// Output:
	// hooked by hooked/1
	// stage: model: stages[0].colour: unknown key
}

// Last year's touches are judged by last year's definitions.
func ExampleVersions() {
	old, strict := stage.Digital(), stage.Digital()
	strict.Version = "2"
	strict.Stages[1].Entry = []stage.Rule{{Families: []string{"sales"}}} // engagement takes a talk
	p, err := stage.Versions{{Model: old}, {From: day2026(1, 1), Model: strict}}.Plan()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, at := range []time.Time{day2026(1, 1).AddDate(-1, 0, 0), day2026(3, 1)} {
		h, _ := p.Fold([]touchpoint.Touch{{Source: "web", ID: "1", At: at, Kind: "form"}}, nil)
		fmt.Println(at.Year(), h.Visits[0].Stage, h.Basis)
	}
	// Output:
	// 2025 engagement as_was
	// 2026 awareness as_was
}

// An account stands where its members let it stand.
func ExamplePlan_FoldAccount() {
	m := stage.LeadToRevenue()
	p, err := m.Plan()
	if err != nil {
		fmt.Println(err)
		return
	}
	user, _ := p.Fold([]touchpoint.Touch{{Source: "web", ID: "1", At: day2026(1, 5), Kind: "form"}}, nil)
	boss, _ := p.Fold([]touchpoint.Touch{{Source: "crm", ID: "2", At: day2026(2, 1), Kind: "meeting"}}, nil)
	h, _ := p.FoldAccount([]stage.Member{
		{Subject: "u-1", Role: "user", History: user},
		{Subject: "u-2", Role: "decision_maker", History: boss},
	}, stage.Max{}, &stage.FoldOptions{Subject: "acme"})
	for _, v := range h.Visits {
		fmt.Println(v.Enter.Format(time.DateOnly), v.Stage, "by", v.Member)
	}
	// Output:
	// 2026-01-05 known by u-1
	// 2026-02-01 sql by u-2
}

func ExampleHistory_Explain() {
	m := stage.Digital()
	h, _ := m.Fold([]touchpoint.Touch{
		{Source: "web", ID: "1", At: day2026(1, 1), Kind: "pageview"},
		{Source: "web", ID: "2", At: day2026(1, 2), Kind: "pageview"},
		{Source: "web", ID: "3", At: day2026(1, 3), Kind: "pageview"},
	}, nil)
	x, _ := h.Explain(1)
	fmt.Println(x.Visit.Stage, "line", x.Line, "rule", x.Visit.Rule)
	for _, c := range x.Conditions {
		fmt.Println(c.Name, "wants", c.Want, "saw", c.Seen)
	}
	// Output:
	// engagement line 9 rule engagement/2
	// families wants visit saw visit
	// count wants 3 within 7d saw 3 or more
}
