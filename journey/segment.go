package journey

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A segment is a journey being cut: indexes into the subject's touches.
type segment struct {
	steps  []int
	goals  []reach
	reason Reason
	ended  time.Time // by goal: when
	quiet  time.Time // the last engaged touch, else the beginning
}

// segments cuts touches into journeys, instant by instant, since all touches of the
// instant in which a goal is reached belong to the journey it closes.
func (c *config) segments(touches []touchpoint.Touch, h *stage.History, rs []reach, at time.Time) []*segment {
	var (
		out   []*segment
		cur   *segment // nil between journeys
		once  = map[string]bool{}
		ends  = c.losses(h)
		grace = c.boundary.grace()
	)
	end := func(r Reason, at time.Time) {
		cur.reason, cur.ended = r, at
		cur = nil
	}
	for t := 0; t < len(touches) || len(rs) > 0 || len(ends) > 0; {
		now := earliest(touches, t, rs, ends)
		var steps []int
		engaged := false
		for ; t < len(touches) && touches[t].At.Equal(now); t++ {
			if isStep(&touches[t]) {
				steps = append(steps, t)
				engaged = engaged || touches[t].Engaged()
			}
		}
		var reached []reach
		closes := false
		for ; len(rs) > 0 && rs[0].at.Equal(now); rs = rs[1:] {
			if g := rs[0].goal; g.Repeat != OncePerSubject || !once[g.ID] {
				once[g.ID] = true
				reached = append(reached, rs[0])
				closes = closes || g.Closes
			}
		}
		lost := len(ends) > 0 && ends[0].Equal(now)
		if lost {
			ends = ends[1:]
		}

		if limit := c.boundary.Inactivity; cur != nil && limit > 0 && now.Sub(cur.quiet) > limit && !c.boundary.Lifetime {
			end(BySilence, cur.quiet.Add(limit))
		}
		if cur == nil && !closes && len(out) > 0 {
			// The grace after a goal: a receipt read, a thank-you page.
			if last := out[len(out)-1]; last.reason == ByGoal && now.Sub(last.ended) <= grace {
				last.steps = append(last.steps, steps...)
				last.add(reached)
				continue
			}
		}
		if len(steps) == 0 && len(reached) == 0 && (cur == nil || !lost) {
			continue // records that say nothing a journey shows
		}
		if cur == nil {
			cur = &segment{reason: Open, quiet: now}
			out = append(out, cur)
		}
		cur.steps = append(cur.steps, steps...)
		cur.add(reached)
		if engaged {
			cur.quiet = now
		}
		switch {
		case c.boundary.Lifetime:
		case closes:
			end(ByGoal, now)
		case lost:
			end(ByLoss, now)
		}
	}
	if limit := c.boundary.Inactivity; cur != nil && limit > 0 && !c.boundary.Lifetime && !at.IsZero() && at.Sub(cur.quiet) > limit {
		end(BySilence, cur.quiet.Add(limit))
	}
	return out
}

// add notes reached goals, leaving out repeats of those that count once a journey.
func (s *segment) add(rs []reach) {
	for _, r := range rs {
		if r.goal.Repeat == OncePerJourney && slices.ContainsFunc(s.goals, func(o reach) bool { return o.goal == r.goal }) {
			continue
		}
		s.goals = append(s.goals, r)
	}
}

// span is the time from the first step to the last and the journey's id. A journey that
// only records told of stands at its goals.
func (s *segment) span(of Subject, touches []touchpoint.Touch) (start, end time.Time, id string) {
	var first touchpoint.Key
	switch {
	case len(s.steps) > 0:
		start, end = touches[s.steps[0]].At, touches[s.steps[len(s.steps)-1]].At
		first = touches[s.steps[0]].Key()
	default:
		start, end = s.goals[0].at, s.goals[len(s.goals)-1].at
		if i := s.goals[0].touch; i >= 0 {
			first = touches[i].Key()
		}
	}
	return start, end, uuid.NewSHA1(namespace, []byte(of.ID+"\x1f"+first.Source+"\x1f"+first.ID)).String()
}

// namespace is UUIDv5 of the URL namespace and the journeys' own URL; part of the stable ids.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/tabi-go/tabi/journey/v1"))

// losses lists the instants at which the subject entered a Loss stage for good: without
// a reopening or recycling within the boundary's time.
func (c *config) losses(h *stage.History) []time.Time {
	var out []time.Time
	within := c.boundary.reopenWithin()
	for i, v := range h.Visits {
		if v.Kind != stage.Loss {
			continue
		}
		back := false
		for _, n := range h.Visits[i+1:] {
			if n.Enter.Sub(v.Enter) > within {
				break
			}
			back = back || n.Via == stage.Reopen || n.Via == stage.Recycle
		}
		if !back && (len(out) == 0 || !out[len(out)-1].Equal(v.Enter)) {
			out = append(out, v.Enter)
		}
	}
	return out
}

func earliest(touches []touchpoint.Touch, t int, rs []reach, ends []time.Time) time.Time {
	var now time.Time
	take := func(at time.Time) {
		if now.IsZero() || at.Before(now) {
			now = at
		}
	}
	if t < len(touches) {
		take(touches[t].At)
	}
	if len(rs) > 0 {
		take(rs[0].at)
	}
	if len(ends) > 0 {
		take(ends[0])
	}
	return now
}

// isStep reports whether a touch is a step of a journey: it is no record.
func isStep(t *touchpoint.Touch) bool { return t.Class() != touchpoint.Record }
