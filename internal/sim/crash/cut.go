package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/internal/sim/crashfs"
	"github.com/tabi-go/tabi/internal/sim/logstore"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

const (
	cutSteps = 30 // calls of a schedule of Cut
	atSync   = 2  // cuts at each sync
	between  = 6  // one operation in so many is cut besides
)

// Cut records on disks in memory and cuts their power: twice at every sync, and at one
// operation in six between; each time with another share of the unsynced writes kept, as a
// prefix or as any sectors, and whole or torn. One cut in eight is the death of the
// process alone. What is left is opened, compared with what was acknowledged, written
// again, cut with nothing kept, and compared once more. Of the writer's own syncs one in
// forty fails and drops what it should have written; the writer then opens its store
// again, as a program must.
func Cut(ctx context.Context, o Options) (*Report, error) {
	r := o.report("cut")
	if _, err := unsafeFS(nil, o.Unsafe); err != nil {
		return nil, err
	}
	for seed := o.Seed; r.Cuts < o.N; seed++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c := &cutter{ctx: ctx, o: o, r: r, seed: seed, ledger: newLedger(),
			disk: crashfs.New(seed), rand: rand.New(rand.NewPCG(seed, 1)), points: rand.New(rand.NewPCG(seed, 2))}
		if err := c.run(); err != nil {
			return nil, fmt.Errorf("crash: schedule %d: %w", seed, err)
		}
	}
	r.Schedules = r.Cuts
	return r, nil
}

// A cutter is one schedule: a writer and the cuts of its disk.
type cutter struct {
	ctx    context.Context
	o      Options
	r      *Report
	seed   uint64
	disk   *crashfs.Disk
	rand   *rand.Rand // of the writer
	points *rand.Rand // of the cuts, which must not change what the writer does
	ledger *ledger

	store   *logstore.Store
	tracker *journey.Tracker
	step    int
	next    int // number of the next touch
}

// quiet are the options of a tracker for a run.
func quiet() *journey.Options {
	return &journey.Options{
		Clock:  clock.NewManual(later),
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Rules:  &identity.Rules{Key: []byte("0123456789abcdef0123456789abcdef")},
	}
}

// openOn opens the store on a disk.
func (c *cutter) openOn(d *crashfs.Disk) (*logstore.Store, *journey.Tracker, error) {
	fsys, err := unsafeFS(d, c.o.Unsafe)
	if err != nil {
		return nil, nil, err
	}
	return openStore(fsys, "store", c.seed)
}

// run is the writer.
func (c *cutter) run() error {
	c.disk.Hook(c.hook)
	if err := c.reopen(); err != nil {
		return err
	}
	for c.step = 1; c.step <= cutSteps && c.r.Cuts < c.o.N; c.step++ {
		var err error
		switch k := c.rand.IntN(20); {
		case k == 0:
			err = c.reopen()
		case k <= 2 && len(c.ledger.acked) > 0:
			err = c.erase()
		default:
			err = c.record()
		}
		if err != nil {
			return err
		}
	}
	c.disk.Hook(nil)
	return c.store.Close()
}

// reopen closes the store and opens it again. It tries until it succeeds: a sync may fail.
func (c *cutter) reopen() (err error) {
	if c.store != nil {
		if err := c.store.Close(); err != nil {
			return err
		}
	}
	for range 10 {
		if c.store, c.tracker, err = c.openOn(c.disk); err == nil || !retry(err) {
			return err
		}
	}
	return err
}

func retry(err error) bool {
	return errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrUncertain)
}

// record offers a batch until it is settled.
func (c *cutter) record() error {
	b := newBatch(c.next, 1+c.rand.IntN(8), c.ledger.numbers(), c.rand)
	c.ledger.flight = b.fresh
	c.next += len(b.fresh)
	for {
		outs, err := c.tracker.Record(c.ctx, b.records...)
		c.r.count(touchpoint.Count(outs))
		if err == nil {
			c.ledger.settle()
			if wrong := b.settled(touchpoint.Count(outs)); wrong != "" {
				c.fail(&finding{invariant: "I5", detail: wrong})
			}
			return nil
		}
		if !retry(err) {
			return err
		}
		if err := c.reopen(); err != nil {
			return err
		}
	}
}

// erase removes the touches of one user until that is done.
func (c *cutter) erase() error {
	list := c.ledger.numbers()
	user := list[c.rand.IntN(len(list))] % users
	going := make(map[int]bool)
	for _, n := range list {
		if n%users == user {
			going[n] = true
		}
	}
	c.ledger.going = going
	for {
		c.r.Ops++
		_, err := c.store.Erase(c.ctx, erasure(c.step, user))
		if err == nil {
			c.ledger.erased()
			return nil
		}
		if !retry(err) {
			return err
		}
		if err := c.reopen(); err != nil {
			return err
		}
	}
}

func erasure(n, user int) storage.Erasure {
	return storage.Erasure{ID: fmt.Sprint("crash-", n), At: later, Remove: []storage.Query{{IDs: []identity.ID{userID(user)}}}}
}

// hook cuts the power before an operation, and makes syncs fail.
func (c *cutter) hook(op crashfs.Op) error {
	sync := op.Kind == crashfs.OpSync || op.Kind == crashfs.OpSyncDir
	cuts := 0
	if sync {
		cuts = atSync
	} else if c.points.IntN(between) == 0 {
		cuts = 1
	}
	for range cuts {
		if c.r.Cuts == c.o.N || c.ctx.Err() != nil {
			break
		}
		c.r.Cuts++
		if c.o.Progress != nil {
			c.o.Progress(c.r.Cuts, c.o.N)
		}
		left, what := c.cut()
		if f := c.look(left); f != nil {
			f.detail = fmt.Sprintf("%s before %v of %s: %s", what, op.Kind, op.Name, f.detail)
			c.fail(f)
		}
	}
	if op.Kind == crashfs.OpSync && c.points.IntN(40) == 0 {
		c.r.fault("sync fails and drops")
		c.disk.FailSync(1, false)
	}
	return nil
}

// cut returns what a crash leaves, and says which.
func (c *cutter) cut() (*crashfs.Disk, string) {
	if c.points.IntN(8) == 0 {
		c.r.fault("process death")
		return c.disk.Kill(), "killed"
	}
	cut := crashfs.Cut{
		Keep: []int{0, 25, 50, 100}[c.points.IntN(4)], Subset: c.points.IntN(2) == 0,
		Torn: []crashfs.Torn{crashfs.Whole, crashfs.AtByte, crashfs.AtSector}[c.points.IntN(3)],
	}
	c.r.fault("power cut")
	return c.disk.Cut(cut), fmt.Sprintf("cut %+v", cut)
}

// look opens what is left of a disk, compares it with the ledger, goes on with it, looks
// for bytes of what was erased, and cuts it again.
func (c *cutter) look(left *crashfs.Disk) *finding {
	v, f := c.open(left, c.ledger)
	if f != nil {
		return f
	}
	// A program would go on from here: what it is told now must hold as well.
	after := newLedger()
	for n := range c.ledger.acked {
		if !v.going || !c.ledger.going[n] {
			after.acked[n] = true
		}
	}
	if v.flight {
		after.flight = c.ledger.flight
		after.settle()
	}
	s, t, err := c.openOn(left)
	if err != nil {
		return &finding{lost: len(after.acked), invariant: "I1", detail: "the second open: " + err.Error()}
	}
	defer s.Close()
	b := newBatch(1_000_000, 3, nil, c.points)
	outs, err := t.Record(c.ctx, b.records...)
	if err != nil {
		return &finding{invariant: "I31", detail: "writing after the crash: " + err.Error()}
	}
	if wrong := b.settled(touchpoint.Count(outs)); wrong != "" {
		return &finding{invariant: "I5", detail: "after the crash: " + wrong}
	}
	after.flight = b.fresh
	after.settle()
	if f := after.shown(left.Bytes()); f != nil {
		return f
	}
	if _, f = c.open(left.Cut(crashfs.Cut{}), after); f != nil {
		f.detail = "and a second cut: " + f.detail
	}
	return f
}

// open opens a disk and compares it with a ledger.
func (c *cutter) open(d *crashfs.Disk, l *ledger) (verdict, *finding) {
	s, _, err := c.openOn(d)
	if err != nil {
		return verdict{}, &finding{lost: len(l.acked), invariant: "I1", detail: "open: " + err.Error()}
	}
	defer s.Close()
	return l.check(c.ctx, s)
}

func (c *cutter) fail(f *finding) { c.r.fail(c.seed, c.step, f) }
