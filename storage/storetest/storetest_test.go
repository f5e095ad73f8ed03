package storetest_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// plain is a harness of stores without faults.
func plain(open func(*memstore.Store) storage.Store) storetest.Harness {
	return storetest.Harness{
		Open: func(context.Context) (storage.Store, error) { return open(memstore.New(nil)), nil },
	}
}

// broken stores, each wrong in one way, and the rule that must tell.
var broken = []struct {
	name, rule string
	harness    storetest.Harness
}{
	{"last write wins", "S3/append/first-content-stays", plain(func(s *memstore.Store) storage.Store { return &lastWins{Store: s} })},
	{"one bad fact fails its batch", "S1/append/bad-facts-at-every-place", plain(func(s *memstore.Store) storage.Store { return &badFailsAll{s} })},
	{"forgets keys after 1,000", "S3/append/key-for-ever", plain(func(s *memstore.Store) storage.Store { return &forgetful{Store: s} })},
	{"order of identifiers is content", "S1/append/order-of-identifiers-is-no-content", plain(func(s *memstore.Store) storage.Store {
		return &ordered{Store: s, seen: make(map[storage.Key][]identity.ID)}
	})},
	{"trims text", "S5/values/text-blank-after", plain(func(s *memstore.Store) storage.Store { return &rewrites{s, strings.TrimSpace} })},
	{"folds case", "S5/values/text-upper", plain(func(s *memstore.Store) storage.Store { return &rewrites{s, strings.ToLower} })},
	{"equal instants by arrival", "S7/order/by-id-bytes", plain(func(s *memstore.Store) storage.Store { return &byArrival{s} })},
	{"To is inclusive", "S7/query/half-open", plain(func(s *memstore.Store) storage.Store { return &inclusive{s} })},
	{"lock held while yielding", "S7/iterate/scan-append-inside", storetest.Impatient(plain(func(s *memstore.Store) storage.Store { return &locking{Store: s} }))},
	{"a goroutine a stopped loop", "S7/iterate/no-goroutine-left", plain(func(s *memstore.Store) storage.Store { return &leaking{s} })},
	{"error yielded twice", "S7/iterate/scan-error-last-and-once", plain(func(s *memstore.Store) storage.Store { return &badError{s, 2, storage.Fact{}} })},
	{"error with a value", "S7/iterate/scan-error-last-and-once", plain(func(s *memstore.Store) storage.Store {
		return &badError{s, 1, storage.Fact{Touch: &touchpoint.Touch{}}}
	})},
	{"singletons left out", "S7/ties/singletons", plain(func(s *memstore.Store) storage.Store { return &noSingles{s} })},
	{"identity column as cursor", "C6/changes/polled-while-written", plain(func(s *memstore.Store) storage.Store { return &numbered{Store: s} })},
	{"newest number used again after erasure", "C6/changes/erase-the-newest", plain(func(s *memstore.Store) storage.Store {
		return &renumbered{Store: s, seq: make(map[storage.Key]int)}
	})},
	{"only the first identifier erased", "S11/erase/remove-by-all-identifiers", plain(func(s *memstore.Store) storage.Store { return &firstOnly{s} })},
	{"suppression fails open", "S4/erase/fails-closed", blinded()},
	{"set cache survives an erasure", "C9/erase/second-handle-knows", twoHandles()},
	{"suppression looked up before the atomic step", "C9/erase/against-append", plain(func(s *memstore.Store) storage.Store { return &looksFirst{Store: s} })},
	{"persons merged on write", "S9/concurrency/spanning-trees-400-40", plain(func(s *memstore.Store) storage.Store {
		return &merging{Store: s, person: make(map[identity.ID]identity.ID)}
	})},
	{"acks before the commit", "S12/fault/before-commit", failing(func(s storage.Store) storage.Store { return &acksEarly{s} })},
	{"lost reply retried under a new key", "S2/fault/lost-commit-reply", failing(func(s storage.Store) storage.Store { return &retriesAnew{s} })},
	{"summaries survive an erasure", "S11/summary/erasure-removes-rows", plain(func(s *memstore.Store) storage.Store {
		return &keepsRows{Store: s, rows: memstore.New(nil)}
	})},
	{"a put overtaken by an erasure", "S11/summary/overtaken-by-an-erasure", plain(func(s *memstore.Store) storage.Store { return &overtaken{s} })},
	{"summaries of former people stay", "S14/concurrency/spanning-trees-summaries-400-40", plain(func(s *memstore.Store) storage.Store {
		return &piles{Store: s, rows: make(map[[16]byte]storage.Summary)}
	})},
	{"loses one fact in thirty", "S15/history/part-0", short(plain(func(s *memstore.Store) storage.Store { return &leaky{Store: s} }))},
	{"snapshot that moves", "S14/rest/snapshot-holds-still", plain(func(s *memstore.Store) storage.Store { return &moving{s} })},
	{"snapshot that shows later redactions", "C5/rest/snapshot-and-redaction", plain(func(s *memstore.Store) storage.Store { return &moving{s} })},
	{"snapshot that is never closed", "S13/rest/snapshot-closed", plain(func(s *memstore.Store) storage.Store { return &moving{s} })},
	{"loop that ends in silence", "S13/rest/close-in-a-loop", plain(func(s *memstore.Store) storage.Store { return &silent{s} })},
	{"rows that end in silence", "S8/summary/cancelled-in-the-loop", plain(func(s *memstore.Store) storage.Store { return &silent{s} })},
	{"nil context that panics", "S8/rest/context-nil", plain(func(s *memstore.Store) storage.Store { return &trusting{s} })},
	{"done before it is", "S11/erase/cancelled-at-every-step", plain(func(s *memstore.Store) storage.Store { return &hasty{s} })},
	{"a record too large as a failure", "S11/erase/record-over-its-bound", plain(func(s *memstore.Store) storage.Store { return &unclear{s} })},
	{"after the place is all", "S11/erase/remove-after", plain(func(s *memstore.Store) storage.Store { return &unpaged{s} })},
	{"a race has two winners", "S9/concurrency/union-batch-1-overlap-20", bentOutcomes(each(func(o *touchpoint.Outcome) { o.Status = touchpoint.Accepted }))},
	{"an error of what is written", "C4/concurrency/duplicate-is-there", bentOutcomes(failsAfter)},
	{"an error beside a reader", "C5/concurrency/scan-is-one-instant", bentOutcomes(failsAfter)},
	{"an error beside writers", "S9/concurrency/union-batch-1-overlap-0", bentOutcomes(failsAfter)},
	{"an error in an order", "C7/concurrency/real-time-order", bentOutcomes(failsAfter)},
	{"an error beside all methods", "S9/concurrency/every-call", bentOutcomes(failsAfter)},
	{"an error of a handle", "S9/concurrency/two-handles", doubled(bentOutcomes(failsAfter))},
	{"a scan that fails beside a writer", "C5/concurrency/scan-is-one-instant", plain(func(s *memstore.Store) storage.Store {
		return &distorted{Store: s, tail: errTail}
	})},
	{"a replay is new", "S3/append/duplicate-same-content", bentOutcomes(each(func(o *touchpoint.Outcome) { o.Status = touchpoint.Accepted }))},
	{"a fact twice in a scan", "C5/iterate/no-fact-twice", plain(func(s *memstore.Store) storage.Store {
		return &distorted{Store: s, fact: func(f storage.Fact) []storage.Fact { return []storage.Fact{f, f} }}
	})},
	{"a fact lost in a scan", "C5/iterate/no-fact-twice", plain(func(s *memstore.Store) storage.Store {
		return &distorted{Store: s, fact: func(f storage.Fact) []storage.Fact {
			return []storage.Fact{f}[:min(1, len(f.Key().ID)-2)] // not t0 to t9
		}}
	})},
	{"a snapshot that keeps what was erased", "S11/rest/snapshot-obeys-erasures", plain(func(s *memstore.Store) storage.Store { return &hoarder{s} })},
	{"a lag below nothing", "S14/rest/lag", plain(func(s *memstore.Store) storage.Store { return &ahead{s} })},
	{"an error in a tree", "S9/concurrency/spanning-trees-60-1", bentOutcomes(failsAfter)},
	{"a cursor before the first put", "S14/summary/compare-and-swap", plain(func(s *memstore.Store) storage.Store { return &begun{s} })},
	{"a cut that has no name", "S12/fault/cut-connection", cut()},
	{"erased facts stay until all is done", "S11/erase/cancelled-at-every-step", plain(func(s *memstore.Store) storage.Store { return &lingering{Store: s} })},
	{"a key being erased is refused", "S4/erase/key-being-erased", bentOutcomes(func(outs []touchpoint.Outcome, err error) ([]touchpoint.Outcome, error) {
		if touchpoint.Count(outs)[touchpoint.Retry] == 0 {
			return outs, err
		}
		return each(func(o *touchpoint.Outcome) {
			if o.Status == touchpoint.Retry {
				o.Status = touchpoint.Suppressed
			}
		})(outs, nil)
	})},
}

// short makes random histories short, since one that fails is played again and again.
func short(h storetest.Harness) storetest.Harness {
	h.Ops = 60
	return h
}

// bentOutcomes is a store whose answers to Append are wrong in one way.
func bentOutcomes(outs func([]touchpoint.Outcome, error) ([]touchpoint.Outcome, error)) storetest.Harness {
	return plain(func(s *memstore.Store) storage.Store { return &distorted{Store: s, outs: outs} })
}

func failsAfter(outs []touchpoint.Outcome, _ error) ([]touchpoint.Outcome, error) {
	return outs, errTail
}

// doubled gives the same handle twice.
func doubled(h storetest.Harness) storetest.Harness {
	h.Second = func(_ context.Context, s storage.Store) (storage.Store, error) { return s, nil }
	return h
}

// cut tells a cut connection by an error that no caller knows.
func cut() storetest.Harness {
	h := bentOutcomes(nil)
	h.Fault = func(s storage.Store, f storetest.Fault) (func() error, error) {
		if f != storetest.CutConnection {
			return nil, storage.ErrUnsupported
		}
		s.(*distorted).outs = failsAfter
		return func() error { s.(*distorted).outs = nil; return nil }, nil
	}
	return h
}

func blinded() storetest.Harness {
	h := plain(func(s *memstore.Store) storage.Store { return &failsOpen{Store: s} })
	h.Fault = func(s storage.Store, f storetest.Fault) (func() error, error) {
		if f != storetest.UnreadableSuppression {
			return nil, storage.ErrUnsupported
		}
		b := s.(*failsOpen)
		b.blind = true
		return func() error { b.blind = false; return nil }, nil
	}
	return h
}

func twoHandles() storetest.Harness {
	h := plain(func(s *memstore.Store) storage.Store { return newCached(s) })
	h.Second = func(_ context.Context, s storage.Store) (storage.Store, error) { return s.(*cached).handle(), nil }
	return h
}

func TestBrokenStoresAreCaughtByTheirRule(t *testing.T) {
	for _, b := range broken {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			err := storetest.CheckOnly(t.Context(), b.harness, b.rule)
			var f *storetest.Failure
			if !errors.As(err, &f) {
				t.Fatalf("%s finds nothing: %v", b.rule, err)
			}
			if f.Rule == "" || f.Why == "" || f.Detail == "" || !strings.Contains(err.Error(), f.Why) {
				t.Errorf("a failure that does not say what is wrong and why: %#v", f)
			}
		})
	}
}

// TestCheck runs all rules, once on a sound store and once on each broken one. It takes
// as long as it sounds.
func TestCheck(t *testing.T) {
	if os.Getenv("TABI_LONG") != "1" {
		t.Skip("set TABI_LONG=1 for all rules on every store")
	}
	if err := storetest.Check(t.Context(), plain(func(s *memstore.Store) storage.Store { return s })); err != nil {
		t.Fatal(err)
	}
	for _, b := range broken {
		t.Run(b.name, func(t *testing.T) {
			if err := storetest.Check(t.Context(), b.harness); err == nil {
				t.Fatal("Check finds nothing")
			}
		})
	}
}

func TestCheckPassesAGoodStore(t *testing.T) {
	for _, group := range []string{"/append/", "/order/", "/changes/", "/rest/"} {
		if err := storetest.CheckOnly(t.Context(), plain(func(s *memstore.Store) storage.Store { return s }), group); err != nil {
			t.Error(err)
		}
	}
}

func TestEveryRuleHasANameAndAReason(t *testing.T) {
	rules := storetest.Rules()
	for name, why := range rules {
		if len(strings.Split(name, "/")) != 3 || why == "" || strings.ContainsAny(name, " \t") {
			t.Errorf("rule %q: %q", name, why)
		}
	}
	if len(rules) < 320 {
		t.Errorf("%d rules", len(rules))
	}
	for _, name := range storetest.Thousands {
		if rules[name] == "" {
			t.Errorf("-short skips %s, which is no rule", name)
		}
	}
}
