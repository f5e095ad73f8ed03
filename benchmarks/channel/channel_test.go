package channel_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/channel"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/httpin"
	"github.com/tabi-go/tabi/touchpoint/ingest/segment"
)

const shop = "https://shop.example.com/"

var visits = []channel.Visit{
	{URL: shop, Referrer: "https://www.google.co.jp/"},
	{URL: shop, Referrer: "https://duckduckgo.com/"},
	{URL: shop, Referrer: "https://l.facebook.com/l.php?u=x"},
	{URL: shop, Referrer: "https://blog.partner.example.org/post"},
	{URL: shop, Referrer: "https://gemini.google.com/app"},
	{URL: shop + "?utm_source=google&utm_medium=cpc", Referrer: "https://www.google.com/"},
	{URL: shop + "?utm_source=google&utm_medium=CPC&utm_campaign=Brand"},
	{URL: shop + "?gclid=abc", Referrer: "https://www.google.com/"},
	{URL: shop + "?utm_source=newsite&utm_medium=blog&utm_campaign=workshop"},
	{URL: shop + "?utm_source=%E3%83%A1%E3%83%AB%E3%83%9E%E3%82%AC&utm_medium=email"},
}

func classifier(b *testing.B, o *channel.Options) *channel.Classifier {
	c, err := channel.New(o)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// each runs f over the visits, one an operation.
func each(b *testing.B, f func(channel.Visit)) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		f(visits[i%len(visits)])
	}
}

// BenchmarkClassify: target at most 2 µs and 2 allocations. The peer reads the URL with
// net/url and tests the published expressions, without any table of hosts.
func BenchmarkClassify(b *testing.B) {
	c := classifier(b, nil)
	b.Run("tabi", func(b *testing.B) { each(b, func(v channel.Visit) { c.Classify(v) }) })
	paid := regexp.MustCompile(`^(.*cp.*|ppc|retargeting|paid.*)$`)
	sale := regexp.MustCompile(`^(.*(([^a-df-z]|^)shop|shopping).*)$`)
	b.Run("net/url and regexp", func(b *testing.B) {
		each(b, func(v channel.Visit) {
			u, err := url.Parse(v.URL)
			if err != nil {
				b.Fatal(err)
			}
			q := u.Query()
			paid.MatchString(strings.ToLower(q.Get("utm_medium")))
			sale.MatchString(strings.ToLower(q.Get("utm_campaign")))
		})
	})
}

// BenchmarkCustomRules: target at most 10 µs with 100 rules that do not match.
func BenchmarkCustomRules(b *testing.B) {
	o := &channel.Options{}
	for i := range 100 {
		o.Custom = append(o.Custom, channel.Rule{Channel: "X", Items: []channel.Item{
			{Field: "source", Op: "exact", Values: []string{fmt.Sprint("a", i), fmt.Sprint("b", i)}},
			{Field: "campaign", Op: "icontains", Values: []string{fmt.Sprint("c", i)}},
		}})
	}
	c := classifier(b, o)
	each(b, func(v channel.Visit) { c.Classify(v) })
}

// BenchmarkAgent: target at most 1 µs and no allocation.
func BenchmarkAgent(b *testing.B) {
	const agent = "Mozilla/5.0 (Linux; Android 13; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.0.0 Mobile Safari/537.36"
	b.ReportAllocs()
	for b.Loop() {
		channel.Agent(agent)
	}
}

// BenchmarkReceive takes 1,000 messages over HTTP into memory. Target: at most 1.5 times
// decoding and recording them directly, which is the peer.
func BenchmarkReceive(b *testing.B) {
	var text strings.Builder
	text.WriteString(`{"batch":[`)
	for i := range 1000 {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `{"type":"track","messageId":"m%d","userId":"u%d","event":"Signed Up","timestamp":"2026-04-01T09:00:00Z","properties":{"plan":"a","seats":3}}`, i, i%50)
	}
	text.WriteString(`]}`)
	tracker := func() *journey.Tracker {
		tr, err := journey.NewTracker(new(memstore.Store), nil)
		if err != nil {
			b.Fatal(err)
		}
		return tr
	}
	b.Run("httpin", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			h, err := httpin.New(tracker(), &httpin.Options{Keys: map[string]string{"web": "k"}})
			if err != nil {
				b.Fatal(err)
			}
			req := httptest.NewRequest(http.MethodPost, "/v1/batch", strings.NewReader(text.String()))
			req.SetBasicAuth("k", "")
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, req); w.Code != http.StatusOK {
				b.Fatal(w.Body)
			}
		}
	})
	b.Run("decode and Record", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d, err := segment.New(&segment.Options{Options: ingest.Options{Source: "web"}})
			if err != nil {
				b.Fatal(err)
			}
			var touches []touchpoint.Touch
			for rec, err := range d.Decode(strings.NewReader(text.String()), time.Now()) {
				if err != nil || rec.Err != nil {
					b.Fatal(err, rec.Err)
				}
				touches = append(touches, rec.Touches...)
			}
			if _, err := tracker().Record(context.Background(), touches...); err != nil {
				b.Fatal(err)
			}
		}
	})
}
