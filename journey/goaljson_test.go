package journey_test

import (
	"strings"
	"testing"

	"github.com/tabi-go/tabi/journey"
)

func TestGoalsAreReadStrictly(t *testing.T) {
	goals, err := journey.ParseGoals([]byte(`[{"id":"lead","stage":"mql","repeat":"subject","value":"fixed","amount":"20.00","currency":"EUR"},
		{"id":"demo","rule":{"kinds":["demo_request"],"count":2,"within":"30d"},"value":"none","closes":true}]`))
	if err != nil {
		t.Fatal(err)
	}
	lead, demo := goals[0], goals[1]
	if lead.Repeat != journey.OncePerSubject || lead.Value != journey.FromGoal || lead.Fixed.Minor != 20_00 {
		t.Errorf("lead %+v", lead)
	}
	if demo.Rule == nil || demo.Rule.Count != 2 || demo.Rule.Within.Hours() != 720 || !demo.Closes || demo.Value != journey.FromNothing {
		t.Errorf("demo %+v", demo)
	}
	for bad, want := range map[string]string{
		`{}`:                                    "cannot unmarshal object",
		`[] []`:                                 "behind",
		`[{"id":"x","stag":"mql"}]`:             "goal 1: ",
		`[{"id":"x"},{"id":"y","value":"all"}]`: "goal 2: value",
		`[{"id":"x","repeat":"often"}]`:         "goal 1: repeat",
		`[{"id":"x","value":"fixed","amount":"1.005","currency":"EUR"}]`: "goal 1: ",
		`[{"id":"x","value":"fixed","amount":"1","currency":"???"}]`:     "unknown_currency currency",
		`[{"id":"x","amount":"1"}]`:                                      "goal 1: amount",
		`[{"id":"x","rule":{"kind":["order"]}}]`:                         "goal 1: ",
	} {
		if _, err := journey.ParseGoals([]byte(bad)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
