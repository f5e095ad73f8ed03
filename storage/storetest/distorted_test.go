package storetest_test

import (
	"context"
	"errors"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// distorted is a good store of which every answer of a kind is wrong in the same way.
type distorted struct {
	*memstore.Store
	outs    func([]touchpoint.Outcome, error) ([]touchpoint.Outcome, error)
	fact    func(storage.Fact) []storage.Fact
	tie     func(storage.Tie) []storage.Tie
	change  func(storage.Change) []storage.Change
	receipt func(storage.Receipt, error) (storage.Receipt, error)
	tail    error // after the last value of an iteration
	deaf    bool  // to contexts and to Close
	count   int64
	summary func(storage.Summary) []storage.Summary
}

func (s *distorted) ctx(ctx context.Context) context.Context {
	if s.deaf && ctx != nil {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

func (s *distorted) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	outs, err := s.Store.Append(s.ctx(ctx), facts)
	if s.outs != nil {
		return s.outs(outs, err)
	}
	return outs, err
}

func bent[T any](seq iter.Seq2[T, error], bend func(T) []T, tail error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range seq {
			if err != nil {
				yield(v, err)
				return
			}
			all := []T{v}
			if bend != nil {
				all = bend(v)
			}
			for _, x := range all {
				if !yield(x, nil) {
					return
				}
			}
		}
		if tail != nil {
			var none T
			yield(none, tail)
		}
	}
}

func (s *distorted) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return bent(s.Store.Scan(s.ctx(ctx), q), s.fact, s.tail)
}

func (s *distorted) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	return bent(s.Store.Ties(s.ctx(ctx), ids), s.tie, s.tail)
}

func (s *distorted) Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return bent(s.Store.Changes(s.ctx(ctx), after), s.change, s.tail)
}

func (s *distorted) Erase(ctx context.Context, e storage.Erasure) (storage.Receipt, error) {
	rec, err := s.Store.Erase(s.ctx(ctx), e)
	if s.receipt != nil {
		return s.receipt(rec, err)
	}
	return rec, err
}

func (s *distorted) Count(ctx context.Context, q storage.Query) (int64, error) {
	n, err := s.Store.Count(ctx, q)
	return n + s.count, err
}

func (s *distorted) Summaries(ctx context.Context, model string, q storage.SummaryQuery) iter.Seq2[storage.Summary, error] {
	return bent(s.Store.Summaries(ctx, model, q), s.summary, s.tail)
}

func (s *distorted) Close() error {
	if s.deaf {
		return nil
	}
	return s.Store.Close()
}

// each changes every outcome.
func each(change func(*touchpoint.Outcome)) func([]touchpoint.Outcome, error) ([]touchpoint.Outcome, error) {
	return func(outs []touchpoint.Outcome, err error) ([]touchpoint.Outcome, error) {
		for i := range outs {
			change(&outs[i])
		}
		return outs, err
	}
}

var errTail = errors.New("distorted: the end fails")

// distortions are what a store may always get wrong.
var distortions = map[string]func(*distorted){
	"all is accepted": func(s *distorted) { s.outs = each(func(o *touchpoint.Outcome) { o.Status = touchpoint.Accepted }) },
	"all is known": func(s *distorted) {
		s.outs = each(func(o *touchpoint.Outcome) {
			if o.Status == touchpoint.Accepted {
				o.Status = touchpoint.Duplicate
			}
		})
	},
	"all is refused": func(s *distorted) {
		s.outs = each(func(o *touchpoint.Outcome) { o.Status, o.Reason = touchpoint.Rejected, touchpoint.Missing })
	},
	"refused without a reason": func(s *distorted) { s.outs = each(func(o *touchpoint.Outcome) { o.Reason = "" }) },
	"refused for another reason": func(s *distorted) {
		s.outs = each(func(o *touchpoint.Outcome) {
			if o.Reason != "" {
				o.Reason = touchpoint.Bot
			}
		})
	},
	"conflicts of no field": func(s *distorted) { s.outs = each(func(o *touchpoint.Outcome) { o.Fields = nil }) },
	"duplicates are conflicts": func(s *distorted) {
		s.outs = each(func(o *touchpoint.Outcome) {
			if o.Status == touchpoint.Duplicate {
				o.Status = touchpoint.Conflict
			}
		})
	},
	"no outcome is one":         func(s *distorted) { s.outs = each(func(o *touchpoint.Outcome) { o.Status = 0 }) },
	"outcomes of another's key": func(s *distorted) { s.outs = each(func(o *touchpoint.Outcome) { o.Key.ID += "x" }) },
	"to be repeated, no error":  func(s *distorted) { s.outs = each(func(o *touchpoint.Outcome) { o.Status = touchpoint.Retry }) },
	"outcomes though nothing began": func(s *distorted) {
		s.outs = func(outs []touchpoint.Outcome, err error) ([]touchpoint.Outcome, error) {
			if outs == nil {
				outs = make([]touchpoint.Outcome, 3)
			}
			return outs, err
		}
	},
	"an outcome too few": func(s *distorted) {
		s.outs = func(outs []touchpoint.Outcome, err error) ([]touchpoint.Outcome, error) {
			return outs[:max(0, len(outs)-1)], err
		}
	},
	"no errors": func(s *distorted) {
		s.outs = func(outs []touchpoint.Outcome, _ error) ([]touchpoint.Outcome, error) { return outs, nil }
		s.receipt = func(r storage.Receipt, _ error) (storage.Receipt, error) { return r, nil }
	},
	"facts are not there":   func(s *distorted) { s.fact = func(storage.Fact) []storage.Fact { return nil } },
	"facts are there twice": func(s *distorted) { s.fact = func(f storage.Fact) []storage.Fact { return []storage.Fact{f, f} } },
	"facts come with tags": func(s *distorted) {
		s.fact = func(f storage.Fact) []storage.Fact { f.Tags = []storage.Tag{{1}}; return []storage.Fact{f} }
	},
	"facts of another class": func(s *distorted) {
		s.fact = func(f storage.Fact) []storage.Fact {
			return []storage.Fact{{Audit: &storage.Audit{ID: f.Key().ID, At: f.At()}}}
		}
	},
	"touches a microsecond later": func(s *distorted) {
		s.fact = func(f storage.Fact) []storage.Fact {
			if f.Touch != nil {
				f.Touch.At = f.Touch.At.Add(time.Microsecond)
			}
			return []storage.Fact{f}
		}
	},
	"ties are not there":   func(s *distorted) { s.tie = func(storage.Tie) []storage.Tie { return nil } },
	"ties are there twice": func(s *distorted) { s.tie = func(t storage.Tie) []storage.Tie { return []storage.Tie{t, t} } },
	"ties of one touch less": func(s *distorted) {
		s.tie = func(t storage.Tie) []storage.Tie { t.Count--; return []storage.Tie{t} }
	},
	"ties of another source": func(s *distorted) {
		s.tie = func(t storage.Tie) []storage.Tie { t.Sighting.Ref.Source += "x"; return []storage.Tie{t} }
	},
	"ties of another kind": func(s *distorted) {
		s.tie = func(t storage.Tie) []storage.Tie { t.Sighting.Kind++; return []storage.Tie{t} }
	},
	"changes are not there": func(s *distorted) { s.change = func(storage.Change) []storage.Change { return nil } },
	"changes are there twice": func(s *distorted) {
		s.change = func(c storage.Change) []storage.Change { return []storage.Change{c, c} }
	},
	"changes without a cursor": func(s *distorted) {
		s.change = func(c storage.Change) []storage.Change { c.Cursor = storage.Cursor{}; return []storage.Change{c} }
	},
	"one cursor for all": func(s *distorted) {
		s.change = func(c storage.Change) []storage.Change {
			c.Cursor = storage.MakeCursor("mem-1")
			return []storage.Change{c}
		}
	},
	"iterations end with an error": func(s *distorted) { s.tail = errTail },
	"erasures that never end": func(s *distorted) {
		s.receipt = func(r storage.Receipt, err error) (storage.Receipt, error) { r.Done = false; return r, err }
	},
	"receipts of nothing": func(s *distorted) {
		s.receipt = func(r storage.Receipt, err error) (storage.Receipt, error) {
			r.Removed, r.Redacted = nil, 0
			return r, err
		}
	},
	"receipts of more": func(s *distorted) {
		s.receipt = func(r storage.Receipt, err error) (storage.Receipt, error) {
			r.Removed, r.Redacted = maps.Clone(r.Removed), r.Redacted+1
			if r.Removed == nil {
				r.Removed = map[storage.Class]int64{}
			}
			r.Removed[storage.ClassTouch]++
			return r, err
		}
	},
	"erasures fail": func(s *distorted) {
		s.receipt = func(r storage.Receipt, _ error) (storage.Receipt, error) { return storage.Receipt{}, errTail }
	},
	"deaf to contexts and to Close": func(s *distorted) { s.deaf = true },
	"counts one more":               func(s *distorted) { s.count = 1 },
	"summaries are not there":       func(s *distorted) { s.summary = func(storage.Summary) []storage.Summary { return nil } },
	"summaries of other bytes": func(s *distorted) {
		s.summary = func(r storage.Summary) []storage.Summary {
			r.Body = append(slices.Clone(r.Body), 1)
			return []storage.Summary{r}
		}
	},
}

// A rule that every wrong store follows would say nothing: each has a distortion by which
// it fails, and a failure says what was seen.
func TestEveryRuleFailsOnSomeDistortedStore(t *testing.T) {
	if testing.Short() {
		t.Skip("about what rules find, which the race detector does not change: not with -short")
	}
	var mu sync.Mutex
	failed := map[string]bool{}
	t.Run("stores", func(t *testing.T) {
		for what, distort := range distortions {
			t.Run(strings.ReplaceAll(what, " ", "-"), func(t *testing.T) {
				t.Parallel()
				h := storetest.Impatient(short(plain(func(s *memstore.Store) storage.Store {
					d := &distorted{Store: s}
					distort(d)
					return d
				})))
				h.Seeds, h.Ops = 1, 10
				n := 0
				for _, group := range groups(distort) {
					err := storetest.CheckOnly(t.Context(), h, group)
					if err == nil {
						continue
					}
					for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
						var f *storetest.Failure
						if !errors.As(e, &f) || f.Detail == "" {
							t.Errorf("%v", e)
							continue
						}
						n++
						mu.Lock()
						failed[f.Rule] = true
						mu.Unlock()
					}
				}
				if n == 0 {
					t.Error("no rule fails")
				}
			})
		}
	})
	if os.Getenv("TABI_LONG") == "" {
		return // not every rule was asked by every store
	}
	missing := 0
	for name := range storetest.Rules() {
		group := strings.Split(name, "/")[1]
		if slices.Contains([]string{"reopen", "fault", "concurrency", "history"}, group) {
			continue // what has to be kept, broken and raced has stores of its own
		}
		if !failed[name] {
			missing++
			t.Logf("%s fails on none of these", name)
		}
	}
	if missing > 20 {
		t.Errorf("%d rules fail on no distorted store", missing)
	}
}

// groups are the rules that a distortion is judged by: all of them with TABI_LONG=1, else
// those of the method that it is about.
func groups(distort func(*distorted)) []string {
	d := new(distorted)
	distort(d)
	switch {
	case os.Getenv("TABI_LONG") != "":
		return []string{"/append/", "/order/", "/query/", "/values/", "/iterate/", "/ties/", "/changes/", "/erase/", "/summary/", "/rest/", "/history/part-0"}
	case d.outs != nil:
		return []string{"/append/", "/concurrency/one-content-wins", "/concurrency/duplicate-is-there"}
	case d.fact != nil:
		return []string{"/query/", "/append/visible", "/concurrency/duplicate-is-there", "/concurrency/real-time-order", "/iterate/500-stopped", "/iterate/no-fact-twice"}
	case d.tie != nil:
		return []string{"/ties/"}
	case d.change != nil:
		return []string{"/changes/"}
	case d.receipt != nil:
		return []string{"/erase/", "/changes/erase", "/concurrency/same-erasure"}
	case d.summary != nil:
		return []string{"/summary/"}
	}
	return []string{"/rest/", "/query/", "/iterate/scan", "/iterate/500-stopped", "/concurrency/two-handles"}
}
