package journey_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// manyPeople is touches of people with a device and a late login each.
func manyPeople(n int) []touchpoint.Touch {
	out := make([]touchpoint.Touch, n)
	for i := range out {
		p := i % (n/20 + 1)
		out[i] = touch("pageview", "01-01", via("Email"))
		out[i].ID, out[i].At = fmt.Sprint(i), on("01-01").Add(time.Duration(i)*time.Minute)
		out[i].IDs = []identity.ID{identity.MakeID(identity.AnonymousID, fmt.Sprint("device-", p))}
		if i%10 == 0 {
			out[i].IDs = append(out[i].IDs, identity.MakeID(identity.UserID, fmt.Sprint("user-", p)))
		}
	}
	return out
}

// Record through storetest.Faulty with no fault costs at most 1.02 times as much.
func BenchmarkRecordThroughFaulty(b *testing.B) {
	touches := manyPeople(10_000)
	for name, wrap := range map[string]func(storage.Store) storage.Store{
		"plain":  func(s storage.Store) storage.Store { return s },
		"faulty": func(s storage.Store) storage.Store { return storetest.Faulty(s, new(storetest.Faults)) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tr := trackerOn(b, wrap(new(memstore.Store)), nil)
				for i := 0; i < len(touches); i += 1000 {
					if _, err := tr.Record(ctx, touches[i:i+1000]...); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// A digest against a plain scan of the same facts: of the facts themselves, and of
// everything derived from them.
func BenchmarkDigest(b *testing.B) {
	var st memstore.Store
	tr := trackerOn(b, &st, nil)
	for part := manyPeople(100_000); len(part) > 0; part = part[10_000:] {
		if _, err := tr.Record(ctx, part[:10_000]...); err != nil {
			b.Fatal(err)
		}
	}
	for name, run := range map[string]func() error{
		"scan": func() error {
			for _, err := range st.Scan(ctx, storage.Query{}) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"storage": func() error { _, err := storage.Digest(ctx, &st); return err },
		"view":    func() error { _, err := tr.View(ctx, on("12-01")); return err },
		"journey": func() error { _, err := tr.Digest(ctx, on("12-01")); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
