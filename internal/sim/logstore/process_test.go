package logstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tabi-go/tabi/internal/sim/crashfs"
	"github.com/tabi-go/tabi/internal/sim/logstore"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// folder returns a new folder, in memory where there is such a place: no kill needs the
// syncs of a disk, which would take most of the time.
func folder(t *testing.T) string {
	t.Helper()
	parent := t.TempDir()
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		parent = "/dev/shm"
	}
	dir, err := os.MkdirTemp(parent, "logstore")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// TestKill is storetest's: a child is killed at any moment, and leaves half of the time
// some bytes behind the end of the log as well.
func TestKill(t *testing.T) {
	h := storetest.KillHarness{
		Open: func(_ context.Context, place string) (storage.Store, error) {
			return logstore.Open(crashfs.OS{}, place, nil)
		},
		Damage: func(place string, g *rand.Rand) error {
			f, err := os.OpenFile(filepath.Join(place, "log"), os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				return err
			}
			rest := make([]byte, g.IntN(5000))
			for i := range rest {
				rest[i] = byte(g.Uint32())
			}
			_, err = f.Write(rest)
			return errors.Join(err, f.Close())
		},
	}
	if os.Getenv("TABI_STORETEST_KILL") == "" { // the parent
		h.Place = folder(t)
		if h.Kills = 8; testing.Short() {
			h.Kills = 4
		}
		if os.Getenv("TABI_LONG") == "1" {
			h.Kills = 100
		}
	}
	storetest.Kill(t, h)
}

func TestASecondProcessIsRefusedAtOnce(t *testing.T) {
	dir := folder(t)
	s, err := logstore.Open(crashfs.OS{}, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	out, err := process(t.Context(), dir, 0, 100, false).CombinedOutput()
	if err == nil || !strings.Contains(string(out), storage.ErrLocked.Error()) {
		t.Errorf("%v: %s", err, out)
	}
	if names, err := filepath.Glob(dir + "/*"); err != nil || len(names) != 3 {
		t.Error(names, err)
	}
}

// Four processes write one store in turn: whoever finds it locked comes again.
const (
	processes = 4
	childEnv  = "TABI_LOGSTORE_CHILD"
)

// share is what process p records: each twenty touches of a hundred are the next one's too.
func share(p, each int) []storage.Fact {
	var facts []storage.Fact
	for n := range each {
		if n%100 < 80 {
			facts = append(facts, touch(p*each+n))
		} else {
			facts = append(facts, touch((p+1)%processes*each+n-80))
		}
	}
	return facts
}

// TestSeveralProcessesWriteInTurn has four processes record overlapping shares, killed at random, and
// wants the exact union.
func TestSeveralProcessesWriteInTurn(t *testing.T) {
	if job := os.Getenv(childEnv); job != "" {
		var dir string
		var p, each int
		var patient bool
		if _, err := fmt.Sscan(job, &p, &each, &patient, &dir); err != nil {
			t.Fatal(err)
		}
		if err := work(t.Context(), dir, share(p, each), patient); err != nil {
			fmt.Println(err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	each := 2000
	if testing.Short() {
		each = 500
	}
	if os.Getenv("TABI_LONG") == "1" {
		each = 50_000
	}
	dir := folder(t)
	var wg sync.WaitGroup
	var kills sync.Map
	for p := range processes {
		wg.Go(func() {
			g := rand.New(rand.NewPCG(1, uint64(p)))
			for try := 1; ; try++ {
				ctx, cancel := t.Context(), context.CancelFunc(func() {})
				if try%4 != 0 { // the fourth is left alone, so that all of it ends
					ctx, cancel = context.WithTimeout(ctx, time.Duration(5+g.IntN(40+each/50))*time.Millisecond)
				}
				out, err := process(ctx, dir, p, each, true).CombinedOutput()
				killed := ctx.Err() != nil && t.Context().Err() == nil
				cancel()
				if err == nil {
					return
				}
				if kills.Store(try*processes+p, killed); !killed {
					t.Errorf("process %d: %v\n%s", p, err, out)
					return
				}
			}
		})
	}
	wg.Wait()
	s, err := logstore.Open(crashfs.OS{}, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mem := memstore.New(nil)
	for p := range processes {
		if err := offer(t.Context(), mem, share(p, each)); err != nil {
			t.Fatal(err)
		}
	}
	if digest(t, s) != digest(t, mem) {
		t.Error("another digest than that of a store fed in one go")
	}
	n := 0
	kills.Range(func(any, any) bool { n++; return true })
	t.Logf("%d facts, %d kills", count(t, s), n)
}

func process(ctx context.Context, dir string, p, each int, patient bool) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestSeveralProcessesWriteInTurn$", "-test.count=1")
	cmd.Env = append(os.Environ(), childEnv+"="+strings.Join([]string{strconv.Itoa(p), strconv.Itoa(each), strconv.FormatBool(patient), dir}, " "))
	return cmd
}

// work records facts, some batches each time it has the store.
func work(ctx context.Context, dir string, facts []storage.Fact, patient bool) error {
	for len(facts) > 0 {
		s, err := logstore.Open(crashfs.OS{}, dir, nil)
		if patient && errors.Is(err, storage.ErrLocked) {
			time.Sleep(time.Millisecond)
			continue
		} else if err != nil {
			return err
		}
		n := min(500+len(facts)/5, len(facts))
		err = offer(ctx, s, facts[:n])
		facts = facts[n:]
		if err = errors.Join(err, s.Close()); err != nil {
			return err
		}
	}
	return nil
}

// offer appends facts in batches; each must be accepted or known.
func offer(ctx context.Context, s storage.Store, facts []storage.Fact) error {
	for len(facts) > 0 {
		n := min(100, len(facts))
		outs, err := s.Append(ctx, facts[:n])
		if err != nil {
			return err
		}
		if got := touchpoint.Count(outs); got[touchpoint.Accepted]+got[touchpoint.Duplicate] != n {
			return fmt.Errorf("outcomes %v", got)
		}
		facts = facts[n:]
	}
	return nil
}
