package storetest_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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
	keep  bool // keeps the former file beside the new one
	calls int
	step  func() // called between what a kill may part; nil: nothing
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
	if s.step != nil {
		s.step()
	}
	if s.keep {
		if b, err := os.ReadFile(s.path); err == nil && os.WriteFile(s.path+".old", b, 0o600) != nil {
			return fs.ErrInvalid
		}
	}
	err = os.Rename(s.path+".new", s.path)
	if s.step != nil {
		s.step()
	}
	return err
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
	if testing.Short() {
		h.Seeds, h.Ops = 2, 60
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

// steps makes a filed store count what a kill may come between.
func steps(ctx context.Context, dir string, step func()) (storage.Store, error) {
	step()
	s, err := openFiled(ctx, dir, false)
	if err == nil {
		s.step = step
	}
	step()
	return s, err
}

func fileBytes(dir string) ([]io.ReadCloser, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	var list []io.ReadCloser
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, err
}

func TestKillErasuresPassesADurableStore(t *testing.T) {
	storetest.KillErasures(t, storetest.KillHarness{Kills: 8, Steps: steps, Bytes: fileBytes, Open: func(ctx context.Context, dir string) (storage.Store, error) {
		return openFiled(ctx, dir, false)
	}})
}

// An erasure that is acknowledged before it is written, and one that leaves the former file.
func TestKillErasuresFindsBrokenStores(t *testing.T) {
	for name, broken := range map[string]func(*filed){
		"answers too early":     func(s *filed) { s.late = true },
		"keeps the former file": func(s *filed) { s.keep = true },
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			open := func(ctx context.Context, dir string) (storage.Store, error) {
				s, err := openFiled(ctx, dir, false)
				broken(s)
				return s, err
			}
			err := storetest.KillErasuresError(t, storetest.KillHarness{Kills: 8, Bytes: fileBytes, Open: open, Steps: func(ctx context.Context, dir string, step func()) (storage.Store, error) {
				s, err := steps(ctx, dir, step)
				broken(s.(*filed))
				return s, err
			}})
			if err == nil {
				t.Fatal("KillErasures finds nothing")
			}
			t.Log(err)
		})
	}
}
