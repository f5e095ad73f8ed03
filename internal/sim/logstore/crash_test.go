package logstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/internal/sim/crashfs"
	"github.com/tabi-go/tabi/internal/sim/logstore"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// cuts are the ways to lose power.
func cuts() []crashfs.Cut {
	var all []crashfs.Cut
	for _, keep := range []int{0, 25, 50, 100} {
		for _, torn := range []crashfs.Torn{crashfs.Whole, crashfs.AtByte, crashfs.AtSector} {
			all = append(all, crashfs.Cut{Keep: keep, Torn: torn}, crashfs.Cut{Keep: keep, Subset: true, Torn: torn})
		}
	}
	return all
}

// TestAFailedSyncIsNotMendedByASecond: the disk drops what a failed sync should
// have written, still shows it, and says yes to the next sync.
func TestAFailedSyncIsNotMendedByASecond(t *testing.T) {
	t.Parallel()
	d := crashfs.New(1)
	s := open(t, d, nil)
	add(t, s, touch(1))
	d.FailSync(1, false)
	outs, err := s.Append(t.Context(), []storage.Fact{touch(2)})
	if !errors.Is(err, storage.ErrUncertain) || !errors.Is(err, syscall.EIO) || outs[0].Status != touchpoint.Retry {
		t.Fatal(outs, err)
	}
	outs, err = s.Append(t.Context(), []storage.Fact{touch(1), touch(2), touch(3)})
	if !errors.Is(err, storage.ErrUncertain) || touchpoint.Count(outs)[touchpoint.Retry] != 3 {
		t.Fatal("a poisoned store takes facts", outs, err)
	}
	if _, err := s.Erase(t.Context(), storage.Erasure{ID: "e", At: start}); !errors.Is(err, storage.ErrUncertain) {
		t.Fatal("a poisoned store erases", err)
	}
	if n := count(t, s); n != 1 {
		t.Fatal("reads see", n)
	}
	// Opened again, the record is seen and could be taken for durable.
	after := d.Kill()
	s = open(t, after, nil)
	outs, err = s.Append(t.Context(), []storage.Fact{touch(2)})
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, open(t, after.Cut(crashfs.Cut{}), nil)); n != 2 {
		t.Errorf("acknowledged as %v, and lost in a power cut", outs[0].Status)
	}
}

func TestAWriteCutShortByAFullDiskLeavesNothing(t *testing.T) {
	t.Parallel()
	d := crashfs.New(1)
	s := open(t, d, nil)
	add(t, s, touches(0, 5)...)
	used := int64(len(image(t, d)) + 8) // the epoch is there too
	for space := used; space < used+500; space += 37 {
		d.SetSpace(space)
		outs, err := s.Append(t.Context(), touches(1000, 1010))
		if !errors.Is(err, storage.ErrUnavailable) || !errors.Is(err, syscall.ENOSPC) || touchpoint.Count(outs)[touchpoint.Retry] != 10 {
			t.Fatal(space, outs, err)
		}
		for _, c := range cuts() {
			if got := count(t, open(t, d.Cut(c), nil)); got != 5 {
				t.Fatalf("%d bytes of space: %d facts after a power cut", space, got)
			}
		}
		if got := count(t, open(t, d.Kill(), nil)); got != 5 {
			t.Fatalf("%d bytes of space: %d facts after a kill", space, got)
		}
	}
	d.SetSpace(-1)
	add(t, s, touch(2000)) // shorter than what is there
	if got := count(t, open(t, d.Cut(crashfs.Cut{Keep: 100}), nil)); got != 6 {
		t.Errorf("%d facts", got)
	}
}

// TestAnErasureCutAnywhereIsFinished: power cuts and kills before every operation of an
// erasure, and then before every operation of the open that finishes it.
func TestAnErasureCutAnywhereIsFinished(t *testing.T) {
	t.Parallel()
	d := crashfs.New(1)
	s := open(t, d, nil)
	for n := range 8 {
		facts := touches(n*5, n*5+5)
		facts[1].Touch.Touchpoint = "zq-secret"
		add(t, s, facts...)
	}
	e := storage.Erasure{
		ID: "e", At: start, Remove: []storage.Query{{IDs: []identity.ID{identity.MakeID(identity.UserID, "u1")}}},
		Redact:   []storage.Fact{{Touch: &touchpoint.Touch{Source: "web", ID: "t2", At: touch(2).At(), Kind: "page_view", Redacted: true}}},
		Suppress: []storage.Suppression{{Tag: storage.Tag{1}, At: start}},
	}
	before := digest(t, s)
	var after [32]byte
	cut, oneIn := 0, 41 // of the cuts of an open
	var check func(where string, left *crashfs.Disk, depth int)
	check = func(where string, left *crashfs.Disk, depth int) {
		cut++
		if depth > 0 { // the open may be cut too
			left.Hook(func(op crashfs.Op) error {
				for i, c := range cuts() {
					if (op.N+i)%oneIn == 0 {
						check(fmt.Sprintf("%s, then %v before %v", where, c, op), left.Cut(c), depth-1)
					}
				}
				return nil
			})
		}
		s := open(t, left, nil)
		left.Hook(nil)
		got := digest(t, s)
		if committed := got != before; committed && got != after {
			t.Fatalf("%s: half an erasure", where)
		} else if committed {
			for name, data := range left.Bytes() {
				if bytes.Contains(data, []byte("zq-secret")) {
					t.Fatalf("%s: %s shows an erased value", where, name)
				}
			}
		}
		if rec, err := s.Erase(context.Background(), e); err != nil || !rec.Done || rec.Removed[storage.ClassTouch] != 8 || rec.Redacted != 1 {
			t.Fatalf("%s: %v %v", where, rec, err)
		}
		if digest(t, s) != after {
			t.Fatalf("%s: erasing again ends otherwise", where)
		}
		if err := storage.Verify(context.Background(), s); err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		_ = s.Close()
	}
	// What it should end with.
	clean := open(t, d.Kill(), nil)
	if _, err := clean.Erase(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	after = digest(t, clean)

	depth := 1
	if testing.Short() {
		depth = 0
	}
	if os.Getenv("TABI_LONG") == "1" {
		oneIn = 5
	}
	d.Hook(func(op crashfs.Op) error {
		for _, c := range cuts() {
			check(fmt.Sprintf("%v before %v", c, op), d.Cut(c), depth)
		}
		check(fmt.Sprintf("killed before %v", op), d.Kill(), 0)
		return nil
	})
	rec, err := s.Erase(t.Context(), e)
	if err != nil || !rec.Done {
		t.Fatal(rec, err)
	}
	for _, c := range cuts() { // acknowledged
		s := open(t, d.Cut(c), nil)
		if digest(t, s) != after {
			t.Fatal("an acknowledged erasure is lost")
		}
		_ = s.Close()
	}
	t.Logf("%d cuts and kills", cut)
}

// TestAFolderThatCannotBeSyncedPoisons: a power cut could bring the old log back under the
// name of the one that was renamed to it.
func TestAFolderThatCannotBeSyncedPoisons(t *testing.T) {
	t.Parallel()
	for _, kind := range []crashfs.OpKind{crashfs.OpRename, crashfs.OpSyncDir} {
		d := crashfs.New(1)
		s := open(t, d, nil)
		add(t, s, touches(0, 9)...)
		d.Hook(func(op crashfs.Op) error {
			if op.Kind == kind {
				return syscall.EIO
			}
			return nil
		})
		e := storage.Erasure{ID: "e", At: start, Remove: []storage.Query{{Keys: []storage.Key{touch(1).Key()}}}}
		if rec, err := s.Erase(t.Context(), e); !errors.Is(err, storage.ErrUncertain) || rec.Done || rec.Removed[storage.ClassTouch] != 1 {
			t.Fatal(kind, rec, err)
		}
		d.Hook(nil)
		if outs, err := s.Append(t.Context(), []storage.Fact{touch(20)}); !errors.Is(err, storage.ErrUncertain) || outs[0].Status != touchpoint.Retry {
			t.Fatal(kind, outs, err)
		}
		if rec, err := s.Erase(t.Context(), e); !errors.Is(err, storage.ErrUncertain) || rec.Done {
			t.Fatal(kind, rec, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, d, nil)
		if rec, err := s.Erase(t.Context(), e); err != nil || !rec.Done {
			t.Fatal(kind, rec, err)
		}
		add(t, s, touch(20))
		if n := count(t, open(t, d.Cut(crashfs.Cut{}), nil)); n != 9 {
			t.Errorf("%v: %d facts", kind, n)
		}
	}
}

func TestAnUnfinishedNewLogIsRemoved(t *testing.T) {
	t.Parallel()
	d := crashfs.New(1)
	s := open(t, d, nil)
	add(t, s, touch(1))
	_ = s.Close()
	f, err := d.Create("tabi/log.new")
	if err == nil {
		_, err = f.WriteAt([]byte("what its writer did not live to rename"), 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, open(t, d, nil)); n != 1 {
		t.Error(n)
	}
	if names, err := d.ReadDir("tabi"); err != nil || strings.Join(names, " ") != "epoch log" {
		t.Error(names, err)
	}
}

func TestASecondWriterIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	d := crashfs.New(1)
	s := open(t, d, nil)
	if _, err := logstore.Open(d, "tabi", nil); !errors.Is(err, storage.ErrLocked) {
		t.Fatal(err)
	}
	add(t, s, touch(1))
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, open(t, d, nil)); n != 1 {
		t.Error(n)
	}
}

func TestTheOldEpochOfAStolenLockIsRefused(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"before the write", "between write and sync"} {
		t.Run(when, func(t *testing.T) {
			d := crashfs.New(1)
			old := open(t, d, nil)
			add(t, old, touch(1))
			var thief *logstore.Store
			want := storage.ErrUnavailable
			if when == "before the write" {
				thief = open(t, d, &logstore.Options{Steal: true})
			} else {
				want = storage.ErrUncertain
				d.Hook(func(op crashfs.Op) error {
					if op.Kind == crashfs.OpSync {
						d.Hook(nil)
						thief = open(t, d, &logstore.Options{Steal: true})
					}
					return nil
				})
			}
			outs, err := old.Append(t.Context(), []storage.Fact{touch(2)})
			if !errors.Is(err, want) || !errors.Is(err, storage.ErrLocked) || outs[0].Status != touchpoint.Retry {
				t.Fatal(outs, err)
			}
			if _, err := old.Erase(t.Context(), storage.Erasure{ID: "e", At: start, Remove: []storage.Query{{Sources: []string{"web"}}}}); !errors.Is(err, storage.ErrLocked) {
				t.Fatal("the old epoch erases", err)
			}
			before := count(t, thief)
			add(t, thief, touch(3))
			_ = old.Close()
			s := open(t, d.Cut(crashfs.Cut{}), nil)
			if n := count(t, s); n != before+1 {
				t.Errorf("%d facts, want %d", n, before+1)
			}
		})
	}
}
