package audience_test

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/audience"
)

func Example() {
	segments, err := audience.Parse([]byte(`{"id":"makers","purpose":"activate",
		"where":{"field":"account.employees","op":"ge","value":50}}`))
	if err != nil {
		fmt.Println(err)
	}
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	yes := persona.BoolValue(true)
	small := persona.Map{"account.employees": persona.NumberValue(30), "consent.activate": yes}
	people := map[string]persona.Fields{
		"ann": small,
		"bo":  persona.Map{"account.employees": persona.NumberValue(600), "consent.activate": yes},
		"cy":  persona.Map{"consent.activate": yes}, // works for nobody we know
	}
	before := segments[0].Members(maps.All(people), now)
	fmt.Println(slices.Collect(before.All()), before.Undecided())

	people["ann"] = persona.Map{"account.employees": persona.NumberValue(80), "consent.activate": yes}
	after := segments[0].Members(maps.All(people), now.AddDate(0, 1, 0))
	for _, c := range audience.Changes(before, after) {
		l := c.Leaves[0]
		fmt.Println(c.Subject, c.Entered, l.After.Field, l.Before.Value, "→", l.After.Value)
	}
	// Output:
	// [bo] [{account.employees 1}]
	// ann true account.employees 30 → 80
}
