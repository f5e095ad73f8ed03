package sqlitestore

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"github.com/tabi-go/tabi/storage"
)

// What one transaction takes of the calls that wait.
const (
	groupFacts = storage.MaxBatch
	groupBytes = 8 << 20
)

// A job is one call that writes.
type job struct {
	ctx  context.Context
	b    *batch       // facts to append; nil: do
	do   func() error // on its own
	err  error        // of do, or ErrClosed
	turn chan bool    // true: lead the next group; false: it is done
}

// A queue lets one call at a time write. Whoever finds nobody writing leads: it takes all
// appends that wait into one transaction, and then hands over to the next that waits.
type queue struct {
	mu      sync.Mutex // guards what follows
	waiting []*job
	led     bool
	last    int // appends of the last group
	closed  bool
	idle    chan struct{} // closed once nobody leads a closed queue
}

// do waits until j is done by somebody, or runs lead for a group that begins with j. An
// error says that j never began.
func (q *queue) do(j *job, lead func(group []*job)) error {
	j.turn = make(chan bool, 1)
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return storage.ErrClosed
	}
	if q.led {
		q.waiting = append(q.waiting, j)
		q.mu.Unlock()
		if !q.wait(j) {
			return j.err
		}
		q.mu.Lock()
	}
	q.led = true
	defer q.handOver()
	if j.b != nil {
		q.gather()
	}
	if q.closed {
		q.mu.Unlock()
		return storage.ErrClosed
	}
	group := q.take(j)
	q.mu.Unlock()
	defer func() {
		for _, other := range group[1:] {
			other.turn <- false
		}
	}()
	if err := j.ctx.Err(); err != nil && len(group) == 1 {
		return err
	}
	lead(group)
	return nil
}

// wait reports whether j is to lead. If its context ends first it leaves the queue.
func (q *queue) wait(j *job) bool {
	select {
	case lead := <-j.turn:
		return lead
	case <-j.ctx.Done():
	}
	q.mu.Lock()
	i := slices.Index(q.waiting, j)
	if i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
		j.err = j.ctx.Err()
	}
	q.mu.Unlock()
	return i < 0 && <-j.turn
}

// gather lets the calls come that the last group has let go: else whoever is the first of
// them writes alone, and the others wait for a second sync. A single writer waits for nobody.
// The lock is held, and given back for a while.
func (q *queue) gather() {
	for try := 0; try < gatherings && len(q.waiting)+1 < q.last && !q.closed; try++ {
		q.mu.Unlock()
		runtime.Gosched()
		q.mu.Lock()
	}
}

// gatherings is how often a leader steps back.
const gatherings = 4

// take returns j and the appends behind it that fit into its transaction. The lock is held.
func (q *queue) take(j *job) []*job {
	group := []*job{j}
	if j.b == nil {
		return group
	}
	facts, size := len(j.b.rows), j.b.size
	for len(q.waiting) > 0 {
		next := q.waiting[0]
		if next.b == nil || facts+len(next.b.rows) > groupFacts || size+next.b.size > groupBytes {
			break
		}
		facts, size = facts+len(next.b.rows), size+next.b.size
		group = append(group, next)
		q.waiting = q.waiting[1:]
	}
	q.last = len(group)
	return group
}

// handOver lets the next call lead that waits.
func (q *queue) handOver() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) > 0 {
		next := q.waiting[0]
		q.waiting = q.waiting[1:]
		next.turn <- true
		return
	}
	q.led = false
	if q.closed {
		close(q.idle)
	}
}

// close ends the queue: calls that wait get ErrClosed. It returns once nobody writes.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	for _, j := range q.waiting {
		j.err = storage.ErrClosed
		j.turn <- false
	}
	q.waiting = nil
	q.idle = make(chan struct{})
	if !q.led {
		close(q.idle)
	}
	q.mu.Unlock()
	<-q.idle
}
