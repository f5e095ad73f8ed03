// Package logstore is a store of facts in one append-only file: the reference for
// durability, written on the seam of package crashfs so that its disk can fail and lose
// its power.
package logstore

import (
	"github.com/tabi-go/tabi/internal/sim/crashfs"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
)

// Options configure a [Store]. The zero value is the defaults.
type Options struct {
	// ID tells logs apart; 0 draws one. It is used when a log is made.
	ID uint64
	// Steal opens a store whose lock another writer holds; that one's next write is refused.
	Steal bool
}

// A Store keeps facts in a log and answers from memory. Safe for concurrent use.
type Store struct{ *memstore.Store }

var _ storage.Store = (*Store)(nil)

// Open opens the log in a folder, or makes it; nil options are the defaults. A log that
// another writer has open is storage.ErrLocked, at once. What a crash left unfinished is
// finished first: a torn end is cut, an erasure completed. A record that is damaged and
// not the torn end is a *storage.CorruptError with its offset.
func Open(fs crashfs.FS, dir string, o *Options) (*Store, error) { return nil, nil }
