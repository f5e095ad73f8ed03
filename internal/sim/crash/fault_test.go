package crash_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/internal/sim/crashfs"
	"github.com/tabi-go/tabi/internal/sim/logstore"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

var day = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)

// A program records, erases and restarts on a disk, and goes on after errors as a program
// should: it offers again, with a store opened anew where the outcome is uncertain.
type program struct {
	t       *testing.T
	disk    *crashfs.Disk
	store   *logstore.Store
	tracker *journey.Tracker
	errors  int
}

func (p *program) tolerable(doing string, err error) {
	p.t.Helper()
	if p.errors++; p.errors > 20 || !errors.Is(err, storage.ErrUnavailable) && !errors.Is(err, storage.ErrUncertain) {
		p.t.Fatalf("%s: %v", doing, err)
	}
}

func (p *program) restart() {
	p.t.Helper()
	if p.store != nil {
		if err := p.store.Close(); err != nil {
			p.t.Fatal(err)
		}
	}
	for {
		var err error
		if p.store, err = logstore.Open(p.disk, "store", &logstore.Options{ID: 1}); err == nil {
			break
		}
		p.tolerable("open", err)
	}
	tr, err := journey.NewTracker(p.store, &journey.Options{Clock: clock.NewManual(day.AddDate(0, 1, 0)), Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		p.t.Fatal(err)
	}
	p.tracker = tr
}

// try does something until it has no error.
func (p *program) try(doing string, do func() error) {
	p.t.Helper()
	for err := do(); err != nil; err = do() {
		if p.tolerable(doing, err); errors.Is(err, storage.ErrUncertain) {
			p.restart()
		}
	}
}

func (p *program) run() {
	ctx := context.Background()
	p.restart()
	var all []touchpoint.Touch
	for n := range 40 {
		all = append(all, touchpoint.Touch{Source: "web", ID: fmt.Sprint(n), At: day.Add(time.Duration(n) * time.Hour), Kind: "pageview",
			IDs: []identity.ID{identity.MakeID(identity.UserID, fmt.Sprint("u", n%4)), identity.MakeID(identity.AnonymousID, fmt.Sprint("a", n%9))}})
	}
	for n := range 8 {
		p.try("record", func() error {
			outs, err := p.tracker.Record(ctx, append(all[5*n:5*n+5], all[5*n])...)
			if got := touchpoint.Count(outs); err == nil && got[touchpoint.Accepted]+got[touchpoint.Duplicate] != 6 {
				p.t.Fatal(got)
			}
			return err
		})
		if n%3 == 2 {
			p.try("erase", func() error {
				_, err := p.store.Erase(ctx, storage.Erasure{ID: fmt.Sprint("e", n), At: day, Remove: []storage.Query{{IDs: []identity.ID{identity.MakeID(identity.UserID, fmt.Sprint("u", n/3))}}},
					Suppress: []storage.Suppression{{Tag: storage.Tag{byte(n)}, At: day}}})
				return err
			})
			p.restart()
		}
	}
}

func (p *program) digest() [32]byte {
	sum, err := p.tracker.Digest(context.Background(), day.AddDate(0, 1, 0))
	if err != nil {
		p.t.Fatal(err)
	}
	return sum
}

// TestFailingTheNthOperationOfTheDisk fails every operation of a run in turn, each kind in
// each way; the program offers again what is to be offered again, and ends as a run
// without failures does: in memory, and after a power cut.
func TestFailingTheNthOperationOfTheDisk(t *testing.T) {
	clean := &program{t: t, disk: crashfs.New(1)}
	clean.run()
	want, ops := clean.digest(), clean.disk.Ops()
	refuse := func(err error) func(*crashfs.Disk, crashfs.Op) error {
		return func(*crashfs.Disk, crashfs.Op) error { return err }
	}
	for name, fail := range map[string]func(*crashfs.Disk, crashfs.Op) error{
		"error":     refuse(syscall.EIO),
		"full":      refuse(syscall.ENOSPC),
		"read-only": refuse(syscall.EROFS),
		"sync dropped": func(d *crashfs.Disk, op crashfs.Op) error {
			if op.Kind == crashfs.OpSync {
				d.FailSync(1, false)
			}
			return nil
		},
		"sync done, answer lost": func(d *crashfs.Disk, op crashfs.Op) error {
			if op.Kind == crashfs.OpSync {
				d.FailSync(1, true)
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failed := 0
			for n := 1; n <= ops; n += size(5, 1, 1) {
				p := &program{t: t, disk: crashfs.New(1)}
				what := "nothing"
				p.disk.Hook(func(op crashfs.Op) error {
					if op.N != n {
						return nil
					}
					what = fmt.Sprint(op.Kind, " ", op.Name)
					return fail(p.disk, op)
				})
				p.run()
				if p.errors > 0 {
					failed++
				}
				if p.digest() != want {
					t.Errorf("operation %d, %s: another digest", n, what)
				}
				after := &program{t: t, disk: p.disk.Cut(crashfs.Cut{})}
				if after.restart(); after.digest() != want {
					t.Errorf("operation %d, %s: another digest after a power cut", n, what)
				}
			}
			if failed == 0 {
				t.Error("nothing failed")
			}
			t.Logf("%d operations, %d with errors", ops, failed)
		})
	}
}

// TestDiskFullAndFreed fills the disk and frees it, two hundred times.
func TestDiskFullAndFreed(t *testing.T) {
	ctx := context.Background()
	p := &program{t: t, disk: crashfs.New(1)}
	p.restart()
	for n := range 200 {
		tp := touchpoint.Touch{Source: "web", ID: fmt.Sprint(n), At: day, Kind: "pageview", IDs: []identity.ID{identity.MakeID(identity.UserID, "u")}}
		p.disk.SetSpace(int64(n)) // less than there is
		outs, err := p.tracker.Record(ctx, tp)
		if !errors.Is(err, storage.ErrUnavailable) || !errors.Is(err, syscall.ENOSPC) || outs[0].Status != touchpoint.Retry {
			t.Fatal(outs, err)
		}
		if c, err := storage.Count(ctx, p.store, storage.Query{}); err != nil || c != int64(n) {
			t.Fatal("reads do not go on", c, err)
		}
		p.disk.SetSpace(-1)
		if outs, err = p.tracker.Record(ctx, tp); err != nil || outs[0].Status != touchpoint.Accepted {
			t.Fatal(outs, err)
		}
		if n%20 == 0 {
			p.disk = p.disk.Cut(crashfs.Cut{Keep: 25 * (n % 3)})
			p.store = nil
			p.restart()
		}
	}
	if c, err := storage.Count(ctx, p.store, storage.Query{}); err != nil || c != 200 {
		t.Fatal(c, err)
	}
}
