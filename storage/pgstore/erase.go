package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/tabi-go/tabi/storage"
)

// Erase is storage.Store's. The receipt's OutOfReach names the places that hold erased
// bytes still, see [Store.Reclaim].
func (s *Store) Erase(ctx context.Context, e storage.Erasure) (storage.Receipt, error) {
	if err := s.begin(ctx); err != nil {
		return storage.Receipt{}, err
	}
	if err := storage.CheckBatch(ctx, len(e.Redact)+len(e.Add)); err != nil {
		return storage.Receipt{}, err
	}
	if err := e.Check(); err != nil {
		return storage.Receipt{}, err
	}
	var record *storage.Erased
	err := s.transact(ctx, func(conn *pgx.Conn) (err error) {
		record, err = s.commitErasure(ctx, conn, e)
		return err
	})
	if err != nil {
		return storage.Receipt{}, err
	}
	rec := storage.Receipt{ID: e.ID, Removed: record.Removed, Redacted: record.Redacted}
	if err := s.purge(ctx); err != nil {
		return rec, err
	}
	if len(e.Remove)+len(e.Redact) > 0 {
		if rec.OutOfReach, err = s.Reclaim(ctx); err != nil {
			return rec, err
		}
	}
	rec.Done = true
	return rec, nil
}

// An erasing is the atomic step of an erasure at work. Its first error stays.
type erasing struct {
	s    *Store
	ctx  context.Context
	conn *pgx.Conn
	e    storage.Erasure
	err  error

	touched []pgtype.UUID // identifiers of what goes, if there are summaries
}

// commitErasure is the atomic step, but for its commit. It returns what is on record: of
// the first call where this is a later one.
func (s *Store) commitErasure(ctx context.Context, conn *pgx.Conn, e storage.Erasure) (*storage.Erased, error) {
	b := &pgx.Batch{}
	s.lock(b, true)
	s.queueGuard(b)
	res := conn.SendBatch(ctx, b)
	for range 2 {
		if _, err := res.Exec(); err != nil {
			return nil, errors.Join(err, res.Close())
		}
	}
	_, err := readGuard(res)
	if err := errors.Join(err, res.Close()); err != nil {
		return nil, err
	}
	if record, err := s.recorded(ctx, conn, e.ID); record != nil || err != nil {
		return record, err
	}
	w := &erasing{s: s, ctx: ctx, conn: conn, e: e}
	for _, q := range e.Remove {
		w.remove(q)
	}
	replaced := w.redact()
	record := e.Record(w.count(), int64(replaced))
	w.add(record, replaced)
	w.suppress(record)
	w.dropSummaries()
	if len(e.Remove)+len(e.Redact) > 0 {
		w.exec(raiseEpoch)
	} else {
		w.exec("update {}meta set erase_epoch = erase_epoch + 1")
	}
	return record, w.err
}

// recorded returns the record of an erasure, nil if there is none.
func (s *Store) recorded(ctx context.Context, conn *pgx.Conn, id string) (*storage.Erased, error) {
	rows, err := conn.Query(ctx, s.sql("select hash, body, received from {}fact where key = $1"),
		uuid(storage.Key{Class: storage.ClassErasure, ID: id}.Hash()))
	if err != nil {
		return nil, err
	}
	facts, err := pgx.CollectRows(rows, func(pgx.CollectableRow) (storage.Fact, error) { return s.fact(&record{Rows: rows}) })
	if err != nil || len(facts) == 0 {
		return nil, err
	}
	return facts[0].Erasure, nil
}

func (w *erasing) exec(sql string, args ...any) {
	if w.err == nil {
		_, w.err = w.conn.Exec(w.ctx, w.s.sql(sql), args...)
	}
}

// remove puts what a query selects on the work list. Each query sees what was there
// before the erasure. Records of erasures and audits stay.
func (w *erasing) remove(q storage.Query) {
	st := &statement{}
	id := st.arg(w.e.ID)
	st.text.WriteString("insert into {}erasing (key, erasure, idset) select x.key, " + id + ", x.idset from (select f.key, f.idset, f.class from {}fact f")
	view{erasing: w.e.ID}.where(st, q)
	page(st, q)
	st.text.WriteString(") x where x.class not in (7, 9) on conflict (key) do nothing")
	w.exec(st.text.String(), st.args...)
}

// count counts what is to be removed.
func (w *erasing) count() map[storage.Class]int64 {
	removed := make(map[storage.Class]int64)
	if w.err != nil || len(w.e.Remove) == 0 {
		return removed
	}
	rows, err := w.conn.Query(w.ctx, w.s.sql("select f.class, count(*) from {}erasing e join {}fact f on f.key = e.key where e.erasure = $1 group by f.class"), w.e.ID)
	if err != nil {
		w.err = err
		return removed
	}
	var class int16
	var n int64
	_, w.err = pgx.ForEachRow(rows, []any{&class, &n}, func() error {
		removed[storage.Class(class)] = n
		return nil
	})
	return removed
}

// redact replaces facts that are there, stay and differ, and returns how many. A replaced
// fact has a new place in the order of commits; its former set goes if it was the last.
func (w *erasing) redact() int {
	if w.err != nil {
		return 0
	}
	if len(w.e.Redact) == 0 {
		w.named(nil)
		return 0
	}
	offered := make(map[[16]byte]row, len(w.e.Redact))
	twice := make(map[[16]byte]bool)
	var ask []pgtype.UUID
	for _, f := range w.e.Redact {
		r, err := newRow(0, f)
		if err != nil {
			w.err = err
			return 0
		}
		_, twice[r.Hash] = offered[r.Hash]
		offered[r.Hash] = r
		ask = append(ask, uuid(r.Hash))
	}
	st := &statement{}
	st.text.WriteString("select f.key, f.hash, f.at, f.idset, exists (select from {}erasing e where e.key = f.key) from {}fact f where f.key = any(" + st.arg(ask) + ")")
	view{erasing: w.e.ID}.visible(st, false)
	st.text.WriteString(" order by f.at, f.source, f.id")
	rows, err := w.conn.Query(w.ctx, w.s.sql(st.text.String()), st.args...)
	if err != nil {
		w.err = err
		return 0
	}
	var put []row
	var former []pgtype.UUID
	var key, hash, set pgtype.UUID
	var at int64
	var gone bool
	_, w.err = pgx.ForEachRow(rows, []any{&key, &hash, &at, &set, &gone}, func() error {
		r := offered[key.Bytes]
		if r.At != at || twice[key.Bytes] {
			return storage.ErrErasure
		}
		if !gone && hash.Bytes != r.Sum {
			r.n = len(put)
			put, former = append(put, r), append(former, set)
		}
		return nil
	})
	if w.err == nil {
		w.named(former)
	}
	if w.err == nil && len(put) > 0 {
		w.replace(put, former)
	}
	return len(put)
}

// replace writes the replacements. Transaction 3 wrote the catalogue: every view of a
// later generation sees it.
func (w *erasing) replace(put []row, former []pgtype.UUID) {
	n := len(put)
	hashes, sets, kinds, bodies := make([]pgtype.UUID, n), make([]pgtype.UUID, n), make([]string, n), make([][]byte, n)
	for i := range put {
		hashes[i], sets[i], kinds[i], bodies[i] = uuid(put[i].Sum), uuid(put[i].idset), string(put[i].kind), put[i].Body
	}
	w.exec(`update {}fact f set hash = u.hash, idset = u.idset, kind = u.kind, body = u.body, seq = u.n,
  since = case when f.gen = m.gen then coalesce(f.since, f.xid) else '3' end, xid = pg_current_xact_id(), gen = m.gen
from unnest($1::int[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bytea[]) as u(n, key, hash, idset, kind, body), {}meta m
where f.key = u.key`, places(put), keys(put), hashes, sets, kinds, bodies)
	w.exec(dropMembers, former)
	w.write(func(b *pgx.Batch) { w.s.queueMembers(b, put, func(*row) bool { return true }) })
}

// dropMembers deletes sets that no fact points to any more.
const dropMembers = "delete from {}member m where m.idset = any($1) and not exists (select from {}fact f where f.idset = m.idset)"

// add writes the facts that come with the erasure, and its record last.
func (w *erasing) add(record *storage.Erased, n int) {
	var rows []row
	for _, f := range append(w.e.Add[:len(w.e.Add):len(w.e.Add)], storage.Fact{Erasure: record}) {
		r, err := newRow(n+len(rows), f)
		if err != nil {
			w.err = errors.Join(w.err, err)
			return
		}
		rows = append(rows, r)
	}
	w.write(func(b *pgx.Batch) { w.s.queueInsert(b, rows, tagColumns{}) })
}

func (w *erasing) write(queue func(b *pgx.Batch)) {
	if w.err == nil {
		b := &pgx.Batch{}
		queue(b)
		w.err = w.conn.SendBatch(w.ctx, b).Close()
	}
}

// suppress joins the entries into the list, as storage.SuppressionList does.
func (w *erasing) suppress(record *storage.Erased) {
	var list storage.SuppressionList
	list.Join(*record)
	var tags, salts []pgtype.UUID
	var keyIDs []string
	var at, generations []int64
	var policies []int16
	for x := range list.All() {
		tags, salts, keyIDs = append(tags, uuid(x.Tag)), append(salts, uuid(x.Salt)), append(keyIDs, x.KeyID)
		at, generations, policies = append(at, x.At.UnixMicro()), append(generations, int64(x.Generation)), append(policies, int16(x.Policy))
	}
	if len(tags) == 0 {
		return
	}
	w.exec(`insert into {}suppression as s (tag, keyid, at, policy, generation, salt, called_at, call)
select u.*, $7, $8 from unnest($1::uuid[], $2::text[], $3::bigint[], $4::smallint[], $5::bigint[], $6::uuid[]) u
on conflict (tag) do update set at = greatest(s.at, excluded.at), generation = greatest(s.generation, excluded.generation),
  keyid = case when (excluded.called_at, excluded.call) >= (s.called_at, s.call) then excluded.keyid else s.keyid end,
  policy = case when (excluded.called_at, excluded.call) >= (s.called_at, s.call) then excluded.policy else s.policy end,
  salt = case when (excluded.called_at, excluded.call) >= (s.called_at, s.call) then excluded.salt else s.salt end,
  called_at = greatest(s.called_at, excluded.called_at),
  call = case when (excluded.called_at, excluded.call) >= (s.called_at, s.call) then excluded.call else s.call end`,
		tags, keyIDs, at, policies, generations, salts, record.At.UTC().Truncate(time.Microsecond).UnixMicro(), record.ID)
}
