package httpin

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/cloudevents"
	"github.com/tabi-go/tabi/touchpoint/ingest/segment"
)

// A Sink records touches and says of each what became of it; *journey.Tracker is one. A
// nil slice of outcomes with an error means that nothing may have been recorded. A sink
// that also has RecordConsents, RecordOverrides or RecordRelations, see [ConsentSink] and
// its neighbours, gets these before the touches; without, they are dropped and logged.
// Implementations are safe for concurrent use.
type Sink interface {
	Record(ctx context.Context, touches ...touchpoint.Touch) ([]touchpoint.Outcome, error)
}

// A ConsentSink is a [Sink] that keeps consents.
type ConsentSink interface {
	RecordConsents(ctx context.Context, consents ...touchpoint.Consent) error
}

// An OverrideSink is a [Sink] that keeps merges of a system of record.
type OverrideSink interface {
	RecordOverrides(ctx context.Context, overrides ...identity.Override) error
}

// A RelationSink is a [Sink] that keeps which account a person belongs to.
type RelationSink interface {
	RecordRelations(ctx context.Context, relations ...identity.Membership) error
}

// The default bounds.
const (
	MaxBody     = 16 << 20         // bytes of a body after decompression, and on the wire
	MaxMessages = 10_000           // messages in a request
	MaxInFlight = 64               // requests at once
	ReadTimeout = 30 * time.Second // to read a body
)

// Options say who may send what. Zero bounds are the constants of the same name; a
// negative one is an error. Either Keys, Lookup or Open is needed, or every request is
// refused.
type Options struct {
	// Keys are the write keys by name. The name becomes the source of the touches.
	Keys map[string]string
	// Disabled are names of Keys that are switched off: 403.
	Disabled []string
	// Lookup finds the name of a key that Keys do not have: "" if nobody's, on false if
	// it is switched off. It must compare in constant time.
	Lookup func(key string) (name string, on bool)
	// Open takes requests without a key. A key that is sent must still be a known one
	// where there are any.
	Open bool

	// Origins are the origins of browsers that may post from another site, and of
	// senders of CloudEvents; "*" allows all.
	Origins []string

	MaxBody, MaxMessages, MaxInFlight int
	ReadTimeout                       time.Duration
	// Limit asks whether the named key may send now, and if not, when again.
	Limit func(name string) (ok bool, wait time.Duration)

	// Segment and CloudEvents configure the decoders; their Source, Call and Form are set
	// here.
	Segment     segment.Options
	CloudEvents cloudevents.Options

	// Dead receives a letter for each message that is rejected or in conflict, Raw its
	// bytes too; both may be nil, and are called by several requests at once. An error
	// makes the answer 503. Secret keys the letters' tags.
	Dead   func(ingest.DeadLetter) error
	Raw    func(ingest.DeadLetter, []byte) error
	Secret []byte

	// Observe is told what each request offered and what became of it; several requests
	// may call it at once.
	Observe func(name string, outcomes touchpoint.Tally)

	Clock clock.Clock  // when requests arrive; nil: the system's
	Log   *slog.Logger // nil: none
}

type handler struct {
	o        Options
	sink     Sink
	keys     []writeKey
	disabled map[string]bool
	slots    chan struct{}
}

// New returns a handler that records into sink. It is an error if the sink is nil or an
// option makes no sense. The handler is safe for concurrent use, and no goroutine of it
// outlives a request.
func New(sink Sink, o *Options) (http.Handler, error) {
	if sink == nil {
		return nil, errors.New("httpin: no sink")
	}
	h := &handler{sink: sink, disabled: make(map[string]bool)}
	if o != nil {
		h.o = *o
	}
	if min(h.o.MaxBody, h.o.MaxMessages, h.o.MaxInFlight) < 0 || h.o.ReadTimeout < 0 {
		return nil, errors.New("httpin: negative bound")
	}
	h.o.MaxBody = or(h.o.MaxBody, MaxBody)
	h.o.MaxMessages = or(h.o.MaxMessages, MaxMessages)
	h.o.ReadTimeout = or(h.o.ReadTimeout, ReadTimeout)
	h.slots = make(chan struct{}, or(h.o.MaxInFlight, MaxInFlight))
	if h.o.Clock == nil {
		h.o.Clock = clock.System{}
	}
	if h.o.Log == nil {
		h.o.Log = slog.New(slog.DiscardHandler)
	}
	for _, name := range slices.Sorted(maps.Keys(h.o.Keys)) {
		if h.o.Keys[name] == "" {
			return nil, errors.New("httpin: an empty key")
		}
		h.keys = append(h.keys, writeKey{name, sha256.Sum256([]byte(h.o.Keys[name]))})
	}
	for _, name := range h.o.Disabled {
		h.disabled[name] = true
	}
	for _, opts := range []*ingest.Options{&h.o.Segment.Options, &h.o.CloudEvents.Options} {
		opts.Form = ingest.FormDocument
		opts.Limits.Document = h.o.MaxBody
		if opts.Rules == nil && (opts.Touch == nil || opts.Touch.Rules == nil) {
			r := identity.DefaultRules() // made once, not for each request
			opts.Rules = &r
		}
	}
	// What is wrong with the decoders' options is wrong now, not at the first request.
	if _, err := segment.New(&h.o.Segment); err != nil {
		return nil, err
	}
	if _, err := cloudevents.New(&h.o.CloudEvents); err != nil {
		return nil, err
	}
	return h, nil
}

// or is v, or what zero means.
func or[T comparable](v, zero T) T {
	var none T
	if v == none {
		return zero
	}
	return v
}

// A route is what a path stands for.
type route struct {
	path   string // for logs
	call   string // of messages that name none
	single bool   // the request is one message
	events bool   // CloudEvents
	beacon bool   // the key may stand in the query
	ignore bool
}

var calls = map[string]string{
	"track": "track", "identify": "identify", "page": "page", "screen": "screen", "group": "group", "alias": "alias",
	"t": "track", "i": "identify", "p": "page", "s": "screen", "g": "group", "a": "alias",
}

// routeOf finds what a path stands for: Segment's endpoints, the browser SDK's short
// forms, Jitsu's, beacons, CloudEvents.
func routeOf(path string) (route, bool) {
	path = strings.TrimSuffix(path, "/")
	r := route{path: path}
	switch path {
	case "/v1/batch", "/v1/b", "/v1/import", "/api/s/batch", "/api/s/s2s/batch":
		return r, true
	case "/beacon/v1/batch":
		r.beacon = true
		return r, true
	case "/v1/m":
		r.ignore = true
		return r, true
	case "/cloudevents":
		r.events = true
		return r, true
	}
	for _, prefix := range []string{"/v1/", "/api/s/s2s/", "/api/s/"} {
		if name, ok := strings.CutPrefix(path, prefix); ok {
			r.call, r.single = calls[name], true
			return r, r.call != "" && (prefix == "/v1/" || len(name) > 1)
		}
	}
	return r, false
}

// ServeHTTP answers one request.
func (h *handler) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r, known := routeOf(req.URL.Path)
	a := &answer{w: w}
	switch {
	case !known:
		a.fail(http.StatusNotFound, "no such path")
	case req.Method == http.MethodOptions:
		h.options(w, req, r)
		a.status = http.StatusNoContent
	case req.Method != http.MethodPost:
		w.Header().Set("Allow", "POST, OPTIONS")
		a.fail(http.StatusMethodNotAllowed, "POST only")
	default:
		h.allow(w, req)
		h.guard(a, req, r)
	}
	if h.o.Observe != nil && a.tally.Offered() > 0 {
		h.o.Observe(a.key, a.tally)
	}
	if !known {
		r.path = "(unknown)" // a path may hold anything
	}
	h.o.Log.LogAttrs(context.WithoutCancel(req.Context()), slog.LevelInfo, "request",
		slog.String("path", r.path), slog.Int("status", a.status), slog.String("key", a.key),
		slog.Int("offered", a.tally.Offered()), slog.Int("accepted", a.tally[touchpoint.Accepted]),
		slog.Int("duplicate", a.tally[touchpoint.Duplicate]), slog.Int("conflict", a.tally[touchpoint.Conflict]),
		slog.Int("rejected", a.tally[touchpoint.Rejected]), slog.Int("suppressed", a.tally[touchpoint.Suppressed]),
		slog.Int("retry", a.tally[touchpoint.Retry]))
}

// guard answers 500 where a function of the host panics. The log names the type of the
// panic's value, never the value.
func (h *handler) guard(a *answer, req *http.Request, r route) {
	defer func() {
		if v := recover(); v != nil {
			h.o.Log.LogAttrs(context.WithoutCancel(req.Context()), slog.LevelError, "panic", slog.String("type", fmt.Sprintf("%T", v)))
			if a.status == 0 {
				a.fail(http.StatusInternalServerError, "broken")
			}
		}
	}()
	h.post(a, req, r)
}

// options answers a browser's preflight, and a sender of CloudEvents that asks for leave.
func (h *handler) options(w http.ResponseWriter, req *http.Request, r route) {
	if from := req.Header.Get("WebHook-Request-Origin"); r.events && from != "" {
		if h.origin(from) {
			w.Header().Set("WebHook-Allowed-Origin", from)
			w.Header().Set("Allow", "POST")
		}
	} else if h.allow(w, req) {
		w.Header().Set("Access-Control-Allow-Methods", "POST")
		w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Content-Encoding, X-Write-Key, X-Retry-Count")
		w.Header().Set("Access-Control-Max-Age", "86400")
	}
	w.WriteHeader(http.StatusNoContent)
}

// allow lets a browser of an allowed origin read the answer.
func (h *handler) allow(w http.ResponseWriter, req *http.Request) bool {
	w.Header().Add("Vary", "Origin")
	origin := req.Header.Get("Origin")
	if origin == "" || !h.origin(origin) {
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	return true
}

func (h *handler) origin(o string) bool {
	return slices.Contains(h.o.Origins, o) || slices.Contains(h.o.Origins, "*")
}
