package pgstore

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// Small calls share transactions: most of what one costs is its own, not that of its facts.
// While as many run as may at once, calls wait, and the next transaction takes all of them.
// A call that finds nobody before it runs at once, on its own. One more than one at a time
// keeps the server busy while it flushes its log; more would make the groups small.
const (
	groupsAtOnce = 2
	groupFacts   = 1000    // of a transaction
	groupBytes   = 8 << 20 // of their bodies
	smallFacts   = 100     // of a call that shares; a larger one has a transaction of its own
	smallBytes   = 1 << 20
	patience     = 100 * time.Millisecond // of a call that waits; then it goes alone
)

// A queue is the small calls of Append.
type queue struct {
	mu      sync.Mutex // guards what follows
	running int        // transactions
	waiting []*waiter
}

// A waiter is a call that waits.
type waiter struct {
	ctx  context.Context
	call *appending
	done chan result // holds one, since the call may have left
}

type result struct {
	outs []touchpoint.Outcome
	err  error
}

// appendSmall writes a call alone or with others. The call's own outcomes are set, or an
// error says that it never began. One whose context ends leaves: out of the queue as if it
// had never come, out of a transaction not knowing how that ends.
func (s *Store) appendSmall(ctx context.Context, a *appending) error {
	q := &s.queue
	q.mu.Lock()
	if q.running < groupsAtOnce {
		q.running++
		q.mu.Unlock()
		defer s.passOn()
		return s.write(ctx, a)
	}
	w := &waiter{ctx: ctx, call: a, done: make(chan result, 1)}
	q.waiting = append(q.waiting, w)
	q.mu.Unlock()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case r := <-w.done:
		a.outs = r.outs
		return r.err
	case <-late.C:
		if q.leave(w) {
			return s.write(ctx, a)
		}
	case <-ctx.Done():
		if q.leave(w) {
			return ctx.Err()
		}
	}
	select {
	case r := <-w.done:
		a.outs = r.outs
		return r.err
	case <-ctx.Done():
		a.fail(&failure{storage.ErrUncertain, ctx.Err()})
		return nil
	}
}

// leave takes a call out of the queue, if it is there still.
func (q *queue) leave(w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, w)
	if i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
	return i >= 0
}

// passOn ends the turn of a call that ran on its own.
func (s *Store) passOn() {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	if len(s.queue.waiting) == 0 {
		s.queue.running--
		return
	}
	go s.drain()
}

// drain runs what waits, one transaction after another.
func (s *Store) drain() {
	for group := s.queue.take(); len(group) > 0; group = s.queue.take() {
		s.writeGroup(group)
		runtime.Gosched() // those who got an answer may come again at once
	}
}

// take returns the calls that the next transaction takes, in the order of their coming.
// None ends the turn.
func (q *queue) take() []*waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	facts, size, n := 0, 0, 0
	for ; n < len(q.waiting); n++ {
		a := q.waiting[n].call
		if facts, size = facts+len(a.outs), size+a.size; n > 0 && (facts > groupFacts || size > groupBytes) {
			break
		}
	}
	group := slices.Clone(q.waiting[:n])
	if q.waiting = slices.Delete(q.waiting, 0, n); n == 0 {
		q.running--
	}
	return group
}

// writeGroup writes calls in one transaction, which goes on while one of them is there.
func (s *Store) writeGroup(group []*waiter) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(group[0].ctx))
	defer cancel()
	var all appending
	there := int64(len(group))
	for _, w := range group {
		all.join(w.call)
		defer context.AfterFunc(w.ctx, func() {
			if atomic.AddInt64(&there, -1) == 0 {
				cancel()
			}
		})()
	}
	err := s.write(ctx, &all)
	for _, w := range group {
		r := result{err: err}
		if n := len(w.call.outs); err == nil {
			r.outs, all.outs = all.outs[:n:n], all.outs[n:]
		}
		w.done <- r
	}
}

// join adds the facts of another call behind its own.
func (a *appending) join(b *appending) {
	n := len(a.outs)
	a.outs = append(a.outs, b.outs...)
	for _, r := range b.rows {
		r.n += n
		a.rows = append(a.rows, r)
	}
	for i := range b.tags.n {
		a.tags.n = append(a.tags.n, b.tags.n[i]+int32(n))
	}
	a.tags.tag, a.tags.at = append(a.tags.tag, b.tags.tag...), append(a.tags.at, b.tags.at...)
}
