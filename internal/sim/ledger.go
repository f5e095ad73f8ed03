package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A ledger is what the host of the library knows: which facts it was told are durable,
// and which may be there or not because no answer came. It is kept from outcomes alone.
type ledger struct {
	entries map[string]*entry
	derived map[string]string     // content of a touch without id → its key
	erased  map[string]suppressed // by identifier
	keys    []string              // of entries, in order of the first offer
	offered []Record              // everything that was ever offered
	tags    map[string]storage.Tag
	settled int // how often
}

// An entry is what may stand in the store under one key: contents, and "" for nothing.
// One possibility is certainty.
type entry struct {
	possible []string
	records  map[string]Record // by content
	erased   bool              // it was there, and was taken away
	found    string            // by the settling number seen
	seen     int
}

// suppressed is one entry of the list of tags.
type suppressed struct {
	at      int64
	restart bool
	by      string // the erasure: the latest by (at, id) decides the policy
	byAt    int64
}

func newLedger() *ledger {
	return &ledger{entries: map[string]*entry{}, derived: map[string]string{}, erased: map[string]suppressed{}, tags: map[string]storage.Tag{}}
}

func (l *ledger) entry(key string) *entry {
	e := l.entries[key]
	if e == nil {
		e = &entry{possible: []string{""}, records: map[string]Record{}}
		l.entries[key] = e
		l.keys = append(l.keys, key)
	}
	return e
}

func (e *entry) may(content string) bool { return slices.Contains(e.possible, content) }

func (e *entry) certain() bool { return len(e.possible) == 1 }

// named gives a touch the id that the library derived for it, once that is known.
func (l *ledger) named(r Record) Record {
	if r.Class == classTouch && r.ID == "" {
		r.ID = l.derived[r.content()]
	}
	return r
}

// suppresses says whether a record may not come in because somebody was erased.
func (l *ledger) suppresses(r Record) bool {
	for _, id := range r.IDs {
		if s, ok := l.erased[id]; ok && (!s.restart || r.At <= s.at) {
			return true
		}
	}
	return false
}

// judge takes one outcome of an offered record in, and returns what is wrong with it. p is
// the record in normal form, now the clock at the call; troubled says that something was
// made to fail.
func (l *ledger) judge(r, p Record, o touchpoint.Outcome, now int64, troubled bool) *Violation {
	bad := mustReject(r, now)
	if r.Class == classTouch && r.ID == "" && o.Status != touchpoint.Rejected {
		if bad := l.learnName(p, o.Key.ID); bad != nil {
			return bad
		}
		p = l.named(p)
	}
	e, c := l.entry(p.key()), p.content()
	if _, known := e.records[c]; !known {
		e.records[c] = p
	}
	switch o.Status {
	case touchpoint.Rejected:
		if callback := (*touchpoint.CallbackError)(nil); troubled && errors.As(o.Err, &callback) {
			return nil
		}
		if bad == "" || string(o.Reason) != bad {
			return broken("I5", "rejected as %q, want %q: %s", o.Reason, bad, describe(p))
		}
		return nil
	case touchpoint.Suppressed:
		if !l.suppresses(p) || bad != "" {
			return broken("I28", "suppressed without cause: %s", describe(p))
		}
		return nil
	}
	if bad != "" {
		return broken("I5", "%s, want rejected as %q: %s", o.Status, bad, describe(p))
	}
	if l.suppresses(p) && o.Status != touchpoint.Retry {
		return broken("I27", "%s a record of an erased person: %s", o.Status, describe(p))
	}
	switch o.Status {
	case touchpoint.Accepted:
		if !e.may("") {
			return broken("I3", "accepted again: %s", describe(p))
		}
		e.possible = []string{c}
	case touchpoint.Duplicate:
		if !e.may(c) {
			return broken("I4", "duplicate of something else: %s", describe(p))
		}
		e.possible = []string{c}
	case touchpoint.Conflict:
		others := slices.DeleteFunc(slices.Clone(e.possible), func(x string) bool { return x == "" || x == c })
		if len(others) == 0 {
			return broken("I4", "conflict with nothing: %s", describe(p))
		}
		if len(others) == 1 && r.Class == classTouch && !slices.Equal(o.Fields, fieldsApart(e.records[others[0]], p)) {
			return broken("I4", "conflict names %q: %s", o.Fields, describe(p))
		}
		e.possible = others
	case touchpoint.Retry:
		if !troubled {
			return broken("I31", "retry without a fault: %s", describe(p))
		}
		if errors.Is(o.Err, storage.ErrUncertain) && e.may("") && !e.may(c) {
			e.possible = append(e.possible, c)
		}
	default:
		return broken("I5", "no outcome: %s", describe(p))
	}
	return nil
}

func (l *ledger) learnName(p Record, id string) *Violation {
	if id == "" {
		return broken("I3", "no derived id: %s", describe(p))
	}
	c := p.content()
	if old, ok := l.derived[c]; ok && old != id {
		return broken("I3", "one touch, two derived ids: %s", describe(p))
	}
	l.derived[c] = id
	return nil
}

// mustReject is why a record has to be refused whatever is stored, "" if it need not.
func mustReject(r Record, now int64) string {
	if r.Class == classTouch && r.Source != "" && r.At > now+day {
		return string(touchpoint.TimeRange)
	}
	return r.Bad
}

// fieldsApart names the fields in which two touches differ, as a conflict does.
func fieldsApart(a, b Record) (out []string) {
	add := func(name string, differ bool) {
		if differ {
			out = append(out, name)
		}
	}
	add("at", a.At != b.At)
	add("campaign.name", a.Campaign != b.Campaign)
	add("channel", a.Channel != b.Channel)
	add("ids", !slices.Equal(a.IDs, b.IDs))
	add("kind", a.Kind != b.Kind)
	add("props", a.Order != b.Order)
	add("redacted", a.Redacted != b.Redacted)
	add("stage", a.Stage != b.Stage)
	add("value", a.Value != b.Value)
	return out
}

// settle compares the ledger with everything that a store yields. What was in doubt is
// known afterwards, if the store has just been opened after a power cut.
func (l *ledger) settle(facts []storage.Fact, final bool) *Violation {
	l.settled++
	var key, content []byte
	for _, f := range facts {
		r, ok := recordOf(f)
		if !ok {
			continue
		}
		key, content = r.appendKey(key[:0]), r.appendContent(content[:0])
		e := l.entries[string(key)]
		if e == nil {
			return l.wrong(e, r)
		}
		i := slices.IndexFunc(e.possible, func(c string) bool { return c == string(content) })
		switch {
		case e.seen == l.settled:
			return broken("I1", "stored twice: %s", describe(r))
		case i < 0:
			return l.wrong(e, r)
		}
		e.seen, e.found = l.settled, e.possible[i]
	}
	for _, k := range l.keys {
		e := l.entries[k]
		if e.seen != l.settled {
			e.found = ""
		}
		if !e.may(e.found) {
			return broken("I1", "acknowledged and lost: %s", describe(e.records[e.possible[0]]))
		} else if final {
			e.possible = append(e.possible[:0], e.found)
		}
	}
	return nil
}

// wrong says which promise a stored fact breaks that should not be there like this.
func (l *ledger) wrong(e *entry, r Record) *Violation {
	switch {
	case e == nil:
		return broken("I2", "stored and never offered: %s", describe(r))
	case l.suppresses(r) || e.erased && e.may(""):
		return broken("I27", "stored though it was erased: %s", describe(r))
	case e.may(""):
		return broken("I2", "stored in part, or though nothing was to have happened: %s", describe(r))
	}
	return broken("I4", "stored with other content: %s", describe(r))
}

// facts are the certain facts.
func (l *ledger) facts() []Record {
	out := make([]Record, 0, len(l.keys))
	for _, k := range l.keys {
		if e := l.entries[k]; e.certain() && e.possible[0] != "" {
			out = append(out, e.records[e.possible[0]])
		}
	}
	return out
}

// doubts counts the facts of which nobody knows whether they are there.
func (l *ledger) doubts() (n int) {
	for _, k := range l.keys {
		if !l.entries[k].certain() {
			n++
		}
	}
	return n
}

// remove takes a fact away, or replaces it.
func (l *ledger) remove(key string, instead *Record) {
	e := l.entry(key)
	e.erased = true
	if instead == nil {
		e.possible = []string{""}
		return
	}
	c := instead.content()
	e.records[c] = *instead
	e.possible = []string{c}
}

// suppress puts an identifier on the list.
func (l *ledger) suppress(id string, s suppressed) {
	old, ok := l.erased[id]
	if !ok {
		l.erased[id] = s
		return
	}
	at := max(old.at, s.at)
	if old.byAt > s.byAt || old.byAt == s.byAt && old.by > s.by {
		s = old
	}
	s.at = at
	l.erased[id] = s
}

// tagsOf are what the store compares with the list of suppressed identifiers, of a record
// in normal form.
func (l *ledger) tagsOf(p Record) (out []storage.Tag) {
	for _, id := range p.IDs {
		out = append(out, l.tag(id))
	}
	return out
}

func (l *ledger) tag(id string) storage.Tag {
	t, ok := l.tags[id]
	if !ok {
		t = tag(id)
		l.tags[id] = t
	}
	return t
}

func tag(id string) (t storage.Tag) {
	typ, value, _ := strings.Cut(id, ":")
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("tabi.suppress.v1\x1f\x1f" + typ + "\x1f" + value))
	copy(t[:], m.Sum(nil))
	return t
}

// describe names a record without its identifiers' values.
func describe(r Record) string {
	name := r.Class + " " + r.Source + "/" + r.ID
	if r.Kind != "" {
		name += " " + r.Kind
	}
	return name
}
