package httpin_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/httpin"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

const secret = "wk-SECRET-1"

// A desk is a sink in memory.
type desk struct {
	mu      sync.Mutex // guards dedupe, touches
	dedupe  ingest.Dedupe
	touches []touchpoint.Touch
	before  func(ctx context.Context) error // called first; an error means that nothing happened
}

func (d *desk) Record(ctx context.Context, touches ...touchpoint.Touch) (outs []touchpoint.Outcome, err error) {
	if d.before != nil {
		if err := d.before(ctx); err != nil {
			return nil, err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range touches {
		o := d.dedupe.Offer(t)
		if outs = append(outs, o); o.Status == touchpoint.Accepted {
			d.touches = append(d.touches, t)
		}
	}
	return outs, nil
}

func handler(t testing.TB, sink httpin.Sink, o *httpin.Options) http.Handler {
	t.Helper()
	if o == nil {
		o = &httpin.Options{}
	}
	if o.Keys == nil && o.Lookup == nil && !o.Open {
		o.Keys = map[string]string{"web": secret}
	}
	if o.Clock == nil {
		o.Clock = clock.NewManual(now)
	}
	h, err := httpin.New(sink, o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// An answer is what httpin says.
type answer struct {
	code                                                                int
	header                                                              http.Header
	text                                                                string
	Success                                                             bool
	Offered, Accepted, Duplicate, Conflict, Rejected, Suppressed, Retry int
	Results                                                             []struct {
		I                     int
		Status, Reason, Field string
		Fields, Notes         []string
	}
}

// counts are the seven numbers of an answer, without those that are zero.
func (a answer) counts() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d", a.code)
	for _, c := range []struct {
		name string
		n    int
	}{{"offered", a.Offered}, {"accepted", a.Accepted}, {"duplicate", a.Duplicate}, {"conflict", a.Conflict},
		{"rejected", a.Rejected}, {"suppressed", a.Suppressed}, {"retry", a.Retry}} {
		if c.n != 0 {
			fmt.Fprintf(&b, " %s=%d", c.name, c.n)
		}
	}
	return b.String()
}

// request makes a POST; headers are name, value, name, value.
func request(path, body string, headers ...string) *http.Request {
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

// signed is request with the write key.
func signed(path, body string, headers ...string) *http.Request {
	req := request(path, body, headers...)
	req.SetBasicAuth(secret, "")
	return req
}

func serve(t testing.TB, h http.Handler, req *http.Request) (a answer) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
			t.Errorf("%s: %v: %s", req.URL.Path, err, w.Body)
		}
	}
	a.code, a.header, a.text = w.Code, w.Header(), w.Body.String()
	if sum := a.Accepted + a.Duplicate + a.Conflict + a.Rejected + a.Suppressed + a.Retry; sum != a.Offered {
		t.Errorf("offered %d, outcomes %d", a.Offered, sum)
	}
	return a
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

// track is one message; id may be empty.
func track(id, event string) string {
	if id != "" {
		id = `"messageId":"` + id + `",`
	}
	return `{` + id + `"type":"track","event":"` + event + `","userId":"u1","timestamp":"2026-06-01T11:59:00Z"}`
}

func batch(messages ...string) string {
	return `{"batch":[` + strings.Join(messages, ",") + `],"sentAt":"2026-06-01T11:59:30Z"}`
}

// bomb is 100 MiB of zeros, gzipped; 24 MiB in short tests, still more than a body may be.
var bomb = sync.OnceValue(func() string {
	mib := 100
	if testing.Short() {
		mib = 24
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	for range mib {
		_, _ = z.Write(bytes.Repeat([]byte("0"), 1<<20))
	}
	_ = z.Close()
	return b.String()
})

// million is 10⁶, less in short tests.
func million() int {
	if testing.Short() {
		return 1e5
	}
	return 1e6
}
