package main_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tabi-go/tabi/examples/internal/blackbox"
)

const key = "wk-SECRET"

// A server is one that runs.
type server struct {
	t    *testing.T
	cmd  *exec.Cmd
	errs bytes.Buffer
	url  string
}

func start(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{t: t, cmd: blackbox.Command(t, append([]string{"-addr", "127.0.0.1:0", "-key", "web=" + key}, args...)...)}
	s.cmd.Stderr = &s.errs
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening ")
	if err != nil || !ok {
		t.Fatalf("first line %q, %v, %s", line, err, &s.errs)
	}
	s.url = url
	return s
}

// stop sends a signal and returns the exit code and what stood on standard error.
func (s *server) stop(sig os.Signal) (int, string) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
	blackbox.Ended(s.t, s.cmd, s.cmd.Wait(), s.errs.String())
	return s.cmd.ProcessState.ExitCode(), s.errs.String()
}

// post sends events as Segment's own client for Go does: a gzipped batch, the key as the
// user name.
func (s *server) post(path, body string, retry bool) (int, string) {
	s.t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(body))
	_ = z.Close()
	req, err := http.NewRequest(http.MethodPost, s.url+path, &b)
	if err != nil {
		s.t.Fatal(err)
	}
	req.SetBasicAuth(key, "")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set("User-Agent", "analytics-go/3.0.0")
	if retry {
		req.Header.Set("X-Retry-Count", "1")
	}
	return s.do(req)
}

func (s *server) get(path string, headers ...string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodGet, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return s.do(req)
}

func (s *server) do(req *http.Request) (int, string) {
	s.t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

const events = `{"batch":[
 {"type":"page","messageId":"m1","anonymousId":"a1","timestamp":"2026-04-01T09:00:00Z","name":"Home",
  "context":{"page":{"url":"https://shop.example.com/?gclid=CLICK-SECRET","referrer":"https://www.google.com/"}}},
 {"type":"track","messageId":"broken","event":"x","timestamp":"2026-04-01T09:00:30Z"},
 {"type":"identify","messageId":"m2","anonymousId":"a1","userId":"u1","timestamp":"2026-04-01T09:01:00Z","traits":{"email":"Ann@Example.com"}},
 {"type":"page","messageId":"m3","userId":"u1","timestamp":"2026-04-01T09:02:00Z","name":"Thanks",
  "context":{"page":{"url":"https://shop.example.com/thanks","referrer":"https://checkout.stripe.com/"}}},
 {"type":"track","messageId":"m4","userId":"u1","event":"Order Completed","timestamp":"2026-04-01T09:03:00Z","properties":{"revenue":54.5,"currency":"EUR","order_id":"<b>1</b>"}}],
 "sentAt":"2026-04-01T09:04:00Z","context":{"library":{"name":"analytics-go","version":"3.0.0"}}}`

func TestClientDelivers(t *testing.T) {
	t.Parallel()
	s := start(t)
	code, body := s.post("/v1/batch", events, false)
	if want := `"offered":5,"accepted":4,"duplicate":0,"conflict":0,"rejected":1`; code != 200 || !strings.Contains(body, want) {
		t.Errorf("%d %s", code, body)
	}
	code, body = s.post("/v1/batch", events, true) // the answer was lost
	if want := `"offered":5,"accepted":0,"duplicate":4,"conflict":0,"rejected":1`; code != 200 || !strings.Contains(body, want) {
		t.Errorf("again: %d %s", code, body)
	}
	code, body = s.get("/journey?type=email&value=ann@example.com")
	var j struct {
		Subject string
		Steps   []struct{ At, Source, ID, Kind, Channel, Touchpoint string }
		Stages  []struct{ Stage string }
	}
	if err := json.Unmarshal([]byte(body), &j); err != nil || code != 200 || j.Subject == "" || len(j.Stages) == 0 {
		t.Fatalf("%d %v %s", code, err, body)
	}
	if len(j.Steps) < 3 || j.Steps[0].Channel != "Paid Search" || j.Steps[0].ID != "m1" || j.Steps[0].Source != "web" || j.Steps[0].At != "2026-04-01T09:00:00Z" {
		t.Errorf("%+v", j.Steps)
	}
	for _, st := range j.Steps {
		if st.ID == "m3" && st.Channel != "Direct" {
			t.Errorf("the payment page took the visit: %+v", st)
		}
	}
	if code, byUser := s.get("/journey?type=user_id&value=u1"); code != 200 || byUser != body {
		t.Errorf("by user: %d %s", code, byUser)
	}
	for _, unknown := range []string{"/journey?type=user_id&value=u9", "/journey?type=nosuch&value=u1", "/journey", "/nothing"} {
		if code, _ := s.get(unknown); code != 404 {
			t.Errorf("%s: %d", unknown, code)
		}
	}
	code, page := s.get("/report")
	if code != 200 || !strings.HasPrefix(page, "<!DOCTYPE html>") || !strings.Contains(page, "Paid Search") || strings.Contains(page, "<script") || strings.Contains(page, "http") {
		t.Errorf("%d %s", code, page)
	}
	const stats = `{"offered":10,"accepted":4,"duplicate":4,"conflict":0,"rejected":2,"suppressed":0,"retry":0}` + "\n"
	if code, body := s.get("/stats"); code != 200 || body != stats {
		t.Errorf("%d %s", code, body)
	}
	if code, body := s.get("/healthz"); code != 200 || body != "ok\n" {
		t.Errorf("%d %s", code, body)
	}
	code, errs := s.stop(syscall.SIGTERM)
	if want := "offered=10 accepted=4 duplicate=4 conflict=0 rejected=2 suppressed=0 retry=0\n"; code != 0 || errs != want {
		t.Errorf("exit %d: %s", code, errs)
	}
	if all := body + page + errs; strings.Contains(all, "SECRET") {
		t.Error("a key or a click id is told")
	}
}

func TestReadKeyLoadAndRules(t *testing.T) {
	t.Parallel()
	const touch = `{"id":"1","source":"crm","at":"2026-03-01T00:00:00Z","kind":"meeting","channel":"Sales <b>","ids":[{"type":"user_id","value":"u1"}]}` + "\n{}\n"
	name := blackbox.File(t, "touches.jsonl", touch)
	s := start(t, "-read-key", "rk", "-load", name, "-channel", "off")
	for _, path := range []string{"/stats", "/journey?type=user_id&value=u1", "/report"} {
		if code, body := s.get(path); code != 401 || strings.Contains(body, "u1") {
			t.Errorf("%s: %d", path, code)
		}
		if code, _ := s.get(path, "Authorization", "Bearer wrong"); code != 401 {
			t.Errorf("%s with a wrong key: %d", path, code)
		}
		code, body := s.get(path, "Authorization", "Bearer rk")
		if code != 200 || strings.Contains(body, "<b>") {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	if code, _ := s.get("/healthz"); code != 200 {
		t.Errorf("healthz: %d", code)
	}
	if code, _ := s.post("/v1/batch", events, false); code != 200 {
		t.Errorf("%d", code)
	}
	_, body := s.get("/journey?type=user_id&value=u1", "Authorization", "Bearer rk")
	if !strings.Contains(body, `"id":"1"`) || strings.Contains(body, "Paid Search") {
		t.Errorf("%s", body)
	}
	code, errs := s.stop(os.Interrupt)
	if want := "offered=7 accepted=5 duplicate=0 conflict=0 rejected=2 suppressed=0 retry=0\n"; code != 0 || !strings.HasSuffix(errs, want) {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// What runs when the signal comes is finished; nothing new is taken.
func TestEndsInOrder(t *testing.T) {
	t.Parallel()
	s := start(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const body = `{"type":"track","messageId":"late","event":"x","userId":"u1","timestamp":"2026-04-01T09:00:00Z"}`
	head := "POST /v1/track HTTP/1.1\r\nHost: x\r\nX-Write-Key: " + key + "\r\nExpect: 100-continue\r\nContent-Length: 98\r\n\r\n"
	if _, err := io.WriteString(conn, head+body[:40]); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	const reading = "HTTP/1.1 100 Continue\r\n\r\n" // what a server says once it reads the body
	if got, err := in.Peek(len(reading)); err != nil || string(got) != reading {
		t.Fatalf("%q, %v", got, err)
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for {
		other, err := net.Dial("tcp", conn.RemoteAddr().String())
		if err != nil { // it has seen the signal
			break
		}
		other.Close()
	}
	rest := body[40:] + strings.Repeat(" ", 98-len(body))
	if _, err := io.WriteString(conn, rest); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(in)
	if err != nil || !strings.HasPrefix(string(answer), reading+"HTTP/1.1 200") || !strings.Contains(string(answer), `"accepted":1`) {
		t.Errorf("%q, %v", answer, err)
	}
	if err := s.cmd.Wait(); err != nil || s.errs.String() != "offered=1 accepted=1 duplicate=0 conflict=0 rejected=0 suppressed=0 retry=0\n" {
		t.Errorf("%v %s", err, &s.errs)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"-key", "web"}, {"-key", "web="}, {"-key", "a=1", "-key", "a=2"}, {"-key", "a=1", "-channel", "/no/such"},
		{"-key", "a=1", "-exclude", "paymnts"}, {"-key", "a=1", "-load", "/no/such"}, {"-key", "a=1", "-addr", "nowhere:x"}, {"-key", "a=1", "more"}, {"-key", "a=1", "-map", "preset:touch"}} {
		if _, errs, code := blackbox.Run(t, "", args...); code != 2 {
			t.Errorf("%v: exit %d %s", args, code, errs)
		}
	}
}

// The payloads that Segment's client for Go sends; skips without the folder of checking
// data.
func TestPublishedPayloads(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(blackbox.Shared(t, "data/ingest/payloads/analytics-go") + "/*.json")
	if err != nil {
		t.Fatal(err)
	}
	s := start(t)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if code, body := s.post("/v1/batch", string(text), false); code != 200 {
			t.Errorf("%s: %d %s", filepath.Base(f), code, body)
		}
	}
	const want = `{"offered":14,"accepted":2,"duplicate":3,"conflict":9,"rejected":0,"suppressed":0,"retry":0}` + "\n"
	if _, body := s.get("/stats"); body != want {
		t.Error(body)
	}
}
