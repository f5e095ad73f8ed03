package memstore

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A batch is facts made ready outside of the lock. Batches are used again; what was in
// them is wiped first.
type batch struct {
	rows  []storage.Row
	names []byte // names of groups, one after another
	ends  []int  // where the name of row i ends
	chunk []byte // where bodies are encoded
	fresh []stamp
}

var batches = sync.Pool{New: func() any { return new(batch) }}

// A batch begins with a chunk of firstChunkSize; when that does not do the next is twice as
// long, up to chunkSize.
const (
	firstChunkSize = 16 << 10
	chunkSize      = 256 << 10
)

// prepare encodes facts; outcomes of those that are refused are set.
func (b *batch) prepare(ctx context.Context, facts []storage.Fact, outs []touchpoint.Outcome) error {
	b.rows = slices.Grow(b.rows[:0], len(facts))[:len(facts)]
	size := 0
	for i, f := range facts {
		if i%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		r := &b.rows[i]
		if cap(b.chunk)-len(b.chunk) < 4<<10 {
			b.chunk = make([]byte, 0, min(chunkSize, max(firstChunkSize, 2*cap(b.chunk))))
		}
		room := cap(b.chunk) - len(b.chunk)
		r.Body = b.chunk[len(b.chunk):]
		if outs[i] = r.Offer(f); outs[i].Status != 0 {
			*r = storage.Row{IDs: r.IDs}
		} else {
			b.chunk = b.chunk[:len(b.chunk)+min(len(r.Body), room)]
			b.names = appendName(b.names, f, r)
			if size += len(r.Body); size > storage.MaxBatchBytes {
				return storage.ErrBatchTooLarge
			}
		}
		b.ends = append(b.ends, len(b.names))
	}
	return nil
}

func (b *batch) name(i int) []byte {
	start := 0
	if i > 0 {
		start = b.ends[i-1]
	}
	return b.names[start:b.ends[i]]
}

// release wipes the batch and lets another call use it.
func (b *batch) release() {
	clear(b.chunk)
	clear(b.names)
	for i := range b.rows {
		ids := b.rows[i].IDs
		clear(ids[:cap(ids)])
		b.rows[i] = storage.Row{IDs: ids}
	}
	b.names, b.ends, b.fresh, b.chunk = b.names[:0], b.ends[:0], b.fresh[:0], b.chunk[:0]
	batches.Put(b)
}

// Append is storage.Store's. The whole batch becomes visible at once.
func (s *Store) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	if err := storage.CheckBatch(ctx, len(facts)); err != nil {
		return nil, err
	}
	outs := make([]touchpoint.Outcome, len(facts))
	b := batches.Get().(*batch)
	defer b.release()
	if err := b.prepare(ctx, facts, outs); err != nil {
		return nil, err
	}
	known, err := s.commit(ctx, b, facts, outs)
	if err != nil {
		return nil, err
	}
	for i, r := range known {
		stored, err := r.Fact()
		if err != nil {
			outs[i].Status, outs[i].Err = touchpoint.Retry, err
			continue
		}
		offered, _ := b.rows[i].Fact() // encoded a moment ago
		outs[i].Fields = storage.Diff(stored, offered)
	}
	for _, o := range outs {
		if o.Status == touchpoint.Retry {
			return outs, o.Err
		}
	}
	return outs, nil
}

// commit is the atomic step: the suppression list, the keys and the insert. It returns
// the stored rows that are in conflict with row i.
func (s *Store) commit(ctx context.Context, b *batch, facts []storage.Fact, outs []touchpoint.Outcome) (map[int]*storage.Row, error) {
	received := int64(storage.NoTime)
	if s.opts.Clock != nil {
		received = s.opts.Clock.Now().UnixMicro()
	}
	var known map[int]*storage.Row
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	for i := range b.rows {
		r, out := &b.rows[i], &outs[i]
		if out.Status != 0 {
			continue
		}
		if s.list.Refuses(facts[i].Tags, time.UnixMicro(r.At)) {
			out.Status, out.Reason = touchpoint.Suppressed, touchpoint.SuppressedReason
			continue
		}
		ref, ok := s.keys.find(&r.Hash, &s.rows)
		switch {
		case !ok && s.live >= s.maxFacts():
			out.Status, out.Err = touchpoint.Retry, storage.ErrUnavailable
		case !ok:
			if facts[i].Touch != nil && r.Received == storage.NoTime {
				r.Received = received
			}
			b.fresh = append(b.fresh, stamp{r.At, s.insert(r, b.name(i), 0)})
			out.Status = touchpoint.Accepted
		case s.rows.at(ref).state() != live:
			out.Status, out.Err = touchpoint.Retry, storage.ErrUnavailable
		case s.rows.at(ref).sum == r.Sum:
			out.Status = touchpoint.Duplicate
		default:
			out.Status = touchpoint.Conflict
			if known == nil {
				known = make(map[int]*storage.Row)
			}
			known[i] = s.copyRow(s.rows.at(ref))
		}
	}
	s.order.add(b.fresh)
	return known, nil
}

// insert puts a row in place; the caller adds it to the order of time. origin is
// 1 + the row it replaces.
func (s *Store) insert(r *storage.Row, name []byte, origin uint32) uint32 {
	ref, x := s.rows.add()
	*x = row{key: r.Hash, sum: r.Sum, at: r.At, received: r.Received, origin: origin}
	x.place = s.bodies.put(ref, r.Body)
	x.group = s.group(name, len(r.IDs))
	if origin == 0 {
		s.keys.put(&x.key, ref)
	} else {
		s.keys.point(&x.key, origin-1, ref)
	}
	s.join(s.groups[x.group], ref, x)
	s.live++
	return ref
}

func (s *Store) copyRow(x *row) *storage.Row {
	return &storage.Row{Sum: x.sum, At: x.at, Received: x.received, Body: slices.Clone(s.bodies.body(x))}
}
