package pgstore

import (
	"context"

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
		err := s.pool.QueryRow(ctx, s.sql("select exists (select from {}erasing where key <> "+toReclaim+")")).Scan(&more)
		if err != nil {
			return s.orClosed(classify(ctx, err))
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
	err := s.pool.QueryRow(ctx, s.sql("select exists (select from {}erasing)")).Scan(&open)
	if err != nil || !open {
		return classify(ctx, err)
	}
	if s.opts.KeepSchema {
		return nil
	}
	if err := s.purge(ctx); err != nil {
		return err
	}
	_, err = s.Reclaim(ctx)
	return err
}

// Reclaim gives the space of erased facts back in the way of Options.Reclaim, and returns
// the places that may hold erased bytes still: "table pages" unless the tables were
// written anew, "wal", "replicas" and "backups".
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
		if done, err = rewrite(ctx, conn.Conn(), tables); err != nil {
			return out, err
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
