package storage_test

import (
	"context"
	"fmt"
	"os"
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
// and bodies computed beforehand, each set written once. The identifiers of a person are
// asked for so that the server keeps its plan, as ours are.
const (
	rawFacts   = "insert into %s.fact (gen, seq, key, hash, idset, class, at, received, source, id, kind, body) select 1, n, key, hash, idset, 1, at, received, source, id, kind, body from unnest($1::int[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::bytea[]) as t(n, key, hash, idset, at, received, source, id, kind, body) on conflict (key) do nothing"
	rawMembers = "insert into %s.member (ident, idset) select * from unnest($1::uuid[], $2::uuid[]) on conflict do nothing"
	rawScan    = "select f.hash, f.body, f.received from %s.fact f order by f.at, f.source, f.id"
	rawPerson  = "select f.hash, f.body, f.received from %[1]s.fact f where f.idset in (select m.idset from %[1]s.member m where m.ident in (select unnest((select $1::uuid[])))) order by f.at, f.source, f.id"
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
	return pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		q := &pgx.Batch{}
		q.Queue("begin")
		q.Queue(fmt.Sprintf(rawFacts, schema), r.facts...)
		if r.members[0].([]pgtype.UUID) != nil {
			q.Queue(fmt.Sprintf(rawMembers, schema), r.members...)
		}
		if err := conn.SendBatch(ctx, q).Close(); err != nil {
			return err
		}
		_, err := conn.Exec(ctx, "commit")
		return err
	})
}

// Targets: one writer of batches ≥ 0.8 × raw, aim 1.0; eight writers of single facts
// ≥ 0.8 × raw with eight; replay ≥ the append rate. The long run takes 300,000 touches.
func BenchmarkPgstoreAppend(b *testing.B) {
	ctx := context.Background()
	size := min(sqlSize(), 300_000)
	batches := world(size)
	b.Run("one", func(b *testing.B) {
		var ours, theirs, again time.Duration
		columns := rawBatches(b, batches)
		for b.Loop() {
			s, _, _ := openPostgres(b)
			_, pool, schema := openPostgres(b)
			for i, batch := range batches {
				ours += timed(b, func() error { _, err := s.Append(ctx, batch); return err })
				theirs += timed(b, func() error { return columns[i].write(ctx, pool, schema) })
			}
			again += spread(b, 1, len(batches), func(i int) error { _, err := s.Append(ctx, batches[i]); return err })
		}
		n := float64(size * b.N)
		b.ReportMetric(n/ours.Seconds(), "touches/s")
		b.ReportMetric(n/again.Seconds(), "replayed/s")
		b.ReportMetric(theirs.Seconds()/ours.Seconds(), "×raw")
	})
	b.Run("eight", func(b *testing.B) {
		var ours, theirs time.Duration
		singles := single(batches, 5000)
		columns := rawBatches(b, singles)
		for b.Loop() {
			s, _, _ := openPostgres(b)
			_, pool, schema := openPostgres(b)
			const turn = 500
			for from := 0; from < len(singles); from += turn {
				ours += spread(b, 8, turn, func(i int) error { _, err := s.Append(ctx, singles[from+i]); return err })
				theirs += spread(b, 8, turn, func(i int) error { return columns[from+i].write(ctx, pool, schema) })
			}
		}
		b.ReportMetric(float64(len(singles)*b.N)/ours.Seconds(), "touches/s")
		b.ReportMetric(theirs.Seconds()/ours.Seconds(), "×raw")
	})
}

// Targets: one person p99 ≤ 1.5 × the raw query; a component ≤ 3 × one raw query; a full
// scan ≥ 0.5 × a raw scan that decodes nothing; Ties(nil) ≤ 0.5 × our full scan.
func BenchmarkPgstoreRead(b *testing.B) {
	ctx := context.Background()
	s, pool, schema := openPostgres(b)
	batches := world(sqlSize())
	for _, batch := range batches {
		if _, err := s.Append(ctx, batch); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := pool.Exec(ctx, fmt.Sprintf("vacuum analyze %[1]s.fact, %[1]s.member", schema)); err != nil {
		b.Fatal(err)
	}
	who := func(i int) []identity.ID { return person(batches[i/1000][i%1000]) }
	query := func(sql string, args ...any) error {
		rows, err := pool.Query(ctx, fmt.Sprintf(sql, schema), args...)
		if err != nil {
			return err
		}
		for rows.Next() {
		}
		return rows.Err()
	}
	rawPerson := func(i int) error {
		var idents []pgtype.UUID
		for _, id := range who(i) {
			idents = append(idents, raw(storage.HashID(id)))
		}
		return query(rawPerson, idents)
	}
	scan := func(int) error { return drain(s.Scan(ctx, storage.Query{})) }
	b.Run("person", func(b *testing.B) {
		inTurns(b, 3000, func(i int) error { return drain(s.Scan(ctx, storage.Query{IDs: who(i)})) }, rawPerson)
	})
	b.Run("component", func(b *testing.B) {
		inTurns(b, 3000, func(i int) error { _, err := storage.Component(ctx, s, who(i)[:1], nil, 0); return err }, rawPerson)
	})
	b.Run("scan", func(b *testing.B) { inTurns(b, 5, scan, func(int) error { return query(rawScan) }) })
	b.Run("ties-to-scan", func(b *testing.B) { inTurns(b, 5, func(int) error { return drain(s.Ties(ctx, nil)) }, scan) })
}
