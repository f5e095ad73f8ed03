package journey

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Tracker records facts in a store and derives journeys from them. It holds no state of
// its own, so several trackers, in several processes, may share one store. Safe for
// concurrent use.
type Tracker struct {
	store guarded
	clock clock.Clock
	touch touchpoint.Options
	log   *slog.Logger
	blank *identity.Graph // knows the rules and nobody; never written to

	summaryModel string
	stepFacts    int // read in one step of a refresher
	stepIDs      int // from which it walks at once, so that a step need not be held in memory
	config
}

// ErrNoStore is returned by NewTracker for a nil store.
var ErrNoStore = errors.New("journey: no store")

// A PartialError says that some records of a call must be offered again; the outcomes
// beside it say which. Cause is the store's first error.
type PartialError struct {
	Retry int
	Cause error
}

// Error tells the number of records and the cause.
func (e *PartialError) Error() string {
	return fmt.Sprintf("journey: %d records to retry: %v", e.Retry, e.Cause)
}

// Unwrap returns the cause.
func (e *PartialError) Unwrap() error { return e.Cause }

// NewTracker returns a Tracker over the store. Rules with an empty key are meant for
// tests, as person ids can then be guessed; one warning is logged.
func NewTracker(store storage.Store, opts *Options) (*Tracker, error) {
	if store == nil {
		return nil, ErrNoStore
	}
	c, err := opts.config()
	if err != nil {
		return nil, err
	}
	t := &Tracker{store: guarded{store}, clock: clock.System{}, log: slog.New(slog.DiscardHandler), config: *c,
		stepFacts: 10_000, stepIDs: 512}
	warn := slog.Default()
	if opts != nil {
		if opts.Clock != nil {
			t.clock = opts.Clock
		}
		if opts.Logger != nil {
			t.log, warn = opts.Logger, opts.Logger
		}
		if opts.Touch != nil {
			t.touch = *opts.Touch
		}
	}
	guardHooks(&t.rules)
	t.touch.Rules = &t.rules
	if t.blank, err = identity.New(&t.rules); err != nil {
		return nil, fmt.Errorf("journey: identity rules: %w", err)
	}
	if err := t.nameModel(); err != nil {
		return nil, err
	}
	if len(t.rules.Key) == 0 {
		warn.Warn("journey: identity key is empty; person ids can be guessed")
	}
	return t, nil
}

// Record cleans touches and makes them facts. It returns one outcome a touch, in order.
// The error is nil unless something must be done again: a [*PartialError] with all
// outcomes when some are Retry, or another error and no outcomes when the call could not
// begin. Offering the same touches again is always safe. The touches are not changed.
func (t *Tracker) Record(ctx context.Context, touches ...touchpoint.Touch) ([]touchpoint.Outcome, error) {
	facts := make([]storage.Fact, len(touches))
	for i := range touches {
		facts[i].Touch = &touches[i]
	}
	return t.Learn(ctx, facts...)
}

// Learn makes facts of any class but Erasure durable: evidence, overrides, memberships,
// and touches as [Tracker.Record] does. Outcomes and error are those of Record.
func (t *Tracker) Learn(ctx context.Context, facts ...storage.Fact) ([]touchpoint.Outcome, error) {
	if ctx == nil {
		return nil, errors.New("journey: nil context")
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("journey: %w", err)
	}
	if len(facts) > storage.MaxBatch {
		return nil, storage.ErrBatchTooLarge
	}
	outs := make([]touchpoint.Outcome, len(facts))
	good := make([]storage.Fact, 0, len(facts))
	place := make([]int, 0, len(facts)) // of good[i] in outs
	now, err := t.now()
	if err != nil {
		return nil, err
	}
	opts := t.touch
	opts.Now = now
	for i, f := range facts {
		if f.Touch != nil {
			tp := *f.Touch
			if tp.ReceivedAt.IsZero() {
				tp.ReceivedAt = opts.Now
			}
			if err := tp.Normalize(&opts); err != nil {
				outs[i] = refuse(tp.Key(), err)
				continue
			}
			if tp.ID == "" {
				tp.ID = touchpoint.DeriveID(tp)
			}
			f.Touch = &tp
		}
		good, place = append(good, f), append(place, i)
	}
	if len(good) == 0 {
		return outs, nil
	}
	stored, err := t.store.append(ctx, good)
	if stored == nil && err != nil {
		return nil, err
	}
	retry := 0
	for i, o := range stored {
		outs[place[i]] = o
		if o.Status == touchpoint.Retry {
			retry++
		}
	}
	if retry > 0 {
		return outs, &PartialError{retry, err}
	}
	return outs, nil
}

// refuse makes the outcome of a touch that did not survive cleaning.
func refuse(k touchpoint.Key, err error) touchpoint.Outcome {
	o := touchpoint.Outcome{Status: touchpoint.Rejected, Key: k, Err: err}
	if bad := (*touchpoint.InvalidError)(nil); errors.As(err, &bad) {
		o.Reason = bad.Reason
	}
	return o
}

// A Query selects journeys. The zero Query is every person's, as of the clock's now.
type Query struct {
	At       time.Time       // the instant for which to answer; zero = now
	Entity   identity.Entity // Person (zero) or Account
	Subjects []Subject       // only these; nil = all of the entity
	IDs      []identity.ID   // only what these identifiers tie together; nil = all
}

// Journeys walks journeys ordered by subject id, then time. The error comes last and once;
// the loop may stop at any time; calling again reads the facts anew.
func (t *Tracker) Journeys(ctx context.Context, q Query) iter.Seq2[Journey, error] {
	return func(yield func(Journey, error) bool) {
		v, err := t.View(ctx, q.At, q.IDs...)
		if err != nil {
			yield(Journey{}, err)
			return
		}
		subjects := q.Subjects
		if subjects == nil {
			subjects = v.Subjects(q.Entity)
		}
		for _, s := range subjects {
			if err := ctx.Err(); err != nil {
				yield(Journey{}, fmt.Errorf("journey: %w", err))
				return
			}
			f, err := v.Fold(s)
			if err != nil {
				yield(Journey{}, err)
				return
			}
			for _, j := range f.Journeys {
				if !yield(j, nil) {
					return
				}
			}
		}
	}
}

// Journey returns the newest journey of a subject as of the clock's now, or
// ErrUnknownSubject where it has none.
func (t *Tracker) Journey(ctx context.Context, s Subject) (Journey, error) {
	v, err := t.View(ctx, time.Time{})
	if err != nil {
		return Journey{}, err
	}
	f, err := v.Fold(s)
	if err != nil {
		return Journey{}, err
	}
	if len(f.Journeys) == 0 {
		return Journey{}, ErrUnknownSubject
	}
	return f.Journeys[len(f.Journeys)-1], nil
}

// ErrUnknownSubject says that no touch belongs to the subject asked for.
var ErrUnknownSubject = errors.New("journey: unknown subject")
