package sdk_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	analytics "gopkg.in/segmentio/analytics-go.v3"
)

// Segment's client for Go, as it is published, delivers into examples/server; when the
// answer to a batch is lost it sends the batch again, which adds nothing.
func TestSegmentClientDelivers(t *testing.T) {
	url := serve(t)
	lost := &losing{lose: 1}
	report := make(delivered, 5)
	client, err := analytics.NewWithConfig("wk", analytics.Config{
		Endpoint: url, Transport: lost, BatchSize: 5, Callback: report, Logger: quiet{},
		RetryAfter: func(int) time.Duration { return time.Millisecond },
	})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	page := &analytics.Context{Page: analytics.PageInfo{URL: "https://shop.example.com/?gclid=x", Referrer: "https://www.google.com/"}}
	for _, m := range []analytics.Message{
		analytics.Page{AnonymousId: "a1", Name: "Home", Timestamp: at, Context: page},
		analytics.Identify{AnonymousId: "a1", UserId: "u1", Timestamp: at.Add(time.Minute), Traits: analytics.NewTraits().SetEmail("Ann@Example.com")},
		analytics.Track{UserId: "u1", Event: "Order Completed", Timestamp: at.Add(2 * time.Minute), Properties: analytics.NewProperties().SetRevenue(54.5).SetCurrency("EUR")},
		analytics.Group{UserId: "u1", GroupId: "g1", Timestamp: at.Add(3 * time.Minute)},
		analytics.Alias{PreviousId: "a0", UserId: "u1", Timestamp: at.Add(4 * time.Minute)},
	} {
		if err := client.Enqueue(m); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 { // before closing, which would give up what is tried again
		select {
		case err := <-report:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(time.Minute):
			t.Fatal("the client delivers nothing")
		}
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if lost.lose != 0 {
		t.Fatal("no answer was lost")
	}
	const want = `{"offered":10,"accepted":5,"duplicate":5,"conflict":0,"rejected":0,"suppressed":0,"retry":0}`
	if got := get(t, url+"/stats"); strings.TrimSpace(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var j struct {
		Steps []struct{ Kind, Channel string }
	}
	body := get(t, url+"/journey?type=email&value=ann@example.com")
	if err := json.Unmarshal([]byte(body), &j); err != nil {
		t.Fatal(err)
	}
	if len(j.Steps) != 2 || j.Steps[0].Kind != "pageview" || j.Steps[0].Channel != "Paid Search" || j.Steps[1].Kind != "order" {
		t.Errorf("the journey: %s", body)
	}
}

// serve runs examples/server and returns where it listens.
func serve(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "server")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/tabi-go/tabi/examples/server").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(program, "-addr", "127.0.0.1:0", "-key", "web=wk")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening ")
	if err != nil || !ok {
		t.Fatalf("first line %q: %v", line, err)
	}
	return url
}

func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %v", url, res.StatusCode, err)
	}
	return string(b)
}

// losing delivers requests and loses the first answers.
type losing struct {
	mu   sync.Mutex
	lose int
}

func (l *losing) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && l.lose > 0 {
		l.lose--
		_ = res.Body.Close()
		return nil, errors.New("the answer was lost")
	}
	return res, err
}

// delivered is what the client was told of each message.
type delivered chan error

func (d delivered) Success(analytics.Message) { d <- nil }

func (d delivered) Failure(_ analytics.Message, err error) { d <- err }

// quiet keeps the client from writing of the answer that was lost on purpose.
type quiet struct{}

func (quiet) Logf(string, ...any)   {}
func (quiet) Errorf(string, ...any) {}
