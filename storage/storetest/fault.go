package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// Group F: when things fail.
func faultRules() []rule {
	retryAll := func(r *run, outs []touchpoint.Outcome, err, want error) {
		r.is(err, want, "Append")
		for i, o := range outs {
			if o.Status != touchpoint.Retry {
				r.failf("outcome %d is %v, want retry", i, o.Status)
			}
		}
	}
	all := []rule{
		{"S12/fault/before-commit", "a failure before the commit has done nothing, and says so", func(r *run) {
			s := r.open()
			r.add(s, touch(0))
			undo := r.fault(s, BeforeCommit)
			outs, err := s.Append(r.ctx, touches(5)[1:])
			retryAll(r, outs, err, storage.ErrUnavailable)
			r.ok(undo(), "undo")
			r.holds(s, touch(0))
			r.add(s, touches(5)[1:]...)
			r.holds(s, touches(5)...)
		}},
		{"S1/fault/rejects-are-told-all-the-same", "a bad fact is bad whatever happens to the store", func(r *run) {
			s := r.open()
			undo := r.fault(s, BeforeCommit)
			outs := r.append(s, touch(1), storage.Fact{}, touch(2))
			r.statuses(outs, touchpoint.Retry, rejected, touchpoint.Retry)
			r.ok(undo(), "undo")
		}},
		{"S2/fault/lost-commit-reply", "after a lost answer, offering again finds what was written and writes nothing new", func(r *run) {
			s := r.open()
			undo := r.fault(s, LostCommitReply)
			outs, err := s.Append(r.ctx, touches(5))
			retryAll(r, outs, err, storage.ErrUncertain)
			r.ok(undo(), "undo")
			s = r.mend(s, touch(4))
			before := len(r.scan(s, storage.Query{}))
			outs = r.append(s, touches(5)...)
			if got := touchpoint.Count(outs); got[accepted] != 5-before || got[duplicate] != before {
				r.failf("%d facts were there, then %v", before, got)
			}
			r.holds(s, touches(5)...)
		}},
		{"S2/fault/lost-reply-of-an-erasure", "the same erasure again finishes or reports the first", func(r *run) {
			s := r.open()
			r.add(s, touches(5)...)
			undo := r.fault(s, LostCommitReply)
			e := storage.Erasure{ID: "e", At: erasedAt, Remove: []storage.Query{{To: minute(3)}}}
			_, err := s.Erase(r.ctx, e)
			r.is(err, storage.ErrUncertain, "Erase")
			r.ok(undo(), "undo")
			s = r.mend(s, touch(4))
			if rec := r.erase(s, e); rec.Removed[storage.ClassTouch] != 3 {
				r.failf("receipt says %v", rec.Removed)
			}
			r.same(r.left(s), touches(5)[3:], "Scan")
		}},
		{"S12/fault/erasure-before-commit", "an erasure that failed before its commit has done nothing", func(r *run) {
			s := r.open()
			r.add(s, touches(5)...)
			undo := r.fault(s, BeforeCommit)
			e := storage.Erasure{ID: "e", At: erasedAt, Remove: []storage.Query{{To: minute(3)}}}
			_, err := s.Erase(r.ctx, e)
			r.is(err, storage.ErrUnavailable, "Erase")
			r.ok(undo(), "undo")
			r.holds(s, touches(5)...)
			r.erase(s, e)
			r.same(r.left(s), touches(5)[3:], "Scan")
		}},
		{"S12/fault/cut-connection", "a cut connection is one failed call, not a broken store", func(r *run) {
			s := r.open()
			r.add(s, touch(0))
			undo := r.fault(s, CutConnection)
			outs, err := s.Append(r.ctx, []storage.Fact{touch(1)})
			if err != nil && !errors.Is(err, storage.ErrUnavailable) && !errors.Is(err, storage.ErrUncertain) {
				r.failf("error %v with %d outcomes", err, len(outs))
			}
			r.ok(undo(), "undo")
			r.append(s, touch(1))
			r.holds(s, touch(0), touch(1))
		}},
		{"S7/fault/cut-iteration", "an iteration that breaks off ends with an error, never as if it were complete", func(r *run) {
			s := r.open()
			r.add(s, touches(400)...)
			undo := r.fault(s, CutConnection)
			n, err := drain(s.Scan(r.ctx, storage.Query{}))
			if err == nil && n != 400 {
				r.failf("%d facts of 400 and no error", n)
			}
			r.ok(undo(), "undo")
			r.holds(s, touches(400)...)
		}},
		{"S8/fault/slow-read", "a deadline holds while a store is slow", func(r *run) {
			s := r.open()
			r.add(s, touches(3000)...)
			undo := r.fault(s, SlowRead)
			ctx, cancel := context.WithTimeout(r.ctx, 2*time.Millisecond)
			defer cancel()
			r.within("a slow scan", func() error {
				for ctx.Err() == nil {
					_, err := drain(s.Scan(ctx, storage.Query{}))
					if ignore(err, context.DeadlineExceeded) != nil {
						return err
					}
				}
				return nil
			})
			r.ok(undo(), "undo")
			if n, err := drain(s.Scan(r.ctx, storage.Query{})); n != 3000 || err != nil {
				r.failf("%d facts, error %v", n, err)
			}
		}},
		{"S10/fault/flipped-byte", "a damaged row is an error, never a wrong value and never skipped", func(r *run) {
			s := r.open()
			r.add(s, touches(50)...)
			undo := r.fault(s, FlipByte)
			errs := 0
			got := make([]storage.Fact, 0, 50)
			for f, err := range s.Scan(r.ctx, storage.Query{}) {
				if err == nil {
					got = append(got, f)
					continue
				}
				var c *storage.CorruptError
				if errs++; !errors.As(err, &c) {
					r.failf("error %v is no CorruptError", err)
				}
			}
			if errs != 1 {
				r.failf("%d errors", errs)
			}
			r.same(got, touches(50)[:len(got)], "what came before the damage")
			if err := storage.Verify(r.ctx, s); err == nil {
				r.failf("Verify finds nothing")
			}
			r.ok(undo(), "undo")
			r.holds(s, touches(50)...)
		}},
		{"S12/fault/no-identifier-in-errors", "errors of a failing store are logged too", func(r *run) {
			s := r.open()
			secret := "zq-secret-value"
			for _, f := range []Fault{BeforeCommit, LostCommitReply, DiskFull, ReadOnly} {
				undo := r.fault(s, f)
				outs, err := s.Append(r.ctx, []storage.Fact{touch(1, identity.MakeID(identity.UserID, secret))})
				for _, e := range []error{err, outs[0].Err} {
					if e == nil || strings.Contains(fmt.Sprintf("%v %+v", e, e), secret) {
						r.failf("fault %d: the error is nil or holds the value", f)
					}
				}
				r.ok(undo(), "undo")
			}
		}},
	}
	for name, f := range map[string]Fault{"disk-full": DiskFull, "read-only": ReadOnly} {
		all = append(all, rule{"S12/fault/" + name, "reads go on, writes are to be offered again, and resume when the cause goes", func(r *run) {
			s := r.open()
			var facts []storage.Fact
			for n := range 10 {
				r.add(s, touch(2*n))
				facts = append(facts, touch(2*n))
				undo := r.fault(s, f)
				for range 2 {
					outs, err := s.Append(r.ctx, []storage.Fact{touch(2*n + 1)})
					if err == nil || outs[0].Status != touchpoint.Retry || !errors.Is(err, storage.ErrUnavailable) && !errors.Is(err, storage.ErrUncertain) {
						r.failf("error %v, outcome %v", err, outs)
					}
				}
				r.same(r.scan(s, storage.Query{}), facts, "Scan meanwhile")
				r.ok(undo(), "undo")
				r.add(s, touch(2*n+1))
				facts = append(facts, touch(2*n+1))
			}
			r.holds(s, facts...)
		}})
	}
	return append(all, everyCallRules()...)
}

// mend opens a store again that is poisoned: after an uncertain local sync it takes
// nothing more, since a second sync that succeeds would prove nothing. Reads go on. f is a
// fact that it may have or get.
func (r *run) mend(s storage.Store, f storage.Fact) storage.Store {
	if _, err := s.Append(r.ctx, []storage.Fact{f}); !errors.Is(err, storage.ErrUncertain) {
		return s
	}
	for range 2 {
		outs, err := s.Append(r.ctx, []storage.Fact{f, {}})
		r.is(err, storage.ErrUncertain, "Append to a poisoned store")
		r.statuses(outs, touchpoint.Retry, rejected)
	}
	_, err := drain(s.Scan(r.ctx, storage.Query{}))
	r.ok(err, "Scan of a poisoned store")
	return r.reopen(s)
}

// everyCallRules: whatever a caller does with a store, failing any one call of it and
// trying again ends as a clean run would.
func everyCallRules() []rule {
	e := storage.Erasure{ID: "e", At: erasedAt, Remove: []storage.Query{{IDs: []identity.ID{user(3)}}}, Suppress: []storage.Suppression{{Tag: tag(1), At: erasedAt}}}
	appendAll := func(ctx context.Context, s storage.Store) error {
		for n := range 4 {
			facts := touches(12)
			facts[3] = tagged(facts[3], 1) // e suppresses it
			if _, err := s.Append(ctx, facts[3*n:3*n+3]); err != nil {
				return err
			}
		}
		return nil
	}
	jobs := map[string]func(ctx context.Context, s storage.Store) error{
		"append": appendAll,
		"erase": func(ctx context.Context, s storage.Store) error {
			if err := appendAll(ctx, s); err != nil {
				return err
			}
			_, err := s.Erase(ctx, e)
			return err
		},
		"load": func(ctx context.Context, s storage.Store) error {
			_, err := storage.Load(ctx, s, sequence(touches(1010), nil))
			return err
		},
		"restore": func(ctx context.Context, s storage.Store) error {
			var b bytes.Buffer
			c, err := storage.NewContainer(&b, nil)
			for _, f := range append(touches(5), storage.Fact{Erasure: e.Record(nil, 0)}) {
				err = errors.Join(err, c.Fact(f))
			}
			if err = errors.Join(err, c.Close()); err != nil {
				return err
			}
			_, err = storage.Restore(ctx, s, &b)
			return err
		},
		"read": func(ctx context.Context, s storage.Store) error {
			if err := appendAll(ctx, s); err != nil {
				return err
			}
			_, err := storage.Component(ctx, s, []identity.ID{user(1)}, nil, 0)
			if _, err2 := storage.Digest(ctx, s); err == nil {
				err = err2
			}
			if _, err2 := drain(s.Changes(ctx, storage.Cursor{})); err == nil {
				err = err2
			}
			return err
		},
	}
	kinds := map[string]func(f *Faults, w When){
		"refused":   func(f *Faults, w When) { f.Refuse = w },
		"lost":      func(f *Faults, w When) { f.Lose = w },
		"cut":       func(f *Faults, w When) { f.Cut = w },
		"cancelled": func(f *Faults, w When) { f.Cancel = w },
		"panicking": func(f *Faults, w When) { f.Panic = w },
	}
	var all []rule
	for jobName, job := range jobs {
		for kindName, kind := range kinds {
			all = append(all, rule{"S12/fault/every-call-" + kindName + "-in-" + jobName, "any call may be repeated after any error; the end state equals one clean run", func(r *run) {
				clean := r.open()
				r.ok(job(r.ctx, Faulty(clean, &Faults{})), "a clean run")
				for n := 1; ; n += r.step(7) {
					r.at("call %d", n)
					s := r.open()
					f := &Faults{}
					kind(f, When{Nth: n})
					w := Faulty(s, f)
					var err error
					for try := range 5 {
						if err = attempt(func() error { return job(r.ctx, w) }); err == nil {
							break
						}
						if !errors.Is(err, storage.ErrUnavailable) && !errors.Is(err, storage.ErrUncertain) && !errors.Is(err, context.Canceled) && !errors.Is(err, errPanic) {
							r.failf("try %d: error %v", try, err)
						}
					}
					r.ok(err, "trying again")
					r.sameDigest(s, clean)
					r.ok(storage.Verify(r.ctx, s), "Verify")
					if f.Calls() < n {
						return
					}
				}
			}})
		}
	}
	return all
}

var errPanic = errors.New("it panicked")

// attempt turns a panic into errPanic and tells its type and place.
func attempt(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w with a %T\n%s", errPanic, v, debug.Stack())
		}
	}()
	return f()
}
