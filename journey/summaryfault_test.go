package journey_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// brittle is a store with rows of which the nth call fails: before it begins, or late, which
// is after the last value or when all is done.
type brittle struct {
	*memstore.Store
	late bool

	mu       sync.Mutex
	nth, now int
	told     bool // somebody has got the error
}

func (s *brittle) fails() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now++; s.now == s.nth {
		return fmt.Errorf("%w: %w", storage.ErrUnavailable, syscall.EIO)
	}
	return nil
}

func (s *brittle) tell(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = s.told || err != nil
	return err
}

func brittleSeq[T any](s *brittle, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		bad := s.fails()
		for x, err := range seq {
			if bad != nil && !s.late {
				break
			}
			if !yield(x, err) {
				return
			}
		}
		if bad != nil {
			var none T
			yield(none, s.tell(bad))
		}
	}
}

func brittleCall(s *brittle, do func() error) error {
	bad := s.fails()
	if bad != nil && !s.late {
		return s.tell(bad)
	}
	if err := do(); err != nil {
		return err
	}
	return s.tell(bad)
}

func (s *brittle) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return brittleSeq(s, s.Store.Scan(ctx, q))
}

func (s *brittle) Changes(ctx context.Context, c storage.Cursor) iter.Seq2[storage.Change, error] {
	return brittleSeq(s, s.Store.Changes(ctx, c))
}

func (s *brittle) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	return brittleSeq(s, s.Store.Ties(ctx, ids))
}

func (s *brittle) Snapshot(ctx context.Context) (sn storage.Snapshot, err error) {
	err = brittleCall(s, func() (err error) { sn, err = s.Store.Snapshot(ctx); return err })
	return brittleSnapshot{sn, s}, err
}

type brittleSnapshot struct {
	storage.Snapshot
	s *brittle
}

func (s brittleSnapshot) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	return brittleSeq(s.s, s.Snapshot.Ties(ctx, ids))
}

func (s *brittle) Summaries(ctx context.Context, m string, q storage.SummaryQuery) iter.Seq2[storage.Summary, error] {
	return brittleSeq(s, s.Store.Summaries(ctx, m, q))
}

func (s *brittle) SummaryCursor(ctx context.Context, m string) (c storage.Cursor, err error) {
	err = brittleCall(s, func() (err error) { c, err = s.Store.SummaryCursor(ctx, m); return err })
	return c, err
}

func (s *brittle) CountSummaries(ctx context.Context, m string, q storage.SummaryQuery) (n map[string]int64, err error) {
	err = brittleCall(s, func() (err error) { n, err = s.Store.CountSummaries(ctx, m, q); return err })
	return n, err
}

func (s *brittle) PutSummaries(ctx context.Context, m string, from, to storage.Cursor, of []identity.ID, rows []storage.Summary) error {
	return brittleCall(s, func() error { return s.Store.PutSummaries(ctx, m, from, to, of, rows) })
}

// Table 4, I/O error, where rows are kept and where none are: whichever read or put of the
// store fails, at its begin or at its end, no answer is given without what it would have told,
// and the next answer is whole.
func TestNoAnswerLeavesOutWhatAStoreCouldNotRead(t *testing.T) {
	tied := by("crm_account_id:a1", "group_id:g1")
	early := []touchpoint.Touch{
		touch("meeting", "01-02", by("domain:firm.example", "crm_account_id:a1")), touch("form", "01-03", by("email:ann@firm.example")),
		touch("meeting", "01-04", tied), touch("meeting", "01-05", tied), touch("form", "01-06", by("email:bob@home.example", "group_id:g1")),
	}
	news := []storage.Fact{
		{Override: &identity.Override{ID: "o1", At: on("02-01"), Actor: "ops", Op: identity.Retract, Scope: identity.Scope{Ref: identity.Ref{Source: "test", ID: "meeting@01-04"}}}},
		{Override: &identity.Override{ID: "o2", At: on("02-01"), Actor: "ops", Op: identity.Restore, Target: "another"}},
	}
	for _, tp := range []touchpoint.Touch{touch("form", "02-02", by("email:ann@firm.example")), touch("meeting", "02-03", by("domain:firm.example")), touch("meeting", "02-04", tied)} {
		news = append(news, storage.Fact{Touch: &tp})
	}
	for _, late := range []bool{false, true} {
		for n := 1; ; n++ {
			st := &brittle{Store: new(memstore.Store), late: late}
			tr, plain := trackerOn(t, st, nil), trackerOn(t, bare(st), nil)
			record(t, tr, early...)
			refresh(t, tr)
			var since storage.Cursor
			for c, err := range st.Store.Changes(ctx, since) {
				if err != nil {
					t.Fatal(err)
				}
				since = c.Cursor
			}
			if _, err := tr.Learn(ctx, news...); err != nil {
				t.Fatal(err)
			}
			erase(t, st, "e", storage.Query{Keys: []storage.Key{{Class: storage.ClassTouch, Source: "test", ID: "meeting@01-02"}}})

			last := true
			var whole [2][]any
			for i, tr := range []*journey.Tracker{tr, plain} {
				st.now, st.nth, st.told = 0, n, false
				got, err := asked(tr, since)
				st.nth, last = 0, last && st.now < n
				if st.told && !errors.Is(err, syscall.EIO) || !st.told && err != nil {
					t.Fatalf("late %v, call %d: told %v, the error is %v", late, n, st.told, err)
				}
				var wrong error
				if whole[i], wrong = asked(tr, since); wrong != nil || err == nil && !reflect.DeepEqual(got, whole[i]) {
					t.Fatalf("late %v, call %d: %v, and another answer than afterwards", late, n, wrong)
				}
			}
			if !reflect.DeepEqual(whole[0], whole[1]) {
				t.Fatalf("late %v, after call %d: rows tell another thing than facts\n%v\n%v", late, n, whole[0], whole[1])
			}
			if last {
				break
			}
		}
	}
}

// asked asks for rows, counts and changes, up to the first error.
func asked(tr *journey.Tracker, since storage.Cursor) (out []any, err error) {
	at := on("08-01")
	for _, q := range []journey.SummaryQuery{{At: at}, {At: at, Quiet: 20 * 24 * time.Hour, Limit: 1}} {
		for s, err := range tr.Summaries(ctx, q) {
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		}
		n, err := tr.CountStages(ctx, q)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	for c, err := range tr.Changes(ctx, since) {
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}
