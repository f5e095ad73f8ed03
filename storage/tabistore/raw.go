package main

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/pgstore"
	"github.com/tabi-go/tabi/storage/sqlitestore"
)

// openRaw makes the raw place beside a store, nil for one in memory. Its tables are those
// that the store makes for itself.
func openRaw(ctx context.Context, name string) (raw, error) {
	kind, rest, _ := strings.Cut(name, ":")
	switch kind {
	case "sqlite":
		return openRawSQLite(ctx, rest)
	case "postgres":
		return openRawPostgres(ctx, postgresDSN(name))
	}
	return nil, nil
}

// rawSQLite is a file beside the store's.
type rawSQLite struct {
	store, path string
	db          *sql.DB
	conn        *sql.Conn
	insert      *sql.Stmt
	set, member *sql.Stmt
	read        *sql.Stmt
}

func openRawSQLite(ctx context.Context, store string) (_ *rawSQLite, err error) {
	r := &rawSQLite{store: store, path: store + "-raw"}
	if _, err := os.Stat(r.path); !errors.Is(err, fs.ErrNotExist) {
		return nil, usagef("%s is in the way of -bench", r.path)
	}
	defer func() {
		if err != nil {
			_ = r.close()
		}
	}()
	s, err := sqlitestore.Open(r.path, nil)
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	if r.db, err = sql.Open("sqlite", "file:"+r.path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(16384)"+
		"&_pragma=secure_delete(ON)&_pragma=temp_store(MEMORY)&_pragma=foreign_keys(ON)&_pragma=cache_size(-65536)&_pragma=trusted_schema(OFF)"); err != nil {
		return nil, err
	}
	if r.conn, err = r.db.Conn(ctx); err != nil {
		return nil, err
	}
	for text, to := range map[string]**sql.Stmt{
		"INSERT INTO fact(key, class, at, received, source, id, kind, idset, hash, body) VALUES(?, 1, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(key) DO NOTHING": &r.insert,
		"INSERT OR IGNORE INTO idset VALUES(?, 1, ?, ?)": &r.set,
		"INSERT OR IGNORE INTO member VALUES(?, ?)":      &r.member,
		"SELECT received, hash, body FROM fact INDEXED BY fact_set WHERE idset IN (SELECT idset FROM member WHERE ident IN (?, ?)) ORDER BY at, source, id, class": &r.read,
	} {
		if *to, err = r.conn.PrepareContext(ctx, text); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *rawSQLite) write(ctx context.Context, rows []rawRow) error {
	if _, err := r.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for i := range rows {
		x := &rows[i]
		if _, err := r.insert.Exec(x.Hash[:], x.At, x.Received, x.Key.Source, x.Key.ID, x.kind, x.set[:], x.Sum[:], x.Body); err != nil {
			return err
		}
		if x.members == nil {
			continue
		}
		var ids []byte
		for _, m := range x.members {
			ids = append(ids, m[:]...)
		}
		if _, err := r.set.Exec(x.set[:], x.Key.Source, ids); err != nil {
			return err
		}
		for _, m := range x.members {
			if _, err := r.member.Exec(m[:], x.set[:]); err != nil {
				return err
			}
		}
	}
	_, err := r.conn.ExecContext(ctx, "COMMIT")
	return err
}

func (r *rawSQLite) person(ctx context.Context, ids []identity.ID) error {
	a, b := storage.HashID(ids[0]), storage.HashID(ids[1])
	rows, err := r.read.QueryContext(ctx, a[:], b[:])
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

func (r *rawSQLite) size(context.Context) (n int64, err error) {
	for _, suffix := range []string{"", "-wal"} {
		info, err := os.Stat(r.store + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return 0, err
		}
		n += info.Size()
	}
	return n, nil
}

func (r *rawSQLite) close() error {
	var errs []error
	if r.conn != nil {
		errs = append(errs, r.conn.Close())
	}
	if r.db != nil {
		errs = append(errs, r.db.Close())
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(r.path + suffix); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// rawPostgres is a schema beside the store's.
type rawPostgres struct{ conn *pgx.Conn }

const rawSchema = "tabi_bench_raw"

func openRawPostgres(ctx context.Context, dsn string) (*rawPostgres, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	var there bool
	err = conn.QueryRow(ctx, "select exists (select from pg_namespace where nspname = $1)", rawSchema).Scan(&there)
	if err == nil && there {
		err = usagef("schema %s is in the way of -bench", rawSchema)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	s, err := pgstore.Open(ctx, dsn, &pgstore.Options{Schema: rawSchema})
	if err == nil {
		err = s.Close()
	}
	r := &rawPostgres{conn}
	if err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

const (
	rawFacts = "insert into " + rawSchema + `.fact (gen, seq, key, hash, idset, class, at, received, source, id, kind, body)
select 1, n, key, hash, idset, 1, at, received, source, id, kind, body
from unnest($1::int[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::bytea[]) as t(n, key, hash, idset, at, received, source, id, kind, body)
on conflict (key) do nothing`
	rawMembers = "insert into " + rawSchema + ".member (ident, idset) select * from unnest($1::uuid[], $2::uuid[]) on conflict do nothing"
	rawPerson  = "select f.hash, f.body, f.received from " + rawSchema + ".fact f where f.idset in (select m.idset from " + rawSchema +
		".member m where m.ident = any($1)) order by f.at, f.source, f.id, f.class"
)

func (r *rawPostgres) write(ctx context.Context, rows []rawRow) error {
	var n []int32
	var keys, hashes, sets, idents, of []pgtype.UUID
	var at, received []int64
	var sources, ids, kinds []string
	var bodies [][]byte
	uuid := func(x [16]byte) pgtype.UUID { return pgtype.UUID{Bytes: x, Valid: true} }
	for i := range rows {
		x := &rows[i]
		n, keys, hashes, sets = append(n, int32(i)), append(keys, uuid(x.Hash)), append(hashes, uuid(x.Sum)), append(sets, uuid(x.set))
		at, received, sources, ids = append(at, x.At), append(received, x.Received), append(sources, x.Key.Source), append(ids, x.Key.ID)
		kinds, bodies = append(kinds, x.kind), append(bodies, x.Body)
		for _, m := range x.members {
			idents, of = append(idents, uuid(m)), append(of, uuid(x.set))
		}
	}
	return pgx.BeginFunc(ctx, r.conn, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		b.Queue(rawFacts, n, keys, hashes, sets, at, received, sources, ids, kinds, bodies)
		if len(idents) > 0 {
			b.Queue(rawMembers, idents, of)
		}
		return tx.SendBatch(ctx, b).Close()
	})
}

func (r *rawPostgres) person(ctx context.Context, ids []identity.ID) error {
	rows, err := r.conn.Query(ctx, rawPerson, []pgtype.UUID{{Bytes: storage.HashID(ids[0]), Valid: true}, {Bytes: storage.HashID(ids[1]), Valid: true}})
	if err != nil {
		return err
	}
	for rows.Next() {
	}
	return rows.Err()
}

func (r *rawPostgres) size(ctx context.Context) (n int64, err error) {
	err = r.conn.QueryRow(ctx, "select sum(pg_total_relation_size(c.oid))::bigint from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'tabi' and c.relkind = 'r'").Scan(&n)
	return n, err
}

func (r *rawPostgres) close() error {
	ctx := context.Background() // also when the program is interrupted
	_, err := r.conn.Exec(ctx, "drop schema if exists "+rawSchema+" cascade")
	return errors.Join(err, r.conn.Close(ctx))
}
