package persona_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/touchpoint"
)

func Example() {
	var traits *persona.TraitMap // the built-in one
	var seen []persona.Observation
	for spelling, text := range map[string]string{"従業員数": "51〜200名", "業種": "製造業", "役職": "営業部長"} {
		o, err := traits.Observe(spelling, "account", text)
		if err != nil {
			fmt.Println(err)
		}
		seen = append(seen, o)
	}
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	p := persona.Fold(slices.Values(seen), now, nil)

	icps, err := persona.ParseICPs([]byte(`{"id":"makers","criteria":[
		{"id":"size","weight":40,"when":{"field":"account.employees","op":"between","value":[50,500]}},
		{"id":"industry","weight":30,"when":{"field":"account.industry","op":"eq","value":"製造業"}},
		{"id":"budget","weight":30,"when":{"field":"account.budget","op":"ge","value":1000000}}]}`))
	if err != nil {
		fmt.Println(err)
	}
	fit := icps[0].Fit(p, now)
	fmt.Printf("%.0f, between %.0f and %.0f\n", fit.Score, fit.Low, fit.High)
	for _, r := range fit.Reasons {
		fmt.Printf("%s %v %.1f\n", r.Criterion, r.Known, r.Points)
	}
	seniority, _ := p.Field("person.seniority")
	fmt.Println(seniority)
	// Output:
	// 100, between 70 and 100
	// size true 57.1
	// industry true 42.9
	// budget false 0.0
	// director
}

func ExampleCondition_Eval() {
	c, err := persona.ParseCondition([]byte(`{"not":{"field":"account.industry","op":"eq","value":"finance"}}`))
	if err != nil {
		fmt.Println(err)
	}
	var at time.Time
	fmt.Println(c.Eval(persona.Map{"account.industry": persona.TextValue("retail")}, at))
	fmt.Println(c.Eval(persona.Map{}, at)) // not swept in
	// Output:
	// true
	// unknown
}

func ExampleAssign() {
	ps, err := persona.ParsePersonas([]byte(`{"id":"leader","criteria":[{"id":"level","weight":1,
		"when":{"field":"person.seniority","op":"in","value":["vp","c_level"]}}]}`))
	if err != nil {
		fmt.Println(err)
	}
	seniority, function := persona.Title("代表取締役")
	a := persona.Assign(ps, persona.Map{"person.seniority": persona.TextValue(seniority)}, time.Time{})
	fmt.Println(a.Persona, a.Fit.Score, function)
	// Output: leader 100 management
}

func ExampleGroup() {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	did := func(id, kind string, days int) touchpoint.Touch {
		return touchpoint.Touch{Source: "crm", ID: id, Kind: touchpoint.Kind(kind), At: at.AddDate(0, 0, -days)}
	}
	g := persona.Group("acme", []persona.Member{
		{ID: "ann", Fields: persona.Join(persona.Map{"person.buying_role": persona.TextValue("Economic Buyer")},
			persona.OfTouches([]touchpoint.Touch{did("1", "meeting", 9)}))},
		{ID: "bo", Fields: persona.OfTouches([]touchpoint.Touch{did("2", "login", 1), did("3", "docs", 3), did("4", "docs", 2)})},
	}, at, nil)
	for _, m := range g.Members {
		for _, h := range m.Roles {
			fmt.Println(m.ID, h.Role, h.Certainty)
		}
	}
	fmt.Println(g.Coverage, g.Missing, g.SingleThreaded)
	// Output:
	// ann economic_buyer declared
	// bo technical_evaluator inferred
	// bo user inferred
	// 0.25 [champion technical_evaluator user] true
}
