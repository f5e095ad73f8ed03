package posthog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/internal/decodetest"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/posthog"
)

const uuid = "23adfd82-aa0f-45a7-a756-24f2a7a4c895"

func TestEvents(t *testing.T) {
	t.Parallel()
	const head = `{"source":"posthog","id":"e1","at":"2026-06-01T00:00:00Z",`
	u := func(typ, v string) string { return `"ids":[{"type":"` + typ + `","value":"` + v + `"}]` }
	for _, c := range []struct{ name, in, want string }{
		{"an event", `"event":"Download","distinct_id":"u1","properties":{"$lib":"x","token":"secret","distinct_id":"u1","size":3,"title":"T"}`,
			head + `"kind":"event","touchpoint":"Download",` + u("user_id", "u1") + `,"direction":"inbound","props":{"_title":"T","size":3}}`},
		{"a distinct id of the properties", `"event":"A","properties":{"distinct_id":"u1"}`,
			head + `"kind":"event","touchpoint":"A",` + u("user_id", "u1") + `,"direction":"inbound"}`},
		{"a page", `"event":"$pageview","distinct_id":"` + uuid + `","properties":{"$current_url":"https://x.example/a?utm_source=s","$referrer":"$direct","$session_id":"s1","title":"T"}`,
			head + `"kind":"pageview","touchpoint":"x.example/a","campaign":{"source":"s"},` + u("anonymous_id", uuid) + `,"direction":"inbound","props":{"session_id":"s1","title":"T","url":"https://x.example/a?utm_source=s"}}`},
		{"a screen", `"event":"$screen","distinct_id":"u1","properties":{"$screen_name":"Home"}`,
			head + `"kind":"screen","touchpoint":"Home",` + u("user_id", "u1") + `,"direction":"inbound"}`},
		{"tags of the properties", `"event":"A","distinct_id":"u1","properties":{"utm_source":"s","utm_campaign":"n"}`,
			head + `"kind":"event","touchpoint":"A","campaign":{"source":"s","name":"n"},` + u("user_id", "u1") + `,"direction":"inbound"}`},
		{"something technical", `"event":"$exception","distinct_id":"u1","properties":{"$x":1,"request":"r"}`,
			head + `"kind":"system",` + u("user_id", "u1") + `,"props":{"event":"$exception","request":"r"}}`},
		{"identify", `"event":"$identify","distinct_id":"` + uuid + `","properties":{"$anon_distinct_id":"a1","$set":{"email":"A@x.example","plan":"p"},"$set_once":{"plan":"q","first":1}}`,
			head + `"kind":"identify","ids":[{"type":"anonymous_id","value":"a1"},{"type":"email","value":"a@x.example"},{"type":"user_id","value":"` + uuid + `"}],"props":{"event":"$identify","person":{"first":1,"plan":"p"}}}`},
		{"identify with nothing but an address", `"event":"$identify","distinct_id":"u1","properties":{"$set":{"email":"A@x.example"}}`,
			head + `"kind":"identify","ids":[{"type":"email","value":"a@x.example"},{"type":"user_id","value":"u1"}],"props":{"event":"$identify"}}`},
		{"alias", `"event":"$create_alias","distinct_id":"u1","properties":{"alias":"` + uuid + `"}`,
			head + `"kind":"alias","ids":[{"type":"anonymous_id","value":"` + uuid + `"},{"type":"user_id","value":"u1"}],"props":{"event":"$create_alias"}}`},
		{"a group and nobody", `"event":"$groupidentify","distinct_id":"$company_acme","properties":{"$group_type":"company","$group_key":"acme","$group_set":{"name":"Acme"}}`,
			head + `"kind":"group",` + u("group_id", "company:acme") + `,"props":{"account":{"name":"Acme"},"event":"$groupidentify"}}`},
		{"groups", `"event":"A","distinct_id":"u1","properties":{"$groups":{"company":"acme","team":7}}`,
			head + `"kind":"event","touchpoint":"A","ids":[{"type":"group_id","value":"company:acme"},{"type":"group_id","value":"team:7"},{"type":"user_id","value":"u1"}],"direction":"inbound"}`},
		{"money", `"event":"A","distinct_id":"u1","properties":{"revenue":19.999,"currency":"eur"}`,
			head + `"kind":"event","touchpoint":"A",` + u("user_id", "u1") + `,"direction":"inbound","value":"20.00","currency":"EUR"}`},
		{"money of no currency", `"event":"A","distinct_id":"u1","properties":{"revenue":20}`, "missing currency"},
		{"an answer in words", `"event":"survey sent","distinct_id":"u1","properties":{"$survey_id":"s1","$survey_response":"Good"}`,
			head + `"kind":"survey_answer","channel":"Survey",` + u("user_id", "u1") + `,"direction":"inbound","props":{"survey":{"id":"s1","scale":"text","text":"Good"}}}`},
		{"an answer on no known scale", `"event":"survey sent","distinct_id":"u1","properties":{"$survey_id":"s1","$survey_response":9}`,
			head + `"kind":"survey_answer","channel":"Survey",` + u("user_id", "u1") + `,"direction":"inbound","props":{"survey":{"id":"s1","scale":"text","text":"9"}}}`},
		{"an order of one's own", `"event":"paid","distinct_id":"u1"`,
			head + `"kind":"order","touchpoint":"paid",` + u("user_id", "u1") + `,"direction":"inbound"}`},
		{"no name", `"distinct_id":"u1"`, "missing event"},
		{"nobody", `"event":"A"`, "missing ids"},
		{"a broken id", `"event":"A","distinct_id":{"a":1}`, "syntax ids"},
		{"broken properties", `"event":"A","distinct_id":"u1","properties":[1]`, "syntax properties"},
	} {
		in := `{"uuid":"e1","timestamp":"2026-06-01T00:00:00Z",` + c.in + `}`
		recs := decode(t, &posthog.Options{Events: map[string]touchpoint.Kind{"paid": touchpoint.KindOrder}}, in)
		if len(recs) != 1 || decodetest.Text(recs[0]) != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.name, decodetest.Text(recs[0]), c.want)
		}
	}
	o := &posthog.Options{Surveys: map[string]posthog.Range{"s1": {Min: 0, Max: 10}}}
	rec := decode(t, o, `{"uuid":"e1","timestamp":"2026-06-01T00:00:00Z","event":"survey sent","distinct_id":"u1","properties":{"$survey_id":"s1","$survey_response":"9"}}`)[0]
	if got, _ := rec.Touches[0].Props.Raw("survey"); got != `{"id":"s1","max":10,"min":0,"scale":"range","score":9}` {
		t.Errorf("an answer on a known scale: %s", decodetest.Text(rec))
	}
}

func TestTypeOfADistinctID(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{`"event":"$identify","distinct_id":"` + uuid + `","properties":{"$device_id":"` + uuid + `"}`, "user_id"},
		{`"event":"A","distinct_id":"x","properties":{"$device_id":"x","$is_identified":true}`, "anonymous_id"},
		{`"event":"A","distinct_id":"x","properties":{"$process_person_profile":false}`, "anonymous_id"},
		{`"event":"A","distinct_id":"x","properties":{"$is_identified":false}`, "anonymous_id"},
		{`"event":"A","distinct_id":"x","options":{"process_person_profile":false}`, "anonymous_id"},
		{`"event":"A","distinct_id":"` + uuid + `","properties":{"$is_identified":true}`, "user_id"},
		{`"event":"A","distinct_id":"` + uuid + `"`, "anonymous_id"},
		{`"event":"A","distinct_id":"x"`, "user_id"},
		{`"event":"A","distinct_id":17`, "user_id"},
	} {
		rec := decode(t, nil, `{"timestamp":"2026-06-01T00:00:00Z",`+c.in+`}`)[0]
		if rec.Err != nil || string(rec.Touches[0].IDs[0].Type()) != c.want {
			t.Errorf("%s: %s, want %s", c.in, decodetest.Text(rec), c.want)
		}
	}
}

func TestClocksOfABatch(t *testing.T) {
	t.Parallel()
	o := &posthog.Options{Options: ingest.Options{Skew: ingest.SkewCorrect}}
	for in, want := range map[string]string{
		`"sent_at":"2026-06-01T02:00:00Z"`: "2026-06-01T09:00:00Z", `"created_at":"2026-06-01T02:00:00Z"`: "2026-06-01T09:00:00Z",
		`"sent_at":null`: "2026-06-01T01:00:00Z",
	} {
		d, err := posthog.New(o)
		if err != nil {
			t.Fatal(err)
		}
		body := `{"batch":[{"uuid":"e1","event":"A","distinct_id":"u1","timestamp":"2026-06-01T01:00:00Z"},
			{"uuid":"e2","event":"A","distinct_id":"u1","timestamp":"2026-06-01T01:00:00Z","options":{"disable_skew_correction":true}}],` + in + `}`
		var got []string
		for rec, err := range d.Decode(strings.NewReader(body), time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC)) {
			if err != nil || rec.Err != nil {
				t.Fatal(err, rec.Err)
			}
			got = append(got, rec.Touches[0].At.Format(time.RFC3339))
		}
		if len(got) != 2 || got[0] != want || got[1] != "2026-06-01T01:00:00Z" {
			t.Errorf("%s: %v, want %s", in, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"batch":[{"event":"$pageview","distinct_id":"u1","timestamp":"2026-06-01T00:00:00Z","properties":{"$groups":{"a":"b"}}}]}`,
		`[{"event":"survey sent","distinct_id":1,"properties":{"$survey_response":"1e9","$survey_id":"s1"}}]`, `{"properties":{"$set":[1]}}`} {
		f.Add([]byte(s))
	}
	d, err := posthog.New(&posthog.Options{Surveys: map[string]posthog.Range{"s1": {Min: 0, Max: 10}}})
	if err != nil {
		f.Fatal(err)
	}
	decodetest.Fuzz(f, d)
}

func ExampleDecoder() {
	d, _ := posthog.New(nil)
	in := `{"event":"$pageview","uuid":"e1","distinct_id":"u1","timestamp":"2026-06-01T00:00:00Z","properties":{"$current_url":"https://shop.example/tea"}}`
	for rec, err := range d.Decode(strings.NewReader(in), time.Time{}) {
		if err != nil || rec.Err != nil {
			fmt.Println(err, rec.Err)
			continue
		}
		for _, tp := range rec.Touches {
			fmt.Println(tp.Kind, tp.Touchpoint)
		}
	}
	// Output: pageview shop.example/tea
}
