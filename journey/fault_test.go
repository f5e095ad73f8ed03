package journey_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// many is n where counts are those of the specification, else few, and a tenth of it beside
// the race detector.
func many(few, n int) int {
	if os.Getenv("TABI_LONG") != "" {
		return n
	}
	if testing.Short() {
		return max(1, few/10)
	}
	return few
}

// trackerOn returns a tracker on a store, with the clock of the other tests.
func trackerOn(t testing.TB, st storage.Store, o *journey.Options) *journey.Tracker {
	t.Helper()
	var opts journey.Options
	if o != nil {
		opts = *o
	}
	if opts.Clock == nil {
		opts.Clock = clock.NewManual(on("12-31"))
	}
	opts.Logger = slog.New(slog.DiscardHandler)
	tr, err := journey.NewTracker(st, &opts)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func digestOf(t testing.TB, tr *journey.Tracker) [32]byte {
	t.Helper()
	d, err := tr.Digest(ctx, on("12-01"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// publicCalls is every call of a tracker that reaches its store, on a world of some people.
func publicCalls(touches []touchpoint.Touch) map[string]func(context.Context, *journey.Tracker) error {
	login := touch("login", "06-01", by("anonymous_id:d1-1", "user_id:u1"))
	merge := identity.Override{ID: "m", At: on("06-02"), Actor: "ops", Op: identity.MustLink, A: login.IDs[1], B: identity.MakeID(identity.Email, "ann@example.com")}
	role := identity.Membership{Person: merge.B, Account: identity.MakeID(identity.CRMAccountID, "a1"), Source: "crm", At: on("06-03")}
	walk := func(ctx context.Context, tr *journey.Tracker, q journey.Query) error {
		for _, err := range tr.Journeys(ctx, q) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	return map[string]func(context.Context, *journey.Tracker) error{
		"Record": func(ctx context.Context, tr *journey.Tracker) error { _, err := tr.Record(ctx, touches...); return err },
		"Learn": func(ctx context.Context, tr *journey.Tracker) error {
			_, err := tr.Learn(ctx, storage.Fact{Touch: &login}, storage.Fact{Override: &merge}, storage.Fact{Membership: &role})
			return err
		},
		"RecordOverrides": func(ctx context.Context, tr *journey.Tracker) error { return tr.RecordOverrides(ctx, merge) },
		"RecordRelations": func(ctx context.Context, tr *journey.Tracker) error { return tr.RecordRelations(ctx, role) },
		"RecordConsents": func(ctx context.Context, tr *journey.Tracker) error {
			return tr.RecordConsents(ctx, touchpoint.Consent{ID: merge.B, Purpose: "profile", Status: 1, At: on("06-04"), Source: "web"})
		},
		"View": func(ctx context.Context, tr *journey.Tracker) error { _, err := tr.View(ctx, time.Time{}); return err },
		"View of an id": func(ctx context.Context, tr *journey.Tracker) error {
			_, err := tr.View(ctx, time.Time{}, login.IDs...)
			return err
		},
		"Journeys": func(ctx context.Context, tr *journey.Tracker) error { return walk(ctx, tr, journey.Query{}) },
		"Journeys of an id": func(ctx context.Context, tr *journey.Tracker) error {
			return walk(ctx, tr, journey.Query{IDs: login.IDs})
		},
		"Journey": func(ctx context.Context, tr *journey.Tracker) error {
			_, err := tr.Journey(ctx, journey.Subject{ID: "nobody"})
			if errors.Is(err, journey.ErrUnknownSubject) {
				return nil
			}
			return err
		},
		"Digest": func(ctx context.Context, tr *journey.Tracker) error {
			_, err := tr.Digest(ctx, on("12-01"))
			return err
		},
		"Changes": func(ctx context.Context, tr *journey.Tracker) error {
			for _, err := range tr.Changes(ctx, storage.Cursor{}) {
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// mend ends all faults.
func mend(faults *storetest.Faults) {
	faults.Set(func(f *storetest.Faults) {
		var none storetest.When
		f.Refuse, f.Lose, f.Cut, f.Cancel, f.Panic = none, none, none, none, none
	})
}

// everyCall makes a fault at the first, second, … store call of each public call until one
// passes undisturbed. Each call is then repeated, and the state must be that of a run
// without a fault.
func everyCall(t *testing.T, when func(*storetest.Faults, int), check func(error) bool) {
	touches, stride := world(5, 40), 1
	if testing.Short() {
		stride = 5
	}
	for name, call := range publicCalls(touches) {
		clean := trackerOn(t, new(memstore.Store), nil)
		record(t, clean, touches...)
		if err := call(ctx, clean); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := digestOf(t, clean)
		for n := 1; ; n += stride {
			faults := &storetest.Faults{Cause: syscall.ENOSPC}
			tr := trackerOn(t, storetest.Faulty(new(memstore.Store), faults), nil)
			if name != "Record" {
				record(t, tr, touches...)
			}
			before := faults.Calls()
			faults.Set(func(f *storetest.Faults) { when(f, before+n) })
			err := call(ctx, tr)
			passed := faults.Calls() < before+n
			mend(faults)
			if passed && err != nil || !passed && err != nil && !check(err) {
				t.Fatalf("%s, store call %d: %v", name, n, err)
			}
			if err := call(ctx, tr); err != nil {
				t.Fatalf("%s again after store call %d: %v", name, n, err)
			}
			if got := digestOf(t, tr); got != want {
				t.Fatalf("%s, store call %d: the state is another one", name, n)
			}
			if passed {
				if n == 1 {
					t.Errorf("%s calls no store", name)
				}
				break
			}
			if err == nil && n > 50 {
				t.Fatalf("%s goes on for ever", name)
			}
		}
	}
}

// Table 4, failed sync and I/O error: the Nth store call fails for every N.
func TestIOErrorAtEveryStoreCallLeavesTheStateWhole(t *testing.T) {
	cause := func(err error) bool { return errors.Is(err, syscall.ENOSPC) }
	for name, when := range map[string]func(*storetest.Faults, int){
		"nothing happened":        func(f *storetest.Faults, n int) { f.Refuse.Nth = n },
		"failed sync, lost reply": func(f *storetest.Faults, n int) { f.Lose.Nth = n },
		"an iteration breaks off": func(f *storetest.Faults, n int) { f.Cut.Nth = n },
	} {
		t.Run(name, func(t *testing.T) { everyCall(t, when, cause) })
	}
}

// Table 4, cancel: at every store call index of every public call, with no goroutine left.
func TestCancelAtEveryStoreCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		everyCall(t, func(f *storetest.Faults, n int) { f.Cancel.Nth = n }, func(err error) bool { return errors.Is(err, context.Canceled) })
	})
}

// Table 4, deadline and slow store: a call that outlasts its deadline ends at the deadline,
// and slowness alone changes no result.
func TestSlowStoreAndDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		touches := world(5, 40)
		fast := trackerOn(t, new(memstore.Store), nil)
		record(t, fast, touches...)
		want := digestOf(t, fast)
		for name, call := range publicCalls(touches) {
			faults := &storetest.Faults{}
			tr := trackerOn(t, storetest.Faulty(new(memstore.Store), faults), nil)
			record(t, tr, touches...)
			faults.Set(func(f *storetest.Faults) { f.Delay = time.Minute })
			short, cancel := context.WithTimeout(ctx, time.Second)
			start := time.Now()
			if err := call(short, tr); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", name, err)
			}
			cancel()
			if took := time.Since(start); took != time.Second { // the clock of the bubble
				t.Errorf("%s ends %v after its begin", name, took)
			}
			if got := digestOf(t, tr); got != want {
				t.Errorf("%s: a slow store has another state", name)
			}
		}
	})
}

// Table 4, disk full and read-only: writes fail with their cause and resume, reads go on.
func TestDiskFullReadsGoOnAndWritesResume(t *testing.T) {
	faults := &storetest.Faults{Cause: syscall.EROFS}
	tr := trackerOn(t, storetest.Faulty(new(memstore.Store), faults), nil)
	clean := trackerOn(t, new(memstore.Store), nil)
	touches := world(9, 200)
	for i := range touches {
		record(t, clean, touches[i])
		faults.Set(func(f *storetest.Faults) { f.Frozen.From = 1 })
		if _, err := tr.Record(ctx, touches[i]); !errors.Is(err, storage.ErrUnavailable) || !errors.Is(err, syscall.EROFS) {
			t.Fatal(err)
		}
		if _, err := tr.View(ctx, on("12-01"), touches[i].IDs...); err != nil {
			t.Fatal(err)
		}
		faults.Set(func(f *storetest.Faults) { f.Frozen.From = 0 })
		record(t, tr, touches[i])
	}
	if digestOf(t, tr) != digestOf(t, clean) {
		t.Error("something was lost")
	}
}

// Table 4, store error in a merge: every store call of many merges fails in turn; two people
// are one after it or two before it, never between.
func TestStoreErrorInAMergeIsBeforeOrAfter(t *testing.T) {
	for i := range many(50, 1000) {
		r := rand.New(rand.NewPCG(uint64(i), 4))
		touches := world(uint64(i), 12)
		a, b := touches[r.IntN(12)].IDs[0], touches[r.IntN(12)].IDs[0]
		if a == b || a.Type() == identity.CRMAccountID || b.Type() == identity.CRMAccountID {
			continue
		}
		merge := storage.Fact{Override: &identity.Override{ID: "m", At: on("01-01"), Actor: "ops", Op: identity.MustLink, A: a, B: b, Force: true}}
		apart, joined := trackerOn(t, new(memstore.Store), nil), trackerOn(t, new(memstore.Store), nil)
		record(t, apart, touches...)
		record(t, joined, touches...)
		if _, err := joined.Learn(ctx, merge); err != nil {
			t.Fatal(err)
		}
		before, after := digestOf(t, apart), digestOf(t, joined)
		for name, fault := range map[string]func(*storetest.Faults, int){
			"refuse": func(f *storetest.Faults, n int) { f.Refuse.Nth = n },
			"lose":   func(f *storetest.Faults, n int) { f.Lose.Nth = n },
			"panic":  func(f *storetest.Faults, n int) { f.Panic.Nth = n },
		} {
			for n := 1; ; n++ {
				faults := &storetest.Faults{}
				tr := trackerOn(t, storetest.Faulty(new(memstore.Store), faults), nil)
				record(t, tr, touches...)
				calls := faults.Calls()
				faults.Set(func(f *storetest.Faults) { fault(f, calls+n) })
				_, err := tr.Learn(ctx, merge)
				done := faults.Calls() < calls+n
				mend(faults)
				if got := digestOf(t, tr); got != after && (done || got != before || err == nil) {
					t.Fatalf("%s at store call %d: neither before nor after (%v)", name, n, err)
				}
				if done {
					break
				}
			}
		}
	}
}

// Table 4, partial batch: k bad of n at every position, and random batches, have the exact
// outcome of each record, whatever stands beside it.
func TestPartialBatchHasTheExactOutcomeOfEachRecord(t *testing.T) {
	check := func(r *rand.Rand, bad []bool) {
		t.Helper()
		tr := trackerOn(t, new(memstore.Store), nil)
		batch := make([]touchpoint.Touch, len(bad))
		want := make([]touchpoint.Status, len(bad))
		for i, b := range bad {
			batch[i] = touch("pageview", "01-01", func(t *touchpoint.Touch) { t.ID = fmt.Sprint(i) })
			want[i] = touchpoint.Accepted
			switch {
			case b:
				[]func(*touchpoint.Touch){
					func(t *touchpoint.Touch) { t.Source = "" },
					func(t *touchpoint.Touch) { t.IDs = nil },
					func(t *touchpoint.Touch) { t.At = time.Time{} },
					func(t *touchpoint.Touch) { t.Touchpoint = "a\x00b" },
				}[r.IntN(4)](&batch[i])
				want[i] = touchpoint.Rejected
			case i > 0 && r.IntN(4) == 0: // a repeat of what stands before it shares its fate
				k := r.IntN(i)
				batch[i], want[i] = batch[k], want[k]
				if want[k] == touchpoint.Accepted || want[k] == touchpoint.Conflict {
					want[i] = touchpoint.Duplicate
				}
				if want[k] == touchpoint.Conflict {
					want[i] = touchpoint.Conflict
				}
				if want[i] == touchpoint.Duplicate && r.IntN(2) == 0 {
					batch[i].Channel, want[i] = "Another", touchpoint.Conflict
				}
			}
		}
		outs, err := tr.Record(ctx, batch...)
		if err != nil || len(outs) != len(batch) {
			t.Fatal(len(outs), err)
		}
		for i, o := range outs {
			if o.Status != want[i] {
				t.Fatalf("record %d of %v: %s, want %s", i, bad, o.Status, want[i])
			}
		}
		if n := touchpoint.Count(outs).Offered(); n != len(batch) {
			t.Fatalf("%d offered", n)
		}
	}
	r := rand.New(rand.NewPCG(1, 5))
	for n := 1; n <= 8; n++ {
		for set := range 1 << n {
			bad := make([]bool, n)
			for i := range bad {
				bad[i] = set>>i&1 == 1
			}
			check(r, bad)
		}
	}
	for range many(500, 10_000) {
		bad := make([]bool, 1+r.IntN(40))
		for i := range bad {
			bad[i] = r.IntN(4) == 0
		}
		check(r, bad)
	}
}

// Table 4, late or out of order: the state of a journey is a function of the set.
func TestLateOrOutOfOrderTouchesAreOneState(t *testing.T) {
	for i := range many(60, 10_000) {
		r := rand.New(rand.NewPCG(uint64(i), 6))
		touches := world(uint64(i), 1+r.IntN(25))
		want := ""
		for range 20 {
			got := text(fold(t, touches, on("12-01"), leads(journey.B2C())))
			if want == "" {
				want = got
			}
			if got != want {
				t.Fatalf("seed %d: an order shows", i)
			}
			r.Shuffle(len(touches), func(i, k int) { touches[i], touches[k] = touches[k], touches[i] })
		}
	}
}

// badCallback misbehaves at the Nth of its calls.
type badCallback struct {
	nth, calls int
	how        func()
}

func (b *badCallback) call() {
	if b.calls++; b.calls == b.nth {
		b.how()
	}
}

type badClock struct{ *badCallback }

func (c badClock) Now() time.Time { c.call(); return on("12-31") }

type badStore struct {
	memstore.Store
	*badCallback
}

func (s *badStore) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	s.call()
	outs, err := s.Store.Append(ctx, facts)
	s.call()
	return outs, err
}

// Table 4, panic in a callback: every callback × Nth call × {runtime error, panic(nil),
// Goexit}. What was durable stays, nothing is stuck, and a panic is a CallbackError. Goexit
// ends the goroutine of the call, which cannot be undone; the tracker goes on.
func TestPanicOrGoexitInACallbackLosesNothing(t *testing.T) {
	touches := world(3, 20)
	for i := range touches {
		touches[i].Touchpoint = "page"
	}
	clean := trackerOn(t, new(memstore.Store), nil)
	record(t, clean, touches...)
	want := digestOf(t, clean)
	ways := map[string]func(){
		"runtime error": func() { _ = touches[len(touches)] },
		"panic(nil)":    func() { panic(nil) },
		"Goexit":        runtime.Goexit,
	}
	hooks := map[string]func(*badCallback, *journey.Options, *badStore){
		"clock": func(b *badCallback, o *journey.Options, _ *badStore) { o.Clock = badClock{b} },
		"text hook": func(b *badCallback, o *journey.Options, _ *badStore) {
			o.Touch = &touchpoint.Options{Text: func(s string) string { b.call(); return s }}
		},
		"normaliser": func(b *badCallback, o *journey.Options, _ *badStore) {
			rules := identity.DefaultRules()
			rule := rules.Types[identity.Email]
			plain := identity.DefaultRules()
			rule.Normalize = func(s string) (string, error) {
				b.call()
				id, err := plain.ID(identity.Email, s)
				return id.Value(), err
			}
			rules.Types[identity.Email] = rule
			o.Rules = &rules
		},
		"store": func(b *badCallback, _ *journey.Options, st *badStore) { st.badCallback = b },
	}
	for where, hook := range hooks {
		for how, misbehave := range ways {
			fired := 0
			for n := 1; n <= many(8, 60); n++ {
				b := &badCallback{nth: n, how: misbehave}
				var o journey.Options
				st := &badStore{badCallback: new(badCallback)}
				hook(b, &o, st)
				tr := trackerOn(t, st, &o)
				var err error
				var outs []touchpoint.Outcome
				returned := false
				finished := make(chan struct{})
				go func() {
					defer close(finished)
					outs, err = tr.Record(ctx, touches...)
					if err == nil {
						_, err = tr.View(ctx, time.Time{})
					}
					returned = true
				}()
				<-finished
				hit := b.calls >= n
				if !hit {
					break
				}
				fired++
				var ce *touchpoint.CallbackError
				var ie *identity.CallbackError
				told := errors.As(err, &ce) || errors.As(err, &ie)
				for _, out := range outs {
					told = told || errors.As(out.Err, &ce) || errors.As(out.Err, &ie)
				}
				// An identifier whose normaliser panics while people are resolved joins nobody.
				told = told || where == "normaliser"
				if how == "Goexit" && returned || how != "Goexit" && (!returned || !told) {
					t.Fatalf("%s, %s at call %d: returned %v, %v", where, how, n, returned, err)
				}
				record(t, tr, touches...)
				if got := digestOf(t, tr); got != want {
					t.Fatalf("%s, %s at call %d: another state", where, how, n)
				}
			}
			if fired == 0 {
				t.Errorf("%s was never called", where)
			}
		}
	}
}

// Table 4, data race: a tracker and its views are safe for concurrent use.
func TestDataRaceOfATrackerAndItsViews(t *testing.T) {
	touches := world(8, 120)
	tr := trackerOn(t, new(memstore.Store), nil)
	calls := publicCalls(touches[:20])
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for part := range slices.Chunk(touches[i*30:], 10) {
				if _, err := tr.Record(ctx, part...); err != nil {
					t.Error(err)
				}
				v, err := tr.View(ctx, on("12-01"))
				if err != nil {
					t.Error(err)
					continue
				}
				var inner sync.WaitGroup
				for _, s := range v.Subjects(identity.PersonEntity) {
					inner.Go(func() {
						if _, err := v.Fold(s); err != nil {
							t.Error(err)
						}
					})
				}
				inner.Wait()
			}
			for _, call := range calls {
				if err := call(ctx, tr); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	clean := trackerOn(t, new(memstore.Store), nil)
	record(t, clean, touches...)
	if _, err := clean.Learn(ctx); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"Learn", "RecordOverrides", "RecordRelations", "RecordConsents"} {
		if err := calls[name](ctx, clean); err != nil {
			t.Error(err)
		}
	}
	if digestOf(t, tr) != digestOf(t, clean) {
		t.Error("concurrent use ends elsewhere")
	}
}

// Table 2.3, nil anything: a nil context is an error and no panic, in every public call.
func TestNilContextIsAnError(t *testing.T) {
	tr := trackerOn(t, new(memstore.Store), nil)
	record(t, tr, world(1, 20)...)
	for name, call := range publicCalls(world(1, 20)) {
		var none context.Context
		if err := call(none, tr); err == nil || strings.Contains(err.Error(), "panicked") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
