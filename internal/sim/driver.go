package sim

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A driver is the host of the library: it offers records, offers again what it was told to
// offer again, and keeps the ledger.
type driver struct {
	m         *machine
	ledger    *ledger
	waiting   []Record // to be offered again
	suspect   bool     // an outcome was uncertain, and the store was not opened again since
	trouble   bool     // something is made to fail in the present operation
	uncertain bool     // an outcome of the present operation is
	tally     touchpoint.Tally
	calls     int
	cuts      int
	follower  *follower
	seed      uint64
}

// do lives through one operation.
func (d *driver) do(op Op) *Violation {
	d.m.clock.Advance(time.Duration(op.Move) * time.Microsecond)
	doubted := d.suspect
	d.trouble = len(op.Faults) > 0 || doubted
	d.uncertain = false
	disarm := d.m.arm(op)
	bad := d.act(op)
	disarm()
	if bad == nil {
		bad = d.mend(op, doubted && d.uncertain)
	}
	if bad != nil {
		bad.Op = op.N
	}
	return bad
}

func (d *driver) act(op Op) *Violation {
	ctx := context.Background()
	switch op.Do {
	case doRecord:
		return d.offer(ctx, append(d.resolve(op.Records), d.again(op)...))
	case doErase:
		return d.erase(ctx, op)
	case doPurge:
		return d.purge(ctx, op)
	case doRestart:
		return d.reopen(false)
	case doConfigure:
		d.m.setting = *op.Setting
		if err := d.m.configure(); err != nil {
			return broken("I31", "configure: %v", err)
		}
	case doRead:
		return d.read(ctx)
	}
	return nil
}

// mend does what a host does after an operation with faults: it opens the store again
// after a power cut, and where the store stays in doubt about itself.
func (d *driver) mend(op Op, again bool) *Violation {
	for _, f := range op.Faults {
		switch {
		case f.Kind == faultFlip && !d.m.off():
			if bad := d.flip(f.Arg); bad != nil {
				return bad
			}
		case f.Kind == faultStale && !d.m.off():
			if bad := d.stale(); bad != nil {
				return bad
			}
		}
	}
	if d.m.off() {
		return d.reopen(true)
	}
	if again { // uncertain a second time: the store does not come to itself
		return d.reopen(false)
	}
	return nil
}

// resolve dates the records that stand in relation to the clock.
func (d *driver) resolve(recs []Record) []Record {
	now := micros(d.m.clock.Now())
	l := d.ledger
	before := len(l.offered)
	for _, r := range recs {
		if r.Ahead != 0 {
			r.At, r.Ahead = now+r.Ahead, 0
		}
		l.offered = append(l.offered, r)
	}
	return slices.Clip(l.offered[before:])
}

// again takes some of the waiting records, in any order.
func (d *driver) again(op Op) []Record {
	if op.Retry == 0 || len(d.waiting) == 0 {
		return nil
	}
	r := random(d.seed, streamReplay+op.N)
	r.Shuffle(len(d.waiting), func(i, j int) { d.waiting[i], d.waiting[j] = d.waiting[j], d.waiting[i] })
	n := min(op.Retry, len(d.waiting))
	out := slices.Clone(d.waiting[:n])
	d.waiting = d.waiting[n:]
	return out
}

// offer records a batch and judges every outcome.
func (d *driver) offer(ctx context.Context, recs []Record) *Violation {
	facts, plain := make([]storage.Fact, len(recs)), make([]Record, len(recs))
	for i, r := range recs {
		facts[i], plain[i] = r.fact(d.m.rules), r.plain()
		facts[i].Tags = d.ledger.tagsOf(plain[i])
	}
	now := micros(d.m.clock.Now())
	d.calls++
	outs, err := guarded(func() ([]touchpoint.Outcome, error) { return d.record(ctx, facts) })
	if errors.Is(err, touchpoint.ErrInvalid) {
		return broken("I5", "a bad record fails its batch: %v", err)
	}
	if outs == nil {
		d.waiting = append(d.waiting, recs...)
		if !d.trouble || err == nil {
			return broken("I31", "a call without outcomes: %v", err)
		}
		return nil
	}
	return d.settleBatch(recs, plain, outs, err, now)
}

// record hands a batch to the tracker. Touches go in as such while nobody was erased, since
// Tracker.Record knows no tags yet.
func (d *driver) record(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	if len(d.ledger.erased) > 0 || slices.ContainsFunc(facts, func(f storage.Fact) bool { return f.Touch == nil }) {
		return d.m.tracker.Learn(ctx, facts...)
	}
	touches := make([]touchpoint.Touch, len(facts))
	for i, f := range facts {
		touches[i] = *f.Touch
	}
	return d.m.tracker.Record(ctx, touches...)
}

// settleBatch judges the outcomes of one call; plain are the records in normal form.
func (d *driver) settleBatch(recs, plain []Record, outs []touchpoint.Outcome, err error, now int64) *Violation {
	if len(outs) != len(recs) {
		return broken("I5", "%d outcomes of %d records", len(outs), len(recs))
	}
	retries := 0
	undecided := map[string]bool{}
	for i, o := range outs {
		d.tally.Add(o.Status)
		if bad := d.ledger.judge(recs[i], plain[i], o, now, d.trouble); bad != nil {
			return bad
		}
		callback := (*touchpoint.CallbackError)(nil)
		key := func() string {
			named := d.ledger.named(plain[i])
			return named.key()
		}
		switch {
		case o.Status == touchpoint.Retry:
			retries++
			undecided[key()] = true
			d.uncertain = d.uncertain || errors.Is(o.Err, storage.ErrUncertain)
			d.waiting = append(d.waiting, recs[i])
		case o.Status == touchpoint.Rejected && errors.As(o.Err, &callback):
			d.waiting = append(d.waiting, recs[i])
		case (o.Status == touchpoint.Accepted || o.Status == touchpoint.Duplicate || o.Status == touchpoint.Conflict) && retries > 0 && undecided[key()]:
			return broken("I1", "%s, and the first of its key is to be offered again: %s", o.Status, describe(recs[i]))
		}
	}
	d.suspect = d.suspect || d.uncertain
	partial := (*journey.PartialError)(nil)
	switch {
	case retries == 0 && err != nil:
		return broken("I5", "nothing to offer again, and an error: %v", err)
	case retries > 0 && (!errors.As(err, &partial) || partial.Retry != retries):
		return broken("I5", "%d to offer again, and the error %v", retries, err)
	}
	return nil
}

// guarded turns a panic of the store into an error.
func guarded[T any](call func() (T, error)) (out T, err error) {
	defer func() {
		if v := recover(); v != nil {
			if s, ok := v.(string); !ok || s != "storetest: planned panic" {
				panic(v)
			}
			err = errPanicked
		}
	}()
	return call()
}

// reopen closes the store and opens it again; final says that the power was cut, so that
// what is there now stays.
func (d *driver) reopen(final bool) *Violation {
	if err := d.boot(); err != nil {
		return broken("I1", "the store does not open: %v", err)
	}
	facts, err := d.m.facts()
	if err != nil {
		return broken("I1", "reading after opening: %v", err)
	}
	return d.ledger.settle(facts, final)
}

// boot opens the store again, through whatever goes wrong meanwhile.
func (d *driver) boot() (err error) {
	for range 3 {
		if d.m.off() {
			d.cuts++
		}
		if err = d.m.reboot(); err == nil {
			d.suspect = false
			return nil
		}
		if !d.m.off() {
			if !d.trouble {
				return err
			}
			d.m.calm()
		}
	}
	return err
}

// read derives the whole state, which has to work unless it is made to fail.
func (d *driver) read(ctx context.Context) *Violation {
	d.calls++
	_, err := guarded(func() (*journey.View, error) { return d.m.tracker.View(ctx, d.m.clock.Now()) })
	if err != nil && !d.trouble {
		return broken("I31", "a view without faults: %v", err)
	}
	if err == nil {
		return nil
	}
	facts, err := d.m.facts()
	if err != nil {
		return broken("I31", "reading after a failed read: %v", err)
	}
	return d.ledger.settle(facts, false)
}

// settleWaiting offers everything that waits, without faults, until nothing does.
func (d *driver) settleWaiting() *Violation {
	d.trouble = false
	for try := 0; len(d.waiting) > 0; try++ {
		if try == 3 {
			return broken("I31", "%d records still wait after three tries without faults", len(d.waiting))
		}
		all := d.waiting
		d.waiting = nil
		for len(all) > 0 {
			n := min(8, len(all))
			if bad := d.offer(context.Background(), all[:n:n]); bad != nil {
				return bad
			}
			all = all[n:]
		}
	}
	return nil
}
