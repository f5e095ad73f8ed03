package storage_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
)

// Targets for the steady state: ≥ 5,000 facts/s a core, ≤ 3 store calls a component, which
// here is a person. Touches of 10,000 people stand and have their rows, 10 or 100 of each, as
// workload W has them after a tenth of it and at its end: a person is derived of all of
// theirs. Then new ones come in steps of 10,000 and of 1,000, each worked into the rows. A
// core is one that Go may use, used or not; what Postgres takes of them is not subtracted.
// The short run has 1,000 people and steps of a tenth.
func BenchmarkRefresher(b *testing.B) {
	measure := func(name string, open func(b *testing.B) summarizing) {
		for _, each := range []int{10, 100} {
			people := sqlSize() / 100
			b.Run(fmt.Sprintf("%s/history-%d", name, each), func(b *testing.B) { refresher(b, open, people, each) })
		}
	}
	measure("memory", func(b *testing.B) summarizing { return memstore.New(nil) })
	measure("sqlite", func(b *testing.B) summarizing { s, _ := openSQLite(b); return s })
	measure("postgres", func(b *testing.B) summarizing { s, _, _ := openPostgres(b); return s })
}

func refresher(b *testing.B, open func(b *testing.B) summarizing, people, each int) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	b.Cleanup(cancel)
	const times = 5 // steps of each size
	steps := []int{people, people / 10}
	batches := worldOf(people*each+times*(people+people/10), people)
	s := &counted{summarizing: open(b)}
	t, err := journey.NewTracker(s, &journey.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	// refresh appends so many facts and works them into the rows.
	refresh := func(n int) (took time.Duration, people int) {
		for left := n; left > 0; {
			part := batches[0][:min(left, len(batches[0]))]
			if batches[0] = batches[0][len(part):]; len(batches[0]) == 0 {
				batches = batches[1:]
			}
			left -= len(part)
			if _, err := s.Append(ctx, part); err != nil {
				b.Fatal(err)
			}
		}
		s.calls.Store(0)
		took = timed(b, func() error {
			for left := n; left > 0; { // Changes may lag
				done, err := t.Refresh(ctx)
				if err != nil {
					return err
				}
				people, left = people+done.People, left-done.Facts
			}
			return nil
		})
		return took, people
	}
	refresh(people * each)
	for _, step := range steps {
		b.Run(fmt.Sprint("step-", step), func(b *testing.B) {
			var took time.Duration
			var people, calls int64
			for left := times; b.Loop(); { // as often as there are touches, however often it asks
				for ; left > 0; left-- {
					d, n := refresh(step)
					took, people, calls = took+d, people+int64(n), calls+s.calls.Load()
				}
			}
			b.ReportMetric(float64(times*step)/took.Seconds()/float64(runtime.GOMAXPROCS(0)), "facts/s/core")
			b.ReportMetric(float64(calls)/float64(people), "calls/person")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// summarizing is what a refresher uses of a store.
type summarizing interface {
	storage.Store
	storage.Snapshotter
	storage.Summarizer
}

// counted counts the calls of a refresher.
type counted struct {
	summarizing
	calls atomic.Int64
}

func (s *counted) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	s.calls.Add(1)
	return s.summarizing.Scan(ctx, q)
}

func (s *counted) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	s.calls.Add(1)
	return s.summarizing.Ties(ctx, ids)
}

func (s *counted) Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	s.calls.Add(1)
	return s.summarizing.Changes(ctx, after)
}

func (s *counted) Summaries(ctx context.Context, model string, q storage.SummaryQuery) iter.Seq2[storage.Summary, error] {
	s.calls.Add(1)
	return s.summarizing.Summaries(ctx, model, q)
}

func (s *counted) SummaryCursor(ctx context.Context, model string) (storage.Cursor, error) {
	s.calls.Add(1)
	return s.summarizing.SummaryCursor(ctx, model)
}

func (s *counted) PutSummaries(ctx context.Context, model string, from, to storage.Cursor, of []identity.ID, rows []storage.Summary) error {
	s.calls.Add(1)
	return s.summarizing.PutSummaries(ctx, model, from, to, of, rows)
}

func (s *counted) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	s.calls.Add(1)
	view, err := s.summarizing.Snapshot(ctx)
	return countedView{view, s}, err
}

type countedView struct {
	storage.Snapshot
	s *counted
}

func (v countedView) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	v.s.calls.Add(1)
	return v.Snapshot.Scan(ctx, q)
}

func (v countedView) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	v.s.calls.Add(1)
	return v.Snapshot.Ties(ctx, ids)
}
