package sqlitestore_test

import (
	"bytes"
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

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/sqlitestore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

func long() bool { return os.Getenv("TABI_LONG") == "1" }

func touch(n int) storage.Fact {
	return storage.Fact{Touch: &touchpoint.Touch{
		ID: fmt.Sprint("t", n), Source: "web", At: time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC), Kind: touchpoint.KindPageview,
		IDs: []identity.ID{identity.MakeID(identity.UserID, fmt.Sprint("u", n%50)), identity.MakeID(identity.AnonymousID, fmt.Sprint("a", n%90))},
	}}
}

func touches(from, to int) []storage.Fact {
	var facts []storage.Fact
	for n := from; n < to; n++ {
		facts = append(facts, touch(n))
	}
	return facts
}

func open(t testing.TB, path string, o *sqlitestore.Options) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func add(t testing.TB, s storage.Store, facts ...storage.Fact) {
	t.Helper()
	outs, err := s.Append(t.Context(), facts)
	if got := touchpoint.Count(outs); err != nil || got[touchpoint.Accepted]+got[touchpoint.Duplicate] != len(facts) {
		t.Fatal(got, err)
	}
}

// A hasty store acknowledges what it has in memory only, and then waits to be killed: that
// the kill comes in time must not hang on how fast the disk is.
type hasty struct {
	storage.Store
	calls int
}

func (s *hasty) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	if s.calls++; s.calls > 1 {
		ctx, cancel := context.WithTimeout(ctx, time.Minute) // nobody may be there to kill it
		defer cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	outs := make([]touchpoint.Outcome, len(facts))
	for i, f := range facts {
		outs[i] = touchpoint.Outcome{Status: touchpoint.Accepted, Key: f.Touch.Key()}
	}
	return outs, nil
}

const hastyEnv = "TABI_SQLITESTORE_HASTY"

func TestKillOfAHastyStore(t *testing.T) {
	if os.Getenv(hastyEnv) == "" {
		t.Skip("it fails, and is run by TestKillFindsAHastyStore")
	}
	h := kills(5, 1)
	h.Kills = 1
	inner := h.Open
	h.Open = func(ctx context.Context, dir string) (storage.Store, error) {
		s, err := inner(ctx, dir)
		return &hasty{Store: s}, err
	}
	storetest.Kill(t, h)
}

// Kill −9 loses nothing that the kernel has: the harness must be seen to find a store that
// keeps acknowledged facts in its own memory.
func TestKillFindsAHastyStore(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKillOfAHastyStore$", "-test.count=1")
	cmd.Env = append(os.Environ(), hastyEnv+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("is lost")) {
		t.Fatalf("error %v\n%s", err, out)
	}
}

const walFrame = 24 + 4096

// What was acknowledged while the log was so long is there if the log was torn behind it.
func TestTornLog(t *testing.T) {
	dir := folder(t)
	s := open(t, filepath.Join(dir, "facts.db"), nil)
	type mark struct{ length, facts int }
	var marks []mark
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for n := range 6 {
		add(t, s, touches(20*n, 20*n+20)...)
		marks = append(marks, mark{len(read("facts.db-wal")), 20*n + 20})
	}
	db, wal := read("facts.db"), read("facts.db-wal")
	check := func(what string, at int, torn []byte) {
		t.Helper()
		least := 0
		for _, m := range marks {
			if m.length <= at {
				least = m.facts
			}
		}
		copied := filepath.Join(folder(t), "facts.db")
		if err := errors.Join(os.WriteFile(copied, db, 0o600), os.WriteFile(copied+"-wal", torn, 0o600)); err != nil {
			t.Fatal(err)
		}
		s, err := sqlitestore.Open(copied, &sqlitestore.Options{Readers: 1})
		if err != nil {
			t.Fatalf("%s at %d: %v", what, at, err)
		}
		defer s.Close()
		n, err := storage.Count(t.Context(), s, storage.Query{})
		if err != nil || n < int64(least) || n%20 != 0 {
			t.Fatalf("%s at %d: %d facts of %d, error %v", what, at, n, least, err)
		}
	}
	stride := 211
	if long() {
		stride = 1
	}
	if testing.Short() {
		stride = 1201
	}
	for at := len(wal) - 2*walFrame; at <= len(wal); at += stride {
		check("cut", at, wal[:at])
	}
	for at := len(wal) - walFrame; at < len(wal); at += stride {
		torn := bytes.Clone(wal)
		torn[at] ^= 0x55
		check("flipped", len(wal)-walFrame, torn)
	}
}

const (
	processEnv = "TABI_SQLITESTORE_PROCESS" // number of the process and first batch
	processes  = 4
)

// share returns the facts of a process, a fifth of them the next one's too.
func share(p, each int) []storage.Fact {
	from := p * each * 4 / 5
	return touches(from, from+each)
}

func TestProcesses(t *testing.T) {
	each := 1500
	if long() {
		each = 50_000
	}
	if testing.Short() {
		each = 200
	}
	if env := os.Getenv(processEnv); env != "" {
		var p, batch int
		var path string
		if _, err := fmt.Sscanf(env, "%d %d %s", &p, &batch, &path); err != nil {
			t.Fatal(err)
		}
		s := open(t, path, nil)
		facts := share(p, each)
		for ; 100*batch < len(facts); batch++ {
			add(t, s, facts[100*batch:min(len(facts), 100*batch+100)]...)
			fmt.Printf("\nacked %d\n", batch)
		}
		return
	}
	path := filepath.Join(folder(t), "facts.db")
	var wg sync.WaitGroup
	for p := range processes {
		wg.Go(func() {
			g := rand.New(rand.NewPCG(uint64(p), 5))
			next := 0
			for runs := 0; ; runs++ {
				ctx, cancel := context.WithCancel(t.Context())
				cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestProcesses$", "-test.count=1", fmt.Sprint("-test.short=", testing.Short()))
				cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d %s", processEnv, p, next, path))
				if runs < 3 {
					time.AfterFunc(time.Duration(g.IntN(400))*time.Millisecond, cancel)
				}
				out, err := cmd.Output()
				cancel()
				for line := range strings.Lines(string(out)) {
					if n, found := strings.CutPrefix(strings.TrimSpace(line), "acked "); found {
						if k, err := strconv.Atoi(n); err == nil {
							next = k + 1
						}
					}
				}
				if err == nil {
					return
				}
				if ctx.Err() == nil || t.Context().Err() != nil {
					t.Errorf("process %d: %v\n%s", p, err, out)
					return
				}
			}
		})
	}
	wg.Wait()
	s := open(t, path, nil)
	if err := storage.Verify(t.Context(), s); err != nil {
		t.Error(err)
	}
	mem := memstore.New(nil)
	for p := range processes {
		for facts := share(p, each); len(facts) > 0; {
			n := min(len(facts), storage.MaxBatch)
			add(t, mem, facts[:n]...)
			facts = facts[n:]
		}
	}
	a, err := storage.Digest(t.Context(), s)
	b, err2 := storage.Digest(t.Context(), mem)
	if err != nil || err2 != nil || a != b {
		t.Error("another digest than that of a store fed in one go", err, err2)
	}
}
