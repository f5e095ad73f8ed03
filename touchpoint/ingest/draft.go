package ingest

import (
	"errors"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// A Draft is what a decoder knows of one touch before it is finished: fields as the
// sender wrote them, the raw page, the instants. Make one with [Desk.Draft]. The first
// thing that is wrong is kept and returned by [Desk.Finish], so that a decoder need not
// stop at each field. Not safe for concurrent use.
type Draft struct {
	Touch touchpoint.Touch // IDs, Props, At and ReceivedAt are filled in from below
	Page  touchpoint.Page  // as sent, its tags from Touch.Campaign; url and referrer become props after masking
	IP    string
	Times Times
	Notes []Note
	// OfflineStated says that Touch.Offline is what the message said; else it is filled
	// from the kind.
	OfflineStated bool

	desk    *Desk
	resumed bool // the touch was finished before; nothing is guessed
	props   []member
	order   []int  // of the props by key
	buf     []byte // of the props as JSON
	clicks  []click
	asked   []answer
	err     error
}

// A member is a property on its way: a text, or a value in JSON.
type member struct {
	key, value string
	json       bool
}

type click struct{ name, value string }

// Reset makes the draft empty again, for the next message; the touch that was finished
// is not touched.
func (d *Draft) Reset() {
	desk, props, order, buf := d.desk, d.props[:0], d.order, d.buf
	*d = Draft{} // in place, which a literal with values would not be
	d.desk, d.props, d.order, d.buf = desk, props, order, buf
	d.Touch.Source = desk.o.Source
}

// Desk returns the desk that the draft was made at.
func (d *Draft) Desk() *Desk { return d.desk }

// Resume makes the draft one of a touch that is normalised already, to be masked and seen
// by channel rules like any other.
func (d *Draft) Resume(t touchpoint.Touch) {
	d.Times = Times{Event: t.At, Received: t.ReceivedAt}
	d.OfflineStated, d.resumed = true, true
	d.adopt(t.Props)
	for key, to := range map[string]*string{"url": &d.Page.URL, "referrer": &d.Page.Referrer,
		"user_agent": &d.Page.UserAgent, "ip": &d.IP} {
		if text, ok := t.Props.Text(key); ok {
			*to = text
			d.props = slices.DeleteFunc(d.props, func(m member) bool { return m.key == key })
		}
	}
	t.Props = touchpoint.Props{}
	d.Touch = t
}

// Fail keeps why the message is refused, unless something was wrong before.
func (d *Draft) Fail(field string, reason touchpoint.Reason) {
	if d.err == nil {
		d.err = &touchpoint.InvalidError{Field: field, Reason: reason}
	}
}

// Err returns what is wrong so far.
func (d *Draft) Err() error { return d.err }

// Note adds a note, once.
func (d *Draft) Note(n Note) {
	for _, m := range d.Notes {
		if m == n {
			return
		}
	}
	d.Notes = append(d.Notes, n)
}

// ID adds an identifier from raw text; the empty one is none.
func (d *Draft) ID(t identity.Type, raw string) {
	id, ok := d.Identify(t, raw)
	if ok && !slices.Contains(d.Touch.IDs, id) {
		if d.Touch.IDs == nil {
			d.Touch.IDs = make([]identity.ID, 0, 4) // most touches have as many or fewer
		}
		d.Touch.IDs = append(d.Touch.IDs, id)
	}
}

// Identify normalises an identifier without adding it; ok is false for the empty one,
// and for a bad one, which fails the draft.
func (d *Draft) Identify(t identity.Type, raw string) (_ identity.ID, ok bool) {
	if raw == "" || strings.TrimSpace(raw) == "" {
		return identity.ID{}, false
	}
	if p := d.desk.o.Prefix; p != "" && strings.HasPrefix(string(t), "crm_") {
		raw = p + raw
	}
	id, err := d.desk.touch.Rules.ID(t, raw)
	if err != nil {
		d.Fail("ids", idReason(err))
	}
	return id, err == nil && !id.IsZero()
}

// idReason is the reason code of an error of the identifier rules.
func idReason(err error) touchpoint.Reason {
	var ie *identity.IDError
	switch {
	case errors.Is(err, identity.ErrUnknownType):
		return touchpoint.UnknownType
	case errors.As(err, &ie):
		return touchpoint.Reason(ie.Code)
	}
	return touchpoint.Syntax
}

// Prop sets a property to a text; the empty text sets nothing.
func (d *Draft) Prop(key, text string) {
	if text != "" {
		d.set(member{key: key, value: text})
	}
}

// RawProp sets a property to a value in JSON. The last of several of one key stays.
func (d *Draft) RawProp(key, json string) { d.set(member{key, json, true}) }

func (d *Draft) set(m member) {
	for i := range d.props {
		if d.props[i].key == m.key {
			d.props[i] = m
			return
		}
	}
	d.props = append(d.props, m)
}

// reserved are the keys of props that have a meaning of our own.
var reserved = map[string]bool{
	"url": true, "referrer": true, "title": true, "event": true, "session_id": true,
	"click_ids": true, "bot": true, "bot_rule": true, "at_precision": true,
	"at_original": true, "order_id": true, "refund_of": true, "content_id": true,
	"subject": true, "activity_id": true, "outcome": true, "duration_s": true,
	"deal_id": true, "survey": true, "person": true, "account": true, "emotion": true,
	"lang": true, "ip": true, "user_agent": true,
}

// Foreign sets a property that the sender named. A name with a meaning of our own is
// moved to "_" and the name; where click ids are masked, the name of one makes one.
func (d *Draft) Foreign(key, json string) {
	if d.desk.o.Minimise.ClickIDs != ClickIDsKeep && isClickID(key) {
		var doc jsonscan.Doc
		if v, err := doc.Parse(json, jsonscan.Limits{}); err == nil && v.Kind() == jsonscan.String {
			d.ClickID(key, v.Text())
			return
		}
	}
	d.set(member{foreign(key), json, true})
}

// ForeignText is Foreign of a text; the empty text sets nothing.
func (d *Draft) ForeignText(key, text string) {
	if d.desk.o.Minimise.ClickIDs != ClickIDsKeep && isClickID(key) {
		d.ClickID(key, text)
		return
	}
	d.Prop(foreign(key), text)
}

// foreign is the name under which a sender's property is kept.
func foreign(key string) string {
	if reserved[key] {
		return "_" + key
	}
	return key
}

// ClickID adds an advertiser's click id; an empty value is none.
func (d *Draft) ClickID(name, value string) {
	if value != "" {
		d.clicks = append(d.clicks, click{strings.ToLower(name), value})
	}
}

// Value sets the touch's value from a JSON number, as senders write it who hold money
// in binary floats: it is rounded half to even. currency is the code as sent; empty
// means Options.Currency, and there assume, with a note. Where the kind is a reversal the
// value is negative, with or without the sign.
func (d *Draft) Value(literal, currency string, assume touchpoint.Currency) {
	cur, ok := d.Currency(currency, assume)
	if !ok {
		return
	}
	if d.Touch.Kind.Info().Class == touchpoint.Reversal && !strings.HasPrefix(literal, "-") {
		literal = "-" + literal // what is given back
	}
	m, rounded, err := touchpoint.FromNumber(literal, cur)
	if err != nil {
		d.Fail("value", reasonOf(err, touchpoint.NotANumber))
		return
	}
	if rounded {
		d.Note(Rounded)
	}
	d.Touch.Value = m
}

// Currency reads a code as sent; empty means Options.Currency, and there assume. ok is
// false where there is none, and the draft then fails.
func (d *Draft) Currency(code string, assume touchpoint.Currency) (_ touchpoint.Currency, ok bool) {
	if code = strings.TrimSpace(code); code == "" {
		if c := d.desk.o.Currency; c != (touchpoint.Currency{}) {
			assume = c
		}
		if assume == (touchpoint.Currency{}) {
			d.Fail("currency", touchpoint.Missing)
			return assume, false
		}
		d.Note(CurrencyAssumed)
		return assume, true
	}
	c, err := touchpoint.ParseCurrency(code)
	if err != nil {
		d.Fail("currency", reasonOf(err, touchpoint.UnknownCurrency))
		return c, false
	}
	return c, true
}

func reasonOf(err error, other touchpoint.Reason) touchpoint.Reason {
	var inv *touchpoint.InvalidError
	if errors.As(err, &inv) {
		return inv.Reason
	}
	return other
}

// build makes the props from what the draft holds.
func (d *Draft) build() (touchpoint.Props, error) {
	if len(d.props) == 0 {
		return touchpoint.Props{}, nil
	}
	d.order = d.order[:0]
	for i := range d.props {
		d.order = append(d.order, i)
	}
	slices.SortFunc(d.order, func(i, j int) int { return strings.Compare(d.props[i].key, d.props[j].key) }) // as they are kept
	b := append(d.buf[:0], '{')
	for _, i := range d.order {
		m := &d.props[i]
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(jsonscan.AppendQuoted(b, m.key), ':')
		if m.json {
			b = append(b, m.value...)
		} else {
			b = jsonscan.AppendQuoted(b, m.value)
		}
	}
	d.buf = append(b, '}')
	return touchpoint.ParseProps(d.buf)
}

// adopt replaces the props by those of p.
func (d *Draft) adopt(p touchpoint.Props) {
	d.props = d.props[:0]
	for key, json := range p.All() {
		d.props = append(d.props, member{key, json, true})
	}
}
