package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// summarizer opens a store that keeps summaries, or skips the rule.
func (r *run) summarizer() (storage.Store, storage.Summarizer) {
	s := r.open()
	z, ok := s.(storage.Summarizer)
	if !ok {
		r.skip("Summarizer")
	}
	return s, z
}

func summary(n int) storage.Summary {
	return storage.Summary{
		Subject: [16]byte{byte(n >> 8), byte(n), 1}, IDs: []identity.ID{mail(n), user(n)}, Stage: []string{"aware", "consider", "decide"}[n%3],
		Entered: minute(n), First: minute(-n), Last: minute(10 * (n % 7)), Touches: int64(n), Value: int64(-n), Account: [16]byte{byte(n % 2)}, Body: []byte{byte(n), 0, 255},
	}
}

func summaries(n int) []storage.Summary {
	out := make([]storage.Summary, n)
	for i := range out {
		out[i] = summary(i)
	}
	return out
}

// rows returns the rows that a query selects.
func (r *run) rows(z storage.Summarizer, q storage.SummaryQuery) []storage.Summary {
	var out []storage.Summary
	for row, err := range z.Summaries(r.ctx, "m", q) {
		r.ok(err, "Summaries")
		out = append(out, row)
	}
	return out
}

// completeTo fails unless the rows are complete up to a place: what changed after it is what
// changed after the model's cursor.
func (r *run) completeTo(s storage.Store, z storage.Summarizer, last storage.Cursor, why string) {
	at, err := z.SummaryCursor(r.ctx, "m")
	r.ok(err, "SummaryCursor")
	if got, want := len(r.changes(s, at)), len(r.changes(s, last)); got != want {
		r.failf("%d changes after the cursor, want %d, as %s", got, want, why)
	}
}

func (r *run) sameRows(got, want []storage.Summary, what string) {
	if len(got) != len(want) {
		r.failf("%s gives %d rows, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			r.failf("%s: row %d of %d differs", what, i, len(got))
		}
	}
}

// byLast sorts rows as Summaries yields them.
func byLast(rows []storage.Summary) []storage.Summary {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b storage.Summary) int {
		if c := a.Last.Compare(b.Last); c != 0 {
			return c
		}
		return bytes.Compare(a.Subject[:], b.Subject[:])
	})
	return rows
}

func where(rows []storage.Summary, keep func(storage.Summary) bool) []storage.Summary {
	return slices.DeleteFunc(byLast(rows), func(s storage.Summary) bool { return !keep(s) })
}

func place(n int) storage.Cursor { return storage.MakeCursor(fmt.Sprint("place-", n)) }

// Group S: derived rows beside the facts.
func summaryRules() []rule {
	var all []rule
	filters := func(name string, q storage.SummaryQuery, keep func(storage.Summary) bool) {
		all = append(all, rule{"S14/summary/by-" + name, "a query on summaries has its plain meaning, and counts as it scans", func(r *run) {
			_, z := r.summarizer()
			rows := summaries(60)
			r.ok(z.PutSummaries(r.ctx, "m", storage.Cursor{}, place(1), nil, rows), "PutSummaries")
			want := where(rows, keep)
			r.sameRows(r.rows(z, q), want, "Summaries")
			counts := make(map[string]int64)
			for _, row := range want {
				counts[row.Stage]++
			}
			got, err := z.CountSummaries(r.ctx, "m", q)
			r.ok(err, "CountSummaries")
			if !maps.Equal(got, counts) {
				r.failf("counts %v, want %v", got, counts)
			}
			for _, n := range []int{1, 5, 1000} {
				q := q
				q.Limit = n
				r.sameRows(r.rows(z, q), want[:min(n, len(want))], "Summaries with a limit")
			}
		}})
	}
	filters("nothing", storage.SummaryQuery{}, func(storage.Summary) bool { return true })
	filters("stage", storage.SummaryQuery{Stages: []string{"aware", "never"}}, func(s storage.Summary) bool { return s.Stage == "aware" })
	filters("no-stage", storage.SummaryQuery{Stages: []string{}}, func(storage.Summary) bool { return false })
	filters("last-before", storage.SummaryQuery{LastBefore: minute(30)}, func(s storage.Summary) bool { return s.Last.Before(minute(30)) })
	filters("last-from", storage.SummaryQuery{LastFrom: minute(30)}, func(s storage.Summary) bool { return !s.Last.Before(minute(30)) })
	filters("entered-before", storage.SummaryQuery{EnteredBefore: minute(20)}, func(s storage.Summary) bool { return s.Entered.Before(minute(20)) })
	filters("account", storage.SummaryQuery{Account: [16]byte{1}}, func(s storage.Summary) bool { return s.Account == [16]byte{1} })
	filters("identifier", storage.SummaryQuery{IDs: []identity.ID{user(3), mail(3), mail(9)}}, func(s storage.Summary) bool { return s.Touches == 3 || s.Touches == 9 })
	filters("all-of-them", storage.SummaryQuery{Stages: []string{"aware", "decide"}, LastFrom: minute(10), LastBefore: minute(50), EnteredBefore: minute(50), Account: [16]byte{1}},
		func(s storage.Summary) bool {
			return s.Stage != "consider" && !s.Last.Before(minute(10)) && s.Last.Before(minute(50)) && s.Entered.Before(minute(50)) && s.Account == [16]byte{1}
		})

	return append(all,
		rule{"S14/summary/values", "a row comes back as it was put", func(r *run) {
			_, z := r.summarizer()
			rows := []storage.Summary{{Subject: [16]byte{1}, Last: minute(1)}, {Subject: [16]byte{2}, IDs: []identity.ID{identity.MakeID("other_id", "Á 'x'")}, Stage: "見込み", Last: end, First: time.Unix(0, 0).UTC(), Value: -1 << 63, Body: bytes.Repeat([]byte{0, 1}, 5000)}}
			r.ok(z.PutSummaries(r.ctx, "m", storage.Cursor{}, place(1), nil, rows), "PutSummaries")
			r.sameRows(r.rows(z, storage.SummaryQuery{}), rows, "Summaries")
			rows[1].Body[0], rows[1].IDs[0] = 9, user(1)
			if r.rows(z, storage.SummaryQuery{})[1].Body[0] == 9 {
				r.failf("what was handed in is kept")
			}
		}},
		rule{"S14/summary/compare-and-swap", "of two refreshers one wins a step", func(r *run) {
			_, z := r.summarizer()
			at, err := z.SummaryCursor(r.ctx, "m")
			if err != nil || at != (storage.Cursor{}) {
				r.failf("cursor of nothing %v, error %v", at, err)
			}
			r.ok(z.PutSummaries(r.ctx, "m", storage.Cursor{}, place(1), nil, summaries(1)), "PutSummaries")
			for _, from := range []storage.Cursor{{}, place(2)} {
				r.is(z.PutSummaries(r.ctx, "m", from, place(9), nil, summaries(5)), storage.ErrStale, "PutSummaries")
			}
			if at, _ = z.SummaryCursor(r.ctx, "m"); at != place(1) {
				r.failf("cursor %v", at)
			}
			if n := len(r.rows(z, storage.SummaryQuery{})); n != 1 {
				r.failf("%d rows", n)
			}
		}},
		rule{"S14/summary/models-apart", "another model has its own cursor and rows", func(r *run) {
			_, z := r.summarizer()
			r.ok(z.PutSummaries(r.ctx, "m", storage.Cursor{}, place(1), nil, summaries(3)), "PutSummaries")
			r.ok(z.PutSummaries(r.ctx, "other", storage.Cursor{}, place(7), []identity.ID{user(1)}, summaries(2)), "PutSummaries")
			if n := len(r.rows(z, storage.SummaryQuery{})); n != 3 {
				r.failf("%d rows", n)
			}
		}},
		rule{"S14/summary/overlap-is-replaced", "a merge leaves no row of the former people, a split no row of the former one", func(r *run) {
			_, z := r.summarizer()
			r.ok(z.PutSummaries(r.ctx, "m", storage.Cursor{}, place(1), nil, summaries(6)), "PutSummaries")
			merged := summary(50)
			merged.IDs = []identity.ID{mail(1), user(2)}
			r.ok(z.PutSummaries(r.ctx, "m", place(1), place(2), []identity.ID{mail(4), user(99)}, []storage.Summary{merged}), "PutSummaries")
			want := byLast([]storage.Summary{summary(0), summary(3), summary(5), merged})
			r.sameRows(r.rows(z, storage.SummaryQuery{}), want, "Summaries")
			r.sameRows(r.rows(z, storage.SummaryQuery{IDs: []identity.ID{user(1), mail(2)}}), nil, "Summaries of the former")
			r.ok(z.PutSummaries(r.ctx, "m", place(2), place(3), nil, []storage.Summary{summary(1), summary(2)}), "PutSummaries")
			r.sameRows(r.rows(z, storage.SummaryQuery{}), byLast([]storage.Summary{summary(0), summary(1), summary(2), summary(3), summary(5)}), "Summaries")
		}},
		rule{"S14/summary/same-subject", "a subject has one row", func(r *run) {
			_, z := r.summarizer()
			a, b := summary(1), summary(2)
			b.Subject = a.Subject
			r.ok(z.PutSummaries(r.ctx, "m", storage.Cursor{}, place(1), nil, []storage.Summary{a}), "PutSummaries")
			r.ok(z.PutSummaries(r.ctx, "m", place(1), place(2), a.IDs, []storage.Summary{b}), "PutSummaries")
			r.sameRows(r.rows(z, storage.SummaryQuery{}), []storage.Summary{b}, "Summaries")
		}},
		rule{"S14/summary/eight-refreshers", "eight refreshers do the work of one, whoever wins", func(r *run) {
			_, z := r.summarizer()
			var steps atomic.Int64
			r.together(8, func(int) error {
				for {
					at, err := z.SummaryCursor(r.ctx, "m")
					if err != nil {
						return err
					}
					n := 0
					_, _ = fmt.Sscanf(at.String(), "place-%d", &n)
					if n == 40 {
						return nil
					}
					err = z.PutSummaries(r.ctx, "m", at, place(n+1), nil, []storage.Summary{summary(n)})
					if err == nil {
						steps.Add(1)
					} else if !errors.Is(err, storage.ErrStale) {
						return err
					}
				}
			})
			if steps.Load() != 40 {
				r.failf("%d steps won of 40", steps.Load())
			}
			r.sameRows(r.rows(z, storage.SummaryQuery{}), byLast(summaries(40)), "Summaries")
		}},
		rule{"S11/summary/erasure-removes-rows", "a derived row is erased with what it was derived from", func(r *run) {
			s, z := r.summarizer()
			for n := range 5 {
				r.add(s, touch(n, user(n)))
			}
			r.ok(z.PutSummaries(r.ctx, "m", storage.Cursor{}, place(1), nil, summaries(5)), "PutSummaries")
			r.erase(s, storage.Erasure{Remove: []storage.Query{{IDs: []identity.ID{user(3)}}}})
			r.sameRows(r.rows(z, storage.SummaryQuery{}), where(summaries(5), func(s storage.Summary) bool { return s.Touches != 3 }), "Summaries")
		}},
		rule{"S11/summary/rows-to-be-made-again", "a row whose facts went in part must not be missing for ever", func(r *run) {
			s, z := r.summarizer()
			r.add(s, touch(0, user(0)), touch(1, user(1)), touch(2, user(1), mail(1)))
			last := r.changes(s, storage.Cursor{})[2].Cursor
			r.ok(z.PutSummaries(r.ctx, "m", storage.Cursor{}, last, nil, summaries(3)), "PutSummaries")
			r.erase(s, storage.Erasure{Remove: []storage.Query{{IDs: []identity.ID{user(0)}}}})
			r.completeTo(s, z, last, "nothing is to be made again")
			r.erase(s, storage.Erasure{Remove: []storage.Query{{Keys: []storage.Key{touch(2).Key()}}}})
			r.sameRows(r.rows(z, storage.SummaryQuery{}), []storage.Summary{summary(2)}, "Summaries")
			r.completeTo(s, z, storage.Cursor{}, "a row is missing")
		}},
		rule{"S11/summary/redaction-removes-rows", "a derived row goes with what was redacted", func(r *run) {
			s, z := r.summarizer()
			r.add(s, touch(0, user(0)), touch(1, user(1)), touch(2, user(1), mail(1)), touch(3, user(2)))
			last := r.changes(s, storage.Cursor{})[3].Cursor
			r.ok(z.PutSummaries(r.ctx, "m", storage.Cursor{}, last, nil, summaries(4)), "PutSummaries")
			nobody := func(n int) storage.Fact {
				return with(touch(n), func(t *touchpoint.Touch) { t.IDs = nil })
			}
			r.erase(s, storage.Erasure{Redact: []storage.Fact{nobody(0), touch(3, user(2))}})
			r.completeTo(s, z, last, "nothing is to be made again")
			r.erase(s, storage.Erasure{Redact: []storage.Fact{nobody(2)}})
			r.sameRows(r.rows(z, storage.SummaryQuery{}), byLast([]storage.Summary{summary(2), summary(3)}), "Summaries")
			r.completeTo(s, z, storage.Cursor{}, "a row is missing")
		}},
		rule{"S11/summary/overtaken-by-an-erasure", "a refresher that read somebody's facts before their erasure cannot put them back", func(r *run) {
			s, z := r.summarizer()
			r.add(s, touches(3)...)
			last := r.changes(s, storage.Cursor{})[2].Cursor
			for _, e := range []storage.Erasure{
				{Remove: []storage.Query{{IDs: []identity.ID{user(0), mail(0)}}}}, // nobody has a row yet
				{Remove: []storage.Query{{Keys: []storage.Key{touch(1).Key()}}}},
				{Redact: []storage.Fact{with(touch(2), func(t *touchpoint.Touch) { t.IDs = nil })}},
			} {
				for _, model := range []string{"m", "other", "empty"} {
					from, err := z.SummaryCursor(r.ctx, model)
					r.ok(err, "SummaryCursor")
					again := e
					again.Remove = append([]storage.Query{{Keys: []storage.Key{{Class: storage.ClassTouch, Source: "none", ID: model}}}}, e.Remove...)
					r.erase(s, again)
					r.is(z.PutSummaries(r.ctx, model, from, last, nil, summaries(3)), storage.ErrStale, "PutSummaries")
					if model == "m" {
						r.sameRows(r.rows(z, storage.SummaryQuery{}), nil, "Summaries")
					}
					if model != "empty" {
						at, err := z.SummaryCursor(r.ctx, model)
						r.ok(err, "SummaryCursor")
						r.ok(z.PutSummaries(r.ctx, model, at, last, nil, nil), "PutSummaries")
					}
				}
			}
			r.completeTo(s, z, last, "rows were put up to there")
		}},
		rule{"S14/summary/no-fact-is-touched", "summaries are beside the facts: no result differs with them", func(r *run) {
			s, z := r.summarizer()
			r.add(s, touches(5)...)
			last := r.changes(s, storage.Cursor{})[4].Cursor
			r.ok(z.PutSummaries(r.ctx, "m", storage.Cursor{}, last, idsOf(touches(5)), summaries(5)), "PutSummaries")
			r.holds(s, touches(5)...)
			if n := len(r.changes(s, last)); n != 0 {
				r.failf("%d changes by summaries", n)
			}
		}},
		rule{"S8/summary/cancelled-in-the-loop", "a loop over rows that is cancelled ends with the error, not as if there were no more", func(r *run) {
			_, z := r.summarizer()
			r.ok(z.PutSummaries(r.ctx, "m", storage.Cursor{}, place(1), nil, summaries(60)), "PutSummaries")
			for stop := 1; stop < 60; stop += 19 {
				r.at("cancelled at %d", stop)
				ctx, cancel := context.WithCancel(r.ctx)
				n, errs := 0, 0
				for row, err := range z.Summaries(ctx, "m", storage.SummaryQuery{}) {
					if errs > 0 {
						r.failf("a value after the error")
					}
					if err == nil {
						if n++; n == stop {
							cancel()
						}
						continue
					}
					r.is(err, context.Canceled, "Summaries")
					if errs++; !reflect.DeepEqual(row, storage.Summary{}) {
						r.failf("the error comes with a row")
					}
				}
				cancel()
				if errs != 1 {
					r.failf("%d errors after %d rows", errs, n)
				}
			}
		}},
		rule{"S13/summary/closed", "every call after Close is ErrClosed", func(r *run) {
			s, z := r.summarizer()
			r.ok(s.Close(), "Close")
			r.is(z.PutSummaries(r.ctx, "m", storage.Cursor{}, place(1), nil, nil), storage.ErrClosed, "PutSummaries")
			_, err := z.SummaryCursor(r.ctx, "m")
			r.is(err, storage.ErrClosed, "SummaryCursor")
			_, err = z.CountSummaries(r.ctx, "m", storage.SummaryQuery{})
			r.is(err, storage.ErrClosed, "CountSummaries")
			_, err = drain(z.Summaries(r.ctx, "m", storage.SummaryQuery{}))
			r.is(err, storage.ErrClosed, "Summaries")
		}},
	)
}
