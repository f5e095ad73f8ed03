// Package memstore keeps facts in memory.
//
// The zero [Store] is ready:
//
//	var s memstore.Store
//	outcomes, err := s.Append(ctx, facts)
//
// It keeps the whole contract of [storage.Store], except that "durable" means for the
// life of the process; [storage.Dump] and [storage.Restore] bring its facts to a stream
// and back. It starts no goroutines and needs no Close.
//
// Facts are kept encoded, at about 150 bytes each beside their encoding, and decoded on
// read. One lock guards the store: writers hold it while rows are put in place, readers
// while bytes are copied out, nobody while facts are encoded, hashed, decoded or yielded.
//
// An erasure overwrites the bytes with zeros. Go strings that a caller still holds, and
// memory that the garbage collector has not yet reused, are out of its reach.
package memstore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"math"
	"sync"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

// Options configure a [Store]. The zero value is the defaults.
type Options struct {
	// Clock dates touches that come without ReceivedAt; nil leaves them without.
	Clock clock.Clock
	// MaxFacts is how many facts the store holds; a fact more is storage.ErrUnavailable.
	// 0 = as many as there is memory for, up to four billion.
	MaxFacts int
}

// A Store keeps facts in memory. The zero value is ready. Safe for concurrent use.
type Store struct {
	opts Options

	mu      sync.RWMutex // guards everything below
	closed  bool
	name    string // random, made with the first cursor
	rows    rows
	keys    table
	bodies  arenas
	groups  []*group // nil once erased; an index is never used again
	byName  map[string]uint32
	members map[identity.ID][]uint32
	order   order
	list    storage.SuppressionList
	open    []work // committed erasures whose bytes are still to be purged
	live    int    // facts that reads see

	summaries summaries
	erasures  int64 // committed ones, which make the cursors of summaries stale
}

var (
	_ storage.Store       = (*Store)(nil)
	_ storage.Snapshotter = (*Store)(nil)
	_ storage.Counter     = (*Store)(nil)
	_ storage.Splitter    = (*Store)(nil)
	_ storage.Verifier    = (*Store)(nil)
)

// New returns an empty store; nil options are the defaults.
func New(o *Options) *Store {
	s := new(Store)
	if o != nil {
		s.opts = *o
	}
	return s
}

// Close makes every later call return storage.ErrClosed and lets the memory go.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		s.rows, s.keys, s.bodies, s.groups, s.byName, s.members = rows{}, table{}, arenas{}, nil, nil, nil
		s.order, s.list, s.open, s.live, s.summaries = order{}, storage.SuppressionList{}, nil, 0, nil
	}
	return nil
}

func (s *Store) maxFacts() int {
	if s.opts.MaxFacts > 0 {
		return s.opts.MaxFacts
	}
	return min(math.MaxUint32-1, math.MaxInt)
}

// begin returns why a call cannot begin. The lock is held.
func (s *Store) begin(ctx context.Context) error {
	if s.closed {
		return storage.ErrClosed
	}
	return ctx.Err()
}

// now is how many rows there are: the instant of a view.
func (s *Store) now(ctx context.Context) (uint32, error) {
	if ctx == nil {
		return 0, storage.ErrNoContext
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rows.n, s.begin(ctx)
}

// id names the store in its cursors. The lock is held for writing.
func (s *Store) id() string {
	if s.name == "" {
		var b [8]byte
		rand.Read(b[:]) // never fails
		s.name = hex.EncodeToString(b[:])
	}
	return s.name
}
