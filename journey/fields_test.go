package journey_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

func feels(milli int) func(*touchpoint.Touch) {
	return func(t *touchpoint.Touch) {
		t.Direction, t.Sentiment = touchpoint.Inbound, touchpoint.SentimentMilli(milli)
	}
}

func over(channel string, d touchpoint.Direction) func(*touchpoint.Touch) {
	return func(t *touchpoint.Touch) { t.Channel, t.Direction = touchpoint.Channel(channel), d }
}

// fieldNames are the names of section 4 of the specification, moves apart.
var fieldNames = []string{"stage", "stage_furthest", "stage_rank", "days_in_stage", "stalled", "stall_days", "touches", "channels", "first_touch_at", "last_touch_at",
	"last_inbound_at", "days_since_touch", "sentiment", "goals", "value", "members", "subject_kind"}

// answers are the fields a journey knows, as text.
func answers(j journey.Journey) map[string]string {
	out := map[string]string{}
	for _, name := range fieldNames {
		if v, why := j.Field("journey." + name); why.Known() {
			out[name] = v.String()
		}
	}
	for m := stage.Start; m.String() != ""; m++ {
		if v, _ := j.Field("journey.moves." + m.String()); v.String() != "0" {
			out[m.String()] = v.String()
		}
	}
	return out
}

func TestFieldsOfAJourney(t *testing.T) {
	touches := []touchpoint.Touch{
		touch("form", "01-01", over("Email", touchpoint.Inbound)), touch("survey_answer", "01-02", feels(500)), touch("meeting", "01-09", over("Sales", touchpoint.Outbound), func(t *touchpoint.Touch) {
			t.Sentiment = touchpoint.SentimentMilli(-100)
		}),
		touch("contract", "02-01", worth(12050, "EUR"), over("Sales", touchpoint.Inbound)), // ends the first journey
		touch("login", "03-01", over("", touchpoint.Inbound)), touch("email_sent", "03-02", over("Email", touchpoint.Outbound)),
	}
	f := fold(t, touches, on("03-05 12:00"), leads(journey.Boundary{}))
	for i, want := range []map[string]string{
		{"stage": "won", "stage_furthest": "won", "stage_rank": "80", "days_in_stage": "28", "stalled": "false", "stall_days": "0", "touches": "4", "channels": "Email|Sales",
			"first_touch_at": "2026-01-01T00:00:00Z", "last_touch_at": "2026-02-01T00:00:00Z", "last_inbound_at": "2026-02-01T00:00:00Z", "days_since_touch": "32.5", "sentiment": "0.2",
			"goals": "purchase", "value": "EUR 120.5", "subject_kind": "person", "start": "1", "skip": "1", "win": "1"},
		{"stage": "onboarding", "stage_furthest": "onboarding", "stage_rank": "90", "days_in_stage": "4.5", "stalled": "false", "stall_days": "0", "touches": "2", "channels": "Email",
			"first_touch_at": "2026-03-01T00:00:00Z", "last_touch_at": "2026-03-02T00:00:00Z", "last_inbound_at": "2026-03-01T00:00:00Z", "days_since_touch": "3.5",
			"goals": "", "value": "0", "subject_kind": "person", "advance": "1"},
	} {
		if got := answers(f.Journeys[i]); !maps.Equal(got, want) {
			t.Errorf("journey %d\n got %v\nwant %v", i+1, got, want)
		}
	}
	for _, name := range []string{"journey.x", "journey.moves.jump", "journey.moves.", "lead.score", "stage"} {
		if _, why := f.Journeys[0].Field(name); why.Unknown != persona.NeverObserved {
			t.Error(name, why)
		}
	}
	for range f.Journeys[0].Touches() {
		t.Error("a journey keeps no touches")
	}
}

func TestStalledJourney(t *testing.T) {
	m := stage.LeadToRevenue()
	m.DormantAfter = 60 * 24 * time.Hour
	for i := range m.Stages {
		if m.Stages[i].ID == "sql" {
			m.Stages[i].StallAfter = 10 * 24 * time.Hour
		}
	}
	touches := []touchpoint.Touch{touch("form", "01-01"), touch("meeting", "01-09")}
	answer := func(at time.Time, name string) string {
		v, _ := fold(t, touches, at, &journey.Options{Model: &m}).Journeys[0].Field("journey." + name)
		return v.String()
	}
	if got := answer(on("01-10"), "stalled") + answer(on("01-10"), "stall_days"); got != "false0" {
		t.Error(got)
	}
	if got := answer(on("01-20 12:00"), "stalled") + answer(on("01-20 12:00"), "stall_days"); got != "true1.5" {
		t.Error(got)
	}
	// A pause by silence moves the subject after its last step, and has no rank.
	at := on("03-15")
	if got := answer(at, "stage") + answer(at, "stage_rank") + answer(at, "stage_furthest"); got != "dormantsql" {
		t.Error(got)
	}
}

func TestAnEarlierJourneyKnowsNothingOfWhatFollows(t *testing.T) {
	m := stage.LeadToRevenue()
	m.DormantAfter = 0
	for i := range m.Stages {
		if m.Stages[i].Kind == stage.Open {
			m.Stages[i].StallAfter = 10 * 24 * time.Hour
		}
	}
	f := fold(t, []touchpoint.Touch{touch("contract", "01-01"), touch("email_click", "02-01"), touch("login", "02-02")}, on("06-01"), &journey.Options{Model: &m})
	if len(f.Journeys) != 2 {
		t.Fatal(summary(f.Journeys))
	}
	first, second := answers(f.Journeys[0]), answers(f.Journeys[1])
	if first["stalled"] != "false" || second["stalled"] != "true" || first["stage"] != "won" || second["stage"] != "onboarding" {
		t.Errorf("%v\n%v", first, second)
	}
	if first["win"] != "" || first["start"] != "1" || second["start"] != "" || second["advance"] != "1" {
		t.Errorf("the visit that the second journey began in was entered in the first\n%v\n%v", first, second)
	}
}

func TestFieldsOfAnAccountAndOfSeveralCurrencies(t *testing.T) {
	tr := tracker(t, nil)
	record(t, tr,
		touch("visit", "01-01", by("email:ann@acme.example", "domain:acme.example")),
		touch("meeting", "01-02", by("email:bo@acme.example", "domain:acme.example")),
		touch("order", "01-03", by("email:bo@acme.example", "domain:acme.example"), worth(500, "EUR")),
		touch("order", "01-03 00:05", by("email:bo@acme.example", "domain:acme.example"), worth(500, "JPY")),
	)
	v, err := tr.View(ctx, on("02-01"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := v.Fold(v.Subjects(identity.AccountEntity)[0])
	if err != nil || len(f.Journeys) == 0 {
		t.Fatal(err)
	}
	j := f.Journeys[0]
	if got := answers(j); got["members"] != "2" || got["subject_kind"] != "account" {
		t.Error(got)
	}
	f = fold(t, []touchpoint.Touch{touch("order", "01-03", worth(500, "EUR")), touch("order", "01-03 00:05", worth(500, "JPY"))}, on("02-01"),
		&journey.Options{Boundary: journey.Relationship()})
	if _, why := f.Journeys[0].Field("journey.value"); why.Unknown != persona.WrongType {
		t.Error(why)
	}
}

// P1 and P2 of a journey's fields: the order of touches, repeats, and what happens later
// show nowhere.
func TestFieldsDependOnTheFactsAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	kinds := []touchpoint.Kind{"form", "meeting", "contract", "login", "email_sent", "visit", "churn", "note", "survey_answer"}
	for range 200 {
		var touches, known []touchpoint.Touch
		at := on("06-01")
		for i := range r.IntN(15) {
			tp := touch(kinds[r.IntN(len(kinds))], fmt.Sprintf("%02d-01", 1+r.IntN(9)), feels(r.IntN(2001)-1000))
			tp.ID = fmt.Sprint(i)
			touches = append(touches, tp)
			if !tp.At.After(at) {
				known = append(known, tp, tp)
			}
		}
		r.Shuffle(len(known), func(i, j int) { known[i], known[j] = known[j], known[i] })
		say := func(touches []touchpoint.Touch) (out []map[string]string) {
			for _, j := range fold(t, touches, at, leads(journey.Boundary{})).Journeys {
				out = append(out, answers(j))
			}
			return out
		}
		if got, want := say(known), say(touches); !slices.EqualFunc(got, want, maps.Equal) {
			t.Fatalf("got %v\nwant %v", got, want)
		}
	}
}
