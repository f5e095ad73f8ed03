package crash

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A ledger is what is known of a store from the answers it gave.
type ledger struct {
	acked  map[int]bool // numbers of touches that must be there
	flight []int        // of the call under way: all there, or none
	going  map[int]bool // of the erasure under way: all there, or none
}

func newLedger() *ledger { return &ledger{acked: make(map[int]bool)} }

// settle notes that the batch under way was acknowledged.
func (l *ledger) settle() {
	for _, n := range l.flight {
		l.acked[n] = true
	}
	l.flight = nil
}

// erased notes that the erasure under way was acknowledged.
func (l *ledger) erased() {
	for n := range l.going {
		delete(l.acked, n)
	}
	l.going = nil
}

// numbers returns what was acknowledged, sorted.
func (l *ledger) numbers() []int {
	list := make([]int, 0, len(l.acked))
	for n := range l.acked {
		list = append(list, n)
	}
	slices.Sort(list)
	return list
}

// A finding is what is wrong with a store after a crash.
type finding struct {
	lost, half int
	invariant  string
	detail     string
}

// A verdict is what a store has of what was under way.
type verdict struct{ flight, going bool }

// check compares a store with the ledger, each fact with what was offered, and the store
// with itself. The finding is nil if all is well.
func (l *ledger) check(ctx context.Context, s storage.Store) (verdict, *finding) {
	if err := storage.Verify(ctx, s); err != nil {
		return verdict{}, &finding{invariant: "I1", detail: "verify: " + err.Error()}
	}
	return l.read(ctx, s, func(n int, t touchpoint.Touch) bool { return bodySum(t) == bodySum(touch(n)) })
}

// read compares the touches of a store with the ledger. Same says whether one is what was
// offered under its number.
func (l *ledger) read(ctx context.Context, s storage.Store, same func(int, touchpoint.Touch) bool) (v verdict, f *finding) {
	there := make(map[int]bool)
	for t, err := range storage.Touches(ctx, s, storage.Query{}) {
		if err != nil {
			return v, &finding{invariant: "I1", detail: "scan: " + err.Error()}
		}
		n, ok := number(t.ID)
		if !ok || !same(n, t) {
			return v, &finding{invariant: "I2", detail: "a fact that was never offered"}
		}
		if there[n] {
			return v, &finding{invariant: "I1", detail: "a fact is there twice"}
		}
		there[n] = true
	}
	return l.compare(there)
}

// compare compares the numbers of the touches that are there with the ledger.
func (l *ledger) compare(there map[int]bool) (v verdict, f *finding) {
	lost, gone, fresh := 0, 0, 0
	for n := range l.acked {
		switch {
		case there[n]:
		case l.going[n]:
			gone++
		default:
			lost++
		}
	}
	for _, n := range l.flight {
		if there[n] {
			fresh++
		}
	}
	strange := 0
	for n := range there {
		if !l.acked[n] && !slices.Contains(l.flight, n) {
			strange++
		}
	}
	v = verdict{fresh > 0, gone > 0}
	switch {
	case lost > 0:
		f = &finding{lost: lost, invariant: "I1", detail: fmt.Sprintf("%d acknowledged facts are lost", lost)}
	case v.flight && fresh < len(l.flight):
		f = &finding{half: 1, invariant: "I2", detail: fmt.Sprintf("half a batch: %d facts of %d", fresh, len(l.flight))}
	case v.going && gone < len(l.going):
		f = &finding{half: 1, invariant: "I2", detail: fmt.Sprintf("half an erasure: %d facts of %d", gone, len(l.going))}
	case strange > 0:
		f = &finding{invariant: "I27", detail: fmt.Sprintf("%d facts that were erased or never begun", strange)}
	}
	return v, f
}

// shown looks in the bytes of files for users of whom nothing was acknowledged, or is no
// more: what an erasure removed must be gone from the disk too.
func (l *ledger) shown(files map[string][]byte) *finding {
	var there [users]bool
	for n := range l.acked {
		there[n%users] = true
	}
	for user := range users {
		for name, data := range files {
			if !there[user] && bytes.Contains(data, []byte(secret(user))) {
				return &finding{half: 1, invariant: "I26", detail: name + " holds a value that was erased"}
			}
		}
	}
	return nil
}
