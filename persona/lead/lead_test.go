package lead_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/lead"
	"github.com/tabi-go/tabi/touchpoint"
)

func TestScore(t *testing.T) {
	for name, tt := range map[string]struct {
		fit     persona.Fit
		touches []touchpoint.Touch
		value   int
		grade   string
	}{
		"geometric mean":                   {fit(100), []touchpoint.Touch{touch("form", 0)}, 50, "A3"},
		"ideal stranger":                   {fit(100), nil, 0, "A4"},
		"hyperactive student":              {fit(0), []touchpoint.Touch{touch("demo", 0), touch("meeting", 0), touch("trial_start", 0)}, 0, "D1"},
		"engagement is capped":             {fit(64), []touchpoint.Touch{touch("demo", 0), touch("meeting", 0), touch("trial_start", 0)}, 80, "B1"},
		"engagement below nothing is none": {fit(64), []touchpoint.Touch{touch("complaint", 0)}, 0, "B4"},
		"half goes up":                     {fit(82.81), []touchpoint.Touch{touch("form", 0)}, 46, "A3"},
		"unknown fit":                      {persona.Fit{}, []touchpoint.Touch{touch("demo", 0), touch("webinar_attended", 0), touch("subscribe", 0), touch("demo", 0.0001)}, 71, "?1"},
		"too little known":                 {persona.Fit{Known: true, Score: 100}, []touchpoint.Touch{touch("form", 0)}, 50, "?3"},
		"ruled out":                        {persona.Fit{Known: true, Enough: true, Tier: "X", Out: []string{"competitor"}}, []touchpoint.Touch{touch("demo", 0)}, 0, "D3"},
	} {
		s := lead.DefaultTable().Score(tt.fit, agreed(tt.touches...), at)
		if s.Value != tt.value || s.Grade != tt.grade || s.Provisional == tt.fit.Known {
			t.Errorf("%s: %d %s, provisional %v", name, s.Value, s.Grade, s.Provisional)
		}
	}
}

func TestMomentum(t *testing.T) {
	s := lead.DefaultTable().Score(fit(80), of(touch("form", 14), touch("form", 1)), at)
	year := lead.DefaultTable().Engagement(of(touch("form", 14)), at.Add(-7*day))
	near(t, "momentum", s.Momentum, s.Engagement-year, 1e-12)
	old := lead.DefaultTable().Score(fit(80), of(touch("trial_start", 21)), at)
	near(t, "cooling down", old.Momentum, 40*(0.3535533905932738-0.5), 1e-12)
}

func TestScoreIsFields(t *testing.T) {
	s := lead.DefaultTable().Score(fit(100), agreed(touch("form", 0)), at)
	f := persona.Join(s, persona.Map{"person.title": persona.TextValue("CTO")})
	c, err := persona.ParseCondition([]byte(`{"all":[{"field":"lead.score","op":"ge","value":50},{"field":"lead.grade","op":"prefix","value":"A"},{"field":"lead.status","op":"eq","value":"mql"},{"field":"person.title","op":"exists"}]}`))
	if err != nil || c.Eval(f, at) != persona.True {
		t.Errorf("%v, %v", c.Eval(f, at), err)
	}
	if _, why := (lead.Score{}).Field("lead.score"); why.Known() {
		t.Error("the zero Score knows its value")
	}
	for range s.Touches() {
		t.Error("a score has a touch")
	}
}

func ExampleTable_Score() {
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	touches := []touchpoint.Touch{
		{Source: "web", ID: "1", Kind: touchpoint.KindTrialStart, At: at.Add(-14 * 24 * time.Hour)},
		{Source: "crm", ID: "2", Kind: touchpoint.KindMeeting, At: at.Add(-time.Hour)},
	}
	fit := persona.Fit{Known: true, Enough: true, Score: 81}
	f := persona.Join(persona.Map{"consent.activate": persona.BoolValue(true)}, persona.OfTouches(touches))
	s := lead.DefaultTable().Score(fit, f, at)
	fmt.Printf("%d %s %s, %.1f points, %+.1f in a week\n", s.Value, s.Grade, s.Status, s.Engagement, s.Momentum)
	for _, c := range s.Crossings {
		fmt.Println(c.At.Format(time.DateOnly), c.From, "to", c.To, "by", c.By.ID)
	}
	// Output:
	// 60 A3 SQLReady, 44.9 points, +16.7 in a week
	// 2026-10-18 none to MQL by 1
	// 2026-11-01 MQL to SQLReady by 2
}
