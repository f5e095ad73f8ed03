// Package logstore is a store of facts in one append-only file: the reference for
// durability, written on the seam of package crashfs so that its disk can fail and lose
// its power. [Open] is all there is to it; the rest is storage.Store's.
//
// The folder of a store holds three files: log, the facts; lock, held by the one writer;
// epoch, the number of that writer. A second writer gets storage.ErrLocked at once. One
// that opens with [Options].Steal takes a number of its own, and writes a new log; the
// first finds the number changed and refuses to write.
//
// The log is a header and records, each with a CRC-32C and written by one call: the facts
// of one Append, or an erasure with everything it does. A record is acknowledged after a
// sync. Behind each there is room for a mark, which is written once the record is known to
// be durable. So the bytes tell how a bad record came about: if anything valid follows it,
// it was once synced and has been damaged, which is a *storage.CorruptError; if nothing
// does, it is the end of a write that was never acknowledged, and is cut. Damage to the
// last record and the loss of its mark in one power cut look like a torn end: no log with
// one sync an append can tell.
//
// Whatever is in doubt is written again, never trusted: when a log is opened whose last
// record has no mark, when an erasure's bytes are still there, when a lock was stolen, all
// that counts goes to a new file, which is synced and then renamed into place. After a
// failed sync the store is poisoned and takes nothing more until it is opened again, since
// a second sync that succeeds proves nothing. Reads go on.
//
// Facts are answered from memory, by a memstore; damage to the file of an open store is
// found by storage.Verify and by the next open. Summaries do not outlive the process.
package logstore

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/tabi-go/tabi/internal/sim/crashfs"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
)

// Options configure a [Store]. The zero value is the defaults.
type Options struct {
	// ID tells logs apart; 0 draws one. It is used when a log is made.
	ID uint64
	// Steal opens a store whose lock another writer holds; that one's next write is refused.
	// It is for a writer that hangs: one in the middle of an erasure may still rename its log
	// over the new one.
	Steal bool
	// Memo spares decoding what an earlier log had too; nil decodes everything.
	Memo *Memo
}

// A Memo remembers what encoded facts say, erased ones too, for programs that open the
// same log many times. The zero value is ready. For one goroutine.
type Memo struct {
	known map[string]*stored // by encoding, ReceivedAt included
}

// A Store keeps facts in a log and answers from memory. Safe for concurrent use.
type Store struct {
	*memstore.Store // everything that is read
	fs              crashfs.FS
	dir             string
	owner           owner

	mu     sync.Mutex // guards everything below; writers hold it to the end of their sync
	closed bool
	poison error // of a sync that failed: nothing is written any more
	file   crashfs.File
	end    int64  // of the last record that is durable
	id     uint64 // of the log
	next   uint64 // sequence number of the next fact
	rows   map[[16]byte]row
	order  []place // of commits; never changed in place, since iterations hold it
	list   storage.SuppressionList
	unwept bool // bytes of an erasure are still in the log
}

// A row is what deciding about a key and writing the log again need; the fact is in
// memory.
type row struct {
	at, received int64 // microseconds
	sum          [16]byte
	body         []byte // never changed
}

// A place is where a fact stands in the order of commits.
type place struct {
	seq  uint64
	key  storage.Key
	hash [16]byte // of the key
}

var (
	_ storage.Store       = (*Store)(nil)
	_ storage.Snapshotter = (*Store)(nil)
	_ storage.Verifier    = (*Store)(nil)
)

// begin returns why a call cannot begin. The lock is held.
func (s *Store) begin(ctx context.Context) error {
	if s.closed {
		return storage.ErrClosed
	}
	return ctx.Err()
}

// Close gives the lock back. What was acknowledged is durable already.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.rows, s.order = nil, nil
	return errors.Join(s.Store.Close(), s.file.Close(), s.owner.Close())
}

// Verify reads the log again and checks each record, beside what is in memory.
func (s *Store) Verify(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.begin(ctx); err != nil {
		return err
	}
	data, err := readAll(s.file)
	if err != nil {
		return unavailable(err)
	}
	if int64(len(data)) < s.end-markSize {
		return &storage.CorruptError{Where: logName, Offset: int64(len(data))}
	}
	l, err := parseLog(data[:min(s.end, int64(len(data)))])
	if err == nil && l.torn {
		err = &storage.CorruptError{Where: logName, Offset: l.end}
	}
	return errors.Join(err, s.Store.Verify(ctx))
}

// unavailable says that nothing happened, and uncertain that it may have.
func unavailable(cause error) error { return fmt.Errorf("%w: %w", storage.ErrUnavailable, cause) }
func uncertain(cause error) error   { return fmt.Errorf("%w: %w", storage.ErrUncertain, cause) }
