package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
)

// A forgetting is the plan of erasing one person: facts that go, facts that lose the
// person's identifiers, and the identifiers that may not come back.
type forgetting struct {
	remove map[string]bool // keys of the ledger
	redact map[string]Record
	own    []string // sorted
}

// forever is an instant after every fact.
var forever = instant(250_000_000_000_000_000)

// erase forgets the person of an identifier: it plans with what identity says, checks the
// plan against the oracle's, and repeats the erasure until it is done.
func (d *driver) erase(ctx context.Context, op Op) *Violation {
	if d.suspect {
		if bad := d.reopen(false); bad != nil {
			return bad
		}
	}
	d.calls++
	e, plan, view, err := d.planErasure(ctx, op)
	if err != nil {
		if !d.trouble {
			return broken("I31", "planning an erasure without faults: %v", err)
		}
		return nil // the host asks again some day
	}
	if e == nil {
		return nil // nobody has the identifier
	}
	if bad := d.judgePlan(spell(op.Who), view, plan); bad != nil {
		return bad
	}
	return d.carryOut(ctx, *e, func(removed, redacted int64) *Violation {
		for key := range plan.remove {
			d.ledger.remove(key, nil)
		}
		for key, r := range plan.redact {
			d.ledger.remove(key, &r)
		}
		for _, id := range plan.own {
			d.ledger.suppress(id, suppressed{at: micros(e.At), restart: op.Restart, by: e.ID, byAt: micros(e.At)})
		}
		if removed != int64(len(plan.remove)) || redacted != int64(len(plan.redact)) {
			return broken("I29", "%d facts removed and %d redacted, want %d and %d", removed, redacted, len(plan.remove), len(plan.redact))
		}
		return nil
	})
}

// planErasure asks the library who the person is and what is theirs.
func (d *driver) planErasure(ctx context.Context, op Op) (*storage.Erasure, *forgetting, *journey.View, error) {
	type answer struct {
		e *storage.Erasure
		p *forgetting
		v *journey.View
	}
	a, err := guarded(func() (answer, error) {
		v, err := d.m.tracker.View(ctx, forever)
		if err != nil {
			return answer{}, err
		}
		typ, text, _ := strings.Cut(op.Who, ":")
		id, err := d.m.rules.ID(identity.Type(typ), text)
		if err != nil {
			return answer{}, err
		}
		person, ok := v.Identity().Person(id)
		if !ok {
			return answer{}, nil
		}
		set, ok := v.Identity().EraseSet(person.ID)
		if !ok {
			return answer{}, errors.New("sim: a person whom EraseSet does not know")
		}
		var facts []storage.Fact
		for f, err := range d.m.store.Scan(ctx, storage.Query{}) {
			if err != nil {
				return answer{}, err
			}
			facts = append(facts, f)
		}
		e := &storage.Erasure{ID: fmt.Sprintf("e%d", op.N), At: d.m.clock.Now()}
		if op.Limit != 0 {
			e.At = instant(op.Limit)
		}
		return answer{e, divide(e, op, set, person.IDs, facts), v}, nil
	})
	return a.e, a.p, a.v, err
}

// divide turns an erase set into queries and replacements.
func divide(e *storage.Erasure, op Op, set identity.Receipt, members []identity.ID, facts []storage.Fact) *forgetting {
	p := &forgetting{remove: map[string]bool{}, redact: map[string]Record{}}
	owns := func(id identity.ID) bool { return slices.Contains(set.Own, id) }
	var keys []storage.Key
	for _, f := range facts {
		goes := false
		switch {
		case f.Touch != nil:
			ref := identity.Ref{Source: f.Touch.Source, ID: f.Touch.ID}
			goes = slices.Contains(set.Touches, ref)
			if slices.Contains(set.Redacted, ref) {
				t := *f.Touch
				t.IDs = slices.DeleteFunc(slices.Clone(t.IDs), owns)
				t.Redacted = true
				t.Props = t.Props.Remove("order_id")
				e.Redact = append(e.Redact, storage.Fact{Touch: &t})
				before, _ := recordOf(f)
				p.redact[before.key()], _ = recordOf(storage.Fact{Touch: &t})
			}
		case f.Evidence != nil:
			a, b := f.Evidence.A, f.Evidence.B
			detached := slices.Contains(set.Detached, a) && slices.Contains(set.Detached, b)
			goes = owns(a) || owns(b) || detached && (slices.Contains(members, a) || slices.Contains(members, b))
		case f.Override != nil:
			// The set knows the statements that say something; others may name somebody too.
			goes = slices.Contains(set.Overrides, f.Override.ID) || slices.ContainsFunc(f.IDs(), owns)
		default:
			goes = f.Erasure == nil && slices.ContainsFunc(f.IDs(), owns)
		}
		if goes {
			r, _ := recordOf(f)
			p.remove[r.key()] = true
			keys = append(keys, f.Key())
		}
	}
	if keys != nil {
		e.Remove = []storage.Query{{Keys: keys}}
	}
	for _, id := range set.Own {
		plain := string(id.Type()) + ":" + id.Value()
		p.own = append(p.own, plain)
		entry := storage.Suppression{KeyID: "k1", Tag: tag(plain), At: e.At, Generation: 1}
		if op.Restart {
			entry.Policy = storage.RestartAsNew
		}
		e.Suppress = append(e.Suppress, entry)
	}
	slices.Sort(p.own)
	return p
}

// purge removes touches before an instant, as retention does. The store is held against
// the ledger first: what is missing by then, no purge took.
func (d *driver) purge(ctx context.Context, op Op) *Violation {
	check := d.settled
	if d.suspect {
		check = func() *Violation { return d.reopen(false) }
	}
	if bad := check(); bad != nil {
		return bad
	}
	d.calls++
	e := storage.Erasure{ID: fmt.Sprintf("p%d", op.N), At: d.m.clock.Now(),
		Remove: []storage.Query{{Classes: []storage.Class{storage.ClassTouch}, To: instant(op.Limit)}}}
	log := d.m.log
	bad := d.carryOut(ctx, e, func(removed, _ int64) *Violation {
		if due := d.ledger.purge(op.Limit); removed > due {
			return broken("I24", "a purge takes %d touches, at most %d were due", removed, due)
		}
		return nil
	})
	if bad != nil && bad.Invariant == "I1" && d.m.log == log {
		bad.Invariant = "I24" // what a purge takes is decided by time alone
	}
	return bad
}

// purge takes away every touch before an instant, and counts those that may be there.
func (l *ledger) purge(limit int64) (due int64) {
	for _, key := range l.keys {
		e := l.entries[key]
		gone := false
		for i, c := range e.possible {
			if r := e.records[c]; r.Class == classTouch && r.At < limit {
				e.possible[i], gone = "", true
			}
		}
		if !gone {
			continue
		}
		due++
		slices.Sort(e.possible)
		e.possible = slices.Compact(e.possible)
	}
	return due
}

// carryOut repeats an erasure until the store says that it is done: under the faults of
// the operation, and after them. The ledger learns of it once, by note, which is told how
// many facts went and were redacted.
func (d *driver) carryOut(ctx context.Context, e storage.Erasure, note func(removed, redacted int64) *Violation) *Violation {
	for try := 0; ; try++ {
		rec, err := guarded(func() (storage.Receipt, error) { return d.m.store.Erase(ctx, e) })
		if err == nil && rec.Done {
			d.follower = nil // erasures do not reach it
			var removed int64
			for _, n := range rec.Removed {
				removed += n
			}
			if bad := note(removed, rec.Redacted); bad != nil {
				return bad
			}
			if d.seed%8 != 0 {
				return nil // the end of the schedule shows it too, for less
			}
			if bad := d.settled(); bad != nil {
				return bad
			}
			return d.noTrace()
		}
		if try == 4 {
			return broken("I31", "an erasure that does not end: %v", err)
		}
		if !d.trouble {
			return broken("I31", "an erasure without faults: %v", err)
		}
		if d.m.off() || errors.Is(err, storage.ErrUncertain) {
			// Nobody knows whether it was committed; what it removes may be there or not.
			if err := d.boot(); err != nil {
				return broken("I1", "the store does not open in the middle of an erasure: %v", err)
			}
		}
		if try > 0 {
			d.m.calm()
		}
	}
}

// noTrace looks for erased identifiers in every byte of the disk. What others still have
// a fact of may be there.
func (d *driver) noTrace() *Violation {
	var gone [][]byte
	for id := range d.ledger.erased {
		_, value, _ := strings.Cut(id, ":")
		if strings.Contains(value, "~") && !d.ledger.holds(id) {
			gone = append(gone, []byte(value))
		}
	}
	if len(gone) == 0 {
		return nil
	}
	files := d.m.disk.Bytes()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for _, value := range gone {
			if bytes.Contains(files[name], value) {
				return broken("I26", "an erased identifier stands in %s", name)
			}
		}
	}
	return nil
}

// holds reports whether any fact that may be stored names an identifier.
func (l *ledger) holds(id string) bool {
	for _, e := range l.entries {
		for _, c := range e.possible {
			if c != "" && slices.Contains(e.records[c].IDs, id) {
				return true
			}
		}
	}
	return false
}
