package sqlitestore_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"modernc.org/sqlite"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/sqlitestore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

func TestOpenRefuses(t *testing.T) {
	corrupt := new(storage.CorruptError)
	for name, c := range map[string]struct {
		make func(path string) error
		o    *sqlitestore.Options
		is   func(error) bool
	}{
		"a newer schema": {
			make: func(path string) error {
				s, err := sqlitestore.Open(path, nil)
				return errors.Join(err, s.Close(), execute(path, "PRAGMA user_version = 1000"))
			},
			is: func(err error) bool { return errors.Is(err, storage.ErrSchemaNew) },
		},
		"an older schema that is to be kept": {
			make: func(string) error { return nil }, o: &sqlitestore.Options{KeepSchema: true},
			is: func(err error) bool { return errors.Is(err, storage.ErrSchemaOld) },
		},
		"a changed migration": {
			make: func(path string) error {
				s, err := sqlitestore.Open(path, nil)
				return errors.Join(err, s.Close(), execute(path, "UPDATE schema_migration SET checksum = x'00'"))
			},
			is: func(err error) bool { return err != nil },
		},
		"another program's database": {
			make: func(path string) error { return execute(path, "PRAGMA application_id = 7; CREATE TABLE a(b)") },
			is:   func(err error) bool { return err != nil },
		},
		"a database without a mark": {
			make: func(path string) error { return execute(path, "CREATE TABLE a(b)") },
			is:   func(err error) bool { return err != nil },
		},
		"a file that is no database": {
			make: func(path string) error {
				return os.WriteFile(path, bytes.Repeat([]byte("not a database. "), 512), 0o600)
			},
			is: func(err error) bool { return errors.As(err, &corrupt) },
		},
		"a folder that is not there": {
			make: func(path string) error { return os.Remove(filepath.Dir(path)) },
			is:   func(err error) bool { return errors.Is(err, storage.ErrUnavailable) },
		},
		"a negative option": {
			make: func(string) error { return nil }, o: &sqlitestore.Options{Readers: -1},
			is: func(err error) bool { return err != nil },
		},
		"an unknown driver": {
			make: func(string) error { return nil }, o: &sqlitestore.Options{Driver: "none"},
			is: func(err error) bool { return err != nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(folder(t), "facts.db")
			if err := c.make(path); err != nil {
				t.Fatal(err)
			}
			if s, err := sqlitestore.Open(path, c.o); s != nil || !c.is(err) {
				t.Errorf("error %v", err)
			}
		})
	}
	for _, path := range []string{"", ":memory:"} {
		if _, err := sqlitestore.Open(path, nil); err == nil {
			t.Errorf("%q is opened", path)
		}
	}
}

func TestTenOpenAtOnce(t *testing.T) {
	path := filepath.Join(folder(t), "a name with ? and % and #.db")
	var wg sync.WaitGroup
	for n := range 10 {
		wg.Go(func() {
			s, err := sqlitestore.Open(path, &sqlitestore.Options{Readers: 2})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.Append(t.Context(), touches(n, n+1)); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	if n, err := storage.Count(t.Context(), open(t, path, nil), storage.Query{}); n != 10 || err != nil {
		t.Error(n, err)
	}
}

// A failed sync poisons: the pages may be gone, and the next sync would not say so.
func TestFailedSyncPoisons(t *testing.T) {
	path := filepath.Join(folder(t), "facts.db")
	w := newWrecker()
	s := open(t, path, &sqlitestore.Options{Driver: w.name})
	add(t, s, touch(1))
	w.codes.Store(codeIOErr)
	w.fault.Store(int32(storetest.LostCommitReply))
	for range 2 {
		outs, err := s.Append(t.Context(), touches(2, 3))
		if !errors.Is(err, storage.ErrUncertain) || !errors.Is(err, syscall.EIO) || outs[0].Status != touchpoint.Retry {
			t.Fatal(outs, err)
		}
		w.fault.Store(0)
	}
	if _, err := s.Erase(t.Context(), storage.Erasure{ID: "e", At: time.Unix(9, 0), Remove: []storage.Query{{Keys: []storage.Key{touch(1).Key()}}}}); !errors.Is(err, storage.ErrUncertain) {
		t.Error(err)
	}
	if n, err := storage.Count(t.Context(), s, storage.Query{}); n == 0 || err != nil {
		t.Error(n, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	add(t, open(t, path, nil), touches(1, 4)...)
}

func TestFullDiskIsTold(t *testing.T) {
	w := newWrecker()
	s := open(t, filepath.Join(folder(t), "facts.db"), &sqlitestore.Options{Driver: w.name})
	for fault, errno := range map[storetest.Fault]syscall.Errno{storetest.DiskFull: syscall.ENOSPC, storetest.ReadOnly: syscall.EROFS} {
		w.fault.Store(int32(fault))
		if _, err := s.Append(t.Context(), touches(0, 1)); !errors.Is(err, storage.ErrUnavailable) || !errors.Is(err, errno) {
			t.Error(err)
		}
	}
}

// queued waits until so many calls wait for their turn to write.
func queued(s *sqlitestore.Store, n int) {
	for s.Waiting() < n {
		time.Sleep(time.Millisecond)
	}
}

// Calls that wait share one commit, and one whose context ends leaves the queue.
func TestGroupCommit(t *testing.T) {
	w := newWrecker()
	s := open(t, filepath.Join(folder(t), "facts.db"), &sqlitestore.Options{Driver: w.name})
	w.hold.Lock()
	before, begun := w.commits.Load(), w.waiting.Load()
	var wg sync.WaitGroup
	for n := range 40 {
		wg.Go(func() {
			if _, err := s.Append(t.Context(), touches(n, n+1)); err != nil {
				t.Error(err)
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	for w.waiting.Load() == begun { // somebody leads, and waits for its commit
		time.Sleep(time.Millisecond)
	}
	if outs, err := s.Append(ctx, touches(100, 101)); outs != nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(outs, err)
	}
	queued(s, 39)
	w.hold.Unlock()
	wg.Wait()
	if n := w.commits.Load() - before; n > 20 {
		t.Errorf("%d commits for 40 calls", n)
	}
	if n, err := storage.Count(t.Context(), s, storage.Query{}); n != 40 || err != nil {
		t.Error(n, err)
	}
}

// Callers that come back at once share the next commit too: none of them hurries ahead with
// a fact of its own, for which all others would wait.
func TestWritersThatComeBackShareCommits(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // whoever steps back is overtaken
	const writers, each = 8, 30
	w := newWrecker()
	s := open(t, filepath.Join(folder(t), "facts.db"), &sqlitestore.Options{Driver: w.name})
	w.hold.Lock()
	before := w.commits.Load()
	var wg sync.WaitGroup
	for n := range writers {
		wg.Go(func() {
			for k := range each {
				if _, err := s.Append(t.Context(), touches(n*each+k, n*each+k+1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	queued(s, writers-1) // one waits for its commit
	w.hold.Unlock()
	wg.Wait()
	if n := w.commits.Load() - before; n > each*4/3 {
		t.Errorf("%d commits for %d calls of %d writers", n, writers*each, writers)
	}
}

// One more iteration than there are readers waits, and its context ends that.
func TestReadersRunOut(t *testing.T) {
	s := open(t, filepath.Join(folder(t), "facts.db"), &sqlitestore.Options{Readers: 1})
	add(t, s, touches(0, 9)...)
	for _, err := range s.Scan(t.Context(), storage.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		for _, err := range s.Scan(ctx, storage.Query{}) {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		}
		cancel()
		break
	}
	add(t, s, touch(10))
}

// A reader that is open keeps the log: the erasure says so, and Reclaim finishes later.
func TestJournalOutOfReach(t *testing.T) {
	s := open(t, filepath.Join(folder(t), "facts.db"), nil)
	add(t, s, touches(0, 300)...)
	n := 0
	for f, err := range s.Scan(t.Context(), storage.Query{}) {
		if err != nil || f.Touch == nil {
			t.Fatal(err)
		}
		if n++; n == 1 {
			rec, err := s.Erase(t.Context(), storage.Erasure{ID: "e", At: time.Unix(9, 0), Remove: []storage.Query{{Keys: []storage.Key{touch(1).Key()}}}})
			if err != nil || !rec.Done || len(rec.OutOfReach) != 1 || rec.OutOfReach[0] != "journal" {
				t.Error(rec, err)
			}
		}
	}
	if left, err := storage.Reclaim(t.Context(), s); len(left) != 0 || err != nil {
		t.Error(left, err)
	}
}

// What durability and erasure rest on holds on every connection, not on the first alone.
func TestSettingsOfEveryConnection(t *testing.T) {
	d := &spy{Driver: new(sqlite.Driver)}
	name := fmt.Sprint("sqlite-spy-", wreckers.Add(1)) // sql.Register has no opposite
	sql.Register(name, d)
	s := open(t, filepath.Join(folder(t), "facts.db"), &sqlitestore.Options{Driver: name, Readers: 4})
	add(t, s, touches(0, 50)...)
	var nest func(depth int)
	nest = func(depth int) {
		for _, err := range s.Scan(t.Context(), storage.Query{}) {
			if err != nil {
				t.Fatal(err)
			}
			if depth > 1 {
				nest(depth - 1)
			}
			break
		}
	}
	nest(4)
	d.mu.Lock()
	defer d.mu.Unlock()
	readers := 0
	for _, got := range d.seen {
		want := map[string]string{
			"journal_mode": "wal", "synchronous": "2", "secure_delete": "1", "temp_store": "2", "trusted_schema": "0", "busy_timeout": "5000", "query_only": got["query_only"],
		}
		if !maps.Equal(got, want) {
			t.Errorf("a connection with %v", got)
		}
		if got["query_only"] == "1" {
			readers++
		}
	}
	if readers != 4 || len(d.seen) != 5 {
		t.Errorf("%d connections, %d of them readers; want 4 and the writer", len(d.seen), readers)
	}
}
