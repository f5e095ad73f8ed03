package touchpoint_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	tp "github.com/tabi-go/tabi/touchpoint"
)

func ExampleTouch() {
	r := identity.DefaultRules()
	mail, err := r.ID(identity.Email, "A.Sato@example.co.jp")
	if err != nil {
		fmt.Println(err)
		return
	}
	t := tp.Touch{
		Source:     "crm",
		At:         time.Date(2026, 4, 1, 18, 0, 0, 0, time.FixedZone("JST", 9*3600)),
		Kind:       tp.KindMeeting,
		Channel:    "営業",
		Touchpoint: "Demo　room ",
		IDs:        []identity.ID{mail},
		Props:      tp.Props{}.SetText("outcome", "completed"),
	}
	if err := t.Normalize(nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(t.Channel, "·", t.Touchpoint, "·", t.Direction, "·", t.Engaged())
	fmt.Println(t.ID)
	fmt.Println(t) // prints no identifier
	// Output:
	// Sales · Demo room · outbound · true
	// 1a10e3b4-f41d-51b7-b4da-fa2124034763
	// meeting from crm at 2026-04-01T09:00:00Z
}

func ExampleReader() {
	const file = `source,id,at,kind,channel,id.user_id,shop
web,1,2026-06-01T09:00:00+09:00,pageview,Ｅメール,u1,
web,2,yesterday,pageview,,u1,
pos,3,2026-06-02T00:00:00Z,store_visit,(not set),u1|u2,Osaka
`
	for t, err := range tp.NewReader(strings.NewReader(file), tp.CSV, nil).All() {
		if bad, ok := errors.AsType[*tp.LineError](err); ok {
			fmt.Println("bad:", bad)
			continue
		}
		if err != nil {
			fmt.Println("the input broke off:", err)
			return
		}
		fmt.Printf("%s\n", t.AppendJSON(nil))
	}
	// Output:
	// {"source":"web","id":"1","at":"2026-06-01T00:00:00Z","kind":"pageview","channel":"Email","ids":[{"type":"user_id","value":"u1"}],"direction":"inbound"}
	// bad: line 3: touchpoint: syntax at
	// {"source":"pos","id":"3","at":"2026-06-02T00:00:00Z","kind":"store_visit","channel":"Store","ids":[{"type":"user_id","value":"u1"},{"type":"user_id","value":"u2"}],"direction":"inbound","offline":true,"props":{"shop":"Osaka"}}
}

func ExampleWriter() {
	t, err := tp.ParseTouch([]byte(`{"source":"web","id":"1","at":"2026-06-01T00:00:00Z","kind":"form",
		"touchpoint":"=Contact","ids":[{"type":"user_id","value":"u1"}]}`), tp.Touch{}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	w := tp.NewWriter(os.Stdout, tp.CSV)
	if err := errors.Join(w.Write(t), w.Flush()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// source,id,at,received_at,kind,channel,touchpoint,campaign.source,campaign.medium,campaign.name,campaign.term,campaign.content,campaign.id,id.user_id,direction,offline,sentiment,cost,value,currency,stage,redacted,props
	// web,1,2026-06-01T00:00:00Z,,form,,'=Contact,,,,,,,u1,inbound,false,,,,,,,
}

func ExampleMoney() {
	yen, err := tp.ParseCurrency("jpy")
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := tp.ParseAmount("5400.00", yen)
	fmt.Println(a, err)
	_, err = tp.ParseAmount("5400.5", yen)
	fmt.Println(err)
	b, rounded, err := tp.FromNumber("1e3", yen)
	fmt.Println(b, rounded, err)
	sum, err := a.Add(b)
	fmt.Println(sum.Text(), err)
	// Output:
	// 5400 JPY <nil>
	// touchpoint: out_of_range value
	// 1000 JPY false <nil>
	// 6400 <nil>
}

func ExampleProps() {
	p, err := tp.ParseProps([]byte(`{"person": {"title": "CTO", "age": 4.20e1}, "bot": false}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	title, _ := p.Text("person", "title")
	age, _ := p.Number("person", "age")
	_, found := p.Text("bot")
	fmt.Println(title, age, found)
	fmt.Println(p.SetText("lang", "ja").Remove("person").JSON())
	// Output:
	// CTO 42 false
	// {"bot":false,"lang":"ja"}
}
