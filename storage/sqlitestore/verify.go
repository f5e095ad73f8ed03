package sqlitestore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/tabi-go/tabi/storage"
)

// Verify checks the pages of the file, each row against its own columns, and the tables
// against each other in both directions.
func (s *Store) Verify(ctx context.Context) error {
	var found []error
	wrong := func(where string, at int64) {
		if len(found) < maxFound {
			found = append(found, &storage.CorruptError{Where: where, Offset: at})
		}
	}
	err := s.reading(ctx, func(c *sql.Conn) error {
		return inOneInstant(ctx, c, func() error {
			var pages string
			if err := c.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&pages); err != nil {
				return err
			}
			if pages != "ok" {
				wrong("page", -1)
			}
			if err := s.verifyRows(ctx, c, wrong); err != nil {
				return err
			}
			for where, text := range verifyCounts {
				var n int64
				if err := c.QueryRowContext(ctx, text).Scan(&n); err != nil {
					return err
				}
				if n != 0 {
					wrong(where, -1)
				}
			}
			return nil
		})
	})
	return errors.Join(append(found, s.failure(ctx, "verify", err))...)
}

// maxFound is where Verify stops to collect.
const maxFound = 100

// verifyCounts count what must not be there.
var verifyCounts = map[string]string{
	"set of no fact":       "SELECT count(*) FROM idset AS s WHERE NOT EXISTS(SELECT 1 FROM fact WHERE idset = s.idset)",
	"member of no set":     "SELECT count(*) FROM member AS m WHERE NOT EXISTS(SELECT 1 FROM idset AS s WHERE s.idset = m.idset AND instr(s.ids, m.ident) % 16 = 1)",
	"summary of no model":  "SELECT count(*) FROM summary AS y WHERE NOT EXISTS(SELECT 1 FROM summary_model WHERE model = y.model)",
	"member of no summary": "SELECT count(*) FROM summary_member AS x WHERE NOT EXISTS(SELECT 1 FROM summary WHERE model = x.model AND subject = x.subject)",
	"set without member":   "SELECT (SELECT count(*) FROM member) - (SELECT coalesce(sum(length(ids)), 0) / 16 FROM idset)",
}

// verifyRows encodes every fact again and compares all columns.
func (s *Store) verifyRows(ctx context.Context, c *sql.Conn, wrong func(string, int64)) error {
	text := "SELECT f.seq, f.key, f.class, f.at, f.source, f.id, f.kind, f.idset, coalesce(s.class, 0), coalesce(s.source, ''), " + factColumns +
		" FROM fact AS f NOT INDEXED LEFT JOIN idset AS s ON s.idset = f.idset ORDER BY f.seq"
	return s.each(ctx, c, text, nil, func(rows *sql.Rows) error {
		var seq, at int64
		var key, set []byte
		var class, setClass storage.Class
		var source, setSource, id, kind string
		f, err := s.fact(rows, &seq, &key, &class, &at, &source, &id, &kind, &set, &setClass, &setSource)
		var corrupt *storage.CorruptError
		if errors.As(err, &corrupt) {
			wrong("fact", seq)
			return nil
		}
		if err != nil {
			return err
		}
		var r row
		if r.encode(f) != nil {
			wrong("fact that Check refuses", seq)
			return nil
		}
		if string(key) != string(r.Hash[:]) || class != r.Key.Class || at != r.At || source != r.Key.Source || id != r.Key.ID || kind != r.kind {
			wrong("column", seq)
		}
		if string(set) != string(r.set[:]) || setClass != class || setSource != source {
			wrong("set", seq)
		}
		return nil
	})
}
