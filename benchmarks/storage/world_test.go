// Package storage_test measures the stores of facts on workload W of the specification:
// touches with one or two identifiers, every third with an e-mail address, of people drawn
// uniformly, a hundred touches each, four kinds, times ascending, random 16-byte ids,
// PCG(1, 2), batches of 1,000.
//
//	TABI_LONG=1 go test -timeout 0 -bench . -benchtime 1x -count 5 ./storage/
//
// TABI_LONG=1 takes a million touches and people for the stores on disk too, and 300,000 for
// appends to Postgres; else there are 100,000. TABI_BENCH_DIR is a folder on a real disk,
// where the temporary one is not. With TABI_TEST_POSTGRES Postgres is measured too.
//
// Figures that have a target are printed beside the benchmark: touches/s, B/touch, p99.
// Ours and raw, which is the same driver with the same tables and settings and with keys,
// hashes and bodies made beforehand, take turns, so that what else the machine does meets
// both; ×raw is the ratio.
package storage_test

import (
	"encoding/hex"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

var kinds = [...]touchpoint.Kind{touchpoint.KindPageview, touchpoint.KindClick, touchpoint.KindForm, touchpoint.KindOrder}

// world returns n touches of workload W in batches of 1,000. Smaller ones have fewer
// people, so that a person has 100 touches whatever the size.
func world(n int) [][]storage.Fact { return worldOf(n, max(n/100, 1)) }

// worldOf is world with so many people.
func worldOf(n, people int) [][]storage.Fact {
	g := rand.New(rand.NewPCG(1, 2))
	props, err := touchpoint.ParseProps([]byte(`{"referrer":"https://www.example.com/","title":"Pricing","url":"https://shop.example.com/pricing?plan=team"}`))
	if err != nil {
		panic(err)
	}
	var batches [][]storage.Fact
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		if i%1000 == 0 {
			batches = append(batches, make([]storage.Fact, 0, 1000))
		}
		who := g.IntN(people)
		ids := []identity.ID{identity.MakeID(identity.UserID, fmt.Sprintf("u-%06d", who))}
		if i%3 == 0 {
			ids = []identity.ID{identity.MakeID(identity.Email, fmt.Sprintf("person%06d@example.com", who)), ids[0]}
		}
		at = at.Add(time.Duration(1+g.IntN(2_000_000)) * time.Microsecond)
		var id [16]byte
		for k := range id {
			id[k] = byte(g.Uint32())
		}
		last := &batches[len(batches)-1]
		*last = append(*last, storage.Fact{Touch: &touchpoint.Touch{
			Source: "web", ID: hex.EncodeToString(id[:]), At: at, ReceivedAt: at.Add(time.Second), Kind: kinds[g.IntN(len(kinds))],
			Channel: "Organic Search", Touchpoint: "Pricing page", IDs: ids, Direction: touchpoint.Inbound, Props: props,
		}})
	}
	return batches
}

// sqlSize is how many touches the stores on disk are measured with.
func sqlSize() int {
	if os.Getenv("TABI_LONG") == "1" {
		return 1_000_000
	}
	return 100_000
}

// person names who a touch is of, in both ways.
func person(f storage.Fact) []identity.ID {
	ids := f.IDs()
	user := ids[len(ids)-1]
	return []identity.ID{user, identity.MakeID(identity.Email, "person"+user.Value()[2:]+"@example.com")}
}

// single is the first touches one by one.
func single(batches [][]storage.Fact, n int) [][]storage.Fact {
	var list [][]storage.Fact
	for _, batch := range batches {
		for i := range batch {
			if list = append(list, batch[i:i+1]); len(list) == n {
				return list
			}
		}
	}
	return list
}

// spread calls f for 0 … n−1 on so many goroutines.
func spread(b *testing.B, goroutines, n int, f func(i int) error) time.Duration {
	start := time.Now()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := f(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

// timed returns how long f took.
func timed(b *testing.B, f func() error) time.Duration {
	start := time.Now()
	if err := f(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// inTurns calls both n times and reports p50 and p99 of ours in microseconds, and as
// multiples of the other's. Each begins every other time: who comes second finds warm what
// the first has read.
func inTurns(b *testing.B, n int, ours, other func(i int) error) {
	for b.Loop() {
		var a, z []time.Duration
		first := func(i int) { a = append(a, timed(b, func() error { return ours(i) })) }
		second := func(i int) { z = append(z, timed(b, func() error { return other(i) })) }
		for i := range n {
			first(i)
			second(i)
			first, second = second, first
		}
		slices.Sort(a)
		slices.Sort(z)
		for _, percent := range []int{50, 99} {
			k := n * percent / 100
			b.ReportMetric(float64(a[k].Nanoseconds())/1000, fmt.Sprintf("µs/p%d", percent))
			b.ReportMetric(a[k].Seconds()/z[k].Seconds(), fmt.Sprintf("×/p%d", percent))
		}
	}
}

// drain reads a sequence to its end.
func drain[T any](seq iter.Seq2[T, error]) error {
	for _, err := range seq {
		if err != nil {
			return err
		}
	}
	return nil
}
