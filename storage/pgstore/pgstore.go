// Package pgstore keeps facts in PostgreSQL 14 or later.
//
//	s, err := pgstore.Open(ctx, "postgres://user@host/db", nil)
//
// [Open] makes its own pool of connections, [New] takes one of yours. Either makes or
// migrates the tables, which stand in one schema, and finishes erasures that a crash cut
// short. One schema holds one tenant. Any number of processes may open one schema and
// write at once; poolers in transaction mode work, as no session state is used but by [Full].
//
// It keeps the whole contract of [storage.Store]; durable means that the server has
// flushed its log. [Store] is a storage.Snapshotter, Splitter, Counter, Loader,
// Summarizer, Migrator, Reclaimer, Lagger and Verifier too.
//
// Facts share nothing, so appends of different facts need not wait for each other; of one
// batch all becomes visible at once. Batches of at most a hundred facts that come at the
// same time share transactions, each with its own outcomes: two transactions run at once,
// and the next one takes what waits. [Store.Changes] follows the order of commits and
// never jumps over a fact. The price is lag: it stops before the oldest transaction that
// is still writing, in any database of the cluster, prepared ones included; [Store.Lag]
// tells how old that is. The other reads show everything at once.
//
// A cluster that was restored or failed over counts its transactions anew. The store
// notices by the cluster's name and timeline and raises the generation of its rows, so
// that nothing is hidden and no cursor skips.
//
// An iteration reads a first part, then holds a connection and an open statement until it
// ends. Half of the pool may be held so; iterations beyond read to their end into memory,
// so that nesting cannot lock up.
//
// Erased rows stay readable in the pages of the table files until PostgreSQL uses the
// space again, see [Full]; and in its log, replicas and backups.
package pgstore

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/tabi-go/tabi/storage"
)

// Options configure a [Store]. The zero value is the defaults.
type Options struct {
	// Schema is the schema of the tables; "" = "tabi". It matches ^[a-z_][a-z0-9_]{0,31}$.
	Schema string
	// KeepSchema makes Open return storage.ErrSchemaOld instead of migrating.
	KeepSchema bool
	// Reclaim says how space of erased facts is given back.
	Reclaim Reclaim
	// Unsafe opens a server that runs with fsync off and loses facts when its machine stops.
	Unsafe bool
	// SkipVerify does not compare bodies with their checksums when they are read.
	SkipVerify bool
	// Generation is the least generation of new rows; 0 = as stored. It is for hosts that
	// forbid pg_control_system: raise it by one after a restore or a failover.
	Generation int
}

// A Reclaim is a way to give the space of erased facts back.
type Reclaim uint8

// The ways. Plain lets PostgreSQL use the space again and leaves bytes in the pages until
// it does. Full writes the tables anew, after which their files hold no erased byte; it
// locks the tables meanwhile, and gives up after two seconds if it cannot. As PostgreSQL
// does that in no transaction, the limit is one of the session and reset afterwards: with
// Full, do not connect through a pooler in transaction mode, where it may stay on a
// connection of others.
const (
	Plain Reclaim = iota
	Full
)

// A Store keeps facts in a PostgreSQL schema. Make one with [Open] or [New]. Safe for
// concurrent use.
type Store struct {
	opts Options
	pool *pgxpool.Pool
	own  bool // the pool is ours to close
	ns   int64
	name string // of meta.store

	unguarded bool          // the host forbids what the generation guard reads
	closed    atomic.Bool   //
	open      atomic.Int64  // iterations
	holds     chan struct{} // iterations that hold a connection in the loop body

	queue queue

	mu    sync.Mutex // guards sets and epoch
	sets  map[[16]byte]struct{}
	epoch int64 // sets are known to be written as of this erase_epoch
}

var (
	_ storage.Store       = (*Store)(nil)
	_ storage.Snapshotter = (*Store)(nil)
	_ storage.Counter     = (*Store)(nil)
	_ storage.Splitter    = (*Store)(nil)
	_ storage.Loader      = (*Store)(nil)
	_ storage.Summarizer  = (*Store)(nil)
	_ storage.Migrator    = (*Store)(nil)
	_ storage.Reclaimer   = (*Store)(nil)
	_ storage.Lagger      = (*Store)(nil)
	_ storage.Verifier    = (*Store)(nil)
)

var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,31}$`)

// Open connects to the database of a DSN or URL, whose pool_… parameters it obeys, and
// opens the store in it; nil options are the defaults. It needs a Close.
func Open(ctx context.Context, dsn string, o *Options) (*Store, error) {
	if ctx == nil {
		return nil, storage.ErrNoContext
	}
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("pgstore: dsn is not well-formed") // the driver's text may hold the password
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, classify(ctx, err)
	}
	s, err := New(ctx, pool, o)
	if err != nil {
		pool.Close()
		return nil, err
	}
	s.own = true
	return s, nil
}

// New opens the store in the database of a pool; nil options are the defaults. Close
// leaves the pool open.
func New(ctx context.Context, pool *pgxpool.Pool, o *Options) (*Store, error) {
	if ctx == nil {
		return nil, storage.ErrNoContext
	}
	s := &Store{pool: pool, sets: make(map[[16]byte]struct{}), holds: make(chan struct{}, pool.Config().MaxConns/2)}
	if o != nil {
		s.opts = *o
	}
	if s.opts.Schema == "" {
		s.opts.Schema = "tabi"
	}
	if !schemaName.MatchString(s.opts.Schema) {
		return nil, errors.New("pgstore: schema name is not well-formed")
	}
	sum := sha256.Sum256([]byte("tabi.pgstore\x1f" + s.opts.Schema))
	s.ns = int64(binary.BigEndian.Uint64(sum[:8]))
	for _, step := range []func(context.Context) error{s.checkServer, s.prepareSchema, s.guardGeneration, s.finishErasures} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Close ends the store, and its connections where Open made them.
func (s *Store) Close() error {
	if s.closed.Swap(true) || !s.own {
		return nil
	}
	if len(s.holds) > 0 {
		go s.pool.Close() // it waits for iterations, and one of them may wait for us
	} else {
		s.pool.Close()
	}
	return nil
}

// begin returns why a call cannot begin.
func (s *Store) begin(ctx context.Context) error {
	switch {
	case ctx == nil:
		return storage.ErrNoContext
	case s.closed.Load():
		return storage.ErrClosed
	}
	return ctx.Err()
}

// sql puts the schema before each table name of a statement. The schema's name is
// checked; nothing else of a statement is ever made from data.
func (s *Store) sql(text string) string {
	return strings.ReplaceAll(text, "{}", s.opts.Schema+".")
}

// checkServer refuses a server that cannot keep the promises.
func (s *Store) checkServer(ctx context.Context) error {
	var version int
	var fsync, encoding string
	err := s.readRow(ctx, "select current_setting('server_version_num')::int, current_setting('fsync'), current_setting('server_encoding')", nil,
		&version, &fsync, &encoding)
	switch {
	case err != nil:
		return err
	case version < 140000:
		return errors.New("pgstore: PostgreSQL is older than 14")
	case encoding != "UTF8":
		return errors.New("pgstore: the database is not encoded in UTF-8")
	case fsync == "off" && !s.opts.Unsafe:
		return errors.New("pgstore: the server runs with fsync=off and would lose facts; see Options.Unsafe")
	}
	return nil
}

// newName returns the random name of a new store.
func newName() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
