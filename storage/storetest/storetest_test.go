package storetest_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// broken stores, each wrong in one way, and the group of rules that must tell.
var broken = []struct {
	name, group string
	wrap        func(*memstore.Store) storage.Store
}{
	{"last write wins", "append", func(s *memstore.Store) storage.Store { return &lastWins{Store: s} }},
	{"one bad fact fails its batch", "append", func(s *memstore.Store) storage.Store { return &badFailsAll{s} }},
	{"forgets keys after 1,000", "append", func(s *memstore.Store) storage.Store { return &forgetful{Store: s} }},
	{"trims text", "values", func(s *memstore.Store) storage.Store { return &rewrites{s, strings.TrimSpace} }},
	{"folds case", "values", func(s *memstore.Store) storage.Store { return &rewrites{s, strings.ToLower} }},
}

func harness(wrap func(*memstore.Store) storage.Store) storetest.Harness {
	return storetest.Harness{Open: func(context.Context) (storage.Store, error) { return wrap(memstore.New(nil)), nil }}
}

func TestBrokenStoresAreCaughtByTheirGroup(t *testing.T) {
	for _, b := range broken {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			err := storetest.CheckGroup(t.Context(), harness(b.wrap), b.group)
			var f *storetest.Failure
			if !errors.As(err, &f) {
				t.Fatalf("group %s finds nothing: %v", b.group, err)
			}
			if f.Rule == "" || f.Why == "" || f.Detail == "" || !strings.Contains(err.Error(), f.Why) {
				t.Errorf("a failure that does not say what is wrong and why: %#v", f)
			}
		})
	}
}

func TestCheckFindsWhatAGroupFinds(t *testing.T) {
	list := broken[:1]
	if os.Getenv("TABI_LONG") == "1" {
		list = broken
	}
	for _, b := range list {
		t.Run(b.name, func(t *testing.T) {
			if err := storetest.Check(t.Context(), harness(b.wrap)); err == nil {
				t.Fatal("Check finds nothing")
			}
		})
	}
}

func TestCheckPassesAGoodStore(t *testing.T) {
	err := storetest.Check(t.Context(), harness(func(s *memstore.Store) storage.Store { return s }))
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryRuleHasANameAndAReason(t *testing.T) {
	for name, why := range storetest.Rules() {
		if len(strings.Split(name, "/")) != 3 || why == "" || strings.ContainsAny(name, " \t") {
			t.Errorf("rule %q: %q", name, why)
		}
	}
}

// lastWins keeps the newest content of a key.
type lastWins struct {
	*memstore.Store
}

func (s *lastWins) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	outs, err := s.Store.Append(ctx, facts)
	for i, o := range outs {
		if o.Status == touchpoint.Conflict && facts[i].Touch != nil {
			e := storage.Erasure{ID: rnd(), At: facts[i].At(), Redact: facts[i : i+1]}
			if _, err := s.Store.Erase(ctx, e); err == nil {
				outs[i].Status = touchpoint.Duplicate
			}
		}
	}
	return outs, err
}

// badFailsAll refuses a batch with a bad fact in it.
type badFailsAll struct{ *memstore.Store }

func (s *badFailsAll) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	for _, f := range facts {
		if err := storage.Check(f); err != nil {
			outs := make([]touchpoint.Outcome, len(facts))
			for i := range outs {
				outs[i] = touchpoint.Outcome{Status: touchpoint.Rejected, Err: err, Reason: touchpoint.Missing}
			}
			return outs, nil
		}
	}
	return s.Store.Append(ctx, facts)
}

// forgetful knows the last 1,000 keys only.
type forgetful struct {
	*memstore.Store
	known []storage.Key
}

func (s *forgetful) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	outs, err := s.Store.Append(ctx, facts)
	for i, o := range outs {
		if o.Status == touchpoint.Accepted {
			s.known = append(s.known, facts[i].Key())
		}
	}
	if n := len(s.known) - 1000; n > 0 {
		_, _ = s.Store.Erase(ctx, storage.Erasure{ID: rnd(), At: facts[0].At(), Remove: []storage.Query{{Keys: s.known[:n]}}})
		s.known = s.known[n:]
	}
	return outs, err
}

// rewrites changes text on its way in.
type rewrites struct {
	*memstore.Store
	text func(string) string
}

func (s *rewrites) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	list := append([]storage.Fact(nil), facts...)
	for i, f := range list {
		if f.Touch != nil {
			tp := *f.Touch
			tp.Stage, tp.Touchpoint = s.text(tp.Stage), s.text(tp.Touchpoint)
			list[i].Touch = &tp
		}
	}
	return s.Store.Append(ctx, list)
}
