package httpin_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/channel"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/cloudevents"
	"github.com/tabi-go/tabi/touchpoint/ingest/httpin"
	"github.com/tabi-go/tabi/touchpoint/ingest/segment"
)

func TestEndpoints(t *testing.T) {
	t.Parallel()
	const page = `{"messageId":"m","userId":"u","name":"Home","timestamp":"2026-06-01T11:00:00Z"}`
	for path, want := range map[string]string{
		"/v1/track": "200 offered=1 accepted=1", "/v1/identify": "200 offered=1 accepted=1", "/v1/page": "200 offered=1 accepted=1",
		"/v1/screen": "200 offered=1 accepted=1", "/v1/t": "200 offered=1 accepted=1", "/v1/i": "200 offered=1 accepted=1",
		"/v1/p": "200 offered=1 accepted=1", "/v1/s/": "200 offered=1 accepted=1", "/api/s/page": "200 offered=1 accepted=1",
		"/api/s/s2s/page": "200 offered=1 accepted=1", "/v1/m": "200", "/v1/x": "404", "/": "404", "/api/s/p": "404", "/v1/": "404", "/v2/track": "404",
		// A message that names no call is refused by a batch, which goes on.
		"/v1/batch": "200 offered=1 rejected=1", "/v1/b": "200 offered=1 rejected=1", "/v1/import": "200 offered=1 rejected=1",
		"/beacon/v1/batch": "200 offered=1 rejected=1",
	} {
		text := page
		if strings.HasSuffix(path, "/track") || path == "/v1/t" {
			text = strings.Replace(page, `"name":"Home"`, `"event":"Home"`, 1)
		}
		if a := serve(t, handler(t, &desk{}, nil), signed(path, text, "Content-Type", "text/plain")); a.counts() != want {
			t.Errorf("%s: %s, want %s: %s", path, a.counts(), want, a.text)
		}
	}
	req := signed("/v1/track", "")
	req.Method = http.MethodGet
	if a := serve(t, handler(t, &desk{}, nil), req); a.code != http.StatusMethodNotAllowed || !strings.Contains(a.header.Get("Allow"), "POST") {
		t.Errorf("GET: %d", a.code)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	o := httpin.Options{Keys: map[string]string{"web": secret, "old": "wk-old"}, Disabled: []string{"old"}, Lookup: func(key string) (string, bool) {
		if key == "wk-dynamic" {
			return "dynamic", true
		}
		return "", true
	}}
	text := track("m", "x")
	for name, c := range map[string]struct {
		req    *http.Request
		code   int
		source string
	}{
		"basic":                    {signed("/v1/track", text), 200, "web"},
		"header":                   {request("/v1/track", text, "X-Write-Key", secret), 200, "web"},
		"body":                     {request("/v1/batch", `{"a":{"writeKey":"no"},"b":["writeKey","no"],"writeKey" : "`+secret+`","batch":[`+text+`]}`), 200, "web"},
		"a later member of a body": {request("/v1/batch", `{"batch":[`+text+`],"x":"writeKey","writeKey":"`+secret+`"}`), 200, "web"},
		"query of a beacon":        {request("/beacon/v1/batch?writeKey="+secret, text), 200, "web"},
		"query of another path":    {request("/v1/track?writeKey="+secret, text), 401, ""},
		"looked up":                {request("/v1/track", text, "X-Write-Key", "wk-dynamic"), 200, "dynamic"},
		"none":                     {request("/v1/track", text), 401, ""},
		"empty":                    {request("/v1/track", text, "X-Write-Key", ""), 401, ""},
		"wrong":                    {request("/v1/track", text, "X-Write-Key", secret+"x"), 401, ""},
		"wrong in the body":        {request("/v1/track", `{"writeKey":"x",`+text[1:]), 401, ""},
		"of a member of a message": {request("/v1/batch", `{"batch":[{"writeKey":"`+secret+`"}]}`), 401, ""},
		"switched off":             {request("/v1/track", text, "X-Write-Key", "wk-old"), 403, ""},
	} {
		d := &desk{}
		a := serve(t, handler(t, d, &o), c.req)
		if a.code != c.code || (a.code == 401) != (a.header.Get("WWW-Authenticate") != "") {
			t.Errorf("%s: %d, want %d: %s", name, a.code, c.code, a.text)
		}
		if c.source != "" && (len(d.touches) != 1 || d.touches[0].Source != c.source) {
			t.Errorf("%s: %v", name, d.touches)
		}
		if c.source == "" && len(d.touches) > 0 {
			t.Errorf("%s: recorded", name)
		}
	}
	h, err := httpin.New(&desk{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a := serve(t, h, signed("/v1/track", text)); a.code != 401 {
		t.Errorf("no keys configured: %d, want 401", a.code)
	}
	d := &desk{}
	if a := serve(t, handler(t, d, &httpin.Options{Open: true}), signed("/v1/track", text)); a.code != 200 || d.touches[0].Source != "segment" {
		t.Errorf("open: %d", a.code)
	}
}

// Every status of a body that is too much, broken or not allowed, and nothing recorded.
func TestBounds(t *testing.T) {
	t.Parallel()
	small := httpin.Options{MaxBody: 2000, MaxMessages: 3}
	fit := batch(track("1", "a")) + strings.Repeat(" ", 2000-len(batch(track("1", "a"))))
	for name, c := range map[string]struct {
		o    httpin.Options
		req  *http.Request
		want string
	}{
		"at the bound":                {small, signed("/v1/batch", fit), "200 offered=1 accepted=1"},
		"one byte over":               {small, signed("/v1/batch", fit+" "), "413"},
		"one byte over inflated":      {small, signed("/v1/batch", zipped(fit+" "), "Content-Encoding", "gzip"), "413"},
		"at the bound inflated":       {small, signed("/v1/batch", zipped(fit), "Content-Encoding", "gzip"), "200 offered=1 accepted=1"},
		"gzip of two members":         {small, signed("/v1/batch", zipped(fit[:9])+zipped(fit[9:]), "Content-Encoding", "GZIP"), "200 offered=1 accepted=1"},
		"gzip that is none":           {small, signed("/v1/batch", fit, "Content-Encoding", "gzip"), "400"},
		"gzip cut off":                {small, signed("/v1/batch", zipped(fit)[:30], "Content-Encoding", "gzip"), "400"},
		"gzip with a wrong sum":       {small, signed("/v1/batch", corrupt(zipped(fit)), "Content-Encoding", "gzip"), "400"},
		"another encoding":            {small, signed("/v1/batch", fit, "Content-Encoding", "br"), "415"},
		"two encodings":               {small, signed("/v1/batch", zipped(zipped(fit)), "Content-Encoding", "gzip, gzip"), "415"},
		"identity":                    {small, signed("/v1/batch", fit, "Content-Encoding", "identity"), "200 offered=1 accepted=1"},
		"as many messages as allowed": {small, signed("/v1/batch", batch(track("1", "a"), track("2", "a"), track("3", "a"))), "200 offered=3 accepted=3"},
		"one message more":            {small, signed("/v1/batch", batch(track("1", "a"), track("2", "a"), track("3", "a"), track("4", "a"))), "413"},
		"broken JSON":                 {small, signed("/v1/batch", `{"batch":[`+track("1", "a")+`,`), "400"},
		"broken behind good messages": {small, signed("/v1/batch", `[`+track("1", "a")+`,{]`), "400"},
		"rubbish behind it":           {small, signed("/v1/batch", batch(track("1", "a"))+"}"), "400"},
		"no body":                     {small, signed("/v1/batch", ""), "400"},
		"blank body":                  {small, signed("/v1/track", " \n"), "400"},
		"an empty batch":              {small, signed("/v1/batch", batch()), "200"},
		"a message over 1 MiB":        {httpin.Options{}, signed("/v1/batch", batch(track("1", "a"), track("2", strings.Repeat("x", 1<<20)), track("3", "a"))), "200 offered=3 accepted=2 rejected=1"},
		"16 MiB to the byte":          {httpin.Options{}, signed("/v1/batch", batch(track("1", "a"))+strings.Repeat(" ", httpin.MaxBody-len(batch(track("1", "a"))))), "200 offered=1 accepted=1"},
		"16 MiB and one byte":         {httpin.Options{}, signed("/v1/batch", strings.Repeat(" ", httpin.MaxBody+1)), "413"},
		"100 MiB of zeros, gzipped":   {httpin.Options{}, signed("/v1/batch", bomb(), "Content-Encoding", "gzip"), "413"},
		"depth 10⁶ in a batch":        {httpin.Options{}, signed("/v1/batch", batch(track("1", "a"), `{"x":`+strings.Repeat("[", million())+strings.Repeat("]", million())+`}`)), "200 offered=2 accepted=1 rejected=1"},
		"depth 10⁶ alone":             {httpin.Options{}, signed("/v1/track", strings.Repeat("[", million())+strings.Repeat("]", million())), "400 offered=1 rejected=1"},
		"depth 10⁶, not closed":       {httpin.Options{}, signed("/v1/track", strings.Repeat(`{"a":`, million())), "400"},
		"10⁶ keys":                    {httpin.Options{}, signed("/v1/track", `{"event":"x","userId":"u","properties":{`+keys(1e6)+`}}`), "400 offered=1 rejected=1"},
		"10,001 messages":             {httpin.Options{}, signed("/v1/batch", `[`+strings.Repeat(`{},`, httpin.MaxMessages)+`{}]`), "413"},
	} {
		d := &desk{}
		o := c.o
		a := serve(t, handler(t, d, &o), c.req)
		if a.counts() != c.want {
			t.Errorf("%s: %s, want %s: %.200s", name, a.counts(), c.want, a.text)
		}
		if a.code >= 400 && len(d.touches) > 0 {
			t.Errorf("%s: %d recorded", name, len(d.touches))
		}
	}
	for _, o := range []httpin.Options{{MaxBody: -1}, {MaxInFlight: -1}, {ReadTimeout: -1}, {Keys: map[string]string{"a": ""}}, {Segment: segment.Options{Call: "x"}}, {CloudEvents: cloudevents.Options{Subject: "emial"}}} {
		if _, err := httpin.New(&desk{}, &o); err == nil {
			t.Errorf("%+v is no options", o)
		}
	}
	if _, err := httpin.New(nil, nil); err == nil {
		t.Error("no sink")
	}
}

func corrupt(z string) string {
	b := []byte(z)
	b[len(b)-6] ^= 1
	return string(b)
}

func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"k%d":0,`, i)
	}
	return strings.TrimSuffix(b.String(), ",")
}

// 100 MiB of zeros make the heap grow by less than 32 MiB.
func TestGzipBombKeepsTheHeapSmall(t *testing.T) {
	h := handler(t, &desk{}, nil)
	text := bomb()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if a := serve(t, h, signed("/v1/batch", text, "Content-Encoding", "gzip")); a.code != 413 {
		t.Error(a.code)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 32<<20 {
		t.Errorf("%d MiB allocated in all", grown>>20)
	}
}

func TestResults(t *testing.T) {
	t.Parallel()
	h := handler(t, &desk{}, nil)
	text := batch(track("1", "a"), track("1", "a"), track("1", "b"), `{"type":"track","messageId":"4","event":"x","timestamp":"2026-06-01T11:00:00Z"}`, `{"a":1,"A":2}`, track("6", "a"))
	a := serve(t, h, signed("/v1/batch", text))
	want := `[{"i":1,"status":"duplicate"},{"i":2,"status":"conflict","fields":["touchpoint"]},` +
		`{"i":3,"status":"rejected","reason":"missing","field":"ids"},{"i":4,"status":"rejected","reason":"duplicate_key","field":"message"}]`
	if a.counts() != "200 offered=6 accepted=2 duplicate=1 conflict=1 rejected=2" || !strings.Contains(a.text, `"results":`+want) || !a.Success {
		t.Errorf("%s", a.text)
	}
	if a := serve(t, h, signed("/v1/batch?results=all", text)); len(a.Results) != 6 || a.Results[5].Status != "duplicate" || a.Duplicate != 3 {
		t.Errorf("all: %s", a.text)
	}
	if a := serve(t, h, signed("/v1/track", `{"event":"x"}`)); a.counts() != "400 offered=1 rejected=1" || a.Success {
		t.Errorf("a single message that is rejected: %s", a.text)
	}
}

func TestIdempotence(t *testing.T) {
	t.Parallel()
	d := &desk{}
	clk := &ticking{at: now}
	h := handler(t, d, &httpin.Options{Clock: clk})
	for _, step := range []struct {
		text, key, want string
	}{
		{batch(track("1", "a"), track("2", "a")), "", "200 offered=2 accepted=2"},
		{batch(track("1", "a"), track("2", "a")), "", "200 offered=2 duplicate=2"},
		{track("", "derived"), "", "200 offered=1 accepted=1"}, // its time tells
		{track("", "derived"), "", "200 offered=1 duplicate=1"},
		{`{"type":"track","event":"x","userId":"u","messageId":"t"}`, "", "200 offered=1 accepted=1"},
		{`{"type":"track","event":"x","userId":"u","messageId":"t"}`, "", "200 offered=1 duplicate=1"}, // at is that of arrival
		{`{"type":"track","event":"x","userId":"u"}`, "", "200 offered=1 accepted=1"},
		{`{"type":"track","event":"x","userId":"u"}`, "", "200 offered=1 accepted=1"}, // nothing tells
		{`{"type":"track","event":"x","userId":"u"}`, "idem-1", "200 offered=1 accepted=1"},
		{`{"type":"track","event":"x","userId":"u"}`, "idem-1", "200 offered=1 duplicate=1"},
		{`{"type":"track","event":"x","userId":"u"}`, "idem-2", "200 offered=1 accepted=1"},
	} {
		req := signed("/v1/batch?results=all", step.text)
		if step.key != "" {
			req.Header.Set("Idempotency-Key", step.key)
		}
		a := serve(t, h, req)
		if a.counts() != step.want {
			t.Errorf("%s %s: %s, want %s: %s", step.text, step.key, a.counts(), step.want, a.text)
		}
		marked := len(a.Results) > 0 && slices.Contains(a.Results[0].Notes, "not_idempotent")
		if bare := !strings.Contains(step.text, "messageId") && !strings.Contains(step.text, "timestamp") && step.key == ""; bare != marked {
			t.Errorf("%s: not_idempotent is %v", step.text, marked)
		}
	}
}

// ticking is a clock that moves on at every reading.
type ticking struct{ at time.Time }

func (c *ticking) Now() time.Time { c.at = c.at.Add(time.Second); return c.at }

// I4: batch, array, single, gzip and plain, HTTP and file give one touch.
func TestOneMessageInAllForms(t *testing.T) {
	t.Parallel()
	message := `{"messageId":"m","type":"page","name":"Home","anonymousId":"a","timestamp":"2026-06-01T11:59:00Z","context":{"page":{"url":"https://example.com/?utm_source=x"}}}`
	dec, err := segment.New(&segment.Options{Options: ingest.Options{Source: "web"}})
	if err != nil {
		t.Fatal(err)
	}
	var want string
	for rec, err := range dec.Decode(strings.NewReader(message), now) {
		if err != nil || rec.Err != nil {
			t.Fatal(err, rec.Err)
		}
		want = string(rec.Touches[0].AppendJSON(nil))
	}
	for name, req := range map[string]*http.Request{
		"single": signed("/v1/page", message), "short": signed("/v1/p", message), "batch": signed("/v1/batch", batch(message)),
		"array": signed("/v1/batch", "["+message+"]"), "gzip": signed("/v1/batch", zipped(batch(message)), "Content-Encoding", "gzip"),
		"jitsu": signed("/api/s/page", message), "chunked": chunked(signed("/v1/page", message)),
	} {
		d := &desk{}
		a := serve(t, handler(t, d, nil), req)
		if a.code != 200 || len(d.touches) != 1 || string(d.touches[0].AppendJSON(nil)) != want {
			t.Errorf("%s: %d %v, want %s", name, a.code, d.touches, want)
		}
	}
}

// chunked hides the length of a body.
func chunked(req *http.Request) *http.Request {
	req.ContentLength = -1
	return req
}

func TestCloudEvents(t *testing.T) {
	t.Parallel()
	o := httpin.Options{CloudEvents: cloudevents.Options{Subject: identity.UserID}, Origins: []string{"events.example"}}
	const event = `{"specversion":"1.0","id":"e1","source":"/crm","type":"deal.won","subject":"u1","time":"2026-06-01T10:00:00Z","data":{"n":1}}`
	for name, c := range map[string]struct {
		req  *http.Request
		want string
	}{
		"structured":  {signed("/cloudevents", event, "Content-Type", "application/cloudevents+json"), "200 offered=1 accepted=1"},
		"batch":       {signed("/cloudevents", "["+event+"]", "Content-Type", "application/cloudevents-batch+json; charset=utf-8"), "200 offered=1 accepted=1"},
		"empty batch": {signed("/cloudevents", "[]", "Content-Type", "application/cloudevents-batch+json"), "200"},
		"binary": {signed("/cloudevents", `{"n":1}`, "Content-Type", "application/json", "ce-specversion", "1.0", "ce-id", "e1", "ce-source", "/crm",
			"ce-type", "deal.won", "ce-subject", "u%31", "ce-time", "2026-06-01T10:00:00Z"), "200 offered=1 accepted=1"},
		"binary without an id": {signed("/cloudevents", `{"n":1}`, "Content-Type", "application/json", "ce-specversion", "1.0", "ce-source", "/crm", "ce-type", "x"), "200 offered=1 rejected=1"},
		"binary, broken data":  {signed("/cloudevents", `{"n":`, "Content-Type", "application/json", "ce-specversion", "1.0"), "400"},
		"no key":               {request("/cloudevents", event), "401"},
	} {
		d := &desk{}
		a := serve(t, handler(t, d, &o), c.req)
		if a.counts() != c.want {
			t.Errorf("%s: %s, want %s: %s", name, a.counts(), c.want, a.text)
		}
		if a.Accepted == 1 {
			tp := d.touches[0]
			if n, _ := tp.Props.Number("n"); tp.Source != "/crm" || tp.ID != "e1" || len(tp.IDs) != 1 || tp.IDs[0].Value() != "u1" || n != "1" {
				t.Errorf("%s: %s", name, tp.AppendJSON(nil))
			}
		}
	}
	ask := request("/cloudevents", "", "WebHook-Request-Origin", "events.example")
	ask.Method = http.MethodOptions
	if a := serve(t, handler(t, &desk{}, &o), ask); a.code != 204 || a.header.Get("WebHook-Allowed-Origin") != "events.example" {
		t.Errorf("leave: %d %v", a.code, a.header)
	}
	ask.Header.Set("WebHook-Request-Origin", "evil.example")
	if a := serve(t, handler(t, &desk{}, &o), ask); a.header.Get("WebHook-Allowed-Origin") != "" {
		t.Error("leave for anybody")
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	h := handler(t, &desk{}, &httpin.Options{Origins: []string{"https://shop.example.com"}})
	for origin, allowed := range map[string]bool{"https://shop.example.com": true, "https://evil.example": false, "": false} {
		pre := request("/v1/batch", "", "Origin", origin)
		pre.Method = http.MethodOptions
		a := serve(t, h, pre)
		if a.code != 204 || (a.header.Get("Access-Control-Allow-Origin") == origin && origin != "") != allowed || (a.header.Get("Access-Control-Max-Age") == "86400") != allowed {
			t.Errorf("preflight of %q: %d %v", origin, a.code, a.header)
		}
		a = serve(t, h, signed("/v1/batch", batch(), "Origin", origin))
		if (a.header.Get("Access-Control-Allow-Origin") != "") != allowed || a.header.Get("Vary") != "Origin" {
			t.Errorf("post of %q: %v", origin, a.header)
		}
	}
}

// 65 requests at once: the last is told to come again. A limit says how long.
func TestTooManyRequests(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	d := &desk{before: func(context.Context) error { entered <- struct{}{}; <-leave; return nil }}
	h := handler(t, d, nil)
	done := make(chan int)
	for i := range httpin.MaxInFlight {
		go func() { done <- serve(t, h, signed("/v1/track", track(fmt.Sprint(i), "x"))).code }()
		<-entered
	}
	if a := serve(t, h, signed("/v1/track", track("65", "x"))); a.code != 429 || a.header.Get("Retry-After") != "1" {
		t.Errorf("the 65th: %d %v", a.code, a.header)
	}
	close(leave)
	for range httpin.MaxInFlight {
		if code := <-done; code != 200 {
			t.Errorf("%d", code)
		}
	}
	limit := handler(t, &desk{}, &httpin.Options{Limit: func(name string) (bool, time.Duration) { return name != "web", 1500 * time.Millisecond }})
	if a := serve(t, limit, signed("/v1/track", track("1", "x"))); a.code != 429 || a.header.Get("Retry-After") != "2" {
		t.Errorf("limited: %d %v", a.code, a.header)
	}
}

// What a sink does wrong, and what the sender is told.
func TestSinkFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(context.Context) error
		want   string
	}{
		"refuses": {func(context.Context) error { return storage.ErrUnavailable }, "503 offered=2 retry=2"},
		"panics":  {func(context.Context) error { panic("u1 SECRET") }, "500 offered=2 retry=2"},
	} {
		d := &desk{before: c.before}
		var log bytes.Buffer
		h := handler(t, d, &httpin.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		a := serve(t, h, signed("/v1/batch", batch(track("1", "a"), track("2", "a"))))
		if a.counts() != c.want || (a.code == 503) != (a.header.Get("Retry-After") == "1") {
			t.Errorf("%s: %s, want %s", name, a.counts(), c.want)
		}
		if strings.Contains(log.String()+a.text, "SECRET") {
			t.Errorf("%s: the log tells: %s", name, &log)
		}
		d.before = nil
		if a := serve(t, h, signed("/v1/batch", batch(track("1", "a"), track("2", "a")))); a.counts() != "200 offered=2 accepted=2" {
			t.Errorf("%s, again: %s", name, a.counts())
		}
	}
	for name, o := range map[string]httpin.Options{
		"limit":  {Limit: func(string) (bool, time.Duration) { panic("SECRET") }},
		"lookup": {Lookup: func(string) (string, bool) { panic("SECRET") }},
		"dead":   {Dead: func(ingest.DeadLetter) error { panic("SECRET") }},
	} {
		if a := serve(t, handler(t, &desk{}, &o), signed("/v1/batch", batch(`{}`))); a.code != 500 || strings.Contains(a.text, "SECRET") {
			t.Errorf("%s panics: %d %s", name, a.code, a.text)
		}
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	d := &desk{}
	w := httptest.NewRecorder()
	handler(t, d, nil).ServeHTTP(w, signed("/v1/track", track("1", "a")).WithContext(gone))
	if len(d.touches) != 0 || w.Body.Len() != 0 {
		t.Error("recorded for somebody who is gone")
	}
}

// Dead letters: one for each message refused or in conflict; a sink of them that fails is
// seen.
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	var letters []ingest.DeadLetter
	var raw []string
	o := httpin.Options{Secret: []byte("k"), Dead: func(l ingest.DeadLetter) error { letters = append(letters, l); return nil },
		Raw: func(_ ingest.DeadLetter, b []byte) error { raw = append(raw, string(b)); return nil }}
	bad := `{"type":"track","messageId":"3"}`
	serve(t, handler(t, &desk{}, &o), signed("/v1/batch", batch(track("1", "a"), track("1", "b"), bad)))
	if len(letters) != 2 || letters[0].Status != touchpoint.Conflict || letters[0].KeyTag == "" || letters[1].Reason != touchpoint.Missing || len(raw) != 2 || raw[1] != bad {
		t.Errorf("%+v %q", letters, raw)
	}
	o.Dead = func(ingest.DeadLetter) error { return errors.New("disk full") }
	if a := serve(t, handler(t, &desk{}, &o), signed("/v1/batch", batch(bad))); a.code != 503 {
		t.Errorf("dead letters are lost in silence: %d", a.code)
	}
	// One letter that failed is as bad as all, wherever in the batch it stood.
	for fails := range 3 {
		n := 0
		o.Dead = func(ingest.DeadLetter) error {
			if n++; n == fails+1 {
				return errors.New("disk full")
			}
			return nil
		}
		if a := serve(t, handler(t, &desk{}, &o), signed("/v1/batch", batch(bad, bad, track("1", "a"), bad))); a.code != 503 || n != 3 {
			t.Errorf("letter %d of %d is lost in silence: %d", fails+1, n, a.code)
		}
	}
}

// I10: no log and no answer holds a write key, a click id or an identifier.
func TestNothingIsTold(t *testing.T) {
	t.Parallel()
	c, err := channel.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	d := &desk{}
	o := httpin.Options{Log: slog.New(slog.NewJSONHandler(&log, nil))}
	o.Segment.Channel = c.Apply
	o.Segment.Minimise = ingest.Minimise{URL: ingest.URLUTMOnly, ClickIDs: ingest.ClickIDsKind, IP: ingest.IPDrop, UserAgent: ingest.AgentDrop}
	h := handler(t, d, &o)
	text := batch(`{"type":"page","messageId":"1","userId":"person-CANARY","timestamp":"2026-06-01T11:00:00Z","context":{"ip":"1.2.3.4","page":{"url":"https://ex.example/?gclid=click-CANARY","referrer":"https://www.google.com/?q=query-CANARY"}}}`,
		`{"type":"page","messageId":"2","userId":{"a":"person-CANARY"}}`)
	req := request("/v1/batch", `{"writeKey":"`+secret+`",`+text[1:])
	a := serve(t, h, req)
	serve(t, h, request("/v1/nothing/person-CANARY?writeKey="+secret, ""))
	serve(t, h, request("/v1/track", text, "X-Write-Key", "key-CANARY"))
	if told := log.String() + a.text; strings.Contains(told, "CANARY") || strings.Contains(told, "SECRET") {
		t.Errorf("told: %s", told)
	}
	if !strings.Contains(log.String(), `"path":"/v1/batch","status":200,"key":"web","offered":2`) {
		t.Errorf("log: %s", &log)
	}
	if len(d.touches) != 1 || d.touches[0].Channel != "Paid Search" {
		t.Fatalf("%v", d.touches)
	}
	if stored := string(d.touches[0].AppendJSON(nil)); strings.Contains(stored, "click-CANARY") || strings.Contains(stored, secret) || strings.Contains(stored, "query-CANARY") {
		t.Error(stored)
	}
}

// A store that fails half of its calls loses nothing that was answered 200, and senders
// that repeat until then add nothing twice.
func TestFailingStoreLosesNothing(t *testing.T) {
	t.Parallel()
	inner := memstore.New(nil)
	store := storetest.Faulty(inner, &storetest.Faults{Refuse: storetest.When{Rate: 300}, Lose: storetest.When{Rate: 200}, Seed: 7})
	tr, err := journey.NewTracker(store, &journey.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	h := handler(t, tr, nil)
	said := map[int]bool{}
	failed := 0
	for i := range 60 {
		for range 50 {
			a := serve(t, h, signed("/v1/batch", batch(track(fmt.Sprint("a", i), "x"), track(fmt.Sprint("b", i), "x"))))
			if a.code == 200 {
				said[i] = true
				break
			}
			failed++
		}
	}
	if failed < 20 || len(said) != 60 {
		t.Errorf("%d failures, %d of 60 delivered", failed, len(said))
	}
	clean, err := journey.NewTracker(inner, &journey.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		a := serve(t, handler(t, clean, nil), signed("/v1/batch", batch(track(fmt.Sprint("a", i), "x"), track(fmt.Sprint("b", i), "x"))))
		if a.counts() != "200 offered=2 duplicate=2" {
			t.Errorf("batch %d: %s", i, a.counts())
		}
	}
}

// A slow body is broken off, and no goroutine is left of any request.
func TestSlowBody(t *testing.T) {
	before := runtime.NumGoroutine()
	h := handler(t, &desk{}, &httpin.Options{ReadTimeout: 50 * time.Millisecond})
	srv := httptest.NewServer(h)
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST /v1/track HTTP/1.1\r\nHost: x\r\nX-Write-Key: %s\r\nContent-Length: 100\r\n\r\n{", secret)
	answer, err := io.ReadAll(conn) // the server hangs up
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") {
		t.Errorf("%q, %v", answer, err)
	}
	conn.Close()
	res, err := srv.Client().Do(keyed(t, srv.URL+"/v1/track", track("1", "x")))
	if err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	res.Body.Close()
	srv.Close()
	srv.Client().CloseIdleConnections()
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func keyed(t *testing.T, url, text string) *http.Request {
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Write-Key", secret)
	return req
}

// Consents go to a sink that takes them, before the touches.
func TestConsents(t *testing.T) {
	t.Parallel()
	text := batch(`{"type":"track","messageId":"1","event":"x","userId":"u1","timestamp":"2026-06-01T11:00:00Z","context":{"consent":{"categoryPreferences":{"ads":true}}}}`)
	o := httpin.Options{}
	o.Segment.ConsentPurposes = map[string][]string{"ads": {"marketing"}}
	d := &consenting{}
	if a := serve(t, handler(t, d, &o), signed("/v1/batch", text)); a.code != 200 || len(d.consents) != 1 || d.consents[0].Purpose != "marketing" {
		t.Errorf("%d %v", a.code, d.consents)
	}
	d.err = storage.ErrUnavailable
	if a := serve(t, handler(t, d, &o), signed("/v1/batch", text)); a.counts() != "503 offered=1 retry=1" {
		t.Errorf("consents lost: %s", a.counts())
	}
	var log bytes.Buffer
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	if a := serve(t, handler(t, &desk{}, &o), signed("/v1/batch", text)); a.code != 200 || !strings.Contains(log.String(), "dropped=1") {
		t.Errorf("%d %s", a.code, &log)
	}
}

type consenting struct {
	desk
	consents []touchpoint.Consent
	err      error
}

func (d *consenting) RecordConsents(_ context.Context, cs ...touchpoint.Consent) error {
	if len(d.touches) == 0 {
		d.consents = append(d.consents, cs...)
	}
	return d.err
}

func FuzzBody(f *testing.F) {
	f.Add([]byte(zipped(batch(track("1", "a")))), true)
	f.Add([]byte(batch(track("1", "a"), `{}`)), false)
	f.Add([]byte(`{"writeKey":"`+secret+`","batch":[`), false)
	f.Add([]byte(`["writeKey":"`), false)
	f.Fuzz(func(t *testing.T, b []byte, gz bool) {
		req := request("/v1/batch", string(b))
		if gz {
			req.Header.Set("Content-Encoding", "gzip")
		}
		d := &desk{}
		a := serve(t, handler(t, d, &httpin.Options{MaxBody: 1 << 16}), req)
		if a.code == 200 && !strings.Contains(string(b), secret) && !gz {
			t.Errorf("taken without a key: %q", b)
		}
		if a.code != 200 && len(d.touches) > 0 {
			t.Error("recorded, but not said so")
		}
	})
}
