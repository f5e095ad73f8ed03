package storetest

import (
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
			r.together(3, func(k int) error {
				for n := range 150 {
					if k == 0 {
						if _, err := s.Append(r.ctx, []storage.Fact{touch(150 - n)}); err != nil {
							return err
						}
						continue
					}
					lowest, count := 151, 0
					for f, err := range s.Scan(r.ctx, storage.Query{}) {
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
		rule{"S9/concurrency/readers-and-writers", "every method at once, and the tables still agree", func(r *run) {
			s := r.open()
			r.together(6, func(k int) error {
				g := newRandom(uint64(k))
				for n := range 60 {
					var err error
					switch k {
					case 0, 1:
						_, err = s.Append(r.ctx, []storage.Fact{g.fact(), g.fact(), g.fact()})
						err = ignore(err, storage.ErrUnavailable)
					case 2:
						_, err = drain(s.Scan(r.ctx, storage.Query{IDs: g.ids()}))
					case 3:
						_, err = storage.Component(r.ctx, s, g.ids(), nil, 0)
					case 4:
						_, err = drain(s.Changes(r.ctx, storage.Cursor{}))
					default:
						_, err = s.Erase(r.ctx, storage.Erasure{ID: fmt.Sprint(n), At: erasedAt, Remove: []storage.Query{{IDs: g.ids()}}})
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
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
