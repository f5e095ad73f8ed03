package storage

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// The JSON words of small numbers, by value.
var (
	directionWords = []string{"", "inbound", "outbound"}
	kindWords      = []string{"co_occurrence", "login", "form", "import", "manual", "probabilistic"}
	opWords        = []string{"", "retract", "restore", "must_link", "cannot_link", "clear", "separate"}
	policyWords    = []string{"refuse", "restart_as_new", "no_suppression"}
)

// fact walks the one value of f that is set.
func (c *codec) fact(f Fact) {
	switch {
	case f.Touch != nil:
		c.touch(f.Touch)
	case f.Evidence != nil:
		c.evidence(f.Evidence)
	case f.Override != nil:
		c.override(f.Override)
	case f.Membership != nil:
		c.membership(f.Membership)
	case f.Parent != nil:
		c.parent(f.Parent)
	case f.Consent != nil:
		c.consent(f.Consent)
	case f.Erasure != nil:
		c.erased(f.Erasure)
	case f.Residue != nil:
		c.residue(f.Residue)
	case f.Audit != nil:
		c.audit(f.Audit)
	}
}

// newFact returns a fact of the class with a zero value, and whether there is such a class.
func newFact(c Class) (Fact, bool) {
	var f Fact
	switch c {
	case ClassTouch:
		f.Touch = new(touchpoint.Touch)
	case ClassEvidence:
		f.Evidence = new(identity.Evidence)
	case ClassOverride:
		f.Override = new(identity.Override)
	case ClassMembership:
		f.Membership = new(identity.Membership)
	case ClassParent:
		f.Parent = new(identity.Parent)
	case ClassConsent:
		f.Consent = new(touchpoint.Consent)
	case ClassErasure:
		f.Erasure = new(Erased)
	case ClassResidue:
		f.Residue = new(Residue)
	case ClassAudit:
		f.Audit = new(Audit)
	default:
		return f, false
	}
	return f, true
}

func (c *codec) touch(t *touchpoint.Touch) {
	c.text("source", &t.Source, nameText)
	c.text("id", &t.ID, nameText)
	c.time("at", &t.At)
	c.text("kind", (*string)(&t.Kind), kindText)
	c.text("channel", (*string)(&t.Channel), nameText)
	c.text("touchpoint", &t.Touchpoint, nameText)
	c.text("campaign.source", &t.Campaign.Source, nameText)
	c.text("campaign.medium", &t.Campaign.Medium, nameText)
	c.text("campaign.name", &t.Campaign.Name, nameText)
	c.text("campaign.term", &t.Campaign.Term, nameText)
	c.text("campaign.content", &t.Campaign.Content, nameText)
	c.text("campaign.id", &t.Campaign.ID, nameText)
	c.idList("ids", &t.IDs, true)
	c.enum("direction", (*uint8)(&t.Direction), directionWords)
	c.flag("offline", &t.Offline)
	c.sentiment(&t.Sentiment)
	c.money(&t.Cost, &t.Value)
	c.text("stage", &t.Stage, nameText)
	c.flag("redacted", &t.Redacted)
	c.props(&t.Props)
}

func (c *codec) evidence(e *identity.Evidence) {
	c.id("a", &e.A)
	c.id("b", &e.B)
	c.enum("kind", (*uint8)(&e.Kind), kindWords)
	c.text("source", &e.Source, nameText)
	c.text("ref", &e.Ref, nameText)
	c.time("at", &e.At)
	c.time("from", &e.From)
	c.time("to", &e.To)
	c.small("weight", int64(e.Weight), func(v int64) bool {
		e.Weight = int32(v)
		return int64(e.Weight) == v
	})
}

func (c *codec) override(o *identity.Override) {
	c.text("id", &o.ID, nameText)
	c.time("at", &o.At)
	c.text("actor", &o.Actor, nameText)
	c.text("reason", &o.Reason, freeText)
	c.enum("op", (*uint8)(&o.Op), opWords)
	c.id("a", &o.A)
	c.id("b", &o.B)
	c.idList("left", &o.Left, false)
	c.idList("right", &o.Right, false)
	c.flag("force", &o.Force)
	c.id("scope.a", &o.Scope.A)
	c.id("scope.b", &o.Scope.B)
	c.scopeKind(&o.Scope.Kind)
	c.text("scope.source", &o.Scope.Source, nameText)
	c.text("scope.ref.source", &o.Scope.Ref.Source, nameText)
	c.text("scope.ref.id", &o.Scope.Ref.ID, nameText)
	c.time("scope.from", &o.Scope.From)
	c.time("scope.to", &o.Scope.To)
	c.text("target", &o.Target, nameText)
}

func (c *codec) membership(m *identity.Membership) {
	c.id("person", &m.Person)
	c.id("account", &m.Account)
	c.text("role", &m.Role, nameText)
	c.flag("primary", &m.Primary)
	c.time("from", &m.From)
	c.time("to", &m.To)
	c.text("source", &m.Source, nameText)
	c.text("ref", &m.Ref, nameText)
	c.time("at", &m.At)
	c.small("confidence", int64(m.Confidence), func(v int64) bool {
		m.Confidence = int(v)
		return v == int64(int32(v)) // the same on every port
	})
}

func (c *codec) parent(p *identity.Parent) {
	c.id("child", &p.Child)
	c.id("parent", &p.Parent)
	c.time("from", &p.From)
	c.time("to", &p.To)
	c.text("source", &p.Source, nameText)
	c.text("ref", &p.Ref, nameText)
	c.time("at", &p.At)
}

func (c *codec) consent(k *touchpoint.Consent) {
	c.id("id", &k.ID)
	c.text("purpose", &k.Purpose, nameText)
	c.enum("status", &k.Status, nil)
	c.enum("scope", &k.Scope, nil)
	c.time("at", &k.At)
	c.text("source", &k.Source, nameText)
	c.text("proof", &k.Proof, freeText)
}

func (c *codec) erased(e *Erased) {
	c.text("id", &e.ID, nameText)
	c.time("at", &e.At)
	c.text("actor", &e.Actor, nameText)
	c.text("reason", &e.Reason, freeText)
	c.enum("policy", (*uint8)(&e.Policy), policyWords)
	c.enum("mode", &e.Mode, nil)
	c.enum("scope", &e.Scope, nil)
	c.removed(&e.Removed)
	c.num("redacted", &e.Redacted)
	c.num("suppressed", &e.Suppressed)
	c.entries(&e.Entries)
}

func (c *codec) residue(r *Residue) {
	c.text("erasure", &r.Erasure, nameText)
	c.text("goal", &r.Goal, nameText)
	c.time("month", &r.Month)
	c.text("currency", &r.Currency, nameText)
	c.num("count", &r.Count)
	c.num("value", &r.Value)
}

func (c *codec) audit(a *Audit) {
	c.text("id", &a.ID, nameText)
	c.time("at", &a.At)
	c.text("actor", &a.Actor, nameText)
	c.text("action", &a.Action, nameText)
	c.bytes16("subject", (*[16]byte)(&a.Subject))
	c.counts("counts", &a.Counts)
	c.text("options", &a.Options, jsonText)
}

// sentiment is an absent or a signed number of thousandths.
func (c *codec) sentiment(p *touchpoint.Sentiment) {
	if c.mode == jsonMode {
		c.json.sentiment(p)
		return
	}
	milli, set := p.Milli()
	if c.has(set) {
		if c.mode == writing {
			c.b = binary.AppendVarint(c.b, int64(milli))
			return
		}
		v := c.readVarint()
		if v < -1000 || v > 1000 {
			c.fail("sentiment", touchpoint.OutOfRange)
			return
		}
		*p = touchpoint.SentimentMilli(int(v))
	}
}

// money walks three fields: both amounts in minor units, then their one currency.
func (c *codec) money(cost, value *touchpoint.Money) {
	if c.mode == jsonMode {
		c.json.money(cost, value)
		return
	}
	cur := value.Currency
	if value.IsZero() {
		cur = cost.Currency
	}
	if c.mode == surveying {
		switch zero := (touchpoint.Currency{}); {
		case !cost.IsZero() && cost.Currency != cur:
			c.fail("currency", touchpoint.OutOfRange)
		case cur == zero && !(cost.IsZero() && value.IsZero()):
			c.fail("currency", touchpoint.Missing)
		case cur != zero && !isCurrency(cur):
			c.fail("currency", touchpoint.UnknownCurrency)
		}
	}
	hasCost, hasValue := c.amount(cost), c.amount(value)
	if c.has(cur != touchpoint.Currency{}) {
		if c.mode == writing {
			c.b = append(c.b, cur[:]...)
			return
		}
		copy(cur[:], c.take(3))
		if !isCurrency(cur) || !hasCost && !hasValue {
			c.fail("currency", touchpoint.Syntax)
		}
		if hasCost {
			cost.Currency = cur
		}
		if hasValue {
			value.Currency = cur
		}
	} else if c.mode == reading && (hasCost || hasValue) {
		c.fail("currency", touchpoint.Missing)
	}
}

func (c *codec) amount(m *touchpoint.Money) bool {
	has := c.has(!m.IsZero())
	if has && c.mode == writing {
		c.b = binary.AppendVarint(c.b, m.Minor)
	} else if has {
		m.Minor = c.readVarint()
	}
	return has
}

func isCurrency(cur touchpoint.Currency) bool {
	for _, b := range cur {
		if b < 'A' || b > 'Z' {
			return false
		}
	}
	return true
}

func (c *codec) props(p *touchpoint.Props) {
	if c.mode == jsonMode {
		c.json.props(p)
		return
	}
	text := p.JSON()
	if c.has(text != "") {
		if c.mode == writing {
			c.b = appendText(c.b, text)
			return
		}
		text = c.readText()
		got, err := touchpoint.ParseProps([]byte(text))
		if err != nil || got.IsZero() || got.JSON() != text {
			c.fail("props", touchpoint.Syntax)
		}
		*p = got
	} else if c.mode == surveying && !plainProps(text) {
		c.checkText("props", text, jsonText)
		if got, err := touchpoint.ParseProps([]byte(text)); err != nil || got != *p {
			var e *touchpoint.InvalidError
			if errors.As(err, &e) {
				c.fail("props", e.Reason)
			}
			c.fail("props", touchpoint.Syntax)
		}
	}
}

// plainProps reports whether canonical props are so small and simple that they are within
// every bound, whatever stands in them.
func plainProps(text string) bool {
	return len(text) <= MaxText && strings.Count(text, ":") <= touchpoint.MaxKeys &&
		strings.Count(text, "{")+strings.Count(text, "[") <= touchpoint.MaxDepth &&
		strings.IndexByte(text, '\\') < 0 && strings.IndexByte(text, 0x7F) < 0 && strings.IndexByte(text, 0xC2) < 0 &&
		utf8.ValidString(text)
}

// scopeKind is a kind that may be absent, which is not the kind 0.
func (c *codec) scopeKind(p **identity.Kind) {
	if c.mode == jsonMode {
		c.json.scopeKind(p)
		return
	}
	if c.has(*p != nil) {
		if c.mode == writing {
			c.b = append(c.b, byte(**p))
			return
		}
		k := identity.Kind(c.readByte())
		*p = &k
	}
	if c.mode != writing && *p != nil && int(**p) >= len(kindWords) {
		c.fail("scope.kind", touchpoint.OutOfRange)
	}
}

func (c *codec) counts(name string, p *map[string]int64) {
	if c.mode == jsonMode {
		c.json.counts(name, p)
		return
	}
	if c.has(len(*p) > 0) {
		if c.mode == writing {
			c.b = binary.AppendUvarint(c.b, uint64(len(*p)))
			for _, k := range slices.Sorted(maps.Keys(*p)) {
				c.b = binary.AppendVarint(appendText(c.b, k), (*p)[k])
			}
			return
		}
		*p = make(map[string]int64)
		last := ""
		for n := c.readUvarint(); n > 0 && c.reason == ""; n-- {
			k := c.readText()
			if len(*p) > 0 && k <= last {
				c.fail(name, touchpoint.Syntax)
			}
			(*p)[k], last = c.readVarint(), k
		}
		if len(*p) == 0 {
			c.fail(name, touchpoint.Syntax)
		}
	} else if c.mode == surveying {
		for k := range *p {
			c.checkText(name, k, nameText)
		}
	}
}

// removed are counts by class, under the names of the classes in JSON.
func (c *codec) removed(p *map[Class]int64) {
	if c.mode == jsonMode {
		c.json.removed(p)
		return
	}
	if c.has(len(*p) > 0) {
		if c.mode == writing {
			c.b = binary.AppendUvarint(c.b, uint64(len(*p)))
			for _, k := range slices.Sorted(maps.Keys(*p)) {
				c.b = binary.AppendVarint(append(c.b, byte(k)), (*p)[k])
			}
			return
		}
		*p = make(map[Class]int64)
		last := Class(0)
		for n := c.readUvarint(); n > 0 && c.reason == ""; n-- {
			k := Class(c.readByte())
			if k <= last || k > ClassAudit {
				c.fail("removed", touchpoint.Syntax)
			}
			(*p)[k], last = c.readVarint(), k
		}
		if len(*p) == 0 {
			c.fail("removed", touchpoint.Syntax)
		}
	} else if c.mode == surveying {
		for k := range *p {
			if k == 0 || k > ClassAudit {
				c.fail("removed", touchpoint.OutOfRange)
			}
		}
	}
}

func (c *codec) entries(p *[]Suppression) {
	if c.mode == jsonMode {
		c.json.entries(p)
		return
	}
	if c.has(len(*p) > 0) {
		if c.mode == writing {
			c.b = binary.AppendUvarint(c.b, uint64(len(*p)))
			for _, s := range *p {
				c.b = append(appendText(c.b, s.KeyID), s.Tag[:]...)
				c.b = append(binary.AppendVarint(c.b, s.At.UnixMicro()), byte(s.Policy))
				c.b = append(binary.AppendUvarint(c.b, uint64(s.Generation)), s.Salt[:]...)
			}
			return
		}
		for n := c.readUvarint(); n > 0 && c.reason == ""; n-- {
			s := Suppression{KeyID: c.readText()}
			copy(s.Tag[:], c.take(16))
			s.At, s.Policy = time.UnixMicro(c.readVarint()).UTC(), Policy(c.readByte())
			g := c.readUvarint()
			s.Generation = int(g & math.MaxInt32)
			copy(s.Salt[:], c.take(16))
			if g > math.MaxInt32 {
				c.fail("entries", touchpoint.OutOfRange)
			}
			*p = append(*p, s)
		}
		if len(*p) == 0 {
			c.fail("entries", touchpoint.Syntax)
		}
	}
	if c.mode == writing {
		return
	}
	for i, s := range *p {
		c.checkText("entries", s.KeyID, nameText)
		switch {
		case !inYears(s.At, epochUnix):
			c.fail("entries", touchpoint.TimeRange)
		case s.Policy > RestartAsNew, s.Generation < 0, s.Generation > math.MaxInt32:
			c.fail("entries", touchpoint.OutOfRange)
		case i > 0 && compareEntries((*p)[i-1], s) >= 0:
			c.fail("entries", touchpoint.DuplicateKey)
		}
	}
}

// compareEntries orders the entries of an erasure: one a tag.
func compareEntries(a, b Suppression) int {
	return cmp.Or(bytes.Compare(a.Tag[:], b.Tag[:]), strings.Compare(a.KeyID, b.KeyID))
}
