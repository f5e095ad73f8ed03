package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/pgstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// holdKey writes a fact in a transaction that stays open: who offers its key waits until
// release.
func (l *lab) holdKey(t *testing.T, s *store, f storage.Fact) (release func()) {
	t.Helper()
	tx, err := l.admin.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := insert(t.Context(), tx, s.opts.Schema, f); err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() { _ = tx.Rollback(context.Background()) })
	t.Cleanup(release)
	return release
}

// waiting returns once so many transactions of s wait for others.
func (l *lab) waiting(t *testing.T, s *store, n int) {
	t.Helper()
	for got := -1; got != n; time.Sleep(time.Millisecond) {
		err := l.admin.QueryRow(t.Context(), "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%' || $1 || '%'", s.opts.Schema+".").Scan(&got)
		if err != nil {
			t.Fatal(err)
		}
	}
}

func appendLater(ctx context.Context, s storage.Store, f storage.Fact) <-chan outcome {
	c := make(chan outcome, 1)
	go func() {
		outs, err := s.Append(ctx, []storage.Fact{f})
		c <- outcome{outs, err}
	}()
	return c
}

type outcome struct {
	outs []touchpoint.Outcome
	err  error
}

func (o outcome) accepted() bool {
	return o.err == nil && len(o.outs) == 1 && o.outs[0].Status == touchpoint.Accepted
}

// Of calls that share a transaction each hears of its own facts, and what one offers twice
// or in vain is nothing to the others.
func TestSmallCallsShareTransactions(t *testing.T) {
	l := newLab(t)
	s, err := l.open(t.Context(), pgstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const callers, rounds = 12, 30
	var mu sync.Mutex
	firsts := make(map[int]int) // callers whose content a common key took
	var wg sync.WaitGroup
	for k := range callers {
		wg.Go(func() {
			for n := range rounds {
				common := view(n)
				common.Touch.Touchpoint = fmt.Sprint("of caller ", k)
				bad := view(0)
				bad.Touch.Source = ""
				outs, err := s.Append(t.Context(), []storage.Fact{view(1000 + k*rounds + n), bad, common})
				if err != nil || len(outs) != 3 {
					t.Errorf("%d outcomes, error %v", len(outs), err)
					return
				}
				if outs[0].Status != touchpoint.Accepted || outs[1].Status != touchpoint.Rejected {
					t.Errorf("statuses %v, %v", outs[0].Status, outs[1].Status)
				}
				switch outs[2].Status {
				case touchpoint.Accepted:
					mu.Lock()
					firsts[n]++
					mu.Unlock()
				case touchpoint.Conflict:
					if len(outs[2].Fields) != 1 {
						t.Errorf("conflict in %v", outs[2].Fields)
					}
				default:
					t.Errorf("status %v of a common key", outs[2].Status)
				}
			}
		})
	}
	wg.Wait()
	for n := range rounds {
		if firsts[n] != 1 {
			t.Errorf("key %d was accepted of %d callers", n, firsts[n])
		}
	}
	var facts, transactions int
	if err := l.admin.QueryRow(t.Context(), "select count(*), count(distinct xid) from "+s.opts.Schema+".fact").Scan(&facts, &transactions); err != nil {
		t.Fatal(err)
	}
	if want := callers*rounds + rounds; facts != want {
		t.Errorf("%d facts, want %d", facts, want)
	}
	if transactions >= callers*rounds {
		t.Errorf("%d transactions for %d calls", transactions, callers*rounds)
	}
	if err := storage.Verify(t.Context(), s); err != nil {
		t.Error(err)
	}
}

// Whatever transactions wait for, others do not wait for them for ever; and a call whose
// context ends in the queue never was.
func TestStuckTransactionsHoldNobodyUp(t *testing.T) {
	l := newLab(t)
	s, err := l.open(t.Context(), pgstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	first, second := l.holdKey(t, s, view(1)), l.holdKey(t, s, view(2))
	a, b := appendLater(t.Context(), s, view(1)), appendLater(t.Context(), s, view(2))
	l.waiting(t, s, 2)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if o := <-appendLater(ctx, s, view(3)); o.outs != nil || !errors.Is(o.err, context.DeadlineExceeded) {
		t.Errorf("in the queue: %v, error %v", o.outs, o.err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if o := <-appendLater(ctx, s, view(4)); !o.accepted() {
		t.Errorf("behind those that are stuck: %v, error %v", o.outs, o.err)
	}
	first()
	second()
	if x, y := <-a, <-b; !x.accepted() || !y.accepted() {
		t.Errorf("those that were stuck: errors %v, %v", x.err, y.err)
	}
	if n := count(t, s, storage.Query{}); n != 3 {
		t.Errorf("%d facts, want 3", n)
	}
}

// A call whose context ends in a transaction that it shares does not know how that ends,
// and the others go on.
func TestContextEndsInsideOfAGroup(t *testing.T) {
	l := newLab(t)
	s, err := l.open(t.Context(), pgstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for n := 0; ; n += 10 { // they share unless the machine stops for too long
		first, second, third := l.holdKey(t, s, view(n)), l.holdKey(t, s, view(n+1)), l.holdKey(t, s, view(n+2))
		a, b := appendLater(t.Context(), s, view(n)), appendLater(t.Context(), s, view(n+1))
		l.waiting(t, s, 2)
		ctx, cancel := context.WithCancel(t.Context())
		c, d := appendLater(ctx, s, view(n+2)), appendLater(t.Context(), s, view(n+3))
		time.Sleep(5 * time.Millisecond) // they queue up
		first()
		<-a
		l.waiting(t, s, 2) // b, and c with d
		cancel()
		gone := <-c
		third()
		second()
		if x, y := <-b, <-d; !x.accepted() || !y.accepted() {
			t.Fatalf("those that stayed: errors %v, %v", x.err, y.err)
		}
		if !errors.Is(gone.err, context.Canceled) {
			t.Fatalf("inside: error %v", gone.err)
		}
		if errors.Is(gone.err, storage.ErrUncertain) {
			if len(gone.outs) != 1 || gone.outs[0].Status != touchpoint.Retry {
				t.Errorf("inside: %v", gone.outs)
			}
			return
		}
		if n > 1000 {
			t.Fatal("they never shared a transaction")
		}
	}
}

// Close lets what runs come to its end, and whoever waits hears of it.
func TestCloseAnswersCallsThatWait(t *testing.T) {
	l := newLab(t)
	schema, err := l.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err := pgstore.Open(t.Context(), l.dsn, &pgstore.Options{Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	held := &store{opts: pgstore.Options{Schema: schema}}
	first, second := l.holdKey(t, held, view(1)), l.holdKey(t, held, view(2))
	a, b := appendLater(t.Context(), s, view(1)), appendLater(t.Context(), s, view(2))
	l.waiting(t, held, 2)
	c := appendLater(t.Context(), s, view(3))
	time.Sleep(5 * time.Millisecond) // it queues up
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	time.Sleep(5 * time.Millisecond)
	first()
	second()
	if x, y := <-a, <-b; !x.accepted() || !y.accepted() {
		t.Errorf("those that ran: errors %v, %v", x.err, y.err)
	}
	if o := <-c; !o.accepted() && (o.outs != nil || !errors.Is(o.err, storage.ErrClosed)) {
		t.Errorf("the one that waited: %v, error %v", o.outs, o.err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// A damaged row is told to who asks for it, and nothing to the others of its transaction.
func TestDamagedRowFailsOneFact(t *testing.T) {
	l := newLab(t)
	s, err := l.open(t.Context(), pgstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mustAppend(t, s, view(1))
	if err := l.exec(t.Context(), s, "update {}fact set body = set_byte(body, 9, get_byte(body, 9) # 1)"); err != nil {
		t.Fatal(err)
	}
	other := view(1)
	other.Touch.Touchpoint = "another"
	outs, err := s.Append(t.Context(), []storage.Fact{other, view(2)})
	var corrupt *storage.CorruptError
	if len(outs) != 2 || outs[0].Status != touchpoint.Retry || !errors.As(err, &corrupt) || outs[1].Status != touchpoint.Accepted {
		t.Errorf("%v, error %v", outs, err)
	}
}
