package sim

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A rig makes a store fail in the two ways that storetest.Faulty does not know: a batch of
// which a prefix is stored, and a deadline that passes in the middle of a call.
type rig struct {
	storage.Store
	prefix   int  // so many facts of the next Append are stored, then it fails
	patience int  // how often the next call may look at its context before the deadline passes
	late     bool // it did pass
}

var errRig = errors.New("sim: the connection broke")

// hurry returns a context whose deadline passes while it is looked at.
func (g *rig) hurry(ctx context.Context) context.Context {
	if g.patience == 0 {
		return ctx
	}
	h := &hurried{ctx, g.patience, g}
	g.patience = 0
	return h
}

type hurried struct {
	context.Context
	left int
	rig  *rig
}

// Err is nil until it was asked often enough.
func (h *hurried) Err() error {
	if h.left--; h.left >= 0 {
		return h.Context.Err()
	}
	h.rig.late = true
	return context.DeadlineExceeded
}

// Deadline is long past.
func (h *hurried) Deadline() (time.Time, bool) { return time.Unix(1, 0), true }

func (g *rig) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	if g.prefix == 0 {
		return g.Store.Append(g.hurry(ctx), facts)
	}
	n := min(g.prefix, len(facts))
	g.prefix = 0
	outs, err := g.Store.Append(ctx, facts[:n])
	if outs == nil {
		return nil, err
	}
	err = fmt.Errorf("%w: %w", storage.ErrUncertain, errRig)
	for i, f := range facts {
		if i >= n {
			k := f.Key()
			outs = append(outs, touchpoint.Outcome{Key: touchpoint.Key{Source: k.Source, ID: k.ID}})
		}
		if bad := storage.Check(f); bad == nil && outs[i].Status != touchpoint.Suppressed {
			outs[i].Status, outs[i].Reason, outs[i].Fields, outs[i].Err = touchpoint.Retry, "", nil, err
		} else if i >= n {
			outs[i].Status, outs[i].Err = touchpoint.Rejected, bad
			if e := (*touchpoint.InvalidError)(nil); errors.As(bad, &e) {
				outs[i].Reason = e.Reason
			}
		}
	}
	return outs, err
}

func (g *rig) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return g.Store.Scan(g.hurry(ctx), q)
}

func (g *rig) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	return g.Store.Ties(g.hurry(ctx), ids)
}

func (g *rig) Erase(ctx context.Context, e storage.Erasure) (storage.Receipt, error) {
	return g.Store.Erase(g.hurry(ctx), e)
}
