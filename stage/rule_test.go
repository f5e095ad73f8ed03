package stage_test

import (
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

func TestRulesTakeATouchOnlyIfAllConditionsHold(t *testing.T) {
	props, err := touchpoint.ParseProps([]byte(`{"plan":"pro","seats":12,"trial":true,"utm.x":"dot","deal":{"size":"2.50"},"huge":"0x10"}`))
	if err != nil {
		t.Fatal(err)
	}
	tp := touch("1", date(1, 1), "form")
	tp.Channel, tp.Touchpoint, tp.Direction, tp.Props = "Paid Search", "shop.example.com/pricing", touchpoint.Inbound, props
	match := func(key string, op stage.Op, values ...string) stage.Rule {
		return stage.Rule{Props: []stage.Match{{Key: key, Op: op, Values: values}}}
	}
	for name, c := range map[string]struct {
		rule stage.Rule
		want bool
	}{
		"nothing asked":              {stage.Rule{}, true},
		"kind in another spelling":   {stage.Rule{Kinds: []string{"FORM"}}, true},
		"family":                     {stage.Rule{Families: []string{"lead"}}, true},
		"other family or this kind":  {stage.Rule{Kinds: []string{"form"}, Families: []string{"use"}}, true},
		"other kind":                 {stage.Rule{Kinds: []string{"order"}}, false},
		"channel":                    {stage.Rule{Channels: []string{"Email", "Paid Search"}}, true},
		"channel prefix":             {stage.Rule{Channels: []string{"Paid*"}}, true},
		"channel in another case":    {stage.Rule{Channels: []string{"paid search"}}, false},
		"touchpoint prefix":          {stage.Rule{Touchpoints: []string{"shop.example.com/*"}}, true},
		"touchpoint is no substring": {stage.Rule{Touchpoints: []string{"pricing"}}, false},
		"direction":                  {stage.Rule{Direction: "inbound"}, true},
		"other direction":            {stage.Rule{Direction: "outbound"}, false},
		"identified":                 {stage.Rule{Identified: true}, true},
		"text equal":                 {match("plan", stage.Equal, "pro"), true},
		"text not equal":             {match("plan", stage.NotEqual, "free"), true},
		"absent is not not equal":    {match("gone", stage.NotEqual, "free"), false},
		"number equals its value":    {match("seats", stage.Equal, "12.0"), true},
		"truth value":                {match("trial", stage.Equal, "true"), true},
		"one of":                     {match("plan", stage.In, "free", "pro"), true},
		"none of":                    {match("plan", stage.In, "free"), false},
		"exists":                     {match("plan", stage.Exists), true},
		"does not exist":             {match("gone", stage.Exists), false},
		"at least":                   {match("seats", stage.AtLeast, "12"), true},
		"at most":                    {match("seats", stage.AtMost, "11.9"), false},
		"text is no number":          {match("plan", stage.AtLeast, "0"), false},
		"hexadecimal is no number":   {match("huge", stage.AtLeast, "1"), false},
		"key with a dot":             {match("utm.x", stage.Equal, "dot"), true},
		"path into an object":        {match("deal.size", stage.AtLeast, "2.5"), true},
		"two of which one fails":     {stage.Rule{Channels: []string{"Paid Search"}, Props: []stage.Match{{Key: "plan", Op: stage.Equal, Values: []string{"free"}}}}, false},
	} {
		got := len(c.rule.Firings([]touchpoint.Touch{tp}, nil, nil)) == 1
		m := stage.Model{ID: "m", Stages: []stage.Stage{{ID: "a", Names: map[string]string{"en": "A"}, Entry: []stage.Rule{c.rule}}}}
		if got != c.want || len(fold(t, &m, []touchpoint.Touch{tp}, stage.FoldOptions{}).Visits) == 1 != c.want {
			t.Errorf("%s: fires %v", name, got)
		}
	}
}

func TestIdentifiedAsksForALinkingPerson(t *testing.T) {
	r := stage.Rule{Identified: true}
	off := identity.DefaultRules()
	off.Types[identity.Email] = identity.TypeRule{Off: true}
	for name, c := range map[string]struct {
		id    identity.ID
		rules *identity.Rules
		want  int
	}{
		"e-mail":            {identity.MakeID(identity.Email, "a@example.com"), nil, 1},
		"user id":           {identity.MakeID(identity.UserID, "u1"), nil, 1},
		"device":            {identity.MakeID(identity.AnonymousID, "a1"), nil, 0},
		"account":           {identity.MakeID(identity.CRMAccountID, "c1"), nil, 0},
		"placeholder":       {identity.MakeID(identity.UserID, "null"), nil, 0},
		"type switched off": {identity.MakeID(identity.Email, "a@example.com"), &off, 0},
		"zero rules":        {identity.MakeID(identity.Email, "a@example.com"), &identity.Rules{}, 1},
	} {
		tp := touchpoint.Touch{Source: "s", ID: "1", At: date(1, 1), Kind: "form", IDs: []identity.ID{c.id}}
		if got := len(r.Firings([]touchpoint.Touch{tp}, nil, c.rules)); got != c.want {
			t.Errorf("%s: %d", name, got)
		}
	}
}
