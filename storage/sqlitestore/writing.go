package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/tabi-go/tabi/storage"
)

// The statements that appends run for each fact, or for each transaction.
const (
	stmtBegin = iota
	stmtCommit
	stmtState
	stmtInsert
	stmtStored
	stmtErasing
	stmtSuppressed
	stmtSet
	stmtMember
	statements
)

var statementText = [statements]string{
	stmtBegin:      "BEGIN IMMEDIATE",
	stmtCommit:     "COMMIT",
	stmtState:      "SELECT (SELECT value FROM meta WHERE name = 'erase_epoch'), EXISTS(SELECT 1 FROM erasing), EXISTS(SELECT 1 FROM suppression)",
	stmtInsert:     "INSERT INTO fact(born, key, class, at, received, source, id, kind, idset, hash, body) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(key) DO NOTHING",
	stmtStored:     "SELECT hash, received, body FROM fact WHERE key = ?",
	stmtErasing:    "SELECT EXISTS(SELECT 1 FROM erasing WHERE key = ?)",
	stmtSuppressed: "SELECT EXISTS(SELECT 1 FROM suppression WHERE tag = ? AND (policy = 0 OR ? <= at))",
	stmtSet:        "INSERT OR IGNORE INTO idset VALUES(?, ?, ?, ?)",
	stmtMember:     "INSERT OR IGNORE INTO member VALUES(?, ?)",
}

// A writing is the writer's connection with its statements. A transaction runs to its end
// whatever becomes of the contexts of its callers.
type writing struct {
	conn  *sql.Conn
	stmts [statements]*sql.Stmt
}

func (s *Store) connectWriter() (w *writing, err error) {
	ctx := context.Background()
	w = new(writing)
	if w.conn, err = s.writer.Conn(ctx); err != nil {
		return nil, err
	}
	for i, text := range statementText {
		if w.stmts[i], err = w.conn.PrepareContext(ctx, text); err != nil {
			w.close()
			return nil, err
		}
	}
	return w, nil
}

// writerOf returns the writer's connection, a new one where there is none. The caller
// leads the queue.
func (s *Store) writerOf() (w *writing, err error) {
	if s.w == nil {
		if w, err = s.connectWriter(); err != nil {
			return nil, err
		}
		s.w = w
	}
	return s.w, nil
}

func (w *writing) close() {
	if w == nil {
		return
	}
	if w.conn.Raw(func(any) error { return nil }) == nil { // a connection that broke took its statements along
		for _, st := range w.stmts {
			if st != nil {
				_ = st.Close()
			}
		}
	}
	_ = w.conn.Close()
}

func (w *writing) run(stmt int, args ...any) (changed bool, err error) {
	r, err := w.stmts[stmt].Exec(args...)
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n > 0, err
}

func (w *writing) row(stmt int, args ...any) *sql.Row { return w.stmts[stmt].QueryRow(args...) }

// exec runs a statement that is seldom needed.
func (w *writing) exec(text string, args ...any) error {
	_, err := w.conn.ExecContext(context.Background(), text, args...)
	return err
}

// get runs a query for one row that is seldom needed.
func (w *writing) get(text string, args ...any) *sql.Row {
	return w.conn.QueryRowContext(context.Background(), text, args...)
}

// A state is what every transaction looks at first.
type state struct{ erasing, suppressing bool }

// transact runs f in one transaction. The caller leads the queue.
func (s *Store) transact(doing string, f func(w *writing, st state) error) (err error) {
	if p := s.poison.Load(); p != nil {
		return *p
	}
	none := context.Background()
	w, err := s.writerOf()
	if err != nil {
		return s.failure(none, doing, err)
	}
	s.sets.begin()
	done := false
	defer func() { // also when f panics
		if done {
			return
		}
		if w.exec("ROLLBACK") != nil { // a connection that cannot be told is replaced
			w.close()
			s.w = nil
		}
	}()
	if _, err := w.run(stmtBegin); err != nil {
		done = codeOf(err) == codeBusy // nothing has begun
		return s.failure(none, doing, err)
	}
	var epoch string
	var st state
	if err := w.row(stmtState).Scan(&epoch, &st.erasing, &st.suppressing); err != nil {
		return s.failure(none, doing, err)
	}
	s.sets.at(epoch)
	if err := f(w, st); err != nil {
		return s.failure(none, doing, err)
	}
	if _, err := w.run(stmtCommit); err != nil {
		return s.commitFailure(err)
	}
	done = true
	s.sets.keep()
	return nil
}

// maxSets bounds the memory of known sets.
const maxSets = 1 << 18

// sets remembers which identifier sets are written. An erasure deletes sets and raises
// the epoch, which empties the memory of every process before its next write.
type sets struct {
	epoch string
	known map[[16]byte]bool
	fresh [][16]byte // of the transaction that runs
}

func (m *sets) begin() { m.fresh = m.fresh[:0] }

func (m *sets) at(epoch string) {
	if m.epoch != epoch || m.known == nil || len(m.known) > maxSets {
		m.epoch, m.known = epoch, make(map[[16]byte]bool)
	}
}

func (m *sets) keep() {
	for _, set := range m.fresh {
		m.known[set] = true
	}
}

// put writes the set of a row, unless it is known to be there.
func (s *Store) put(w *writing, r *row) error {
	if s.sets.known[r.set] {
		return nil
	}
	ids := make([]byte, 0, 16*len(r.IDs))
	for _, id := range r.IDs {
		h := storage.HashID(id)
		ids = append(ids, h[:]...)
	}
	if _, err := w.run(stmtSet, r.set[:], int(r.Key.Class), r.Key.Source, ids); err != nil {
		return err
	}
	for i := 0; i < len(ids); i += 16 {
		if _, err := w.run(stmtMember, ids[i:i+16], r.set[:]); err != nil {
			return err
		}
	}
	s.sets.fresh = append(s.sets.fresh, r.set)
	return nil
}

// insert writes a row and reports whether its key was new.
func (s *Store) insert(w *writing, r *row, born any) (bool, error) {
	fresh, err := w.run(stmtInsert, born, r.Hash[:], int(r.Key.Class), r.At, r.Received, r.Key.Source, r.Key.ID, r.kind, r.set[:], r.Sum[:], r.Body)
	if !fresh || err != nil {
		return false, err
	}
	return true, s.put(w, r)
}

// Reclaim moves the write-ahead log into the file and cuts it, so that no erased byte is
// left in it. It returns "journal" while a reader keeps that from being done, and "page
// gaps" where the driver does not show pages (SQLITE_ENABLE_DBPAGE_VTAB and DBSTAT_VTAB).
func (s *Store) Reclaim(ctx context.Context) (left []string, err error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	err = s.alone(ctx, func() error {
		w, err := s.writerOf()
		if err != nil {
			return err
		}
		var epoch string
		var due bool
		if err := w.get("SELECT (SELECT value FROM meta WHERE name = 'erase_epoch'), "+reclaimDue).Scan(&epoch, &due); err != nil {
			return err
		}
		able, err := w.canScrub()
		if due && able && err == nil {
			err = s.scrubSummaries()
		}
		if err != nil {
			return err
		}
		if !able {
			left = append(left, "page gaps")
		}
		busy, err := w.cutLog()
		if err != nil {
			return err
		}
		if busy {
			left = append(left, "journal")
		}
		if busy || !due {
			return nil
		}
		return s.transact("reclaim", func(w *writing, _ state) error {
			return w.exec("INSERT OR REPLACE INTO meta VALUES('reclaimed', ?)", epoch)
		})
	})
	return left, s.failure(ctx, "reclaim", err)
}

// reclaimDue says that erased bytes may be in the log: the log was not cut since the last
// step of an erasure. A crash may come before that, and the next Open must know.
const reclaimDue = "(SELECT value FROM meta WHERE name = 'erase_epoch') <> coalesce((SELECT value FROM meta WHERE name = 'reclaimed'), '0')"

func (w *writing) cutLog() (busy bool, err error) {
	if err := w.exec(fmt.Sprintf("PRAGMA busy_timeout = %d", reclaimFor)); err != nil {
		return false, err
	}
	defer func() { _ = w.exec("PRAGMA busy_timeout = 5000") }()
	var pages, moved int
	err = w.get("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved)
	return busy, err
}

// reclaimFor is how many milliseconds a checkpoint waits for readers: not long, as the
// caller may be one itself.
const reclaimFor = 20
