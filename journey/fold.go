package journey

import (
	"slices"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// Folded is what the touches of one subject amount to: its whole stage history and the
// journeys cut from it, oldest first.
type Folded struct {
	Subject   Subject
	History   stage.History
	Journeys  []Journey
	Unmatched []Unmatched // reversals that found no goal to lower
}

// Fold folds the touches of one subject, in any order and with repeats, as they stand at
// the instant at (zero: all of them, open to the last). It is a pure function; opts may be
// nil, and its Clock and Logger are not used. A model that does not validate is an error,
// data never is.
func Fold(s Subject, touches []touchpoint.Touch, at time.Time, opts *Options) (Folded, error) {
	c, err := opts.config()
	if err != nil {
		return Folded{}, err
	}
	return c.fold(s, c.merge(slices.Clone(touches), at), at)
}

// Cut cuts the journeys of touches whose history is known already, such as an account's
// that its members' histories gave. The touches are the subject's merged view, in any
// order; what is after h.At does not exist. opts may be nil; its model and policy are not
// used.
func Cut(s Subject, touches []touchpoint.Touch, h stage.History, opts *Options) (Folded, error) {
	c, err := opts.config()
	if err != nil {
		return Folded{}, err
	}
	c.twins.Off = true
	one := func(int) person { return person{subject: s} }
	return c.cut(s, c.merge(slices.Clone(touches), h.At), h, one, h.At), nil
}

// merge returns the subject's merged view at an instant: sorted, each key once, one touch
// a real contact, and what bots did left out. It works in the slice handed in.
func (c *config) merge(touches []touchpoint.Touch, at time.Time) []touchpoint.Touch {
	out := slices.DeleteFunc(touches, func(t touchpoint.Touch) bool {
		bot, _ := t.Props.Bool("bot")
		return bot && !c.bots || !at.IsZero() && t.At.After(at)
	})
	slices.SortFunc(out, touchpoint.Compare)
	out = slices.CompactFunc(out, func(a, b touchpoint.Touch) bool { return a.Key() == b.Key() })
	if c.twins.Off {
		return out
	}
	twins := touchpoint.Twins(out, &c.twins)
	for i, tw := range twins {
		out[i] = tw.Touch
	}
	return out[:len(twins)]
}

// fold folds a person's merged view.
func (c *config) fold(s Subject, touches []touchpoint.Touch, at time.Time) (Folded, error) {
	h, err := c.plan.Fold(touches, c.foldOptions(s, at))
	if err != nil {
		return Folded{}, err
	}
	one := func(int) person { return person{subject: s} }
	return c.cut(s, touches, h, one, at), nil
}

func (c *config) foldOptions(s Subject, at time.Time) *stage.FoldOptions {
	return &stage.FoldOptions{Subject: s.ID, At: at, Rules: &c.rules}
}

// person is who took a touch of an account's journey, and in which role.
type person struct {
	subject Subject
	role    string
}

// cut makes journeys of touches and the history they gave.
func (c *config) cut(s Subject, touches []touchpoint.Touch, h stage.History, who func(i int) person, at time.Time) Folded {
	f := Folded{Subject: s, History: h}
	rs := reaches(touches, &h, c.goals, &c.rules)
	segs := c.segments(touches, &h, rs, at)
	if len(segs) == 0 {
		return f
	}
	standing := stand(touches, &h)
	var since time.Time
	if touches[0].Class() == touchpoint.Record {
		since = touches[0].At
	}
	for n, seg := range segs {
		j := c.journey(s, n+1, seg, touches, &h, standing, who, at)
		j.Since = since
		j.told = tell(&j, seg, touches, &h, n == len(segs)-1)
		f.Journeys = append(f.Journeys, j)
		since = j.End
	}
	f.Unmatched = settle(touches, f.Journeys)
	return f
}

// journey builds the journey of one segment.
func (c *config) journey(s Subject, seq int, seg *segment, touches []touchpoint.Touch, h *stage.History, st []standing, who func(int) person, at time.Time) Journey {
	j := Journey{Subject: s, Seq: seq, Reason: seg.reason, At: at, Steps: make([]Step, 0, len(seg.steps))}
	members := map[Subject]bool{}
	for n, i := range seg.steps {
		t, p := &touches[i], who(i)
		step := Step{
			Touch: t.Key(), At: t.At, Kind: t.Kind, Channel: t.Channel, Touchpoint: t.Touchpoint, Campaign: t.Campaign.Name,
			Person: p.subject, Role: p.role, Before: st[i].before, After: st[i].after, Move: st[i].move, Cost: t.Cost, Value: t.Value,
		}
		if step.Campaign == "" {
			step.Campaign = t.Campaign.ID
		}
		if n > 0 {
			step.Gap = t.At.Sub(j.Steps[n-1].At)
		}
		if !p.subject.IsZero() && p.subject != s && !members[p.subject] {
			members[p.subject] = true
			j.Members = append(j.Members, p.subject)
		}
		j.Steps = append(j.Steps, step)
	}
	slices.SortFunc(j.Members, compareSubjects)
	j.Start, j.End, j.ID = seg.span(s, touches)
	for _, r := range seg.goals {
		g := Reached{Goal: r.goal.ID, At: r.at, Value: r.value, Net: r.value, Closed: r.goal.Closes}
		if r.touch >= 0 {
			g.Touch = touches[r.touch].Key()
		}
		j.Goals = append(j.Goals, g)
	}
	j.stays(h)
	c.milestones(&j, seg, touches, h)
	return j
}

// stays fills Stages, Entry, Exit and Furthest.
func (j *Journey) stays(h *stage.History) {
	rank := 0
	for _, v := range h.Visits {
		// A visit of no length at either end of the journey is part of it.
		if v.Enter.After(j.End) || !v.Leave.IsZero() && v.Leave.Before(j.Start) ||
			v.Leave.Equal(j.Start) && v.Enter.Before(j.Start) {
			continue
		}
		j.Stages = append(j.Stages, Stay{v, v.Enter.Before(j.Start)})
		if (v.Kind == stage.Open || v.Kind == stage.Goal) && (j.Furthest == "" || v.Rank > rank) {
			j.Furthest, rank = v.Stage, v.Rank
		}
	}
	if len(j.Steps) > 0 {
		j.Entry = j.Steps[0].After
	}
	for i := len(j.Stages) - 1; i >= 0; i-- {
		if v := j.Stages[i]; !v.Enter.After(j.End) {
			if v.Leave.IsZero() || v.Leave.After(j.End) {
				j.Exit = v.Stage
			}
			break
		}
	}
}

// milestones fills the dated points that milestone attribution uses.
func (c *config) milestones(j *Journey, seg *segment, touches []touchpoint.Touch, h *stage.History) {
	add := func(name string, at time.Time) {
		m := Milestone{name, at, -1}
		for i := range j.Steps {
			if !j.Steps[i].At.After(at) {
				m.Step = i
			}
		}
		j.Milestones = append(j.Milestones, m)
	}
	if len(j.Steps) > 0 {
		add("first_touch", j.Start)
	}
	for _, i := range seg.steps {
		if c.identified(&touches[i]) {
			add("known", touches[i].At)
			break
		}
	}
	for _, id := range []stage.ID{"mql", "opportunity"} {
		for _, v := range h.Visits {
			if v.Stage == id && !v.Enter.Before(j.Start) && !v.Enter.After(j.End) {
				add(string(id), v.Enter)
				break
			}
		}
	}
	for _, g := range j.Goals {
		if g.Closed {
			add("won", g.At)
			break
		}
	}
}

// identified reports whether the touch names a person by more than a device.
func (c *config) identified(t *touchpoint.Touch) bool {
	for _, id := range t.IDs {
		r, known := c.rules.Types[id.Type()]
		if ok, _ := c.rules.Linkable(id); ok && known && r.Entity == identity.PersonEntity && r.Class != identity.DeviceClass {
			return true
		}
	}
	return false
}

// standing is where the subject stood around one touch.
type standing struct {
	before, after stage.ID
	move          stage.Move
}

// stand walks touches and visits side by side.
func stand(touches []touchpoint.Touch, h *stage.History) []standing {
	by := map[touchpoint.Key][]int{}
	for i, v := range h.Visits {
		if v.By != (touchpoint.Key{}) {
			by[v.By] = append(by[v.By], i)
		}
	}
	out := make([]standing, len(touches))
	cur := -1 // the newest visit entered so far
	for i := range touches {
		t := &touches[i]
		for cur+1 < len(h.Visits) && h.Visits[cur+1].Enter.Before(t.At) {
			cur++
		}
		out[i].before = stageAt(h.Visits, cur, t.At)
		for _, v := range by[t.Key()] {
			if v >= cur {
				cur, out[i].move = v, h.Visits[v].Via
			}
		}
		out[i].after = stageAt(h.Visits, cur, t.At)
	}
	return out
}

// stageAt is the stage of visit cur at an instant, empty in a gap. A visit that ends at
// the instant because the next begins there still stands until that one is taken.
func stageAt(vs []stage.Visit, cur int, at time.Time) stage.ID {
	if cur < 0 {
		return ""
	}
	v := &vs[cur]
	if v.Leave.IsZero() || v.Leave.After(at) || cur+1 < len(vs) && vs[cur+1].Enter.Equal(v.Leave) {
		return v.Stage
	}
	return ""
}
