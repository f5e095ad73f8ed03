package touchpoint_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	tp "github.com/tabi-go/tabi/touchpoint"
)

func ExampleReadVocabulary() {
	v, err := tp.ReadVocabulary(strings.NewReader(`field,from,to,source
channel,展示会（春）,Event,
stage,商談中,Negotiation,
stage,Open,Lead,crm
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	var rep tp.Report
	o := &tp.Options{Vocabulary: v, Report: &rep}
	const file = `source,id,at,kind,channel,stage,id.user_id
crm,1,2026-06-01T00:00:00Z,event_attended,展示会(春),open,u1
crm,2,2026-06-02T00:00:00Z,meeting,Valley,(not set),u1
`
	for t, err := range tp.NewReader(strings.NewReader(file), tp.CSV, o).All() {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%s %q\n", t.Channel, t.Stage)
	}
	for _, u := range rep.Unmapped() {
		fmt.Println("no row for", u.Field, u.Value, u.Count)
	}
	for _, c := range rep.Rows() {
		fmt.Printf("%+v\n", c)
	}
	// Output:
	// Event "Lead"
	// Valley ""
	// no row for channel Valley 1
	// {Source:crm Field:channel Nulls:0 Cleaned:0 Mapped:1 Filled:0}
	// {Source:crm Field:direction Nulls:0 Cleaned:0 Mapped:0 Filled:2}
	// {Source:crm Field:stage Nulls:1 Cleaned:0 Mapped:1 Filled:0}
}

func ExampleOptions_text() {
	// With golang.org/x/text in one's own go.mod: Text: norm.NFC.String.
	o := &tp.Options{Text: strings.NewReplacer("㈱", "株式会社").Replace}
	t, err := tp.ParseTouch([]byte(`{"source":"crm","id":"1","at":"2026-06-01T00:00:00Z","kind":"call",
		"touchpoint":"㈱ 旅","ids":[{"type":"user_id","value":"u1"}]}`), tp.Touch{}, o)
	fmt.Println(t.Touchpoint, err)
	// Output: 株式会社 旅 <nil>
}

func ExampleParseCatalogue() {
	c, err := tp.ParseCatalogue([]byte(`[{"name":"Pricing page","names":{"ja":"価格ページ"},"media":"owned",
		"match":[{"url":"*.example.com/pricing/**"},{"event":"pricing viewed"}]}]`))
	if err != nil {
		fmt.Println(err)
		return
	}
	t, err := tp.ParseTouch([]byte(`{"source":"web","id":"1","at":"2026-06-01T00:00:00Z","kind":"pageview",
		"ids":[{"type":"user_id","value":"u1"}],"url":"https://www.example.com/pricing/team?x=1"}`), tp.Touch{}, &tp.Options{Catalogue: c})
	fmt.Println(t.Touchpoint, err)
	// Output: Pricing page <nil>
}

func ExampleSentiment() {
	for _, survey := range []string{`{"scale":"nps","score":6}`, `{"scale":"csat5","score":3}`, `{"scale":"text","text":"so so"}`} {
		t, err := tp.ParseTouch([]byte(`{"source":"survey","at":"2026-06-01T00:00:00Z","kind":"survey_answer",
			"ids":[{"type":"user_id","value":"u1"}],"props":{"survey":`+survey+`}}`), tp.Touch{}, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		if v, ok := t.Sentiment.Value(); ok {
			fmt.Println(v)
		} else {
			fmt.Println("no answer")
		}
	}
	// Output:
	// -1
	// 0
	// no answer
}

func ExampleTwins() {
	const file = `source,id,at,kind,url,value,currency,order_id,id.user_id
site,1,2026-06-01T00:00:00Z,pageview,https://x.example/a?ref=1,,,,u1
site,2,2026-06-01T00:00:05Z,pageview,https://x.example/a,,,,u1
site,3,2026-06-01T00:09:00Z,order,,49.00,EUR,A-7,u1
crm,9,2026-06-02T00:00:00Z,order,,49.00,EUR,A-7,u1
tags,x,2026-06-01T00:00:03Z,pageview,http://x.example/a/,,,,u1
tags,y,2026-06-01T00:00:08Z,pageview,http://x.example/a/,,,,u1
`
	var touches []tp.Touch
	for t, err := range tp.NewReader(strings.NewReader(file), tp.CSV, nil).All() {
		if err != nil {
			fmt.Println(err)
			return
		}
		touches = append(touches, t)
	}
	for _, tw := range tp.Twins(touches, &tp.TwinRules{Rank: []string{"site", "tags"}}) {
		fmt.Println(tw.Members, tw.Touch.Value, tw.Why)
	}
	// Output:
	// [{site 1} {tags x}]  [pageview: same url, 3 s apart]
	// [{site 2} {tags y}]  [pageview: same url, 3 s apart]
	// [{site 3} {crm 9}] 49.00 EUR [order: same order_id, same value, 85860 s apart]
}

func ExampleSplit() {
	account := identity.MakeID(identity.CRMAccountID, "acme")
	meeting := tp.Touch{Source: "crm", ID: "m-1", At: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Kind: tp.KindMeeting,
		IDs:  []identity.ID{account},
		Cost: tp.Money{Minor: 10000, Currency: tp.Currency{'E', 'U', 'R'}}}
	touches, err := tp.Split(meeting, []identity.ID{
		identity.MakeID(identity.Email, "a@acme.com"),
		identity.MakeID(identity.Email, "b@acme.com"),
		identity.MakeID(identity.Email, "c@acme.com"),
		identity.MakeID(identity.Email, "me@tabi.example"),
	}, &tp.Options{OwnDomains: []string{"tabi.example"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range touches {
		activity, _ := t.Props.Text("activity_id")
		fmt.Println(t.ID, activity, len(t.IDs), t.Cost)
	}
	// Output:
	// d07916ca-6e3d-546a-89f6-8d0b3410f960 m-1 2 33.34 EUR
	// 871dba7e-d466-5ffa-a122-2bbda26f395c m-1 2 33.33 EUR
	// 9c060f34-e713-5fb2-b41e-9d848c5e1139 m-1 2 33.33 EUR
}
