package storage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Class says which of its values a [Fact] holds. The numbers are part of keys and
// encodings: they are only added to.
type Class uint8

// The classes.
const (
	ClassTouch      Class = iota + 1 // a dated contact
	ClassEvidence                    // two identifiers belong together
	ClassOverride                    // an operator's statement about evidence
	ClassMembership                  // a person belongs to an account
	ClassParent                      // an account belongs to an account
	ClassConsent                     // somebody allowed or denied a purpose
	ClassErasure                     // what an erasure did; written by Erase alone
	ClassResidue                     // totals of erased conversions
	ClassAudit                       // who did what
)

var classNames = [...]string{
	"", "touch", "evidence", "override", "membership", "parent", "consent", "erasure", "residue", "audit",
}

// Classes returns all classes in order.
func Classes() []Class {
	all := make([]Class, 0, len(classNames)-1)
	for c := ClassTouch; c <= ClassAudit; c++ {
		all = append(all, c)
	}
	return all
}

// String returns the class in lower case, as it stands in keys; "invalid" for an unknown one.
func (c Class) String() string {
	if c == 0 || int(c) >= len(classNames) {
		return "invalid"
	}
	return classNames[c]
}

// A Fact is what a store keeps: exactly one of the values is set. A fact never changes;
// an erasure alone removes or redacts it. Instants are held in UTC and cut to the
// microsecond.
//
// Tags are the keyed tags of the fact's identifiers and key, which [Store.Append]
// compares with the suppression list. They are no content and are not stored.
type Fact struct {
	Tags []Tag

	Touch      *touchpoint.Touch
	Evidence   *identity.Evidence
	Override   *identity.Override
	Membership *identity.Membership
	Parent     *identity.Parent
	Consent    *touchpoint.Consent
	Erasure    *Erased
	Residue    *Residue
	Audit      *Audit
}

// Class returns the class of the one value that is set, 0 if none or several are.
func (f Fact) Class() Class {
	var c Class
	n := 0
	for i, set := range [...]bool{
		f.Touch != nil, f.Evidence != nil, f.Override != nil, f.Membership != nil, f.Parent != nil,
		f.Consent != nil, f.Erasure != nil, f.Residue != nil, f.Audit != nil,
	} {
		if set {
			c = Class(i + 1)
			n++
		}
	}
	if n != 1 {
		return 0
	}
	return c
}

// At returns the fact's own instant, in UTC and cut to the microsecond. A residue stands
// at the first instant of its month.
func (f Fact) At() time.Time {
	var t time.Time
	switch {
	case f.Touch != nil:
		t = f.Touch.At
	case f.Evidence != nil:
		t = f.Evidence.At
	case f.Override != nil:
		t = f.Override.At
	case f.Membership != nil:
		t = f.Membership.At
	case f.Parent != nil:
		t = f.Parent.At
	case f.Consent != nil:
		t = f.Consent.At
	case f.Erasure != nil:
		t = f.Erasure.At
	case f.Residue != nil:
		t = f.Residue.Month
	case f.Audit != nil:
		t = f.Audit.At
	}
	return t.UTC().Truncate(time.Microsecond)
}

// IDs returns every identifier that the fact names, sorted by (type, value), distinct.
// The slice is the caller's.
func (f Fact) IDs() []identity.ID {
	ids := f.appendIDs(nil)
	slices.SortFunc(ids, identity.CompareIDs)
	return slices.Compact(ids)
}

// appendIDs appends the identifiers that are set, in no order, perhaps repeated.
func (f Fact) appendIDs(ids []identity.ID) []identity.ID {
	add := func(more ...identity.ID) {
		for _, id := range more {
			if !id.IsZero() {
				ids = append(ids, id)
			}
		}
	}
	switch {
	case f.Touch != nil:
		add(f.Touch.IDs...)
	case f.Evidence != nil:
		add(f.Evidence.A, f.Evidence.B)
	case f.Override != nil:
		o := f.Override
		add(o.A, o.B, o.Scope.A, o.Scope.B)
		add(o.Left...)
		add(o.Right...)
	case f.Membership != nil:
		add(f.Membership.Person, f.Membership.Account)
	case f.Parent != nil:
		add(f.Parent.Child, f.Parent.Parent)
	case f.Consent != nil:
		add(f.Consent.ID)
	}
	return ids
}

// Position returns the fact's place in the order of facts.
func (f Fact) Position() Position {
	k := f.Key()
	return Position{f.At(), k.Source, k.ID, k.Class}
}

// A Position is a place in the order of facts, which is the same everywhere: At, then
// Source, ID (both as bytes) and Class. The zero Position stands before every fact.
type Position struct {
	At         time.Time
	Source, ID string
	Class      Class
}

// IsZero reports whether p is the zero Position.
func (p Position) IsZero() bool {
	return p.At.IsZero() && p.Source == "" && p.ID == "" && p.Class == 0
}

// Compare returns −1, 0 or 1 as p stands before, at or after o.
func (p Position) Compare(o Position) int {
	return cmp.Or(p.At.Compare(o.At), strings.Compare(p.Source, o.Source), strings.Compare(p.ID, o.ID), cmp.Compare(p.Class, o.Class))
}
