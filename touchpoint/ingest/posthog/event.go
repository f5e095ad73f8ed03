package posthog

import (
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/internal/field"
	"github.com/tabi-go/tabi/touchpoint/ingest/internal/frame"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// kinds are the events of PostHog's own that are a kind of ours.
var kinds = map[string]touchpoint.Kind{
	"$pageview": touchpoint.KindPageview, "$screen": touchpoint.KindScreen,
	"$autocapture": touchpoint.KindEvent,
	"$identify":    touchpoint.KindIdentify, "$set": touchpoint.KindIdentify,
	"$create_alias": touchpoint.KindAlias, "$merge_dangerously": touchpoint.KindAlias,
	"$groupidentify": touchpoint.KindGroup, "survey sent": touchpoint.KindSurveyAnswer,
}

// event is one event on its way; one after the other uses it.
type event struct {
	*ingest.Draft
	d    *Decoder
	v    field.Index
	p    field.Index // properties
	name string
}

func (e *event) record(m frame.Message, received time.Time) ingest.Record {
	e.Reset()
	e.v.Load(m.Value)
	props := e.v.Get("properties")
	e.p.Load(props)
	if k := props.Kind(); k != jsonscan.Object && k != jsonscan.Null && k != jsonscan.None {
		e.Fail("properties", touchpoint.Syntax)
	}
	e.name = field.Text(e.v.Get("event"))
	e.Touch.ID = field.Ident(e, e.v.Get("uuid"), "id")
	e.Times.Event = field.Time(e, e.v.Get("timestamp"), "at")
	e.Times.Sent = field.Time(e, m.Batch.Get("sent_at"), "at")
	if e.Times.Sent.IsZero() {
		e.Times.Sent = field.Time(e, m.Batch.Get("created_at"), "at")
	}
	e.Times.Received = received
	e.Times.Trusted = e.v.Get("options").Get("disable_skew_correction").True()
	e.what()
	e.who()
	e.groups()
	e.person()
	e.page()
	e.money()
	if e.Touch.Kind == touchpoint.KindSurveyAnswer {
		e.survey()
	}
	for p := props.First(); p.OK(); p = p.Next() {
		if k := p.Key(); !strings.HasPrefix(k, "$") && !e.used(k) {
			e.Foreign(k, p.Raw())
		}
	}
	return e.Desk().Record(e.Draft)
}

// what fills in kind and touchpoint.
func (e *event) what() {
	t := &e.Touch
	kind, own := e.d.events[e.name]
	if !own {
		kind, own = kinds[e.name], false
	}
	switch {
	case e.name == "":
		e.Fail("event", touchpoint.Missing)
	case kind != "":
		t.Kind = kind
	case strings.HasPrefix(e.name, "$"):
		t.Kind = touchpoint.KindSystem
	default:
		t.Kind = touchpoint.KindEvent
	}
	switch {
	case e.name == "$screen":
		t.Touchpoint = field.Text(e.p.Get("$screen_name"))
	case e.name == "$pageview":
		t.Touchpoint = ingest.HostPath(e.p.Get("$current_url").Text())
	case strings.HasPrefix(e.name, "$"):
		e.Prop("event", e.name)
	case t.Kind == touchpoint.KindSurveyAnswer && !own:
		t.Touchpoint = field.Text(e.p.Get("$survey_name"))
	default:
		t.Touchpoint = e.name
	}
}

// who adds the identifiers of the person.
func (e *event) who() {
	distinct := e.v.Get("distinct_id")
	if !distinct.OK() {
		distinct = e.p.Get("distinct_id")
	}
	id := field.Ident(e, distinct, "ids")
	group, key := field.Text(e.p.Get("$group_type")), field.Text(e.p.Get("$group_key"))
	if e.name != "$groupidentify" || id != "$"+group+"_"+key { // which stands for nobody
		e.ID(e.typeOf(id), id)
	}
	if e.name == "$identify" {
		e.ID(identity.AnonymousID, field.Ident(e, e.p.Get("$anon_distinct_id"), "ids"))
	}
	if e.Touch.Kind == touchpoint.KindAlias {
		alias := field.Ident(e, e.p.Get("alias"), "ids")
		e.ID(typeOfAny(alias), alias)
	}
}

// typeOf tells the type of the event's distinct id.
func (e *event) typeOf(id string) identity.Type {
	off := func(v jsonscan.Value) bool { return v.Kind() == jsonscan.Bool && !v.True() }
	switch {
	case e.name == "$identify":
		return identity.UserID
	case id != "" && id == field.Text(e.p.Get("$device_id")), off(e.p.Get("$process_person_profile")),
		off(e.p.Get("$is_identified")), off(e.v.Get("options").Get("process_person_profile")):
		return identity.AnonymousID
	case e.p.Get("$is_identified").True():
		return identity.UserID
	}
	return typeOfAny(id)
}

func typeOfAny(id string) identity.Type {
	if field.IsUUID(id) {
		return identity.AnonymousID
	}
	return identity.UserID
}

// groups adds the accounts.
func (e *event) groups() {
	for g := e.p.Get("$groups").First(); g.OK(); g = g.Next() {
		if key := field.Ident(e, g, "ids"); key != "" {
			e.ID(identity.GroupID, g.Key()+":"+key)
		}
	}
	group, key := field.Text(e.p.Get("$group_type")), field.Ident(e, e.p.Get("$group_key"), "ids")
	if group != "" && key != "" {
		e.ID(identity.GroupID, group+":"+key)
	}
	if set := e.p.Get("$group_set"); set.Kind() == jsonscan.Object {
		e.RawProp("account", set.Raw())
	}
}

// person makes props.person of $set and $set_once, of which the first wins; an e-mail
// address in them becomes an identifier.
func (e *event) person() {
	sets := []jsonscan.Value{e.v.Get("$set"), e.p.Get("$set"), e.v.Get("$set_once"), e.p.Get("$set_once")}
	for _, set := range sets {
		e.ID(identity.Email, field.Ident(e, set.Get("email"), "ids"))
	}
	if person := field.Members([]string{"email"}, sets...); person != "" {
		e.RawProp("person", person)
	}
}

func (e *event) page() {
	e.Page.URL = e.p.Get("$current_url").Text()
	if r := e.p.Get("$referrer").Text(); r != "$direct" {
		e.Page.Referrer = r
	}
	e.Page.UserAgent = e.p.Get("$raw_user_agent").Text()
	e.IP = e.p.Get("$ip").Text()
	session := e.p.Get("$session_id")
	if !session.OK() {
		session = e.v.Get("session_id")
	}
	e.Prop("session_id", field.Text(session))
	if e.Touch.Kind == touchpoint.KindPageview {
		e.Prop("title", e.p.Get("title").Text())
	}
	if e.Touch.Campaign = ingest.Campaign(e.Page.URL); e.Touch.Campaign == (touchpoint.Campaign{}) {
		e.Touch.Campaign = field.Campaign(e.v.Get("properties"), "utm_", "utm_campaign", "utm_id")
	}
}

func (e *event) money() {
	for _, key := range []string{"revenue", "$revenue"} {
		if token, ok := field.Number(e.p.Get(key)); ok {
			e.Value(token, field.Text(e.p.Get("currency")), touchpoint.Currency{})
			return
		}
	}
}

// survey makes props.survey of an answer.
func (e *event) survey() {
	id := field.Text(e.p.Get("$survey_id"))
	response := e.p.Get("$survey_response")
	b := jsonscan.AppendQuoted([]byte(`{"id":`), id)
	scale, known := e.d.surveys[id]
	switch token := field.Text(response); {
	case known && isNumber(token):
		b = append(b, `,"scale":"range","min":`+strconv.Itoa(scale.Min)+`,"max":`+strconv.Itoa(scale.Max)+`,"score":`+token+`}`...)
	case token != "":
		b = append(jsonscan.AppendQuoted(append(b, `,"scale":"text","text":`...), token), '}')
	default:
		b = append(b, '}')
	}
	e.RawProp("survey", string(b))
}

func isNumber(token string) bool {
	var doc jsonscan.Doc
	v, err := doc.Parse(token, jsonscan.Limits{})
	return err == nil && v.Kind() == jsonscan.Number
}

// used reports whether a property became something else. token is the project's key,
// which browsers send along.
func (e *event) used(key string) bool {
	switch key {
	case "distinct_id", "token", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id":
		return true
	case "alias":
		return e.Touch.Kind == touchpoint.KindAlias
	case "title":
		return e.Touch.Kind == touchpoint.KindPageview
	case "revenue":
		_, ok := field.Number(e.p.Get("revenue"))
		return ok
	case "currency":
		return !e.Touch.Value.IsZero()
	}
	return false
}
