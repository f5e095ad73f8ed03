package stage_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

var presetNames = []string{"digital", "classic", "lifecycle", "aarrr", "hubspot", "salesforce", "leadtorevenue"}

func preset(t *testing.T, name string) *stage.Model {
	t.Helper()
	m, ok := stage.Preset(name)
	if !ok {
		t.Fatal("no preset", name)
	}
	return &m
}

// walks leads through all stages of each preset by default evidence: a kind (or "!" and a
// stage field, or "." and a kind without a person's identifier, or "~" for a silence) and
// the stage where the subject stands after it.
var walks = map[string][][2]string{
	"digital": {{"email_sent", "awareness"}, {"form", "engagement"}, {"order", "transaction"}, {"login", "retention"}},
	"classic": {{"pageview", "awareness"}, {"product_view", "consideration"}, {"purchase", "purchase"}, {"kickoff", "use"},
		{"review", "loyalty"}},
	"lifecycle": {{"pageview", "awareness"}, {"call", "evaluation"}, {"contract", "purchase"}, {"login", "onboarding"},
		{"renewal", "retention"}, {"referral", "advocacy"}, {"churn", "churned"}, {"cart", "evaluation"}},
	"aarrr": {{"click", "acquisition"}, {"trial_start", "activation"}, {"login", "retention"}, {"share", "referral"},
		{"order", "revenue"}, {"pageview", "acquisition"}},
	"hubspot": {{"!Other", "other"}, {"subscribe", "subscriber"}, {"form", "lead"}, {"demo_request", "mql"}, {"meeting", "sql"},
		{"opportunity", "opportunity"}, {"order", "customer"}, {"review", "evangelist"}},
	"salesforce": {{"opportunity", "prospecting"}, {"!Qualification", "qualification"}, {"!ニーズ分析", "needs_analysis"},
		{"!value_proposition", "value_proposition"}, {"!Id. Decision  Makers", "id_decision_makers"}, {"!認識分析", "perception_analysis"},
		{"proposal", "proposal"}, {"!Negotiation/Review", "negotiation"}, {"contract", "closed_won"}, {"deal_lost", "closed_lost"},
		{"deal_reopened", "prospecting"}, {"!salesforce:CLOSED WON", "closed_won"}},
	"leadtorevenue": {{".click", "anonymous"}, {"form", "known"}, {"lead_recycled", "nurture"}, {"demo_request", "mql"},
		{"lead_recycled", "nurture"}, {"call", "sal"}, {"meeting", "sql"}, {"opportunity", "opportunity"}, {"quote", "negotiation"},
		{"order", "won"}, {"login", "onboarding"}, {"downgrade", "at_risk"}, {"renewal", "active"}, {"upgrade", "expansion"},
		{"review", "advocate"}, {"churn", "churned"}, {"deal_reopened", "opportunity"}, {"deal_lost", "lost"},
		{"deal_created", "opportunity"}, {"~", "dormant"}, {"pageview", "opportunity"}, {"deal_paused", "dormant"}},
}

func TestPresetsWalkAllStagesByDefaultEvidence(t *testing.T) {
	for _, name := range presetNames {
		m := preset(t, name)
		var touches []touchpoint.Touch
		at, reached := date(1, 1), map[stage.ID]bool{}
		for _, step := range walks[name] {
			at = at.Add(day)
			tp := touch(at.String(), at, touchpoint.Kind(step[0]))
			switch step[0][0] {
			case '~':
				at = at.Add(90 * day)
			case '!':
				tp.Kind, tp.Stage = "stage_change", step[0][1:]
			case '.':
				tp.Kind, tp.IDs = touchpoint.Kind(step[0][1:]), nil
			}
			if step[0] != "~" {
				touches = append(touches, tp)
			}
			h := fold(t, m, touches, stage.FoldOptions{At: at})
			if v, _ := h.Current(); string(v.Stage) != step[1] {
				t.Errorf("%s: after %s at %q, want %q", name, step[0], v.Stage, step[1])
			}
			reached[stage.ID(step[1])] = true
		}
		for _, s := range m.Stages {
			if !reached[s.ID] {
				t.Errorf("%s: no walk to %s", name, s.ID)
			}
		}
	}
}

func TestPresetsAreValidNamedAndRoundTrip(t *testing.T) {
	for _, name := range presetNames {
		m := preset(t, name)
		if m.ID != name {
			t.Errorf("%s is called %s", name, m.ID)
		}
		for _, s := range m.Stages {
			if s.Names["en"] == "" || s.Names["ja"] == "" {
				t.Errorf("%s: %s has no name in a language", name, s.ID)
			}
		}
		text, err := m.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		back, err := stage.ParseModel(text)
		if err != nil || !reflect.DeepEqual(back, *m) {
			t.Errorf("%s does not round-trip: %v", name, err)
		}
		if again, _ := back.MarshalJSON(); !bytes.Equal(again, text) {
			t.Errorf("%s: other bytes the second time", name)
		}
	}
	if _, ok := stage.Preset("Digital"); ok {
		t.Error("preset names are lower case")
	}
}
