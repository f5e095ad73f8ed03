package touchpoint

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// A Touch is one dated contact between a person (or an account) and the company, or
// one dated record about it; a [Touchpoint] is the place where such contacts happen.
//
// Build one, call [Touch.Normalize], and record it. A Touch is a fact: it must not be
// changed after it was recorded. Times are UTC in microseconds once it is normalised.
// Printing a Touch shows its kind, source and time only; reading one is safe for
// concurrent use.
type Touch struct {
	Source, ID string // the key, 1 KiB each; an empty ID is derived from the content
	At         time.Time
	ReceivedAt time.Time // when we got it, from the clock; may be zero; not content
	Kind       Kind
	Channel    Channel
	Touchpoint string
	Campaign   Campaign
	IDs        []identity.ID // sorted by (type, value), distinct; people's and accounts' alike
	Direction  Direction     // unset: from the kind
	Offline    bool          // in person, by telephone or on paper
	Sentiment  Sentiment
	Cost       Money // what this touch cost us, ≥ 0
	Value      Money // what it brought (or, negative, returned); same currency as Cost
	Stage      string
	Redacted   bool // set by an erasure
	Props      Props
}

// A Key names a touch for ever: its source and the id it has there. Two touches of one
// key are one touch, or a conflict. Both parts are compared byte for byte.
type Key struct {
	Source string `json:"source"`
	ID     string `json:"id"`
}

// A Campaign is the marketing effort behind a touch, in the five UTM terms plus an id.
// An empty field is unknown.
type Campaign struct {
	Source, Medium, Name, Term, Content, ID string
}

// A Direction says who started the contact.
type Direction uint8

// The directions of a touch.
const (
	DirectionUnset Direction = iota
	Inbound                  // they to us
	Outbound                 // we to them
)

// String returns "inbound" or "outbound", and "" where unset.
func (d Direction) String() string {
	switch d {
	case Inbound:
		return "inbound"
	case Outbound:
		return "outbound"
	}
	return ""
}

// A Consent says whether somebody allowed a purpose, and when. Its rules stand with the
// privacy calls of package journey.
type Consent struct {
	ID            identity.ID
	Purpose       string
	Status, Scope uint8
	At            time.Time
	Source, Proof string
}

// LogValue returns purpose, status and time, without the identifier.
func (c Consent) LogValue() slog.Value {
	return slog.GroupValue(slog.String("purpose", c.Purpose), slog.Int("status", int(c.Status)), slog.Time("at", c.At))
}

// A Page is the raw page of a touch as channel rules read it. It is never stored as such.
type Page struct {
	URL, Referrer, UserAgent string
	Source, Medium, Campaign string
}

// Key returns the touch's key.
func (t Touch) Key() Key { return Key{t.Source, t.ID} }

// Compare orders touches by (At, Source, ID), the order of everything in tabi.
func Compare(a, b Touch) int { return compare(&a, &b) }

func compare(a, b *Touch) int {
	if c := a.At.Compare(b.At); c != 0 {
		return c
	}
	if c := strings.Compare(a.Source, b.Source); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

// Compare orders keys by source, then id, bytewise.
func (k Key) Compare(o Key) int {
	return cmp.Or(strings.Compare(k.Source, o.Source), strings.Compare(k.ID, o.ID))
}

// Class is the class of the touch's kind, with one exception: an activity whose
// props.outcome is "planned" is a [Record] until its completed version arrives.
func (t Touch) Class() Class {
	if outcome, ok := t.Props.Text("outcome"); ok && outcome == "planned" {
		return Record
	}
	return t.Kind.Info().Class
}

// Engaged reports whether the person did something: the answer of the kind, unless
// props.outcome says that the contact did not come about (no_show, no_answer, cancelled,
// bounced, failed).
func (t Touch) Engaged() bool {
	switch outcome, _ := t.Props.Text("outcome"); outcome {
	case "no_show", "no_answer", "cancelled", "bounced", "failed":
		return false
	}
	return t.Kind.Info().Engaged
}

// Sighting returns the touch's evidence about identity: which identifiers it carried, and
// when. Kinds login, identify, signup and alias are a login, form is a form, import an
// import, all others seen together; logout, sign_out and reset end the device's session.
// props.website (or person.website) and props.reverse_ip_domain are hints for the account.
func (t Touch) Sighting() identity.Sighting {
	s := identity.Sighting{Ref: identity.Ref{Source: t.Source, ID: t.ID}, At: t.At, IDs: t.IDs}
	switch t.Kind {
	case KindLogin, KindIdentify, KindSignup, KindAlias:
		s.Kind = identity.Login
	case KindForm, "form_submit":
		s.Kind = identity.Form
	case KindImport:
		s.Kind = identity.Import
	case KindLogout, "sign_out", "reset":
		s.End = true
	}
	if strings.Contains(t.Props.json, "website") { // spares most touches the look-ups
		var ok bool
		if s.Website, ok = t.Props.Text("website"); !ok {
			s.Website, _ = t.Props.Text("person", "website")
		}
	}
	if strings.Contains(t.Props.json, "reverse_ip_domain") {
		s.ReverseIP, _ = t.Props.Text("reverse_ip_domain")
	}
	return s
}

// String returns kind, source and time, never an identifier or a property.
func (t Touch) String() string {
	return fmt.Sprintf("%s from %s at %s", t.Kind, t.Source, t.At.UTC().Format(time.RFC3339Nano))
}

// GoString is String, so that %#v leaks nothing either.
func (t Touch) GoString() string { return t.String() }

// Format prints String for every verb.
func (t Touch) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// LogValue is String as an [slog.Value].
func (t Touch) LogValue() slog.Value { return slog.StringValue(t.String()) }
