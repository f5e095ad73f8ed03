// Package snowplow reads Snowplow's enriched events: lines of exactly 131 fields, parted
// by tabs, without quotes, as its loaders and streams hand them on.
//
//	d, err := snowplow.New(nil)
//	for rec, err := range d.Decode(file, time.Time{}) { … }
//
// An event that comes again with the same event_id and content is a duplicate, with other
// content a conflict: what Snowplow calls natural and synthetic duplicates. Contexts are
// kept only where [ingest.Options].Keep names their schema ("iglu:com.acme/cart/…", or
// any beginning of it).
package snowplow

import (
	"bytes"
	"io"
	"iter"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/internal/frame"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// The places of the fields that are read, from 0 of 131.
const (
	collectorTstamp = 3
	createdTstamp   = 4
	eventName       = 5
	eventID         = 6
	userID          = 12
	userIP          = 13
	domainUserID    = 15
	networkUserID   = 17
	pageURL         = 29
	pageTitle       = 30
	pageReferrer    = 31
	mktMedium       = 47
	mktSource       = 48
	mktTerm         = 49
	mktContent      = 50
	mktCampaign     = 51
	contexts        = 52
	seCategory      = 53
	seAction        = 54
	seLabel         = 55
	seProperty      = 56
	seValue         = 57
	unstructEvent   = 58
	trOrderID       = 59
	trTotal         = 61
	userAgent       = 77
	trCurrency      = 108
	mktClickID      = 116
	mktNetwork      = 117
	sentTstamp      = 119
	derivedContexts = 122
	domainSessionID = 123
	derivedTstamp   = 124
	unstructName    = 126
	trueTstamp      = 130
	fields          = 131
)

// A Decoder reads enriched events. Unchanged after construction and safe for concurrent
// use.
type Decoder struct{ desk *ingest.Desk }

var _ ingest.Decoder = (*Decoder)(nil)

// New returns a decoder. It is an error if an option makes no sense.
func New(o *ingest.Options) (*Decoder, error) {
	desk, err := ingest.NewDesk("snowplow", o)
	if err != nil {
		return nil, err
	}
	return &Decoder{desk}, nil
}

// Decode reads lines; it implements [ingest.Decoder].
func (d *Decoder) Decode(r io.Reader, received time.Time) iter.Seq2[ingest.Record, error] {
	limit := d.desk.Options().Limits.Message
	return frame.DecodeLines(r, limit, func(index, line int, text []byte, tooLong bool) ingest.Record {
		rec := ingest.Record{}
		switch {
		case tooLong:
			rec.Err = &touchpoint.InvalidError{Field: "line", Reason: touchpoint.TooLarge}
		case !utf8.Valid(text):
			rec.Err = &touchpoint.InvalidError{Field: "line", Reason: touchpoint.BadUTF8}
		case bytes.Count(text, []byte{'\t'}) != fields-1:
			rec.Err = &touchpoint.InvalidError{Field: "line", Reason: touchpoint.Syntax}
		default:
			rec = d.record(string(text), received)
		}
		rec.Index, rec.Line, rec.Raw = index, line, text
		return rec
	})
}

// event is one event on its way.
type event struct {
	*ingest.Draft
	f [fields]string
}

func (d *Decoder) record(line string, received time.Time) ingest.Record {
	e := &event{Draft: d.desk.Draft()}
	for i := range e.f {
		e.f[i], line, _ = strings.Cut(line, "\t")
	}
	t := &e.Touch
	t.ID = e.f[eventID]
	e.Times = ingest.Times{
		Event: e.time(createdTstamp), Sent: e.time(sentTstamp),
		Received: e.time(collectorTstamp), Corrected: e.time(trueTstamp),
	}
	if e.Times.Corrected.IsZero() {
		e.Times.Corrected = e.time(derivedTstamp)
	}
	if e.Times.Received.IsZero() {
		e.Times.Received = received
	}
	e.ID(identity.UserID, e.f[userID])
	e.ID(identity.AnonymousID, e.f[domainUserID])
	e.ID(identity.DeviceID, e.f[networkUserID])
	t.Campaign = touchpoint.Campaign{Source: e.f[mktSource], Medium: e.f[mktMedium], Name: e.f[mktCampaign],
		Term: e.f[mktTerm], Content: e.f[mktContent]}
	e.Page = touchpoint.Page{URL: e.f[pageURL], Referrer: e.f[pageReferrer], UserAgent: e.f[userAgent]}
	e.IP = e.f[userIP]
	e.Prop("title", e.f[pageTitle])
	e.Prop("session_id", e.f[domainSessionID])
	if e.f[mktClickID] != "" {
		e.ClickID(networkParam(e.f[mktNetwork]), e.f[mktClickID])
	}
	e.what()
	e.contexts(d.desk.Options().Keep)
	return d.desk.Record(e.Draft)
}

// networkParam names the click id of an advertising network, as Snowplow names these.
func networkParam(network string) string {
	switch strings.ToLower(network) {
	case "google":
		return "gclid"
	case "microsoft":
		return "msclkid"
	case "doubleclick":
		return "dclid"
	}
	return strings.ToLower(network)
}

func (e *event) time(i int) time.Time {
	if e.f[i] == "" {
		return time.Time{}
	}
	t, err := time.Parse("2006-01-02 15:04:05", e.f[i]) // and any fraction
	if err != nil {
		e.Fail("at", touchpoint.Syntax)
	}
	return t
}

// what fills in what happened.
func (e *event) what() {
	t := &e.Touch
	switch e.f[eventName] {
	case "page_view":
		t.Kind, t.Touchpoint = touchpoint.KindPageview, ingest.HostPath(e.f[pageURL])
	case "page_ping", "transaction_item":
		t.Kind = touchpoint.KindSystem
	case "transaction":
		t.Kind = touchpoint.KindOrder
		e.Prop("order_id", e.f[trOrderID])
		if e.f[trTotal] != "" {
			e.Value(e.f[trTotal], e.f[trCurrency], touchpoint.Currency{})
		}
	case "struct":
		t.Kind, t.Touchpoint = touchpoint.KindEvent, e.f[seCategory]
		if e.f[seAction] != "" {
			t.Touchpoint += " / " + e.f[seAction]
		}
		e.ForeignText("label", e.f[seLabel])
		e.ForeignText("property", e.f[seProperty])
		e.number("value", e.f[seValue])
	case "unstruct":
		t.Kind, t.Touchpoint = touchpoint.KindEvent, e.f[unstructName]
		e.unstruct()
	case "":
		e.Fail("event", touchpoint.Missing)
	default:
		t.Kind, t.Touchpoint = touchpoint.KindEvent, e.f[eventName]
	}
}

func (e *event) number(key, token string) {
	if token == "" {
		return
	}
	var doc jsonscan.Doc
	if v, err := doc.Parse(token, jsonscan.Limits{}); err != nil || v.Kind() != jsonscan.Number {
		e.Fail("props", touchpoint.NotANumber)
		return
	}
	e.Foreign(key, token)
}

// unstruct makes props of the inner data of a self-describing event.
func (e *event) unstruct() {
	data := e.json(unstructEvent).Get("data", "data")
	for m := data.First(); m.OK() && data.Kind() == jsonscan.Object; m = m.Next() {
		e.Foreign(m.Key(), m.Raw())
	}
}

// contexts keeps the contexts whose schema is asked for, by the schema's name.
func (e *event) contexts(keep []string) {
	if len(keep) == 0 {
		return
	}
	for _, i := range []int{contexts, derivedContexts} {
		for c := e.json(i).Get("data").First(); c.OK(); c = c.Next() {
			schema := c.Get("schema").Text()
			for _, k := range keep {
				if strings.HasPrefix(schema, k) && c.Get("data").OK() {
					e.Foreign(schemaName(schema), c.Get("data").Raw())
					break
				}
			}
		}
	}
}

// schemaName is "vendor/name" of iglu:vendor/name/jsonschema/1-0-0.
func schemaName(schema string) string {
	parts := strings.Split(strings.TrimPrefix(schema, "iglu:"), "/")
	return strings.Join(parts[:min(2, len(parts))], "/")
}

// json parses a field; an empty one is none.
func (e *event) json(i int) jsonscan.Value {
	if e.f[i] == "" {
		return jsonscan.Value{}
	}
	var doc jsonscan.Doc
	v, err := doc.Parse(e.f[i], jsonscan.Limits{})
	if err != nil {
		e.Fail("props", touchpoint.Syntax)
	}
	return v
}
