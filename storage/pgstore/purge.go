package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// purgeStep is how many facts one transaction purges.
const purgeStep = 1000

// toReclaim is the row of the work list that stands for no fact: space of erased facts is to be
// given back. Its erasure is the epoch of the last step of one. A crash may come between,
// and the next Open must know.
const toReclaim = "'00000000-0000-0000-0000-000000000000'"

// raiseEpoch empties the memories of sets, and marks that there is something to reclaim.
const raiseEpoch = `with m as (update {}meta set erase_epoch = erase_epoch + 1 returning erase_epoch)
insert into {}erasing (key, erasure, idset) select ` + toReclaim + `, erase_epoch::text, ` + toReclaim + ` from m on conflict (key) do update set erasure = excluded.erasure`

// purge deletes what is on the work list, of every erasure.
func (s *Store) purge(ctx context.Context) error {
	for more := true; more; {
		if err := s.begin(ctx); err != nil {
			return err
		}
		if err := s.readRow(ctx, "select exists (select from {}erasing where key <> "+toReclaim+")", nil, &more); err != nil {
			return err
		}
		if more {
			if err := s.transact(ctx, func(conn *pgx.Conn) error { return s.purgeSome(ctx, conn) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// purgeSome deletes some facts, and the sets to which no fact points any more. It has the
// lock alone: an append beside it could point to a set that is being deleted.
func (s *Store) purgeSome(ctx context.Context, conn *pgx.Conn) error {
	b := &pgx.Batch{}
	s.lock(b, true)
	if err := conn.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	rows, err := conn.Query(ctx, s.sql(`with gone as (
  delete from {}erasing where key in (select key from {}erasing where key <> `+toReclaim+` order by key limit $1) returning key, idset),
dead as (delete from {}fact f using gone where f.key = gone.key)
select distinct idset from gone`), purgeStep)
	if err != nil {
		return err
	}
	sets, err := pgx.CollectRows(rows, pgx.RowTo[pgtype.UUID])
	if err != nil {
		return err
	}
	b = &pgx.Batch{}
	b.Queue(s.sql(dropMembers), sets)
	b.Queue(s.sql(raiseEpoch))
	return conn.SendBatch(ctx, b).Close()
}

// finishErasures does at Open what a crash has left undone.
func (s *Store) finishErasures(ctx context.Context) error {
	var open bool
	if err := s.readRow(ctx, "select exists (select from {}erasing)", nil, &open); err != nil || !open || s.opts.KeepSchema {
		return err
	}
	if err := s.purge(ctx); err != nil {
		return err
	}
	_, err := s.Reclaim(ctx)
	return err
}

// Reclaim gives the space of erased facts back in the way of Options.Reclaim, and returns
// the places that may hold erased bytes still: "table pages" unless the tables were
// written anew, "wal", "replicas" and "backups". It does not write them anew while, for
// longer than two seconds, somebody reads them, a transaction of before is open in the
// cluster, or a replication slot holds the server back: it would copy the erased rows.
func (s *Store) Reclaim(ctx context.Context) ([]string, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	out := []string{"wal", "replicas", "backups"}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, s.orClosed(classify(ctx, err))
	}
	defer conn.Release()
	var due string
	if err := conn.QueryRow(ctx, s.sql("select coalesce(max(erasure), '') from {}erasing where key = "+toReclaim)).Scan(&due); err != nil {
		return nil, s.orClosed(classify(ctx, err))
	}
	tables, done := s.sql("{}fact, {}member, {}erasing, {}summary, {}summary_member"), false
	if s.opts.Reclaim == Full {
		if done, err = unseen(ctx, conn.Conn()); err != nil {
			return out, s.orClosed(err)
		}
	}
	if done {
		if done, err = rewrite(ctx, conn.Conn(), tables); err != nil {
			return out, s.orClosed(err)
		}
	}
	if !done {
		out = append([]string{"table pages"}, out...)
		_, err = conn.Exec(ctx, "vacuum "+tables)
	}
	if err == nil && due != "" && (done || s.opts.Reclaim != Full) {
		_, err = conn.Exec(ctx, s.sql("delete from {}erasing where key = "+toReclaim+" and erasure = $1"), due)
	}
	return out, s.orClosed(classify(ctx, err))
}

// reclaimWait is how long Reclaim waits for others.
const reclaimWait = 2 * time.Second

// seesErased tells whether somebody may see a row that was deleted before transaction $1:
// an open transaction of any database, as it bounds what a new reader sees; a reader of
// this database, or a replica that tells us of its own; a replication slot.
const seesErased = `with t as (select $1::text::xid8 as top)
select pg_snapshot_xmin(pg_current_snapshot()) < t.top
  or exists (select from pg_stat_activity a where a.pid <> pg_backend_pid() and age(a.backend_xmin) > age(t.top::xid)
    and (a.datid is null or a.datname = current_database()))
  or exists (select from pg_replication_slots r where age(r.xmin) > age(t.top::xid))
  or coalesce(current_setting('vacuum_defer_cleanup_age', true), '0') <> '0'
from t`

// unseen waits until nobody can see what is deleted now, and tells whether it is so: VACUUM
// copies the rows that somebody may see into the new table.
func unseen(ctx context.Context, conn *pgx.Conn) (bool, error) {
	var top string
	if err := conn.QueryRow(ctx, "select pg_snapshot_xmax(pg_current_snapshot())::text").Scan(&top); err != nil {
		return false, classify(ctx, err)
	}
	pause, total := firstPause, time.Duration(0)
	for {
		var seen bool
		if err := conn.QueryRow(ctx, seesErased, top).Scan(&seen); err != nil || !seen || total >= reclaimWait {
			return err == nil && !seen, classify(ctx, err)
		}
		if err := rest(ctx, pause); err != nil {
			return false, err
		}
		total += pause
		pause = min(2*pause, reclaimWait/16)
	}
}

// rewrite writes the tables anew, unless somebody reads them for too long.
func rewrite(ctx context.Context, conn *pgx.Conn, tables string) (done bool, err error) {
	if _, err := conn.Exec(ctx, "set lock_timeout = '2s'"); err != nil {
		return false, classify(ctx, err)
	}
	defer func() {
		if _, e := conn.Exec(ctx, "reset lock_timeout"); err == nil {
			err = classify(ctx, e)
		}
	}()
	_, err = conn.Exec(ctx, "vacuum (full) "+tables)
	if isCode(err, "55P03") {
		return false, nil
	}
	return err == nil, classify(ctx, err)
}
