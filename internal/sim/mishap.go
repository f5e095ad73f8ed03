package sim

import (
	"context"
	"errors"

	"github.com/tabi-go/tabi/internal/sim/logstore"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
)

// settled compares the store with the ledger.
func (d *driver) settled() *Violation {
	facts, err := d.m.facts()
	if err != nil {
		return broken("I1", "reading: %v", err)
	}
	return d.ledger.settle(facts, false)
}

// flip turns a bit over in a copy of the files. The store must not open on it, or must
// still have every fact; the run goes on from the intact files.
func (d *driver) flip(arg int) *Violation {
	if d.suspect {
		return nil
	}
	disk := d.m.disk.Kill()
	names, err := disk.ReadDir(logDir)
	if err != nil || len(names) == 0 {
		return nil
	}
	name := logDir + "/" + names[arg%len(names)]
	size := len(disk.Bytes()[name])
	if size == 0 || disk.Flip(name, int64(arg)*977%int64(8*size)) != nil {
		return nil
	}
	d.m.fired[faultFlip]++
	log, err := logstore.Open(disk, logDir, &logstore.Options{ID: 1, Memo: &d.m.memo})
	corrupt := (*storage.CorruptError)(nil)
	switch {
	case errors.As(err, &corrupt):
		return nil
	case err != nil:
		return broken("I1", "a flipped bit in %s: %v", name, err)
	}
	defer log.Close()
	m := &machine{log: log}
	facts, err := m.facts()
	if errors.As(err, &corrupt) {
		return nil
	}
	if err != nil {
		return broken("I1", "reading after a flipped bit: %v", err)
	}
	return d.ledger.settle(facts, false)
}

// A follower is a second store that copies the first.
type follower struct {
	store  *memstore.Store
	cursor storage.Cursor
	facts  int
}

// stale reads a second store that has not caught up: it must be the whole of some earlier
// state, and after catching up the same as the first.
func (d *driver) stale() *Violation {
	ctx := context.Background()
	if d.suspect {
		return nil
	}
	d.m.fired[faultStale]++
	if f := d.follower; f != nil {
		t, err := journey.NewTracker(f.store, d.m.options())
		if err != nil {
			return broken("I31", "a tracker for the follower: %v", err)
		}
		v, err := t.View(ctx, forever)
		if err != nil {
			return broken("I25", "a stale read: %v", err)
		}
		if n, _ := v.Facts(); n != f.facts {
			return broken("I25", "a stale store of %d touches shows %d", f.facts, n)
		}
	} else {
		d.follower = &follower{store: memstore.New(nil)}
	}
	f := d.follower
	cursor, _, err := storage.Copy(ctx, f.store, d.m.log, f.cursor)
	if err != nil {
		return broken("I24", "catching up: %v", err)
	}
	f.cursor = cursor
	n, err := storage.Count(ctx, f.store, storage.Query{Classes: []storage.Class{storage.ClassTouch}})
	if err != nil {
		return broken("I25", "counting: %v", err)
	}
	f.facts = int(n)
	want, err := storage.Digest(ctx, d.m.log)
	if err != nil {
		return broken("I25", "digest of the log: %v", err)
	}
	if got, err := storage.Digest(ctx, f.store); err != nil || got != want {
		return broken("I24", "a store that followed differs (%v)", err)
	}
	return nil
}
