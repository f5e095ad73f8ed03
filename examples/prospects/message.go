package main

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/content"
	"github.com/tabi-go/tabi/touchpoint"
)

type channel = touchpoint.Channel

// A choice is who is to be written to, in which role and what, and who is not, and why.
type choice struct {
	who       *contact // nil: nobody may be written to
	role      string   // as the profile asks for it, "" for none
	stageName string
	holding   persona.Holding
	advice    content.Advice
	next      []content.Suggestion
	passed    []pass
}

// A pass is somebody who would have been the one, but for the refusals.
type pass struct {
	id      string
	refused []content.Refusal
}

// choose takes the roles that nobody has talked to lately first, then the others, in the
// order of the profile; of those who hold one the warmest; at last anybody. The first who
// may be written to is the one.
func (d *definitions) choose(p *prospect, next *content.NextTouch, o *content.OutreachOptions) choice {
	var out choice
	tried := map[string]bool{}
	try := func(role string) bool {
		var holders []*contact
		for i := range p.people {
			c := &p.people[i]
			if _, ok := p.holding(c.id, role); ok && !tried[c.id] {
				holders = append(holders, c)
			}
		}
		slices.SortStableFunc(holders, func(a, b *contact) int { return cmp.Compare(b.score.Value, a.score.Value) })
		for _, c := range holders {
			tried[c.id] = true
			advice := content.Outreach(content.Case{Stall: d.stall(c, next.At), Fields: c.fields, Persona: c.persona, Missing: p.unfilled()}, next.At, o)
			if len(advice.Refused) > 0 {
				out.passed = append(out.passed, pass{c.id, advice.Refused})
				continue
			}
			out.who, out.role, out.advice, out.stageName = c, role, advice, d.stageName(c.stage)
			out.holding, _ = p.holding(c.id, role)
			out.next = next.Suggest(content.Ask{Stage: c.stage, Name: d.stageName(c.stage), Persona: c.trail.Persona, Fields: c.fields},
				&content.SuggestOptions{Limit: 1, Kinds: offered}).List
			return true
		}
		return false
	}
	roles := slices.Clone(p.group.Missing)
	for _, r := range d.required(p.fit) {
		if !slices.Contains(roles, r) {
			roles = append(roles, r)
		}
	}
	for _, role := range append(roles, "") {
		if try(role) {
			break
		}
	}
	return out
}

// offered are the kinds of contact that we can offer; a page view comes by itself.
var offered = []touchpoint.Kind{touchpoint.KindWebinarAttended, touchpoint.KindDownload, touchpoint.KindMeeting, touchpoint.KindDemo, touchpoint.KindCall, touchpoint.KindEmail}

// holding returns how somebody holds a role, given as alternatives parted by a bar; "" is
// held by everybody.
func (p *prospect) holding(id, role string) (persona.Holding, bool) {
	if role == "" {
		return persona.Holding{}, true
	}
	for _, m := range p.group.Members {
		for _, h := range m.Roles {
			if m.ID == id && slices.Contains(strings.Split(role, "|"), string(h.Role)) {
				return h, true
			}
		}
	}
	return persona.Holding{}, false
}

// unfilled are the required roles that nobody of the account is known to hold.
func (p *prospect) unfilled() []string {
	var out []string
	for _, role := range p.group.Missing {
		if !slices.ContainsFunc(p.people, func(c contact) bool { _, ok := p.holding(c.id, role); return ok }) {
			out = append(out, role)
		}
	}
	return out
}

func (d *definitions) stall(c *contact, at time.Time) content.Stall {
	return content.Stall{Stage: c.stage, Name: d.stageName(c.stage), Since: c.since, Days: at.Sub(c.since).Hours() / 24}
}

func (d *definitions) stageName(id string) string {
	for i := range d.model.Stages {
		if st := &d.model.Stages[i]; string(st.ID) == id {
			return st.Name(d.lang)
		}
	}
	return id
}

// learn adds what a contact shows of people like them: when they come, in their own time,
// and what they answer.
func learn(s *content.Segment, c contact, at time.Time) {
	name, _ := content.CapitalZone(text(c.fields, "account.country"))
	zone, err := time.LoadLocation(name)
	if err != nil {
		zone = time.UTC
	}
	for _, t := range c.touches {
		if t.Direction == touchpoint.Inbound && t.Engaged() {
			s.Blocks[content.BlockOf(t.At.In(zone))]++
		}
	}
	for ch, r := range content.RepliesOf(c.touches, at) {
		sum := s.Replies[ch]
		s.Replies[ch] = content.Replies{Sent: sum.Sent + r.Sent, Answered: sum.Answered + r.Answered}
	}
}
