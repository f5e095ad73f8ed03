package segment

import (
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/internal/field"
	"github.com/tabi-go/tabi/touchpoint/ingest/internal/frame"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

var calls = map[string]bool{"track": true, "page": true, "screen": true, "identify": true, "group": true, "alias": true}

// usd is what Segment documents for amounts without a currency.
var usd = touchpoint.Currency{'U', 'S', 'D'}

// message is one message on its way.
type message struct {
	*ingest.Draft
	d       *Decoder
	v       jsonscan.Value
	context [2]jsonscan.Value // of the message, of the batch
	call    string
	taken   []string // properties that became something else
}

// get returns a member by its name in camelCase or, second, in snake_case.
func (m *message) get(v jsonscan.Value, camel string) jsonscan.Value {
	snake, ok := snakes[camel]
	if !ok {
		return v.Get(camel)
	}
	var a, b jsonscan.Value
	for e := v.First(); e.OK(); e = e.Next() {
		switch e.Key() {
		case camel:
			a = e
		case snake:
			b = e
		}
	}
	switch {
	case !a.OK():
		return b
	case b.OK():
		m.Note(ingest.KeyAlias)
	}
	return a
}

// snakes are the keys that have two spellings.
var snakes = map[string]string{
	"messageId": "message_id", "userId": "user_id", "anonymousId": "anonymous_id", "groupId": "group_id",
	"previousId": "previous_id", "originalTimestamp": "original_timestamp", "sentAt": "sent_at",
	"receivedAt": "received_at", "userAgent": "user_agent", "externalIds": "external_ids",
	"clientIds": "client_ids", "clientId": "client_id", "sessionId": "session_id",
	"categoryPreferences": "category_preferences",
}

// ctx returns what stands at a path of the context: the message's, else the batch's.
func (m *message) ctx(path ...string) jsonscan.Value {
	for _, c := range m.context {
		if !c.OK() {
			continue
		}
		for _, key := range path {
			c = m.get(c, key)
		}
		if c.OK() && c.Kind() != jsonscan.Null {
			return c
		}
	}
	return jsonscan.Value{}
}

func (m *message) ident(v jsonscan.Value, where string) string {
	s, bad := field.Ident(v)
	if bad != "" {
		m.Fail(where, bad)
	}
	return s
}

func (m *message) time(v jsonscan.Value) time.Time {
	t, bad := field.Time(v)
	if bad != "" {
		m.Fail("at", bad)
	}
	return t
}

func (d *Decoder) record(f frame.Message, received time.Time) ingest.Record {
	m := &message{Draft: d.desk.Draft(), d: d, v: f.Value}
	m.context = [2]jsonscan.Value{m.get(f.Value, "context"), m.get(f.Batch, "context")}
	m.Touch.ID = m.ident(m.get(m.v, "messageId"), "id")
	m.times(f.Batch, received)
	m.who()
	m.page()
	if m.call = m.which(); m.call == "" {
		m.Fail("type", touchpoint.Syntax)
	}
	switch m.call {
	case "track":
		m.track()
	case "page", "screen":
		m.view()
	case "identify":
		m.identify()
	case "group":
		m.group()
	case "alias":
		m.alias()
	}
	m.consent()
	return d.desk.Record(m.Draft)
}

// which returns the call of the message.
func (m *message) which() string {
	for _, key := range []string{"type", "action"} {
		if call := strings.ToLower(m.v.Get(key).Text()); calls[call] {
			return call
		}
	}
	if m.v.Get("event").OK() {
		return "track"
	}
	return m.d.call
}

func (m *message) times(batch jsonscan.Value, received time.Time) {
	stamp := m.time(m.v.Get("timestamp"))
	original := m.time(m.get(m.v, "originalTimestamp"))
	t := &m.Times
	if t.Event = stamp; !original.IsZero() {
		t.Event, t.Corrected = original, stamp
	}
	t.Sent = m.time(m.get(m.v, "sentAt"))
	if t.Sent.IsZero() {
		t.Sent = m.time(m.get(batch, "sentAt"))
	}
	t.Received = m.time(m.get(m.v, "receivedAt"))
	if t.Received.IsZero() {
		t.Received = received
	}
}

// who adds the identifiers that every call may have.
func (m *message) who() {
	m.ID(identity.UserID, m.ident(m.get(m.v, "userId"), "ids"))
	m.ID(identity.AnonymousID, m.ident(m.get(m.v, "anonymousId"), "ids"))
	m.ID(identity.GroupID, m.ident(m.ctx("groupId"), "ids"))
	m.contact(m.ctx("traits"))
	m.ID(identity.DeviceID, m.ident(m.ctx("device", "id"), "ids"))
	m.ID(identity.AnonymousID, m.ident(m.ctx("clientIds", "ga4", "clientId"), "ids"))
	for e := m.ctx("externalIds").First(); e.OK(); e = e.Next() {
		if t, ok := m.d.external[e.Get("type").Text()]; ok {
			m.ID(t, m.ident(e.Get("id"), "ids"))
		} else {
			m.Note(ingest.UnknownIDType)
		}
	}
}

// contact adds the mail address and the phone number of an object of traits.
func (m *message) contact(v jsonscan.Value) {
	m.ID(identity.Email, m.ident(v.Get("email"), "ids"))
	m.ID(identity.Phone, m.ident(v.Get("phone"), "ids"))
}

// page fills in the page, the campaign and the device as the context has them.
func (m *message) page() {
	m.Page.URL = m.ctx("page", "url").Text()
	m.Page.Referrer = m.ctx("page", "referrer").Text()
	m.Prop("title", m.ctx("page", "title").Text())
	m.Page.UserAgent = m.ctx("userAgent").Text()
	m.IP = m.ctx("ip").Text()
	m.Prop("session_id", field.Text(m.ctx("sessionId")))
	m.campaign(m.ctx("campaign"))
}

func (m *message) campaign(v jsonscan.Value) {
	if v.Kind() != jsonscan.Object {
		return
	}
	m.Touch.Campaign = touchpoint.Campaign{
		Source: field.Text(v.Get("source")), Medium: field.Text(v.Get("medium")), Name: field.Text(v.Get("name")),
		Term: field.Text(v.Get("term")), Content: field.Text(v.Get("content")), ID: field.Text(v.Get("id")),
	}
	m.Page.Source, m.Page.Medium, m.Page.Campaign = m.Touch.Campaign.Source, m.Touch.Campaign.Medium, m.Touch.Campaign.Name
}

// consent reads what the visitor allowed.
func (m *message) consent() {
	for c := m.ctx("consent", "categoryPreferences").First(); c.OK(); c = c.Next() {
		if c.Kind() == jsonscan.Bool {
			m.Consent(c.Key(), c.True())
		}
	}
}

// take returns a property and keeps it from becoming a prop.
func (m *message) take(props jsonscan.Value, key string) jsonscan.Value {
	v := props.Get(key)
	if v.OK() {
		m.taken = append(m.taken, key)
	}
	return v
}

// rest makes props of the properties that nothing took.
func (m *message) rest(props jsonscan.Value) {
	if props.OK() && props.Kind() != jsonscan.Object && props.Kind() != jsonscan.Null {
		m.Fail("properties", touchpoint.Syntax)
	}
	for p := props.First(); p.OK(); p = p.Next() {
		if !slices.Contains(m.taken, p.Key()) {
			m.Foreign(p.Key(), p.Raw())
		}
	}
}
