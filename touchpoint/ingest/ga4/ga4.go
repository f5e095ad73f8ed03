// Package ga4 reads Google Analytics 4 exports from BigQuery: rows of events in JSON, one
// a line, in the shape that BigQuery writes, where integers may be strings.
//
//	d, err := ga4.New(nil)
//	for rec, err := range d.Decode(file, time.Time{}) { … }
//
// Rows have no id: it is made of what tells events apart (pseudo id, timestamp, name and
// the places in their batch), so that a day exported again is duplicates. The campaign is
// that of the visit; traffic_source is how the person first came and is never used.
//
// privacy_info becomes consents where [ingest.Options].ConsentPurposes lists
// analytics_storage or ads_storage.
package ga4

import (
	"io"
	"iter"
	"strconv"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/internal/field"
	"github.com/tabi-go/tabi/touchpoint/ingest/internal/frame"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// kinds are the events of GA4 that are a kind of ours; others are of kind event.
var kinds = map[string]touchpoint.Kind{
	"page_view": touchpoint.KindPageview, "screen_view": touchpoint.KindScreen,
	"session_start": touchpoint.KindVisit,
	"first_visit":   touchpoint.KindSystem, "first_open": touchpoint.KindSystem,
	"user_engagement": touchpoint.KindSystem, "scroll": touchpoint.KindSystem,
	"click":               touchpoint.KindSystem, // a link that leads out
	"view_search_results": touchpoint.KindSearch, "file_download": touchpoint.KindDownload,
	"form_submit": touchpoint.KindForm, "generate_lead": touchpoint.KindLead,
	"sign_up": touchpoint.KindSignup, "login": touchpoint.KindLogin,
	"view_item": touchpoint.KindProductView, "add_to_cart": touchpoint.KindCart,
	"begin_checkout": touchpoint.KindCheckout,
	"purchase":       touchpoint.KindOrder, "in_app_purchase": touchpoint.KindOrder,
	"refund":      touchpoint.KindRefund,
	"video_start": touchpoint.KindVideoPlay, "video_complete": touchpoint.KindVideoComplete,
	"ad_impression": touchpoint.KindImpression, "share": touchpoint.KindShare,
	"notification_open": touchpoint.KindPushOpen,
}

// A Decoder reads exported rows. Unchanged after construction and safe for concurrent
// use.
type Decoder struct{ desk *ingest.Desk }

var _ ingest.Decoder = (*Decoder)(nil)

// New returns a decoder. It is an error if an option makes no sense.
func New(o *ingest.Options) (*Decoder, error) {
	desk, err := ingest.NewDesk("ga4", o)
	if err != nil {
		return nil, err
	}
	return &Decoder{desk}, nil
}

// Decode reads rows; it implements [ingest.Decoder].
func (d *Decoder) Decode(r io.Reader, received time.Time) iter.Seq2[ingest.Record, error] {
	o := d.desk.Options()
	limits := frame.Limits{Message: o.Limits.Message, Document: o.Limits.Document}
	return func(yield func(ingest.Record, error) bool) {
		e := &row{Draft: d.desk.Draft()}
		frame.Decode(r, frame.Form(o.Form), limits, func(f frame.Message) ingest.Record {
			rec := ingest.Record{Err: f.Err}
			if f.Err == nil {
				rec = e.record(f.Value, received)
			}
			rec.Index, rec.Line, rec.Raw = f.Index, f.Line, f.Raw
			return rec
		})(yield)
	}
}

// row is one event on its way; one after the other uses it.
type row struct {
	*ingest.Draft
	v      field.Index
	params field.Index // the values that are not null
	name   string
}

func (r *row) record(v jsonscan.Value, received time.Time) ingest.Record {
	r.Reset()
	r.v.Load(v)
	r.params.Reset()
	for p := r.v.Get("event_params").First(); p.OK(); p = p.Next() {
		if v := value(p); v.OK() {
			r.params.Add(p.Get("key").Text(), v)
		}
	}
	r.name = r.v.Get("event_name").Text()
	t := &r.Touch
	r.Times.Received = received
	r.Times.Event = r.micros(r.v.Get("event_timestamp"))
	if r.name == "" {
		r.Fail("event_name", touchpoint.Missing)
	}
	if t.Kind = kinds[r.name]; t.Kind == "" {
		t.Kind = touchpoint.KindEvent
	}
	if t.Kind == touchpoint.KindEvent || t.Kind == touchpoint.KindSystem {
		r.Prop("event", r.name)
	}
	t.ID = r.key()
	r.ID(identity.UserID, field.Ident(r, r.v.Get("user_id"), "ids"))
	r.ID(identity.AnonymousID, field.Ident(r, r.v.Get("user_pseudo_id"), "ids"))
	r.page()
	r.campaign()
	r.money()
	r.rest()
	for _, p := range []string{"analytics_storage", "ads_storage"} {
		switch r.v.Get("privacy_info").Get(p).Text() {
		case "Yes":
			r.Consent(p, true)
		case "No":
			r.Consent(p, false)
		}
	}
	return r.Desk().Record(r.Draft)
}

// key is the id of a row.
func (r *row) key() string {
	parts := make([]string, 0, 7)
	for _, name := range []string{"user_pseudo_id", "event_timestamp", "event_name", "batch_page_id",
		"batch_ordering_id", "batch_event_index", "event_bundle_sequence_id"} {
		parts = append(parts, field.Text(r.v.Get(name)))
	}
	return ingest.NameID(parts...)
}

func (r *row) micros(v jsonscan.Value) time.Time {
	text, ok := field.Number(v)
	if !ok {
		return time.Time{}
	}
	us, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		r.Fail("at", touchpoint.Syntax)
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// value returns the first value of an event parameter that is not null.
func value(p jsonscan.Value) jsonscan.Value {
	of := p.Get("value")
	for _, kind := range [...]string{"string_value", "int_value", "float_value", "double_value"} {
		if v := of.Get(kind); v.OK() && v.Kind() != jsonscan.Null {
			return v
		}
	}
	return jsonscan.Value{}
}

func (r *row) page() {
	r.Page.URL = r.params.Get("page_location").Text()
	r.Page.Referrer = r.params.Get("page_referrer").Text()
	r.Prop("title", r.params.Get("page_title").Text())
	r.Prop("session_id", field.Text(r.params.Get("ga_session_id")))
	switch r.Touch.Kind {
	case touchpoint.KindPageview, touchpoint.KindVisit:
		r.Touch.Touchpoint = ingest.HostPath(r.Page.URL)
	case touchpoint.KindScreen:
		r.Touch.Touchpoint = field.Text(r.params.Get("firebase_screen"))
	case touchpoint.KindEvent:
		r.Touch.Touchpoint = r.name
	}
}

// campaign is what this visit was tagged with, else the session's last click, else the
// URL's.
func (r *row) campaign() {
	c := &r.Touch.Campaign
	collected := r.v.Get("collected_traffic_source")
	*c = field.Campaign(collected, "manual_", "manual_campaign_name", "manual_campaign_id")
	if *c == (touchpoint.Campaign{}) {
		*c = field.Campaign(r.v.Get("session_traffic_source_last_click").Get("manual_campaign"), "", "campaign_name", "campaign_id")
	}
	if *c == (touchpoint.Campaign{}) {
		*c = ingest.Campaign(r.Page.URL)
	}
	for _, id := range []string{"gclid", "dclid", "srsltid"} {
		r.ClickID(id, field.Text(collected.Get(id)))
	}
}

func (r *row) money() {
	r.Prop("order_id", field.Text(r.orderID()))
	name := "purchase_revenue"
	if r.Touch.Kind == touchpoint.KindRefund {
		name = "refund_value"
	}
	amount, ok := field.Number(r.v.Get("ecommerce").Get(name))
	if !ok && r.valueIsMoney() {
		amount, ok = field.Number(r.params.Get("value"))
	}
	if !ok {
		return
	}
	r.Value(amount, field.Text(r.params.Get("currency")), touchpoint.Currency{})
}

// valueIsMoney tells an amount from a number that an event of one's own calls value: it
// has a currency, or the event is a sale or a refund.
func (r *row) valueIsMoney() bool {
	class := r.Touch.Kind.Info().Class
	return class == touchpoint.Conversion || class == touchpoint.Reversal || field.Text(r.params.Get("currency")) != ""
}

func (r *row) orderID() jsonscan.Value {
	if v := r.params.Get("transaction_id"); v.OK() {
		return v
	}
	return r.v.Get("ecommerce").Get("transaction_id")
}

// taken are the parameters that became something else.
var taken = map[string]bool{"page_location": true, "page_referrer": true, "page_title": true, "ga_session_id": true,
	"transaction_id": true, "value": true, "currency": true, "firebase_screen": true}

// rest makes props of the other parameters.
func (r *row) rest() {
	for key, v := range r.params.All {
		if key == "" || taken[key] && (key != "value" || r.valueIsMoney()) {
			continue
		}
		r.Foreign(key, v.Raw())
	}
}
