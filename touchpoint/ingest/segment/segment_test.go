package segment_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/internal/decodetest"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/segment"
)

func decode(t *testing.T, o *segment.Options, in string) []ingest.Record {
	t.Helper()
	d, err := segment.New(o)
	return decodetest.Decode(t, d, err, in)
}

// head is what all the messages of a table share.
const head = `"messageId":"m1","timestamp":"2026-06-01T00:00:00Z","userId":"u1"`

func TestMessages(t *testing.T) {
	t.Parallel()
	const common = `{"source":"segment","id":"m1","at":"2026-06-01T00:00:00Z",`
	const u1 = `"ids":[{"type":"user_id","value":"u1"}],"direction":"inbound"`
	for _, c := range []struct{ name, in, want string }{
		{"track", `{"type":"track","event":"Report Read","properties":{"pages":3,"title":"Mr"}}`,
			common + `"kind":"event","touchpoint":"Report Read",` + u1 + `,"props":{"_title":"Mr","pages":3}}`},
		{"order", `{"type":"track","event":"Order Completed","properties":{"orderId":"o1","revenue":25.0,"currency":"EUR","tax":2}}`,
			common + `"kind":"order","touchpoint":"Order Completed",` + u1 + `,"value":"25.00","currency":"EUR","props":{"order_id":"o1","tax":2}}`},
		{"the old word order", `{"type":"track","event":"completed_order","properties":{"total":"19.990000000000002","currency":"usd"}}`,
			common + `"kind":"order","touchpoint":"completed_order",` + u1 + `,"value":"19.99","currency":"USD"}`},
		{"a refund", `{"type":"track","event":"Order Refunded","properties":{"order_id":"o1","total":10,"currency":"JPY"}}`,
			common + `"kind":"refund","touchpoint":"Order Refunded",` + u1 + `,"value":"-10","currency":"JPY","props":{"order_id":"o1"}}`},
		{"a refund of nobody knows what", `{"type":"track","event":"Order Refunded","properties":{"total":10}}`, "refund_without_conversion value"},
		{"a broken amount", `{"type":"track","event":"Order Completed","properties":{"revenue":"lots"}}`, "not_a_number value"},
		{"an unknown currency", `{"type":"track","event":"Order Completed","properties":{"revenue":1,"currency":"XXY"}}`, "unknown_currency currency"},
		{"value and price are no money", `{"type":"track","event":"Product Viewed","properties":{"price":9.5,"value":3}}`,
			common + `"kind":"product_view","touchpoint":"Product Viewed",` + u1 + `,"props":{"price":9.5,"value":3}}`},
		{"a signup", `{"type":"track","event":"Signed Up","properties":{"email":"A@Example.com","plan":"x"}}`,
			common + `"kind":"signup","touchpoint":"Signed Up","ids":[{"type":"email","value":"a@example.com"},{"type":"user_id","value":"u1"}],"direction":"inbound","props":{"plan":"x"}}`},
		{"somebody else's address", `{"type":"track","event":"Invite Sent","properties":{"email":"b@example.com"}}`,
			common + `"kind":"referral_made","channel":"Community","touchpoint":"Invite Sent",` + u1 + `,"props":{"email":"b@example.com"}}`},
		{"a mail", `{"type":"track","event":"Email Opened","properties":{"campaign_id":7,"campaign_name":"June","email_subject":"Hi"}}`,
			common + `"kind":"email_open","channel":"Email","touchpoint":"Email Opened","campaign":{"name":"June","id":"7"},"ids":[{"type":"user_id","value":"u1"}],"direction":"outbound","props":{"subject":"Hi"}}`},
		{"a video", `{"type":"track","event":"Video Playback Paused","properties":{"session_id":"s"}}`,
			common + `"kind":"system","touchpoint":"Video Playback Paused","ids":[{"type":"user_id","value":"u1"}],"props":{"_session_id":"s"}}`},
		{"action instead of type", `{"action":"track","event":"A"}`, common + `"kind":"event","touchpoint":"A",` + u1 + `}`},
		{"an event alone", `{"event":"A"}`, common + `"kind":"event","touchpoint":"A",` + u1 + `}`},
		{"no call", `{"name":"A"}`, "syntax type"},
		{"page", `{"type":"page","name":"Home","properties":{"url":"https://X.example:8080/a?utm_source=n&utm_medium=m","title":"T","path":"/a","search":"?x"}}`,
			common + `"kind":"pageview","touchpoint":"Home","campaign":{"source":"n","medium":"m"},` + u1 + `,"props":{"title":"T","url":"https://X.example:8080/a?utm_source=n&utm_medium=m"}}`},
		{"page without a name", `{"type":"page","context":{"page":{"url":"https://bob@X.example:8080/a?b#c","referrer":"https://y.example/"}}}`,
			common + `"kind":"pageview","touchpoint":"x.example/a",` + u1 + `,"props":{"referrer":"https://y.example/","url":"https://bob@X.example:8080/a?b#c"}}`},
		{"screen", `{"type":"screen","name":"Home","category":"Main"}`,
			common + `"kind":"screen","touchpoint":"Home",` + u1 + `,"props":{"category":"Main"}}`},
		{"identify", `{"type":"identify","traits":{"email":"a@example.com","name":"A","company":{"name":"C","employees":7}}}`,
			common + `"kind":"identify","ids":[{"type":"email","value":"a@example.com"},{"type":"user_id","value":"u1"}],"props":{"account":{"employees":7,"name":"C"},"person":{"name":"A"}}}`},
		{"identify by the context's traits", `{"type":"identify","context":{"traits":{"email":"a@example.com","name":"A"}}}`,
			common + `"kind":"identify","ids":[{"type":"email","value":"a@example.com"},{"type":"user_id","value":"u1"}],"props":{"person":{"name":"A"}}}`},
		{"identify by its own traits first", `{"type":"identify","traits":{"name":"A"},"context":{"traits":{"name":"B"}}}`,
			common + `"kind":"identify","ids":[{"type":"user_id","value":"u1"}],"props":{"person":{"name":"A"}}}`},
		{"identify with nothing but an address", `{"type":"identify","traits":{"email":"a@example.com"}}`,
			common + `"kind":"identify","ids":[{"type":"email","value":"a@example.com"},{"type":"user_id","value":"u1"}]}`},
		{"traits that are no object", `{"type":"group","groupId":42,"traits":["C"]}`,
			common + `"kind":"group","ids":[{"type":"group_id","value":"42"},{"type":"user_id","value":"u1"}]}`},
		{"group", `{"type":"group","groupId":42,"traits":{"name":"C"}}`,
			common + `"kind":"group","ids":[{"type":"group_id","value":"42"},{"type":"user_id","value":"u1"}],"props":{"account":{"name":"C"}}}`},
		{"alias of an address", `{"type":"alias","previousId":"a@example.com"}`,
			common + `"kind":"alias","ids":[{"type":"email","value":"a@example.com"},{"type":"user_id","value":"u1"}]}`},
		{"alias of a cookie", `{"type":"alias","previousId":"23adfd82-aa0f-45a7-a756-24f2a7a4c895"}`,
			common + `"kind":"alias","ids":[{"type":"anonymous_id","value":"23adfd82-aa0f-45a7-a756-24f2a7a4c895"},{"type":"user_id","value":"u1"}]}`},
		{"alias of the cookie of the message", `{"type":"alias","previousId":"anon-7","anonymousId":"anon-7"}`,
			common + `"kind":"alias","ids":[{"type":"anonymous_id","value":"anon-7"},{"type":"user_id","value":"u1"}]}`},
		{"alias of another than the cookie", `{"type":"alias","previousId":"anon-7","anonymousId":"anon-8"}`,
			common + `"kind":"alias","ids":[{"type":"anonymous_id","value":"anon-8"},{"type":"user_id","value":"anon-7"},{"type":"user_id","value":"u1"}]}`},
		{"alias of another", `{"type":"alias","previousId":"u0"}`,
			common + `"kind":"alias","ids":[{"type":"user_id","value":"u0"},{"type":"user_id","value":"u1"}]}`},
		{"a number that is no identifier", `{"type":"track","event":"A","anonymousId":1.5}`, "syntax ids"},
		{"a boolean as an identifier", `{"type":"track","event":"A","anonymousId":true}`, "syntax ids"},
		{"context", `{"type":"track","event":"A","context":{"device":{"id":"d1"},"groupId":"g1","ip":"192.0.2.1","userAgent":"B","traits":{"phone":"+81 3 1234 5678"},"clientIds":{"ga4":{"clientId":"1.2"}},"campaign":{"source":"s","name":"n"}}}`,
			common + `"kind":"event","touchpoint":"A","campaign":{"source":"s","name":"n"},"ids":[{"type":"anonymous_id","value":"1.2"},{"type":"device_id","value":"d1"},{"type":"group_id","value":"g1"},{"type":"phone","value":"+81312345678"},{"type":"user_id","value":"u1"}],"direction":"inbound","props":{"ip":"192.0.2.1","user_agent":"B"}}`},
	} {
		in := strings.Replace(c.in, "{", "{"+head+",", 1)
		if recs := decode(t, nil, in); len(recs) != 1 || decodetest.Text(recs[0]) != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.name, decodetest.Text(recs[0]), c.want)
		}
	}
}

func TestTimesAreThoseOfTheTable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, at, original, received string }{
		{`"timestamp":"2026-06-01T00:00:00Z"`, "2026-06-01T00:00:00Z", "", ""},
		{`"timestamp":"2026-06-01T00:00:05.25Z","originalTimestamp":"2026-06-01T00:00:00Z","receivedAt":"2026-06-01T00:00:09Z"`,
			"2026-06-01T00:00:05.25Z", "2026-06-01T00:00:00Z", "2026-06-01T00:00:09Z"},
		{`"original_timestamp":"2026-06-01T09:00:00+09:00"`, "2026-06-01T00:00:00Z", "", ""},
		{`"sentAt":"2026-06-01T00:00:00Z"`, "2026-06-01T00:00:00Z", "", ""},
		{`"receivedAt":"2026-06-01T00:00:00Z","sentAt":"2026-05-01T00:00:00Z"`, "2026-06-01T00:00:00Z", "", "2026-06-01T00:00:00Z"},
		{`"timestamp":null`, "missing at", "", ""},
		{`"timestamp":"today"`, "syntax at", "", ""},
		{`"timestamp":1780272000`, "syntax at", "", ""},
		{`"timestamp":"2026-06-03T00:00:01Z","receivedAt":"2026-06-02T00:00:00Z"`, "time_range at", "", ""},
	} {
		rec := decode(t, nil, `{"type":"track","event":"A","userId":"u1",`+c.in+`}`)[0]
		if rec.Err != nil {
			if decodetest.Text(rec) != c.at {
				t.Errorf("%s: %s", c.in, decodetest.Text(rec))
			}
			continue
		}
		tp := rec.Touches[0]
		got := tp.At.Format(time.RFC3339Nano)
		received := ""
		if !tp.ReceivedAt.IsZero() {
			received = tp.ReceivedAt.Format(time.RFC3339Nano)
		}
		if original, _ := tp.Props.Text("at_original"); got != c.at || original != c.original || received != c.received {
			t.Errorf("%s: at %s, original %q, received %q", c.in, got, original, received)
		}
	}
}

// I4: batch, array, lines and single forms of one message give the same touch.
func TestI4FormsOfOneMessage(t *testing.T) {
	t.Parallel()
	m := `{` + head + `,"type":"track","event":"A","context":{"ip":"192.0.2.1"},"sentAt":"2026-06-01T00:00:01Z"}`
	bare := `{` + head + `,"type":"track","event":"A"}`
	want := decodetest.Text(decode(t, nil, m)[0])
	for name, in := range map[string]string{
		"array":          "[" + m + "]",
		"pretty":         strings.ReplaceAll(m, ",", ",\n  "),
		"batch":          `{"batch":[` + bare + `],"context":{"ip":"192.0.2.1"},"sentAt":"2026-06-01T00:00:01Z"}`,
		"context first":  "{\n\"context\":{\"ip\":\"192.0.2.1\"},\n\"writeKey\":\"k\",\"batch\":[\n" + bare + "\n]}",
		"lines":          "\n" + m + "\r\n\r\n",
		"with a mark":    "\ufeff" + m,
		"array of lines": "[" + m + "]\n",
	} {
		recs := decode(t, nil, in)
		if len(recs) != 1 || decodetest.Text(recs[0]) != want {
			t.Errorf("%s: %d records, %s, want %s", name, len(recs), decodetest.Text(recs[0]), want)
		}
	}
	recs := decode(t, nil, `{"batch":[`+strings.Replace(bare, `"type"`, `"context":{"ip":"192.0.2.9"},"type"`, 1)+`],"context":{"ip":"192.0.2.1","userAgent":"B"}}`)
	if ip, _ := recs[0].Touches[0].Props.Text("ip"); ip != "192.0.2.9" {
		t.Errorf("the message's own context lost: %s", decodetest.Text(recs[0]))
	}
	if ua, _ := recs[0].Touches[0].Props.Text("user_agent"); ua != "B" {
		t.Errorf("the batch's context lost: %s", decodetest.Text(recs[0]))
	}
}

// I2: a bad line changes no other line, and decoding a concatenation is concatenating.
func TestI2ABadLineChangesNoOther(t *testing.T) {
	t.Parallel()
	good := `{` + head + `,"type":"track","event":"A"}` + "\n"
	want := decodetest.Text(decode(t, nil, good)[0])
	for bad, why := range map[string]string{
		`{"type":`: "syntax message", `nonsense`: "syntax message", `{"a":1} {"b":2}`: "syntax message", "{\"a\":\"\xff\"}": "utf8 message",
		`{"a":"\ud800"}`: "utf8 message", `{"id":1,"ID":2}`: "duplicate_key message", `[1]`: "syntax message", `"text"`: "syntax message",
		strings.Repeat("[", 1000): "syntax message", strings.Repeat(`{"a":`, 50) + "1" + strings.Repeat("}", 50): "too_deep message",
		`{"a":` + strings.Repeat("1", 65) + `}`:                  "not_a_number message",
		`{"a":"` + strings.Repeat("x", ingest.MaxMessage) + `"}`: "too_large message",
	} {
		recs := decode(t, nil, good+bad+"\n"+good)
		if len(recs) != 3 || decodetest.Text(recs[0]) != want || decodetest.Text(recs[1]) != why || decodetest.Text(recs[2]) != want {
			t.Errorf("%.40s: %d records, %s", bad, len(recs), decodetest.Text(recs[1]))
			continue
		}
		if recs[1].Line != 2 || recs[2].Line != 3 || recs[2].Index != 2 {
			t.Errorf("%.40s: lines %d, %d", bad, recs[1].Line, recs[2].Line)
		}
	}
}

func TestABrokenDocumentEndsTheInputABadElementFailsAlone(t *testing.T) {
	t.Parallel()
	good := `{` + head + `,"type":"track","event":"A"}`
	for in, want := range map[string][]string{
		"[\n" + good + "," + `{"a":1e}` + "," + good + "\n]":                                   {"", "syntax message", ""},
		"[\n" + good + `,{"x":"` + strings.Repeat("y", ingest.MaxMessage) + `"},` + good + "]": {"", "too_large message", ""},
		"[\n" + good + ",":                    {"", "syntax document"},
		"[\n" + good + " " + good + "]":       {"", "syntax document"},
		"[\n" + good + ",]":                   {"", "syntax document"},
		"[\n" + good + "]\n{}":                {"", "syntax document"},
		"{\n\"batch\":[" + good:               {"syntax document"},
		"{\n\"batch\":[" + good + "," + `7]}`: {"", "syntax message"},
		"[]":                                  {}, "": {}, " \n ": {}, "[\n]": {},
	} {
		recs := decode(t, &segment.Options{}, in)
		var got []string
		for _, rec := range recs {
			if rec.Err == nil {
				got = append(got, "")
			} else {
				got = append(got, decodetest.Text(rec))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%.60q: %q, want %q", in, got, want)
		}
	}
}

// I5: permuting JSON keys changes nothing.
func TestI5OrderOfKeys(t *testing.T) {
	t.Parallel()
	parts := []string{`"messageId":"m1"`, `"timestamp":"2026-06-01T00:00:00Z"`, `"userId":"u1"`, `"type":"track"`, `"event":"Order Completed"`,
		`"properties":{"b":{"y":1,"x":2},"revenue":5,"a":1}`}
	want := decodetest.Text(decode(t, nil, "{"+strings.Join(parts, ",")+"}")[0])
	for range 20 {
		parts = append(parts[1:], parts[0])
		parts[0], parts[2] = parts[2], parts[0]
		if got := decodetest.Text(decode(t, nil, "{"+strings.Join(parts, ",")+"}")[0]); got != want {
			t.Fatalf("%s\nwant %s", got, want)
		}
	}
}

// A map of options has no order, so what two of its entries decide between them must not
// depend on one.
func TestOptionsDecideTheSameEveryTime(t *testing.T) {
	t.Parallel()
	for range 20 {
		o := &segment.Options{Events: map[string]touchpoint.Kind{"Demo Seen": touchpoint.KindDemo, "demo_seen": touchpoint.KindMeeting, "DEMO SEEN": touchpoint.KindNote}}
		rec := decode(t, o, `{`+head+`,"type":"track","event":"Demo seen"}`)[0]
		if got := rec.Touches[0].Kind; got != touchpoint.KindMeeting {
			t.Fatalf("of three spellings of an event %s counted, want the last one sorted", got)
		}
		_, err := segment.New(&segment.Options{ExternalIDs: map[string]identity.Type{"b": "bee", "a": "ay", "c": "cee"}})
		if err == nil || !strings.Contains(err.Error(), `"ay"`) {
			t.Fatalf("of three unknown types %v, want the first one sorted", err)
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	o := &segment.Options{
		Options: ingest.Options{Source: "web", Currency: touchpoint.Currency{'E', 'U', 'R'},
			ConsentPurposes: map[string][]string{"Advertising": {"attribute", "activate"}, "Analytics": {"profile"}}},
		Call: "page", Events: map[string]touchpoint.Kind{"Buch gekauft": touchpoint.KindOrder},
		ExternalIDs: map[string]identity.Type{"crm": identity.CRMContactID},
	}
	rec := decode(t, o, `{`+head+`,"type":"track","event":"buch_gekauft","properties":{"revenue":5},"context":{
		"externalIds":[{"id":"003","type":"crm"},{"id":"x","type":"braze"}],
		"consent":{"categoryPreferences":{"Advertising":false,"Analytics":true,"Other":true}}}}`)[0]
	tp := rec.Touches[0]
	if tp.Source != "web" || tp.Kind != touchpoint.KindOrder || tp.Value.String() != "5.00 EUR" || len(tp.IDs) != 2 {
		t.Errorf("%s", decodetest.Text(rec))
	}
	if !slices.Contains(rec.Notes, ingest.UnknownIDType) || !slices.Contains(rec.Notes, ingest.CurrencyAssumed) {
		t.Errorf("notes %v", rec.Notes)
	}
	var got []string
	for _, c := range rec.Consents {
		got = append(got, fmt.Sprint(c.Purpose, c.Status, c.ID.Type(), c.At.Equal(tp.At)))
	}
	if want := []string{"attribute2user_idtrue", "activate2user_idtrue", "profile1user_idtrue"}; !slices.Equal(got, want) &&
		!slices.Equal(got, []string{"attribute2crm_contact_idtrue", "activate2crm_contact_idtrue", "profile1crm_contact_idtrue"}) {
		t.Errorf("consents %v", got)
	}
	if rec := decode(t, o, `{`+head+`,"name":"Home"}`)[0]; rec.Err != nil || rec.Touches[0].Kind != touchpoint.KindPageview {
		t.Errorf("the endpoint's call: %s", decodetest.Text(rec))
	}
	both := decode(t, nil, `{`+head+`,"type":"track","event":"A","user_id":"u2"}`)[0]
	if !slices.Contains(both.Notes, ingest.KeyAlias) || len(both.Touches[0].IDs) != 1 {
		t.Errorf("two spellings: %s %v", decodetest.Text(both), both.Notes)
	}
	null := decode(t, nil, `{`+head+`,"type":"track","event":"A","anonymousId":null,"anonymous_id":"a1"}`)[0]
	if null.Err != nil || len(null.Touches[0].IDs) != 2 || len(null.Notes) != 0 {
		t.Errorf("a null beside a value: %s %v", decodetest.Text(null), null.Notes)
	}
	for _, bad := range []*segment.Options{{Call: "pages"}, {ExternalIDs: map[string]identity.Type{"x": "emial"}}, {Options: ingest.Options{Limits: ingest.Limits{Message: -1}}}} {
		if _, err := segment.New(bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// I1: any bytes end typed, without a panic.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{` + head + `,"type":"track","event":"Order Completed","properties":{"revenue":5}}`,
		`{"batch":[{"userId":1}],"context":{}}`, "[{},", "{\n", `{"type":"alias","previousId":"@."}`, "[[[[", `{"batch":7}`, `{"batch" : [ ] }`} {
		f.Add([]byte(s))
	}
	d, err := segment.New(&segment.Options{Options: ingest.Options{Minimise: ingest.Minimise{URL: ingest.URLUTMOnly, ClickIDs: ingest.ClickIDsKind}}})
	if err != nil {
		f.Fatal(err)
	}
	decodetest.Fuzz(f, d)
}

func ExampleDecoder() {
	d, _ := segment.New(nil)
	in := `{"type":"track","event":"Order Completed","messageId":"m1","userId":"u1","timestamp":"2026-06-01T00:00:00Z","properties":{"revenue":25,"currency":"EUR"}}`
	for rec, err := range d.Decode(strings.NewReader(in), time.Time{}) {
		if err != nil || rec.Err != nil {
			fmt.Println(err, rec.Err)
			continue
		}
		for _, tp := range rec.Touches {
			fmt.Println(tp.Kind, tp.Value)
		}
	}
	// Output: order 25.00 EUR
}
