package storage_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/pgstore"
)

// Raw is the same driver, tables and transaction size, one unnest a table, keys, hashes
// and bodies computed beforehand, each set written once.
const (
	rawFacts   = "insert into %s.fact (gen, seq, key, hash, idset, class, at, received, source, id, kind, body) select 1, n, key, hash, idset, 1, at, received, source, id, kind, body from unnest($1::int[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::bytea[]) as t(n, key, hash, idset, at, received, source, id, kind, body) on conflict (key) do nothing"
	rawMembers = "insert into %s.member (ident, idset) select * from unnest($1::uuid[], $2::uuid[]) on conflict do nothing"
	rawPerson  = "select f.hash, f.body, f.received from %[1]s.fact f where f.idset in (select m.idset from %[1]s.member m where m.ident = any($1)) order by f.at, f.source, f.id"
)

var schemas atomic.Int64

// postgres returns a pool and a new schema with the tables of pgstore, dropped at the end.
func postgres(b *testing.B) (*pgxpool.Pool, string) {
	b.Helper()
	dsn := os.Getenv("TABI_TEST_POSTGRES")
	if dsn == "" {
		b.Skip("TABI_TEST_POSTGRES is unset; run storage/pgstore/postgres.sh start")
	}
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		b.Fatal(err)
	}
	cfg.MaxConns = 10
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	schema := fmt.Sprintf("bench_%d_%d", os.Getpid(), schemas.Add(1))
	b.Cleanup(func() {
		if _, err := pool.Exec(context.Background(), "drop schema if exists "+schema+" cascade"); err != nil {
			b.Error(err)
		}
		pool.Close()
	})
	return pool, schema
}

func openPostgres(b *testing.B) (*pgstore.Store, *pgxpool.Pool, string) {
	b.Helper()
	pool, schema := postgres(b)
	s, err := pgstore.New(context.Background(), pool, &pgstore.Options{Schema: schema})
	if err != nil {
		b.Fatal(err)
	}
	return s, pool, schema
}

// A rawBatch is the columns of a batch.
type rawBatch struct {
	facts, members []any
}

func rawBatches(b *testing.B, batches [][]storage.Fact) []rawBatch {
	b.Helper()
	known := make(map[[16]byte]bool)
	var out []rawBatch
	for _, batch := range batches {
		var n []int32
		var key, hash, set, ident, of []pgtype.UUID
		var at, received []int64
		var source, id, kind []string
		var body [][]byte
		for i, f := range batch {
			var r storage.Row
			if err := r.Encode(f); err != nil {
				b.Fatal(err)
			}
			s := storage.HashSet(r.Key.Class, r.Key.Source, r.IDs)
			n, key, hash, set = append(n, int32(i)), append(key, raw(r.Hash)), append(hash, raw(r.Sum)), append(set, raw(s))
			at, received, source, id = append(at, r.At), append(received, r.Received), append(source, r.Key.Source), append(id, r.Key.ID)
			kind, body = append(kind, string(f.Touch.Kind)), append(body, r.Body)
			if !known[s] {
				known[s] = true
				for _, x := range r.IDs {
					ident, of = append(ident, raw(storage.HashID(x))), append(of, raw(s))
				}
			}
		}
		out = append(out, rawBatch{[]any{n, key, hash, set, at, received, source, id, kind, body}, []any{ident, of}})
	}
	return out
}

func raw(x [16]byte) pgtype.UUID { return pgtype.UUID{Bytes: x, Valid: true} }

func (r rawBatch) write(ctx context.Context, pool *pgxpool.Pool, schema string) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		q := &pgx.Batch{}
		q.Queue(fmt.Sprintf(rawFacts, schema), r.facts...)
		if r.members[0].([]pgtype.UUID) != nil {
			q.Queue(fmt.Sprintf(rawMembers, schema), r.members...)
		}
		return tx.SendBatch(ctx, q).Close()
	})
}

func postgresSize() int {
	if os.Getenv("TABI_LONG") == "1" {
		return 300_000
	}
	return 100_000
}

// spread calls f for 0 … n−1 on so many goroutines.
func spread(b *testing.B, goroutines, n int, f func(i int) error) {
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
}

// Targets: one writer of batches ≥ 0.8 × raw, aim 1.0; eight writers of single facts
// ≥ 0.8 × raw with eight; replay ≥ the append rate.
func BenchmarkPgstoreAppend(b *testing.B) {
	ctx := context.Background()
	run := func(name string, writers int, batches [][]storage.Fact) {
		facts := 0
		for _, batch := range batches {
			facts += len(batch)
		}
		b.Run(name, func(b *testing.B) {
			var ours, theirs, again time.Duration
			columns := rawBatches(b, batches)
			for b.Loop() {
				s, _, _ := openPostgres(b)
				start := time.Now()
				spread(b, writers, len(batches), func(i int) error { _, err := s.Append(ctx, batches[i]); return err })
				ours += time.Since(start)
				start = time.Now()
				spread(b, writers, len(batches), func(i int) error { _, err := s.Append(ctx, batches[i]); return err })
				again += time.Since(start)
				_, pool, schema := openPostgres(b)
				start = time.Now()
				spread(b, writers, len(columns), func(i int) error { return columns[i].write(ctx, pool, schema) })
				theirs += time.Since(start)
			}
			b.ReportMetric(float64(facts*b.N)/ours.Seconds(), "touches/s")
			b.ReportMetric(float64(facts*b.N)/again.Seconds(), "replayed/s")
			b.ReportMetric(theirs.Seconds()/ours.Seconds(), "×raw")
		})
	}
	batches := world(postgresSize())
	run("one", 1, batches)
	var single [][]storage.Fact
	for _, f := range slices.Concat(batches[:5]...) {
		single = append(single, []storage.Fact{f})
	}
	run("eight", 8, single)
}

// Targets: one person p99 ≤ 1.5 × the raw query; a component ≤ 3 × one raw query; a full
// scan ≥ 0.5 × a raw scan that decodes nothing; Ties(nil) ≤ 0.5 × our full scan.
func BenchmarkPgstoreRead(b *testing.B) {
	ctx := context.Background()
	s, pool, schema := openPostgres(b)
	batches := world(postgresSize())
	for _, batch := range batches {
		if _, err := s.Append(ctx, batch); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := pool.Exec(ctx, fmt.Sprintf("vacuum analyze %[1]s.fact, %[1]s.member", schema)); err != nil {
		b.Fatal(err)
	}
	who := func(i int) []identity.ID {
		ids := batches[i/1000][i%1000].IDs()
		return []identity.ID{ids[len(ids)-1], identity.MakeID(identity.Email, "person"+ids[len(ids)-1].Value()[2:]+"@example.com")}
	}
	drainRaw := func(b *testing.B, sql string, args ...any) {
		rows, err := pool.Query(ctx, fmt.Sprintf(sql, schema), args...)
		if err != nil {
			b.Fatal(err)
		}
		for rows.Next() {
		}
		if rows.Err() != nil {
			b.Fatal(rows.Err())
		}
	}
	b.Run("person", func(b *testing.B) {
		percentile(b, 3000, func(i int) {
			for _, err := range s.Scan(ctx, storage.Query{IDs: who(i)}) {
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("component", func(b *testing.B) {
		percentile(b, 3000, func(i int) {
			if _, err := storage.Component(ctx, s, who(i)[:1], nil, 0); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("raw-person", func(b *testing.B) {
		percentile(b, 3000, func(i int) {
			var idents []pgtype.UUID
			for _, id := range who(i) {
				idents = append(idents, raw(storage.HashID(id)))
			}
			drainRaw(b, rawPerson, idents)
		})
	})
	b.Run("scan", func(b *testing.B) {
		for b.Loop() {
			for _, err := range s.Scan(ctx, storage.Query{}) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("raw-scan", func(b *testing.B) {
		for b.Loop() {
			drainRaw(b, "select f.hash, f.body, f.received from %s.fact f order by f.at, f.source, f.id")
		}
	})
	b.Run("ties", func(b *testing.B) {
		for b.Loop() {
			for _, err := range s.Ties(ctx, nil) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
