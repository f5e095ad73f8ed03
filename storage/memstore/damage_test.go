package memstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

func few(t *testing.T) *memstore.Store {
	t.Helper()
	s := memstore.New(nil)
	fill(t, s, 3, 2, func(n int) time.Time { return t0.Add(time.Duration(n) * time.Second) })
	return s
}

func corrupt(err error) bool {
	var c *storage.CorruptError
	return errors.As(err, &c)
}

func TestVerifyFindsTablesThatContradictEachOther(t *testing.T) {
	for name, damage := range memstore.Damages {
		s := few(t)
		if err := s.Verify(t.Context()); err != nil {
			t.Fatal(err)
		}
		if damage(s); !corrupt(s.Verify(t.Context())) {
			t.Errorf("%s: %v", name, s.Verify(t.Context()))
		}
	}
}

// What a damaged fact says is not known: it is neither a duplicate nor in conflict, and no
// erasure that has to read it is begun.
func TestADamagedFactIsToldToWhoMeetsIt(t *testing.T) {
	s := few(t) // the middle of its bytes is in the second fact
	memstore.Flip(s)
	other := visit(1, t0.Add(time.Second), 1)
	other.Touch.Stage = "x"
	outs, err := s.Append(t.Context(), []storage.Fact{other, {}})
	if len(outs) != 2 || outs[0].Status != touchpoint.Retry || !corrupt(outs[0].Err) || !corrupt(err) || outs[1].Status != touchpoint.Rejected {
		t.Errorf("%v, %v", outs, err)
	}
	e := storage.Erasure{ID: "e", At: t0, Remove: []storage.Query{{IDs: []identity.ID{user(0), user(1)}, Limit: 5}}}
	if _, err := s.Erase(t.Context(), e); !corrupt(err) {
		t.Errorf("an erasure of the first five facts: %v", err)
	}
	memstore.Flip(s)
	if n := count(t, s, storage.Query{}); n != 3 {
		t.Errorf("%d facts, want the three", n)
	}
}
