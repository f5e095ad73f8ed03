package sqlitestore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/tabi-go/tabi/storage"
)

// purgeStep is how many facts a transaction removes.
const purgeStep = 1000

// Erase is storage.Store's. The work list of what is to be removed is committed with the
// record of the erasure; facts on it are seen no more and are then removed step by step.
func (s *Store) Erase(ctx context.Context, e storage.Erasure) (storage.Receipt, error) {
	if err := storage.CheckBatch(ctx, len(e.Redact)+len(e.Add)); err != nil {
		return storage.Receipt{}, err
	}
	if err := s.ready(ctx); err != nil {
		return storage.Receipt{}, err
	}
	if err := e.Check(); err != nil {
		return storage.Receipt{}, err
	}
	redact, err := encodeAll(e.Redact)
	if err != nil {
		return storage.Receipt{}, err
	}
	add, err := encodeAll(e.Add)
	if err != nil {
		return storage.Receipt{}, err
	}
	var record *storage.Erased
	err = s.alone(ctx, func() error {
		return s.transact("erase", func(w *writing, _ state) (err error) {
			record, err = s.commitErasure(w, e, redact, add)
			return err
		})
	})
	if err != nil {
		return storage.Receipt{}, err
	}
	rec := storage.Receipt{ID: e.ID, Removed: record.Removed, Redacted: record.Redacted}
	if err := s.purge(ctx); err != nil {
		return rec, err
	}
	if rec.OutOfReach, err = s.Reclaim(ctx); err != nil {
		return rec, err
	}
	rec.Done = true
	return rec, nil
}

func encodeAll(facts []storage.Fact) ([]*row, error) {
	rows := make([]*row, len(facts))
	for i, f := range facts {
		rows[i] = new(row)
		if err := rows[i].encode(f); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// commitErasure is the atomic step. It returns what is on record, of the first call where
// this is a later one.
func (s *Store) commitErasure(w *writing, e storage.Erasure, redact, add []*row) (*storage.Erased, error) {
	key := &row{Row: storage.Row{Hash: storage.Key{Class: storage.ClassErasure, ID: e.ID}.Hash()}}
	var there bool
	if err := w.get("SELECT EXISTS(SELECT 1 FROM fact WHERE key = ?)", key.Hash[:]).Scan(&there); err != nil {
		return nil, err
	}
	if there {
		first, err := s.stored(w, key)
		if err != nil {
			return nil, err
		}
		f, err := first.Fact()
		return f.Erasure, err
	}
	for _, q := range e.Remove {
		if err := list(w, e.ID, q); err != nil {
			return nil, err
		}
	}
	touched := make(identifiers)
	if err := touched.add(w, setsOfErasing, e.ID); err != nil {
		return nil, err
	}
	redacted, err := s.redact(w, e.ID, redact, touched)
	if err != nil {
		return nil, err
	}
	removed, err := counted(w, e.ID)
	if err != nil {
		return nil, err
	}
	record := e.Record(removed, redacted)
	erased, err := encodeAll([]storage.Fact{{Erasure: record}})
	if err != nil {
		return nil, err
	}
	for _, r := range append(add, erased...) {
		if _, err := s.insert(w, r, nil); err != nil {
			return nil, err
		}
	}
	if err := suppress(w, record); err != nil {
		return nil, err
	}
	if err := dropSummaries(w, touched); err != nil {
		return nil, err
	}
	return record, raiseEpoch(w)
}

// setsOfErasing selects the identifiers of what an erasure removes, where there are summaries.
const setsOfErasing = `SELECT s.ids FROM (
	SELECT DISTINCT f.idset AS idset FROM erasing AS e CROSS JOIN fact AS f INDEXED BY fact_key ON f.key = e.key
	WHERE e.erasure = ? AND EXISTS(SELECT 1 FROM summary_model)
) AS d CROSS JOIN idset AS s ON s.idset = d.idset`

// list puts what a query selects on the work list of an erasure.
func list(w *writing, erasure string, q storage.Query) error {
	sel := selecting(q, 0)
	if sel.none {
		return nil
	}
	// Each query selects as if it were the only one.
	sel.where[0], sel.args = "f.key NOT IN (SELECT key FROM erasing WHERE erasure <> ?)", append([]any{erasure}, sel.args...)
	order := ""
	if q.Limit > 0 {
		order = sel.order
	}
	text, args := sel.sql("f.key AS key, f.class AS class", order, q.Limit)
	return w.exec("INSERT OR IGNORE INTO erasing SELECT key, ? FROM ("+text+") WHERE class NOT IN (7, 9)", append([]any{erasure}, args...)...)
}

func raiseEpoch(w *writing) error {
	return w.exec("UPDATE meta SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE name = 'erase_epoch'")
}

// counted returns how many facts of a class an erasure removes.
func counted(w *writing, erasure string) (map[storage.Class]int64, error) {
	rows, err := w.conn.QueryContext(context.Background(),
		"SELECT f.class, count(*) FROM erasing AS e CROSS JOIN fact AS f INDEXED BY fact_key ON f.key = e.key WHERE e.erasure = ? GROUP BY f.class", erasure)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	removed := make(map[storage.Class]int64)
	for rows.Next() {
		var c storage.Class
		var n int64
		if err := rows.Scan(&c, &n); err != nil {
			return nil, err
		}
		removed[c] = n
	}
	return removed, rows.Err()
}

// redact replaces facts that are there, stay and differ, notes what they named, and
// returns their number.
func (s *Store) redact(w *writing, erasure string, list []*row, touched identifiers) (n int64, err error) {
	seen := make(map[[16]byte]bool)
	var seqs []int64
	for _, r := range list {
		var seq, at, received int64
		var sum, set []byte
		var by sql.NullString
		err := w.get("SELECT f.seq, coalesce(f.born, f.seq), f.at, f.received, f.hash, f.idset, e.erasure FROM fact AS f LEFT JOIN erasing AS e ON e.key = f.key WHERE f.key = ?",
			r.Hash[:]).Scan(&seq, &r.born, &at, &received, &sum, &set, &by)
		switch {
		case errors.Is(err, sql.ErrNoRows), err == nil && by.Valid && by.String != erasure:
			continue
		case err != nil:
			return 0, err
		case at != r.At || seen[r.Hash]:
			return 0, storage.ErrErasure
		}
		seen[r.Hash] = true
		if by.Valid || string(sum) == string(r.Sum[:]) {
			continue
		}
		if err := touched.add(w, "SELECT ids FROM idset WHERE idset = ?", set); err != nil {
			return 0, err
		}
		r.Received = received
		if err := w.exec("DELETE FROM fact WHERE seq = ?", seq); err != nil {
			return 0, err
		}
		seqs = append(seqs, seq)
		if _, err := s.insert(w, r, r.born); err != nil {
			return 0, err
		}
		if _, err := forget(w, set); err != nil {
			return 0, err
		}
		n++
	}
	return n, w.scrubFacts(seqs)
}

// forget removes a set that no fact has, and reports whether it did.
func forget(w *writing, set []byte) (bool, error) {
	var used bool
	var ids []byte
	err := w.get("SELECT EXISTS(SELECT 1 FROM fact WHERE idset = s.idset), s.ids FROM idset AS s WHERE s.idset = ?", set).Scan(&used, &ids)
	if errors.Is(err, sql.ErrNoRows) || err == nil && used {
		return false, nil
	}
	for ; err == nil && len(ids) >= 16; ids = ids[16:] {
		err = w.exec("DELETE FROM member WHERE ident = ? AND idset = ?", ids[:16], set)
	}
	if err == nil {
		err = w.exec("DELETE FROM idset WHERE idset = ?", set)
	}
	return true, err
}

// suppress joins the entries of an erasure into the list as storage.SuppressionList does.
func suppress(w *writing, e *storage.Erased) error {
	for _, x := range e.Entries {
		err := w.exec(`INSERT INTO suppression VALUES(?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(tag) DO UPDATE SET
			(keyid, policy, salt, called, call) = (SELECT keyid, policy, salt, called, call WHERE (called, call) > (excluded.called, excluded.call)
				UNION ALL SELECT excluded.keyid, excluded.policy, excluded.salt, excluded.called, excluded.call WHERE (called, call) <= (excluded.called, excluded.call)),
			at = max(at, excluded.at), generation = max(generation, excluded.generation)`,
			x.Tag[:], x.KeyID, x.At.UTC().Truncate(1000).UnixMicro(), int(x.Policy), x.Generation, x.Salt[:], e.At.UnixMicro(), e.ID)
		if err != nil {
			return err
		}
	}
	return nil
}

// purge removes what is on the work lists of all committed erasures.
func (s *Store) purge(ctx context.Context) error {
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := s.alone(ctx, func() error {
			return s.transact("purge", func(w *writing, st state) (err error) {
				more = st.erasing
				if more {
					err = purgeSome(w)
				}
				return err
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func purgeSome(w *writing) error {
	rows, err := w.conn.QueryContext(context.Background(),
		"SELECT e.key, coalesce(f.seq, 0), f.idset FROM (SELECT key FROM erasing LIMIT ?) AS e LEFT JOIN fact AS f INDEXED BY fact_key ON f.key = e.key", purgeStep)
	if err != nil {
		return err
	}
	defer rows.Close()
	type item struct {
		key, set []byte
		seq      int64
	}
	var list []item
	for rows.Next() {
		var x item
		if err := rows.Scan(&x.key, &x.seq, &x.set); err != nil {
			return err
		}
		list = append(list, x)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	sets := make(map[string]bool)
	var seqs []int64
	for _, x := range list {
		if err := w.exec("DELETE FROM fact WHERE seq = ?", x.seq); err != nil {
			return err
		}
		if err := w.exec("DELETE FROM erasing WHERE key = ?", x.key); err != nil {
			return err
		}
		sets[string(x.set)] = true
		seqs = append(seqs, x.seq)
	}
	if err := w.scrubFacts(seqs); err != nil {
		return err
	}
	for set := range sets {
		if _, err := forget(w, []byte(set)); err != nil {
			return err
		}
	}
	return raiseEpoch(w)
}

// resume finishes the erasures that a crash cut short.
func (s *Store) resume(ctx context.Context) error {
	var open bool
	err := s.reading(ctx, func(c *sql.Conn) error {
		return c.QueryRowContext(ctx, "SELECT EXISTS(SELECT 1 FROM erasing) OR "+reclaimDue).Scan(&open)
	})
	if err != nil || !open {
		return s.failure(ctx, "open", err)
	}
	if err := s.purge(ctx); err != nil {
		return err
	}
	_, err = s.Reclaim(ctx)
	return err
}
