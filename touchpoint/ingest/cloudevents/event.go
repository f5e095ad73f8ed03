package cloudevents

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/internal/field"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// event is one event on its way.
type event struct {
	*ingest.Draft
	v   jsonscan.Value
	doc jsonscan.Doc // of data that came as base64
}

func (d *Decoder) record(v jsonscan.Value, received time.Time) ingest.Record {
	e := &event{Draft: d.desk.Draft(), v: v}
	if version := e.required("specversion"); version != "" && version != "1.0" {
		e.Fail("specversion", touchpoint.Syntax)
	}
	e.Touch.ID = e.required("id")
	e.Touch.Source = e.required("source")
	typ := e.required("type")
	e.Times = ingest.Times{Event: field.Time(e, v.Get("time"), "time"), Received: received}
	if present(v.Get("data")) && present(v.Get("data_base64")) {
		e.Fail("data", touchpoint.Syntax)
	}
	if typ == Type {
		return e.touch(d.desk)
	}
	if m := d.types[typ]; m != nil {
		return m.Map(e.Draft, e.path)
	}
	e.Touch.Kind, e.Touch.Touchpoint = touchpoint.KindEvent, typ
	if d.subject != "" {
		e.ID(d.subject, v.Get("subject").Text())
	}
	if data := e.data(); data.Kind() == jsonscan.Object {
		for m := data.First(); m.OK(); m = m.Next() {
			e.Foreign(m.Key(), m.Raw())
		}
	}
	return d.desk.Record(e.Draft)
}

func present(v jsonscan.Value) bool { return v.OK() && v.Kind() != jsonscan.Null }

// required returns an attribute that must be there, a text that is not empty.
func (e *event) required(name string) string {
	v := e.v.Get(name)
	switch {
	case !present(v), v.Kind() == jsonscan.String && v.Text() == "":
		e.Fail(name, touchpoint.Missing)
	case v.Kind() != jsonscan.String:
		e.Fail(name, touchpoint.Syntax)
	}
	return v.Text()
}

// data returns the data if it is JSON: as it stands, or from base64 where the content
// type says so.
func (e *event) data() jsonscan.Value {
	if v := e.v.Get("data"); present(v) {
		return v
	}
	v := e.v.Get("data_base64")
	if !present(v) || !isJSON(e.v.Get("datacontenttype").Text()) {
		return jsonscan.Value{}
	}
	var data jsonscan.Value
	b, err := base64.StdEncoding.DecodeString(v.Text())
	if err == nil {
		data, err = e.doc.Parse(string(b), jsonscan.Limits{})
	}
	if err != nil {
		e.Fail("data_base64", touchpoint.Syntax)
	}
	return data
}

func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	return media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json")
}

// path returns what stands at a path of the event as text: "data.order.total".
func (e *event) path(path string) string {
	head, rest, deep := strings.Cut(path, ".")
	v := e.v.Get(head)
	if head == "data" {
		v = e.data()
	}
	if deep {
		v = v.Get(strings.Split(rest, ".")...)
	}
	if v.Kind() == jsonscan.Bool {
		return v.Raw()
	}
	return field.Text(v)
}

// touch reads a canonical touch, whose key and time fall back to those of the event and
// must not contradict them.
func (e *event) touch(k *ingest.Desk) ingest.Record {
	data := e.data()
	if err := e.Err(); err != nil {
		return ingest.Record{Err: err}
	}
	if data.Kind() != jsonscan.Object {
		return invalid("data", touchpoint.Syntax)
	}
	envelope := e.Touch
	base := touchpoint.Touch{Source: envelope.Source, ID: envelope.ID, At: e.Times.Event, ReceivedAt: e.Times.Received}
	t, err := touchpoint.ParseTouch([]byte(data.Raw()), base, k.Touch())
	switch {
	case err != nil:
		return ingest.Record{Err: err}
	case reference(t.Source) != envelope.Source && t.Source != envelope.Source:
		return invalid("source", touchpoint.Syntax)
	case t.ID != envelope.ID:
		return invalid("id", touchpoint.Syntax)
	case !e.Times.Event.IsZero() && !t.At.Equal(e.Times.Event.Truncate(time.Microsecond)):
		return invalid("time", touchpoint.Syntax)
	}
	e.Resume(t)
	return k.Record(e.Draft)
}

func invalid(field string, r touchpoint.Reason) ingest.Record {
	return ingest.Record{Err: &touchpoint.InvalidError{Field: field, Reason: r}}
}
