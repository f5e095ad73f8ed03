package logstore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/tabi-go/tabi/internal/sim/crashfs"
	"github.com/tabi-go/tabi/internal/sim/logstore"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// TestErasuresThatWaitInTheLogAreReplayed: while the new log cannot be written, erasures
// stay in the old one, with facts between them that came back under the keys of those that
// went. A store that opens says what the one that wrote it said, with a memo and without.
func TestErasuresThatWaitInTheLogAreReplayed(t *testing.T) {
	t.Parallel()
	lives := 12
	if testing.Short() {
		lives = 4
	}
	for seed := range uint64(lives) {
		g := rand.New(rand.NewPCG(seed, 7))
		d, memo := crashfs.New(seed), new(logstore.Memo)
		s := open(t, d, nil)
		d.Hook(func(op crashfs.Op) error {
			if op.Kind == crashfs.OpCreate {
				return syscall.EIO
			}
			return nil
		})
		erased, back := 0, 0
		gone := make(map[int]bool)
		for step := range 30 {
			if n := g.IntN(24); step%3 < 2 {
				facts := touches(n, n+1+g.IntN(6))
				for i := range facts {
					facts[i].Touch.Touchpoint = fmt.Sprintf("step %d", step)
				}
				outs, err := s.Append(t.Context(), facts)
				if err != nil {
					t.Fatal(err)
				}
				for i, o := range outs {
					if gone[n+i] && o.Status == touchpoint.Accepted {
						back++
					}
				}
			} else {
				e := storage.Erasure{ID: fmt.Sprint(step), At: start.Add(time.Duration(step) * time.Second)}
				for _, f := range touches(n, n+1+g.IntN(4)) {
					e.Remove = append(e.Remove, storage.Query{Keys: []storage.Key{f.Key()}})
				}
				changed := touch(n + 9)
				changed.Touch.Touchpoint, changed.Touch.Redacted = "", true
				e.Redact = []storage.Fact{changed}
				rec, err := s.Erase(t.Context(), e)
				if len(rec.Removed) > 0 || rec.Redacted > 0 {
					erased++
					for i := range e.Remove {
						gone[n+i] = true
					}
				}
				if err != nil && !errors.Is(err, storage.ErrUnavailable) {
					t.Fatal(err)
				}
			}
			want := digest(t, s)
			for _, m := range []*logstore.Memo{nil, memo} {
				again := open(t, d.Kill(), &logstore.Options{Memo: m})
				if digest(t, again) != want {
					t.Fatalf("seed %d, step %d: other facts after opening again (memo: %v)", seed, step, m != nil)
				}
				_ = again.Close()
			}
		}
		if erased < 3 || back == 0 {
			t.Errorf("seed %d: %d erasures, %d facts that came back", seed, erased, back)
		}
		_ = s.Close()
	}
}
