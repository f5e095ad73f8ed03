package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// together runs n functions at once and fails if one returns an error.
func (r *run) together(n int, f func(k int) error) {
	errs := make([]error, n)
	r.within("concurrent work", func() error {
		var wg sync.WaitGroup
		for k := range n {
			wg.Go(func() { errs[k] = attempt(func() error { return f(k) }) })
		}
		wg.Wait()
		return errors.Join(errs...)
	})
}

// Group X: many at once.
func concurrencyRules() []rule {
	var all []rule
	for _, size := range []int{1, 7, 100} {
		for _, overlap := range []int{0, 20, 100} {
			all = append(all, rule{fmt.Sprintf("S9/concurrency/union-batch-%d-overlap-%d", size, overlap), "writers at once end as the union of what they wrote, each fact accepted once", func(r *run) {
				s := r.open()
				const writers, each = 8, 200
				counts := make([]touchpoint.Tally, writers)
				r.together(writers, func(k int) error {
					g := newRandom(uint64(k))
					var batch []storage.Fact
					for n := range each {
						f := touch(10_000*(k+1)+n, user(n%10))
						if g.IntN(100) < overlap {
							f = touch(n, user(n%10))
						}
						if batch = append(batch, f); len(batch) == size || n == each-1 {
							outs, err := s.Append(r.ctx, batch)
							if err != nil {
								return err
							}
							counts[k].Merge(touchpoint.Count(outs))
							batch = nil
						}
					}
					return nil
				})
				var sum touchpoint.Tally
				for _, c := range counts {
					sum.Merge(c)
				}
				facts := r.scan(s, storage.Query{})
				if sum.Offered() != writers*each || sum[accepted] != len(facts) || sum[accepted]+sum[duplicate] != writers*each {
					r.failf("%v offered, %d facts", sum, len(facts))
				}
				for _, f := range facts {
					var n int
					fmt.Sscanf(f.Touch.ID, "t%d", &n)
					r.same([]storage.Fact{f}, []storage.Fact{touch(n, user(n%10000%10))}, "a fact")
				}
				r.ok(storage.Verify(r.ctx, s), "Verify")
			}})
		}
	}
	return append(all,
		rule{"C3/concurrency/one-content-wins", "of two racing contents exactly one wins, and the other hears Conflict", func(r *run) {
			s := r.open()
			for n := range 200 {
				const racers = 4
				outs := make([][]touchpoint.Outcome, racers)
				mine := func(k int) storage.Fact {
					return with(touch(n), func(t *touchpoint.Touch) { t.Stage = fmt.Sprint("by ", k) })
				}
				r.together(racers, func(k int) (err error) {
					outs[k], err = s.Append(r.ctx, []storage.Fact{mine(k)})
					return err
				})
				winner := -1
				for k, o := range outs {
					switch {
					case o[0].Status == accepted && winner < 0:
						winner = k
					case o[0].Status == accepted:
						r.failf("two winners")
					case o[0].Status != conflict || !slices.Equal(o[0].Fields, []string{"stage"}):
						r.failf("a loser is %v %v", o[0].Status, o[0].Fields)
					}
				}
				if winner < 0 {
					r.failf("no winner")
				}
				r.same(r.scan(s, storage.Query{Keys: []storage.Key{touch(n).Key()}}), []storage.Fact{mine(winner)}, "Scan")
			}
		}},
		rule{"C4/concurrency/duplicate-is-there", "a fact said to be a duplicate is seen by the next read", func(r *run) {
			s := r.open()
			for n := range 150 {
				r.together(4, func(int) error {
					if _, err := s.Append(r.ctx, []storage.Fact{touch(n)}); err != nil {
						return err
					}
					k, err := drain(s.Scan(r.ctx, storage.Query{Keys: []storage.Key{touch(n).Key()}}))
					if err == nil && k != 1 {
						err = errors.New("an acknowledged fact is not seen")
					}
					return err
				})
			}
		}},
		rule{"C7/concurrency/real-time-order", "what was acknowledged before another began precedes it", func(r *run) {
			s := r.open()
			r.together(4, func(k int) error {
				for n := range 100 {
					if _, err := s.Append(r.ctx, []storage.Fact{touch(1000*k + n)}); err != nil {
						return err
					}
				}
				return nil
			})
			last := make(map[int]int)
			for _, c := range r.changes(s, storage.Cursor{}) {
				var n int
				fmt.Sscanf(c.Fact.Touch.ID, "t%d", &n)
				if n%1000 != last[n/1000] {
					r.failf("fact %d of a writer comes when %d is due", n%1000, last[n/1000])
				}
				last[n/1000]++
			}
		}},
		rule{"C5/concurrency/scan-is-one-instant", "a scan beside a writer sees a prefix of what it wrote", func(r *run) {
			s := r.open()
			var keys []storage.Key
			for n := range 150 {
				keys = append(keys, touch(n+1).Key())
			}
			ways := []storage.Query{{}, {IDs: []identity.ID{user(1)}}, {Keys: keys}}
			r.together(1+len(ways), func(k int) error {
				for n := range 150 {
					if k == len(ways) {
						if _, err := s.Append(r.ctx, []storage.Fact{touch(150-n, user(1))}); err != nil {
							return err
						}
						continue
					}
					lowest, count := 151, 0
					for f, err := range s.Scan(r.ctx, ways[k]) {
						if err != nil {
							return err
						}
						var id int
						fmt.Sscanf(f.Touch.ID, "t%d", &id)
						lowest = min(lowest, id)
						count++
					}
					if count != 151-lowest {
						return fmt.Errorf("a scan sees %d facts down to %d", count, lowest)
					}
				}
				return nil
			})
		}},
		rule{"S9/concurrency/every-call", "every call at once, of optional interfaces too, and the tables still agree", func(r *run) {
			s := r.open()
			calls := everyCall(s)
			gs := make([]random, len(calls))
			for k := range gs {
				gs[k] = newRandom(uint64(k))
			}
			for n := range 25 { // a round joins, so that no call can be over before another begins
				r.together(len(calls), func(k int) error {
					return ignore(calls[k](r.ctx, gs[k], n), storage.ErrUnavailable, storage.ErrStale, storage.ErrUnsupported)
				})
			}
			r.ok(storage.Verify(r.ctx, s), "Verify")
		}},
		rule{"S13/concurrency/close-beside-calls", "closing beside other calls gives ErrClosed, not a panic", func(r *run) {
			s := r.open()
			r.add(s, touches(100)...)
			r.together(4, func(k int) error {
				for n := range 200 {
					var err error
					switch k {
					case 0:
						if n == 100 {
							err = s.Close()
						}
					case 1:
						_, err = s.Append(r.ctx, []storage.Fact{touch(1000 + n)})
					case 2:
						_, err = drain(s.Scan(r.ctx, storage.Query{Limit: 5}))
					default:
						_, err = drain(s.Ties(r.ctx, []identity.ID{user(1)}))
					}
					if ignore(err, storage.ErrClosed) != nil {
						return err
					}
				}
				return nil
			})
		}},
		rule{"S9/concurrency/two-handles", "two handles are one store", func(r *run) {
			a := r.open()
			b := r.second(a)
			r.together(2, func(k int) error {
				s := []storage.Store{a, b}[k]
				for n := range 100 {
					if _, err := s.Append(r.ctx, []storage.Fact{touch(n), touch(1000*(k+1) + n)}); err != nil {
						return err
					}
				}
				return nil
			})
			r.same(r.scan(a, storage.Query{}), r.scan(b, storage.Query{}), "the other handle")
			if n := len(r.scan(a, storage.Query{})); n != 300 {
				r.failf("%d facts, want 300", n)
			}
		}},
		spanningTrees(400, 40, 8, false),
		spanningTrees(400, 40, 8, true),
		spanningTrees(2000, 40, 4, false),
		spanningTrees(2000, 40, 4, true),
		spanningTrees(60, 1, 6, false),
		rule{"S9/concurrency/same-erasure-at-once", "one erasure sent twice at once is one", func(r *run) {
			s := r.open()
			r.add(s, touches(50)...)
			recs := make([]storage.Receipt, 4)
			r.together(4, func(k int) (err error) {
				recs[k], err = s.Erase(r.ctx, storage.Erasure{ID: "e", At: erasedAt, Remove: []storage.Query{{To: minute(20)}}})
				return err
			})
			for _, rec := range recs {
				if rec.Removed[storage.ClassTouch] != 20 {
					r.failf("receipt says %v", rec.Removed)
				}
			}
			r.same(r.left(s), touches(50)[20:], "Scan")
		}},
	)
}

// everyCall is each call that a store can take, with arguments of random choice. Each stands
// alone: what else its goroutine locks would hide a lock that it forgets.
func everyCall(s storage.Store) []func(ctx context.Context, g random, n int) error {
	write := func(ctx context.Context, g random, _ int) error {
		_, err := s.Append(ctx, []storage.Fact{g.fact(), g.fact(), g.fact()})
		return err
	}
	calls := []func(ctx context.Context, g random, n int) error{
		write, write,
		func(ctx context.Context, g random, n int) error {
			_, err := s.Erase(ctx, storage.Erasure{ID: fmt.Sprint(n), At: erasedAt, Remove: []storage.Query{{IDs: g.ids()}}})
			return err
		},
		func(ctx context.Context, g random, _ int) error {
			_, err := drain(s.Scan(ctx, storage.Query{IDs: g.ids()}))
			return err
		},
		func(ctx context.Context, g random, _ int) error {
			_, err := storage.Component(ctx, s, g.ids(), nil, 0)
			return err
		},
		func(ctx context.Context, _ random, _ int) error {
			_, err := drain(s.Changes(ctx, storage.Cursor{}))
			return err
		},
		func(ctx context.Context, g random, _ int) error {
			_, err := storage.Count(ctx, s, pick(g, storage.Query{}, storage.Query{IDs: g.ids()}))
			return err
		},
		func(ctx context.Context, g random, _ int) error {
			_, err := storage.Load(ctx, s, sequence([]storage.Fact{g.fact(), g.fact()}, nil))
			return err
		},
		func(ctx context.Context, _ random, _ int) error {
			if v, ok := s.(storage.Verifier); ok { // the whole of storage.Verify wants a store at rest
				return v.Verify(ctx)
			}
			return nil
		},
		func(ctx context.Context, _ random, n int) error {
			if n != 10 { // it may wait for those who read, for seconds
				return nil
			}
			_, err := storage.Reclaim(ctx, s)
			return err
		},
		func(ctx context.Context, g random, _ int) error {
			view, err := storage.OpenSnapshot(ctx, s)
			if err != nil {
				return err
			}
			_, err = drain(view.Scan(ctx, storage.Query{IDs: g.ids()}))
			_, tied := drain(view.Ties(ctx, g.ids()))
			return errors.Join(err, tied, view.Close())
		},
		func(ctx context.Context, _ random, n int) error {
			_, err := storage.Split(ctx, s, storage.Query{}, 1+n%4)
			return err
		},
	}
	z, ok := s.(storage.Summarizer)
	if !ok {
		return calls
	}
	put := func(ctx context.Context, _ random, n int) error {
		from, err := z.SummaryCursor(ctx, "m")
		if err != nil {
			return err
		}
		return z.PutSummaries(ctx, "m", from, place(n), nil, summaries(n))
	}
	return append(calls, put, put,
		func(ctx context.Context, _ random, _ int) error {
			_, err := drain(z.Summaries(ctx, "m", storage.SummaryQuery{}))
			return err
		},
		func(ctx context.Context, _ random, _ int) error {
			_, err := z.SummaryCursor(ctx, "m")
			return err
		},
		func(ctx context.Context, _ random, _ int) error {
			_, err := z.CountSummaries(ctx, "m", storage.SummaryQuery{})
			return err
		})
}
