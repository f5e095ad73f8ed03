package ingest_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/csvmap"
	"github.com/tabi-go/tabi/touchpoint/ingest/ga4"
	"github.com/tabi-go/tabi/touchpoint/ingest/posthog"
	"github.com/tabi-go/tabi/touchpoint/ingest/segment"
)

// messages is how many one round reads.
const messages = 250

// against measures ours beside the peer.
func against(b *testing.B, size int, peer string, ours, theirs func() error) {
	own := fastest(b, "tabi", size, ours, 0)
	fastest(b, peer, size, theirs, own)
}

// fastest returns the least time of a round, and reports it by the message; with the time
// of another it reports how many times longer this one took.
func fastest(b *testing.B, name string, size int, round func() error, other time.Duration) (least time.Duration) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(size))
		least = 1 << 62
		for b.Loop() {
			start := time.Now()
			if err := round(); err != nil {
				b.Fatal(err)
			}
			least = min(least, time.Since(start))
		}
		b.ReportMetric(float64(least)/messages, "least-ns/msg")
		if other > 0 {
			b.ReportMetric(float64(least)/float64(other), "×tabi")
		}
	})
	return least
}

// decoded reads all of data by d.
func decoded(d ingest.Decoder, data []byte) func() error {
	return func() error {
		for rec, err := range d.Decode(bytes.NewReader(data), time.Time{}) {
			if err := errors.Join(err, rec.Err); err != nil {
				return err
			}
		}
		return nil
	}
}

// maps decodes each line into a map.
func maps(data []byte) func() error {
	return func() error {
		for line := range bytes.Lines(data) {
			var m map[string]any
			if err := json.Unmarshal(line, &m); err != nil {
				return err
			}
		}
		return nil
	}
}

func repeat(line func(i int) string) []byte {
	var b bytes.Buffer
	for i := range messages {
		b.WriteString(line(i))
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// BenchmarkSegment reads track calls of 0.9 KB as browsers send them. Target: at least
// twice as fast as encoding/json, with at most half its allocations.
func BenchmarkSegment(b *testing.B) {
	data := repeat(func(i int) string {
		return fmt.Sprintf(`{"type":"track","event":"Report Submitted","messageId":"ajs-%d","anonymousId":"23adfd82-aa0f-45a7-a756-24f2a7a4c895","userId":"u%d","timestamp":"2026-06-01T00:00:00.123Z","sentAt":"2026-06-01T00:00:01.123Z",`+
			`"context":{"library":{"name":"analytics.js","version":"2.11.1"},"page":{"path":"/academy/","referrer":"","search":"","title":"Analytics Academy","url":"https://example.com/academy/?utm_source=news&utm_medium=email"},`+
			`"userAgent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/46.0.2490.86 Safari/537.36","ip":"192.0.2.7","locale":"en-US","timezone":"Europe/Amsterdam"},`+
			`"properties":{"title":"Intro to Analytics","plan":"enterprise","seats":%d,"nested":{"a":[1,2,3],"b":"%s"}},"integrations":{"All":true,"Mixpanel":false}}`, i, i, i, strings.Repeat("x", 120))
	})
	d, err := segment.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	against(b, len(data), "encoding/json", decoded(d, data), maps(data))
}

// BenchmarkPostHog reads page views of 1.1 KB. Target as for BenchmarkSegment.
func BenchmarkPostHog(b *testing.B) {
	data := repeat(func(i int) string {
		return fmt.Sprintf(`{"uuid":"018fe4c2-7a41-7c3e-9d2b-%012d","event":"$pageview","distinct_id":"018fe4c2-0000-7c3e-9d2b-0123456789ab","timestamp":"2026-06-01T00:00:00.123Z",`+
			`"properties":{"$os":"Mac OS X","$os_version":"10.15.7","$browser":"Chrome","$device_type":"Desktop","$current_url":"https://example.com/pricing?utm_source=news&utm_medium=email","$host":"example.com","$pathname":"/pricing",`+
			`"$raw_user_agent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36","$browser_version":125,"$browser_language":"en-GB","$screen_height":1080,"$screen_width":1920,`+
			`"$viewport_height":900,"$viewport_width":1600,"$lib":"web","$lib_version":"1.136.2","$insert_id":"a1b2c3d4e5f6","$time":1717200000.123,"$device_id":"018fe4c2-0000-7c3e-9d2b-0123456789ab","$session_id":"018fe4c2-1111-7c3e-9d2b-0123456789ab",`+
			`"$window_id":"018fe4c2-2222-7c3e-9d2b-0123456789ab","$referrer":"$direct","$referring_domain":"$direct","$is_identified":false,"$process_person_profile":false,"title":"Pricing","plan":"team","seats":%d,"variant":"b"}}`, i, i)
	})
	d, err := posthog.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	against(b, len(data), "encoding/json", decoded(d, data), maps(data))
}

// BenchmarkGA4 reads exported rows of 1.3 KB. Target as for BenchmarkSegment.
func BenchmarkGA4(b *testing.B) {
	param := func(key, kind, value string) string {
		return fmt.Sprintf(`{"key":%q,"value":{%q:%s}}`, key, kind, value)
	}
	params := strings.Join([]string{
		param("page_location", "string_value", `"https://shop.example.com/Google+Redesign/Apparel?utm_source=news&utm_medium=email"`),
		param("page_title", "string_value", `"Apparel | Example Merchandise Store"`),
		param("page_referrer", "string_value", `"https://shop.example.com/"`),
		param("ga_session_id", "int_value", `"1718000001"`), param("ga_session_number", "int_value", `"3"`),
		param("engaged_session_event", "int_value", `"1"`), param("engagement_time_msec", "int_value", `"5213"`),
		param("debug_mode", "int_value", `"1"`), param("all_data", "string_value", `"full"`),
	}, ",")
	data := repeat(func(i int) string {
		return fmt.Sprintf(`{"event_date":"20260601","event_timestamp":"1780272000%06d","event_name":"page_view","event_params":[%s],"event_bundle_sequence_id":"%d","user_pseudo_id":"1026454.4271112504","privacy_info":{"analytics_storage":"Yes","ads_storage":"No"},`+
			`"user_properties":[],"device":{"category":"desktop","operating_system":"Macintosh","language":"en-us"},"geo":{"continent":"Europe","country":"Netherlands","city":"Amsterdam"},`+
			`"traffic_source":{"medium":"organic","name":"(organic)","source":"google"},"stream_id":"2100450278","platform":"WEB"}`, i, params, i)
	})
	d, err := ga4.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	against(b, len(data), "encoding/json", decoded(d, data), maps(data))
}

// BenchmarkTouch reads the canonical JSON of touches. Target: at least twice as fast.
func BenchmarkTouch(b *testing.B) {
	data := repeat(func(i int) string {
		return fmt.Sprintf(`{"source":"web","id":"e-%d","at":"2026-04-01T09:30:00.25Z","kind":"form","channel":"Organic Search","touchpoint":"/contact","campaign":{"source":"news","medium":"email","name":"june"},`+
			`"ids":[{"type":"anonymous_id","value":"a-17f3"},{"type":"email","value":"ann@example.com"}],"direction":"inbound","props":{"campaign_size":12,"landing":"/pricing","logged_in":false,"referrer":"https://search.example","step":"2","url":"https://example.com/contact","variant":"b"}}`, i)
	})
	against(b, len(data), "encoding/json", func() error {
		for _, err := range touchpoint.NewReader(bytes.NewReader(data), touchpoint.JSONLines, nil).All() {
			if err != nil {
				return err
			}
		}
		return nil
	}, maps(data))
}

// BenchmarkTable reads a CSV of twelve columns by a mapping; the peer only cuts it into
// fields. Target: at most twice its time where that is sensible.
func BenchmarkTable(b *testing.B) {
	data := append([]byte("id,at,type,name,chan,camp,user,mail,amount,cur,owner,subject\n"), repeat(func(i int) string {
		return fmt.Sprintf("e%d,2026-06-01 09:%02d:%02d,OPEN,Spring letter,Email,june,u%d,a%d@example.com,%d.50,EUR,o%d,Some subject of a mail", i, i/60%60, i%60, i, i, i%90, i%9)
	})...)
	m, err := csvmap.Parse([]byte(`{"source":"crm","id":"id","at":{"col":"at","zone":"UTC"},"kind":{"col":"type","map":{"OPEN":"email_open"}},"touchpoint":"name","channel":"chan",
		"campaign.name":"camp","ids":[{"type":"user_id","col":"user"},{"type":"email","col":"mail"}],"value":"amount","currency":"cur","props":{"owner":"owner","subject":"subject"}}`))
	if err != nil {
		b.Fatal(err)
	}
	d, err := m.Decoder(nil)
	if err != nil {
		b.Fatal(err)
	}
	against(b, len(data), "encoding/csv", decoded(d, data), func() error {
		r := csv.NewReader(bytes.NewReader(data))
		for r.ReuseRecord = true; ; {
			if _, err := r.Read(); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
	})
}
