package sqlitestore

import (
	"context"
	"database/sql"
	"iter"
	"slices"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

// PutSummaries is storage.Summarizer's.
func (s *Store) PutSummaries(ctx context.Context, model string, from, to storage.Cursor, of []identity.ID, rows []storage.Summary) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	return s.alone(ctx, func() error {
		return s.transact("summaries", func(w *writing, _ state) error {
			at, err := modelCursor(w.get(modelCursorText, model))
			if err != nil {
				return err
			}
			if at != from {
				return storage.ErrStale
			}
			to := storage.UnmarkCursor(to)
			if err := w.exec("INSERT INTO summary_model VALUES(?, ?) ON CONFLICT(model) DO UPDATE SET cursor = excluded.cursor", model, to.String()); err != nil {
				return err
			}
			if err := dropOverlap(w, model, of, rows); err != nil {
				return err
			}
			return putSummaries(w, model, rows)
		})
	})
}

const modelCursorText = "SELECT coalesce((SELECT cursor FROM summary_model WHERE model = ?), ''), CAST(value AS INTEGER) FROM meta WHERE name = 'erase_epoch'"

// modelCursor reads a cursor as it is given out: marked by the erasures there were.
func modelCursor(row *sql.Row) (storage.Cursor, error) {
	var text string
	var epoch int64
	err := row.Scan(&text, &epoch)
	return storage.MarkCursor(storage.MakeCursor(text), epoch), err
}

// dropOverlap deletes the rows of a model that name an identifier of of or of rows, or
// have the subject of one.
func dropOverlap(w *writing, model string, of []identity.ID, rows []storage.Summary) error {
	var idents, subjects [][16]byte
	for _, id := range of {
		idents = append(idents, storage.HashID(id))
	}
	for _, r := range rows {
		subjects = append(subjects, r.Subject)
		for _, id := range r.IDs {
			idents = append(idents, storage.HashID(id))
		}
	}
	// The plus keeps SQLite from walking the whole model instead.
	more, err := w.keys("SELECT DISTINCT subject FROM summary_member WHERE ident IN (SELECT unhex(value) FROM json_each(?)) AND +model = ?", blobs(idents), model)
	if err != nil {
		return err
	}
	return dropSubjects(w, model, append(subjects, more...))
}

func dropSubjects(w *writing, model string, subjects [][16]byte) error {
	list := blobs(subjects)
	for _, table := range []string{"summary", "summary_member"} {
		if err := w.exec("DELETE FROM "+table+" WHERE model = ? AND subject IN (SELECT unhex(value) FROM json_each(?))", model, list); err != nil {
			return err
		}
	}
	return nil
}

// keys runs a query for 16-byte keys.
func (w *writing) keys(text string, args ...any) (list [][16]byte, err error) {
	rows, err := w.conn.QueryContext(context.Background(), text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var b sql.RawBytes
		var key [16]byte
		if err := rows.Scan(&b); err != nil {
			return nil, err
		}
		copy(key[:], b)
		list = append(list, key)
	}
	return list, rows.Err()
}

// putSummaries inserts rows whose overlap is gone; of two with one subject the later stays.
func putSummaries(w *writing, model string, rows []storage.Summary) error {
	ctx := context.Background()
	put, err := w.conn.PrepareContext(ctx, "INSERT INTO summary VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer put.Close()
	join, err := w.conn.PrepareContext(ctx, "INSERT OR IGNORE INTO summary_member VALUES(?, ?, ?)")
	if err != nil {
		return err
	}
	defer join.Close()
	last := make(map[[16]byte]int, len(rows))
	for i, r := range rows {
		last[r.Subject] = i
	}
	for i, r := range rows {
		if last[r.Subject] != i {
			continue
		}
		var account any
		if r.Account != [16]byte{} {
			account = r.Account[:]
		}
		_, err := put.Exec(model, r.Subject[:], r.Stage, r.Entered.UnixMicro(), r.First.UnixMicro(), r.Last.UnixMicro(), r.Touches, r.Value,
			account, storage.AppendIDs([]byte{}, r.IDs), append([]byte{}, r.Body...))
		if err != nil {
			return err
		}
		for _, id := range r.IDs {
			h := storage.HashID(id)
			if _, err := join.Exec(h[:], model, r.Subject[:]); err != nil {
				return err
			}
		}
	}
	return nil
}

// summaryWhere is a query on summaries as conditions on the table by the name of f.
func summaryWhere(model string, q storage.SummaryQuery) *selection {
	sel := &selection{from: "summary AS f"}
	sel.and("f.model = ?", model)
	if n, list := texts(q.Stages); n == 1 { // the index has these in order
		sel.and("f.stage = json_extract(?, '$[0]')", list)
	} else if q.Stages != nil {
		sel.among(n, "f.stage IN (SELECT value FROM json_each(?))", list)
	}
	if q.Account != [16]byte{} {
		sel.and("f.account = ?", q.Account[:])
	}
	for _, bound := range []struct {
		condition string
		at        time.Time
	}{{"f.last < ?", q.LastBefore}, {"f.last >= ?", q.LastFrom}, {"f.entered < ?", q.EnteredBefore}} {
		if !bound.at.IsZero() {
			sel.and(bound.condition, micros(bound.at))
		}
	}
	if q.IDs != nil {
		hashes := make([][16]byte, len(q.IDs))
		for i, id := range q.IDs {
			hashes[i] = storage.HashID(id)
		}
		sel.among(len(hashes), "f.subject IN (SELECT subject FROM summary_member WHERE ident IN (SELECT unhex(value) FROM json_each(?)) AND model = ?)", blobs(hashes))
		sel.args = append(sel.args, model)
	}
	return sel
}

// Summaries is storage.Summarizer's.
func (s *Store) Summaries(ctx context.Context, model string, q storage.SummaryQuery) iter.Seq2[storage.Summary, error] {
	return func(yield func(storage.Summary, error) bool) {
		read(ctx, s, yield, func(c *sql.Conn) error {
			sel := summaryWhere(model, q)
			if sel.none {
				return nil
			}
			text, args := sel.sql("f.subject, f.stage, f.entered, f.first, f.last, f.touches, f.value, f.account, f.ids, f.body", " ORDER BY f.last, f.subject", q.Limit)
			return s.each(ctx, c, text, args, func(rows *sql.Rows) error {
				r, err := scanSummary(rows)
				if err == nil && !yield(r, nil) {
					err = errStop
				}
				return err
			})
		})
	}
}

func scanSummary(rows *sql.Rows) (r storage.Summary, err error) {
	var subject, account, ids, body sql.RawBytes
	var entered, first, last int64
	if err = rows.Scan(&subject, &r.Stage, &entered, &first, &last, &r.Touches, &r.Value, &account, &ids, &body); err != nil {
		return r, err
	}
	copy(r.Subject[:], subject)
	copy(r.Account[:], account)
	r.Entered, r.First, r.Last = time.UnixMicro(entered).UTC(), time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC()
	if len(body) > 0 {
		r.Body = slices.Clone(body)
	}
	r.IDs, err = storage.ReadIDs(ids)
	return r, err
}

// SummaryCursor is storage.Summarizer's.
func (s *Store) SummaryCursor(ctx context.Context, model string) (at storage.Cursor, err error) {
	err = s.reading(ctx, func(c *sql.Conn) error {
		at, err = modelCursor(c.QueryRowContext(ctx, modelCursorText, model))
		return err
	})
	return at, s.failure(ctx, "read", err)
}

// CountSummaries is storage.Summarizer's.
func (s *Store) CountSummaries(ctx context.Context, model string, q storage.SummaryQuery) (map[string]int64, error) {
	counts := make(map[string]int64)
	err := s.reading(ctx, func(c *sql.Conn) error {
		sel := summaryWhere(model, q)
		if sel.none {
			return nil
		}
		text, args := sel.sql("f.stage, count(*)", " GROUP BY f.stage", 0)
		return s.each(ctx, c, text, args, func(rows *sql.Rows) error {
			var stage string
			var n int64
			err := rows.Scan(&stage, &n)
			counts[stage] = n
			return err
		})
	})
	if err != nil {
		return nil, s.failure(ctx, "read", err)
	}
	return counts, nil
}

// identifiers are those of facts that an erasure removes or redacts, by their keys.
type identifiers map[[16]byte]bool

// add notes the identifiers of the sets that a query selects.
func (n identifiers) add(w *writing, text string, args ...any) error {
	rows, err := w.conn.QueryContext(context.Background(), text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var ids sql.RawBytes
		if err := rows.Scan(&ids); err != nil {
			return err
		}
		for ; len(ids) >= 16; ids = ids[16:] {
			n[[16]byte(ids)] = true
		}
	}
	return rows.Err()
}

// dropSummaries deletes each row that names one of these identifiers. Where facts of such
// a row are left it has to be made again: its model's cursor goes back to the start.
func dropSummaries(w *writing, n identifiers) error {
	models, err := w.models()
	if err != nil || len(models) == 0 {
		return err
	}
	for _, model := range models {
		var dead [][16]byte
		for ident := range n {
			subjects, err := w.keys("SELECT subject FROM summary_member WHERE ident = ? AND model = ?", ident[:], model)
			if err != nil {
				return err
			}
			dead = append(dead, subjects...)
		}
		if len(dead) == 0 {
			continue
		}
		err := w.exec(`UPDATE summary_model SET cursor = '' WHERE model = ? AND EXISTS(
			SELECT 1 FROM summary_member AS x CROSS JOIN member AS m ON m.ident = x.ident CROSS JOIN fact AS f INDEXED BY fact_set ON f.idset = m.idset
			WHERE x.model = ? AND x.subject IN (SELECT unhex(value) FROM json_each(?)) AND `+notErased+`)`, model, model, blobs(dead))
		if err != nil {
			return err
		}
		if err := dropSubjects(w, model, dead); err != nil {
			return err
		}
	}
	return nil
}

// models are those that have summaries.
func (w *writing) models() (list []string, err error) {
	rows, err := w.conn.QueryContext(context.Background(), "SELECT model FROM summary_model")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var model string
		if err := rows.Scan(&model); err != nil {
			return nil, err
		}
		list = append(list, model)
	}
	return list, rows.Err()
}
