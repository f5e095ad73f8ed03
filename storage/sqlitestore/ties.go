package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"
	"strconv"
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
	// A row of fact is looked at only where several touches of a group stand at its first
	// instant.
	tieGroups = `SELECT g.n, g.last, CASE WHEN EXISTS({first} LIMIT 1 OFFSET 1) THEN ({first} ORDER BY f.id LIMIT 1) ELSE ({first}) END FROM (
  SELECT f.idset AS idset, f.kind AS kind, min(f.at) AS first, max(f.at) AS last, count(*) AS n
  FROM idset AS s CROSS JOIN fact AS f INDEXED BY fact_set ON f.idset = s.idset
  WHERE s.class = 1{sets}{visible}
  GROUP BY s.idset, f.kind
) AS g`
	tieFirst   = `SELECT f.seq FROM fact AS f INDEXED BY fact_set WHERE f.idset = g.idset AND f.kind = g.kind AND f.at = g.first{visible}`
	tieTouches = "SELECT j.key, " + factColumns + " FROM json_each(?) AS j CROSS JOIN fact AS f ON f.seq = j.value"
	tieFacts   = `SELECT ` + factColumns + `
FROM idset AS s CROSS JOIN fact AS f INDEXED BY fact_set ON f.idset = s.idset
WHERE s.class BETWEEN 2 AND 5{sets}{visible}`

	named = "SELECT idset FROM member WHERE ident IN (SELECT unhex(value) FROM json_each(?))"
)

// A group of touches: how many, the greatest instant, and the seq of the earliest one.
type group struct{ n, last, seq int64 }

// groupsAtOnce is how many groups are held, so that their touches are read in the order of
// the table: 2.4 MB, and as much for the list of their numbers.
const groupsAtOnce = 100_000

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
	if bound != 0 {
		visible += fmt.Sprintf(" AND coalesce(f.born, f.seq) <= %d", bound)
	}
	statement := func(text, sets string) string {
		if ids == nil {
			sets = ""
		}
		return strings.NewReplacer("{sets}", sets, "{visible}", visible).Replace(text)
	}
	var groups []group
	err := s.each(ctx, c, statement(strings.ReplaceAll(tieGroups, "{first}", tieFirst), " AND s.idset IN ("+named+")"), args, func(rows *sql.Rows) error {
		var g group
		if err := rows.Scan(&g.n, &g.last, &g.seq); err != nil {
			return err
		}
		if groups = append(groups, g); len(groups) < groupsAtOnce {
			return nil
		}
		full := groups
		groups = groups[:0]
		return s.tieTouches(ctx, c, full, yield)
	})
	if err == nil && len(groups) > 0 {
		err = s.tieTouches(ctx, c, groups, yield)
	}
	if err != nil {
		return err
	}
	return s.each(ctx, c, statement(tieFacts, " AND s.idset IN ("+named+fmt.Sprintf(" UNION SELECT x'%x')", bare)), args, func(rows *sql.Rows) error {
		r, err := s.row(rows)
		return giveTie(r, group{}, err, yield)
	})
}

// tieTouches yields the ties of groups in the order of their earliest touches: from group
// to group these are anywhere in the table, and most reads would be of a page of their own.
func (s *Store) tieTouches(ctx context.Context, c *sql.Conn, groups []group, yield func(storage.Tie, error) bool) error {
	slices.SortFunc(groups, func(a, b group) int { return cmp.Compare(a.seq, b.seq) })
	list := []byte{'['}
	for i, g := range groups {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, g.seq, 10)
	}
	return s.each(ctx, c, tieTouches, []any{string(append(list, ']'))}, func(rows *sql.Rows) error {
		var i int
		r, err := s.row(rows, &i)
		return giveTie(r, groups[i], err, yield)
	})
}

func giveTie(r storage.Row, g group, err error, yield func(storage.Tie, error) bool) error {
	if err != nil {
		return err
	}
	t, err := r.Tie(g.n, g.last)
	if err == nil && !yield(t, nil) {
		err = errStop
	}
	return err
}
