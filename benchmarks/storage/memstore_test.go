package storage_test

import (
	"context"
	"math"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
)

const size = 1_000_000

// filled returns a store with workload W.
func filled(b *testing.B, batches [][]storage.Fact) *memstore.Store {
	s := memstore.New(nil)
	for _, batch := range batches {
		if _, err := s.Append(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Target: ≥ 1,000,000 touches/s with two goroutines on two cores.
func BenchmarkMemstoreAppend(b *testing.B) {
	batches := world(size)
	for _, writers := range []int{1, 2} {
		b.Run(map[int]string{1: "one", 2: "two"}[writers], func(b *testing.B) {
			for b.Loop() {
				s := memstore.New(nil)
				var next atomic.Int64
				var wg sync.WaitGroup
				for range writers {
					wg.Go(func() {
						for i := int(next.Add(1)) - 1; i < len(batches); i = int(next.Add(1)) - 1 {
							if _, err := s.Append(context.Background(), batches[i]); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
			}
			b.ReportMetric(float64(size)*float64(b.N)/b.Elapsed().Seconds(), "touches/s")
		})
	}
}

// Target: the replay of the same facts ≥ the append rate.
func BenchmarkMemstoreReplay(b *testing.B) {
	batches := world(size)
	var first, again time.Duration
	for b.Loop() {
		first += timed(b, func() error { filled(b, batches); return nil })
		s := filled(b, batches)
		again += spread(b, 1, len(batches), func(i int) error { _, err := s.Append(context.Background(), batches[i]); return err })
	}
	n := float64(size * b.N)
	b.ReportMetric(n/again.Seconds(), "touches/s")
	b.ReportMetric(first.Seconds()/again.Seconds(), "×append")
}

// Target: ≤ 250 B a touch beside its body, aim 160.
func BenchmarkMemstoreOverhead(b *testing.B) {
	batches := world(size)
	bodies := 0
	var body []byte
	for _, batch := range batches {
		for _, f := range batch {
			body, _ = storage.AppendFact(body[:0], f)
			bodies += len(body)
		}
	}
	for b.Loop() {
		before := heap()
		s := filled(b, batches)
		used := heap() - before
		b.ReportMetric(float64(bodies)/size, "B/body")
		b.ReportMetric((float64(used)-float64(bodies))/size, "B/touch")
		runtime.KeepAlive(s)
	}
}

// percentile runs f often and reports its p50 and p99 in microseconds.
func percentile(b *testing.B, n int, f func(i int)) {
	for b.Loop() {
		took := make([]time.Duration, n)
		for i := range took {
			start := time.Now()
			f(i)
			took[i] = time.Since(start)
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[n/2].Nanoseconds())/1000, "µs/p50")
		b.ReportMetric(float64(took[n*99/100].Nanoseconds())/1000, "µs/p99")
	}
}

// Targets: one person with 100 touches p99 ≤ 150 µs; its component p99 ≤ 30 µs.
func BenchmarkMemstorePerson(b *testing.B) {
	g := world(size)
	s := filled(b, g)
	who := func(i int) []identity.ID {
		ids := g[i/1000][i%1000].IDs()
		return []identity.ID{ids[len(ids)-1], identity.MakeID(identity.Email, "person"+ids[len(ids)-1].Value()[2:]+"@example.com")}
	}
	b.Run("scan", func(b *testing.B) {
		percentile(b, 3000, func(i int) {
			for _, err := range s.Scan(context.Background(), storage.Query{IDs: who(i)}) {
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("component", func(b *testing.B) {
		percentile(b, 3000, func(i int) {
			if _, err := storage.Component(context.Background(), s, who(i)[:1], nil, 0); err != nil {
				b.Fatal(err)
			}
		})
	})
}

func BenchmarkMemstoreScan(b *testing.B) {
	s := filled(b, world(size))
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			for _, err := range s.Scan(context.Background(), storage.Query{}) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(size)*float64(b.N)/b.Elapsed().Seconds(), "touches/s")
	})
	b.Run("ties-to-scan", func(b *testing.B) {
		inTurns(b, 5, func(int) error { return drain(s.Ties(context.Background(), nil)) },
			func(int) error { return drain(s.Scan(context.Background(), storage.Query{})) })
	})
}

// Targets: encode ≤ 400 ns, 0 allocations; decode ≤ 800 ns, ≤ 8 allocations; hash ≤ 200 ns.
// The figure is the least of 400 rounds of 1,000.
func BenchmarkFact(b *testing.B) {
	f := world(1)[0][0]
	body, err := storage.AppendFact(nil, f)
	if err != nil {
		b.Fatal(err)
	}
	r := storage.Row{Body: slices.Clone(body), Sum: storage.HashBody(body), Received: storage.NoTime}
	for _, c := range []struct {
		name string
		f    func() error
	}{
		{"encode", func() (err error) { body, err = storage.AppendFact(body[:0], f); return err }},
		{"decode", func() error { _, err := r.Fact(); return err }},
		{"hash", func() error { kept = storage.HashBody(body); return nil }},
	} {
		b.Run(c.name, func(b *testing.B) {
			least := time.Duration(math.MaxInt64)
			for b.Loop() {
				for range 400 {
					least = min(least, timed(b, func() error {
						for range 1000 {
							if err := c.f(); err != nil {
								return err
							}
						}
						return nil
					}))
				}
			}
			b.ReportMetric(float64(least.Nanoseconds())/1000, "ns/op")
			b.ReportMetric(testing.AllocsPerRun(1000, func() { _ = c.f() }), "allocs")
		})
	}
}

var kept [16]byte // what a benchmark made, so that it has to be made

// Targets: an empty list costs ≤ 1.02 ×, a list of 10⁶ entries ≤ 1.25 × of an append
// without tags. The three take turns, batch by batch.
func BenchmarkMemstoreSuppression(b *testing.B) {
	plain, tagged := world(size/5), world(size/5)
	for _, batch := range tagged {
		for i := range batch {
			h := storage.HashID(batch[i].IDs()[0])
			batch[i].Tags = []storage.Tag{storage.Tag(h)}
		}
	}
	var without, empty, million time.Duration
	for b.Loop() {
		none, short, long := memstore.New(nil), memstore.New(nil), memstore.New(nil)
		suppress(b, long, 1_000_000)
		for i := range plain {
			without += timed(b, func() error { _, err := none.Append(context.Background(), plain[i]); return err })
			empty += timed(b, func() error { _, err := short.Append(context.Background(), tagged[i]); return err })
			million += timed(b, func() error { _, err := long.Append(context.Background(), tagged[i]); return err })
		}
	}
	b.ReportMetric(float64(size/5*b.N)/without.Seconds(), "touches/s")
	b.ReportMetric(empty.Seconds()/without.Seconds(), "×empty")
	b.ReportMetric(million.Seconds()/without.Seconds(), "×million")
}

// suppress puts n tags on the list that no touch has.
func suppress(b *testing.B, s *memstore.Store, n int) {
	b.Helper()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for from := 0; from < n; from += 4000 {
		e := storage.Erasure{ID: strconv.Itoa(from), At: at}
		for i := range 4000 {
			h := storage.HashID(identity.MakeID(identity.UserID, "gone "+strconv.Itoa(from+i)))
			e.Suppress = append(e.Suppress, storage.Suppression{KeyID: "k1", Tag: storage.Tag(h), At: at})
		}
		if _, err := s.Erase(context.Background(), e); err != nil {
			b.Fatal(err)
		}
	}
}
