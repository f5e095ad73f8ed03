package pgstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"io/fs"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/tabi-go/tabi/storage"
)

// The migrations, in order: forward only, and never changed once released.
//
//go:embed schema/*.sql
var migrations embed.FS

var errSchema = errors.New("pgstore: the schema was made by migrations that differ from the program's")

// scripts returns the migrations in order.
func scripts() ([][]byte, error) {
	names, err := fs.Glob(migrations, "schema/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	texts := make([][]byte, len(names))
	for i, name := range names {
		if texts[i], err = migrations.ReadFile(name); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// Migrate brings the schema up to date, and tells its version before and after. Any
// number of processes may call it at once.
func (s *Store) Migrate(ctx context.Context) (from, to int, err error) {
	if err := s.begin(ctx); err != nil {
		return 0, 0, err
	}
	texts, err := scripts()
	if err != nil {
		return 0, 0, err
	}
	err = s.transact(ctx, func(conn *pgx.Conn) error {
		lock := &pgx.Batch{}
		s.lock(lock, true)
		if err := conn.SendBatch(ctx, lock).Close(); err != nil {
			return err
		}
		if from, err = s.version(ctx, conn, texts); err != nil || from == len(texts) {
			return err
		}
		if from == 0 {
			if err := s.makeSchema(ctx, conn); err != nil {
				return err
			}
			if _, err := conn.Exec(ctx, s.sql("create table {}schema_migration (version int primary key, checksum bytea not null, applied timestamptz not null default now())")); err != nil {
				return err
			}
		}
		for i, text := range texts[from:] {
			sum := sha256.Sum256(text)
			if _, err := conn.Exec(ctx, s.sql(string(text))); err != nil {
				return err
			}
			if _, err := conn.Exec(ctx, s.sql("insert into {}schema_migration (version, checksum) values ($1, $2)"), from+i+1, sum[:]); err != nil {
				return err
			}
		}
		_, err := conn.Exec(ctx, s.sql("insert into {}meta (store) values ($1) on conflict do nothing"), newName())
		return err
	})
	return from, max(from, len(texts)), err
}

// makeSchema makes the schema, unless an administrator has: the right to make one may be
// missing then.
func (s *Store) makeSchema(ctx context.Context, conn *pgx.Conn) error {
	var found bool
	err := conn.QueryRow(ctx, "select exists (select from pg_namespace where nspname = $1)", s.opts.Schema).Scan(&found)
	if err == nil && !found {
		_, err = conn.Exec(ctx, "create schema "+s.opts.Schema)
	}
	return err
}

// Version returns the version of the schema, 0 for none.
func (s *Store) Version(ctx context.Context) (int, error) {
	if err := s.begin(ctx); err != nil {
		return 0, err
	}
	texts, err := scripts()
	if err != nil {
		return 0, err
	}
	n, err := s.version(ctx, s.pool, texts)
	return n, classify(ctx, err)
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// version compares what was applied with the program's migrations.
func (s *Store) version(ctx context.Context, db querier, texts [][]byte) (int, error) {
	// Not by to_regclass: its cache may be older than a lock that we have waited for.
	const made = "select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = 'schema_migration')"
	var found bool
	err := db.QueryRow(ctx, made, s.opts.Schema).Scan(&found)
	if err != nil || !found {
		return 0, err
	}
	rows, err := db.Query(ctx, s.sql("select checksum from {}schema_migration order by version"))
	if err != nil {
		return 0, err
	}
	sums, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		return 0, err
	}
	for i, sum := range sums {
		if i >= len(texts) {
			return 0, storage.ErrSchemaNew
		}
		if want := sha256.Sum256(texts[i]); !bytes.Equal(sum, want[:]) {
			return 0, errSchema
		}
	}
	return len(sums), nil
}

// prepareSchema migrates, or finds that it need not or must not.
func (s *Store) prepareSchema(ctx context.Context) error {
	texts, err := scripts()
	if err != nil {
		return err
	}
	switch n, err := s.Version(ctx); {
	case err != nil:
		return err
	case n < len(texts) && s.opts.KeepSchema:
		return storage.ErrSchemaOld
	case n < len(texts):
		if _, _, err := s.Migrate(ctx); err != nil {
			return err
		}
	}
	err = s.pool.QueryRow(ctx, s.sql("select store from {}meta")).Scan(&s.name)
	return classify(ctx, err)
}
