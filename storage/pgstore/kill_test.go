package pgstore_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/pgstore"
	"github.com/tabi-go/tabi/storage/storetest"
)

// killed reports whether this is a process that is to be killed.
func killed() bool { return os.Getenv("TABI_STORETEST_KILL") != "" }

// kills are so many by default, so many for a commit under CI, and nightly with TABI_LONG.
func kills(kills, commit, nightly int) storetest.KillHarness {
	switch {
	case testing.Short():
		kills = 2
	case long():
		kills = nightly
	case os.Getenv("CI") != "":
		kills = commit
	}
	return storetest.KillHarness{Open: openPlace, Kills: kills}
}

// A place is a DSN and a schema, for processes that share a store, and the folder of the
// cluster where that is the test's own.
func openPlace(ctx context.Context, place string) (storage.Store, error) {
	parts := strings.Split(place, "\n")
	return pgstore.Open(ctx, parts[0], &pgstore.Options{Schema: parts[1], Reclaim: pgstore.Full})
}

func TestKillKeepsWhatWasAcknowledged(t *testing.T) {
	h := kills(6, 100, 1000)
	if !killed() {
		h.Place, _ = newLab(t).place(t)
	}
	storetest.Kill(t, h)
}

// The server ends the writer's connections, one after another, before the writer is killed.
func TestKillAfterTerminatedBackends(t *testing.T) {
	h := kills(4, 30, 1000)
	if !killed() {
		l := newLab(t)
		place, schema := l.place(t)
		h.Place = place
		h.Stop = func() error {
			for range 5 {
				_, err := l.admin.Exec(t.Context(), "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and query like '%' || $1 || '%'", schema+".")
				if err != nil {
					return err
				}
				time.Sleep(7 * time.Millisecond)
			}
			return nil
		}
	}
	storetest.Kill(t, h)
}

// cluster starts a server that a test may kill, or whose files it reads, and returns a
// place in it.
func cluster(t *testing.T) (place string) {
	t.Helper()
	server(t) // or skip
	out, err := exec.CommandContext(t.Context(), "./postgres.sh", "start").Output()
	if err != nil {
		t.Fatalf("postgres.sh start: %v", err)
	}
	quoted := strings.Split(string(out), "'")
	if len(quoted) != 5 {
		t.Fatalf("postgres.sh start prints %q", out)
	}
	dir := quoted[3][strings.LastIndexByte(quoted[3], ' ')+1:]
	t.Cleanup(func() {
		if out, err := exec.Command("./postgres.sh", "stop", dir).CombinedOutput(); err != nil {
			t.Errorf("postgres.sh stop: %v %s", err, out)
		}
	})
	return quoted[1] + "\ntabi\n" + dir
}

func folderOf(place string) string { return strings.Split(place, "\n")[2] }

// killServer ends the server of a place at once, with no clean end, and starts it again.
func killServer(place string) error {
	for _, what := range []string{"kill", "start"} {
		if err := exec.Command("./postgres.sh", "ctl", folderOf(place), what).Run(); err != nil {
			return err
		}
	}
	return nil
}

// filesOf opens all files of a place's server, but for the log of its writes, which every
// receipt names as out of reach.
func filesOf(place string) (list []io.ReadCloser, err error) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, strings.Split(place, "\n")[0])
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "checkpoint"); err != nil {
		return nil, err
	}
	err = filepath.WalkDir(filepath.Join(folderOf(place), "data"), func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && d.Name() == "pg_wal" {
			return fs.SkipDir
		}
		if err == nil && d.Type().IsRegular() {
			var f *os.File
			if f, err = os.Open(path); err == nil {
				list = append(list, f)
			}
		}
		if errors.Is(err, fs.ErrNotExist) { // removed meanwhile
			err = nil
		}
		return err
	})
	return list, err
}

// openSteps is openPlace over connections that count what passes.
func openSteps(ctx context.Context, place string, step func()) (storage.Store, error) {
	parts := strings.Split(place, "\n")
	cfg, err := pgxpool.ParseConfig(parts[0])
	if err != nil {
		return nil, err
	}
	w := &wire{step: step}
	cfg.ConnConfig.DialFunc = w.dial
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return pgstore.New(ctx, pool, &pgstore.Options{Schema: parts[1], Reclaim: pgstore.Full})
}

// In a cluster of the test's own: the server is killed under the writer, and erasures are
// killed before and after each message, once the process that erases, with the server
// going on with what it has, and once both.
func TestKillsInACluster(t *testing.T) {
	place := os.Getenv("TABI_STORETEST_KILL")
	if !killed() {
		place = cluster(t)
	}
	stop := func() error { return killServer(place) }
	t.Run("server", func(t *testing.T) {
		h := kills(1, 5, 100)
		h.Place, h.Stop = place, stop
		storetest.Kill(t, h)
	})
	erasures := func(h storetest.KillHarness, schema string) func(t *testing.T) {
		return func(t *testing.T) {
			h.Place = strings.Replace(place, "\ntabi\n", schema, 1)
			h.Steps, h.Bytes = openSteps, filesOf
			storetest.KillErasures(t, h)
		}
	}
	t.Run("erasing process", erasures(kills(8, 60, 1000), "\nclients\n"))
	h := kills(2, 5, 200)
	h.Stop = stop
	t.Run("erasing process and server", erasures(h, "\nservers\n"))
	t.Run("weak durability", func(t *testing.T) { weakDurability(t, place) })
}

// C1: what a server does to be faster and less durable is refused, or set right for each
// transaction on whichever connection it runs.
func weakDurability(t *testing.T, place string) {
	ctx := t.Context()
	dsn := strings.Split(place, "\n")[0]
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	run := func(sql string) {
		t.Helper()
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	run("alter database postgres set synchronous_commit = off")
	s, err := pgstore.Open(ctx, dsn, &pgstore.Options{Schema: "weak"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	run(`create function sure() returns trigger language plpgsql as $$ begin
  if current_setting('synchronous_commit') <> 'on' then raise exception 'not sure'; end if; return null; end $$;
create trigger sure after insert or delete on weak.fact for each statement execute function sure()`)
	var wg sync.WaitGroup
	for n := range 20 {
		wg.Go(func() {
			if _, err := s.Append(ctx, []storage.Fact{view(n)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if rec, err := s.Erase(ctx, storage.Erasure{ID: "e", At: start, Remove: []storage.Query{{Keys: []storage.Key{view(1).Key()}}}}); err != nil || !rec.Done {
		t.Error(rec, err)
	}
	run("alter system set fsync = off")
	run("select pg_reload_conf()")
	for try := 0; try < 500; try++ { // the server reads it when it comes to it
		var now string
		if err := conn.QueryRow(ctx, "show fsync").Scan(&now); err != nil {
			t.Fatal(err)
		}
		if now == "off" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if other, err := pgstore.Open(ctx, dsn, &pgstore.Options{Schema: "weak"}); err == nil {
		other.Close()
		t.Error("a server that does not sync is taken")
	}
	other, err := pgstore.Open(ctx, dsn, &pgstore.Options{Unsafe: true, Schema: "weak"})
	if err != nil {
		t.Fatal(err)
	}
	other.Close()
}
