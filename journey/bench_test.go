package journey_test

import (
	"log/slog"
	"slices"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/journey/simulate"
	"github.com/tabi-go/tabi/storage/memstore"
)

// BenchmarkView derives everybody of the simulated company, about 20,000 touches.
func BenchmarkView(b *testing.B) {
	w, err := simulate.Scenario("company")
	if err != nil {
		b.Fatal(err)
	}
	p, err := w.Run(1, 400, 180)
	if err != nil {
		b.Fatal(err)
	}
	o := leads(journey.Boundary{})
	o.Logger = slog.New(slog.DiscardHandler)
	tr, err := journey.NewTracker(new(memstore.Store), o)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for part := range slices.Chunk(slices.Collect(p.Touches()), 1000) {
		if _, err := tr.Record(ctx, part...); err != nil {
			b.Fatal(err)
		}
		n += len(part)
	}
	b.ReportAllocs()
	for b.Loop() {
		v, err := tr.View(ctx, on("01-01"))
		if err != nil {
			b.Fatal(err)
		}
		for _, e := range []identity.Entity{identity.PersonEntity, identity.AccountEntity} {
			for _, s := range v.Subjects(e) {
				if _, err := v.Fold(s); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/touch")
}
