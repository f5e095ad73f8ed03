package storage

import (
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
