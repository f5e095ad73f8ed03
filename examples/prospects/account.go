package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/content"
	"github.com/tabi-go/tabi/persona/lead"
)

// A prospect is an account and what to do about it.
type prospect struct {
	id, name string
	fit      persona.Fit
	score    lead.Score
	warmth   float64 // of its members together, see lead.AccountScore
	people   []contact
	group    persona.BuyingGroup
	choice   choice
	lang     string
}

// answer returns the best n accounts that are not ruled out, each with a message.
func (d *definitions) answer(v *journey.View, n int) ([]prospect, error) {
	var all []prospect
	next := content.NextTouch{At: v.At()}
	segment := content.Segment{Blocks: map[content.Block]int64{}, Replies: map[channel]content.Replies{}}
	for _, s := range v.Subjects(identity.AccountEntity) {
		p, err := d.prospectOf(v, s)
		if err != nil {
			return nil, err
		}
		for _, c := range p.people {
			next.Add(c.trail)
			learn(&segment, c, v.At())
		}
		if len(p.fit.Out) == 0 && p.fit.Enough {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b prospect) int {
		return cmp.Or(cmp.Compare(b.score.Value, a.score.Value), cmp.Compare(b.warmth, a.warmth), strings.Compare(a.id, b.id))
	})
	all = all[:min(n, len(all))]
	options := d.outreach
	options.Segment = &segment
	for i := range all {
		all[i].choice = d.choose(&all[i], &next, &options)
	}
	return all, nil
}

// prospectOf folds an account and its people.
func (d *definitions) prospectOf(v *journey.View, s journey.Subject) (prospect, error) {
	touches := v.Touches(s)
	profile := persona.Fold(stated(touches, "account."), v.At(), nil)
	p := prospect{id: named(v.Identifiers(s), "crm_account_id"), name: text(profile, "account.name"), lang: d.lang}
	p.fit = persona.Best(d.icps, profile, v.At())
	required := d.required(p.fit)
	var members []persona.Member
	var levels []lead.Member
	for _, m := range v.Members(s) {
		c, err := d.contactOf(v, m, profile)
		if err != nil {
			return p, err
		}
		p.people = append(p.people, c)
		members = append(members, persona.Member{ID: c.id, Fields: c.fields, Persona: c.persona, Engagement: c.score.Level})
	}
	slices.SortFunc(p.people, func(a, b contact) int { return strings.Compare(a.id, b.id) })
	p.group = persona.Group(p.id, members, v.At(), &persona.GroupOptions{Required: required})
	for _, m := range p.group.Members {
		member := lead.Member{Level: m.Engagement}
		for _, h := range m.Roles {
			member.Roles = append(member.Roles, h.Role)
		}
		levels = append(levels, member)
	}
	p.warmth = lead.AccountScore(levels)
	p.score = lead.DefaultTable().Score(p.fit, persona.Join(profile, persona.OfTouches(touches)), v.At())
	return p, nil
}

// required are the roles that the profile of a fit asks for, nil for the usual ones.
func (d *definitions) required(f persona.Fit) []string {
	for _, icp := range d.icps {
		if icp.ID == f.Definition && len(icp.RequiredRoles) > 0 {
			return icp.RequiredRoles
		}
	}
	return nil
}
