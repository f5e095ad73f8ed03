package ga4_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/internal/decodetest"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/ga4"
)

func param(key, kind, value string) string {
	return `{"key":"` + key + `","value":{"null_value":null,"` + kind + `_value":` + value + `}}`
}

func row(name, rest string, params ...string) string {
	return `{"event_timestamp":"1780272000000000","event_name":"` + name + `","user_pseudo_id":"1.2","event_params":[` + strings.Join(params, ",") + `]` + rest + `}`
}

func TestRows(t *testing.T) {
	t.Parallel()
	const a = `"ids":[{"type":"anonymous_id","value":"1.2"}],"direction":"inbound"`
	url := param("page_location", "string", `"https://x.example/a?utm_source=u"`)
	for _, c := range []struct{ name, in, want string }{
		{"a page", row("page_view", `,"collected_traffic_source":{"manual_source":"s","manual_medium":"m","gclid":"C"},"traffic_source":{"source":"first"}`,
			url, param("ga_session_id", "int", `"17"`), param("engaged", "int", "1")),
			`"kind":"pageview","touchpoint":"x.example/a","campaign":{"source":"s","medium":"m"},` + a + `,"props":{"click_ids":["gclid=C"],"engaged":1,"session_id":"17","url":"https://x.example/a?utm_source=u"}}`},
		{"the session's campaign", row("page_view", `,"collected_traffic_source":null,"session_traffic_source_last_click":{"manual_campaign":{"source":"l","campaign_name":"n"}}`, url),
			`"kind":"pageview","touchpoint":"x.example/a","campaign":{"source":"l","name":"n"},` + a + `,"props":{"url":"https://x.example/a?utm_source=u"}}`},
		{"the URL's campaign", row("page_view", "", url),
			`"kind":"pageview","touchpoint":"x.example/a","campaign":{"source":"u"},` + a + `,"props":{"url":"https://x.example/a?utm_source=u"}}`},
		{"a purchase", row("purchase", `,"ecommerce":{"purchase_revenue":5400.0,"transaction_id":"T"}`, param("value", "double", "1"), param("currency", "string", `"JPY"`)),
			`"kind":"order",` + a + `,"value":"5400","currency":"JPY","props":{"order_id":"T"}}`},
		{"a purchase with two numbers", row("purchase", `,"ecommerce":{"purchase_revenue":5400.0,"transaction_id":"T"}`, param("transaction_id", "string", `"P"`), param("currency", "string", `"JPY"`)),
			`"kind":"order",` + a + `,"value":"5400","currency":"JPY","props":{"order_id":"P"}}`}, // that of the event
		{"a purchase with its number in the event", row("purchase", "", param("transaction_id", "int", "7"), param("value", "double", "1"), param("currency", "string", `"JPY"`)),
			`"kind":"order",` + a + `,"value":"1","currency":"JPY","props":{"order_id":"7"}}`},
		{"a refund", row("refund", `,"ecommerce":{"refund_value":3,"transaction_id":"T"}`, param("currency", "string", `"USD"`)),
			`"kind":"refund",` + a + `,"value":"-3.00","currency":"USD","props":{"order_id":"T"}}`},
		{"a purchase in no currency", row("purchase", "", param("value", "double", "1")), "missing currency"},
		{"a number called value", row("scroll_depth", "", param("value", "int", "90")),
			`"kind":"event","touchpoint":"scroll_depth",` + a + `,"props":{"event":"scroll_depth","value":90}}`},
		{"something technical", row("first_visit", ""), `"kind":"system","ids":[{"type":"anonymous_id","value":"1.2"}],"props":{"event":"first_visit"}}`},
		{"no name", `{"event_timestamp":1780272000000000,"user_pseudo_id":"1"}`, "missing event_name"},
		{"no time", `{"event_name":"x","user_pseudo_id":"1"}`, "missing at"},
		{"a broken time", `{"event_name":"x","event_timestamp":"now","user_pseudo_id":"1"}`, "syntax at"},
	} {
		recs := decode(t, nil, c.in)
		got := decodetest.Text(recs[0])
		if i := strings.Index(got, `"kind"`); i >= 0 {
			if !strings.HasPrefix(got, `{"source":"ga4","id":"`) || !strings.Contains(got[:i], `"at":"2026-06-01T00:00:00Z"`) {
				t.Errorf("%s: %s", c.name, got[:i])
			}
			got = got[i:]
		}
		if got != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.name, got, c.want)
		}
	}
}

func TestADayExportedAgainIsDuplicates(t *testing.T) {
	t.Parallel()
	first := decode(t, nil, row("page_view", `,"batch_event_index":1,"event_bundle_sequence_id":"7"`))[0].Touches[0]
	again := decode(t, nil, row("page_view", `,"event_bundle_sequence_id":7,"batch_event_index":"1"`))[0].Touches[0]
	other := decode(t, nil, row("page_view", `,"batch_event_index":2,"event_bundle_sequence_id":7`))[0].Touches[0]
	if first.ID != again.ID || first.ID == other.ID {
		t.Errorf("%s, again %s, other %s", first.ID, again.ID, other.ID)
	}
}

func TestConsents(t *testing.T) {
	t.Parallel()
	o := &ingest.Options{ConsentPurposes: map[string][]string{"ads_storage": {"activate"}, "analytics_storage": {"profile", "attribute"}}}
	rec := decode(t, o, row("page_view", `,"privacy_info":{"analytics_storage":"Yes","ads_storage":"No","uses_transient_token":"No"}`))[0]
	var got []string
	for _, c := range rec.Consents {
		got = append(got, fmt.Sprint(c.Purpose, c.Status))
	}
	if fmt.Sprint(got) != "[profile1 attribute1 activate2]" {
		t.Error(got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(row("purchase", `,"ecommerce":{"purchase_revenue":1e5}`, param("currency", "string", `"JPY"`))))
	f.Add([]byte(`{"event_params":[{"key":1,"value":2}],"event_timestamp":9223372036854775807,"event_name":"x"}`))
	d, err := ga4.New(nil)
	if err != nil {
		f.Fatal(err)
	}
	decodetest.Fuzz(f, d)
}

func ExampleDecoder() {
	d, _ := ga4.New(nil)
	in := `{"event_timestamp":1780272000000000,"event_name":"sign_up","user_pseudo_id":"1234.5678"}`
	for rec, err := range d.Decode(strings.NewReader(in), time.Time{}) {
		if err != nil || rec.Err != nil {
			fmt.Println(err, rec.Err)
			continue
		}
		for _, tp := range rec.Touches {
			fmt.Println(tp.Kind, tp.At.Format(time.RFC3339))
		}
	}
	// Output: signup 2026-06-01T00:00:00Z
}
