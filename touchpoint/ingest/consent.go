package ingest

import (
	"slices"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// The statuses of a consent. An absent fact is unknown.
const (
	consentGranted = 1
	consentDenied  = 2
)

// An answer is what a payload says of one category of consent.
type answer struct {
	category string
	granted  bool
}

// Consent adds what the payload says of a category; Options.ConsentPurposes says for
// which purposes it stands, none if it is not listed.
func (d *Draft) Consent(category string, granted bool) {
	d.asked = append(d.asked, answer{category, granted})
}

// consents makes the consent facts of a finished draft: on its strongest identifier of a person,
// with the scope that the identifier's class implies.
func (k *Desk) consents(d *Draft) []touchpoint.Consent {
	if len(d.asked) == 0 || len(k.o.ConsentPurposes) == 0 {
		return nil
	}
	t := &d.Touch
	people := slices.DeleteFunc(slices.Clone(t.IDs), func(id identity.ID) bool { return k.entity(id.Type()) != identity.PersonEntity })
	if len(people) == 0 {
		return nil
	}
	who := slices.MinFunc(people, func(a, b identity.ID) int { return a.Compare(b, k.touch.Rules) })
	var out []touchpoint.Consent
	for _, a := range d.asked {
		for _, purpose := range k.o.ConsentPurposes[a.category] {
			c := touchpoint.Consent{ID: who, Purpose: purpose, Status: consentDenied, At: t.At, Source: t.Source, Proof: t.ID}
			if a.granted {
				c.Status = consentGranted
			}
			out = append(out, c)
		}
	}
	return out
}

func (k *Desk) entity(t identity.Type) identity.Entity {
	types := k.touch.Rules.Types
	if types == nil {
		types = identity.DefaultRules().Types
	}
	return types[t].Entity
}
