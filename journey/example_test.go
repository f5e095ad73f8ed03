package journey_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

func ExampleTracker_Record() {
	tr, err := journey.NewTracker(new(memstore.Store), &journey.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	visit := touchpoint.Touch{
		Source: "web", ID: "1", At: time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC), Kind: "pageview", Touchpoint: "Pricing page",
		IDs: []identity.ID{identity.MakeID(identity.AnonymousID, "a1")},
	}
	moved := visit
	moved.Touchpoint = "Careers"
	outs, err := tr.Record(context.Background(), visit, visit, moved, touchpoint.Touch{Source: "web", Kind: "pageview"})
	if err != nil {
		panic(err) // some records are to be offered again
	}
	for _, o := range outs {
		fmt.Printf("%s%v%s\n", o.Status, o.Fields, o.Reason)
	}
	// Output:
	// accepted[]
	// duplicate[]
	// conflict[touchpoint]
	// rejected[]missing
}

func ExampleFold() {
	at := func(month time.Month, d int) time.Time { return time.Date(2026, month, d, 0, 0, 0, 0, time.UTC) }
	ann := []identity.ID{identity.MakeID(identity.Email, "ann@example.com")}
	m := stage.LeadToRevenue()
	f, err := journey.Fold(journey.Subject{ID: "ann"}, []touchpoint.Touch{
		{Source: "crm", ID: "3", At: at(2, 1), Kind: "contract", IDs: ann},
		{Source: "web", ID: "1", At: at(1, 1), Kind: "form", IDs: ann},
		{Source: "crm", ID: "2", At: at(1, 9), Kind: "meeting", IDs: ann},
		{Source: "web", ID: "4", At: at(3, 1), Kind: "login", IDs: ann},
	}, at(4, 1), &journey.Options{Model: &m})
	if err != nil {
		panic(err)
	}
	for _, j := range f.Journeys {
		fmt.Printf("journey %d, %s:", j.Seq, j.Reason)
		for _, s := range j.Steps {
			fmt.Printf(" %s→%s", s.Kind, s.After)
		}
		fmt.Println()
	}
	// Output:
	// journey 1, goal: form→known meeting→sql contract→won
	// journey 2, open: login→onboarding
}

func ExampleTracker_View() {
	ctx := context.Background()
	tr, err := journey.NewTracker(new(memstore.Store), &journey.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	at := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	device, user := identity.MakeID(identity.AnonymousID, "a1"), identity.MakeID(identity.UserID, "u1")
	if _, err := tr.Record(ctx,
		touchpoint.Touch{Source: "web", At: at, Kind: "pageview", IDs: []identity.ID{device}},
		touchpoint.Touch{Source: "web", At: at.Add(time.Hour), Kind: "login", IDs: []identity.ID{device, user}},
	); err != nil {
		panic(err)
	}
	for _, when := range []time.Time{at, at.Add(time.Hour)} {
		v, err := tr.View(ctx, when)
		if err != nil {
			panic(err)
		}
		fmt.Println("one person:", v.Person(device) == v.Person(user))
	}
	// Output:
	// one person: false
	// one person: true
}

func ExampleTracker_Changes() {
	ctx := context.Background()
	tr, err := journey.NewTracker(new(memstore.Store), &journey.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	u1 := []identity.ID{identity.MakeID(identity.UserID, "u1")}
	if _, err := tr.Record(ctx, touchpoint.Touch{Source: "shop", At: time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC), Kind: "order", IDs: u1}); err != nil {
		panic(err)
	}
	for c, err := range tr.Changes(ctx, storage.Cursor{}) {
		if err != nil {
			panic(err)
		}
		if c.Kind == journey.Moved || c.Kind == journey.GoalReached {
			fmt.Println(c.At.Format(time.DateOnly), c.Kind, c.What)
		}
	}
	// Output:
	// 2026-04-01 goal_reached purchase
	// 2026-04-01 moved transaction/1
}

// Who fell silent before the sale, at a firm that we want? A segment, asked of a journey, a
// profile and a fit at once.
func ExampleJourney_Field() {
	at := func(month time.Month, d int) time.Time { return time.Date(2026, month, d, 0, 0, 0, 0, time.UTC) }
	ann := []identity.ID{identity.MakeID(identity.Email, "ann@example.com")}
	props, err := touchpoint.ParseProps([]byte(`{"person":{"jobtitle":"営業部長"},"account":{"従業員数":"51〜200名"}}`))
	if err != nil {
		panic(err)
	}
	touches := []touchpoint.Touch{
		{Source: "web", ID: "1", At: at(1, 1), Kind: "form", IDs: ann, Props: props},
		{Source: "crm", ID: "2", At: at(1, 9), Kind: "meeting", IDs: ann},
	}
	now := at(4, 1)

	m := stage.LeadToRevenue()
	f, err := journey.Fold(journey.Subject{ID: "ann"}, touches, now, &journey.Options{Model: &m})
	if err != nil {
		panic(err)
	}
	j := f.Journeys[len(f.Journeys)-1]

	var traits *persona.TraitMap // the built-in one
	var seen []persona.Observation
	for i := range touches {
		stated, _ := traits.Observations(&touches[i])
		seen = append(seen, stated...)
	}
	known := persona.Join(j, persona.Fold(slices.Values(seen), now, nil), persona.OfTouches(touches))

	icps, err := persona.ParseICPs([]byte(`{"id":"makers","criteria":[
		{"id":"size","weight":1,"when":{"field":"account.employees","op":"ge","value":50}}]}`))
	if err != nil {
		panic(err)
	}
	fit := icps[0].Fit(known, now)
	known = persona.Join(persona.Map{"icp.tier": persona.TextValue(fit.Tier)}, known)

	c, err := persona.ParseCondition([]byte(`{"all":[
		{"field":"icp.tier","op":"in","value":["A","B"]},
		{"field":"person.seniority","op":"eq","value":"director"},
		{"field":"journey.stage","op":"eq","value":"sql"},
		{"field":"journey.days_since_touch","op":"ge","value":60}]}`))
	if err != nil {
		panic(err)
	}
	truth, leaves := c.Explain(known, now)
	fmt.Println(truth)
	for _, l := range leaves {
		fmt.Println(l.Field, l.Value)
	}
	// Output:
	// true
	// icp.tier A
	// person.seniority director
	// journey.stage sql
	// journey.days_since_touch 82
}

// Rows of where people stand are kept beside the facts; a refresher brings them up to date.
func ExampleTracker_Refresh() {
	ctx := context.Background()
	m := stage.LeadToRevenue()
	tr, err := journey.NewTracker(new(memstore.Store), &journey.Options{Model: &m, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	day := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	visit := func(id string, d int, who string) touchpoint.Touch {
		return touchpoint.Touch{Source: "web", ID: id, At: day(d), Kind: "form", IDs: []identity.ID{identity.MakeID(identity.Email, who)}}
	}
	if _, err := tr.Record(ctx, visit("1", 2, "ann@example.com"), visit("2", 9, "bob@example.com"), visit("3", 30, "eve@example.com")); err != nil {
		panic(err)
	}
	done, err := tr.Refresh(ctx)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%d facts, %d people\n", done.Facts, done.People)
	if _, err := tr.Record(ctx, visit("4", 31, "bob@example.com")); err != nil {
		panic(err)
	}
	for s, err := range tr.Summaries(ctx, journey.SummaryQuery{At: day(31), Quiet: 24 * time.Hour, Limit: 100}) {
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s since %s, quiet for %s\n", s.Stage, s.Entered.Format("2 Jan"), day(31).Sub(s.Last))
	}
	counts, err := tr.CountStages(ctx, journey.SummaryQuery{At: day(31)})
	if err != nil {
		panic(err)
	}
	fmt.Println(counts)
	// Output:
	// 3 facts, 3 people
	// known since 2 Jan, quiet for 696h0m0s
	// map[known:3]
}
