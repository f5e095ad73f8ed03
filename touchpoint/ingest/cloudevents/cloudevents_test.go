package cloudevents_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/internal/decodetest"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/cloudevents"
	"github.com/tabi-go/tabi/touchpoint/ingest/csvmap"
)

const head = `"specversion":"1.0","id":"1","source":"/shop","type":"com.example.sold","time":"2026-06-01T00:00:00Z","subject":"u1"`

func TestEvents(t *testing.T) {
	t.Parallel()
	const common = `{"source":"/shop","id":"1","at":"2026-06-01T00:00:00Z","kind":"event","touchpoint":"com.example.sold","ids":[{"type":"user_id","value":"u1"}],"direction":"inbound"`
	for _, c := range []struct{ name, in, want string }{
		{"data", `{` + head + `,"data":{"b":1,"a":"x","url":"u"}}`, common + `,"props":{"_url":"u","a":"x","b":1}}`},
		{"no object", `{` + head + `,"data":1.5,"ext":7,"unset":null}`, common + `}`},
		{"base64", `{` + head + `,"datacontenttype":"application/json; charset=utf-8","data_base64":"eyAieHl6IjogMTIzIH0="}`, common + `,"props":{"xyz":123}}`},
		{"base64 of something else", `{` + head + `,"data_base64":"... base64 encoded string ..."}`, common + `}`},
		{"broken base64", `{` + head + `,"datacontenttype":"application/json","data_base64":"??"}`, "syntax data_base64"},
		{"broken base64 behind a whole object", `{` + head + `,"datacontenttype":"application/json","data_base64":"e30=?"}`, "syntax data_base64"},
		{"base64 of broken JSON", `{` + head + `,"datacontenttype":"application/json","data_base64":"ew=="}`, "syntax data_base64"},
		{"a touch in broken base64", `{` + strings.Replace(head, "com.example.sold", cloudevents.Type, 1) + `,"datacontenttype":"application/json","data_base64":"??"}`, "syntax data_base64"},
		{"a touch that is none", `{` + strings.Replace(head, "com.example.sold", cloudevents.Type, 1) + `,"data":7}`, "syntax data"},
		{"data twice", `{` + head + `,"data":{},"data_base64":""}`, "syntax data"},
		{"data once", `{` + head + `,"data":{"a":1},"data_base64":null}`, common + `,"props":{"a":1}}`},
		{"another version", `{` + strings.Replace(head, "1.0", "0.3", 1) + `}`, "syntax specversion"},
		{"an empty id", `{` + strings.Replace(head, `"id":"1"`, `"id":""`, 1) + `}`, "missing id"},
		{"a number as id", `{` + strings.Replace(head, `"id":"1"`, `"id":1`, 1) + `}`, "syntax id"},
		{"a null source", `{` + strings.Replace(head, `"source":"/shop"`, `"source":null`, 1) + `}`, "missing source"},
		{"no type", `{` + strings.Replace(head, `"type"`, `"kind"`, 1) + `}`, "missing type"},
		{"no time", `{` + strings.Replace(head, `"time"`, `"when"`, 1) + `}`, "missing at"},
		{"a broken time", `{` + strings.Replace(head, `2026-06-01T`, `2026-06-01 `, 1) + `}`, "syntax time"},
		{"nobody", `{` + strings.Replace(head, `"subject":"u1"`, `"subject":null`, 1) + `}`, "missing ids"},
	} {
		recs := decode(t, &cloudevents.Options{Subject: identity.UserID}, c.in)
		if len(recs) != 1 || decodetest.Text(recs[0]) != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.name, decodetest.Text(recs[0]), c.want)
		}
	}
	if recs := decode(t, nil, "[]"); len(recs) != 0 {
		t.Errorf("an empty batch: %v", recs)
	}
	if rec := decode(t, nil, `{`+head+`}`)[0]; decodetest.Text(rec) != "missing ids" {
		t.Errorf("a subject of no type: %s", decodetest.Text(rec))
	}
}

func TestATypeWithAMapping(t *testing.T) {
	t.Parallel()
	m, err := csvmap.Parse([]byte(`{"at":"time","kind":{"const":"order"},"ids":[{"type":"email","col":"data.customer.email"}],
		"value":"data.total","currency":"data.cur","where":[{"col":"data.test","op":"is_not","value":"true"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	o := &cloudevents.Options{Types: map[string]ingest.Mapper{"com.example.sold": m}}
	recs := decode(t, o, `[{`+head+`,"data":{"customer":{"email":"A@x.example"},"total":12.5,"cur":"EUR"}},{`+head+`,"data":{"test":true}}]`)
	want := `{"source":"/shop","id":"1","at":"2026-06-01T00:00:00Z","kind":"order","ids":[{"type":"email","value":"a@x.example"}],"direction":"inbound","value":"12.50","currency":"EUR"}`
	if len(recs) != 2 || decodetest.Text(recs[0]) != want || !recs[1].Skipped {
		t.Errorf("%s, want %s", decodetest.Text(recs[0]), want)
	}
	if _, err := cloudevents.New(&cloudevents.Options{Types: map[string]ingest.Mapper{cloudevents.Type: m}}); err == nil {
		t.Error("a mapping of canonical touches was taken")
	}
	if _, err := cloudevents.New(&cloudevents.Options{Subject: "emial"}); err == nil {
		t.Error("an unknown type of identifier was taken")
	}
}

func touch(t *testing.T, source, rest string) touchpoint.Touch {
	t.Helper()
	tp, err := touchpoint.ParseTouch([]byte(`{"id":"t1","at":"2026-06-01T00:00:00.000001Z","received_at":"2026-06-01T00:00:05Z","kind":"pageview","ids":[{"type":"user_id","value":"u1"}]`+rest+`}`),
		touchpoint.Touch{Source: source}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tp
}

// The error must not depend on the order of a map.
func TestOfSeveralMissingMappingsTheFirstIsNamed(t *testing.T) {
	t.Parallel()
	for range 20 {
		_, err := cloudevents.New(&cloudevents.Options{Types: map[string]ingest.Mapper{"b": nil, "a": nil, "c": nil}})
		if err == nil || !strings.Contains(err.Error(), `"a"`) {
			t.Fatalf("%v, want the first one sorted", err)
		}
	}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	t.Parallel()
	for _, tp := range []touchpoint.Touch{
		touch(t, "web", ""), touch(t, "my shop/東京 #1", ""), touch(t, "https://x.example/a?b=c", ""), touch(t, "1:2", ""), touch(t, "100%", ""),
		touch(t, "web", `,"offline":true,"props":{"url":"https://x.example/?utm_source=s&gclid=C#f","referrer":"r","ip":"i","user_agent":"a","click_ids":["gclid"],"_url":7}`),
		touch(t, "web", `,"sentiment":0.5,"cost":"1.00","currency":"EUR","stage":"s","props":{"deep":`+strings.Repeat(`{"a":`, 31)+"1"+strings.Repeat("}", 31)+`}`),
	} {
		b := cloudevents.Encode(tp)
		if strings.Contains(string(b[:strings.Index(string(b), `"data":`)]), "u1") {
			t.Errorf("an identifier stands in the envelope: %s", b)
		}
		rec := decode(t, nil, string(b))[0]
		if want := string(tp.AppendJSON(nil)); decodetest.Text(rec) != want {
			t.Errorf("%s\n%s, want\n%s", b, decodetest.Text(rec), want)
		}
	}
}

// A source that is a URI reference stands in the envelope as it is, another one encoded.
func TestTheSourceOfAnEnvelopeIsAReference(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"/azAZ09-._~:/?#[]@!$&'()*+,;=": `/azAZ09-._~:/?#[]@!$&'()*+,;=`, "my shop": "my%20shop", "東": "%E6%9D%B1", "a{": "a%7B", "a|b": "a%7Cb", "1:2": "1:2", "100%": "100%25",
	} {
		if b := string(cloudevents.Encode(touch(t, source, ""))); !strings.Contains(b, `,"source":"`+want+`","type":`) {
			t.Errorf("%s: %.120s, want %s", source, b, want)
		}
	}
}

func TestACanonicalTouchMustNotContradictItsEnvelope(t *testing.T) {
	t.Parallel()
	if rec := decode(t, nil, `{"specversion":"0.3","id":"1","source":"web","type":"`+cloudevents.Type+`","time":"2026-06-01T00:00:00Z","data":{"kind":"note","ids":[{"type":"user_id","value":"u1"}]}}`)[0]; decodetest.Text(rec) != "syntax specversion" {
		t.Errorf("another version: %s", decodetest.Text(rec))
	}
	const env = `{"specversion":"1.0","id":"1","source":"web","type":"io.github.tabi-go.touch.v1","time":"2026-06-01T00:00:00Z","data":{"kind":"note","ids":[{"type":"user_id","value":"u1"}]%s}}`
	for rest, want := range map[string]string{
		"":                                  `{"source":"web","id":"1","at":"2026-06-01T00:00:00Z","kind":"note","ids":[{"type":"user_id","value":"u1"}]}`,
		`,"id":"2"`:                         "syntax id",
		`,"source":"shop"`:                  "syntax source",
		`,"at":"2026-06-01T00:00:01Z"`:      "syntax time",
		`,"kinds":"x","value":"1"`:          "missing currency",
		`,"at":"2026-06-01T09:00:00+09:00"`: `{"source":"web","id":"1","at":"2026-06-01T00:00:00Z","kind":"note","ids":[{"type":"user_id","value":"u1"}]}`,
	} {
		if rec := decode(t, nil, fmt.Sprintf(env, rest))[0]; decodetest.Text(rec) != want {
			t.Errorf("%s: %s, want %s", rest, decodetest.Text(rec), want)
		}
	}
	rec := decode(t, &cloudevents.Options{Options: ingest.Options{Minimise: ingest.Minimise{URL: ingest.URLUTMOnly, ClickIDs: ingest.ClickIDsKind}}},
		string(cloudevents.Encode(touch(t, "web", `,"props":{"url":"https://x.example/?gclid=CLICK"}`))))[0]
	if strings.Contains(decodetest.Text(rec), "CLICK") {
		t.Errorf("not masked: %s", decodetest.Text(rec))
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{` + head + `,"data":{"a":1}}`))
	f.Add([]byte(`{` + strings.Replace(head, "com.example.sold", cloudevents.Type, 1) + `,"data":{"kind":"note","ids":[{"type":"user_id","value":"u1"}]}}`))
	f.Add([]byte(`{` + head + `,"datacontenttype":"a+json","data_base64":"e30="}`))
	d, err := cloudevents.New(&cloudevents.Options{Subject: identity.UserID})
	if err != nil {
		f.Fatal(err)
	}
	decodetest.Fuzz(f, d)
}

func ExampleEncode() {
	tp := touchpoint.Touch{Source: "web", ID: "t1", At: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Kind: touchpoint.KindLogin,
		IDs: []identity.ID{identity.MakeID(identity.UserID, "u1")}}
	if err := tp.Normalize(nil); err != nil {
		fmt.Println(err)
	}
	fmt.Println(string(cloudevents.Encode(tp)))
	// Output: {"specversion":"1.0","id":"t1","source":"web","type":"io.github.tabi-go.touch.v1","time":"2026-06-01T00:00:00Z","datacontenttype":"application/json","data":{"source":"web","id":"t1","at":"2026-06-01T00:00:00Z","kind":"login","ids":[{"type":"user_id","value":"u1"}],"direction":"inbound"}}
}
