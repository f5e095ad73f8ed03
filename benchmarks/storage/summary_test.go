package storage_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
)

// summaries are rows of so many people, of two identifiers each, in batches of 1,000.
func summaries(n int) [][]storage.Summary {
	stages := []string{"aware", "consider", "decide", "adopt", "renew"}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var batches [][]storage.Summary
	for i := range n {
		if i%1000 == 0 {
			batches = append(batches, make([]storage.Summary, 0, 1000))
		}
		at := start.Add(time.Duration(uint32(i)*2654435761) * time.Microsecond) // scattered
		r := storage.Summary{
			IDs:   []identity.ID{identity.MakeID(identity.Email, fmt.Sprintf("person%06d@example.com", i)), identity.MakeID(identity.UserID, fmt.Sprintf("u-%06d", i))},
			Stage: stages[i%len(stages)], Entered: at, First: at, Last: at, Touches: 100, Value: int64(i), Body: make([]byte, 60),
		}
		binary.BigEndian.PutUint64(r.Subject[:], uint64(i)*0x9E3779B97F4A7C15)
		r.Account[0] = byte(i)
		batches[len(batches)-1] = append(batches[len(batches)-1], r)
	}
	return batches
}

// Targets for a million people on disk: the 100 longest stalled of a stage p99 ≤ 5 ms, the
// count by stage ≤ 300 ms. Memory has no index of stages: it looks at all rows.
func BenchmarkSummaries(b *testing.B) {
	measure := func(name string, open func(b *testing.B) (s storage.Summarizer, settle func())) {
		b.Run(name, func(b *testing.B) {
			ctx := context.Background()
			s, settle := open(b)
			var at storage.Cursor
			batches := summaries(sqlSize())
			start := time.Now()
			for i, rows := range batches {
				next := storage.MakeCursor(fmt.Sprint(i + 1))
				if err := s.PutSummaries(ctx, "m", at, next, nil, rows); err != nil {
					b.Fatal(err)
				}
				at = next
			}
			put := time.Since(start)
			settle()
			q := storage.SummaryQuery{Stages: []string{"decide"}, LastBefore: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), Limit: 100}
			percentile(b, 300, func(int) {
				if err := drain(s.Summaries(ctx, "m", q)); err != nil {
					b.Fatal(err)
				}
			})
			counts := make([]time.Duration, 5)
			for i := range counts {
				counts[i] = timed(b, func() error { _, err := s.CountSummaries(ctx, "m", storage.SummaryQuery{}); return err })
			}
			slices.Sort(counts)
			b.ReportMetric(counts[2].Seconds()*1000, "ms/count")
			b.ReportMetric(float64(sqlSize())/put.Seconds(), "put/s")
		})
	}
	measure("memory", func(b *testing.B) (storage.Summarizer, func()) { return memstore.New(nil), func() {} })
	measure("sqlite", func(b *testing.B) (storage.Summarizer, func()) { s, _ := openSQLite(b); return s, func() {} })
	measure("postgres", func(b *testing.B) (storage.Summarizer, func()) {
		s, pool, schema := openPostgres(b)
		return s, func() { // what the server does by itself after a while
			if _, err := pool.Exec(context.Background(), fmt.Sprintf("vacuum analyze %[1]s.summary, %[1]s.summary_member", schema)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
