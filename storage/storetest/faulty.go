package storetest

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// Faults say what a store wrapped by [Faulty] does wrong, and count its calls. Each field
// says when one thing happens; the zero value never fails. Set the fields before the
// first call, or by [Faults.Set]. Safe for concurrent use.
type Faults struct {
	Refuse When          // the call does nothing: ErrUnavailable
	Frozen When          // Append and Erase do nothing: ErrUnavailable; reads go on
	Lose   When          // Append and Erase happen, and their answer is lost: ErrUncertain
	Cut    When          // an iteration breaks off after a few values: ErrUnavailable
	Cancel When          // the context of the call is cancelled before it begins
	Panic  When          // the call panics before it begins
	Delay  time.Duration // every call waits so long, or until its context ends

	Cause error  // wrapped by the errors; nil = none
	Seed  uint64 // of the rates

	mu    sync.Mutex // guards all fields
	calls int
	rnd   *rand.Rand
}

// When says at which calls a fault happens: at the Nth of all calls (1 = the first; 0 =
// none), at every call from the From-th on (0 = never), and at Rate of a thousand calls.
type When struct{ Nth, From, Rate int }

// Calls returns how many calls there were: one for each method call, iterations counting
// when they are first pulled.
func (f *Faults) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// Set changes the faults in one step, under their lock.
func (f *Faults) Set(change func(*Faults)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

// A verdict is what goes wrong with one call.
type verdict struct {
	refuse, frozen, lose, cut, cancel, panics bool
	cutAt                                     int
	delay                                     time.Duration
	cause                                     error
}

func (f *Faults) next() verdict {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rnd == nil {
		f.rnd = rand.New(rand.NewPCG(f.Seed, 1))
	}
	f.calls++
	hit := func(w When) bool {
		return f.calls == w.Nth || w.From > 0 && f.calls >= w.From || w.Rate > 0 && f.rnd.IntN(1000) < w.Rate
	}
	return verdict{hit(f.Refuse), hit(f.Frozen), hit(f.Lose), hit(f.Cut), hit(f.Cancel), hit(f.Panic), f.rnd.IntN(5), f.Delay, f.Cause}
}

func wrap(sentinel, cause error) error {
	if cause == nil {
		return sentinel
	}
	return fmt.Errorf("%w: %w", sentinel, cause)
}

// begin applies what happens before a call, and returns its context.
func (v verdict) begin(ctx context.Context) (context.Context, error) {
	if v.panics {
		panic("storetest: planned panic")
	}
	if ctx == nil {
		return nil, storage.ErrNoContext
	}
	if v.delay > 0 {
		timer := time.NewTimer(v.delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	if v.cancel {
		c, cancel := context.WithCancel(ctx)
		cancel()
		ctx = c
	}
	if v.refuse {
		return ctx, wrap(storage.ErrUnavailable, v.cause)
	}
	return ctx, nil
}

// Faulty wraps a store and makes it fail as f says: it refuses, loses answers, cuts
// iterations, delays, cancels and panics. With the zero Faults it is the store itself, but
// without its optional interfaces. Applications use it to test what is built on a store.
func Faulty(inner storage.Store, f *Faults) storage.Store { return &faulty{inner, f} }

type faulty struct {
	inner storage.Store
	f     *Faults
}

func (s *faulty) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	v := s.f.next()
	v.refuse = v.refuse || v.frozen
	ctx, err := v.begin(ctx)
	if err == nil {
		var outs []touchpoint.Outcome
		if outs, err = s.inner.Append(ctx, facts); !v.lose || err != nil {
			return outs, err
		}
		err = wrap(storage.ErrUncertain, v.cause)
	} else if ctx == nil {
		return nil, err
	}
	if over := storage.CheckBatch(ctx, len(facts)); over != nil {
		return nil, over
	}
	outs := make([]touchpoint.Outcome, len(facts))
	for i, fact := range facts {
		if outs[i] = new(storage.Row).Offer(fact); outs[i].Status == 0 { // else it is refused whatever happens to the store
			outs[i].Status, outs[i].Err = touchpoint.Retry, err
		}
	}
	if touchpoint.Count(outs)[touchpoint.Retry] == 0 {
		err = nil
	}
	return outs, err
}

func (s *faulty) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return spoil(s.f, ctx, func(ctx context.Context) iter.Seq2[storage.Fact, error] { return s.inner.Scan(ctx, q) })
}

func (s *faulty) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	return spoil(s.f, ctx, func(ctx context.Context) iter.Seq2[storage.Tie, error] { return s.inner.Ties(ctx, ids) })
}

func (s *faulty) Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return spoil(s.f, ctx, func(ctx context.Context) iter.Seq2[storage.Change, error] { return s.inner.Changes(ctx, after) })
}

func spoil[T any](f *Faults, ctx context.Context, of func(context.Context) iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		v := f.next()
		ctx, err := v.begin(ctx)
		n := 0
		if err == nil {
			for x, e := range of(ctx) {
				if v.cut && n == v.cutAt && e == nil {
					err = wrap(storage.ErrUnavailable, v.cause)
					break
				}
				n++
				if !yield(x, e) || e != nil {
					return
				}
			}
		}
		if err != nil {
			var zero T
			yield(zero, err)
		}
	}
}

func (s *faulty) Erase(ctx context.Context, e storage.Erasure) (storage.Receipt, error) {
	v := s.f.next()
	v.refuse = v.refuse || v.frozen
	ctx, err := v.begin(ctx)
	if err != nil {
		return storage.Receipt{}, err
	}
	rec, err := s.inner.Erase(ctx, e)
	if v.lose && err == nil {
		return storage.Receipt{}, wrap(storage.ErrUncertain, v.cause)
	}
	return rec, err
}

func (s *faulty) Close() error { return s.inner.Close() }
