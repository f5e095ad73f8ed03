package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A KillHarness is how [Kill] and [KillErasures] reach a durable store. Open is required,
// for KillErasures also Steps.
type KillHarness struct {
	// Open opens the store at a place, or makes it. The child process calls it too.
	Open func(ctx context.Context, place string) (storage.Store, error)
	// Place is a new folder if empty; else what Open is given, such as a DSN.
	Place string
	// Damage may do to the files at a place what a killed process may leave behind, such as
	// random bytes at the end of a log; nil: nothing. It is called after half of the kills.
	Damage func(place string, g *rand.Rand) error
	// Stop comes once before the child process is killed with signal 9; nil: nothing. It may
	// cut the connections of a server, or end the server at once and start it again.
	Stop func() error
	// Steps opens the store as Open does, and makes it call step before and after each thing
	// that it sends to a disk or a server: what a kill may come between. Statements of one
	// transaction may share a step.
	Steps func(ctx context.Context, place string, step func()) (storage.Store, error)
	// Bytes returns everything that is written at a place, for the search for erased values;
	// nil: it cannot be told.
	Bytes func(place string) ([]io.ReadCloser, error)

	Kills int // 0 = 20; with TABI_LONG=1 1,000
	Batch int // facts an Append of Kill; 0 = 100
}

// The child writes batches numbered from the first free one on. After each it says so on
// a line of its standard output; every tenth batch it erases the person of an earlier one.
const (
	killEnv  = "TABI_STORETEST_KILL"
	ackLine  = "storetest-ack "
	goneLine = "storetest-gone "
)

// Kill writes a store from a child process, which is the test binary run again for this
// test alone, kills it after 5 to 105 ms, opens the store, and looks for what was
// acknowledged: every fact once, no half batch, no erased fact, and a store that
// [storage.Verify] finds sound. Call it first in a test of its own.
func Kill(t *testing.T, h KillHarness) {
	if place := os.Getenv(killEnv); place != "" {
		err := h.child(t.Context(), place)
		fmt.Fprintln(os.Stderr, "storetest: the child ended:", err)
		os.Exit(3)
	}
	if h.Place == "" {
		h.Place = t.TempDir()
	}
	if h.Kills == 0 {
		if h.Kills = 20; os.Getenv("TABI_LONG") == "1" {
			h.Kills = 1000
		}
	}
	if err := h.parent(t.Context(), t.Name(), t.Logf); err != nil {
		t.Fatal(err)
	}
}

func (h KillHarness) batch() int { return orDefault(h.Batch, 100) }

// batchFacts are the facts of batch n: touches of one person.
func (h KillHarness) batchFacts(n int) []storage.Fact {
	facts := make([]storage.Fact, h.batch())
	for i := range facts {
		facts[i] = touch(n*h.batch()+i, user(n))
	}
	return facts
}

func (h KillHarness) child(ctx context.Context, place string) error {
	s, err := h.Open(ctx, place)
	if err != nil {
		return err
	}
	next, err := strconv.Atoi(os.Getenv(killEnv + "_NEXT"))
	for n := next; err == nil; n++ {
		var outs []touchpoint.Outcome
		if outs, err = s.Append(ctx, h.batchFacts(n)); err != nil {
			break
		}
		if got := touchpoint.Count(outs); got[accepted]+got[duplicate] != len(outs) {
			return fmt.Errorf("batch %d: %v", n, got)
		}
		fmt.Printf("\n%s%d\n", ackLine, n)
		if gone := n - 5; n%10 == 9 {
			if _, err = s.Erase(ctx, storage.Erasure{ID: fmt.Sprint("kill-", gone), At: erasedAt, Remove: []storage.Query{{IDs: []identity.ID{user(gone)}}}}); err == nil {
				fmt.Printf("\n%s%d\n", goneLine, gone)
			}
		}
	}
	return err
}

// A killState is what the parent knows of batches.
type killState struct {
	acked, gone map[int]bool
	cleared     int // batches below are removed
}

// clearEvery is after how many kills everything is removed: each look reads all there is.
const clearEvery = 25

func (h KillHarness) parent(ctx context.Context, test string, logf func(string, ...any)) error {
	g := rand.New(rand.NewPCG(uint64(h.Kills), 3))
	st := killState{acked: make(map[int]bool), gone: make(map[int]bool)}
	next := 0
	for k := range h.Kills {
		last, err := h.run(ctx, test, next, time.Duration(5+g.IntN(100))*time.Millisecond, st)
		if err != nil {
			return fmt.Errorf("kill %d: %w", k, err)
		}
		if h.Damage != nil && k%2 == 1 {
			if err := h.Damage(h.Place, g); err != nil {
				return fmt.Errorf("kill %d: damage: %w", k, err)
			}
		}
		if next, err = h.look(ctx, last, st); err == nil && k%clearEvery == clearEvery-1 {
			err, st.cleared = h.clear(ctx, k), next
		}
		if err != nil {
			return fmt.Errorf("kill %d: %w", k, err)
		}
	}
	logf("%d kills, %d facts acknowledged", h.Kills, len(st.acked)*h.batch())
	if len(st.acked) == 0 {
		return errors.New("nothing was acknowledged: the child is killed before it can write")
	}
	return nil
}

// run lets a child write until it is killed, and returns the last batch it may have begun.
func (h KillHarness) run(ctx context.Context, test string, next int, after time.Duration, st killState) (last int, err error) {
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+strings.ReplaceAll(test, "/", "$/^")+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), killEnv+"="+h.Place, killEnv+"_NEXT="+strconv.Itoa(next))
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	stop := sync.OnceFunc(func() {
		if h.Stop != nil {
			_ = h.Stop()
		}
		_ = cmd.Process.Kill()
	})
	var timer *time.Timer
	last = next
	for in := bufio.NewScanner(out); in.Scan(); {
		if timer == nil { // the child has begun
			timer = time.AfterFunc(after, stop)
		}
		var n int
		if _, err := fmt.Sscanf(in.Text(), ackLine+"%d", &n); err == nil {
			st.acked[n] = true
			last = n + 1
		} else if _, err := fmt.Sscanf(in.Text(), goneLine+"%d", &n); err == nil {
			st.gone[n] = true
		}
	}
	if timer != nil {
		timer.Stop()
	}
	stop()
	_ = cmd.Wait()
	if timer == nil {
		return 0, fmt.Errorf("the child wrote nothing: %s", errs.String())
	}
	return last, nil
}

// clear removes all batches.
func (h KillHarness) clear(ctx context.Context, k int) error {
	s, err := h.Open(ctx, h.Place)
	if err != nil {
		return err
	}
	_, err = s.Erase(ctx, storage.Erasure{ID: fmt.Sprint("clear-", k), At: erasedAt, Remove: []storage.Query{{Classes: []storage.Class{storage.ClassTouch}}}})
	return errors.Join(err, s.Close())
}

// erasuresOf returns the batches whose erasure is on record.
func erasuresOf(ctx context.Context, s storage.Store) (map[int]bool, error) {
	erased := make(map[int]bool)
	for f, err := range s.Scan(ctx, storage.Query{Classes: []storage.Class{storage.ClassErasure}}) {
		if err != nil {
			return nil, err
		}
		var n int
		if _, err := fmt.Sscanf(f.Erasure.ID, "kill-%d", &n); err == nil {
			erased[n] = true
		}
	}
	return erased, nil
}

// look opens the store after a kill and compares it with what was acknowledged.
func (h KillHarness) look(ctx context.Context, last int, st killState) (next int, err error) {
	s, err := h.Open(ctx, h.Place)
	if err != nil {
		return 0, fmt.Errorf("open: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := storage.Verify(ctx, s); err != nil {
		return 0, fmt.Errorf("verify: %w", err)
	}
	// A server may still be at what the child had sent: an erasure may commit between scans.
	before, err := erasuresOf(ctx, s)
	if err != nil {
		return 0, err
	}
	there := make(map[int]int)
	for f, err := range s.Scan(ctx, storage.Query{Classes: []storage.Class{storage.ClassTouch}}) {
		if err != nil {
			return 0, err
		}
		var n int
		if _, err := fmt.Sscanf(f.Touch.ID, "t%d", &n); err != nil || differ(f, touch(n, user(n/h.batch()))) != "" {
			return 0, errors.New("a fact that was never written")
		}
		there[n/h.batch()]++
	}
	erased, err := erasuresOf(ctx, s)
	if err != nil {
		return 0, err
	}
	for n := range last + 1 {
		switch count := there[n]; {
		case st.gone[n] && !erased[n]:
			return 0, fmt.Errorf("an acknowledged erasure is lost: batch %d", n)
		case before[n] && count > 0:
			return 0, fmt.Errorf("batch %d was erased, and %d facts of it are there", n, count)
		case count > 0 && count < h.batch():
			return 0, fmt.Errorf("half a batch: %d facts of batch %d", count, n)
		case n < st.cleared && count > 0 && st.acked[n]:
			return 0, fmt.Errorf("batch %d was removed with all others, and is back", n)
		case st.acked[n] && count == 0 && !erased[n] && n >= st.cleared:
			return 0, fmt.Errorf("batch %d was acknowledged, and is lost", n)
		}
		delete(there, n)
	}
	if len(there) > 0 {
		return 0, errors.New("batches that were never begun")
	}
	return last + 1, nil
}
