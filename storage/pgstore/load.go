package pgstore

import (
	"context"
	"errors"
	"hash/maphash"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// lanes is how many connections Load uses at a time.
const lanes = 4

// A lane is facts that are appended one batch after another.
type lane struct {
	facts chan storage.Fact
	tally touchpoint.Tally
	err   error
}

// Load is storage.Loader's: several appends at a time. Facts of one key take one lane, so
// that of different contents the first one stays, as it does without.
func (s *Store) Load(ctx context.Context, facts iter.Seq2[storage.Fact, error]) (tally touchpoint.Tally, err error) {
	if err := s.begin(ctx); err != nil {
		return tally, err
	}
	var list [lanes]lane
	var failed atomic.Bool
	var wg sync.WaitGroup
	for i := range list {
		l := &list[i]
		l.facts = make(chan storage.Fact, 100)
		wg.Go(func() {
			l.tally, l.err = storage.Load(ctx, struct{ storage.Store }{s}, l.all())
			failed.CompareAndSwap(false, l.err != nil)
			for range l.facts { // the others are not to wait for it
			}
		})
	}
	defer func() { // also when facts panics
		for i := range list {
			close(list[i].facts)
		}
		wg.Wait()
		for i := range list {
			tally.Merge(list[i].tally)
			err = errors.Join(err, list[i].err)
		}
	}()
	seed := maphash.MakeSeed()
	for f, err := range facts {
		if err != nil {
			return tally, err
		}
		list[maphash.Comparable(seed, f.Key())%lanes].facts <- f
		if failed.Load() {
			break
		}
	}
	return tally, nil
}

// all yields the facts of a lane.
func (l *lane) all() iter.Seq2[storage.Fact, error] {
	return func(yield func(storage.Fact, error) bool) {
		for f := range l.facts {
			if !yield(f, nil) {
				return
			}
		}
	}
}
