package storetest_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// filed is the simplest durable store: it writes a dump of everything after each call, and
// renames it into place. Its cursors do not outlive it.
type filed struct {
	*memstore.Store
	path  string
	late  bool // answers before it writes: what Kill must find
	calls int
}

func openFiled(ctx context.Context, dir string, late bool) (*filed, error) {
	s := &filed{Store: memstore.New(nil), path: filepath.Join(dir, "facts.jsonl"), late: late}
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	_, err = storage.Restore(ctx, s.Store, f)
	return s, err
}

func (s *filed) save(ctx context.Context) error {
	if s.calls++; s.late && s.calls%4 != 0 {
		return nil
	}
	f, err := os.Create(s.path + ".new")
	if err != nil {
		return err
	}
	if err := errors.Join(storage.Dump(context.WithoutCancel(ctx), s.Store, f), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(s.path+".new", s.path)
}

func (s *filed) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	outs, err := s.Store.Append(ctx, facts)
	if err == nil && len(facts) > 0 {
		err = s.save(ctx)
	}
	return outs, err
}

func (s *filed) Erase(ctx context.Context, e storage.Erasure) (storage.Receipt, error) {
	rec, err := s.Store.Erase(ctx, e)
	return rec, errors.Join(err, s.save(ctx))
}

func TestReopenRulesPassADurableStore(t *testing.T) {
	h := storetest.Harness{
		Open: func(ctx context.Context) (storage.Store, error) { return openFiled(ctx, t.TempDir(), false) },
		Reopen: func(ctx context.Context, s storage.Store) (storage.Store, error) {
			if err := s.Close(); err != nil {
				return nil, err
			}
			return openFiled(ctx, filepath.Dir(s.(*filed).path), false)
		},
	}
	for _, part := range []string{"S10/reopen", "S3/reopen", "S4/reopen", "S5/reopen", "S11/reopen", "S14/reopen"} {
		if err := storetest.CheckOnly(t.Context(), h, part); err != nil {
			t.Error(err)
		}
	}
	if err := storetest.CheckOnly(t.Context(), h, "C6/reopen"); err == nil {
		t.Error("cursors of another life of the store are taken")
	}
}

func TestKillPassesADurableStore(t *testing.T) {
	storetest.Kill(t, storetest.KillHarness{Batch: 5, Kills: 6, Open: func(ctx context.Context, dir string) (storage.Store, error) {
		return openFiled(ctx, dir, false)
	}})
}

func TestKillFindsAStoreThatAnswersTooEarly(t *testing.T) {
	err := storetest.KillError(t, storetest.KillHarness{Batch: 5, Kills: 12, Open: func(ctx context.Context, dir string) (storage.Store, error) {
		return openFiled(ctx, dir, true)
	}})
	if err == nil {
		t.Fatal("Kill finds nothing")
	}
}
