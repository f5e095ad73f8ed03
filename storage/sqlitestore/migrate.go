package sqlitestore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"fmt"

	"github.com/tabi-go/tabi/storage"
)

// applicationID marks a file as ours: "tabi".
const applicationID = 0x74616269

//go:embed schema/*.sql
var schema embed.FS

// A migration is one numbered file of the folder schema. Files are only ever added: one
// that was released and differs is an error.
type migration struct {
	version int
	text    string
	sum     [32]byte
}

func migrations() []migration {
	files, _ := schema.ReadDir("schema") // embedded: it cannot fail
	var list []migration
	for i, f := range files { // sorted by name, numbered without a gap
		text, _ := schema.ReadFile("schema/" + f.Name())
		list = append(list, migration{i + 1, string(text), sha256.Sum256(text)})
	}
	return list
}

// Migrate brings the schema up to date. Open has done so before: it finds nothing to do.
func (s *Store) Migrate(ctx context.Context) (from, to int, err error) {
	if err := s.ready(ctx); err != nil {
		return 0, 0, err
	}
	err = s.alone(ctx, func() error {
		w, err := s.writerOf()
		if err != nil {
			return err
		}
		if from, err = versionOf(ctx, w.conn); err != nil {
			return err
		}
		if err := migrate(ctx, w.conn, true); err != nil {
			return err
		}
		to, err = versionOf(ctx, w.conn)
		return err
	})
	return from, to, s.failure(ctx, "migrate", err)
}

// Version returns the version of the schema.
func (s *Store) Version(ctx context.Context) (version int, err error) {
	err = s.reading(ctx, func(c *sql.Conn) error {
		version, err = versionOf(ctx, c)
		return err
	})
	return version, s.failure(ctx, "version", err)
}

// migrate brings the schema up to date, one transaction a migration, if it may. Ten
// processes may do so at once.
func migrate(ctx context.Context, c *sql.Conn, may bool) error {
	list := migrations()
	for {
		at, err := versionOf(ctx, c)
		switch {
		case err != nil:
			return err
		case at > len(list):
			return storage.ErrSchemaNew
		case at == len(list):
			return checkSums(ctx, c, list)
		case !may:
			return storage.ErrSchemaOld
		}
		if err := step(ctx, c, list); err != nil {
			return err
		}
	}
}

// versionOf returns the version of the schema, 0 for a new file.
func versionOf(ctx context.Context, c *sql.Conn) (int, error) {
	var app, version, tables int
	err := c.QueryRowContext(ctx, "SELECT a.application_id, v.user_version, (SELECT COUNT(*) FROM sqlite_master) FROM pragma_application_id a, pragma_user_version v").Scan(&app, &version, &tables)
	if err != nil {
		return 0, err
	}
	if app != applicationID && (app != 0 || version != 0 || tables != 0) {
		return 0, errForeign
	}
	return version, nil
}

// step applies the next migration, unless another process did meanwhile.
func step(ctx context.Context, c *sql.Conn, list []migration) (err error) {
	if _, err := c.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, _ = c.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		}
	}()
	at, err := versionOf(ctx, c)
	if err != nil {
		return err
	}
	if at < len(list) {
		m := list[at]
		_, err = c.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d; PRAGMA user_version = %d;
			CREATE TABLE IF NOT EXISTS schema_migration(version INTEGER PRIMARY KEY, checksum BLOB NOT NULL, applied INTEGER NOT NULL) STRICT;
			%s`, applicationID, m.version, m.text))
		if err == nil {
			_, err = c.ExecContext(ctx, "INSERT INTO schema_migration VALUES(?, ?, 1000000 * unixepoch())", m.version, m.sum[:])
		}
		if err != nil {
			return err
		}
	}
	_, err = c.ExecContext(ctx, "COMMIT")
	return err
}

// checkSums compares the migrations that were applied with those of this program.
func checkSums(ctx context.Context, c *sql.Conn, list []migration) error {
	rows, err := c.QueryContext(ctx, "SELECT checksum FROM schema_migration ORDER BY version")
	if err != nil {
		return err
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var sum []byte
		if err := rows.Scan(&sum); err != nil {
			return err
		}
		if n >= len(list) || !bytes.Equal(sum, list[n].sum[:]) {
			return fmt.Errorf("%w: migration %d is not the one of this program", errForeign, n+1)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if n != len(list) {
		return errForeign
	}
	return nil
}
