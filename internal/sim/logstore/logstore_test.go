package logstore_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/internal/sim/crashfs"
	"github.com/tabi-go/tabi/internal/sim/logstore"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// A bench opens stores for the suite, each on a disk of its own, and remembers which.
type bench struct {
	reopen func(*crashfs.Disk) *crashfs.Disk // what happens to the disk between two lives
	mu     sync.Mutex                        // guards disks
	disks  map[storage.Store]*crashfs.Disk
}

func (b *bench) disk(s storage.Store) *crashfs.Disk {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.disks[s]
}

func (b *bench) openOn(d *crashfs.Disk) (storage.Store, error) {
	s, err := logstore.Open(d, "tabi", nil)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.disks[s] = d
	return s, nil
}

// harness is the suite's view of logstore. Between two lives of a store the disk goes
// through reopen; nil: a clean close.
func harness(reopen func(*crashfs.Disk) *crashfs.Disk) storetest.Harness {
	b := &bench{reopen: reopen, disks: make(map[storage.Store]*crashfs.Disk)}
	h := storetest.Harness{
		Open: func(context.Context) (storage.Store, error) { return b.openOn(crashfs.New(1)) },
		Reopen: func(_ context.Context, s storage.Store) (storage.Store, error) {
			d := b.disk(s)
			if b.reopen != nil {
				d = b.reopen(d) // what the old store does from here on does not reach it
			}
			if err := s.Close(); err != nil {
				return nil, err
			}
			return b.openOn(d)
		},
		Fault: func(s storage.Store, f storetest.Fault) (func() error, error) { return fault(b.disk(s), f) },
		Bytes: func(s storage.Store) (list []io.ReadCloser, err error) {
			for name, data := range b.disk(s).Bytes() {
				list = append(list, io.NopCloser(io.MultiReader(bytes.NewReader([]byte(name)), bytes.NewReader(data))))
			}
			return list, nil
		},
	}
	if testing.Short() {
		h.Seeds, h.Ops = 2, 60
	}
	if os.Getenv("TABI_LONG") == "1" {
		h.Seeds, h.Ops = 100, 2000
	}
	return h
}

// fault makes a disk fail until undo.
func fault(d *crashfs.Disk, f storetest.Fault) (undo func() error, err error) {
	on := func(kinds ...crashfs.OpKind) {
		d.Hook(func(op crashfs.Op) error {
			for _, k := range kinds {
				if op.Kind == k {
					return syscall.EIO
				}
			}
			return nil
		})
	}
	switch f {
	case storetest.BeforeCommit:
		on(crashfs.OpWrite)
	case storetest.CutConnection:
		on(crashfs.OpRead, crashfs.OpWrite, crashfs.OpSync, crashfs.OpCreate, crashfs.OpRename)
	case storetest.LostCommitReply:
		d.FailSync(1, true)
	case storetest.DiskFull:
		d.SetSpace(0)
	case storetest.ReadOnly:
		d.SetReadOnly(true)
	default:
		return nil, storage.ErrUnsupported // facts and the suppression list are in memory
	}
	return func() error {
		d.Hook(nil)
		d.FailSync(0, false)
		d.SetSpace(-1)
		d.SetReadOnly(false)
		return nil
	}, nil
}

func TestStore(t *testing.T) { storetest.Run(t, harness(nil)) }

func TestStoreAcrossKills(t *testing.T) {
	storetest.Run(t, onlyReopen(harness((*crashfs.Disk).Kill)))
}

func TestStoreAcrossPowerCuts(t *testing.T) {
	for _, keep := range []int{0, 50, 100} {
		t.Run(fmt.Sprint(keep), func(t *testing.T) {
			storetest.Run(t, onlyReopen(harness(func(d *crashfs.Disk) *crashfs.Disk {
				return d.Cut(crashfs.Cut{Keep: keep, Subset: keep == 50, Torn: crashfs.AtByte})
			})))
		})
	}
}

// onlyReopen makes the histories short, where only the reopening is of interest.
func onlyReopen(h storetest.Harness) storetest.Harness {
	h.Seeds, h.Ops = 1, 30
	return h
}

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// touch is the nth touch, of one of five people.
func touch(n int) storage.Fact {
	return storage.Fact{Touch: &touchpoint.Touch{
		Source: "web", ID: fmt.Sprint("t", n), At: start.Add(time.Duration(n) * time.Minute), Kind: "page_view",
		IDs:        []identity.ID{identity.MakeID(identity.UserID, fmt.Sprint("u", n%5)), identity.MakeID(identity.AnonymousID, fmt.Sprint("a", n))},
		Touchpoint: fmt.Sprint("page ", n%7),
	}}
}

func touches(from, to int) []storage.Fact {
	var facts []storage.Fact
	for n := from; n < to; n++ {
		facts = append(facts, touch(n))
	}
	return facts
}

func open(t testing.TB, fs crashfs.FS, o *logstore.Options) *logstore.Store {
	t.Helper()
	s, err := logstore.Open(fs, "tabi", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func add(t testing.TB, s storage.Store, facts ...storage.Fact) {
	t.Helper()
	outs, err := s.Append(t.Context(), facts)
	if err != nil || touchpoint.Count(outs)[touchpoint.Accepted] != len(facts) {
		t.Fatal(touchpoint.Count(outs), err)
	}
}

func count(t testing.TB, s storage.Store) int {
	t.Helper()
	n := 0
	for _, err := range s.Scan(t.Context(), storage.Query{Classes: []storage.Class{storage.ClassTouch}}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}
