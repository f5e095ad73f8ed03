package journey_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// workload is touches of 10,000 subjects drawn uniformly, every third with an address too,
// as in the benchmarks of storage, with times ascending.
func workload(r *rand.Rand, from, n int) []touchpoint.Touch {
	kinds := []touchpoint.Kind{"pageview", "email_click", "form", "meeting"}
	out := make([]touchpoint.Touch, n)
	for i := range out {
		p := r.IntN(10_000)
		out[i] = touch(kinds[r.IntN(4)], "01-01", by(fmt.Sprint("anonymous_id:device-", p)))
		out[i].ID, out[i].At = fmt.Sprint(from+i), on("01-01").Add(time.Duration(from+i)*time.Second)
		if i%3 == 0 {
			by(fmt.Sprint("anonymous_id:device-", p), fmt.Sprintf("email:p%d@firm%d.example", p, p%500))(&out[i])
		}
	}
	return out
}

// The steady state of a refresher: 100,000 touches stand, and steps of new ones come in.
// Target: 5,000 facts/s a core, three store calls a component.
func BenchmarkRefresh(b *testing.B) {
	for _, step := range []int{10_000, 1_000, 1} {
		b.Run(fmt.Sprint("step of ", step), func(b *testing.B) {
			st := &reads{Store: new(memstore.Store)}
			tr := trackerOn(b, st, nil)
			r := rand.New(rand.NewPCG(1, 2))
			n := 0
			add := func(k int) {
				for part := workload(r, n, k); len(part) > 0; part = part[min(1000, len(part)):] {
					if _, err := tr.Record(ctx, part[:min(1000, len(part))]...); err != nil {
						b.Fatal(err)
					}
				}
				n += k
			}
			add(100_000)
			refresh(b, tr)
			facts, people, calls := 0, 0, 0
			var took time.Duration
			for b.Loop() {
				b.StopTimer()
				add(step)
				st.reset()
				b.StartTimer()
				begun := time.Now()
				done := refresh(b, tr)
				took += time.Since(begun)
				c, _ := st.reset()
				facts, people, calls = facts+done.Facts, people+done.People, calls+c
			}
			b.ReportMetric(float64(facts)/took.Seconds(), "facts/s")
			b.ReportMetric(float64(calls)/float64(people), "calls/person")
		})
	}
}
