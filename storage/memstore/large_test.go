package memstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

var t0 = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)

func user(n int) identity.ID { return identity.MakeID(identity.UserID, fmt.Sprint("u", n)) }

func visit(n int, at time.Time, who int) storage.Fact {
	return storage.Fact{Touch: &touchpoint.Touch{Source: "web", ID: fmt.Sprintf("%07d", n), At: at, Kind: "pageview", IDs: []identity.ID{user(who)}}}
}

// fill appends n visits, of so many people, at instants given by their number.
func fill(t *testing.T, s *memstore.Store, n, people int, at func(n int) time.Time) {
	t.Helper()
	var batch []storage.Fact
	for i := range n {
		batch = append(batch, visit(i, at(i), i%people))
		if len(batch) == 1000 || i == n-1 {
			if outs, err := s.Append(t.Context(), batch); err != nil || touchpoint.Count(outs)[touchpoint.Accepted] != len(batch) {
				t.Fatal(touchpoint.Count(outs), err)
			}
			batch = batch[:0]
		}
	}
}

// count scans, checks the order, and counts.
func count(t *testing.T, s *memstore.Store, q storage.Query) (n int) {
	t.Helper()
	var last storage.Position
	for f, err := range s.Scan(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		p := f.Position()
		if c := p.Compare(last); n > 0 && (c == 0 || c > 0 == q.Desc) {
			t.Fatal("out of order")
		}
		last = p
		n++
	}
	if c, err := s.Count(t.Context(), q); err != nil || c != int64(n) {
		t.Fatalf("Count %d, Scan %d, %v", c, n, err)
	}
	return n
}

func TestManyFactsOfOnePersonAndInstant(t *testing.T) {
	s := memstore.New(nil)
	g := rand.New(rand.NewPCG(1, 1))
	fill(t, s, 40_000, 1, func(int) time.Time { return t0.Add(time.Duration(g.IntN(3)) * time.Second) })
	for _, q := range []storage.Query{{}, {Desc: true}, {IDs: []identity.ID{user(0)}}, {IDs: []identity.ID{user(0)}, Desc: true}, {Classes: []storage.Class{storage.ClassTouch}, From: t0}} {
		if n := count(t, s, q); n != 40_000 {
			t.Errorf("%d facts", n)
		}
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// What is rare is found behind any number of facts that a query does not select.
func TestRareFactsBehindManyOthers(t *testing.T) {
	s := memstore.New(nil)
	fill(t, s, 40_000, 40_000, func(n int) time.Time { return t0.Add(time.Duration(n) * time.Second) })
	for i, n := range []int{-1, 20_000, 40_001} {
		f := visit(50_000+i, t0.Add(time.Duration(n)*time.Second), 1)
		f.Touch.Source, f.Touch.Kind = "shop", "order"
		if _, err := s.Append(t.Context(), []storage.Fact{f}); err != nil {
			t.Fatal(err)
		}
	}
	for _, q := range []storage.Query{{Sources: []string{"shop"}}, {Kinds: []touchpoint.Kind{"order"}, Desc: true}, {Sources: []string{"shop"}, Limit: 7}} {
		if n := count(t, s, q); n != 3 {
			t.Errorf("%d facts of 3", n)
		}
	}
}

func TestScansBesideErasures(t *testing.T) {
	s := memstore.New(nil)
	fill(t, s, 40_000, 2, func(n int) time.Time { return t0.Add(time.Duration(n*7919%40_000) * time.Second) })
	var wg sync.WaitGroup
	for _, q := range []storage.Query{{}, {IDs: []identity.ID{user(0), user(1)}}, {Desc: true}} {
		wg.Go(func() {
			for range 4 {
				n := 0
				for f, err := range s.Scan(context.Background(), q) {
					if err != nil || f.Touch == nil && f.Erasure == nil {
						t.Error("a bad fact", err)
						return
					}
					n++
				}
				if n < 20_000 {
					t.Errorf("%d facts", n)
				}
			}
		})
	}
	for k := range 10 {
		e := storage.Erasure{ID: fmt.Sprint(k), At: t0, Remove: []storage.Query{{IDs: []identity.ID{user(1)}, To: t0.Add(time.Duration(4000*(k+1)) * time.Second)}}}
		if _, err := s.Erase(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	if n := count(t, s, storage.Query{Classes: []storage.Class{storage.ClassTouch}}); n != 20_000 {
		t.Errorf("%d facts left", n)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestErasureGivesMemoryBack(t *testing.T) {
	s := memstore.New(nil)
	fill(t, s, 30_000, 10, func(n int) time.Time { return t0.Add(time.Duration(n) * time.Second) })
	bodies, blocks := memstore.Held(s)
	e := storage.Erasure{ID: "people", At: t0}
	for k := range 8 {
		e.Remove = append(e.Remove, storage.Query{IDs: []identity.ID{user(k)}})
	}
	if _, err := s.Erase(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if now, _ := memstore.Held(s); now*2 > bodies {
		t.Errorf("%d of %d bytes of bodies held for a fifth of the facts", now, bodies)
	}
	if n := count(t, s, storage.Query{Classes: []storage.Class{storage.ClassTouch}}); n != 6000 {
		t.Errorf("%d facts left", n)
	}
	if _, err := s.Erase(t.Context(), storage.Erasure{ID: "old", At: t0, Remove: []storage.Query{{To: t0.Add(25_000 * time.Second)}}}); err != nil {
		t.Fatal(err)
	}
	if _, now := memstore.Held(s); now > 3 {
		t.Errorf("%d of %d blocks of rows held for the newest sixth", now, blocks)
	}
	if n := count(t, s, storage.Query{Classes: []storage.Class{storage.ClassTouch}}); n != 1000 {
		t.Errorf("%d facts left", n)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	fill(t, s, 25_000, 10, func(n int) time.Time { return t0.Add(time.Duration(n) * time.Second) }) // the keys are free
	if n := count(t, s, storage.Query{IDs: []identity.ID{user(0)}}); n != 2500 {
		t.Errorf("%d facts of one person", n)
	}
}

func TestMaxFacts(t *testing.T) {
	s := memstore.New(&memstore.Options{MaxFacts: 3})
	outs, err := s.Append(t.Context(), []storage.Fact{visit(1, t0, 1), visit(2, t0, 2), visit(1, t0, 1), visit(3, t0, 3), visit(4, t0, 4), {}, visit(4, t0, 4)})
	want := []touchpoint.Status{touchpoint.Accepted, touchpoint.Accepted, touchpoint.Duplicate, touchpoint.Accepted, touchpoint.Retry, touchpoint.Rejected, touchpoint.Retry}
	for i, o := range outs {
		if o.Status != want[i] {
			t.Errorf("fact %d is %v, want %v", i, o.Status, want[i])
		}
	}
	if !errors.Is(err, storage.ErrUnavailable) {
		t.Error(err)
	}
	if _, err := s.Erase(t.Context(), storage.Erasure{ID: "e", At: t0, Remove: []storage.Query{{IDs: []identity.ID{user(1), user(2)}}}}); err != nil {
		t.Fatal(err)
	}
	if outs, err := s.Append(t.Context(), []storage.Fact{visit(4, t0, 4)}); err != nil || outs[0].Status != touchpoint.Accepted {
		t.Error(outs, err)
	}
}

func TestClockDatesWhatComesWithoutReceivedAt(t *testing.T) {
	s := memstore.New(&memstore.Options{Clock: clock.NewManual(t0)})
	dated := visit(2, t0, 2)
	dated.Touch.ReceivedAt = t0.Add(time.Hour)
	if _, err := s.Append(t.Context(), []storage.Fact{visit(1, t0, 1), dated}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for f, err := range s.Scan(t.Context(), storage.Query{}) {
		n++
		if want := map[string]time.Time{"0000001": t0, "0000002": t0.Add(time.Hour)}[f.Touch.ID]; err != nil || !f.Touch.ReceivedAt.Equal(want) {
			t.Errorf("received at %v, want %v (%v)", f.Touch.ReceivedAt, want, err)
		}
	}
	if n != 2 {
		t.Errorf("%d facts, want 2", n)
	}
}

func TestZeroStoreIsReady(t *testing.T) {
	var s memstore.Store
	if n := count(t, &s, storage.Query{}); n != 0 {
		t.Error(n)
	}
	if _, err := s.Append(t.Context(), []storage.Fact{visit(1, t0, 1)}); err != nil {
		t.Error(err)
	}
	if err := errors.Join(s.Verify(t.Context()), s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
}

// A batch at its bound of bytes is taken; one fact more is not, but Load takes it in parts.
func TestBatchOfTooManyBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("some hundred megabytes: not with -short")
	}
	long := func(n, reason int) storage.Fact {
		return storage.Fact{Override: &identity.Override{ID: fmt.Sprintf("%03d", n), At: t0, Op: identity.Separate, Reason: strings.Repeat("r", reason),
			Left: slices.Repeat([]identity.ID{identity.MakeID(identity.UserID, strings.Repeat("v", 490))}, 523)}}
	}
	body, err := storage.AppendFact(nil, long(0, 200))
	if err != nil {
		t.Fatal(err)
	}
	var facts []storage.Fact
	for n := range storage.MaxBatchBytes/storage.MaxBody + 1 {
		facts = append(facts, long(n, 200+storage.MaxBody-len(body)))
	}
	s := memstore.New(nil)
	if outs, err := s.Append(t.Context(), facts); !errors.Is(err, storage.ErrBatchTooLarge) || outs != nil {
		t.Error("one over:", len(outs), err)
	}
	if outs, err := s.Append(t.Context(), facts[1:]); err != nil || touchpoint.Count(outs)[touchpoint.Accepted] != len(facts)-1 {
		t.Error("at the bound:", touchpoint.Count(outs), err)
	}
	if os.Getenv("TABI_LONG") != "1" {
		return
	}
	tally, err := storage.Load(t.Context(), s, func(yield func(storage.Fact, error) bool) {
		for _, f := range facts {
			if !yield(f, nil) {
				return
			}
		}
	})
	if err != nil || tally[touchpoint.Accepted] != 1 || tally[touchpoint.Duplicate] != len(facts)-1 {
		t.Error("Load takes it in parts:", tally, err)
	}
}

// TestASmallStoreIsSmall: a suite of tests makes thousands of stores that hold little.
func TestASmallStoreIsSmall(t *testing.T) {
	for _, c := range []struct{ facts, bodies, rows int }{{1, 8 << 10, 64}, {64, 8 << 10, 64}, {65, 24 << 10, 128}, {4096, 1 << 20, 4096}, {5000, 1 << 20, 8192}} {
		s := memstore.New(nil)
		fill(t, s, c.facts, 1, func(n int) time.Time { return t0 })
		bodies, _ := memstore.Held(s)
		if rows := memstore.Rows(s); bodies > c.bodies || rows != c.rows {
			t.Errorf("%d facts: %d bytes for bodies, want %d at most; room for %d rows, want %d", c.facts, bodies, c.bodies, rows, c.rows)
		}
		if n := count(t, s, storage.Query{}); n != c.facts {
			t.Errorf("%d of %d facts", n, c.facts)
		}
	}
}
