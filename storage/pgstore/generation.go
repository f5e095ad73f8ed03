package pgstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// errGeneration ends a transaction whose cluster is not the one that the schema knows:
// its transaction numbers are no longer comparable with those of the stored rows.
var errGeneration = errors.New("pgstore: the cluster has another life")

// cluster reads what tells lives of a cluster apart: its name, and the timeline of its log.
const cluster = `(select system_identifier::text from pg_control_system()) as system,
  substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) as timeline`

// A guard is what a transaction must know before it writes.
type guard struct {
	epoch int64
	same  bool // the cluster is in the life that the schema knows
}

// queueGuard reads the guard in a transaction.
func (s *Store) queueGuard(b *pgx.Batch) {
	if s.unguarded {
		b.Queue(s.sql("select erase_epoch, true from {}meta"))
		return
	}
	b.Queue(s.sql("select m.erase_epoch, m.system = c.system and m.timeline = c.timeline from {}meta m, (select " + cluster + ") c"))
}

func readGuard(r pgx.BatchResults) (g guard, err error) {
	if err = r.QueryRow().Scan(&g.epoch, &g.same); err == nil && !g.same {
		err = errGeneration
	}
	return g, err
}

// raiseGeneration notes the life of the cluster; rows of an older generation are readable
// whatever their transaction's number is.
func (s *Store) raiseGeneration(ctx context.Context) error {
	return s.transact(ctx, func(conn *pgx.Conn) error {
		b := &pgx.Batch{}
		s.lock(b, true)
		b.Queue(s.sql(`update {}meta m set gen = m.gen + case when m.system = '' then 0 else 1 end, system = c.system, timeline = c.timeline
  from (select ` + cluster + `) c where m.system <> c.system or m.timeline <> c.timeline`))
		return conn.SendBatch(ctx, b).Close()
	})
}

// guardGeneration finds out at Open whether the cluster has begun another life.
func (s *Store) guardGeneration(ctx context.Context) error {
	var same bool
	err := s.pool.QueryRow(ctx, s.sql("select m.system = c.system and m.timeline = c.timeline from {}meta m, (select "+cluster+") c")).Scan(&same)
	switch {
	case isCode(err, "42501", "42883", "0A000"): // no right, no such function, not supported
		s.unguarded = true
		if err := s.guessGeneration(ctx); err != nil {
			return err
		}
	case err != nil:
		return classify(ctx, err)
	case !same:
		if err := s.raiseGeneration(ctx); err != nil {
			return err
		}
	}
	if s.opts.Generation == 0 {
		return nil
	}
	return s.setGeneration(ctx, "update {}meta set gen = $1 where gen < $1", s.opts.Generation)
}

// guessGeneration raises the generation if a stored row is of a transaction that this
// cluster has not begun. It is for hosts that do not tell more.
func (s *Store) guessGeneration(ctx context.Context) error {
	return s.setGeneration(ctx, `update {}meta m set gen = m.gen + 1
  where pg_snapshot_xmax(pg_current_snapshot()) <= (select f.xid from {}fact f where f.gen = m.gen order by f.xid desc limit 1)`)
}

func (s *Store) setGeneration(ctx context.Context, sql string, args ...any) error {
	return s.transact(ctx, func(conn *pgx.Conn) error {
		b := &pgx.Batch{}
		s.lock(b, true)
		b.Queue(s.sql(sql), args...)
		return conn.SendBatch(ctx, b).Close()
	})
}
