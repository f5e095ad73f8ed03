package journey_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
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
