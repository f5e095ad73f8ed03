// Package crashfs is the seam between a log and the file system, and a file system whose
// power can be cut.
//
// A log is written against [FS] and [File]. It runs on [OS], the real file system, or on a
// [Disk], which keeps apart what a program sees and what a power cut would leave: the
// bytes of a file are durable after [File.Sync], the entries of a folder (create, rename,
// remove) after [FS.SyncDir], and everything else may be there after a cut in part, in
// another order, torn, or not at all. [Disk.Cut] makes such a state, [Disk.Kill] that
// after the death of the process alone, in which the page cache survives.
//
// A disk fails as it is told: [Disk.Hook] sees every operation before it happens and may
// refuse it, wait, or cut the power at that point; [Disk.FailSync], [Disk.SetSpace],
// [Disk.SetReadOnly] and [Disk.Flip] are the faults that need more than a refusal.
// Everything random about it comes from its seed.
//
// What it leaves out: folders need no making and are durable at once, and metadata other
// than names and sizes does not exist.
package crashfs

import (
	"errors"
	"io"
)

// An FS is what a log needs of a file system. Names are slash-separated paths.
type FS interface {
	// Mkdir makes a folder and those above it; that it exists is no error.
	Mkdir(dir string) error
	// Open opens a file for reading and writing; one that is not there is fs.ErrNotExist.
	Open(name string) (File, error)
	// Create makes a file, or empties the one that is there.
	Create(name string) (File, error)
	// Rename replaces what has the new name, as one step.
	Rename(from, to string) error
	// Remove takes a name away.
	Remove(name string) error
	// ReadDir returns the names in a folder, sorted, without folders.
	ReadDir(dir string) ([]string, error)
	// SyncDir makes the entries of a folder durable.
	SyncDir(dir string) error
	// Lock takes a lock that one holder can have, until it is closed or its process ends.
	// It never waits: held by another is ErrLocked.
	Lock(name string) (io.Closer, error)
}

// A File is read and written at offsets. What is written is durable after Sync.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Size returns the length in bytes.
	Size() (int64, error)
	// Sync makes what was written durable. After an error nobody knows what is, and a later
	// Sync that succeeds proves nothing.
	Sync() error
}

// ErrLocked says that another holds the lock.
var ErrLocked = errors.New("crashfs: locked")

// OS is the real file system.
type OS struct{}
