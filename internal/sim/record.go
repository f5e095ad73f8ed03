package sim

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Record is a fact in the plainest form: what the workload offers, what the oracle
// reads, and what a trace holds. Instants are microseconds since 1970, 0 = none;
// identifiers are "type:text", as raw as a sender writes them.
type Record struct {
	Class  string   `json:"class"`            // touch, evidence, override, membership or consent
	Source string   `json:"source,omitempty"` // not of overrides
	ID     string   `json:"id,omitempty"`     // empty for a touch: derived from its content; ref of evidence and memberships
	At     int64    `json:"at,omitempty"`
	Kind   string   `json:"kind,omitempty"` // of touch or evidence; operation of an override; purpose of a consent
	IDs    []string `json:"ids,omitempty"`  // of a touch; A and B of evidence and overrides; person and account

	Channel  string `json:"channel,omitempty"`
	Campaign string `json:"campaign,omitempty"`
	Stage    string `json:"stage,omitempty"`
	Value    int64  `json:"value,omitempty"` // minor units
	Currency string `json:"currency,omitempty"`
	Order    string `json:"order,omitempty"` // props.order_id
	Redacted bool   `json:"redacted,omitempty"`

	From    int64    `json:"from,omitempty"` // of bounded evidence and memberships
	To      int64    `json:"to,omitempty"`
	Target  string   `json:"target,omitempty"` // of a restore
	Touch   []string `json:"touch,omitempty"`  // source and id of the touch whose evidence is retracted
	Force   bool     `json:"force,omitempty"`
	Primary bool     `json:"primary,omitempty"`
	Role    string   `json:"role,omitempty"`
	Granted bool     `json:"granted,omitempty"`

	Ahead int64  `json:"ahead,omitempty"` // At is so far after the clock when it is first offered
	Bad   string `json:"bad,omitempty"`   // the reason for which it has to be rejected
}

const (
	classTouch      = "touch"
	classEvidence   = "evidence"
	classOverride   = "override"
	classMembership = "membership"
	classConsent    = "consent"
)

// plain is the record in normal form, without what is no content: the oracle's own
// normaliser, for the spellings that the workload uses.
func (r Record) plain() Record {
	r.Ahead, r.Bad = 0, ""
	ids := make([]string, len(r.IDs))
	for i, id := range r.IDs {
		ids[i] = spell(id)
	}
	if r.Class == classTouch {
		slices.Sort(ids)
		ids = slices.Compact(ids)
	}
	r.IDs = ids
	return r
}

// spell is the normal form of an identifier.
func spell(id string) string {
	typ, text, _ := strings.Cut(id, ":")
	text = strings.TrimSpace(text)
	if typ == "email" || typ == "domain" {
		text = strings.ToLower(text)
	}
	return typ + ":" + text
}

// content tells records apart: equal content is the same fact.
func (r *Record) content() string { return string(r.appendContent(make([]byte, 0, 160))) }

func (r *Record) appendContent(b []byte) []byte {
	text := func(list ...string) {
		for _, s := range list {
			b = append(append(b, s...), 0x1f)
		}
	}
	number := func(n int64) { b = append(strconv.AppendInt(b, n, 36), 0x1f) }
	text(r.Class, r.Source, r.ID, r.Kind, r.Channel, r.Campaign, r.Stage, r.Currency, r.Order, r.Target, r.Role)
	number(r.At)
	number(r.Value)
	number(r.From)
	number(r.To)
	for _, yes := range []bool{r.Redacted, r.Force, r.Primary, r.Granted} {
		b = strconv.AppendBool(b, yes)
	}
	text(r.IDs...)
	text("")
	text(r.Touch...)
	return b
}

// key names the fact: facts of one key are one fact or in conflict. A touch without an id
// has none yet.
func (r *Record) key() string { return string(r.appendKey(make([]byte, 0, 40))) }

func (r *Record) appendKey(b []byte) []byte {
	switch r.Class {
	case classTouch:
		return append(append(append(append(b, "touch/"...), r.Source...), '/'), r.ID...)
	case classOverride:
		return append(append(b, "override/"...), r.ID...)
	}
	return r.appendContent(b)
}

var evidenceKinds = map[string]identity.Kind{"login": identity.Login, "import": identity.Import, "manual": identity.Manual}

var overrideOps = map[string]identity.Op{
	"retract": identity.Retract, "restore": identity.Restore, "must_link": identity.MustLink,
	"cannot_link": identity.CannotLink, "clear": identity.Clear,
}

// fact makes what is offered to the library. Text that is no identifier is handed over as
// it is, so that the library has to refuse it.
func (r Record) fact(rules *identity.Rules) storage.Fact {
	id := func(i int) identity.ID {
		if i >= len(r.IDs) {
			return identity.ID{}
		}
		typ, text, _ := strings.Cut(r.IDs[i], ":")
		id, err := rules.ID(identity.Type(typ), text)
		if err != nil {
			return identity.MakeID(identity.Type(typ), text)
		}
		return id
	}
	switch r.Class {
	case classTouch:
		t := &touchpoint.Touch{
			Source: r.Source, ID: r.ID, At: instant(r.At), Kind: touchpoint.Kind(r.Kind), Channel: touchpoint.Channel(r.Channel),
			Campaign: touchpoint.Campaign{Name: r.Campaign}, Stage: r.Stage, Redacted: r.Redacted,
		}
		for i := range r.IDs {
			t.IDs = append(t.IDs, id(i))
		}
		if r.Currency != "" {
			t.Value = touchpoint.Money{Minor: r.Value, Currency: touchpoint.Currency([]byte(r.Currency))}
		}
		if r.Order != "" {
			t.Props = t.Props.SetText("order_id", r.Order)
		}
		return storage.Fact{Touch: t}
	case classEvidence:
		return storage.Fact{Evidence: &identity.Evidence{A: id(0), B: id(1), Kind: evidenceKinds[r.Kind], Source: r.Source, Ref: r.ID,
			At: instant(r.At), From: instant(r.From), To: instant(r.To)}}
	case classOverride:
		o := &identity.Override{ID: r.ID, At: instant(r.At), Actor: "ann", Op: overrideOps[r.Kind], Force: r.Force, Target: r.Target}
		if o.Op == identity.Retract {
			o.Scope.A, o.Scope.B = id(0), id(1)
			if len(r.Touch) == 2 {
				o.Scope.Ref = identity.Ref{Source: r.Touch[0], ID: r.Touch[1]}
			}
		} else {
			o.A, o.B = id(0), id(1)
		}
		return storage.Fact{Override: o}
	case classMembership:
		return storage.Fact{Membership: &identity.Membership{Person: id(0), Account: id(1), Role: r.Role, Primary: r.Primary,
			From: instant(r.From), To: instant(r.To), Source: r.Source, Ref: r.ID, At: instant(r.At)}}
	case classConsent:
		c := &touchpoint.Consent{ID: id(0), Purpose: r.Kind, Status: denied, At: instant(r.At), Source: r.Source}
		if r.Granted {
			c.Status = granted
		}
		return storage.Fact{Consent: c}
	}
	return storage.Fact{}
}

// Statuses of a consent.
const (
	granted uint8 = 1
	denied  uint8 = 2
)

// recordOf reads a stored fact back, without touching any code that wrote it. It is
// false for facts that the workload never offers: erasures.
func recordOf(f storage.Fact) (Record, bool) {
	ids := func(list ...identity.ID) (out []string) {
		for _, id := range list {
			if !id.IsZero() {
				out = append(out, string(id.Type())+":"+id.Value())
			}
		}
		return out
	}
	switch {
	case f.Touch != nil:
		t := f.Touch
		r := Record{Class: classTouch, Source: t.Source, ID: t.ID, At: micros(t.At), Kind: string(t.Kind), IDs: ids(t.IDs...),
			Channel: string(t.Channel), Campaign: t.Campaign.Name, Stage: t.Stage, Value: t.Value.Minor, Currency: t.Value.Currency.String(), Redacted: t.Redacted}
		r.Order, _ = t.Props.Text("order_id")
		return r, true
	case f.Evidence != nil:
		e := f.Evidence
		return Record{Class: classEvidence, Source: e.Source, ID: e.Ref, At: micros(e.At), Kind: e.Kind.String(), IDs: ids(e.A, e.B),
			From: micros(e.From), To: micros(e.To)}, true
	case f.Override != nil:
		o := f.Override
		r := Record{Class: classOverride, ID: o.ID, At: micros(o.At), Kind: o.Op.String(), Force: o.Force, Target: o.Target}
		if o.Op == identity.Retract {
			r.IDs = ids(o.Scope.A, o.Scope.B)
			if o.Scope.Ref != (identity.Ref{}) {
				r.Touch = []string{o.Scope.Ref.Source, o.Scope.Ref.ID}
			}
		} else {
			r.IDs = ids(o.A, o.B)
		}
		return r, true
	case f.Membership != nil:
		m := f.Membership
		return Record{Class: classMembership, Source: m.Source, ID: m.Ref, At: micros(m.At), IDs: ids(m.Person, m.Account), Role: m.Role,
			Primary: m.Primary, From: micros(m.From), To: micros(m.To)}, true
	case f.Consent != nil:
		c := f.Consent
		return Record{Class: classConsent, Source: c.Source, At: micros(c.At), Kind: c.Purpose, IDs: ids(c.ID), Granted: c.Status == granted}, true
	}
	return Record{}, false
}

func instant(micro int64) time.Time {
	if micro == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micro).UTC()
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
