package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"

	_ "modernc.org/sqlite" // the default driver

	"github.com/tabi-go/tabi/storage"
)

// Options tune a store. nil and the zero value are the documented defaults.
type Options struct {
	Driver     string // name of a database/sql driver for SQLite; "" = "sqlite", modernc.org/sqlite
	Readers    int    // connections that read at the same time; 0 = 8
	KeepSchema bool   // do not migrate: a schema that is older is ErrSchemaOld
	CacheMiB   int    // page cache of a connection; 0 = 64
	SkipVerify bool   // do not compare bodies with their checksums on reading
	Unsafe     bool   // synchronous=NORMAL: a power cut may take acknowledged facts
}

// A Store keeps facts in a SQLite file. Make one with [Open]. Safe for concurrent use.
//
// It is a [storage.Snapshotter], [storage.Splitter], [storage.Counter],
// [storage.Summarizer], [storage.Migrator], [storage.Verifier] and [storage.Reclaimer].
// What an erasure removes leaves its snapshots too. There is one writer at a time, so that
// it has no way of its own to load.
type Store struct {
	opts    Options
	path    string
	name    string // of the data, part of its cursors
	writer  *sql.DB
	readers *sql.DB

	queue queue    // whoever leads it may use what follows
	w     *writing // the writer's connection; nil: to be taken anew
	sets  sets     // identifier sets that are known to be written

	poison   atomic.Pointer[error]
	open     atomic.Int64 // iterations
	closed   atomic.Bool
	closing  sync.Once
	closeErr error
}

var (
	_ storage.Store       = (*Store)(nil)
	_ storage.Snapshotter = (*Store)(nil)
	_ storage.Counter     = (*Store)(nil)
	_ storage.Splitter    = (*Store)(nil)
	_ storage.Summarizer  = (*Store)(nil)
	_ storage.Migrator    = (*Store)(nil)
	_ storage.Verifier    = (*Store)(nil)
	_ storage.Reclaimer   = (*Store)(nil)
)

// ready returns what keeps a call from beginning.
func (s *Store) ready(ctx context.Context) error {
	if ctx == nil {
		return storage.ErrNoContext
	}
	if s.closed.Load() {
		return storage.ErrClosed
	}
	return ctx.Err()
}

// Close waits for the append that runs, releases the file, and makes every other call
// ErrClosed. Loops over open iterations get ErrClosed and let go of the file then.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.closed.Store(true)
		s.queue.close()
		s.w.close()
		var errs []error
		for _, db := range []*sql.DB{s.readers, s.writer} {
			if db != nil {
				errs = append(errs, db.Close())
			}
		}
		if err := errors.Join(errs...); err != nil {
			s.closeErr = &resultError{"close", codeOf(err)}
		}
	})
	return s.closeErr
}

// alone runs f with the writer's connection while nobody else writes.
func (s *Store) alone(ctx context.Context, f func() error) error {
	j := &job{ctx: ctx, do: f}
	if err := s.queue.do(j, s.lead); err != nil {
		return err
	}
	return j.err
}

// lead does what a group of calls wants.
func (s *Store) lead(group []*job) {
	if first := group[0]; first.b == nil {
		first.err = first.do()
		return
	}
	batches := make([]*batch, len(group))
	for i, j := range group {
		batches[i] = j.b
	}
	s.appendAll(batches)
}
