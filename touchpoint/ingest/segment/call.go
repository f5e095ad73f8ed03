package segment

import (
	"strings"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/internal/field"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// track reads something that somebody did.
func (m *message) track() {
	t := &m.Touch
	t.Touchpoint = field.Text(m.top.Get("event"))
	t.Kind = m.kind(t.Touchpoint)
	m.properties()
	switch t.Kind {
	case touchpoint.KindIdentify, touchpoint.KindSignup, touchpoint.KindForm, touchpoint.KindLead:
		// In other events an address may be somebody else's.
		m.ID(identity.Email, field.Ident(m, m.take("email"), "ids"))
		m.ID(identity.Phone, field.Ident(m, m.take("phone"), "ids"))
	}
	m.campaign(m.take("campaign"))
	if strings.HasPrefix(string(t.Kind), "email_") || t.Kind == touchpoint.KindUnsubscribe {
		if id := m.take("campaign_id"); id.OK() {
			t.Campaign.ID = field.Text(id)
		}
		if name := m.take("campaign_name"); name.OK() {
			t.Campaign.Name = field.Text(name)
		}
		m.Prop("subject", field.Text(m.take("email_subject")))
	}
	m.money()
	for _, key := range []string{"order_id", "orderId"} {
		m.Prop("order_id", field.Text(m.take(key)))
	}
	m.rest()
}

// money reads the value: the revenue, of orders also the total.
func (m *message) money() {
	key := "revenue"
	token, ok := field.Number(m.props.Get(key))
	if !ok && (m.Touch.Kind == touchpoint.KindOrder || m.Touch.Kind.Info().Class == touchpoint.Reversal) {
		key = "total"
		token, ok = field.Number(m.props.Get(key))
	}
	if !ok {
		return
	}
	m.take(key)
	m.Value(token, field.Text(m.take("currency")), usd)
}

// view reads a page or a screen.
func (m *message) view() {
	t := &m.Touch
	t.Kind = touchpoint.KindPageview
	if m.call == "screen" {
		t.Kind = touchpoint.KindScreen
	}
	m.properties()
	if u := m.take("url").Text(); u != "" {
		m.Page.URL = u
	}
	if r := m.take("referrer").Text(); r != "" {
		m.Page.Referrer = r
	}
	m.Prop("title", m.take("title").Text())
	if m.Page.URL != "" { // parts of the URL
		m.take("path")
		m.take("search")
	}
	name := m.take("name")
	if n := m.top.Get("name"); n.OK() {
		name = n
	}
	if t.Touchpoint = field.Text(name); t.Touchpoint == "" {
		t.Touchpoint = ingest.HostPath(m.Page.URL)
	}
	category := m.take("category")
	if c := m.top.Get("category"); c.OK() {
		category = c
	}
	m.Prop("category", field.Text(category))
	m.rest()
}

// identify reads who somebody is.
func (m *message) identify() {
	m.Touch.Kind = touchpoint.KindIdentify
	who := m.top.Get("traits")
	if !who.OK() {
		who = m.ctx(traits)
	}
	m.contact(who)
	m.object("person", who, "email", "phone", "company")
	switch company := who.Get("company"); company.Kind() {
	case jsonscan.Object:
		m.object("account", company)
	case jsonscan.String:
		m.RawProp("account", `{"name":`+company.Raw()+`}`)
	}
}

// group reads which account somebody belongs to.
func (m *message) group() {
	m.Touch.Kind = touchpoint.KindGroup
	m.ID(identity.GroupID, field.Ident(m, m.get(groupID), "ids"))
	m.object("account", m.top.Get("traits"))
}

// alias reads another identifier of the same person.
func (m *message) alias() {
	m.Touch.Kind = touchpoint.KindAlias
	previous := field.Ident(m, m.get(previousID), "ids")
	switch {
	case field.IsEmail(previous):
		m.ID(identity.Email, previous)
	case field.IsUUID(previous), previous == field.Text(m.get(anonymousID)):
		m.ID(identity.AnonymousID, previous)
	default:
		m.ID(identity.UserID, previous)
	}
}

// object sets a prop to an object without the members that became identifiers.
func (m *message) object(key string, v jsonscan.Value, without ...string) {
	if object := field.Members(without, v); object != "" {
		m.RawProp(key, object)
	}
}
