// Package storetest is the conformance suite that every store of facts must pass.
//
// A store's tests call [Run] with a [Harness] that opens fresh stores:
//
//	func TestConformance(t *testing.T) {
//		storetest.Run(t, storetest.Harness{
//			Open: func(context.Context) (storage.Store, error) { return memstore.New(nil), nil },
//		})
//	}
//
// [Check] does the same without package testing and returns what is wrong as an error,
// which is how the suite itself is tested on stores that are broken on purpose. [Faulty]
// wraps any store and makes it fail, for tests of what is built on top. [Kill] kills a
// process that writes a durable store, again and again, and looks for what was lost.
//
// A rule has a name, such as S3/append/duplicate-same-content, and a sentence of why; both
// are printed when it fails. S1 to S15 are the promises of storage, C1 to C9 those of its
// consistency. A rule that needs what the harness or the store lacks is skipped and says so.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tabi-go/tabi/storage"
)

// A Harness is how the suite reaches the stores under test. Open alone is required.
type Harness struct {
	// Open returns a store that is new and empty. The suite closes it.
	Open func(ctx context.Context) (storage.Store, error)
	// Reopen closes s and opens the same data again; nil: the store is not durable.
	Reopen func(ctx context.Context, s storage.Store) (storage.Store, error)
	// Second returns another handle of the same data, as another process would have it; nil:
	// there is none.
	Second func(ctx context.Context, s storage.Store) (storage.Store, error)
	// Fault makes the store fail until undo; ErrUnsupported skips the rule; nil: no faults.
	Fault func(s storage.Store, f Fault) (undo func() error, err error)
	// Bytes returns everything that the store has written, for the search for erased values;
	// nil: it cannot be told.
	Bytes func(s storage.Store) ([]io.ReadCloser, error)

	Seeds int // random histories; 0 = 10, with TABI_LONG=1 100, or $TABI_SEEDS
	Ops   int // operations of each; 0 = 200, with TABI_LONG=1 or TABI_SEEDS 2,000

	patience time.Duration // how long a call may take before it counts as stuck; 0 = a minute
	brief    bool          // the rules of one goroutine take a part of their steps
}

func (h Harness) seeds() int {
	n, _ := strconv.Atoi(os.Getenv("TABI_SEEDS"))
	if n <= 0 {
		if n = 10; os.Getenv("TABI_LONG") == "1" {
			n = 100
		}
	}
	return orDefault(h.Seeds, n)
}

func (h Harness) ops() int {
	if os.Getenv("TABI_LONG") == "1" || os.Getenv("TABI_SEEDS") != "" {
		return orDefault(h.Ops, 2000)
	}
	return orDefault(h.Ops, 200)
}

func orDefault(n, def int) int {
	if n == 0 {
		return def
	}
	return n
}

// A Fault is something that goes wrong under a store.
type Fault uint8

// The faults that a [Harness] may make.
const (
	BeforeCommit          Fault = iota + 1 // the next commit fails before it is sent
	LostCommitReply                        // the next commit happens and its answer is lost: a failed sync, a cut connection
	CutConnection                          // every connection is cut
	DiskFull                               // there is no space
	ReadOnly                               // nothing can be written
	HoldTransaction                        // another writer has written a fact and not committed; undo commits it
	UnreadableSuppression                  // the suppression list cannot be read
	FlipByte                               // a byte of a stored body is damaged
	SlowRead                               // reads take a while
)

// A Failure is a rule that a store breaks.
type Failure struct {
	Rule   string // such as S3/append/duplicate-same-content
	Why    string // what the rule is good for
	Where  string // position in the rule: a seed, a case
	Detail string // what was seen
}

// Error tells all of it.
func (f *Failure) Error() string {
	where := ""
	if f.Where != "" {
		where = " (" + f.Where + ")"
	}
	return f.Rule + where + ": " + f.Detail + "\n\t" + f.Why
}

// A rule is one thing that a store must do.
type rule struct {
	name  string // promise/group/case
	why   string
	check func(r *run)
}

// rules are all rules, in the order in which they run.
func rules() []rule {
	var all []rule
	for _, group := range [][]rule{appendRules(), valueRules(), orderRules(), queryRules(), iterateRules(), tieRules(), changeRules(), eraseRules(), reopenRules(), concurrencyRules(), faultRules(), summaryRules(), restRules(), historyRules()} {
		all = append(all, group...)
	}
	return all
}

// thousands are the rules of one goroutine that need thousands of facts.
var thousands = []string{
	"S1/append/ten-thousand", "S10/reopen/many-facts", "S11/erase/cancelled-at-every-step", "S11/erase/many-facts",
	"S11/erase/redact-many", "S11/reopen/interrupted-erasure", "S12/fault/every-call-cancelled-in-load",
	"S12/fault/every-call-cut-in-load", "S12/fault/every-call-lost-in-load", "S12/fault/every-call-panicking-in-load",
	"S12/fault/every-call-refused-in-load", "S4/erase/key-being-erased", "S7/query/ten-thousand-values",
}

// Check runs every rule and returns all failures joined, each a [*Failure], or nil.
func Check(ctx context.Context, h Harness) error {
	return check(ctx, h, func(rule) bool { return true })
}

func check(ctx context.Context, h Harness, want func(rule) bool) error {
	var errs []error
	for _, rl := range rules() {
		if want(rl) {
			if fail, _ := rl.run(ctx, h); fail != nil {
				errs = append(errs, fail)
			}
		}
	}
	return errors.Join(errs...)
}

// Run runs every rule as a parallel subtest. With -short, for the race detector, rules of
// one goroutine that repeat themselves hundreds of times take a part of it, and those that
// need thousands of facts are skipped.
func Run(t *testing.T, h Harness) {
	h.brief = testing.Short()
	for _, rl := range rules() {
		t.Run(rl.name, func(t *testing.T) {
			t.Parallel()
			if h.brief && slices.Contains(thousands, rl.name) {
				t.Skip("thousands of facts and one goroutine: not with -short")
			}
			switch fail, skip := rl.run(t.Context(), h); {
			case fail != nil:
				t.Error(fail)
			case skip != "":
				t.Skip("the store has no " + skip)
			}
		})
	}
}

// A run is one rule at work on one store. Its methods end the rule by a panic that run
// recovers, and must be called by the goroutine of the rule.
type run struct {
	ctx    context.Context
	h      Harness
	where  string
	opened []storage.Store

	erasures int // made so far, for their ids
}

type (
	failed  string
	skipped string
)

// run checks the rule; fail is nil where it holds, skip names what is missing.
func (rl rule) run(ctx context.Context, h Harness) (fail *Failure, skip string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &run{ctx: ctx, h: h}
	defer func() {
		switch v := recover().(type) {
		case nil:
		case failed:
			fail = &Failure{rl.name, rl.why, r.where, string(v)}
		case skipped:
			skip = string(v)
		default:
			fail = &Failure{rl.name, rl.why, r.where, fmt.Sprintf("panic of type %T\n%s", v, debug.Stack())}
		}
		for _, s := range r.opened {
			if err := s.Close(); err != nil && fail == nil && skip == "" {
				fail = &Failure{rl.name, rl.why, "Close", err.Error()}
			}
		}
	}()
	rl.check(r)
	return nil, ""
}

func (r *run) failf(format string, args ...any) { panic(failed(fmt.Sprintf(format, args...))) }

func (r *run) skip(missing string) { panic(skipped(missing)) }

// at notes where in the rule it is, for the message.
func (r *run) at(format string, args ...any) { r.where = fmt.Sprintf(format, args...) }

// step is how far a rule that could fail a call at every step goes on: 1, or n in brief.
func (r *run) step(n int) int {
	if r.h.brief {
		return n
	}
	return 1
}

// ok fails if err is not nil.
func (r *run) ok(err error, doing string) {
	if err != nil {
		r.failf("%s: %v", doing, err)
	}
}

// is fails unless err is want.
func (r *run) is(err, want error, doing string) {
	if !errors.Is(err, want) {
		r.failf("%s: error %v, want %v", doing, err, want)
	}
}

// open returns a fresh store, closed at the end of the rule.
func (r *run) open() storage.Store {
	s, err := r.h.Open(r.ctx)
	r.ok(err, "Open")
	r.opened = append(r.opened, s)
	return s
}
