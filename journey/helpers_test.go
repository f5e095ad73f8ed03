package journey_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

var ctx = context.Background()

// on is an instant of 2026: "01-31" or "01-31 15:04".
func on(s string) time.Time {
	layout := "2006-01-02"
	if len(s) > 5 {
		layout += " 15:04"
	}
	t, err := time.Parse(layout, "2026-"+s)
	if err != nil {
		panic(err)
	}
	return t
}

// touch is a touch of one known person, with an id made of kind and time.
func touch(kind touchpoint.Kind, when string, change ...func(*touchpoint.Touch)) touchpoint.Touch {
	t := touchpoint.Touch{
		Source: "test", ID: string(kind) + "@" + when, At: on(when), Kind: kind,
		IDs: []identity.ID{identity.MakeID(identity.Email, "ann@example.com")},
	}
	for _, f := range change {
		f(&t)
	}
	return t
}

func by(ids ...string) func(*touchpoint.Touch) {
	return func(t *touchpoint.Touch) {
		t.IDs = nil
		r := identity.DefaultRules()
		for _, s := range ids {
			id, err := r.Parse(s)
			if err != nil {
				panic(err)
			}
			t.IDs = append(t.IDs, id)
		}
	}
}

func in(stage string) func(*touchpoint.Touch) { return func(t *touchpoint.Touch) { t.Stage = stage } }

func via(c touchpoint.Channel) func(*touchpoint.Touch) {
	return func(t *touchpoint.Touch) { t.Channel = c }
}

func worth(minor int64, cur string) func(*touchpoint.Touch) {
	return func(t *touchpoint.Touch) {
		t.Value = touchpoint.Money{Minor: minor, Currency: touchpoint.Currency([]byte(cur))}
	}
}

func prop(key, text string) func(*touchpoint.Touch) {
	return func(t *touchpoint.Touch) { t.Props = t.Props.SetText(key, text) }
}

// leads are options with the lead-to-revenue model.
func leads(b journey.Boundary) *journey.Options {
	m := stage.LeadToRevenue()
	return &journey.Options{Model: &m, Boundary: b}
}

var ann = journey.Subject{ID: "ann"}

func fold(t *testing.T, touches []touchpoint.Touch, at time.Time, o *journey.Options) journey.Folded {
	t.Helper()
	f, err := journey.Fold(ann, touches, at, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// tracker returns a tracker on a fresh memory store whose clock stands at the end of 2026.
func tracker(t *testing.T, o *journey.Options) *journey.Tracker {
	t.Helper()
	var opts journey.Options
	if o != nil {
		opts = *o
	}
	opts.Clock, opts.Logger = clock.NewManual(on("12-31")), slog.New(slog.DiscardHandler)
	tr, err := journey.NewTracker(new(memstore.Store), &opts)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// record records touches and fails on an outcome that is no acceptance.
func record(t *testing.T, tr *journey.Tracker, touches ...touchpoint.Touch) {
	t.Helper()
	outs, err := tr.Record(ctx, touches...)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range outs {
		if o.Status != touchpoint.Accepted && o.Status != touchpoint.Duplicate {
			t.Fatalf("touch %d (%s): %s %s", i, touches[i].Kind, o.Status, o.Reason)
		}
	}
}

// text is everything exported of a folded subject, for comparison: a history also points to
// the touches it was folded from.
func text(f journey.Folded) string {
	b, err := json.Marshal(f)
	if err != nil {
		panic(err)
	}
	return strings.ReplaceAll(string(b), "null", "[]")
}

// summary is a journey in one line: reason, steps, goals.
func summary(js []journey.Journey) []string {
	var out []string
	for _, j := range js {
		out = append(out, fmt.Sprintf("%s %s–%s %d steps %d goals", j.Reason, j.Start.Format("01-02"), j.End.Format("01-02"), len(j.Steps), len(j.Goals)))
	}
	return out
}

// world is a random company: people on several devices in a few accounts, with ties in
// time, logins, orders, refunds and records.
func world(seed uint64, n int) []touchpoint.Touch {
	r := rand.New(rand.NewPCG(seed, 7))
	kinds := []touchpoint.Kind{"pageview", "click", "email_click", "form", "webinar_attended", "meeting", "order", "order", "contract",
		"refund", "stage_change", "impression", "login", "demo_request", "identify", "deal_lost", "product_use"}
	channels := []touchpoint.Channel{"", "Email", "Paid Search", "Direct", "Sales"}
	stages := []string{"", "", "", "", "Nurture", "lost", "opportunity", "won", "nonsense"}
	out := make([]touchpoint.Touch, n)
	for i := range out {
		p := r.IntN(6)
		ids := []string{fmt.Sprintf("anonymous_id:d%d-%d", p, r.IntN(3))}
		switch r.IntN(4) {
		case 0:
			ids = append(ids, fmt.Sprintf("user_id:u%d", p))
		case 1:
			ids = append(ids, fmt.Sprintf("email:u%d@firm%d.example", p, p%3))
		case 2:
			ids = append(ids, fmt.Sprintf("crm_account_id:a%d", p%3))
		}
		k := kinds[r.IntN(len(kinds))]
		t := touch(k, "01-01", by(ids...), via(channels[r.IntN(len(channels))]))
		t.ID = fmt.Sprint(i)
		t.At = on("01-01").Add(time.Duration(r.IntN(400)) * 6 * time.Hour)
		if k == "stage_change" {
			t.Stage = stages[r.IntN(len(stages))]
		}
		switch k.Info().Class {
		case touchpoint.Conversion:
			worth(int64(r.IntN(50_000)), "EUR")(&t)
			prop("order_id", fmt.Sprint(r.IntN(20)))(&t)
		case touchpoint.Reversal:
			worth(-int64(1+r.IntN(20_000)), "EUR")(&t)
			prop("order_id", fmt.Sprint(r.IntN(20)))(&t)
		}
		out[i] = t
	}
	return out
}
