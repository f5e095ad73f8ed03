package httpin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/cloudevents"
	"github.com/tabi-go/tabi/touchpoint/ingest/segment"
)

// refusals are the texts of answers that refuse a request as a whole.
var refusals = map[int]string{
	http.StatusBadRequest:            "the body is not what it should be",
	http.StatusUnauthorized:          "no write key, or an unknown one",
	http.StatusForbidden:             "the write key is switched off",
	http.StatusRequestTimeout:        "the body did not arrive in time",
	http.StatusRequestEntityTooLarge: "the body is too large",
	http.StatusUnsupportedMediaType:  "Content-Encoding may be gzip",
	http.StatusTooManyRequests:       "too many requests",
}

// post takes one request: key, body, decoding, then one call of the sink.
func (h *handler) post(a *answer, req *http.Request, r route) {
	received := h.o.Clock.Now().UTC()
	if r.ignore {
		a.send(http.StatusOK)
		return
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		a.wait(time.Second)
		return
	}
	key, status := sentKey(req, r), 0
	if key != "" {
		if a.key, status = h.admit(key); status != 0 {
			a.fail(status, refusals[status])
			return
		}
	} else if !h.o.Open && len(h.keys) == 0 && h.o.Lookup == nil || r.events && !h.o.Open {
		a.fail(http.StatusUnauthorized, refusals[http.StatusUnauthorized])
		return
	}
	b, status := h.read(a.w, req)
	if status == 0 && key == "" {
		if !r.events {
			key = b.key()
		}
		a.key, status = h.admit(key)
	}
	if status == 0 && b.blank() && (!r.events || !binary(req)) {
		status = http.StatusBadRequest
	}
	if status != 0 {
		a.fail(status, refusals[status])
		return
	}
	if h.o.Limit != nil {
		if ok, wait := h.o.Limit(a.key); !ok {
			a.wait(wait)
			return
		}
	}
	in, status := h.decode(req, r, a.key, b, received)
	if status != 0 {
		a.fail(status, refusals[status])
		return
	}
	if req.Context().Err() != nil {
		return // nobody waits for it, and nothing was recorded
	}
	h.record(a, req, r, in)
}

// wait answers that the sender should come again.
func (a *answer) wait(d time.Duration) {
	seconds := max(1, int64(math.Ceil(d.Seconds())))
	a.w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
	a.fail(http.StatusTooManyRequests, refusals[http.StatusTooManyRequests])
}

// An intake is a decoded request.
type intake struct {
	records  []ingest.Record
	received time.Time
	format   string
}

// decode reads all messages before any is recorded.
func (h *handler) decode(req *http.Request, r route, source string, b body, received time.Time) (in intake, status int) {
	in = intake{received: received.Truncate(time.Microsecond), format: "segment"}
	var d ingest.Decoder
	var err error
	if r.events {
		in.format = "cloudevents"
		if binary(req) {
			if b, err = structured(req, b); err != nil {
				return in, http.StatusBadRequest
			}
		}
		o := h.o.CloudEvents
		o.Source = source
		d, err = cloudevents.New(&o)
	} else {
		o := h.o.Segment
		o.Source, o.Call = source, r.call
		d, err = segment.New(&o)
	}
	if err != nil {
		return in, http.StatusInternalServerError // checked by New
	}
	keepRaw := h.o.Raw != nil || len(h.o.Secret) > 0
	for rec, err := range d.Decode(b.reader(), received) {
		if err != nil {
			var inv *touchpoint.InvalidError
			if errors.As(err, &inv) && inv.Reason == touchpoint.TooLarge {
				return in, http.StatusRequestEntityTooLarge
			}
			return in, http.StatusBadRequest
		}
		if len(in.records) == h.o.MaxMessages {
			return in, http.StatusRequestEntityTooLarge
		}
		if rec.Raw != nil && keepRaw {
			rec.Raw = bytes.Clone(rec.Raw)
		} else {
			rec.Raw = nil
		}
		identify(&rec, req.Header.Get("Idempotency-Key"))
		in.records = append(in.records, rec)
	}
	return in, 0
}

// identify gives touches an id whose message has neither one nor a time: by these alone a
// retry could be told from a second event. With a key of the request the id is made of it.
func identify(rec *ingest.Record, key string) {
	if !slices.Contains(rec.Notes, ingest.NotIdempotent) {
		return
	}
	for i := range rec.Touches {
		if key == "" {
			rec.Touches[i].ID = uuid.NewString()
		} else {
			rec.Touches[i].ID = ingest.NameID(key, strconv.Itoa(rec.Index), strconv.Itoa(i))
		}
	}
	if key != "" {
		rec.Notes = slices.DeleteFunc(rec.Notes, func(n ingest.Note) bool { return n == ingest.NotIdempotent })
	}
}

// record hands everything to the sink and answers.
func (h *handler) record(a *answer, req *http.Request, r route, in intake) {
	var touches []touchpoint.Touch
	for i := range in.records {
		touches = append(touches, in.records[i].Touches...)
	}
	outs, err := h.hand(req.Context(), in.records, touches)
	var panicked *touchpoint.CallbackError
	broken := errors.As(err, &panicked)
	if len(outs) != len(touches) {
		outs = make([]touchpoint.Outcome, len(touches))
		for i := range outs {
			outs[i] = touchpoint.Outcome{Status: touchpoint.Retry, Key: touches[i].Key()}
		}
	}
	if err != nil {
		h.o.Log.LogAttrs(context.WithoutCancel(req.Context()), slog.LevelError, "not recorded", slog.String("error", fmt.Sprintf("%T", err)))
	}
	dead := h.count(a, in, outs, req.URL.Query().Get("results") == "all")
	switch {
	case broken:
		a.send(http.StatusInternalServerError)
	case a.tally[touchpoint.Retry] > 0 || dead != nil || err != nil && len(touches) == 0:
		a.send(http.StatusServiceUnavailable)
	case r.single && len(in.records) == 1 && in.records[0].Err != nil,
		r.single && len(outs) == 1 && outs[0].Status == touchpoint.Rejected:
		a.send(http.StatusBadRequest)
	default:
		a.send(http.StatusOK)
	}
}

// hand gives the sink what the records hold, touches last. A panic becomes a
// [*touchpoint.CallbackError].
func (h *handler) hand(ctx context.Context, records []ingest.Record, touches []touchpoint.Touch) (outs []touchpoint.Outcome, err error) {
	defer func() {
		if v := recover(); v != nil {
			outs, err = nil, &touchpoint.CallbackError{Where: "Sink", Value: fmt.Sprintf("%T", v)}
		}
	}()
	var consents []touchpoint.Consent
	var overrides []identity.Override
	var relations []identity.Membership
	for _, rec := range records {
		consents = append(consents, rec.Consents...)
		overrides = append(overrides, rec.Overrides...)
		relations = append(relations, rec.Relations...)
	}
	lost := 0
	if s, ok := h.sink.(ConsentSink); !ok {
		lost += len(consents)
	} else if len(consents) > 0 {
		err = s.RecordConsents(ctx, consents...)
	}
	if s, ok := h.sink.(OverrideSink); !ok {
		lost += len(overrides)
	} else if err == nil && len(overrides) > 0 {
		err = s.RecordOverrides(ctx, overrides...)
	}
	if s, ok := h.sink.(RelationSink); !ok {
		lost += len(relations)
	} else if err == nil && len(relations) > 0 {
		err = s.RecordRelations(ctx, relations...)
	}
	if lost > 0 {
		h.o.Log.LogAttrs(ctx, slog.LevelWarn, "the sink takes no consents, overrides or relations", slog.Int("dropped", lost))
	}
	if err != nil || len(touches) == 0 {
		return nil, err
	}
	return h.sink.Record(ctx, touches...)
}

// count makes the results, and passes dead letters on.
func (h *handler) count(a *answer, in intake, outs []touchpoint.Outcome, all bool) (dead error) {
	letters := ingest.Intake{Format: in.format, Secret: h.o.Secret, Dead: h.o.Dead, Raw: h.o.Raw}
	for _, rec := range in.records {
		own := outs[:len(rec.Touches)]
		outs = outs[len(rec.Touches):]
		for i := range own {
			// Sent again without a time of its own, a message has that of its arrival.
			if o := &own[i]; o.Status == touchpoint.Conflict && slices.Equal(o.Fields, []string{"at"}) && rec.Touches[i].At.Equal(in.received) {
				o.Status, o.Fields = touchpoint.Duplicate, nil
			}
		}
		dead = errors.Join(dead, letters.Add(rec, own...))
		if rec.Err != nil {
			own = []touchpoint.Outcome{{Status: touchpoint.Rejected, Err: rec.Err}}
		}
		for _, o := range own {
			if o.Status == touchpoint.Accepted && !all {
				continue
			}
			res := result{I: rec.Index, Status: o.Status.String(), Reason: o.Reason, Fields: o.Fields, Notes: rec.Notes}
			var inv *touchpoint.InvalidError
			if errors.As(o.Err, &inv) {
				res.Reason, res.Field = inv.Reason, inv.Field
			}
			a.results = append(a.results, res)
		}
	}
	a.tally = letters.Tally
	return dead
}
