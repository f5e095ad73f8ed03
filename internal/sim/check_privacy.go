package sim

import (
	"context"
	"maps"
	"slices"

	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
)

// judgePlan holds the plan of an erasure, made from a view, against the oracle's. Where they
// differ the view itself may be wrong, and who is who is judged first.
func (d *driver) judgePlan(who string, v *journey.View, got *forgetting) *Violation {
	if d.seed%2 == 1 || d.ledger.doubts() > 0 {
		return nil // nobody knows what there is to be erased
	}
	o := newOracle(d.m.setting, d.ledger.facts(), micros(forever))
	bad := d.weighPlan(o.forget(who), got)
	if bad == nil {
		return nil
	}
	c := &comparison{oracle: o, view: v, entities: map[string]entity{}}
	for _, check := range []func(*comparison) *Violation{checkPlaceholders, checkStrong, checkRetracted, checkPeople, checkNames, checkOwners} {
		if root := check(c); root != nil {
			return root
		}
	}
	return bad
}

// weighPlan compares two plans: I26 what is left behind, I28 what others lose, I29 what
// belongs to the person.
func (d *driver) weighPlan(want, got *forgetting) *Violation {
	if want == nil {
		return broken("I28", "somebody is erased whom nobody knows")
	}
	for _, id := range want.own {
		if !slices.Contains(got.own, id) {
			return broken("I26", "an identifier of the person stays: %s", libraryID(id).Type())
		}
	}
	if len(got.own) > len(want.own) {
		return broken("I28", "%d identifiers go, %d are the person's own", len(got.own), len(want.own))
	}
	for _, key := range slices.Sorted(maps.Keys(want.remove)) {
		if !got.remove[key] {
			return broken("I29", "a fact of the person stays: %s", describe(d.ledger.record(key)))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got.remove)) {
		if !want.remove[key] {
			return broken("I28", "a fact of somebody else goes: %s", describe(d.ledger.record(key)))
		}
	}
	if !slices.Equal(slices.Sorted(maps.Keys(got.redact)), slices.Sorted(maps.Keys(want.redact))) {
		return broken("I29", "%d touches of others are redacted, want %d", len(got.redact), len(want.redact))
	}
	return nil
}

// record is the certain fact of a key.
func (l *ledger) record(key string) Record {
	e := l.entry(key)
	return e.records[e.possible[0]]
}

// forget is the oracle's plan: whatever belongs to the person of an identifier alone.
func (o *oracle) forget(who string) *forgetting {
	c := o.people.home[who]
	if c == nil {
		return nil
	}
	detached := map[string]bool{}
	note := func(mine, other string) {
		switch {
		case !c.ids[mine] || c.ids[other]:
		case o.people.shared[other]:
			detached[other] = true
		default:
			detached[mine] = true
		}
	}
	for p := range o.people.live {
		note(p.a, p.b)
		note(p.b, p.a)
	}
	for _, e := range o.evidence {
		if e.From == 0 && e.To == 0 || e.IDs[0] == e.IDs[1] {
			continue
		}
		if p := pairOf(e.IDs[0], e.IDs[1]); links(p.a) && links(p.b) && !o.dead(edge{p, e.Source, e.ID, e.At}) {
			note(p.b, p.a)
		}
	}
	p := &forgetting{remove: map[string]bool{}, redact: map[string]Record{}}
	for id := range c.ids {
		if o.people.shared[id] {
			detached[id] = true
		}
		if !detached[id] {
			p.own = append(p.own, id)
		}
	}
	slices.Sort(p.own)
	owns := func(id string) bool { return slices.Contains(p.own, id) }
	for i, t := range o.touches {
		switch {
		case o.owners[i] != "" && o.people.home[o.owners[i]] == c:
			p.remove[t.key()] = true
		case slices.ContainsFunc(t.IDs, owns):
			p.redact[t.key()] = t
		}
	}
	for _, e := range slices.Concat(o.evidence, o.void) {
		if e.Class != classEvidence {
			continue
		}
		a, b := e.IDs[0], e.IDs[1]
		if owns(a) || owns(b) || detached[a] && detached[b] && (c.ids[a] || c.ids[b]) {
			p.remove[e.key()] = true
		}
	}
	for _, s := range o.overrides {
		touch := Record{Class: classTouch}
		if s.Touch != nil {
			touch.Source, touch.ID = s.Touch[0], s.Touch[1]
		}
		if p.remove[touch.key()] || slices.ContainsFunc(s.IDs, owns) {
			p.remove[s.key()] = true
		}
	}
	for _, r := range slices.Concat(o.memberships, o.consents, o.void) {
		if slices.ContainsFunc(r.IDs, owns) {
			p.remove[r.key()] = true
		}
	}
	return p
}

// forgetOne erases one more person, without faults, and compares what is left.
func (l *life) forgetOne() *Violation {
	if l.seed%8 != 1 {
		return nil
	}
	o := newOracle(l.m.setting, l.ledger.facts(), l.schedule.At)
	ids := slices.DeleteFunc(o.known(), func(id string) bool { return o.typeOf(id).account })
	if len(ids) == 0 {
		return nil
	}
	r := random(l.seed, streamReplay-4)
	l.trouble = false
	if bad := l.erase(context.Background(), Op{N: len(l.schedule.Ops), Do: doErase, Who: ids[r.IntN(len(ids))]}); bad != nil {
		return bad
	}
	return l.compareAt(l.schedule.At)
}

// stored reads facts back.
func (c *comparison) stored(q storage.Query) (out []Record, bad *Violation) {
	for f, err := range c.store.Scan(context.Background(), q) {
		if err != nil {
			return nil, broken("I31", "reading: %v", err)
		}
		if r, ok := recordOf(f); ok && r.At <= c.at {
			out = append(out, r)
		}
	}
	return out, nil
}

// checkRepeat is I25: a digest asked for again is the same.
func checkRepeat(c *comparison) *Violation {
	if !c.deep {
		return nil
	}
	ctx := context.Background()
	one, err := c.tracker.Digest(ctx, instant(c.at))
	if err != nil {
		return broken("I25", "digest: %v", err)
	}
	two, err := c.tracker.Digest(ctx, instant(c.at))
	if err != nil || one != two {
		return broken("I25", "two digests differ (%v)", err)
	}
	return nil
}
