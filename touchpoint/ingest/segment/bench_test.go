package segment_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/touchpoint/ingest/segment"
)

// kilobyte messages as browsers send them.
func kilobytes(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"type":"track","event":"Report Submitted","messageId":"ajs-%d","anonymousId":"23adfd82-aa0f-45a7-a756-24f2a7a4c895","userId":"u%d","timestamp":"2026-06-01T00:00:00.123Z","sentAt":"2026-06-01T00:00:01.123Z","context":{"library":{"name":"analytics.js","version":"2.11.1"},"page":{"path":"/academy/","referrer":"","search":"","title":"Analytics Academy","url":"https://example.com/academy/?utm_source=news&utm_medium=email"},"userAgent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/46.0.2490.86 Safari/537.36","ip":"192.0.2.7","locale":"en-US","timezone":"Europe/Amsterdam"},"properties":{"title":"Intro to Analytics","plan":"enterprise","seats":%d,"nested":{"a":[1,2,3],"b":"%s"}},"integrations":{"All":true,"Mixpanel":false}}`+"\n",
			i, i%1000, i, strings.Repeat("x", 120))
	}
	return b.Bytes()
}

func BenchmarkDecode(b *testing.B) {
	data := kilobytes(1000)
	d, err := segment.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		for rec, err := range d.Decode(bytes.NewReader(data), time.Time{}) {
			if err != nil || rec.Err != nil {
				b.Fatal(err, rec.Err)
			}
		}
	}
}

// BenchmarkMap is what the decoder is measured against: the same bytes into a map.
func BenchmarkMap(b *testing.B) {
	data := kilobytes(1000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		for line := range bytes.Lines(data) {
			var m map[string]any
			if err := json.Unmarshal(line, &m); err != nil {
				b.Fatal(err)
			}
		}
	}
}
