package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// within fails if f does not return. f must not end the rule.
func (r *run) within(what string, f func() error) {
	done := make(chan error, 1)
	go func() { done <- attempt(f) }()
	timer := time.NewTimer(cmp.Or(r.h.patience, time.Minute))
	defer timer.Stop()
	select {
	case err := <-done:
		r.ok(err, what)
	case <-timer.C:
		r.opened = nil // closing would be stuck too
		r.failf("%s does not return", what)
	}
}

// drain reads an iteration to its end.
func drain[T any](seq iter.Seq2[T, error]) (n int, err error) {
	for _, e := range seq {
		if e != nil {
			return n, e
		}
		n++
	}
	return n, nil
}

// An iteration is one of the store's, with what it yields thrown away.
type iteration struct {
	name string
	of   func(ctx context.Context, s storage.Store) iter.Seq2[zeroness, error]
}

// zeroness says whether the value that came was the zero value.
type zeroness bool

func iterations() []iteration {
	return []iteration{
		{"scan", func(ctx context.Context, s storage.Store) iter.Seq2[zeroness, error] {
			return flatten(s.Scan(ctx, storage.Query{}), func(f storage.Fact) bool { return f.Class() == 0 })
		}},
		{"scan-by-ids", func(ctx context.Context, s storage.Store) iter.Seq2[zeroness, error] {
			q := storage.Query{IDs: make([]identity.ID, 200)}
			for i := range q.IDs {
				q.IDs[i] = user(i)
			}
			return flatten(s.Scan(ctx, q), func(f storage.Fact) bool { return f.Class() == 0 })
		}},
		{"ties", func(ctx context.Context, s storage.Store) iter.Seq2[zeroness, error] {
			return flatten(s.Ties(ctx, nil), func(t storage.Tie) bool { return t.Count == 0 && tieKey(t).Class == 0 })
		}},
		{"changes", func(ctx context.Context, s storage.Store) iter.Seq2[zeroness, error] {
			return flatten(s.Changes(ctx, storage.Cursor{}), func(c storage.Change) bool {
				return c.Cursor == storage.Cursor{} && c.Fact.Class() == 0
			})
		}},
	}
}

func flatten[T any](seq iter.Seq2[T, error], zero func(T) bool) iter.Seq2[zeroness, error] {
	return func(yield func(zeroness, error) bool) {
		for v, err := range seq {
			if !yield(zeroness(zero(v)), err) {
				return
			}
		}
	}
}

// Group I: iterating.
func iterateRules() []rule {
	var all []rule
	for _, it := range iterations() {
		add := func(name, why string, check func(r *run, s storage.Store)) {
			all = append(all, rule{"S7/iterate/" + it.name + "-" + name, why, func(r *run) {
				s := r.open()
				r.add(s, touches(130)...)
				check(r, s)
			}})
		}
		add("stop-anywhere", "a loop may stop at any time without a leak", func(r *run, s storage.Store) {
			for stop := 0; stop < 131; stop += r.step(33) {
				n := 0
				for _, err := range it.of(r.ctx, s) {
					r.ok(err, "iteration")
					if n++; n > stop {
						break
					}
				}
				if n != min(stop+1, 130) {
					r.failf("stopped after %d, want %d", n, stop+1)
				}
			}
			r.add(s, touch(900))
		})
		add("restarts", "the same iteration again starts from the present", func(r *run, s storage.Store) {
			seq := it.of(r.ctx, s)
			for _, want := range []int{130, 130, 131} {
				if want == 131 {
					r.add(s, touch(199))
				}
				if n, err := drain(seq); n != want || err != nil {
					r.failf("%d, error %v, want %d", n, err, want)
				}
			}
		})
		add("error-last-and-once", "a loop that ignores the error must still end", func(r *run, s storage.Store) {
			for stop := 0; stop < 130; stop += 13 {
				r.at("cancelled at %d", stop)
				ctx, cancel := context.WithCancel(r.ctx)
				n, errs := 0, 0
				for zero, err := range it.of(ctx, s) {
					if err != nil {
						errs++
						if !zero {
							r.failf("the error comes with a value")
						}
						r.is(err, context.Canceled, "iteration")
					} else if errs > 0 {
						r.failf("a value after the error")
					}
					if n++; n > stop {
						cancel()
					}
				}
				cancel()
				if errs != 1 {
					r.failf("%d errors", errs)
				}
			}
			r.add(s, touch(900))
		})
		add("context-done", "an iteration that cannot begin yields its error alone", func(r *run, s storage.Store) {
			ctx, cancel := context.WithCancel(r.ctx)
			cancel()
			n, err := drain(it.of(ctx, s))
			if n != 0 {
				r.failf("%d values", n)
			}
			r.is(err, context.Canceled, "iteration")
		})
		add("context-nil", "a nil context is an error, not a panic", func(r *run, s storage.Store) {
			var none context.Context
			if n, err := drain(it.of(none, s)); n != 0 || err == nil {
				r.failf("%d values, error %v", n, err)
			}
		})
		add("append-inside", "the loop body may write, and does not see it", func(r *run, s storage.Store) {
			n := 0
			r.within("Append inside the loop", func() error {
				for _, err := range it.of(r.ctx, s) {
					if err != nil {
						return err
					}
					if n < 20 || !r.h.brief {
						if _, err := s.Append(r.ctx, []storage.Fact{touch(1000 + n)}); err != nil {
							return err
						}
					}
					if n++; n > 1000 {
						return errors.New("the iteration follows its own writes")
					}
				}
				return nil
			})
			if n != 130 {
				r.failf("%d values, 130 facts were there at first", n)
			}
		})
		add("erase-inside", "the loop body may erase", func(r *run, s storage.Store) {
			r.within("Erase inside the loop", func() error {
				n := 0
				for _, err := range it.of(r.ctx, s) {
					if err != nil {
						return err
					}
					e := storage.Erasure{ID: fmt.Sprint("e", n), At: start, Remove: []storage.Query{{Keys: []storage.Key{touch(129 - n).Key()}}}}
					if n < 20 || !r.h.brief {
						if _, err := s.Erase(r.ctx, e); err != nil {
							return err
						}
					}
					n++
				}
				if n < 65 || n > 130 {
					return fmt.Errorf("%d values", n)
				}
				return nil
			})
		})
		add("nested", "three nested iterations always work", func(r *run, s storage.Store) {
			r.within("nesting", func() error {
				n, outer := 0, 130/r.step(65)
				for _, err := range it.of(r.ctx, s) {
					if err != nil {
						return err
					}
					for _, err := range s.Scan(r.ctx, storage.Query{Limit: 3}) {
						if err != nil {
							return err
						}
						k, err := drain(it.of(r.ctx, s))
						if n += k; err != nil {
							return err
						}
					}
					if n == outer*3*130 && r.h.brief {
						break
					}
				}
				if n != outer*3*130 {
					return fmt.Errorf("%d values in all", n)
				}
				return nil
			})
		})
	}
	return append(all,
		rule{"S7/iterate/500-stopped-then-close", "a stopped loop holds nothing open", func(r *run) {
			s := r.open()
			r.add(s, touches(100)...)
			for range 500 {
				for _, err := range s.Scan(r.ctx, storage.Query{}) {
					r.ok(err, "Scan")
					break
				}
			}
			r.within("Close", s.Close)
		}},
		rule{"S7/iterate/no-goroutine-left", "an iteration that ended leaves nothing running", func(r *run) {
			pprof.Do(r.ctx, pprof.Labels("storetest", r.label()), func(ctx context.Context) {
				r.ctx = ctx
				s := r.open()
				r.add(s, touches(100)...)
				before := r.goroutines()
				for range 100 {
					for _, it := range iterations() {
						for _, err := range it.of(r.ctx, s) {
							r.ok(err, it.name)
							break
						}
					}
				}
				// Those that end may take a moment, and a pool may grow; a hundred would stay.
				for range 60 {
					if r.goroutines() < before+50 {
						return
					}
					time.Sleep(50 * time.Millisecond)
				}
				r.failf("%d goroutines more after 100 rounds", r.goroutines()-before)
			})
		}},
		rule{"C5/iterate/no-fact-twice", "a fact that moves while a scan runs is not seen twice", func(r *run) {
			s := r.open()
			r.add(s, touches(500)...)
			seen := make(map[storage.Key]bool)
			n := 0
			for f, err := range s.Scan(r.ctx, storage.Query{}) {
				r.ok(err, "Scan")
				if seen[f.Key()] {
					r.failf("a fact twice")
				}
				seen[f.Key()] = true
				if n++; n%50 == 0 {
					f = with(f, func(t *touchpoint.Touch) { t.Stage, t.Redacted = "", true })
					_, err := s.Erase(r.ctx, storage.Erasure{ID: fmt.Sprint("e", n), At: start, Redact: []storage.Fact{f}})
					r.ok(err, "Erase")
				}
			}
			if len(seen) != 500 {
				r.failf("%d facts of 500", len(seen))
			}
		}},
	)
}

// goroutines counts those with the label of r: what its goroutine started, and not what
// other tests did.
func (r *run) goroutines() int {
	var b strings.Builder
	r.ok(pprof.Lookup("goroutine").WriteTo(&b, 1), "goroutines")
	sum := 0 // of lines such as "3 @ 0x46", each of one stack and label
	for _, m := range regexp.MustCompile(`(?m)^(\d+) @.*\n# labels:.*"`+r.label()+`"`).FindAllStringSubmatch(b.String(), -1) {
		n, _ := strconv.Atoi(m[1])
		sum += n
	}
	return sum
}

func (r *run) label() string { return fmt.Sprintf("%p", r) }
