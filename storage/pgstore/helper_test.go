package pgstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/pgstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

var start = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)

// server returns the DSN of the test server, or skips the test.
func server(t *testing.T) string {
	t.Helper()
	dsn := os.Getenv("TABI_TEST_POSTGRES")
	switch {
	case dsn != "":
	case os.Getenv("CI") == "true":
		t.Fatal("TABI_TEST_POSTGRES is unset under CI; run storage/pgstore/postgres.sh start")
	default:
		t.Skip("TABI_TEST_POSTGRES is unset; run storage/pgstore/postgres.sh start")
	}
	return dsn
}

// A lab makes stores on the test server, each in a schema of its own.
type lab struct {
	dsn   string
	admin *pgxpool.Pool
	n     atomic.Int64

	mu      sync.Mutex // guards the rest
	schemas []string
	users   map[string]int // open stores of a schema
	free    []string       // schemas that nobody uses
}

// newLab drops the schemas at the end of the test.
func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{dsn: server(t), users: make(map[string]int)}
	admin, err := pgxpool.New(t.Context(), l.dsn)
	if err != nil {
		t.Fatal(err)
	}
	l.admin = admin
	t.Cleanup(func() {
		ctx := context.Background()
		for _, s := range l.schemas {
			if _, err := admin.Exec(ctx, "drop schema if exists "+s+" cascade"); err != nil {
				t.Error(err)
			}
		}
		admin.Close()
	})
	return l
}

// take returns an empty schema: a new one, or one that was emptied, which is faster.
func (l *lab) take(ctx context.Context) (string, error) {
	l.mu.Lock()
	if n := len(l.free); n > 0 {
		name := l.free[n-1]
		l.free = l.free[:n-1]
		l.mu.Unlock()
		_, err := l.admin.Exec(ctx, strings.ReplaceAll(`begin; lock table {}fact in access exclusive mode;
delete from {}fact; delete from {}member; delete from {}suppression; delete from {}erasing;
delete from {}summary; delete from {}summary_member; delete from {}summary_model;
update {}meta set store = replace(gen_random_uuid()::text, '-', ''), erase_epoch = 0; commit`, "{}", name+"."))
		return name, err
	}
	defer l.mu.Unlock()
	name := fmt.Sprintf("t%d_%d_%d", os.Getpid(), time.Now().UnixNano()%1e9, l.n.Add(1))
	l.schemas = append(l.schemas, name)
	return name, nil
}

// use counts the users of a schema; without any it may be used again.
func (l *lab) use(schema string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users[schema] += n; l.users[schema] == 0 {
		l.free = append(l.free, schema)
	}
}

// exec runs a statement beside the stores; {} is the schema of s.
func (l *lab) exec(ctx context.Context, s *store, sql string, args ...any) error {
	_, err := l.admin.Exec(ctx, strings.ReplaceAll(sql, "{}", s.opts.Schema+"."), args...)
	return err
}

// A store is one under test: its connections can be made to fail, and its Changes waits
// until other tests' transactions are no longer in the way.
type store struct {
	*pgstore.Store
	lab    *lab
	opts   pgstore.Options
	pool   *pgxpool.Pool
	wire   *wire
	closed atomic.Bool
	held   atomic.Bool // HoldTransaction: not to be waited for
}

func (l *lab) open(ctx context.Context, o pgstore.Options) (*store, error) {
	cfg, err := pgxpool.ParseConfig(l.dsn)
	if err != nil {
		return nil, err
	}
	if o.Schema == "" {
		if o.Schema, err = l.take(ctx); err != nil {
			return nil, err
		}
	}
	s := &store{lab: l, opts: o, wire: &wire{}}
	cfg.MaxConns = 6
	cfg.ConnConfig.DialFunc = s.wire.dial
	cfg.PrepareConn = s.prepareConn
	cfg.ConnConfig.RuntimeParams["application_name"] = o.Schema // for terminate
	if s.pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return nil, err
	}
	if s.Store, err = pgstore.New(ctx, s.pool, &o); err != nil {
		s.pool.Close()
		return nil, err
	}
	l.use(o.Schema, +1)
	return s, nil
}

func (s *store) Close() error {
	err := s.Store.Close()
	if s.closed.Swap(true) {
		return err
	}
	defer s.lab.use(s.opts.Schema, -1)
	if s.pool.Stat().AcquiredConns() == 0 {
		s.pool.Close()
	} else {
		go s.pool.Close()
	}
	return err
}

// Changes waits until every transaction that was open has ended: other tests write too.
func (s *store) Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		if ctx != nil && !s.held.Load() {
			var top uint64
			passed := false
			_ = s.lab.admin.QueryRow(ctx, "select pg_snapshot_xmax(pg_current_snapshot())").Scan(&top)
			for try := 0; !passed && try < 2000 && ctx.Err() == nil; try++ {
				if try > 0 {
					time.Sleep(time.Millisecond)
				}
				_ = s.lab.admin.QueryRow(ctx, "select pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8", fmt.Sprint(top)).Scan(&passed)
			}
		}
		s.Store.Changes(ctx, after)(yield)
	}
}

// prepareConn makes a session read-only while that is wanted.
func (s *store) prepareConn(ctx context.Context, conn *pgx.Conn) (bool, error) {
	want := "off"
	if s.wire.readOnly.Load() {
		want = "on"
	}
	if was, _ := conn.PgConn().CustomData()["read_only"].(string); was == want || was == "" && want == "off" {
		return true, nil
	}
	conn.PgConn().CustomData()["read_only"] = want
	_, err := conn.Exec(ctx, "set default_transaction_read_only = "+want)
	return err == nil, err
}

// A wire is the connections of one store, which can be made to fail.
type wire struct {
	readOnly     atomic.Bool
	beforeCommit atomic.Bool // nothing leaves, the commit neither
	lostReply    atomic.Bool // the answer to a commit does not come
	slow         atomic.Bool
	step         func() // called between what a kill may part; nil: nothing

	mu    sync.Mutex // guards conns
	conns []net.Conn
}

func (w *wire) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns = append(w.conns, c)
	return &wired{Conn: c, wire: w}, nil
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
	w.conns = nil
}

type wired struct {
	net.Conn
	wire *wire
	lost atomic.Bool
}

func (c *wired) Write(b []byte) (int, error) {
	if c.wire.step != nil {
		c.wire.step()
	}
	if c.wire.beforeCommit.Load() {
		return 0, errors.Join(errors.New("cut"), c.Conn.Close())
	}
	if bytes.Contains(b, []byte("commit\x00")) {
		c.lost.Store(c.wire.lostReply.Load())
	}
	return c.Conn.Write(b)
}

func (c *wired) Read(b []byte) (int, error) {
	if c.wire.slow.Load() {
		time.Sleep(time.Millisecond)
	}
	n, err := c.Conn.Read(b)
	if c.wire.step != nil && n > 0 {
		c.wire.step()
	}
	if c.lost.Load() && n > 0 {
		return 0, errors.Join(io.ErrUnexpectedEOF, c.Conn.Close())
	}
	return n, err
}

// fault makes a store fail in one of the suite's ways.
func (l *lab) fault(st storage.Store, f storetest.Fault) (undo func() error, err error) {
	s := st.(*store)
	ctx := context.Background()
	flag := func(b *atomic.Bool) (func() error, error) {
		b.Store(true)
		return func() error { b.Store(false); return nil }, nil
	}
	both := func(do, undo string, args ...any) (func() error, error) {
		return func() error { return l.exec(ctx, s, undo, args...) }, l.exec(ctx, s, do, args...)
	}
	switch f {
	case storetest.BeforeCommit:
		return flag(&s.wire.beforeCommit)
	case storetest.LostCommitReply:
		return flag(&s.wire.lostReply)
	case storetest.ReadOnly:
		return flag(&s.wire.readOnly)
	case storetest.SlowRead:
		return flag(&s.wire.slow)
	case storetest.CutConnection:
		s.wire.cut()
		return func() error { return nil }, nil
	case storetest.DiskFull:
		return both(`create function {}full() returns trigger language plpgsql as $$ begin raise exception 'no space' using errcode = '53100'; end $$;
create trigger full_disk before insert on {}fact execute function {}full()`, "drop function {}full cascade")
	case storetest.UnreadableSuppression:
		return both("alter table {}suppression rename to hidden", "alter table {}hidden rename to suppression")
	case storetest.FlipByte:
		const flip = "update {}fact set body = set_byte(body, 9, get_byte(body, 9) # 1) where ctid = (select ctid from {}fact order by at offset 20 limit 1)"
		return both(flip, flip)
	case storetest.HoldTransaction:
		return l.hold(ctx, s)
	}
	return nil, storage.ErrUnsupported
}

// hold begins a transaction that writes a fact, and commits it at undo.
func (l *lab) hold(ctx context.Context, s *store) (undo func() error, err error) {
	tx, err := l.admin.Begin(ctx)
	if err != nil {
		return nil, err
	}
	if err := insert(ctx, tx, s.opts.Schema, view(9999)); err != nil {
		return nil, errors.Join(err, tx.Rollback(ctx))
	}
	s.held.Store(true)
	return func() error {
		s.held.Store(false)
		return tx.Commit(ctx)
	}, nil
}

// insert writes a fact without identifiers as another program's transaction would.
func insert(ctx context.Context, tx pgx.Tx, schema string, f storage.Fact) error {
	var r storage.Row
	if err := r.Encode(f); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "insert into "+schema+".fact (gen, seq, key, hash, idset, class, at, received, source, id, kind, body) select gen, 0, $1, $2, $3, 1, $4, $5, $6, $7, $8, $9 from "+schema+".meta",
		r.Hash, r.Sum, storage.HashSet(storage.ClassTouch, r.Key.Source, nil), r.At, r.Received, r.Key.Source, r.Key.ID, string(f.Touch.Kind), r.Body)
	return err
}

// view is the n-th touch, one a second.
func view(n int, ids ...identity.ID) storage.Fact {
	return storage.Fact{Touch: &touchpoint.Touch{
		Source: "web", ID: fmt.Sprint("v", n), At: start.Add(time.Duration(n) * time.Second), Kind: touchpoint.KindPageview, IDs: ids,
	}}
}

// mustAppend appends facts that must be new.
func mustAppend(t *testing.T, s storage.Store, facts ...storage.Fact) {
	t.Helper()
	outs, err := s.Append(t.Context(), facts)
	if got := touchpoint.Count(outs); err != nil || got[touchpoint.Accepted] != len(facts) {
		t.Fatalf("Append: %v, error %v", got, err)
	}
}

func count(t *testing.T, s storage.Store, q storage.Query) int64 {
	t.Helper()
	n, err := storage.Count(t.Context(), s, q)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
