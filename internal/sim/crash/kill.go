package crash

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/tabi-go/tabi/internal/sim/crashfs"
	"github.com/tabi-go/tabi/internal/sim/logstore"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

const (
	eraseEvery = 5     // one kill in so many is of an erasure
	storeFacts = 6_000 // a store is left when it has so many: every kill reads all of them
	eraseSteps = 12    // operations of an erasure, about
)

// Kill lets child processes record batches of about a hundred through a tracker and kills
// each after a random 5 to 105 ms, the child being this program run again. Then it opens
// what is left, compares the facts with what was acknowledged, and the digest with that
// of a store in memory which was told the same; the next child goes on, and offers again
// what was not acknowledged. Every fifth kill is of an erasure, before each of its
// operations in turn, and half of these children are followed by one that is killed while
// it opens the store. Which batch a child has reached depends on the machine; the counters
// do as well.
func Kill(ctx context.Context, o Options) (*Report, error) {
	if _, err := unsafeFS(nil, o.Unsafe); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	parent := o.Dir
	if info, err := os.Stat("/dev/shm"); parent == "" && err == nil && info.IsDir() {
		parent = "/dev/shm" // syncs of a disk would take most of the time, and no kill needs them
	}
	root, err := os.MkdirTemp(parent, "tabi-crash")
	if err != nil {
		return nil, err
	}
	k := &killer{ctx: ctx, o: o, r: o.report("kill"), self: self, root: root, rand: rand.New(rand.NewPCG(o.Seed, 3))}
	defer func() { _ = os.RemoveAll(root) }()
	for k.kill < o.N {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := k.one(); err != nil {
			return nil, fmt.Errorf("crash: kill %d: %w", k.kill, err)
		}
	}
	k.r.Schedules = k.kill
	return k.r, nil
}

// A killer is the parent of the children.
type killer struct {
	ctx  context.Context
	o    Options
	r    *Report
	self string
	root string
	rand *rand.Rand
	kill int // so far

	stores  int // so far
	dir     string
	ledger  *ledger
	memory  *memstore.Store // told the same
	tracker *journey.Tracker
	next    int // number of the first touch that is not in the store
	erased  int // users erased so far, in this store
}

// fresh begins a store.
func (k *killer) fresh() (err error) {
	if k.dir != "" {
		if err := os.RemoveAll(k.dir); err != nil {
			return err
		}
	}
	k.stores++
	k.dir = filepath.Join(k.root, fmt.Sprint("store", k.stores))
	k.ledger, k.memory, k.next, k.erased = newLedger(), memstore.New(nil), 0, 0
	k.tracker, err = journey.NewTracker(k.memory, quiet())
	return err
}

// one lets a child work, kills it and looks at the store.
func (k *killer) one() error {
	if k.dir == "" || k.next > storeFacts || k.erased == users {
		if err := k.fresh(); err != nil {
			return err
		}
	}
	var err error
	if k.kill%eraseEvery == eraseEvery-1 {
		err = k.killErasure()
	} else {
		err = k.killWriter()
	}
	if err != nil {
		return err
	}
	f, err := k.look()
	if err == nil && f != nil {
		k.r.fail(k.o.Seed, k.kill, f)
		k.dir, err = "", os.RemoveAll(k.dir) // nothing more can be learned from this store
	}
	return err
}

// killed counts a kill.
func (k *killer) killed(kind string) {
	k.kill++
	k.r.fault(kind)
	if k.o.Progress != nil {
		k.o.Progress(k.kill, k.o.N)
	}
}

// killWriter kills a child that records.
func (k *killer) killWriter() error {
	o := order{Dir: k.dir, Seed: k.o.Seed, Unsafe: k.o.Unsafe, Next: k.next, Users: k.erased}
	k.ledger.flight = killBatch(o.Seed, k.next, k.erased).fresh
	after := time.Duration(5+k.rand.IntN(101)) * time.Millisecond
	// One in eight is killed so soon after its start that it may still be opening the store.
	begun := k.rand.IntN(8) > 0
	k.killed("kill")
	return k.child(o, begun, after, func(line string) (bool, error) {
		if wrong, ok := strings.CutPrefix(line, wrongLine+" "); ok {
			k.r.fail(k.o.Seed, k.kill, &finding{invariant: "I5", detail: wrong})
			return true, nil
		}
		var next int
		var got touchpoint.Tally
		if _, err := fmt.Sscanf(line, ackLine+" %d %d %d %d %d %d %d", &next, &got[touchpoint.Accepted], &got[touchpoint.Duplicate],
			&got[touchpoint.Conflict], &got[touchpoint.Rejected], &got[touchpoint.Suppressed], &got[touchpoint.Retry]); err != nil {
			return false, nil
		}
		k.r.count(got)
		return false, k.settle(next)
	})
}

// settle notes that the batch under way is durable.
func (k *killer) settle(next int) error {
	b := killBatch(k.o.Seed, k.next, k.erased)
	if next != k.next+batchSize {
		return fmt.Errorf("the child acknowledges up to %d after %d", next, k.next)
	}
	if _, err := k.tracker.Record(k.ctx, b.records...); err != nil {
		return err
	}
	k.ledger.settle()
	k.next = next
	k.ledger.flight = killBatch(k.o.Seed, next, k.erased).fresh
	return nil
}

// killErasure kills a child that erases a user, and perhaps the one that opens then.
func (k *killer) killErasure() error {
	user := k.erased
	k.erased++
	k.ledger.flight, k.ledger.going = nil, make(map[int]bool)
	for n := range k.ledger.acked {
		if n%users == user {
			k.ledger.going[n] = true
		}
	}
	step := k.kill / eraseEvery
	o := order{Dir: k.dir, Seed: k.o.Seed, Unsafe: k.o.Unsafe, Erase: user + 1, DieAt: 1 + step%eraseSteps}
	acked := false
	k.killed("kill in an erasure")
	err := k.child(o, true, time.Second, func(line string) (bool, error) {
		acked = acked || strings.HasPrefix(line, eraseLine)
		return acked, nil
	})
	k.r.Ops++
	if acked && err == nil {
		if _, err = k.memory.Erase(k.ctx, erasure(o.Erase, user)); err == nil {
			k.ledger.erased()
		}
	}
	if err == nil && step%2 == 1 && k.kill < k.o.N {
		o.InOpen, o.DieAt = true, 1+step/2%eraseSteps
		k.killed("kill in an open")
		err = k.child(o, true, time.Second, func(line string) (bool, error) { return line == openLine, nil })
		if err == nil && !acked {
			return nil // what the open left of the erasure is looked at now
		}
	}
	return err
}

// child runs a child and kills it: so long after it has opened its store (begun) or was
// started, or when a line makes it so. A child that ends by itself, but for its own kill,
// is an error.
func (k *killer) child(o order, begun bool, after time.Duration, line func(string) (stop bool, err error)) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(k.ctx, k.self)
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	var diag bytes.Buffer
	cmd.Stderr = &diag
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if _, err := cmd.StdinPipe(); err != nil { // kept open: the child waits on it
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	kill := func() { _ = cmd.Process.Kill() }
	timer := time.AfterFunc(time.Minute, kill) // of a child that hangs
	if !begun {
		timer.Reset(after)
	}
	var failed error
	for in := bufio.NewScanner(out); in.Scan(); {
		if in.Text() == openLine && begun {
			timer.Reset(after)
		}
		stop, err := line(in.Text())
		if failed = errors.Join(failed, err); stop || err != nil {
			kill()
		}
	}
	timer.Stop()
	kill()
	_ = cmd.Wait()
	if diag.Len() > 0 {
		failed = errors.Join(failed, fmt.Errorf("%s", bytes.TrimSpace(diag.Bytes())))
	}
	return failed
}

// look opens the store after a kill and compares it with the ledger and with the store in
// memory.
func (k *killer) look() (*finding, error) {
	fsys := crashfs.OS{}
	s, err := logstore.Open(fsys, k.dir, nil)
	if err != nil {
		return &finding{lost: len(k.ledger.acked), invariant: "I1", detail: "open: " + err.Error()}, nil
	}
	defer s.Close()
	// That each fact is what was offered, the digest tells.
	v, f := k.ledger.read(k.ctx, s, func(int, touchpoint.Touch) bool { return true })
	if f != nil {
		return f, nil
	}
	if v.going {
		if _, err := k.memory.Erase(k.ctx, erasure(k.erased, k.erased-1)); err != nil {
			return nil, err
		}
		k.ledger.erased()
	}
	k.ledger.going = nil
	if v.flight {
		if err := k.settle(k.next + batchSize); err != nil {
			return nil, err
		}
	}
	data := make(map[string][]byte)
	names, err := os.ReadDir(k.dir)
	for _, e := range names {
		if err == nil {
			data[e.Name()], err = os.ReadFile(filepath.Join(k.dir, e.Name()))
		}
	}
	if err != nil {
		return nil, err
	}
	if f := k.ledger.shown(data); f != nil {
		return f, nil
	}
	return k.digest(s)
}

// digest compares the store with the one in memory.
func (k *killer) digest(s storage.Store) (*finding, error) {
	got, err := storage.Digest(k.ctx, s)
	if err != nil {
		return nil, err
	}
	want, err := storage.Digest(k.ctx, k.memory)
	if err != nil {
		return nil, err
	}
	if got != want {
		return &finding{invariant: "I23", detail: "another digest than a store in memory"}, nil
	}
	return nil, nil
}
