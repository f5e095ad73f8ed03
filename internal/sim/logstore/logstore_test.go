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
	mu    sync.Mutex // guards what follows
	disks map[storage.Store]*crashfs.Disk
	lives int
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

// between is what happens to a disk between two lives of a store, in turn: a clean close,
// the death of the process, power cuts.
var between = []func(*crashfs.Disk) *crashfs.Disk{
	func(d *crashfs.Disk) *crashfs.Disk { return d },
	(*crashfs.Disk).Kill,
	func(d *crashfs.Disk) *crashfs.Disk { return d.Cut(crashfs.Cut{Keep: 0}) },
	func(d *crashfs.Disk) *crashfs.Disk {
		return d.Cut(crashfs.Cut{Keep: 50, Subset: true, Torn: crashfs.AtByte})
	},
	func(d *crashfs.Disk) *crashfs.Disk { return d.Cut(crashfs.Cut{Keep: 100, Torn: crashfs.AtSector}) },
}

// next returns what a store finds when it opens again on the disk of one that is closed
// only now.
func (b *bench) next(s storage.Store) *crashfs.Disk {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lives++
	return between[b.lives%len(between)](b.disks[s])
}

func harness() storetest.Harness {
	b := &bench{disks: make(map[storage.Store]*crashfs.Disk)}
	h := storetest.Harness{
		Open: func(context.Context) (storage.Store, error) { return b.openOn(crashfs.New(1)) },
		Reopen: func(_ context.Context, s storage.Store) (storage.Store, error) {
			d := b.next(s)
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

func TestConformance(t *testing.T) { storetest.Run(t, harness()) }

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

// A memo changes nothing of what a log says: not after facts went, and not after one of
// them came back otherwise.
func TestMemoTellsTheSame(t *testing.T) {
	ctx := t.Context()
	disk, memo := crashfs.New(1), new(logstore.Memo)
	touch := func(id, kind string) storage.Fact {
		at := time.UnixMicro(1_700_000_000_000_000).UTC()
		return storage.Fact{Touch: &touchpoint.Touch{Source: "web", ID: id, At: at, ReceivedAt: at.Add(time.Hour), Kind: touchpoint.Kind(kind),
			IDs: []identity.ID{identity.MakeID(identity.UserID, "u1")}}}
	}
	for life, do := range []func(storage.Store) error{
		func(s storage.Store) error {
			_, err := s.Append(ctx, []storage.Fact{touch("1", "pageview"), touch("2", "pageview")})
			return err
		},
		func(s storage.Store) error {
			_, err := s.Erase(ctx, storage.Erasure{ID: "e", At: time.UnixMicro(1_700_000_001_000_000).UTC(),
				Remove: []storage.Query{{Keys: []storage.Key{touch("1", "pageview").Key()}}}})
			return err
		},
		func(s storage.Store) error {
			_, err := s.Append(ctx, []storage.Fact{touch("1", "click")})
			return err
		},
	} {
		s, err := logstore.Open(disk, "tabi", &logstore.Options{ID: 1, Memo: memo})
		if err != nil {
			t.Fatal(err)
		}
		if err := do(s); err != nil {
			t.Fatal(err)
		}
		s.Close()
		var got [2][32]byte
		for i, m := range []*logstore.Memo{nil, memo} {
			s, err := logstore.Open(disk, "tabi", &logstore.Options{ID: 1, Memo: m})
			if err != nil {
				t.Fatal(err)
			}
			if got[i], err = storage.Digest(ctx, s); err != nil {
				t.Fatal(err)
			}
			s.Close()
		}
		if got[0] != got[1] {
			t.Errorf("life %d: the memo tells otherwise", life)
		}
	}
}
