package journey_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// A trackerStep is one public call of a tracker, to be made again after an error.
type trackerStep struct {
	name string
	do   func(context.Context, *journey.Tracker) error
}

// trackerSteps calls everything that a tracker has: first what writes, then what reads.
func trackerSteps() []trackerStep {
	w := world(3, 24)
	person := identity.MakeID(identity.UserID, "u1")
	account := identity.MakeID(identity.CRMAccountID, "a1")
	var steps []trackerStep
	for n := range 3 {
		batch := append(append([]touchpoint.Touch(nil), w[8*n:8*n+8]...), w[8*n], w[0]) // one twice in it, one again
		steps = append(steps, trackerStep{fmt.Sprint("Record ", n), func(ctx context.Context, tr *journey.Tracker) error {
			outs, err := tr.Record(ctx, batch...)
			if err != nil {
				return err
			}
			return all(outs)
		}})
	}
	return append(steps,
		trackerStep{"Learn", func(ctx context.Context, tr *journey.Tracker) error {
			outs, err := tr.Learn(ctx, storage.Fact{Evidence: &identity.Evidence{A: person, B: identity.MakeID(identity.UserID, "u2"), Kind: identity.Login, Source: "crm", At: on("02-01")}})
			if err != nil {
				return err
			}
			return all(outs)
		}},
		trackerStep{"RecordConsents", func(ctx context.Context, tr *journey.Tracker) error {
			return tr.RecordConsents(ctx, touchpoint.Consent{ID: person, Purpose: "mail", Source: "form", At: on("02-02")})
		}},
		trackerStep{"RecordOverrides", func(ctx context.Context, tr *journey.Tracker) error {
			return tr.RecordOverrides(ctx, identity.Override{ID: "o", At: on("02-03"), Op: identity.MustLink, A: person, B: identity.MakeID(identity.UserID, "u3")})
		}},
		trackerStep{"RecordRelations", func(ctx context.Context, tr *journey.Tracker) error {
			return tr.RecordRelations(ctx, identity.Membership{Person: person, Account: account, Source: "crm", At: on("02-04")})
		}},
		trackerStep{"View", func(ctx context.Context, tr *journey.Tracker) error {
			_, err := tr.View(ctx, on("12-01"))
			return err
		}},
		trackerStep{"View of one", func(ctx context.Context, tr *journey.Tracker) error {
			_, err := tr.View(ctx, on("12-01"), person)
			return err
		}},
		trackerStep{"Journey", func(ctx context.Context, tr *journey.Tracker) error {
			if _, err := tr.Journey(ctx, ann); !errors.Is(err, journey.ErrUnknownSubject) {
				return err
			}
			return nil
		}},
		trackerStep{"Journeys", func(ctx context.Context, tr *journey.Tracker) error {
			return ends(tr.Journeys(ctx, journey.Query{}))
		}},
		trackerStep{"Changes", func(ctx context.Context, tr *journey.Tracker) error {
			return ends(tr.Changes(ctx, storage.Cursor{}))
		}},
		trackerStep{"Digest", func(ctx context.Context, tr *journey.Tracker) error {
			_, err := tr.Digest(ctx, on("12-01"))
			return err
		}},
	)
}

// all fails unless every record is a fact.
func all(outs []touchpoint.Outcome) error {
	if got := touchpoint.Count(outs); got[touchpoint.Accepted]+got[touchpoint.Duplicate] != got.Offered() {
		return fmt.Errorf("outcomes %v", got)
	}
	return nil
}

func ends[T any](seq iter.Seq2[T, error]) (err error) {
	for _, e := range seq {
		if err != nil {
			return errors.New("something comes after the error")
		}
		err = e
	}
	return err
}

// trackerOn returns a tracker on a store.
func trackerOn(t *testing.T, s storage.Store) *journey.Tracker {
	t.Helper()
	tr, err := journey.NewTracker(s, &journey.Options{Clock: clock.NewManual(on("12-31")), Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// sum is the digest of all that a store's facts mean.
func sum(t *testing.T, s storage.Store) [32]byte {
	t.Helper()
	d, err := trackerOn(t, s).Digest(context.Background(), on("12-01"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func cleanRun(t *testing.T) [32]byte {
	t.Helper()
	clean := memstore.New(nil)
	for _, step := range trackerSteps() {
		if err := step.do(context.Background(), trackerOn(t, clean)); err != nil {
			t.Fatal(step.name, err)
		}
	}
	return sum(t, clean)
}

// TestFailingTheNthStoreCall fails every store call of a run in turn, in each way; doing
// the call of the tracker again ends as a run without failures does (I3, I31).
func TestFailingTheNthStoreCall(t *testing.T) {
	want := cleanRun(t)
	for name, plan := range map[string]func(*storetest.Faults, storetest.When){
		"refused":   func(f *storetest.Faults, w storetest.When) { f.Refuse = w },
		"lost":      func(f *storetest.Faults, w storetest.When) { f.Lose = w },
		"cut":       func(f *storetest.Faults, w storetest.When) { f.Cut = w },
		"cancelled": func(f *storetest.Faults, w storetest.When) { f.Cancel = w },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failed := 0
			for n := 1; ; n++ {
				mem, f := memstore.New(nil), new(storetest.Faults)
				plan(f, storetest.When{Nth: n})
				tr := trackerOn(t, storetest.Faulty(mem, f))
				for _, step := range trackerSteps() {
					err := step.do(ctx, tr)
					if err == nil {
						continue
					}
					failed++
					if !errors.Is(err, storage.ErrUnavailable) && !errors.Is(err, storage.ErrUncertain) && !errors.Is(err, context.Canceled) {
						t.Fatalf("call %d, %s: %v", n, step.name, err)
					}
					if err := step.do(ctx, tr); err != nil {
						t.Fatalf("call %d, %s again: %v", n, step.name, err)
					}
				}
				if sum(t, mem) != want {
					t.Fatalf("call %d: another digest than without the failure", n)
				}
				if f.Calls() < n {
					break
				}
			}
			if failed == 0 {
				t.Error("nothing failed")
			}
		})
	}
}

// TestCancellingAtEveryStoreCall cancels the context of the caller at every store call, and
// after every value of an iteration. The call returns what the context says, or is through;
// each record is a fact or none, no goroutine is left, and the call made again ends as if
// nothing had happened.
func TestCancellingAtEveryStoreCall(t *testing.T) {
	want := cleanRun(t)
	for i, step := range trackerSteps() {
		t.Run(step.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cancelled := 0
				for n := 1; ; n++ {
					ctx, cancel := context.WithCancel(t.Context())
					mem := memstore.New(nil)
					for _, before := range trackerSteps()[:i] {
						if err := before.do(ctx, trackerOn(t, mem)); err != nil {
							t.Fatal(before.name, err)
						}
					}
					s := &canceller{Store: mem, at: n, cancel: cancel}
					err := step.do(ctx, trackerOn(t, s))
					cancel()
					if err != nil && !errors.Is(err, context.Canceled) {
						t.Fatalf("cancelled at %d: %v", n, err)
					}
					if err != nil {
						cancelled++
					}
					for _, after := range trackerSteps()[i:] {
						if err := after.do(t.Context(), trackerOn(t, mem)); err != nil {
							t.Fatalf("cancelled at %d, then %s: %v", n, after.name, err)
						}
					}
					if sum(t, mem) != want {
						t.Fatalf("cancelled at %d: another digest", n)
					}
					if s.looks < n {
						break
					}
				}
				if cancelled == 0 {
					t.Error("nothing was cancelled")
				}
			})
		})
	}
}

// A canceller cancels a context at the nth look at its store: a call, or a value that an
// iteration yields.
type canceller struct {
	storage.Store
	looks, at int
	cancel    func()
}

func (s *canceller) look() {
	if s.looks++; s.looks == s.at {
		s.cancel()
	}
}

func (s *canceller) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	s.look()
	return s.Store.Append(ctx, facts)
}

func (s *canceller) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return watch(s, func() iter.Seq2[storage.Fact, error] { return s.Store.Scan(ctx, q) })
}

func (s *canceller) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	return watch(s, func() iter.Seq2[storage.Tie, error] { return s.Store.Ties(ctx, ids) })
}

func (s *canceller) Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return watch(s, func() iter.Seq2[storage.Change, error] { return s.Store.Changes(ctx, after) })
}

func watch[T any](s *canceller, of func() iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		s.look()
		for x, err := range of() {
			if !yield(x, err) {
				return
			}
			s.look()
		}
	}
}
