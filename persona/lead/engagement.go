package lead

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/lead/internal/meter"
	"github.com/tabi-go/tabi/touchpoint"
)

const day = 24 * time.Hour

var epoch = time.Unix(0, 0).UTC()

// Engagement returns the points that the touches of f are worth as of at: the sum over
// the rules of Σ points·2^(−age/half-life), each rule's sum within its Max. Touches with
// props.bot count for nothing; others only if the person did something
// ([touchpoint.Touch.Engaged]) or the rule takes Any.
func (t *Table) Engagement(f persona.Fields, at time.Time) float64 {
	w := t.watch(f, at)
	for w.next < len(w.events) {
		w.step()
	}
	return w.engagement(at.UnixMicro())
}

// An event is one touch, with the rules it scores under.
type event struct {
	at            int64 // microseconds
	key           touchpoint.Key
	from, to      int // its rules in watch.rules
	twoWay, sales bool
}

// A watch walks through the events of a subject and holds the points they make.
type watch struct {
	meters []meter.Meter
	last   []touchpoint.Key // the latest touch of each rule
	events []event          // by (At, Source, ID), each key once
	rules  []int            // of the events
	next   int              // the first event that has not been taken
}

// watch collects the events of the touches up to at.
func (t *Table) watch(f persona.Fields, at time.Time) *watch {
	w := &watch{events: make([]event, 0, 32), rules: make([]int, 0, 64), meters: make([]meter.Meter, len(t.Rules)), last: make([]touchpoint.Key, len(t.Rules))}
	for i := range t.Rules {
		w.meters[i] = t.meter(i)
	}
	kinds := map[touchpoint.Kind]nature{}
	var touch touchpoint.Touch // one place for all, for conditions hold a pointer to it
	for next := range f.Touches() {
		if touch = next; touch.At.After(at) {
			continue
		}
		k, ok := kinds[touch.Kind]
		if !ok {
			k = t.nature(touch.Kind)
			kinds[touch.Kind] = k
		}
		engaged := k.engaged
		if !touch.Props.IsZero() { // most have none, and are what their kind is
			if bot, _ := touch.Props.Bool("bot"); bot {
				continue
			}
			engaged = touch.Engaged()
		}
		e := event{at: touch.At.UnixMicro(), key: touch.Key(), from: len(w.rules), twoWay: k.twoWay && engaged}
		e.sales = (k.sales || touch.Channel == touchpoint.ChannelSales) && bySales(&touch, engaged)
		for _, m := range k.matches {
			r := &t.Rules[m.rule]
			if (engaged || r.Any) && (m.sure || r.When.Eval(persona.OfTouch(&touch), touch.At) == persona.True) {
				w.rules = append(w.rules, m.rule)
			}
		}
		e.to = len(w.rules)
		w.events = append(w.events, e)
	}
	order := func(a, b event) int {
		return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.key.Source, b.key.Source), strings.Compare(a.key.ID, b.key.ID))
	}
	if !slices.IsSortedFunc(w.events, order) {
		slices.SortFunc(w.events, order)
	}
	w.events = slices.CompactFunc(w.events, func(a, b event) bool { return a.key == b.key })
	return w
}

// A nature is what touches of a kind have in common, but for what their props say.
type nature struct {
	matches                []match
	engaged, twoWay, sales bool // sales: the usual channel of the kind
}

func (t *Table) nature(kind touchpoint.Kind) nature {
	bare := touchpoint.Touch{Kind: kind}
	return nature{t.matches(kind), bare.Engaged(), persona.TwoWay(&bare), kind.Info().Channel == touchpoint.ChannelSales}
}

// A match is a rule that touches of a kind may score under; sure says that all do.
type match struct {
	rule int
	sure bool
}

// matches returns the rules that touches of a kind may score under.
func (t *Table) matches(kind touchpoint.Kind) []match {
	if t.known == nil || !kind.Info().Known {
		return t.match(kind)
	}
	found, ok := t.known.Load(kind)
	if !ok {
		found, _ = t.known.LoadOrStore(kind, t.match(kind))
	}
	return found.([]match)
}

// match finds the rules that touches of a kind may score under. A condition that is
// true or false when the kind alone is known stays so whatever else is, unless it asks
// whether a field exists.
func (t *Table) match(kind touchpoint.Kind) []match {
	known := persona.Map{"touch.kind": persona.TextValue(string(kind))}
	var found []match
	for i := range t.Rules {
		r := &t.Rules[i]
		truth, tests := r.When.Explain(known, epoch)
		asksMore := slices.ContainsFunc(tests, func(l persona.Leaf) bool { return l.Op == "exists" || l.Op == "missing" })
		if truth != persona.False || asksMore {
			found = append(found, match{i, truth == persona.True && !asksMore})
		}
	}
	return found
}

// step takes the next event.
func (w *watch) step() {
	e := &w.events[w.next]
	for _, r := range w.rules[e.from:e.to] {
		w.meters[r].Add(e.at)
		w.last[r] = e.key
	}
	w.next++
}

// engagement is the sum of the rules' points at an instant not before the last event taken.
func (w *watch) engagement(at int64) float64 {
	sum := 0.0
	for i := range w.meters {
		if m := &w.meters[i]; m.Touches > 0 {
			sum += m.Value(at)
		}
	}
	return sum
}

func (t *Table) meter(rule int) meter.Meter {
	r := &t.Rules[rule]
	m := meter.Meter{Points: r.Points, Max: r.Max, Per: time.Duration(r.Per).Microseconds(), PerMax: r.PerMax}
	if !r.Sticky {
		m.HalfLife = float64(time.Duration(cmp.Or(r.HalfLife, t.HalfLife, persona.Span(14*day))).Microseconds())
	}
	return m
}

// bySales reports whether a touch by way of sales is people of ours who approached the
// person.
func bySales(t *touchpoint.Touch, engaged bool) bool {
	return (engaged || t.Kind == touchpoint.KindEmail) && t.Class() == touchpoint.Contact
}
