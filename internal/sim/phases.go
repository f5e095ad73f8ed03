package sim

import (
	"context"
	"encoding/hex"
	"runtime/debug"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/internal/sim/crashfs"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// An Ending is what came of one schedule.
type Ending struct {
	Violation *Violation // nil: every invariant held
	Digest    [32]byte   // of the end state
	Tally     touchpoint.Tally
	Calls     int
	Cuts      int
	Fired     map[string]int // faults that happened, by kind
}

// Live runs one schedule through all its phases. A panic of the library is a violation.
func Live(s Schedule) (end Ending) {
	m, err := newMachine(s)
	if err != nil {
		return Ending{Violation: broken("I31", "a new store: %v", err), Fired: map[string]int{}}
	}
	l := &life{schedule: s, driver: &driver{m: m, ledger: newLedger(), seed: s.Seed}}
	defer func() {
		if v := recover(); v != nil {
			end.Violation = broken("I31", "panic: %v\n%s", v, debug.Stack())
		}
		end.Tally, end.Calls, end.Cuts, end.Fired, end.Digest = l.tally, l.calls, l.cuts, m.fired, l.digest
	}()
	end.Violation = l.live()
	return end
}

// A life is one schedule being lived through.
type life struct {
	*driver
	schedule Schedule
	digest   [32]byte // of the state
	stored   [32]byte // of the facts
}

func (l *life) live() *Violation {
	for _, phase := range []func() *Violation{
		l.work,         // 1 workload under faults
		l.cutPower,     // 2 power cut, reopen
		l.settleAll,    // 3 faults off: everything settles
		l.compare,      // 4 against the oracle
		l.closeAndOpen, // 5 clean close, reopen, compare again
		l.replay,       // 6 the facts in another order, in another store
		l.offerAll,     // 7 everything that was ever offered: nothing new
		l.forgetOne,    // 8 erase one more person, compare the rest
	} {
		if bad := phase(); bad != nil {
			return bad
		}
	}
	return nil
}

func (l *life) work() *Violation {
	for _, op := range l.schedule.Ops {
		if bad := l.do(op); bad != nil {
			return bad
		}
	}
	return nil
}

func (l *life) cutPower() *Violation {
	r := random(l.seed, streamWorld+3)
	c := crashfs.Cut{Keep: r.IntN(101), Subset: r.IntN(2) == 0, Torn: crashfs.Torn(r.IntN(3))}
	l.m.after = l.m.disk.Cut(c)
	return l.reopen(true)
}

func (l *life) settleAll() *Violation {
	if bad := l.settleWaiting(); bad != nil {
		return bad
	}
	if n := l.ledger.doubts(); n > 0 {
		return broken("I31", "%d facts in doubt after everything was offered again", n)
	}
	if bad := l.settled(); bad != nil {
		return bad
	}
	return l.noTrace()
}

func (l *life) closeAndOpen() *Violation {
	if err := l.boot(); err != nil {
		return broken("I1", "the store does not open: %v", err)
	}
	facts, err := storage.Digest(context.Background(), l.m.log)
	if err == nil && facts == l.stored {
		return nil
	}
	if bad := l.settled(); bad != nil { // says what is gone, or has changed
		return bad
	}
	return broken("I24", "the facts differ after closing and opening (%v)", err)
}

// sameDigest compares the state that a tracker derives with that of phase 4.
func (l *life) sameDigest(t *journey.Tracker, invariant, when string) *Violation {
	got, err := t.Digest(context.Background(), instant(l.schedule.At))
	if err != nil {
		return broken(invariant, "digest %s: %v", when, err)
	}
	if got != l.digest {
		return broken(invariant, "another digest %s: %s, want %s", when, hex.EncodeToString(got[:4]), hex.EncodeToString(l.digest[:4]))
	}
	return nil
}

// replay records the facts shuffled and in other batches into a fresh store.
func (l *life) replay() *Violation {
	if l.seed%2 == 1 {
		return nil
	}
	facts := l.ledger.facts()
	r := random(l.seed, streamReplay-1)
	r.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
	store := memstore.New(nil)
	defer store.Close()
	later := clock.NewManual(instant(l.schedule.At))
	fresh := &machine{clock: later, setting: l.m.setting, rules: l.m.rules}
	t, err := journey.NewTracker(store, fresh.options())
	if err != nil {
		return broken("I31", "a tracker for the replay: %v", err)
	}
	d := &driver{m: &machine{clock: later, rules: l.m.rules, tracker: t}, ledger: newLedger(), seed: l.seed}
	for len(facts) > 0 {
		n := min(1+r.IntN(60), len(facts))
		if bad := d.offer(context.Background(), facts[:n:n]); bad != nil {
			return bad
		}
		facts = facts[n:]
	}
	return l.sameDigest(t, "I23", "of the same facts in another order")
}

// offerAll offers everything again. What the ledger has must be a duplicate, what was
// erased must not come back.
func (l *life) offerAll() *Violation {
	if l.seed%2 == 0 {
		return nil
	}
	all := l.ledger.offered
	r := random(l.seed, streamReplay-2)
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for len(all) > 0 {
		n := min(1+r.IntN(60), len(all))
		if bad := l.offer(context.Background(), all[:n:n]); bad != nil {
			return bad
		}
		all = all[n:]
	}
	if bad := l.settled(); bad != nil {
		return bad
	}
	return l.noTrace()
}
