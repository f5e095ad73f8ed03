package logstore_test

import (
	"context"
	"errors"
	"syscall"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/internal/sim/crashfs"
	"github.com/tabi-go/tabi/internal/sim/logstore"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// Table 4, I/O error: every operation of the disk fails in turn, while a log is opened,
// written, erased from, verified and opened again. Each error says of which class it is and
// why, no panic, and afterwards the store is that of a run that nothing disturbed.
func TestIOErrorAtEveryOperationOfTheDisk(t *testing.T) {
	t.Parallel()
	erasure := storage.Erasure{ID: "e", At: start, Remove: []storage.Query{{IDs: []identity.ID{identity.MakeID(identity.UserID, "u1")}}},
		Suppress: []storage.Suppression{{Tag: storage.Tag{1}, At: start}}}
	live := func(d *crashfs.Disk, try func(error) bool) *logstore.Store {
		var s *logstore.Store
		reopen := func() {
			for {
				if s != nil {
					try(s.Close())
				}
				var err error
				if s, err = logstore.Open(d, "tabi", &logstore.Options{ID: 7}); !try(err) {
					return
				}
				s = nil
			}
		}
		again := func(do func() error) {
			for err := do(); try(err); err = do() {
				if errors.Is(err, storage.ErrUncertain) {
					reopen()
				}
			}
		}
		reopen()
		for n := range 3 {
			again(func() error { _, err := s.Append(t.Context(), touches(5*n, 5*n+5)); return err })
		}
		again(func() error { return s.Verify(t.Context()) })
		again(func() error { _, err := s.Erase(t.Context(), erasure); return err })
		reopen()
		again(func() error { return s.Verify(t.Context()) })
		return s
	}
	clean := crashfs.New(1)
	want := digest(t, live(clean, func(err error) bool {
		if err != nil {
			t.Fatal(err)
		}
		return false
	}))
	for n := 1; n <= clean.Ops(); n++ {
		d := crashfs.New(1)
		what := ""
		d.Hook(func(op crashfs.Op) error {
			if op.N != n {
				return nil
			}
			what = op.Name
			return syscall.EIO
		})
		failures := 0
		s := live(d, func(err error) bool {
			var corrupt *storage.CorruptError
			switch {
			case err == nil:
				return false
			case !errors.Is(err, storage.ErrUnavailable) && !errors.Is(err, storage.ErrUncertain) || errors.As(err, &corrupt):
				t.Fatalf("operation %d on %s: %v", n, what, err)
			case !errors.Is(err, syscall.EIO):
				t.Fatalf("operation %d on %s: the cause is gone: %v", n, what, err)
			}
			if failures++; failures > 5 {
				t.Fatalf("operation %d on %s: it never works again: %v", n, what, err)
			}
			return true
		})
		if digest(t, s) != want {
			t.Errorf("operation %d on %s: other facts", n, what)
		}
		if digest(t, open(t, d.Cut(crashfs.Cut{}), nil)) != want {
			t.Errorf("operation %d on %s: other facts after a power cut", n, what)
		}
	}
}

func TestCallsThatCannotBegin(t *testing.T) {
	t.Parallel()
	s := open(t, crashfs.New(1), nil)
	add(t, s, touches(0, 3)...)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Verify(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify: %v", err)
	}
	if _, err := s.Erase(gone, storage.Erasure{ID: "e", At: start, Remove: []storage.Query{{Sources: []string{"web"}}}}); !errors.Is(err, context.Canceled) {
		t.Errorf("Erase: %v", err)
	}
	if _, err := s.Erase(t.Context(), storage.Erasure{At: start}); !errors.Is(err, storage.ErrErasure) {
		t.Errorf("an erasure without an id: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(t.Context()); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("Verify after Close: %v", err)
	}
}

// A repeat inside a batch shares the fate of its first copy, also where that is Retry.
func TestPartialBatchWhoseWriteFailsIsAllToBeRepeated(t *testing.T) {
	t.Parallel()
	d := crashfs.New(1)
	s := open(t, d, nil)
	other := touch(1)
	other.Touch.Stage = "other"
	d.Hook(func(op crashfs.Op) error { return syscall.ENOSPC })
	outs, err := s.Append(t.Context(), []storage.Fact{touch(1), touch(2), touch(1), other, {}})
	d.Hook(nil)
	if !errors.Is(err, syscall.ENOSPC) || len(outs) != 5 {
		t.Fatal(outs, err)
	}
	for i, want := range []touchpoint.Status{touchpoint.Retry, touchpoint.Retry, touchpoint.Retry, touchpoint.Retry, touchpoint.Rejected} {
		if outs[i].Status != want || want == touchpoint.Retry && !errors.Is(outs[i].Err, storage.ErrUnavailable) {
			t.Errorf("outcome %d is %v %v, want %v", i, outs[i].Status, outs[i].Err, want)
		}
	}
	if n := count(t, s); n != 0 {
		t.Errorf("%d facts", n)
	}
}

// Every byte of the header counts: with one of them damaged the log is not opened.
func TestCorruptHeaderIsReported(t *testing.T) {
	t.Parallel()
	d := crashfs.New(1)
	s := open(t, d, nil)
	add(t, s, touches(0, 3)...)
	whole := image(t, d)
	for at := range 20 {
		for bit := range 8 {
			bad := append([]byte(nil), whole...)
			bad[at] ^= 1 << bit
			var corrupt *storage.CorruptError
			if _, err := logstore.Open(diskWith(t, bad), "tabi", nil); !errors.As(err, &corrupt) || corrupt.Offset > int64(at) {
				t.Errorf("bit %d of byte %d: %v", bit, at, err)
			}
		}
	}
}
