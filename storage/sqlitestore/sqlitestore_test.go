package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/sqlitestore"
	"github.com/tabi-go/tabi/storage/storetest"
)

// folder returns a new folder, in memory where there is such a place: the disk's syncs
// would take most of the time, and neither faults nor kills of this process need them.
func folder(t testing.TB) string {
	parent := t.TempDir()
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		parent = "/dev/shm"
	}
	dir, err := os.MkdirTemp(parent, "sqlitestore")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// A bench opens stores for the suite, and remembers where they lie.
type bench struct {
	t       testing.TB
	mu      sync.Mutex // guards what follows
	places  map[storage.Store]string
	wrecked map[storage.Store]*wrecker
}

func newBench(t testing.TB) *bench {
	return &bench{t: t, places: make(map[storage.Store]string), wrecked: make(map[storage.Store]*wrecker)}
}

func (b *bench) path(s storage.Store) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.places[s]
}

func (b *bench) openAt(path string) (storage.Store, error) {
	w := newWrecker()
	s, err := sqlitestore.Open(path, &sqlitestore.Options{Driver: w.name, CacheMiB: 2})
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.places[s], b.wrecked[s] = path, w
	return s, nil
}

func (b *bench) harness() storetest.Harness {
	return storetest.Harness{
		Open: func(context.Context) (storage.Store, error) {
			return b.openAt(filepath.Join(folder(b.t), "facts.db"))
		},
		Reopen: func(_ context.Context, s storage.Store) (storage.Store, error) {
			if err := s.Close(); err != nil {
				return nil, err
			}
			return b.openAt(b.path(s))
		},
		Second: func(_ context.Context, s storage.Store) (storage.Store, error) { return b.openAt(b.path(s)) },
		Fault:  b.fault,
		Bytes:  func(s storage.Store) ([]io.ReadCloser, error) { return filesOf(b.path(s)) },
	}
}

// filesOf opens the file at a path and those beside it.
func filesOf(path string) ([]io.ReadCloser, error) {
	names, err := filepath.Glob(path + "*")
	var list []io.ReadCloser
	for _, name := range names {
		f, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, err
}

// fault wrecks the driver, or the file through a connection of its own.
func (b *bench) fault(s storage.Store, f storetest.Fault) (undo func() error, err error) {
	b.mu.Lock()
	w := b.wrecked[s]
	b.mu.Unlock()
	if w == nil {
		return nil, storage.ErrUnsupported
	}
	switch f {
	case storetest.BeforeCommit, storetest.LostCommitReply, storetest.DiskFull, storetest.ReadOnly, storetest.SlowRead:
		w.fault.Store(int32(f))
		return func() error { w.fault.Store(0); return nil }, nil
	case storetest.CutConnection:
		w.cut.Store(true)
		return func() error { w.cut.Store(false); return nil }, nil
	case storetest.UnreadableSuppression:
		return b.alter(s, "ALTER TABLE suppression RENAME TO hidden", "ALTER TABLE hidden RENAME TO suppression")
	case storetest.FlipByte:
		const flip = "UPDATE fact SET body = CAST(substr(body, 1, 8) || CASE substr(body, 9, 1) WHEN x'41' THEN x'42' ELSE x'41' END || substr(body, 10) AS BLOB) WHERE seq = 20"
		return b.alter(s, "CREATE TABLE kept AS SELECT body FROM fact WHERE seq = 20; "+flip, "UPDATE fact SET body = (SELECT body FROM kept) WHERE seq = 20; DROP TABLE kept")
	}
	return nil, storage.ErrUnsupported // SQLite has one writer: nothing can be held
}

// alter runs statements on the file, as nobody should.
func (b *bench) alter(s storage.Store, do, back string) (undo func() error, err error) {
	run := func(text string) error { return execute(b.path(s), text) }
	return func() error { return run(back) }, run(do)
}

func execute(path, text string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	_, err = db.Exec(text)
	return errors.Join(err, db.Close())
}

func TestConformance(t *testing.T) {
	h := newBench(t).harness()
	if testing.Short() {
		h.Seeds, h.Ops = 2, 60
	}
	storetest.Run(t, h)
}
