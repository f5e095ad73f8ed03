package snowplow_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/internal/decodetest"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/snowplow"
)

// line is an enriched event with the given fields, by their place.
func line(fields map[int]string) string {
	all := make([]string, 131)
	all[4], all[6], all[12] = "2026-06-01 00:00:00.5", "e1", "u1"
	for i, f := range fields {
		all[i] = f
	}
	return strings.Join(all, "\t")
}

func TestEvents(t *testing.T) {
	t.Parallel()
	const head = `{"source":"snowplow","id":"e1","at":"2026-06-01T00:00:00.5Z",`
	const u1 = `"ids":[{"type":"user_id","value":"u1"}]`
	const link = `{"schema":"iglu:a/unstruct_event/jsonschema/1-0-0","data":{"schema":"iglu:a/link/jsonschema/1-0-0","data":{"target":"x","title":"T"}}}`
	const ctx = `{"schema":"iglu:c","data":[{"schema":"iglu:org.w3/Nav/jsonschema/1-0-0","data":{"a":1}},{"schema":"iglu:com.acme/cart/jsonschema/1-0-0","data":{"b":2}}]}`
	for _, c := range []struct {
		name   string
		fields map[int]string
		want   string
	}{
		{"a page", map[int]string{5: "page_view", 15: "d1", 17: "n1", 29: "https://X.example/a?b", 30: "T", 31: "https://y.example/", 47: "m", 48: "s", 123: "s1"},
			head + `"kind":"pageview","touchpoint":"x.example/a","campaign":{"source":"s","medium":"m"},"ids":[{"type":"anonymous_id","value":"d1"},{"type":"device_id","value":"n1"},{"type":"user_id","value":"u1"}],"direction":"inbound","props":{"referrer":"https://y.example/","session_id":"s1","title":"T","url":"https://X.example/a?b"}}`},
		{"a ping", map[int]string{5: "page_ping"}, head + `"kind":"system",` + u1 + `}`},
		{"an order", map[int]string{5: "transaction", 59: "o1", 61: "12.5", 108: "EUR"},
			head + `"kind":"order",` + u1 + `,"direction":"inbound","value":"12.50","currency":"EUR","props":{"order_id":"o1"}}`},
		{"an order in no currency", map[int]string{5: "transaction", 61: "12.5"}, "missing currency"},
		{"a structured event", map[int]string{5: "struct", 53: "Video", 54: "play", 55: "L", 56: "P", 57: "1.5"},
			head + `"kind":"event","touchpoint":"Video / play",` + u1 + `,"direction":"inbound","props":{"label":"L","property":"P","value":1.5}}`},
		{"a self-describing event", map[int]string{5: "unstruct", 126: "link", 58: link},
			head + `"kind":"event","touchpoint":"link",` + u1 + `,"direction":"inbound","props":{"_title":"T","target":"x"}}`},
		{"a broken one", map[int]string{5: "unstruct", 126: "link", 58: "{"}, "syntax props"},
		{"contexts on request", map[int]string{5: "x", 52: ctx}, head + `"kind":"event","touchpoint":"x",` + u1 + `,"direction":"inbound","props":{"com.acme/cart":{"b":2}}}`},
		{"a click", map[int]string{5: "page_view", 29: "https://x.example/", 116: "CLICK", 117: "Google"},
			head + `"kind":"pageview","touchpoint":"x.example/",` + u1 + `,"direction":"inbound","props":{"click_ids":["gclid=CLICK"],"url":"https://x.example/"}}`},
		{"a click at Microsoft", map[int]string{5: "page_view", 29: "https://x.example/", 116: "CLICK", 117: "Microsoft"},
			head + `"kind":"pageview","touchpoint":"x.example/",` + u1 + `,"direction":"inbound","props":{"click_ids":["msclkid=CLICK"],"url":"https://x.example/"}}`},
		{"a click at DoubleClick", map[int]string{5: "page_view", 29: "https://x.example/", 116: "CLICK", 117: "DoubleClick"},
			head + `"kind":"pageview","touchpoint":"x.example/",` + u1 + `,"direction":"inbound","props":{"click_ids":["dclid=CLICK"],"url":"https://x.example/"}}`},
		{"a structured event without a value", map[int]string{5: "struct", 53: "Video", 54: "play"},
			head + `"kind":"event","touchpoint":"Video / play",` + u1 + `,"direction":"inbound"}`},
		{"a structured event with a text for a value", map[int]string{5: "struct", 57: "abc"}, "not_a_number props"},
		{"a structured event with an object for a value", map[int]string{5: "struct", 57: "{}"}, "not_a_number props"},
		{"no event", nil, "missing event"},
		{"a broken time", map[int]string{5: "x", 4: "2026-06-01"}, "syntax at"},
		{"a corrected time", map[int]string{5: "x", 124: "2026-06-01 00:00:01", 3: "2026-06-01 00:00:09"},
			`{"source":"snowplow","id":"e1","at":"2026-06-01T00:00:01Z","received_at":"2026-06-01T00:00:09Z","kind":"event","touchpoint":"x",` + u1 + `,"direction":"inbound","props":{"at_original":"2026-06-01T00:00:00.5Z"}}`},
	} {
		recs := decode(t, &ingest.Options{Keep: []string{"iglu:com.acme/"}}, line(c.fields))
		if len(recs) != 1 || decodetest.Text(recs[0]) != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.name, decodetest.Text(recs[0]), c.want)
		}
	}
}

func TestLinesThatAreNone(t *testing.T) {
	t.Parallel()
	good := line(map[int]string{5: "page_view"})
	for bad, want := range map[string]string{
		"a\tb": "syntax line", good + "\t": "syntax line", strings.Replace(good, "u1", "u\xff", 1): "utf8 line",
		strings.Replace(good, "u1", strings.Repeat("u", ingest.MaxMessage), 1): "too_large line",
		strings.Replace(good, "u1", strings.Repeat("u", 513), 1):               "too_long ids",
	} {
		recs := decode(t, nil, good+"\r\n"+bad+"\n\n"+good)
		if len(recs) != 3 || recs[0].Err != nil || decodetest.Text(recs[1]) != want || recs[2].Err != nil || recs[2].Line != 4 {
			t.Errorf("%.20q: %d records, %s", bad, len(recs), decodetest.Text(recs[1]))
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(line(map[int]string{5: "unstruct", 58: `{"data":{"data":{"a":1}}}`})))
	f.Add([]byte(line(map[int]string{5: "struct", 57: "x", 52: "{}"})))
	d, err := snowplow.New(&ingest.Options{Keep: []string{"iglu:"}})
	if err != nil {
		f.Fatal(err)
	}
	decodetest.Fuzz(f, d)
}

func ExampleDecoder() {
	d, _ := snowplow.New(nil)
	event := make([]string, 131)
	event[4], event[5], event[6], event[15], event[29] = "2026-06-01 00:00:00", "page_view", "e1", "cookie", "https://shop.example/tea"
	for rec, err := range d.Decode(strings.NewReader(strings.Join(event, "\t")), time.Time{}) {
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
