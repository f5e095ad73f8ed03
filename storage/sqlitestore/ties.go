package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strings"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

// Ties is storage.Store's. A group of touches is counted in the index; its earliest touch
// alone is read.
func (s *Store) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	return s.ties(ctx, ids, 0)
}

const (
	tieGroups = `SELECT g.n, g.last, ` + factColumns + ` FROM (
  SELECT f.idset AS idset, f.kind AS kind, min(f.at) AS first, max(f.at) AS last, count(*) AS n
  FROM idset AS s CROSS JOIN fact AS f INDEXED BY fact_set ON f.idset = s.idset
  WHERE s.class = 1{sets}{visible}
  GROUP BY s.idset, f.kind
) AS g CROSS JOIN fact AS f ON f.seq = (
  SELECT f.seq FROM fact AS f INDEXED BY fact_set
  WHERE f.idset = g.idset AND f.kind = g.kind AND f.at = g.first{visible}
  ORDER BY f.id LIMIT 1
)`
	tieFacts = `SELECT 0, 0, ` + factColumns + `
FROM idset AS s CROSS JOIN fact AS f INDEXED BY fact_set ON f.idset = s.idset
WHERE s.class BETWEEN 2 AND 5{sets}{visible}`

	named = "SELECT idset FROM member WHERE ident IN (SELECT unhex(value) FROM json_each(?))"
)

// bare is the set of the overrides that name no identifier.
var bare = storage.HashSet(storage.ClassOverride, "", nil)

func (s *Store) ties(ctx context.Context, ids []identity.ID, bound int64) iter.Seq2[storage.Tie, error] {
	return func(yield func(storage.Tie, error) bool) {
		read(ctx, s, yield, func(c *sql.Conn) error {
			if err := (storage.Query{IDs: ids}).Check(); err != nil {
				return err
			}
			return inOneInstant(ctx, c, func() error {
				return s.tieRows(ctx, c, ids, bound, yield)
			})
		})
	}
}

// inOneInstant lets the queries of f see the same facts.
func inOneInstant(ctx context.Context, c *sql.Conn, f func() error) error {
	if _, err := c.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	defer func() { _, _ = c.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") }()
	return f()
}

func (s *Store) tieRows(ctx context.Context, c *sql.Conn, ids []identity.ID, bound int64, yield func(storage.Tie, error) bool) error {
	hashes := make([][16]byte, len(ids))
	for i, id := range ids {
		hashes[i] = storage.HashID(id)
	}
	var args []any
	if ids != nil {
		args = []any{blobs(hashes)}
	}
	visible := " AND " + notErased
	if bound > 0 {
		visible += fmt.Sprintf(" AND coalesce(f.born, f.seq) <= %d", bound)
	}
	statement := func(text, sets string) string {
		if ids == nil {
			sets = ""
		}
		return strings.NewReplacer("{sets}", sets, "{visible}", visible).Replace(text)
	}
	give := func(rows *sql.Rows) error {
		var n, last int64
		r, err := s.row(rows, &n, &last)
		if err != nil {
			return err
		}
		t, err := r.Tie(n, last)
		if err == nil && !yield(t, nil) {
			err = errStop
		}
		return err
	}
	if err := s.each(ctx, c, statement(tieGroups, " AND s.idset IN ("+named+")"), args, give); err != nil {
		return err
	}
	return s.each(ctx, c, statement(tieFacts, " AND s.idset IN ("+named+fmt.Sprintf(" UNION SELECT x'%x')", bare)), args, give)
}
