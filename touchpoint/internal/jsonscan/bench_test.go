package jsonscan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// BenchmarkParse reads a message of 0.9 KB; the peer only checks its syntax.
func BenchmarkParse(b *testing.B) {
	text := `{"type":"track","event":"Report Submitted","messageId":"ajs-1","anonymousId":"23adfd82-aa0f-45a7-a756-24f2a7a4c895","userId":"u1","timestamp":"2026-06-01T00:00:00.123Z","sentAt":"2026-06-01T00:00:01.123Z",` +
		`"context":{"library":{"name":"analytics.js","version":"2.11.1"},"page":{"path":"/academy/","referrer":"","search":"","title":"Analytics Academy","url":"https://example.com/academy/?utm_source=news&utm_medium=email"},` +
		`"userAgent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/46.0.2490.86 Safari/537.36","ip":"192.0.2.7","locale":"en-US","timezone":"Europe/Amsterdam"},` +
		`"properties":{"title":"Intro to Analytics","plan":"enterprise","seats":3,"nested":{"a":[1,2,3],"b":"` + strings.Repeat("x", 120) + `"}},"integrations":{"All":true,"Mixpanel":false}}`
	b.Run("tabi", func(b *testing.B) {
		var d jsonscan.Doc
		for b.Loop() {
			if _, err := d.Parse(text, jsonscan.Limits{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json.Valid", func(b *testing.B) {
		bytes := []byte(text)
		for b.Loop() {
			if !json.Valid(bytes) {
				b.Fatal("not valid")
			}
		}
	})
}
