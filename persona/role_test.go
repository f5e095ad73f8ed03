package persona_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/touchpoint"
)

func touched(id, kind string, days int) touchpoint.Touch {
	k := touchpoint.Kind(kind)
	return touchpoint.Touch{Source: "s", ID: id, Kind: k, At: at.AddDate(0, 0, -days), Direction: k.Info().Direction}
}

func felt(id string, days int, milli int) touchpoint.Touch {
	t := touched(id, "survey_answer", days)
	t.Direction = touchpoint.Inbound
	t.Sentiment = touchpoint.SentimentMilli(milli)
	return t
}

// show writes roles as "role/certainty".
func show(hs []persona.Holding) string {
	var out []string
	for _, h := range hs {
		out = append(out, fmt.Sprintf("%s/%s", h.Role, h.Certainty))
	}
	return strings.Join(out, " ")
}

func TestContactRoles(t *testing.T) {
	var m *persona.RoleMap
	for text, want := range map[string]persona.Role{"Business User": persona.User, "Decision Maker": persona.DecisionMaker, "Economic Buyer": persona.EconomicBuyer,
		"Economic Decision Maker": persona.EconomicBuyer, "Evaluator": persona.TechnicalEvaluator, "technical-buyer": persona.TechnicalEvaluator, "Executive Sponsor": persona.ExecutiveSponsor,
		"Influencer": persona.Influencer, "OTHER": persona.OtherRole, "legal_security": persona.LegalSecurity, "Ｃｈａｍｐｉｏｎ": persona.Champion, "決裁者": persona.DecisionMaker,
		"意思決定者": persona.DecisionMaker, "ビジネスユーザー": persona.User, "利用者": persona.User, "予算責任者": persona.EconomicBuyer, "評価者": persona.TechnicalEvaluator, "技術評価者": persona.TechnicalEvaluator,
		"エグゼクティブスポンサー": persona.ExecutiveSponsor, "インフルエンサー": persona.Influencer, "影響者": persona.Influencer, "推進者": persona.Champion, "購買担当者": persona.Procurement,
		"反対者": persona.Blocker, "その他": persona.OtherRole, "gatekeeper": persona.Gatekeeper} {
		if got, ok := m.Role(text); !ok || got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
	for _, text := range []string{"pope", "c_level", "legal", "login", ""} { // the last ones infer roles, and name none
		if r, ok := m.Role(text); ok {
			t.Errorf("%q is %s", text, r)
		}
	}
	m, err := persona.ParseRoleMap([]byte(`{"champion":["Mobiliser"],"other":["Coach"]}`))
	if err != nil {
		t.Fatal(err)
	}
	if r, _ := m.Role("mobiliser"); r != persona.Champion {
		t.Error(r)
	}
	if _, ok := m.Role("Business User"); ok {
		t.Error("a map of one's own replaces Salesforce's")
	}
	for text, path := range map[string]string{`{"boss":[]}`: "/boss", `{"user":["X"],"other":["x"]}`: "/user/0", `{"user":["Champion"]}`: "/user/0", `{"user":"x"}`: "/user"} {
		_, err := persona.ParseRoleMap([]byte(text))
		var e *persona.DefinitionError
		if !errors.As(err, &e) || e.Path != path {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestRolesByEverySource(t *testing.T) {
	seller, err := persona.ParsePersonas([]byte(`{"id":"p","default_roles":["gatekeeper","champion"],"criteria":[{"id":"a","weight":1,"when":{"all":[]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	text := func(name, s string) persona.Map { return persona.Map{name: persona.TextValue(s)} }
	for _, tt := range []struct {
		what    string
		fields  persona.Fields
		persona *persona.Persona
		touches []touchpoint.Touch
		want    string
	}{
		{"nothing known", persona.Map{}, nil, nil, ""},
		{"declared", text("person.buying_role", "Economic Buyer; blocker"), nil, nil, "economic_buyer/declared blocker/declared"},
		{"declared in words unknown", text("person.buying_role", "pope"), nil, nil, "unknown/declared"},
		{"persona", persona.Map{}, &seller[0], nil, "champion/mapped gatekeeper/mapped"},
		{"title c-level", text("person.seniority", "c_level"), nil, nil, "economic_buyer/inferred"},
		{"title vp", text("person.seniority", "vp"), nil, nil, "decision_maker/inferred"},
		{"procurement", text("person.function", "procurement"), nil, nil, "procurement/inferred"},
		{"legal", text("person.function", "legal"), nil, nil, "legal_security/inferred"},
		{"product use", persona.Map{}, nil, []touchpoint.Touch{touched("a", "login", 1)}, "user/inferred"},
		{"one page of docs", persona.Map{}, nil, []touchpoint.Touch{touched("a", "docs_page", 1)}, ""},
		{"docs and api", persona.Map{}, nil, []touchpoint.Touch{touched("a", "docs", 1), touched("b", "api", 2)}, "technical_evaluator/inferred"},
		{"the same page recorded twice", persona.Map{}, nil, []touchpoint.Touch{touched("a", "docs", 1), touched("a", "docs", 1)}, ""},
		{"two invitations", persona.Map{}, nil, []touchpoint.Touch{touched("a", "invite", 1), touched("b", "invite", 2)}, "champion/inferred"},
		{"an invitation yet to come", persona.Map{}, nil, []touchpoint.Touch{touched("a", "invite", 1), touched("b", "invite", -2)}, ""},
		{"signed", persona.Map{}, nil, []touchpoint.Touch{touched("a", "proposal_signed", 1)}, "decision_maker/inferred"},
		{"declared and used", text("person.buying_role", "Evaluator"), &seller[0], []touchpoint.Touch{touched("a", "login", 1)},
			"champion/mapped technical_evaluator/declared user/inferred gatekeeper/mapped"},
		{"the better certainty stands", text("person.buying_role", "champion"), &seller[0], nil, "champion/declared gatekeeper/mapped"},
		{"angry", persona.Map{}, nil, []touchpoint.Touch{felt("a", 1, -900), felt("b", 2, -900), felt("c", 3, -900)}, ""},
	} {
		f := persona.Join(tt.fields, persona.OfTouches(tt.touches))
		held := (*persona.RoleMap)(nil).Roles(f, tt.persona, at)
		if got := show(held); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.what, got, tt.want)
		}
		for _, h := range held {
			if h.Evidence[0].Certainty != h.Certainty {
				t.Errorf("%s: %s has no evidence of its certainty", tt.what, h.Role)
			}
		}
	}
}

func TestKindsThatTellARole(t *testing.T) {
	for role, kinds := range map[persona.Role][]string{
		persona.User:               {"login", "app_open", "product_use", "feature_use"},
		persona.TechnicalEvaluator: {"docs", "docs_page", "api", "api_page", "security", "security_page"},
		persona.Champion:           {"invite", "forward"},
		persona.DecisionMaker:      {"contract", "contract_signed", "proposal_signed", "proposal_accepted", "quote_signed", "quote_accepted"},
	} {
		for _, kind := range kinds {
			f := persona.OfTouches([]touchpoint.Touch{touched("a", kind, 1), touched("b", kind, 2)})
			if got := show((*persona.RoleMap)(nil).Roles(f, nil, at)); got != string(role)+"/inferred" {
				t.Errorf("%s: %s", kind, got)
			}
		}
	}
}

func TestKindsOfTwoWayContact(t *testing.T) {
	for _, kind := range []string{"call", "call_connected", "meeting", "chat", "email_reply", "message_received", "message_reply", "event_attended", "event_visit",
		"store_visit", "site_visit", "ticket_opened", "ticket_replied", "support_ticket", "support_call", "complaint"} {
		if touch := touched("a", kind, 1); !persona.TwoWay(&touch) {
			t.Error(kind)
		}
	}
	missed := touched("a", "meeting", 1)
	missed.Props = missed.Props.SetText("outcome", "no_show")
	page := touched("a", "pageview", 1)
	if persona.TwoWay(&missed) || persona.TwoWay(&page) {
		t.Error("a meeting that nobody came to and a page are no two-way contact")
	}
}

func TestPersonasAndICPsNameRoles(t *testing.T) {
	crit := `"criteria":[{"id":"a","weight":1,"when":{"all":[]}}]`
	var e *persona.DefinitionError
	for _, role := range []string{"blocker", "boss"} {
		if _, err := persona.ParsePersonas([]byte(`{"id":"a","default_roles":["user","` + role + `"],` + crit + `}`)); !errors.As(err, &e) || e.Path != "/default_roles/1" {
			t.Errorf("%s: %v", role, err)
		}
	}
	if _, err := persona.ParseICPs([]byte(`{"id":"a","required_roles":["user|boss"],` + crit + `}`)); !errors.As(err, &e) || e.Path != "/required_roles/0" {
		t.Error(err)
	}
}

// P1 and P2 of roles and groups: the order and repetition of members and touches, and
// what happens later, show nowhere; and coverage counts what is there.
func TestGroupProperties(t *testing.T) {
	r := source(7)
	kinds := []string{"login", "docs", "api", "invite", "contract", "meeting", "call", "pageview", "survey_answer", "note"}
	words := []string{"Evaluator", "blocker", "champion", "pope", ""}
	for range rounds(300) {
		var members []persona.Member
		var again []persona.Member
		for i := range r.IntN(6) {
			var touches []touchpoint.Touch
			for k := range r.IntN(12) {
				touch := felt(fmt.Sprint(i, k), r.IntN(200)-10, r.IntN(2001)-1000)
				touch.Kind = touchpoint.Kind(kinds[r.IntN(len(kinds))])
				touches = append(touches, touch)
			}
			f := persona.Map{"person.buying_role": persona.TextValue(words[r.IntN(len(words))]), "person.seniority": persona.TextValue([]string{"vp", "c_level", "manager"}[r.IntN(3)])}
			m := persona.Member{ID: fmt.Sprint("m", i), Fields: persona.Join(f, persona.OfTouches(touches))}
			members = append(members, m)
			before := slices.DeleteFunc(append(slices.Clone(touches), touches...), func(t touchpoint.Touch) bool { return t.At.After(at) })
			r.Shuffle(len(before), func(i, j int) { before[i], before[j] = before[j], before[i] })
			again = append(again, persona.Member{ID: m.ID, Fields: persona.Join(f, persona.OfTouches(before))})
		}
		again = append(again, again...)
		r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		g, h := persona.Group("acme", members, at, nil), persona.Group("acme", again, at, nil)
		if fmt.Sprint(g) != fmt.Sprint(h) {
			t.Fatalf("got %v\nwant %v", h, g)
		}
		if g.Coverage != float64(4-len(g.Missing))/4 {
			t.Fatal(g.Coverage, g.Missing)
		}
		for _, m := range g.Members {
			blocks := slices.Contains(g.Blockers, m.ID)
			if blocks != m.Holds(persona.Blocker) || m.Holds(persona.Blocker) && m.Roles[0].Certainty != persona.DeclaredRole {
				t.Fatal("a blocker who was not declared", m)
			}
		}
	}
}

func TestGroup(t *testing.T) {
	member := func(id, role string, touches ...touchpoint.Touch) persona.Member {
		return persona.Member{ID: id, Fields: persona.Join(persona.Map{"person.buying_role": persona.TextValue(role)}, persona.OfTouches(touches)), Engagement: 30}
	}
	members := []persona.Member{
		member("cfo", "Economic Buyer", touched("1", "meeting", 89)),
		member("dev", "Evaluator", touched("2", "call", 91), touched("3", "login", 1)), // spoken to too long ago
		member("ops", "blocker", felt("4", 3, -300), felt("5", 2, -200), felt("6", 1, -400), touched("7", "note", 0)),
	}
	ours := felt("10", 1, -900) // what we felt is no sign of theirs
	ours.Direction = touchpoint.Outbound
	for _, m := range []persona.Member{member("a", "", felt("8", 1, -900), felt("9", 2, -900)), member("b", "", felt("8", 1, -900), felt("9", 2, -900), ours)} {
		if g := persona.Group("x", []persona.Member{m}, at, nil); g.Members[0].PossibleBlocker || g.Members[0].Rated != 2 {
			t.Errorf("two touches are too few: %+v", g.Members[0])
		}
	}
	g := persona.Group("acme", members, at, nil)
	if g.Coverage != 0.25 || !slices.Equal(g.Missing, []string{"champion", "technical_evaluator", "user"}) || !g.SingleThreaded || !slices.Equal(g.Blockers, []string{"ops"}) {
		t.Errorf("%+v", g)
	}
	if m := g.Members[2]; !m.PossibleBlocker || m.Rated != 3 || m.Sentiment != -0.3 || len(m.Against) != 3 || !m.LastTouch.Equal(at.AddDate(0, 0, -1)) {
		t.Errorf("%+v", m)
	}
	if m := g.Members[0]; m.Rated != 0 || m.Sentiment != 0 {
		t.Errorf("nobody has rated: %+v", m)
	}
	if m := g.Members[1]; show(m.Roles) != "technical_evaluator/declared user/inferred" || m.PossibleBlocker || m.Engagement != 30 {
		t.Errorf("%+v", m)
	}
	if condition(t, `{"all":[{"field":"account.coverage","op":"eq","value":0.25},{"field":"account.single_threaded","op":"eq","value":true},
		{"field":"account.missing_roles","op":"any_of","value":["user"]},{"field":"account.blockers","op":"eq","value":1},{"field":"account.x","op":"missing"}]}`).Eval(persona.Join(g), at) != persona.True {
		t.Error("a group answers conditions")
	}
	g = persona.Group("acme", members, at, &persona.GroupOptions{Required: []string{"user", "gatekeeper"}, Window: 100 * 24 * time.Hour})
	if g.Coverage != 0.5 || !slices.Equal(g.Missing, []string{"gatekeeper"}) || g.SingleThreaded {
		t.Errorf("%+v", g)
	}
	if g := persona.Group("empty", nil, at, &persona.GroupOptions{Required: []string{}}); g.Coverage != 1 || !g.SingleThreaded {
		t.Errorf("%+v", g)
	}
}

func FuzzParseRoleMap(f *testing.F) {
	f.Add([]byte(`{"champion":["Mobiliser"],"other":["Coach","その他"]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := persona.ParseRoleMap(text)
		if err != nil {
			return
		}
		again, err := persona.ParseRoleMap([]byte(encode(t, m))) // P22
		if err != nil || encode(t, again) != encode(t, m) {
			t.Fatal("round trip", err)
		}
	})
}
