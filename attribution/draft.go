package attribution

import (
	"fmt"
	"strconv"
	"time"
)

// A draft is one path on its way through a preparation: which steps are left, and why the
// others are not.
type draft struct {
	js     *Journeys
	view   View
	newest int64 // age from which windows count: of the end, or of the last step without conversion
	left   []draftStep
	gone   []Reason // of each step of the path, "" while it is left
}

type draftStep struct {
	i      int    // step of the path
	name   string // channel, as transforms name it
	weight float64
}

// start puts row r into the draft.
func (d *draft) start(js *Journeys, r int, converted bool) {
	d.js, d.view = js, js.view(r)
	n := d.view.Len()
	d.left = d.left[:0]
	d.gone = append(d.gone[:0], make([]Reason, n)...)
	for i := range n {
		d.left = append(d.left, draftStep{i, d.view.Channel(i), js.weights.get(d.view.lo+i, 1)})
	}
	d.newest = 0
	if !converted && n > 0 {
		d.newest = d.age(n - 1)
	}
}

func (d *draft) age(i int) int64     { return d.js.age(d.view.lo + i) }
func (d *draft) kind(i int) StepKind { return d.view.Kind(i) }

// filter drops the steps for which keep is false. k is the place among the steps left.
func (d *draft) filter(why Reason, keep func(k int, s draftStep) bool) {
	out := d.left[:0]
	for k, s := range d.left {
		if keep(k, s) {
			out = append(out, s)
		} else {
			d.gone[s.i] = why
		}
	}
	d.left = out
}

// apply runs the parts of a preparation that look at one path, in order.
func (p *Preparation) apply(d *draft) error {
	if w := p.Window; w != (Window{}) {
		limits := [...]time.Duration{Other: w.Other, Click: w.Click, Impression: w.Impression}
		d.filter(OutsideWindow, func(_ int, s draftStep) bool {
			limit := limits[d.kind(s.i)]
			return limit <= 0 || time.Duration(d.age(s.i)-d.newest)*time.Microsecond <= limit
		})
	}
	if p.After != "" {
		d.after(p.After)
	}
	if p.TouchGap > 0 {
		kept := map[string]int64{}
		d.filter(RepeatTouch, func(_ int, s draftStep) bool {
			age, ok := kept[s.name]
			if ok && time.Duration(age-d.age(s.i))*time.Microsecond <= p.TouchGap {
				return false
			}
			kept[s.name] = d.age(s.i)
			return true
		})
	}
	if p.ClicksFirst {
		for _, s := range d.left {
			if d.kind(s.i) == Click {
				d.filter(ImpressionAfter, func(_ int, s draftStep) bool { return d.kind(s.i) != Impression })
				break
			}
		}
	}
	p.Exclude.apply(d)
	for _, t := range p.Transforms {
		t.apply(d)
	}
	if n := len(d.left) - p.LastSteps; p.LastSteps > 0 && n > 0 {
		d.filter(TooManySteps, func(k int, _ draftStep) bool { return k >= n })
	}
	if p.OncePerEvent {
		d.oncePerEvent()
	}
	return p.weigh(d)
}

// oncePerEvent keeps the first of the steps of several actors in one channel on one day.
func (d *draft) oncePerEvent() {
	type event struct {
		name string
		day  int64
	}
	finish := d.js.finishes.at(d.view.row)
	if finish <= agesOnly {
		finish = 0
	}
	first := map[event]uint32{}
	d.filter(RepeatTouch, func(_ int, s draftStep) bool {
		actor := d.js.actors.at(d.view.lo + s.i)
		at := finish - d.age(s.i)
		e := event{s.name, (at - ((at%dayMicros)+dayMicros)%dayMicros) / dayMicros}
		who, ok := first[e]
		if !ok {
			first[e] = actor
			return true
		}
		return who == actor || actor == 0
	})
}

// weigh multiplies the weights of the steps left.
func (p *Preparation) weigh(d *draft) error {
	if p.Roles == nil && p.StepWeight == nil {
		return nil
	}
	for k := range d.left {
		s := &d.left[k]
		if f, ok := p.Roles[d.js.words.text(d.js.roles.at(d.view.lo+s.i))]; ok {
			s.weight *= f
		}
		if p.StepWeight != nil {
			s.weight *= p.StepWeight(d.exported(*s))
		}
		if !finite(s.weight) || s.weight < 0 {
			return badFloat("step weight", s.weight)
		}
	}
	return nil
}

// exported is a step as callers know it.
func (d *draft) exported(s draftStep) Step {
	e := d.js.entry(d.view, nil, s.i)
	return Step{Channel: s.name, At: e.At, Kind: d.kind(s.i), Source: e.Source, ID: e.ID, Actor: e.Actor, Role: e.Role,
		Weight: d.js.weights.get(d.view.lo+s.i, 1), Cost: d.js.costs.at(d.view.lo + s.i)}
}

// after keeps the steps at or after a milestone; without the milestone, none.
func (d *draft) after(milestone string) {
	at, found := int64(0), false
	for _, m := range d.js.marks[d.view.row] {
		if d.js.words.text(m.name) == milestone {
			at, found = m.pos, true
			break
		}
	}
	timed := d.view.Timed()
	d.filter(BeforeMilestone, func(_ int, s draftStep) bool {
		if timed {
			return found && d.age(s.i) <= at
		}
		return found && int64(s.i) >= at
	})
}

// hits reports whether a channel is one of the excluded.
func (e Exclude) hits(name string) bool {
	for _, n := range e.Names {
		if n == name {
			return true
		}
	}
	return e.Match != nil && e.Match(name)
}

func (e Exclude) apply(d *draft) {
	if len(e.Names) == 0 && e.Match == nil {
		return
	}
	n, last := 0, -1
	for k, s := range d.left {
		if e.hits(s.name) {
			n++
		} else {
			last = k
		}
	}
	if n == 0 || n == len(d.left) && e.Mode != Always {
		return
	}
	out := d.left[:0]
	for k, s := range d.left {
		if !e.hits(s.name) || e.Mode == Tail && k < last {
			out = append(out, s)
			continue
		}
		d.gone[s.i] = Excluded
		if Direct(s.name) {
			d.gone[s.i] = DirectTouch
		}
	}
	d.left = out
}

func (t Transform) apply(d *draft) {
	switch t.kind {
	case exposure:
		before := ""
		d.filter(RepeatTouch, func(_ int, s draftStep) bool {
			same := s.name == before // no name is empty
			before = s.name
			return !same
		})
	case firstOnly, frequency:
		times := map[string]int{}
		for _, s := range d.left {
			times[s.name]++
		}
		seen := map[string]bool{}
		d.filter(RepeatTouch, func(_ int, s draftStep) bool {
			again := seen[s.name]
			seen[s.name] = true
			return !again
		})
		if t.kind == frequency {
			for k := range d.left {
				d.left[k].name += "(" + strconv.Itoa(times[d.left[k].name]) + ")"
			}
		}
	case recency:
		last := map[string]int{}
		for k, s := range d.left {
			last[s.name] = k
		}
		d.filter(RepeatTouch, func(k int, s draftStep) bool { return last[s.name] == k })
		for k := range d.left {
			d.left[k].name += t.band(time.Duration(d.age(d.left[k].i)-d.newest) * time.Microsecond)
		}
	}
}

// band names the smallest of the bands that covers an age.
func (t Transform) band(age time.Duration) string {
	top := 0
	best := -1
	for _, days := range t.days {
		top = max(top, days)
		if age <= time.Duration(days)*24*time.Hour && (best < 0 || days < best) {
			best = days
		}
	}
	if best < 0 {
		return fmt.Sprintf("(>%dd)", top)
	}
	return fmt.Sprintf("(%dd)", best)
}

// steps are the steps left, in the form in which rows are added.
func (d *draft) steps(out []step) []step {
	out = out[:0]
	for _, s := range d.left {
		st := d.js.step(d.view.lo + s.i)
		st.channel, st.weight = s.name, s.weight
		out = append(out, st)
	}
	return out
}

// moveMarks lets milestones of an untimed path follow the steps: one whose step went
// belongs to the newest step left before it.
func (d *draft) moveMarks(marks []namedMark) []namedMark {
	if d.view.Timed() {
		return marks
	}
	for m := range marks {
		at := int64(-1)
		for k, s := range d.left {
			if int64(s.i) <= marks[m].pos {
				at = int64(k)
			}
		}
		marks[m].pos = at
	}
	return marks
}
