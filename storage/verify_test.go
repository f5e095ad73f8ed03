package storage_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// lying is a store that shows itself only through its six methods, and changes what they
// yield.
type lying struct {
	storage.Store
	scan func(q storage.Query, f storage.Fact, n int) []storage.Fact
	ties func(t storage.Tie, n int) []storage.Tie
}

func (s lying) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	if s.scan == nil {
		return s.Store.Scan(ctx, q)
	}
	return spread(s.Store.Scan(ctx, q), func(f storage.Fact, n int) []storage.Fact { return s.scan(q, f, n) })
}

func (s lying) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	if s.ties == nil {
		return s.Store.Ties(ctx, ids)
	}
	return spread(s.Store.Ties(ctx, ids), s.ties)
}

func spread[T any](seq iter.Seq2[T, error], f func(T, int) []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		n := 0
		for v, err := range seq {
			if err != nil {
				yield(v, err)
				return
			}
			for _, x := range f(v, n) {
				if !yield(x, nil) {
					return
				}
			}
			n++
		}
	}
}

func TestVerifyFindsWhatIsWrong(t *testing.T) {
	s := filled(t)
	for n := range 250 {
		if _, err := s.Append(t.Context(), []storage.Fact{{Touch: &touchpoint.Touch{Source: "w", ID: fmt.Sprint(n), At: t0, Kind: "k", IDs: []identity.ID{u(n % 9)}}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := storage.Verify(t.Context(), lying{Store: s}); err != nil {
		t.Fatal(err)
	}
	one := func(f storage.Fact) []storage.Fact { return []storage.Fact{f} }
	for what, l := range map[string]lying{
		"a fact that is not found by key": {scan: func(q storage.Query, f storage.Fact, n int) []storage.Fact {
			if q.Keys != nil && n == 3 {
				return nil
			}
			return one(f)
		}},
		"a fact that is not found by identifier": {scan: func(q storage.Query, f storage.Fact, n int) []storage.Fact {
			if q.IDs != nil && n == 3 {
				return nil
			}
			return one(f)
		}},
		"a fact found by a foreign identifier": {scan: func(q storage.Query, f storage.Fact, n int) []storage.Fact {
			if q.IDs != nil && n == 3 {
				return []storage.Fact{f, {Consent: &touchpoint.Consent{ID: u(99), At: t0}}}
			}
			return one(f)
		}},
		"a fact twice": {scan: func(_ storage.Query, f storage.Fact, n int) []storage.Fact {
			if n == 5 {
				return []storage.Fact{f, f}
			}
			return one(f)
		}},
		"a consent twice": {scan: func(q storage.Query, f storage.Fact, _ int) []storage.Fact {
			if f.Consent != nil && q.Keys == nil && q.IDs == nil {
				return []storage.Fact{f, f}
			}
			return one(f)
		}},
		"a fact that Check refuses": {scan: func(_ storage.Query, f storage.Fact, n int) []storage.Fact {
			if f.Touch != nil && n == 60 {
				f.Touch.Stage = "\x00"
			}
			return one(f)
		}},
		"a tie left out": {ties: func(t storage.Tie, n int) []storage.Tie {
			if n == 2 {
				return nil
			}
			return []storage.Tie{t}
		}},
		"a tie twice": {ties: func(t storage.Tie, n int) []storage.Tie { return []storage.Tie{t, t} }},
		"a wrong count": {ties: func(t storage.Tie, n int) []storage.Tie {
			if t.Count > 1 {
				t.Count++
			}
			return []storage.Tie{t}
		}},
		"a wrong earliest": {ties: func(t storage.Tie, n int) []storage.Tie {
			if t.Count > 1 {
				t.Sighting.Ref.ID = "200"
			}
			return []storage.Tie{t}
		}},
	} {
		l.Store = s
		err := storage.Verify(t.Context(), l)
		var c *storage.CorruptError
		if !errors.As(err, &c) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A store that is wrong everywhere is told in as many findings as somebody may read.
func TestVerifyStopsToCollectAtAHundred(t *testing.T) {
	s := memstore.New(nil)
	for n := range 250 {
		if _, err := s.Append(t.Context(), []storage.Fact{{Audit: &storage.Audit{ID: fmt.Sprint(n), At: t0}}}); err != nil {
			t.Fatal(err)
		}
	}
	err := storage.Verify(t.Context(), lying{Store: s, scan: func(_ storage.Query, f storage.Fact, _ int) []storage.Fact {
		f.Audit.Actor = "\x00"
		return []storage.Fact{f}
	}})
	if list, ok := err.(interface{ Unwrap() []error }); !ok || len(list.Unwrap()) != 100 {
		t.Errorf("%v", err)
	}
}

// As many identifiers as a query takes are looked up, the last one too.
func TestVerifyLooksUpAChunkOfAllIdentifiersThereMayBe(t *testing.T) {
	s := memstore.New(nil)
	var facts []storage.Fact
	for n := range 100 {
		list := make([]identity.ID, storage.MaxIDs)
		for i := range list {
			list[i] = u(n*storage.MaxIDs + i)
		}
		facts = append(facts, storage.Fact{Touch: &touchpoint.Touch{Source: "w", ID: fmt.Sprintf("%02d", n), At: t0, Kind: "k", IDs: list}})
	}
	if _, err := s.Append(t.Context(), facts); err != nil {
		t.Fatal(err)
	}
	err := storage.Verify(t.Context(), lying{Store: s, scan: func(q storage.Query, f storage.Fact, _ int) []storage.Fact {
		if q.IDs != nil && f.Touch.ID == "99" {
			return nil
		}
		return []storage.Fact{f}
	}})
	var c *storage.CorruptError
	if !errors.As(err, &c) || c.Where != "identifier" {
		t.Errorf("the last of %d facts is not found by identifier: %v", len(facts), err)
	}
}

// Dumps of every release restore for ever and have the digest that they had.
func TestOldDumpsRestore(t *testing.T) {
	if *update {
		dir := filepath.Join("testdata", "history", "v1")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(dir, "facts.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		s := filled(t)
		sum, err := storage.Digest(t.Context(), s)
		if err := errors.Join(err, storage.Dump(t.Context(), s, f), f.Close(),
			os.WriteFile(filepath.Join(dir, "digest.txt"), fmt.Appendf(nil, "%x\n", sum), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	dirs, err := filepath.Glob(filepath.Join("testdata", "history", "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatal("no history", err)
	}
	for _, dir := range dirs {
		f, err := os.Open(filepath.Join(dir, "facts.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		s := memstore.New(nil)
		tally, err := storage.Restore(t.Context(), s, f)
		if err := errors.Join(err, f.Close()); err != nil || tally[touchpoint.Accepted] != tally.Offered() {
			t.Fatal(dir, tally, err)
		}
		sum, err := storage.Digest(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(dir, "digest.txt"))
		if got := fmt.Sprintf("%x\n", sum); err != nil || got != string(want) {
			t.Errorf("%s: digest %s want %s %v", dir, got, want, err)
		}
	}
}
