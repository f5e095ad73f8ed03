package crash

import (
	"fmt"
	"sync"

	"github.com/tabi-go/tabi/internal/sim/crashfs"
)

// unsafeFS wraps a file system in one that does not keep its word: runs on it must find
// losses, or they would find none anywhere.
func unsafeFS(inner crashfs.FS, kind string) (crashfs.FS, error) {
	switch kind {
	case "":
		return inner, nil
	case "nosync":
		return noSync{inner}, nil
	case "buffered":
		return buffered{inner}, nil
	}
	return nil, fmt.Errorf("crash: no unsafe writer %q", kind)
}

// noSync says that it synced.
type noSync struct{ crashfs.FS }

func (f noSync) SyncDir(string) error { return nil }

func (f noSync) Open(name string) (crashfs.File, error) { return noSyncFile(f.FS.Open(name)) }

func (f noSync) Create(name string) (crashfs.File, error) { return noSyncFile(f.FS.Create(name)) }

func noSyncFile(f crashfs.File, err error) (crashfs.File, error) {
	if err != nil {
		return nil, err
	}
	return unsynced{f}, nil
}

type unsynced struct{ crashfs.File }

func (unsynced) Sync() error { return nil }

// buffered keeps writes in the process until there are many, and does not know that a
// sync is to change that.
type buffered struct{ crashfs.FS }

func (f buffered) Open(name string) (crashfs.File, error) { return bufferedFile(f.FS.Open(name)) }

func (f buffered) Create(name string) (crashfs.File, error) { return bufferedFile(f.FS.Create(name)) }

func bufferedFile(f crashfs.File, err error) (crashfs.File, error) {
	if err != nil {
		return nil, err
	}
	return &bufferFile{File: f}, nil
}

const bufferSize = 64 << 10

type bufferFile struct {
	crashfs.File
	mu   sync.Mutex // guards what follows
	kept []piece
	size int
}

type piece struct {
	b   []byte
	off int64
}

func (f *bufferFile) WriteAt(b []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept = append(f.kept, piece{append([]byte(nil), b...), off})
	if f.size += len(b); f.size > bufferSize {
		if err := f.flush(); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

// flush writes what is kept. The lock is held.
func (f *bufferFile) flush() error {
	for _, p := range f.kept {
		if _, err := f.File.WriteAt(p.b, p.off); err != nil {
			return err
		}
	}
	f.kept, f.size = nil, 0
	return nil
}

func (f *bufferFile) ReadAt(b []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.flush(); err != nil {
		return 0, err
	}
	return f.File.ReadAt(b, off)
}

func (f *bufferFile) Size() (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.flush(); err != nil {
		return 0, err
	}
	return f.File.Size()
}

func (f *bufferFile) Sync() error { return nil }

func (f *bufferFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.flush(); err != nil {
		return err
	}
	return f.File.Close()
}
