package content_test

import (
	"fmt"
	"log"
	"os"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/content"
	"github.com/tabi-go/tabi/touchpoint"
)

func Example() {
	p, err := content.ParsePlan([]byte(`{"id":"2026","cells":[
		{"stage":"consideration","channel":"Email","purpose":"compare","owner":"Ann"},
		{"stage":"consideration","channel":"Webinar","purpose":"answer"}],
		"items":[{"id":"checklist","touchpoint":"Checklist","stages":["consideration"],"channel":"Email","updated":"2026-09-01T00:00:00Z"}]}`))
	if err != nil {
		log.Fatal(err)
	}
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	a := content.Audit{Plan: p, At: at}
	for range 40 { // people who never met it
		a.Add(content.Trail{Stays: []content.Stay{{Stage: "consideration", Rank: 20, Enter: at.AddDate(0, -2, 0)}}})
	}
	for _, f := range a.Matrix().Findings {
		fmt.Println(f.Cell.ID(), f.Verdict, f.Items)
	}
	// Output:
	// consideration//Email unused [checklist]
	// consideration//Webinar missing []
}

func ExampleMatrix_WriteCSV() {
	p := &content.Plan{ID: "2026", Cells: []content.Cell{{Stage: "awareness", Channel: "Email", Owner: "=Ann"}}}
	a := content.Audit{Plan: p, At: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	if err := a.Matrix().WriteCSV(os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// stage,persona,channel,language,purpose,owner,due,verdict,overdue,items,subjects,reach,watched,moved_on,rate,rate_low,rate_high,other_watched,other_moved_on,other_rate,gain,gain_low,gain_high
	// awareness,,Email,,,'=Ann,,missing,false,,0,0,0,0,,,,0,0,,,,
}

func ExampleNextTouch_Suggest() {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	n := content.NextTouch{At: at}
	for i := range 80 {
		next := []touchpoint.Kind{touchpoint.KindDemo, touchpoint.KindPageview}[i%2]
		trail := content.Trail{Stays: []content.Stay{{Stage: "consideration", Rank: 20, Enter: at.AddDate(0, -2, 0)}},
			Touches: []touchpoint.Touch{
				{Source: "s", ID: "1", Kind: touchpoint.KindDownload, At: at.AddDate(0, -1, 0)},
				{Source: "s", ID: "2", Kind: next, At: at.AddDate(0, -1, 1)}}}
		if i%10 < 3 || i%2 == 0 && i%3 > 0 {
			trail.Stays = append(trail.Stays, content.Stay{Stage: "purchase", Rank: 30, Enter: at.AddDate(0, -1, 5)})
		}
		n.Add(trail)
	}
	f := persona.Map{"consent.activate": persona.BoolValue(true)}
	for _, s := range n.Suggest(content.Ask{Stage: "consideration", Fields: f}, nil).List {
		fmt.Println(s.Text("en"))
	}
	fmt.Println(n.Suggest(content.Ask{Stage: "consideration", Fields: persona.Map{}}, nil).Refused)
	// Output:
	// Of 80 journeys in consideration up to 2026-11-01, 40 had a demo next; 32 of them moved on within 14 days (smoothed 80 %, 90 % interval 71–88 %), against 8 of 40 with another contact (20 %, 12–29 %). Observed together; not shown to be the cause.
	// [no_consent]
}

func ExampleOutreach() {
	at := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	a := content.Outreach(content.Case{
		Stall:   content.Stall{Stage: "negotiation", Name: "Negotiation", Since: at.AddDate(0, 0, -40), Days: 40, Tail: 0.05},
		Fields:  persona.Map{"consent.activate": persona.BoolValue(true), "account.country": persona.TextValue("JP"), "person.seniority": persona.TextValue("c_level")},
		Missing: []string{"champion"},
	}, at, nil)
	for _, line := range a.Text("en") {
		fmt.Println(line)
	}
	fmt.Println(a.Tone.Formality, a.Tone.Length, a.Tone.Keigo)
	// Output:
	// In Negotiation since 2026-09-23, 40 days; only 5 % of comparable journeys stay that long.
	// Write between 2026-11-02 09:00 and 12:00 (Asia/Tokyo).
	// By Email: the first message to them there; others answer 50 % (smoothed).
	// Ask: What keeps you from going on?
	// Nobody in the buying group is known as: champion. Ask who that is.
	// 5 short sonkei_kenjo
}

func ExampleTone_Resolve() {
	g := content.DefaultTone().Resolve(persona.Map{
		"touch.channel": persona.TextValue("Chat"), "person.seniority": persona.TextValue("vp")}, time.Time{})
	fmt.Println(g.Formality, g.Why[0].Rule)
	for _, p := range g.Lead {
		fmt.Println(p.In("en"), p.In("ja"))
	}
	// Output:
	// 5 senior
	// Outcome 成果
	// Figures 数字
}

func ExampleVoice() {
	v := content.Voice{At: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	for _, score := range []string{"10", "9", "9", "7", "3"} {
		p, err := touchpoint.ParseProps([]byte(`{"survey":{"id":"after-sale","scale":"nps","score":` + score + `}}`))
		if err != nil {
			log.Fatal(err)
		}
		v.Add(content.Trail{Touches: []touchpoint.Touch{{Source: "s", ID: score, Kind: touchpoint.KindSurveyAnswer, At: v.At.AddDate(0, -1, 0), Props: p}}})
	}
	for _, s := range v.Scores(content.Group{Question: true}) {
		fmt.Printf("%s %s %.0f (%.0f to %.0f), n %d\n", s.Question, s.Scale, s.Value, s.Low, s.High, s.N)
	}
	// Output:
	// after-sale nps 40 (-30 to 100), n 5
}
