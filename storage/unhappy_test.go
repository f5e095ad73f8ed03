package storage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// pages is n touches of a few people.
func pages(n int) []storage.Fact {
	facts := make([]storage.Fact, n)
	for i := range facts {
		facts[i].Touch = &touchpoint.Touch{Source: "w", ID: fmt.Sprint(i), At: t0.Add(time.Duration(i/3) * time.Second), Kind: "k", IDs: []identity.ID{u(i % 7)}}
	}
	return facts
}

func each(facts []storage.Fact) iter.Seq2[storage.Fact, error] {
	return func(yield func(storage.Fact, error) bool) {
		for _, f := range facts {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// A store of six methods gives the answers of one with every optional interface.
func TestPlainStoreGivesTheAnswersOfAFullOne(t *testing.T) {
	full := filled(t)
	for part := range slices.Chunk(pages(2500), 1000) {
		if _, err := full.Append(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
	plain := storetest.Faulty(full, new(storetest.Faults))
	q := storage.Query{IDs: []identity.ID{u(1), u(2)}}
	a, err1 := storage.Count(t.Context(), full, q)
	b, err2 := storage.Count(t.Context(), plain, q)
	if a != b || a < 700 || err1 != nil || err2 != nil {
		t.Errorf("%d and %d facts, %v %v", a, b, err1, err2)
	}
	if _, err := storage.OpenSnapshot(t.Context(), plain); !errors.Is(err, storage.ErrUnsupported) {
		t.Errorf("a snapshot: %v", err)
	}
	parts, err := storage.Split(t.Context(), plain, q, 4)
	if err != nil || len(parts) != 1 {
		t.Errorf("%d parts, %v", len(parts), err)
	}
	for _, st := range []storage.Store{plain, full} {
		if _, err := storage.Split(t.Context(), st, storage.Query{Limit: -1}, 4); !errors.Is(err, storage.ErrLimit) {
			t.Errorf("a query over its limit is split: %v", err)
		}
	}
	if d, err := storage.Lag(t.Context(), plain); d != 0 || err != nil {
		t.Errorf("lags by %v, %v", d, err)
	}
	if left, err := storage.Reclaim(t.Context(), plain); left != nil || err != nil {
		t.Errorf("out of reach: %v, %v", left, err)
	}
	var x, y bytes.Buffer
	if err := errors.Join(storage.Dump(t.Context(), full, &x), storage.Dump(t.Context(), plain, &y), storage.Verify(t.Context(), plain)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(x.Bytes(), y.Bytes()) {
		t.Error("another dump")
	}
	loaded := storetest.Faulty(memstore.New(nil), new(storetest.Faults))
	tally, err := storage.Load(t.Context(), loaded, full.Scan(t.Context(), storage.Query{Classes: []storage.Class{storage.ClassTouch}}))
	if err != nil || tally[touchpoint.Accepted] != 2502 {
		t.Errorf("loaded %v, %v", tally, err)
	}
	if tally, err = storage.Load(t.Context(), loaded, each(nil)); tally.Offered() != 0 || err != nil {
		t.Errorf("nothing loads as %v, %v", tally, err)
	}
}

// choosy takes batches of at most three facts.
type choosy struct{ storage.Store }

func (s choosy) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	if len(facts) > 3 {
		return nil, storage.ErrBatchTooLarge
	}
	return s.Store.Append(ctx, facts)
}

func TestLoadHalvesABatchThatIsTooLarge(t *testing.T) {
	for n := range 12 {
		s := memstore.New(nil)
		tally, err := storage.Load(t.Context(), choosy{s}, each(pages(n)))
		if there, _ := s.Count(t.Context(), storage.Query{}); err != nil || tally[touchpoint.Accepted] != n || there != int64(n) {
			t.Errorf("%d facts: %v, %d there, %v", n, tally, there, err)
		}
	}
}

// full takes no batch of any size but none.
type full struct{ storage.Store }

func (full) Append(_ context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	if len(facts) > 0 {
		return nil, storage.ErrBatchTooLarge
	}
	return nil, nil
}

func TestLoadEndsAtAFactThatIsABatchTooLarge(t *testing.T) {
	tally, err := storage.Load(t.Context(), full{memstore.New(nil)}, each(pages(5)))
	if !errors.Is(err, storage.ErrBatchTooLarge) || tally.Offered() != 0 {
		t.Errorf("%v, %v", tally, err)
	}
}

// The parts of a query hold each instant of it once, in order, and no other.
func TestSplitAtPartitionsAQuery(t *testing.T) {
	f := pages(30)
	at := func(n int) time.Time { return t0.Add(time.Duration(n) * time.Second) }
	for _, q := range []storage.Query{{}, {From: at(2)}, {To: at(8)}, {From: at(3), To: at(4)}} {
		for _, cuts := range [][]time.Time{nil, {at(0)}, {at(2), at(3), at(8)}, {at(1), at(3), at(3), at(4), at(20)}} {
			var whole, got []string
			for _, x := range f {
				if q.Selects(x) {
					whole = append(whole, x.Touch.ID)
				}
			}
			parts := storage.SplitAt(q, cuts)
			for _, p := range parts {
				for _, x := range f {
					if p.Selects(x) {
						got = append(got, x.Touch.ID)
					}
				}
				if !p.From.IsZero() && !p.To.IsZero() && !p.From.Before(p.To) {
					t.Errorf("a part without an instant: %v to %v", p.From, p.To)
				}
			}
			if !slices.Equal(got, whole) {
				t.Errorf("%v cut at %v: %v, want %v", q, cuts, got, whole)
			}
		}
	}
}

// restless is a full store whose snapshots fail.
type restless struct {
	*memstore.Store
	err error
}

func (s restless) Snapshot(context.Context) (storage.Snapshot, error) { return nil, s.err }

// Whichever call of a store fails, what is built on it ends with that error, and is right
// when it is done again.
func TestIOErrorAtEveryStoreCallIsTold(t *testing.T) {
	src := filled(t)
	if _, err := src.Append(t.Context(), pages(250)); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := storage.Dump(t.Context(), src, &text); err != nil {
		t.Fatal(err)
	}
	want, err := storage.Digest(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	whole := func(s storage.Store) error {
		if got, err := storage.Digest(t.Context(), s); got != want {
			return errors.Join(errors.New("another digest"), err)
		}
		return nil
	}
	reads := map[string]func(storage.Store) error{
		"Count": func(s storage.Store) error { _, err := storage.Count(t.Context(), s, storage.Query{}); return err },
		"Dump":  func(s storage.Store) error { return storage.Dump(t.Context(), s, io.Discard) },
		"Digest": func(s storage.Store) error {
			got, err := storage.Digest(t.Context(), s)
			if err != nil && got != [32]byte{} {
				return errors.New("a digest beside an error")
			}
			return err
		},
		"Verify": func(s storage.Store) error { return storage.Verify(t.Context(), s) },
		"Touches": func(s storage.Store) error {
			for _, err := range storage.Touches(t.Context(), s, storage.Query{}) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"Component": func(s storage.Store) error {
			_, err := storage.Component(t.Context(), s, []identity.ID{u(1)}, nil, 0)
			return err
		},
	}
	writes := map[string]func(storage.Store) error{
		"Load": func(s storage.Store) error {
			_, err := storage.Load(t.Context(), s, src.Scan(t.Context(), storage.Query{Classes: []storage.Class{
				storage.ClassTouch, storage.ClassEvidence, storage.ClassOverride, storage.ClassMembership, storage.ClassParent, storage.ClassConsent, storage.ClassResidue}}))
			return err
		},
		"Restore": func(s storage.Store) error {
			_, err := storage.Restore(t.Context(), s, bytes.NewReader(text.Bytes()))
			return err
		},
		"Copy": func(s storage.Store) error {
			_, _, err := storage.Copy(t.Context(), s, src, storage.Cursor{})
			return err
		},
		"Copy from": func(s storage.Store) error {
			dst := memstore.New(nil)
			at, _, err := storage.Copy(t.Context(), dst, s, storage.Cursor{})
			if err != nil {
				if _, _, again := storage.Copy(t.Context(), dst, src, at); again != nil || whole(dst) != nil {
					return errors.New("copying does not go on from where it stopped")
				}
			}
			return err
		},
	}
	faults := map[string]func(*storetest.Faults, int){
		"refuse": func(f *storetest.Faults, n int) { f.Refuse.Nth = n },
		"lose":   func(f *storetest.Faults, n int) { f.Lose.Nth = n },
		"cut":    func(f *storetest.Faults, n int) { f.Cut.Nth = n },
	}
	run := func(name string, call func(storage.Store) error, fresh func() storage.Store, done func(storage.Store) error) {
		for kind, set := range faults {
			for n := 1; ; n++ {
				inner := fresh()
				f := &storetest.Faults{Cause: syscall.EIO}
				set(f, n)
				err := call(storetest.Faulty(inner, f))
				if f.Calls() < n {
					if err != nil || n == 1 {
						t.Errorf("%s undisturbed: %v after %d calls", name, err, n-1)
					}
					break
				}
				if err != nil && !errors.Is(err, syscall.EIO) { // nil: a cut after the last value, or a read that loses nothing
					t.Errorf("%s, %s at call %d: %v", name, kind, n, err)
				}
				if err == nil && kind == "refuse" {
					t.Errorf("%s, call %d refused: no error", name, n)
				}
				if err := errors.Join(call(inner), done(inner)); err != nil {
					t.Errorf("%s again after %s at call %d: %v", name, kind, n, err)
				}
			}
		}
	}
	for name, call := range reads {
		run(name, call, func() storage.Store { return src }, whole)
		if name == "Count" || name == "Touches" {
			continue // they read once, and no snapshot
		}
		if err := call(restless{src, syscall.EIO}); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s without its snapshot: %v", name, err)
		}
	}
	for name, call := range writes {
		if name == "Copy from" {
			run(name, call, func() storage.Store { return src }, whole)
			continue
		}
		run(name, call, func() storage.Store { return memstore.New(nil) }, whole)
	}
	broken := errors.New("a source that fails")
	tally, err := storage.Load(t.Context(), storetest.Faulty(memstore.New(nil), new(storetest.Faults)), func(yield func(storage.Fact, error) bool) {
		for i, f := range pages(1500) {
			if i == 1200 {
				yield(storage.Fact{}, broken)
				return
			}
			if !yield(f, nil) {
				return
			}
		}
	})
	if !errors.Is(err, broken) || tally[touchpoint.Accepted] != 1200 {
		t.Errorf("what came before the error of a source is not taken: %v, %v", tally, err)
	}
}

// Copying many facts goes on in batches, and from the last one that is complete.
func TestCopyOfManyFactsStopsBetweenBatches(t *testing.T) {
	src := filled(t)
	for part := range slices.Chunk(pages(3500), 1000) {
		if _, err := src.Append(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; ; n++ {
		dst := memstore.New(nil)
		f := &storetest.Faults{}
		f.Refuse.Nth = n
		at, first, err := storage.Copy(t.Context(), storetest.Faulty(dst, f), src, storage.Cursor{})
		if f.Calls() < n {
			if err != nil || first.Offered() != 3510 || n < 5 {
				t.Errorf("undisturbed: %v, %v in %d calls", first, err, n-1)
			}
			return
		}
		_, rest, again := storage.Copy(t.Context(), dst, src, at)
		if !errors.Is(err, storage.ErrUnavailable) || again != nil || first[touchpoint.Accepted]+rest[touchpoint.Accepted] != 3510 {
			t.Errorf("call %d: %v then %v, %v, %v", n, first, rest, err, again)
		}
	}
}

// seeking is a file whose seeks fail, or which changes when it is read a second time.
type seeking struct {
	*bytes.Reader
	failAt, seeks int
	second        []byte
}

func (s *seeking) Seek(off int64, whence int) (int64, error) {
	if s.seeks++; s.seeks == s.failAt {
		return 0, syscall.EIO
	}
	if s.seeks == 2 && s.second != nil {
		s.Reader = bytes.NewReader(s.second)
	}
	return s.Reader.Seek(off, whence)
}

func TestRestoreTellsWhatItsFileDoes(t *testing.T) {
	var b bytes.Buffer
	if err := storage.Dump(t.Context(), filled(t), &b); err != nil {
		t.Fatal(err)
	}
	good := b.Bytes()
	eio := func(err error) bool { return errors.Is(err, syscall.EIO) }
	corrupt := func(err error) bool { var c *storage.CorruptError; return errors.As(err, &c) }
	for what, c := range map[string]struct {
		r  io.Reader
		is func(error) bool
	}{
		"a stream that fails":            {iotest.ErrReader(syscall.EIO), eio},
		"a stream that fails half way":   {io.MultiReader(bytes.NewReader(good[:len(good)/2]), iotest.ErrReader(syscall.EIO)), eio},
		"a first seek that fails":        {&seeking{Reader: bytes.NewReader(good), failAt: 1}, eio},
		"a second seek that fails":       {&seeking{Reader: bytes.NewReader(good), failAt: 2}, eio},
		"a file that is cut meanwhile":   {&seeking{Reader: bytes.NewReader(good), second: good[:len(good)/2]}, corrupt},
		"a file that is wrong meanwhile": {&seeking{Reader: bytes.NewReader(good), second: []byte(sealed(`{"type":"touch","at":1}`))}, corrupt},
		"a line without an end":          {io.MultiReader(strings.NewReader(`{"type":"header","schema":1,"x":"`), zeros(9<<20)), corrupt},
	} {
		if _, err := storage.Restore(t.Context(), memstore.New(nil), c.r); !c.is(err) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// A file that fails under the reader is told as that, and not as a damaged one.
	broken := struct {
		io.Reader
		io.Seeker
	}{io.MultiReader(bytes.NewReader(good[:300]), iotest.ErrReader(syscall.EIO)), bytes.NewReader(nil)}
	if _, err := storage.Restore(t.Context(), memstore.New(nil), broken); !eio(err) {
		t.Errorf("a file that cannot be read: %v", err)
	}
	// From where the reader stands, not from its begin.
	later := bytes.NewReader(append([]byte("preface\n"), good...))
	if _, err := later.Seek(8, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if tally, err := storage.Restore(t.Context(), memstore.New(nil), later); err != nil || tally[touchpoint.Accepted] != 10 {
		t.Errorf("after a preface: %v, %v", tally, err)
	}
}

func zeros(n int64) io.Reader { return io.LimitReader(zero{}, n) }

type zero struct{}

func (zero) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '0'
	}
	return len(b), nil
}

// full is a disk with so many bytes of room.
type fullDisk struct{ room int }

func (d *fullDisk) Write(b []byte) (int, error) {
	if d.room -= len(b); d.room < 0 {
		return 0, syscall.ENOSPC
	}
	return len(b), nil
}

func TestDumpOnAFullDiskIsTold(t *testing.T) {
	s := filled(t)
	if _, err := s.Append(t.Context(), pages(200)); err != nil {
		t.Fatal(err)
	}
	var whole bytes.Buffer
	if err := storage.Dump(t.Context(), s, &whole); err != nil {
		t.Fatal(err)
	}
	for room := 0; room < whole.Len(); room += 997 {
		if err := storage.Dump(t.Context(), s, &fullDisk{room}); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%d bytes of room: %v", room, err)
		}
	}
	if _, err := storage.NewContainer(&fullDisk{}, nil); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a header on a full disk: %v", err)
	}
	c, err := storage.NewContainer(io.Discard, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Line("note", map[string]any{"x": func() {}}); err == nil {
		t.Error("a line that is no JSON is written")
	}
}

// An erasure that took nothing and suppresses nothing is on record all the same.
func TestDumpOfABareErasureComesBack(t *testing.T) {
	s := memstore.New(nil)
	if _, err := s.Append(t.Context(), pages(20)); err != nil {
		t.Fatal(err)
	}
	for i, q := range []storage.Query{{IDs: []identity.ID{u(99)}}, {IDs: []identity.ID{u(1)}}} {
		if _, err := s.Erase(t.Context(), storage.Erasure{ID: fmt.Sprint("e", i), At: t0, Remove: []storage.Query{q}}); err != nil {
			t.Fatal(err)
		}
	}
	var first, second bytes.Buffer
	back := memstore.New(nil)
	err := storage.Dump(t.Context(), s, &first)
	if err == nil {
		_, err = storage.Restore(t.Context(), back, bytes.NewReader(first.Bytes()))
	}
	if err := errors.Join(err, storage.Dump(t.Context(), back, &second)); err != nil || first.String() != second.String() {
		t.Errorf("%v\n%s\n%s", err, first.String(), second.String())
	}
	if !strings.Contains(first.String(), `"removed":{"touch":3}`) {
		t.Errorf("what was removed is not on record:\n%s", first.String())
	}
}

func TestVerifyOfNoneAndOfWholeChunks(t *testing.T) {
	for _, n := range []int{0, 1, 99, 100, 101, 200} {
		s := memstore.New(nil)
		if _, err := s.Append(t.Context(), pages(n)); err != nil {
			t.Fatal(err)
		}
		if err := storage.Verify(t.Context(), lying{Store: s}); err != nil {
			t.Errorf("%d facts: %v", n, err)
		}
	}
}

func TestComponentStopsAtItsLimit(t *testing.T) {
	s := filled(t)
	all, err := storage.Component(t.Context(), s, []identity.ID{u(1)}, nil, 0)
	if err != nil || len(all) < 4 {
		t.Fatal(len(all), err)
	}
	for limit := 1; limit <= len(all); limit++ {
		got, err := storage.Component(t.Context(), s, []identity.ID{u(1)}, nil, limit)
		if over := limit < len(all); len(got) != limit || errors.Is(err, storage.ErrLimit) != over || !over && err != nil {
			t.Errorf("limit %d of %d: %d ties, %v", limit, len(all), len(got), err)
		}
	}
}

func TestTouchesAreTheTouchesOfAQuery(t *testing.T) {
	s := filled(t)
	count := func(q storage.Query, stop int) (n int) {
		for tp, err := range storage.Touches(t.Context(), s, q) {
			if err != nil || tp.ID == "" {
				t.Fatal(err)
			}
			if n++; n == stop {
				break
			}
		}
		return n
	}
	for _, c := range []struct {
		classes    []storage.Class
		stop, want int
	}{
		{nil, 0, 2}, {nil, 1, 1},
		{[]storage.Class{storage.ClassAudit, storage.ClassTouch}, 0, 2},
		{[]storage.Class{storage.ClassAudit}, 0, 0},
		{[]storage.Class{}, 0, 0},
	} {
		if n := count(storage.Query{Classes: c.classes}, c.stop); n != c.want {
			t.Errorf("classes %v: %d touches, want %d", c.classes, n, c.want)
		}
	}
}
