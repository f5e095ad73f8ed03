package main

import (
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/content"
	"github.com/tabi-go/tabi/persona/lead"
	"github.com/tabi-go/tabi/touchpoint"
)

// A contact is somebody of an account, with all that is known of them.
type contact struct {
	id      string // in the CRM
	title   string
	fields  persona.Fields
	touches []touchpoint.Touch
	persona *persona.Persona // nil for none
	score   lead.Score
	stage   string
	since   time.Time // in the stage
	stalled bool
	trail   content.Trail
}

// contactOf folds what a person's touches say, beside what is known of the account.
func (d *definitions) contactOf(v *journey.View, s journey.Subject, account persona.Fields) (contact, error) {
	c := contact{id: named(v.Identifiers(s), "crm_contact_id"), touches: v.Touches(s)}
	profile := persona.Fold(stated(c.touches, "person."), v.At(), nil)
	c.title = text(profile, "person.title")
	folded, err := v.Fold(s)
	if err != nil {
		return c, err
	}
	parts := []persona.Fields{profile, account, consent(profile, v.At()), persona.OfTouches(c.touches)}
	if n := len(folded.Journeys); n > 0 {
		parts = append(parts, folded.Journeys[n-1])
	}
	c.fields = persona.Join(parts...)
	if a := persona.Assign(d.personas, c.fields, v.At()); a.Persona != "" {
		c.persona = &d.personas[slices.IndexFunc(d.personas, func(p persona.Persona) bool { return p.ID == a.Persona })]
		c.trail.Persona = a.Persona
	}
	c.score = lead.DefaultTable().Score(persona.Best(d.icps, c.fields, v.At()), c.fields, v.At())
	c.trail.Touches = c.touches
	for _, visit := range folded.History.Visits {
		c.trail.Stays = append(c.trail.Stays, content.Stay{Stage: string(visit.Stage), Rank: visit.Rank, Enter: visit.Enter, Leave: visit.Leave})
	}
	if visit, ok := folded.History.Current(); ok {
		c.stage, c.since = string(visit.Stage), visit.Enter
	}
	field, _ := c.fields.Field("journey.stalled")
	c.stalled, _ = field.Bool()
	return c, nil
}

// stated are the traits of one side, person or account, that touches state.
func stated(touches []touchpoint.Touch, side string) func(func(persona.Observation) bool) {
	var traits *persona.TraitMap
	return func(yield func(persona.Observation) bool) {
		for i := range touches {
			found, _ := traits.Observations(&touches[i])
			for _, o := range found {
				if strings.HasPrefix(o.Name, side) && !yield(o) {
					return
				}
			}
		}
	}
}

// agreed is the tick of the CRM that stands for consent; it reads yes, はい and the like.
var agreed = func() persona.Condition {
	c, err := persona.ParseCondition([]byte(`{"field":"person.consent","op":"eq","value":true}`))
	if err != nil {
		panic(err)
	}
	return c
}()

func consent(f persona.Fields, at time.Time) persona.Fields {
	return persona.Map{"consent.activate": persona.BoolValue(agreed.Eval(f, at) == persona.True)}
}

func text(f persona.Fields, name string) string {
	v, _ := f.Field(name)
	return v.String()
}

// named returns the least identifier of a type, or "?".
func named(ids []identity.ID, t identity.Type) string {
	least := "?"
	for _, id := range ids {
		if id.Type() == t && (least == "?" || id.Value() < least) {
			least = id.Value()
		}
	}
	return least
}
