package tabi_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// From touches to credit: an anonymous visitor on two devices logs in on both and buys.
func Example() {
	day := func(d int) time.Time { return time.Date(2026, 4, d, 9, 0, 0, 0, time.UTC) }
	ids := func(device string) []identity.ID {
		return []identity.ID{identity.MakeID(identity.AnonymousID, device), identity.MakeID(identity.UserID, "u1")}
	}
	var store memstore.Store
	tr, err := journey.NewTracker(&store, &journey.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	_, err = tr.Record(ctx,
		touchpoint.Touch{Source: "web", At: day(1), Kind: "click", Channel: "Paid Search", IDs: ids("d-phone")[:1]},
		touchpoint.Touch{Source: "web", At: day(3), Kind: "login", IDs: ids("d-phone")},
		touchpoint.Touch{Source: "mail", At: day(9), Kind: "email_click", Channel: "Email", IDs: ids("d-laptop")[:1]},
		touchpoint.Touch{Source: "shop", At: day(9).Add(time.Hour), Kind: "order", IDs: ids("d-laptop"),
			Value: touchpoint.Money{Minor: 49_90, Currency: touchpoint.Currency{'E', 'U', 'R'}}},
	)
	if err != nil {
		panic(err)
	}
	var js attribution.Journeys
	for j, err := range tr.Journeys(ctx, journey.Query{}) {
		if err != nil {
			panic(err)
		}
		fmt.Println(j.Reason, "after", len(j.Steps), "steps in", j.Duration())
		for _, p := range j.Paths(journey.Goal{}, journey.ByChannel) {
			if err := js.Add(p); err != nil {
				panic(err)
			}
		}
	}
	rs, _ := attribution.Attribute(&js, nil, attribution.Rule(attribution.Linear{}))
	for _, c := range rs[0].Credits {
		fmt.Println(c.Channel, c.Conversions, c.Value)
	}
	// Output:
	// goal after 4 steps in 193h0m0s
	// Email 0.5 2495
	// Paid Search 0.5 2495
}
