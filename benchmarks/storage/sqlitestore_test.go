package storage_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/sqlitestore"
)

// openSQLite opens a new file on a disk, which the temporary folder may not be.
func openSQLite(b *testing.B) (*sqlitestore.Store, string) {
	b.Helper()
	dir, err := os.MkdirTemp(os.Getenv("TABI_BENCH_DIR"), "tabi-sqlite")
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(dir, "facts.db")
	s, err := sqlitestore.Open(path, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
		_ = os.RemoveAll(dir)
	})
	return s, path
}

// A rawFile is a connection with prepared statements.
type rawFile struct {
	conn                *sql.Conn
	insert, set, member *sql.Stmt
}

func openRawFile(b *testing.B) *rawFile {
	b.Helper()
	_, path := openSQLite(b)
	return rawFileAt(b, path)
}

func rawFileAt(b *testing.B, path string) *rawFile {
	b.Helper()
	ctx := context.Background()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(16384)"+
		"&_pragma=secure_delete(ON)&_pragma=temp_store(MEMORY)&_pragma=foreign_keys(ON)&_pragma=cache_size(-65536)&_pragma=trusted_schema(OFF)")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	r := new(rawFile)
	if r.conn, err = db.Conn(ctx); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = r.conn.Close() })
	for text, to := range map[string]**sql.Stmt{
		"INSERT INTO fact(key, class, at, received, source, id, kind, idset, hash, body) VALUES(?, 1, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(key) DO NOTHING": &r.insert,
		"INSERT OR IGNORE INTO idset VALUES(?, 1, ?, ?)": &r.set,
		"INSERT OR IGNORE INTO member VALUES(?, ?)":      &r.member,
	} {
		if *to, err = r.conn.PrepareContext(ctx, text); err != nil {
			b.Fatal(err)
		}
	}
	return r
}

// A rawFact is the columns of a fact; ids are the keys of its identifiers where its set is new.
type rawFact struct {
	storage.Row
	kind string
	set  [16]byte
	ids  []byte
}

func rawFactBatches(b *testing.B, batches [][]storage.Fact) [][]rawFact {
	b.Helper()
	known := make(map[[16]byte]bool)
	out := make([][]rawFact, len(batches))
	for n, batch := range batches {
		out[n] = make([]rawFact, len(batch))
		for i, f := range batch {
			r := &out[n][i]
			if err := r.Encode(f); err != nil {
				b.Fatal(err)
			}
			r.kind, r.set = string(f.Touch.Kind), storage.HashSet(r.Key.Class, r.Key.Source, r.IDs)
			if !known[r.set] {
				known[r.set] = true
				for _, id := range r.IDs {
					h := storage.HashID(id)
					r.ids = append(r.ids, h[:]...)
				}
			}
		}
	}
	return out
}

func (r *rawFile) write(facts []rawFact) error {
	ctx := context.Background()
	if _, err := r.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for i := range facts {
		f := &facts[i]
		if _, err := r.insert.Exec(f.Hash[:], f.At, f.Received, f.Key.Source, f.Key.ID, f.kind, f.set[:], f.Sum[:], f.Body); err != nil {
			return err
		}
		if f.ids == nil {
			continue
		}
		if _, err := r.set.Exec(f.set[:], f.Key.Source, f.ids); err != nil {
			return err
		}
		for ids := f.ids; len(ids) > 0; ids = ids[16:] {
			if _, err := r.member.Exec(ids[:16], f.set[:]); err != nil {
				return err
			}
		}
	}
	_, err := r.conn.ExecContext(ctx, "COMMIT")
	return err
}

// Targets: ≥ 0.8 × raw, aim 1.0; replay ≥ the append rate; eight goroutines of single
// facts ≥ 3 × one goroutine.
func BenchmarkSqlitestoreAppend(b *testing.B) {
	ctx := context.Background()
	batches := world(sqlSize())
	b.Run("one", func(b *testing.B) {
		var ours, theirs, again time.Duration
		columns := rawFactBatches(b, batches)
		for b.Loop() {
			s, _ := openSQLite(b)
			r := openRawFile(b)
			for i, batch := range batches {
				ours += timed(b, func() error { _, err := s.Append(ctx, batch); return err })
				theirs += timed(b, func() error { return r.write(columns[i]) })
			}
			again += spread(b, 1, len(batches), func(i int) error { _, err := s.Append(ctx, batches[i]); return err })
		}
		n := float64(sqlSize() * b.N)
		b.ReportMetric(n/ours.Seconds(), "touches/s")
		b.ReportMetric(n/again.Seconds(), "replayed/s")
		b.ReportMetric(theirs.Seconds()/ours.Seconds(), "×raw")
	})
	b.Run("eight", func(b *testing.B) {
		var eight, one time.Duration
		singles := single(batches, 8000)
		for b.Loop() {
			s, _ := openSQLite(b)
			const turn = 800
			for from := 0; from < len(singles); from += 2 * turn {
				eight += spread(b, 8, turn, func(i int) error { _, err := s.Append(ctx, singles[from+i]); return err })
				one += spread(b, 1, turn, func(i int) error { _, err := s.Append(ctx, singles[from+turn+i]); return err })
			}
		}
		b.ReportMetric(float64(len(singles)/2*b.N)/eight.Seconds(), "touches/s")
		b.ReportMetric(one.Seconds()/eight.Seconds(), "×one")
	})
}

// Targets: one person p99 ≤ 1.5 × the raw query; a component ≤ 3 × one raw query; a full
// scan ≥ 0.5 × a raw scan that decodes nothing; Ties(nil) ≤ 0.5 × our full scan.
func BenchmarkSqlitestoreRead(b *testing.B) {
	ctx := context.Background()
	s, path := openSQLite(b)
	batches := world(sqlSize())
	for _, batch := range batches {
		if _, err := s.Append(ctx, batch); err != nil {
			b.Fatal(err)
		}
	}
	r := rawFileAt(b, path)
	who := func(i int) []identity.ID { return person(batches[i/1000][i%1000]) }
	query := func(text string, args ...any) error {
		rows, err := r.conn.QueryContext(ctx, text, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var received int64
			var hash, body sql.RawBytes
			if err := rows.Scan(&received, &hash, &body); err != nil {
				return err
			}
		}
		return rows.Err()
	}
	rawPerson := func(i int) error {
		ids := who(i)
		a, z := storage.HashID(ids[0]), storage.HashID(ids[1])
		return query("SELECT received, hash, body FROM fact INDEXED BY fact_set WHERE idset IN (SELECT idset FROM member WHERE ident IN (?, ?)) ORDER BY at, source, id", a[:], z[:])
	}
	scan := func(int) error { return drain(s.Scan(ctx, storage.Query{})) }
	b.Run("person", func(b *testing.B) {
		inTurns(b, 3000, func(i int) error { return drain(s.Scan(ctx, storage.Query{IDs: who(i)})) }, rawPerson)
	})
	b.Run("component", func(b *testing.B) {
		inTurns(b, 3000, func(i int) error { _, err := storage.Component(ctx, s, who(i)[:1], nil, 0); return err }, rawPerson)
	})
	b.Run("scan", func(b *testing.B) {
		inTurns(b, 5, scan, func(int) error {
			return query("SELECT received, hash, body FROM fact INDEXED BY fact_at ORDER BY at, source, id")
		})
	})
	b.Run("ties-to-scan", func(b *testing.B) { inTurns(b, 5, func(int) error { return drain(s.Ties(ctx, nil)) }, scan) })
}
