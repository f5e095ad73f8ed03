package memstore_test

import (
	"context"
	"io"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
)

func harness() storetest.Harness {
	seeds, ops := 0, 0
	if os.Getenv("TABI_LONG") == "1" {
		seeds, ops = 100, 2000
	} else if testing.Short() { // most of a history has one goroutine
		seeds, ops = 2, 60
	}
	return storetest.Harness{
		Seeds: seeds, Ops: ops,
		Open: func(context.Context) (storage.Store, error) { return memstore.New(nil), nil },
		// A second handle of a store in memory is the store itself.
		Second: func(_ context.Context, s storage.Store) (storage.Store, error) { return s, nil },
		Bytes: func(s storage.Store) ([]io.ReadCloser, error) {
			return memstore.Bytes(s.(*memstore.Store)), nil
		},
		Fault: func(s storage.Store, kind storetest.Fault) (func() error, error) {
			if kind != storetest.FlipByte {
				return nil, storage.ErrUnsupported
			}
			memstore.Flip(s.(*memstore.Store))
			return func() error { memstore.Flip(s.(*memstore.Store)); return nil }, nil
		},
	}
}

func TestConformance(t *testing.T) { storetest.Run(t, harness()) }

// TestConformanceOfAFailingStore runs the suite on a store without optional interfaces,
// and makes it fail where the suite wants that.
func TestConformanceOfAFailingStore(t *testing.T) {
	var mu sync.Mutex // guards faults
	faults := make(map[storage.Store]*storetest.Faults)
	storetest.Run(t, storetest.Harness{
		Seeds: 2, Ops: harness().Ops,
		Open: func(context.Context) (storage.Store, error) {
			f := new(storetest.Faults)
			s := storetest.Faulty(memstore.New(nil), f)
			mu.Lock()
			defer mu.Unlock()
			faults[s] = f
			return s, nil
		},
		Fault: func(s storage.Store, kind storetest.Fault) (func() error, error) {
			mu.Lock()
			f := faults[s]
			mu.Unlock()
			next := f.Calls() + 1
			undo := func() error {
				f.Set(func(f *storetest.Faults) {
					f.Refuse, f.Frozen, f.Lose, f.Cut, f.Delay = storetest.When{}, storetest.When{}, storetest.When{}, storetest.When{}, 0
				})
				return nil
			}
			var err error
			f.Set(func(f *storetest.Faults) {
				switch kind {
				case storetest.BeforeCommit:
					f.Refuse.Nth = next
				case storetest.LostCommitReply:
					f.Lose.Nth = next
				case storetest.CutConnection:
					f.Cut.Nth = next
				case storetest.DiskFull, storetest.ReadOnly, storetest.UnreadableSuppression:
					f.Frozen.From, f.Cause = next, syscall.ENOSPC
				case storetest.SlowRead:
					f.Delay = 5 * time.Millisecond
				default:
					err = storage.ErrUnsupported
				}
			})
			return undo, err
		},
	})
}
