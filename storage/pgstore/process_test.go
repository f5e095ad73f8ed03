package pgstore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/pgstore"
	"github.com/tabi-go/tabi/touchpoint"
)

func long() bool { return os.Getenv("TABI_LONG") == "1" }

func (l *lab) place(t *testing.T) (place, schema string) {
	t.Helper()
	schema, err := l.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return l.dsn + "\n" + schema, schema
}

// The connections of the writer are ended by the server, again and again, but for every
// fourth batch: on a slow machine the server may end all tries of all the others.
func TestTerminatedBackendsLoseNothing(t *testing.T) {
	l := newLab(t)
	s, err := l.open(t.Context(), pgstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var done atomic.Bool
	var quiet sync.Mutex
	var wg sync.WaitGroup
	wg.Go(func() {
		for !done.Load() {
			quiet.Lock()
			_, err := l.terminate(t.Context(), s)
			quiet.Unlock()
			if err != nil {
				t.Error(err)
			}
			time.Sleep(3 * time.Millisecond)
		}
	})
	acked := 0
	for n := range 60 {
		if n%4 == 3 {
			quiet.Lock()
		}
		outs, err := s.Append(t.Context(), []storage.Fact{view(2 * n), view(2*n + 1)})
		if n%4 == 3 {
			quiet.Unlock()
		}
		if err == nil {
			acked += touchpoint.Count(outs)[touchpoint.Accepted] + touchpoint.Count(outs)[touchpoint.Duplicate]
		} else if outs == nil {
			t.Fatal(err)
		}
	}
	done.Store(true)
	wg.Wait()
	if acked == 0 {
		t.Error("nothing was acknowledged")
	}
	if n := count(t, s, storage.Query{}); int(n) < acked || n%2 != 0 {
		t.Errorf("%d facts, %d acknowledged", n, acked)
	}
}

// terminate tells the server to end the connections of s, and says how many there were.
func (l *lab) terminate(ctx context.Context, s *store) (n int, err error) {
	err = l.admin.QueryRow(ctx, "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = $1", s.opts.Schema).Scan(&n)
	return n, err
}

// The pool holds connections that the server has ended: whatever is asked of the store next
// is asked again on another one.
func TestReadsOutliveTerminatedBackends(t *testing.T) {
	l := newLab(t)
	ctx := t.Context()
	s, err := l.open(ctx, pgstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mustAppend(t, s, view(1), view(2))
	for name, read := range map[string]func() error{
		"Count":    func() error { _, err := s.Count(ctx, storage.Query{}); return err },
		"Split":    func() error { _, err := s.Split(ctx, storage.Query{}, 2); return err },
		"Lag":      func() error { _, err := s.Lag(ctx); return err },
		"Snapshot": func() error { _, err := s.Snapshot(ctx); return err },
		"SummaryCursor": func() error {
			_, err := s.SummaryCursor(ctx, "m")
			return err
		},
		"Scan": func() error {
			for _, err := range s.Scan(ctx, storage.Query{}) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"Erase": func() error {
			_, err := s.Erase(ctx, storage.Erasure{ID: "e", At: start, Remove: []storage.Query{{Keys: []storage.Key{{Class: storage.ClassTouch, Source: "web", ID: "v1"}}}}})
			return err
		},
	} {
		n, err := l.terminate(ctx, s)
		if err != nil || n == 0 {
			t.Fatalf("%d connections, error %v", n, err)
		}
		for ; n > 0 && err == nil; n, err = l.terminate(ctx, s) { // until they have ended
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := read(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Count(ctx, storage.Query{}); err != nil { // the pool has a connection
			t.Fatal(err)
		}
	}
}

// A server goes on with what a killed client had sent: a check must not take a batch that
// commits beside it for damage.
func TestVerifyBesideAppends(t *testing.T) {
	l := newLab(t)
	s, err := l.open(t.Context(), pgstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var done atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		defer done.Store(true)
		for n := range 100 {
			if _, err := s.Append(t.Context(), []storage.Fact{view(n, identity.MakeID(identity.UserID, fmt.Sprint("u", n)))}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for !done.Load() {
		if err := s.Verify(t.Context()); err != nil {
			t.Error(err)
			break
		}
	}
	wg.Wait()
}

const (
	writerEnv = "TABI_PGSTORE_WRITER" // the place; the child is TestFourProcesses again
	writers   = 4
)

func perWriter() int {
	switch {
	case long():
		return 50_000
	case testing.Short():
		return 200
	}
	return 1000
}

// writerFacts are what process w writes: a fifth of it all others write too.
func writerFacts(w, n int) []storage.Fact {
	facts := make([]storage.Fact, n)
	for i := range facts {
		id := i
		if i%5 > 0 {
			id = 1_000_000*(w+1) + i
		}
		facts[i] = view(id, identity.MakeID(identity.UserID, fmt.Sprint("u", id%97)))
	}
	rand.New(rand.NewPCG(uint64(w), 4)).Shuffle(n, func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
	return facts
}

// Four processes write at once, are killed and begin again: the store ends as the exact
// union, equal to a memstore that is fed in one go.
func TestFourProcesses(t *testing.T) {
	if place := os.Getenv(writerEnv); place != "" {
		writeChild(t, place)
		return
	}
	l := newLab(t)
	place, schema := l.place(t)
	s, err := l.open(t.Context(), pgstore.Options{Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			g := rand.New(rand.NewPCG(uint64(w), 5))
			for kills := 0; ; kills++ {
				ctx, cancel := t.Context(), context.CancelFunc(func() {})
				if kills < 2 {
					ctx, cancel = context.WithTimeout(ctx, time.Duration(50+g.IntN(300))*time.Millisecond)
				}
				cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestFourProcesses$", "-test.count=1")
				cmd.Env = append(os.Environ(), writerEnv+"="+place, writerEnv+"_N="+strconv.Itoa(w), writerEnv+"_EACH="+strconv.Itoa(perWriter()))
				out, err := cmd.CombinedOutput()
				cancel()
				if err == nil {
					return
				}
				if kills >= 2 {
					t.Errorf("writer %d: %v\n%s", w, err, out)
					return
				}
			}
		})
	}
	wg.Wait()
	var all []storage.Fact
	for w := range writers {
		all = append(all, writerFacts(w, perWriter())...)
	}
	var want memstore.Store
	for len(all) > 0 {
		n := min(len(all), 1000)
		if _, err := want.Append(t.Context(), all[:n]); err != nil {
			t.Fatal(err)
		}
		all = all[n:]
	}
	if got, want := count(t, s, storage.Query{}), count(t, &want, storage.Query{}); got != want {
		t.Errorf("%d facts, want %d", got, want)
	}
	a, err := storage.Digest(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := storage.Digest(t.Context(), &want); a != b {
		t.Error("another digest than that of a memstore")
	}
	if err := storage.Verify(t.Context(), s); err != nil {
		t.Error(err)
	}
}

func writeChild(t *testing.T, place string) {
	w, _ := strconv.Atoi(os.Getenv(writerEnv + "_N"))
	each, _ := strconv.Atoi(os.Getenv(writerEnv + "_EACH"))
	s, err := openPlace(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for facts := writerFacts(w, each); len(facts) > 0; {
		n := min(len(facts), 100)
		if _, err := s.Append(t.Context(), facts[:n]); err != nil {
			t.Fatal(err)
		}
		facts = facts[n:]
	}
}

// The trap of identity columns: A takes its number first and commits last. A reader who
// goes by commit times, or by numbers alone, has then seen B and never sees A.
func TestChangesWaitForTheOldestWriter(t *testing.T) {
	l := newLab(t)
	ctx := t.Context()
	s, err := l.open(ctx, pgstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mustAppend(t, s, view(1))
	a, err := l.admin.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := insert(ctx, a, s.opts.Schema, view(2)); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, view(3))

	var at storage.Cursor
	var seen []string
	poll := func() {
		for c, err := range s.Store.Changes(ctx, at) {
			if err != nil {
				t.Fatal(err)
			}
			at, seen = c.Cursor, append(seen, c.Fact.Touch.ID)
		}
	}
	for range 5 {
		poll()
	}
	if got := strings.Join(seen, " "); got != "v1" && got != "" { // another test may hold v1 back too
		t.Errorf("while A is open a reader sees %s", got)
	}
	if lag, err := s.Lag(ctx); err != nil || lag <= 0 {
		t.Errorf("lag %v, error %v", lag, err)
	}
	if n := count(t, s, storage.Query{}); n != 2 {
		t.Errorf("a scan sees %d facts, want those that were acknowledged", n)
	}
	if err := a.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	for try := 0; len(seen) < 3 && try < 2000; try++ {
		poll()
		time.Sleep(time.Millisecond)
	}
	if got := strings.Join(seen, " "); got != "v1 v2 v3" {
		t.Errorf("a reader has seen %s", got)
	}
}

// A transaction that only reads holds nobody back.
func TestChangesDoNotWaitForReaders(t *testing.T) {
	l := newLab(t)
	ctx := t.Context()
	s, err := l.open(ctx, pgstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tx, err := l.admin.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, "select 1 from pg_class"); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, view(1))
	n := 0
	for _, err := range s.Changes(ctx, storage.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d changes", n)
	}
}

// A program opens a store with a pool that it has used before a restart of the server.
func TestNewOnAPoolWhoseConnectionsAreDead(t *testing.T) {
	l := newLab(t)
	schema, err := l.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.New(t.Context(), l.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var pid int
	if err := pool.QueryRow(t.Context(), "select pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	if _, err := l.admin.Exec(t.Context(), "select pg_terminate_backend($1, 10000)", pid); err != nil {
		t.Fatal(err)
	}
	s, err := pgstore.New(t.Context(), pool, &pgstore.Options{Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
