package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	maxTries   = 6 // of one transaction: the first and five more
	firstPause = time.Millisecond
)

// transact runs f in a transaction of its own, again where the server gave it up or the
// connection failed before the commit was sent.
func (s *Store) transact(ctx context.Context, f func(conn *pgx.Conn) error) error {
	pause := firstPause
	for try := 1; ; try++ {
		err := s.attempt(ctx, f)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errGeneration):
			if err := s.raiseGeneration(ctx); err != nil {
				return err
			}
		case !repeatable(ctx, err) || s.closed.Load():
			return err
		}
		if try == maxTries {
			return err
		}
		if err := rest(ctx, pause); err != nil {
			return err
		}
		pause *= 2
	}
}

// rest waits for a while, or for the end of ctx, which is then the error.
func rest(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return classify(ctx, ctx.Err())
	}
}

// attempt runs f once.
func (s *Store) attempt(ctx context.Context, f func(conn *pgx.Conn) error) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return s.orClosed(classify(ctx, err))
	}
	defer conn.Release() // which destroys a connection that is still in a transaction
	if err := f(conn.Conn()); err != nil {
		if !conn.Conn().IsClosed() && ctx.Err() == nil {
			_, _ = conn.Exec(ctx, "rollback")
		}
		return classify(ctx, err)
	}
	tag, err := conn.Exec(ctx, "commit")
	if err != nil {
		return classifyCommit(ctx, err)
	}
	if tag.String() != "COMMIT" {
		return classify(ctx, errors.New("the transaction had failed"))
	}
	return nil
}

// orClosed tells ErrClosed where a call fails because the pool was closed under it.
func (s *Store) orClosed(err error) error {
	if s.closed.Load() {
		return s.begin(context.Background())
	}
	return err
}

// lock begins a transaction and takes the store's lock: appends share it, the steps of an
// erasure, migrations and new generations have it alone. It is a statement of its own,
// since the snapshot of a statement is older than a lock that it waits for. A session
// that would not wait for the flush of the log does so for this transaction.
func (s *Store) lock(b *pgx.Batch, alone bool) {
	b.Queue("begin isolation level read committed")
	take := "pg_advisory_xact_lock_shared"
	if alone {
		take = "pg_advisory_xact_lock"
	}
	b.Queue("select "+take+"($1), case current_setting('synchronous_commit') when 'off' then set_config('synchronous_commit', 'on', true) end", s.ns)
}
