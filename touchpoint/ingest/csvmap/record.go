package csvmap

import (
	"errors"
	"strconv"
	"strings"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/internal/nullword"
)

// Map makes a record of named values instead of a row, with the mapping's columns as the
// names. Source, id and time that the mapping does not give stay those of the draft. It
// implements [ingest.Mapper].
func (m *Mapping) Map(d *ingest.Draft, get func(name string) string) ingest.Record {
	return m.record(named{m, get}, d)
}

// named is a row whose cells are asked for by name.
type named struct {
	m   *Mapping
	get func(string) string
}

func (n named) cell(column int) string { return n.get(n.m.columns[column].name) }

// record makes what one row says.
func (m *Mapping) record(r row, d *ingest.Draft) ingest.Record {
	for i := range m.where {
		v, err := touchpoint.Clean(r.cell(m.where[i].col))
		if err == nil && !m.where[i].holds(v) {
			return ingest.Record{Skipped: true}
		}
	}
	w := &work{m: m, r: r, k: d.Desk(), d: d}
	switch m.emit {
	case emitRelation:
		return w.relation()
	case emitMerge:
		return w.merge()
	case emitCanonical:
		w.d.Fail("emit", touchpoint.Syntax) // a table of its own, no mapping of names
		return ingest.Record{Err: w.d.Err()}
	}
	return w.touches()
}

// work is one row on its way.
type work struct {
	m *Mapping
	r row
	k *ingest.Desk
	d *ingest.Draft
}

// text returns a field as cleaned text; what is wrong fails the draft under name.
func (w *work) text(f *field, name string) string {
	v, err := f.one(w.r, w.m.tables)
	if err != nil {
		w.d.Fail(name, reason(err))
	}
	return v
}

// word is text that is empty where it says nothing.
func (w *work) word(f *field, name string) string {
	v := w.text(f, name)
	if null(v) {
		if v != "" {
			w.d.Note(ingest.NullRemoved)
		}
		return ""
	}
	return v
}

// opaque returns the first value of a field as it stands, trimmed.
func (w *work) opaque(f *field) string {
	first := ""
	if f != nil {
		f.each(w.r, w.m.tables, func(v string) {
			if first == "" {
				first = v
			}
		})
	}
	return first
}

func reason(err error) touchpoint.Reason {
	var inv *touchpoint.InvalidError
	if errors.As(err, &inv) {
		return inv.Reason
	}
	return touchpoint.Syntax
}

// instant returns the time of a field, zero where there is none.
func (w *work) instant(f *timeField, name string) instant {
	if f == nil {
		return instant{}
	}
	text := w.word(f.field, name)
	if text == "" {
		return instant{}
	}
	t, bad := f.parse(text, w.k.Options().Zone)
	if bad != "" {
		w.d.Fail(name, bad)
	}
	if t.ambiguous {
		w.d.Note(ingest.TimeAmbiguous)
	}
	return t
}

// null reports whether a time or an amount says nothing, as exports write it. A NaN is a
// broken number, not a missing one.
func null(s string) bool {
	return nullword.Is(s) && !strings.EqualFold(s, "nan")
}

// common fills in what touches and merges share: source, id and time.
func (w *work) common() {
	if s := w.opaque(w.m.source); s != "" {
		w.d.Touch.Source = s
	}
	if id := w.opaque(w.m.id); id != "" {
		w.d.Touch.ID = id
	}
	at := w.instant(w.m.at, "at")
	if !at.IsZero() {
		w.d.Times.Event = at.Time
	}
	if at.day {
		w.d.Prop("at_precision", "day")
	}
}

func (w *work) touches() ingest.Record {
	m, d := w.m, w.d
	w.common()
	t := &d.Touch
	t.Kind = touchpoint.Kind(w.word(m.kind, "kind"))
	t.Touchpoint = w.text(m.touchpoint, "touchpoint")
	t.Stage = w.text(m.stage, "stage")
	t.Channel = touchpoint.Channel(w.text(m.channel, "channel"))
	for i, to := range []*string{&t.Campaign.Source, &t.Campaign.Medium, &t.Campaign.Name,
		&t.Campaign.Term, &t.Campaign.Content, &t.Campaign.ID} {
		if f := m.campaign[i]; f != nil {
			*to = w.text(f, "campaign."+campaignKeys[i])
		}
	}
	w.character()
	for _, f := range m.ids {
		f.each(w.r, m.tables, func(v string) { d.ID(f.typ, v) })
	}
	w.money()
	w.properties()
	if m.participants != nil {
		return w.split()
	}
	return w.k.Record(w.d)
}

// character fills in direction, offline and sentiment.
func (w *work) character() {
	m, t := w.m, &w.d.Touch
	switch s := w.word(m.direction, "direction"); s {
	case "":
	case touchpoint.Inbound.String():
		t.Direction = touchpoint.Inbound
	case touchpoint.Outbound.String():
		t.Direction = touchpoint.Outbound
	default:
		w.d.Fail("direction", touchpoint.Syntax)
	}
	switch s := strings.ToLower(w.word(m.offline, "offline")); s {
	case "":
	case "true", "false":
		t.Offline, w.d.OfflineStated = s == "true", true
	default:
		w.d.Fail("offline", touchpoint.Syntax)
	}
	if s := w.word(m.sentiment, "sentiment"); s != "" {
		v, err := strconv.ParseFloat(s, 64)
		switch {
		case err != nil && !errors.Is(err, strconv.ErrRange):
			w.d.Fail("sentiment", touchpoint.NotANumber)
		case v != v || v-v != 0:
			w.d.Fail("sentiment", touchpoint.NotFinite)
		case v < -1 || v > 1:
			w.d.Fail("sentiment", touchpoint.OutOfRange)
		default:
			t.Sentiment = touchpoint.SentimentMilli(int(float64(1000*v) + half(v)))
		}
	}
}

// half rounds half away from zero when it is added before cutting.
func half(v float64) float64 {
	if v < 0 {
		return -0.5
	}
	return 0.5
}

// money fills in cost and value.
func (w *work) money() {
	for _, a := range []struct {
		f    *amountField
		name string
		to   *touchpoint.Money
	}{{w.m.cost, "cost", &w.d.Touch.Cost}, {w.m.value, "value", &w.d.Touch.Value}} {
		if a.f == nil {
			continue
		}
		text := w.word(a.f.field, a.name)
		if text == "" {
			continue
		}
		code := w.m.currency
		if a.f.currency != nil {
			code = a.f.currency
		}
		cur, ok := w.d.Currency(w.word(code, "currency"), touchpoint.Currency{})
		if !ok {
			return
		}
		m, err := a.f.money(text, cur)
		if err != nil {
			w.d.Fail(a.name, reason(err))
		}
		*a.to = m
	}
	if t := &w.d.Touch; !t.Cost.IsZero() && !t.Value.IsZero() && t.Cost.Currency != t.Value.Currency {
		t.Cost = touchpoint.Money{} // one touch has one currency
		w.d.Note(ingest.CostDropped)
	}
}

// split makes one touch of each participant.
func (w *work) split() ingest.Record {
	p := w.m.participants
	var people []identity.ID
	p.each(w.r, w.m.tables, func(v string) {
		if id, ok := w.d.Identify(p.typ, v); ok {
			people = append(people, id)
		}
	})
	return w.k.Activity(w.d, people)
}

// relation makes a membership of a person in an account.
func (w *work) relation() ingest.Record {
	m := w.m
	rel := identity.Membership{Role: w.text(m.role, "role"), Source: w.d.Touch.Source}
	if s := w.opaque(m.source); s != "" {
		rel.Source = s
	}
	rel.Ref = w.opaque(m.id)
	for _, e := range []struct {
		f    *idField
		name string
		to   *identity.ID
	}{{m.person, "person", &rel.Person}, {m.account, "account", &rel.Account}} {
		v := w.opaque(e.f.field)
		if v == "" {
			return ingest.Record{Skipped: true} // a contact without an account relates nobody
		}
		*e.to, _ = w.d.Identify(e.f.typ, v)
	}
	switch s := strings.ToLower(w.text(m.primary, "primary")); s {
	case "true", "1", "yes":
		rel.Primary = true
	case "", "false", "0", "no":
	default:
		w.d.Fail("primary", touchpoint.Syntax)
	}
	rel.From = w.instant(m.from, "from").Time
	rel.To = w.instant(m.to, "to").Time
	rel.At = w.instant(m.at, "at").Time
	if rel.At.IsZero() {
		rel.At = w.k.Options().At
	}
	if err := w.d.Err(); err != nil {
		return ingest.Record{Err: err}
	}
	return ingest.Record{Relations: []identity.Membership{rel}, Notes: w.d.Notes}
}
