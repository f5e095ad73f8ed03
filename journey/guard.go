package journey

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A guarded store is the host's, of which a panic becomes a [*touchpoint.CallbackError].
type guarded struct{ store storage.Store }

// callback turns the panic of a function of the host's, which the caller calls last, into
// an error.
func callback(where string, err *error) {
	if v := recover(); v != nil {
		*err = touchpoint.NewCallbackError(where, v)
	}
}

// now asks the host's clock, of which a panic is an error too.
//
// A callback that calls runtime.Goexit ends the goroutine of the call, which no deferred
// function can undo: the call does not return. Nothing is held meanwhile, and what the
// store has made durable stays.
func (t *Tracker) now() (at time.Time, err error) {
	defer callback("clock.Clock.Now", &err)
	return t.clock.Now(), nil
}

// append offers facts. After a panic nobody knows what was kept, so all are to be offered
// again.
func (g guarded) append(ctx context.Context, facts []storage.Fact) (outs []touchpoint.Outcome, err error) {
	var panicked error
	defer func() {
		if panicked == nil {
			return
		}
		err = fmt.Errorf("%w: %w", storage.ErrUncertain, panicked)
		outs = make([]touchpoint.Outcome, len(facts))
		for i, f := range facts {
			outs[i] = touchpoint.Outcome{Status: touchpoint.Retry, Key: touchpoint.Key{Source: f.Key().Source, ID: f.Key().ID}, Err: err}
		}
	}()
	defer callback("storage.Store.Append", &panicked)
	return g.store.Append(ctx, facts)
}

func (g guarded) component(ctx context.Context, ids []identity.ID, through func(identity.ID) bool, limit int) (ties []storage.Tie, err error) {
	defer callback("storage.Store.Ties", &err)
	return storage.Component(ctx, g.store, ids, through, limit)
}

func (g guarded) scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return guard("storage.Store.Scan", func() iter.Seq2[storage.Fact, error] { return g.store.Scan(ctx, q) })
}

func (g guarded) changes(ctx context.Context, since storage.Cursor) iter.Seq2[storage.Change, error] {
	return guard("storage.Store.Changes", func() iter.Seq2[storage.Change, error] { return g.store.Changes(ctx, since) })
}

func (g guarded) ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	return guard("storage.Store.Ties", func() iter.Seq2[storage.Tie, error] { return g.store.Ties(ctx, ids) })
}

// A summarizer is the guarded store's, where it has one.
type summarizer struct{ storage.Summarizer }

func (z summarizer) cursor(ctx context.Context, model string) (at storage.Cursor, err error) {
	defer callback("storage.Summarizer.SummaryCursor", &err)
	return z.SummaryCursor(ctx, model)
}

func (z summarizer) put(ctx context.Context, model string, from, to storage.Cursor, of []identity.ID, rows []storage.Summary) (err error) {
	defer callback("storage.Summarizer.PutSummaries", &err)
	return z.PutSummaries(ctx, model, from, to, of, rows)
}

func (z summarizer) count(ctx context.Context, model string, q storage.SummaryQuery) (n map[string]int64, err error) {
	defer callback("storage.Summarizer.CountSummaries", &err)
	return z.CountSummaries(ctx, model, q)
}

func (z summarizer) rows(ctx context.Context, model string, q storage.SummaryQuery) iter.Seq2[storage.Summary, error] {
	return guard("storage.Summarizer.Summaries", func() iter.Seq2[storage.Summary, error] { return z.Summaries(ctx, model, q) })
}

// guard yields what the store's iterator does, and its panic as the last error. A panic of
// the loop that reads is the reader's own and goes on.
func guard[T any](where string, open func() iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		reading := false // the loop's body runs
		defer func() {
			if reading {
				return
			}
			if v := recover(); v != nil {
				var none T
				yield(none, touchpoint.NewCallbackError(where, v))
			}
		}()
		for item, err := range open() {
			reading = true
			more := yield(item, err)
			reading = false
			if !more {
				return
			}
		}
	}
}
