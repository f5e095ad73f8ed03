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

// message is one message on its way; one after the other uses it.
type message struct {
	*ingest.Draft
	d        *Decoder
	top      field.Index    // the message
	props    field.Index    // its properties
	context  [2]field.Index // of the message, of the batch
	contexts int            // how many of them there are
	call     string
	taken    []string                   // properties that became something else
	kinds    map[string]touchpoint.Kind // by name of event
}

// A key is a member's name in camelCase and, where it has another spelling, in
// snake_case.
type key struct{ camel, snake string }

// The keys that are asked for by path; the second spelling is empty where there is none.
var (
	messageID   = &key{"messageId", "message_id"}
	userID      = &key{"userId", "user_id"}
	anonymousID = &key{"anonymousId", "anonymous_id"}
	groupID     = &key{"groupId", "group_id"}
	previousID  = &key{"previousId", "previous_id"}
	original    = &key{"originalTimestamp", "original_timestamp"}
	sentAt      = &key{"sentAt", "sent_at"}
	receivedAt  = &key{"receivedAt", "received_at"}
	userAgent   = &key{"userAgent", "user_agent"}
	externalIDs = &key{"externalIds", "external_ids"}
	clientIDs   = &key{"clientIds", "client_ids"}
	clientID    = &key{"clientId", "client_id"}
	sessionID   = &key{"sessionId", "session_id"}
	traits      = &key{"traits", ""}
	device      = &key{"device", ""}
	page        = &key{"page", ""}
	campaign    = &key{"campaign", ""}
	consent     = &key{"consent", ""}
	ga4         = &key{"ga4", ""}
	id          = &key{"id", ""}
	ip          = &key{"ip", ""}
	url         = &key{"url", ""}
	referrer    = &key{"referrer", ""}
	title       = &key{"title", ""}
	categories  = &key{"categoryPreferences", "category_preferences"}
)

// get returns a member of the message; of two spellings camelCase wins, with a note.
func (m *message) get(k *key) jsonscan.Value { return m.member(&m.top, k) }

func (m *message) member(of *field.Index, k *key) jsonscan.Value {
	if k.snake == "" {
		return of.Get(k.camel)
	}
	return m.either(of.Get(k.camel), of.Get(k.snake))
}

func (m *message) inner(v jsonscan.Value, k *key) jsonscan.Value {
	if k.snake == "" {
		return v.Get(k.camel)
	}
	return m.either(v.Get(k.camel), v.Get(k.snake))
}

func (m *message) either(camel, snake jsonscan.Value) jsonscan.Value {
	switch {
	case !camel.OK(), camel.Kind() == jsonscan.Null:
		return snake
	case snake.OK():
		m.Note(ingest.KeyAlias)
	}
	return camel
}

// ctx returns what stands at a path of the context: the message's, else the batch's.
func (m *message) ctx(first *key, path ...*key) jsonscan.Value {
	for i := range m.context[:m.contexts] {
		v := m.member(&m.context[i], first)
		for _, k := range path {
			v = m.inner(v, k)
		}
		if v.OK() && v.Kind() != jsonscan.Null {
			return v
		}
	}
	return jsonscan.Value{}
}

func (m *message) record(f frame.Message, received time.Time) ingest.Record {
	m.Reset()
	m.taken = m.taken[:0]
	m.top.Load(f.Value)
	m.context[0].Load(m.top.Get("context"))
	m.contexts = 1
	if batch := f.Batch.Get("context"); batch.OK() {
		m.context[1].Load(batch)
		m.contexts = 2
	}
	m.Touch.ID = field.Ident(m, m.get(messageID), "id")
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
	return m.Desk().Record(m.Draft)
}

// which returns the call of the message.
func (m *message) which() string {
	for _, key := range []string{"type", "action"} {
		if call := strings.ToLower(m.top.Get(key).Text()); calls[call] {
			return call
		}
	}
	if m.top.Get("event").OK() {
		return "track"
	}
	return m.d.call
}

func (m *message) times(batch jsonscan.Value, received time.Time) {
	stamp := field.Time(m, m.top.Get("timestamp"), "at")
	original := field.Time(m, m.get(original), "at")
	t := &m.Times
	if t.Event = stamp; !original.IsZero() {
		t.Event, t.Corrected = original, stamp
	}
	t.Sent = field.Time(m, m.get(sentAt), "at")
	if t.Sent.IsZero() {
		t.Sent = field.Time(m, m.inner(batch, sentAt), "at")
	}
	t.Received = field.Time(m, m.get(receivedAt), "at")
	if t.Received.IsZero() {
		t.Received = received
	}
}

// who adds the identifiers that every call may have.
func (m *message) who() {
	m.ID(identity.UserID, field.Ident(m, m.get(userID), "ids"))
	m.ID(identity.AnonymousID, field.Ident(m, m.get(anonymousID), "ids"))
	m.ID(identity.GroupID, field.Ident(m, m.ctx(groupID), "ids"))
	m.contact(m.ctx(traits))
	m.ID(identity.DeviceID, field.Ident(m, m.ctx(device, id), "ids"))
	m.ID(identity.AnonymousID, field.Ident(m, m.ctx(clientIDs, ga4, clientID), "ids"))
	for e := m.ctx(externalIDs).First(); e.OK(); e = e.Next() {
		if t, ok := m.d.external[e.Get("type").Text()]; ok {
			m.ID(t, field.Ident(m, e.Get("id"), "ids"))
		} else {
			m.Note(ingest.UnknownIDType)
		}
	}
}

// contact adds the mail address and the phone number of an object of traits.
func (m *message) contact(v jsonscan.Value) {
	m.ID(identity.Email, field.Ident(m, v.Get("email"), "ids"))
	m.ID(identity.Phone, field.Ident(m, v.Get("phone"), "ids"))
}

// page fills in the page, the campaign and the device as the context has them.
func (m *message) page() {
	m.Page.URL = m.ctx(page, url).Text()
	m.Page.Referrer = m.ctx(page, referrer).Text()
	m.Prop("title", m.ctx(page, title).Text())
	m.Page.UserAgent = m.ctx(userAgent).Text()
	m.IP = m.ctx(ip).Text()
	m.Prop("session_id", field.Text(m.ctx(sessionID)))
	m.campaign(m.ctx(campaign))
}

func (m *message) campaign(v jsonscan.Value) {
	if v.Kind() == jsonscan.Object {
		m.Touch.Campaign = field.Campaign(v, "", "name", "id")
	}
}

// consent reads what the visitor allowed.
func (m *message) consent() {
	for c := m.ctx(consent, categories).First(); c.OK(); c = c.Next() {
		if c.Kind() == jsonscan.Bool {
			m.Consent(c.Key(), c.True())
		}
	}
}

// properties makes those of the message ready to be taken.
func (m *message) properties() {
	v := m.top.Get("properties")
	if v.OK() && v.Kind() != jsonscan.Object && v.Kind() != jsonscan.Null {
		m.Fail("properties", touchpoint.Syntax)
	}
	m.props.Load(v)
}

// take returns a property and keeps it from becoming a prop.
func (m *message) take(key string) jsonscan.Value {
	v := m.props.Get(key)
	if v.OK() {
		m.taken = append(m.taken, key)
	}
	return v
}

// rest makes props of the properties that nothing took.
func (m *message) rest() {
	for key, v := range m.props.All {
		if !slices.Contains(m.taken, key) {
			m.Foreign(key, v.Raw())
		}
	}
}
