package main

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/touchpoint"
)

var wideHeader = []string{"icp", "icp_tier", "icp_completeness", "icp_low", "icp_high", "persona_completeness", "persona_margin",
	"seniority", "function", "roles", "engagement", "lead_score", "grade", "segments"}

// joinAccounts gives each account the touches of its people.
func (d *data) joinAccounts() {
	for _, p := range d.sorted() {
		a := d.accounts[p.accountKey()]
		a.touches = append(a.touches, d.people[p.person].touches...)
	}
}

// wide answers the columns that -wide adds.
func (d *data) wide(p pair, f persona.Fields, fit persona.Fit, a persona.Assignment, q *questions) []string {
	completeness, margin := "", ""
	if a.Fit.Known {
		completeness = decimal(a.Fit.Completeness)
	}
	if a.Persona != "" {
		margin = decimal(a.Margin)
	}
	warm := q.table.Score(fit, persona.Join(f, willing{}), d.at)
	answers := persona.Join(results(fit, a), warm, willing{})
	return []string{
		input.Cell(fit.Definition), input.Cell(fit.Tier), decimal(fit.Completeness), decimal(fit.Low), decimal(fit.High), completeness, margin,
		text(f, "person.seniority"), text(f, "person.function"), roles(f, a, q, d),
		decimal(warm.Engagement), strconv.Itoa(warm.Value), warm.Grade, input.Cell(strings.Join(d.segments(p, f, answers, q), "|")),
	}
}

// segments lists those that the person belongs to, and those of the account.
func (d *data) segments(p pair, f, answers persona.Fields, q *questions) []string {
	subjects := map[string]persona.Fields{"person": persona.Join(answers, f)}
	if a := d.accounts[p.accountKey()]; p.account != "" {
		subjects["account"] = persona.Join(answers, persona.Fold(slices.Values(a.seen), d.at, nil), persona.OfTouches(a.touches))
	}
	var in []string
	for i := range q.segments {
		s := &q.segments[i]
		if subject := subjects[cmp.Or(s.Subject, "person")]; subject != nil {
			if truth, _ := s.Has(subject, d.at); truth == persona.True {
				in = append(in, s.ID)
			}
		}
	}
	return in
}

func text(f persona.Fields, name string) string {
	v, _ := f.Field(name)
	return input.Cell(v.String())
}

// roles lists what the person does in the group that buys.
func roles(f persona.Fields, a persona.Assignment, q *questions, d *data) string {
	var assigned *persona.Persona
	if i := slices.IndexFunc(q.personas, func(p persona.Persona) bool { return p.ID == a.Persona }); i >= 0 {
		assigned = &q.personas[i]
	}
	var names []string
	for _, h := range (*persona.RoleMap)(nil).Roles(f, assigned, d.at) {
		names = append(names, string(h.Role))
	}
	return strings.Join(names, "|")
}

// results are the answers that segments may ask for.
func results(fit persona.Fit, a persona.Assignment) persona.Map {
	m := persona.Map{"icp.tier": persona.TextValue(fit.Tier)}
	if fit.Known {
		m["icp.id"], m["icp.score"] = persona.TextValue(fit.Definition), persona.NumberValue(fit.Score)
	}
	if a.Fit.Known {
		m["persona.score"] = persona.NumberValue(a.Fit.Score)
	}
	if a.Persona != "" {
		m["persona.id"] = persona.TextValue(a.Persona)
	}
	return m
}

// willing has agreed to every purpose.
type willing struct{}

func (willing) Field(name string) (persona.Value, persona.Why) {
	if strings.HasPrefix(name, "consent.") {
		return persona.BoolValue(true), persona.Why{}
	}
	return persona.Value{}, persona.Why{Unknown: persona.NeverObserved}
}

func (willing) Touches() iter.Seq[touchpoint.Touch] { return persona.Map{}.Touches() }
