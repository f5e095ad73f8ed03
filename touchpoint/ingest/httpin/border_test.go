package httpin_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest/httpin"
)

// Observe hears of requests that offered something, under the name of their key.
func TestObserveIsToldWhatWasOffered(t *testing.T) {
	t.Parallel()
	var told []string
	h := handler(t, &desk{}, &httpin.Options{Observe: func(name string, o touchpoint.Tally) {
		told = append(told, fmt.Sprint(name, " ", o.Offered(), " ", o[touchpoint.Accepted]))
	}})
	serve(t, h, request("/v1/batch", batch(track("1", "a")))) // no key
	serve(t, h, signed("/v1/batch", batch()))
	serve(t, h, signed("/v1/nothing", batch(track("1", "a"))))
	serve(t, h, signed("/v1/batch", batch(track("1", "a"), track("2", "b"), `{}`)))
	if got := strings.Join(told, ", "); got != "web 3 2" {
		t.Errorf("told %q", got)
	}
}

// The key in a body is the text of the member writeKey of the outermost object and
// nothing else.
func TestWhichTextOfABodyIsTheKey(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("k", 510)
	o := &httpin.Options{Keys: map[string]string{"web": secret, "long": long, "longer": long + "k", "odd": `\nk`}}
	m := track("1", "a")
	for body, want := range map[string]int{
		`{"writeKey":"` + secret + `","batch":[` + m + `]}`:                                         200,
		`{"batch":[` + m + `],"a":{"b":["c"]},"writeKey" : "` + secret + `"}`:                       200,
		`{"x":"writeKey","y":"` + secret + `","batch":[` + m + `]}`:                                 401,
		`{"writeKey":null,"` + secret + `":1,"batch":[` + m + `]}`:                                  401,
		`{"writeKey":{"a":"` + secret + `"},"batch":[` + m + `]}`:                                   401,
		`{"writeKey":["` + secret + `"],"batch":[` + m + `]}`:                                       401,
		`{"context":{"writeKey":"` + secret + `"},"batch":[` + m + `]}`:                             401,
		`{"a":"\"writeKey\":","b":"` + secret + `","batch":[` + m + `]}`:                            401,
		`{"writeKey":"\u0077` + secret[1:] + `","batch":[` + m + `]}`:                               401,
		`{"writeKey":"\nk","batch":[` + m + `]}`:                                                    401, // a line end and k
		`{"writeKey":"` + long + `","batch":[` + m + `]}`:                                           200,
		`{"writeKey":"` + long + `k","batch":[` + m + `]}`:                                          401,
		`{"sentAt":"x","writeKey":"` + secret + `","writeKey2":"` + long + `","batch":[` + m + `]}`: 200,
	} {
		if a := serve(t, handler(t, &desk{}, o), request("/v1/batch", body)); a.code != want {
			t.Errorf("%.80s: %d, want %d", body, a.code, want)
		}
	}
}

// Attributes of an event in headers are percent-encoded text, each said once; none is the
// data.
func TestBadHeadersOfAnEventAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, more, want string }{
		{"ce-ext", "a%20b", "", "200 offered=1 accepted=1"}, {"ce-ext", "a%zzb", "", "400"}, {"ce-ext", "a%FFb", "", "400"}, {"ce-ext", "a", "b", "400"},
		{"X-Trace", "a%zzb", "b", "200 offered=1 accepted=1"}, {"Data", "{}", "", "200 offered=1 accepted=1"}, {"Id", "other", "", "200 offered=1 accepted=1"}, // of the request, not of the event
		{"ce-data", "{}", "", "400"}, {"ce-data_base64", "e30=", "", "400"},
	} {
		req := signed("/cloudevents", `{"n":1}`, "Content-Type", "application/json", "ce-specversion", "1.0", "ce-id", "e1", "ce-source", "/crm",
			"ce-type", "deal.won", "ce-subject", "u1", "ce-time", "2026-06-01T10:00:00Z", c.name, c.value)
		if c.more != "" {
			req.Header.Add(c.name, c.more)
		}
		o := &httpin.Options{}
		o.CloudEvents.Subject = identity.UserID
		if a := serve(t, handler(t, &desk{}, o), req); a.counts() != c.want {
			t.Errorf("%s %s: %s, want %s", c.name, c.value, a.counts(), c.want)
		}
	}
}

// everything is a sink of all that requests may hold, which fails when handed nothing.
type everything struct {
	desk
	t *testing.T
}

func (d *everything) told(what string, n int) error {
	if n == 0 {
		d.t.Errorf("handed no %s", what)
	}
	return nil
}

func (d *everything) RecordConsents(_ context.Context, x ...touchpoint.Consent) error {
	return d.told("consents", len(x))
}

func (d *everything) RecordOverrides(_ context.Context, x ...identity.Override) error {
	return d.told("overrides", len(x))
}

func (d *everything) RecordRelations(_ context.Context, x ...identity.Membership) error {
	return d.told("relations", len(x))
}

func TestASinkIsHandedOnlyWhatThereIs(t *testing.T) {
	t.Parallel()
	h := handler(t, &everything{t: t}, nil)
	if a := serve(t, h, signed("/v1/batch", batch(track("1", "a")))); a.counts() != "200 offered=1 accepted=1" {
		t.Error(a.counts())
	}
	var log strings.Builder
	h = handler(t, &desk{}, &httpin.Options{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if a := serve(t, h, signed("/v1/batch", batch(track("1", "a")))); a.code != 200 || log.Len() > 0 {
		t.Errorf("warned of nothing: %s", &log)
	}
}
