package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync/atomic"

	"github.com/tabi-go/tabi/internal/sim/crashfs"
	"github.com/tabi-go/tabi/internal/sim/logstore"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/touchpoint"
)

// childEnv holds the order of a child process, as JSON.
const childEnv = "TABI_CRASH_CHILD"

// An order says what a child process does in a store, until it is killed.
type order struct {
	Dir    string
	Seed   uint64
	Unsafe string
	Next   int // number of the first touch to record; all before it are in the store
	Users  int // so many users have been erased, or nearly
	Erase  int // 1 + the user to erase instead of recording; 0 = record
	DieAt  int // kills itself before this operation: of the erasure, or of the open; 0 = never
	InOpen bool
}

// batchSize is how many new touches a child records at once; repeats come on top.
const batchSize = 90

// The lines that a child prints. It prints after the call has returned.
const (
	openLine  = "open"
	ackLine   = "ack"  // number of the next touch, and the tally
	eraseLine = "gone" // the user
	wrongLine = "wrong"
)

// Child does the work of the child process and ends it, if that is what this process is;
// otherwise it returns at once. Programs and tests that call Kill call it first.
func Child() {
	text := os.Getenv(childEnv)
	if text == "" {
		return
	}
	var o order
	err := json.Unmarshal([]byte(text), &o)
	if err == nil {
		err = o.run(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "crash: the child ended:", err)
		os.Exit(3)
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed, or left alone
	os.Exit(0)
}

// openStore opens a store for a run.
func openStore(fsys crashfs.FS, dir string, seed uint64) (*logstore.Store, *journey.Tracker, error) {
	s, err := logstore.Open(fsys, dir, &logstore.Options{ID: seed + 1})
	if err != nil {
		return nil, nil, err
	}
	t, err := journey.NewTracker(s, quiet())
	return s, t, err
}

func (o order) run(ctx context.Context) error {
	d := &dying{FS: crashfs.OS{}}
	fsys, err := unsafeFS(d, o.Unsafe)
	if err != nil {
		return err
	}
	if o.InOpen {
		d.left.Store(int64(o.DieAt))
	}
	s, t, err := openStore(fsys, o.Dir, o.Seed)
	if err != nil {
		return err
	}
	d.left.Store(0)
	fmt.Println(openLine)
	if o.Erase > 0 {
		d.left.Store(int64(o.DieAt))
		if _, err := s.Erase(ctx, erasure(o.Erase, o.Erase-1)); err != nil {
			return err
		}
		fmt.Println(eraseLine, o.Erase-1)
		return nil
	}
	for next := o.Next; ; next += batchSize {
		b := killBatch(o.Seed, next, o.Users)
		outs, err := t.Record(ctx, b.records...)
		if err != nil {
			return err
		}
		got := touchpoint.Count(outs)
		fmt.Println(ackLine, next+batchSize, got[touchpoint.Accepted], got[touchpoint.Duplicate], got[touchpoint.Conflict],
			got[touchpoint.Rejected], got[touchpoint.Suppressed], got[touchpoint.Retry])
		if wrong := b.settled(got); wrong != "" {
			fmt.Println(wrongLine, wrong)
			return nil
		}
	}
}

// killBatch is the batch that begins with a number: the same in every process. What it
// repeats is of the batch before, and of users that nobody has erased.
func killBatch(seed uint64, next, erased int) batch {
	var old []int
	for n := max(0, next-batchSize); n < next; n++ {
		if n%users >= erased {
			old = append(old, n)
		}
	}
	return newBatch(next, batchSize, old, rand.New(rand.NewPCG(seed, uint64(next))))
}

// dying counts operations down and kills the process before the last.
type dying struct {
	crashfs.FS
	left atomic.Int64
}

func (d *dying) step() {
	if d.left.Add(-1) == 0 {
		if p, err := os.FindProcess(os.Getpid()); err == nil {
			_ = p.Kill()
		}
		select {} // signal 9 comes
	}
}

func (d *dying) Open(name string) (crashfs.File, error) {
	d.step()
	return d.file(d.FS.Open(name))
}

func (d *dying) Create(name string) (crashfs.File, error) {
	d.step()
	return d.file(d.FS.Create(name))
}

func (d *dying) file(f crashfs.File, err error) (crashfs.File, error) {
	if err != nil {
		return nil, err
	}
	return dyingFile{f, d}, nil
}

func (d *dying) Rename(from, to string) error {
	d.step()
	return d.FS.Rename(from, to)
}

func (d *dying) SyncDir(dir string) error {
	d.step()
	return d.FS.SyncDir(dir)
}

type dyingFile struct {
	crashfs.File
	d *dying
}

// WriteAt dies before it has written, or half way.
func (f dyingFile) WriteAt(b []byte, off int64) (int, error) {
	f.d.step()
	half := len(b) / 2
	if n, err := f.File.WriteAt(b[:half], off); err != nil {
		return n, err
	}
	f.d.step()
	n, err := f.File.WriteAt(b[half:], off+int64(half))
	return half + n, err
}

func (f dyingFile) Sync() error {
	f.d.step()
	return f.File.Sync()
}
