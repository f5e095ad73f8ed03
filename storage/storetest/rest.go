package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// snapshot opens a view or skips the rule.
func (r *run) snapshot(s storage.Store) storage.Snapshot {
	view, err := storage.OpenSnapshot(r.ctx, s)
	if errors.Is(err, storage.ErrUnsupported) {
		r.skip("Snapshotter")
	}
	r.ok(err, "OpenSnapshot")
	return view
}

// sequence yields facts as Load wants them.
func sequence(facts []storage.Fact, err error) iter.Seq2[storage.Fact, error] {
	return func(yield func(storage.Fact, error) bool) {
		for _, f := range facts {
			if !yield(f, nil) {
				return
			}
		}
		if err != nil {
			yield(storage.Fact{}, err)
		}
	}
}

// Group N: the rest.
func restRules() []rule {
	return []rule{
		{"S14/rest/snapshot-holds-still", "a view of one instant does not see later facts", func(r *run) {
			s, m := r.world(3, 150)
			view := r.snapshot(s)
			facts, ties := m.all(), m.ties(nil)
			g := newRandom(99)
			for range 20 {
				r.append(s, touch(5000+g.IntN(500), g.ids()...), full(storage.ClassEvidence, g.IntN(90)), touch(g.IntN(9), g.ids()...))
			}
			var got []storage.Fact
			for f, err := range view.Scan(r.ctx, storage.Query{}) {
				r.ok(err, "Scan")
				got = append(got, f)
			}
			r.same(got, facts, "Scan of the view")
			var seen []storage.Tie
			for t, err := range view.Ties(r.ctx, nil) {
				r.ok(err, "Ties")
				seen = append(seen, t)
			}
			sortTies(seen)
			r.sameTies(seen, ties, "Ties of the view")
			r.ok(view.Close(), "Close")
			r.ok(view.Close(), "Close again")
		}},
		{"S13/rest/snapshot-closed", "a view that is closed, or whose store is, reads nothing and says so, of an empty store too", func(r *run) {
			for _, n := range []int{0, 3} {
				r.at("%d facts", n)
				s := r.open()
				r.append(s, touches(n)...)
				mine, others := r.snapshot(s), r.snapshot(s)
				done, cancel := context.WithCancel(r.ctx)
				cancel()
				reads := func(view storage.Snapshot, ctx context.Context, want error) {
					_, err := drain(view.Scan(ctx, storage.Query{}))
					r.is(err, want, "Scan")
					_, err = drain(view.Ties(ctx, nil))
					r.is(err, want, "Ties")
				}
				reads(mine, done, context.Canceled)
				r.ok(mine.Close(), "Close of the view")
				reads(mine, r.ctx, storage.ErrClosed)
				if k, err := drain(others.Scan(r.ctx, storage.Query{})); k != n || err != nil {
					r.failf("another view reads %d facts, error %v", k, err)
				}
				r.ok(s.Close(), "Close")
				reads(others, r.ctx, storage.ErrClosed)
				r.ok(others.Close(), "Close of a view after its store")
				_, err := storage.OpenSnapshot(r.ctx, s)
				r.is(err, storage.ErrClosed, "OpenSnapshot")
			}
		}},
		{"S11/rest/snapshot-obeys-erasures", "what was erased is gone from every view", func(r *run) {
			s := r.open()
			r.add(s, touches(20)...)
			view := r.snapshot(s)
			defer view.Close()
			r.erase(s, storage.Erasure{Remove: []storage.Query{{IDs: []identity.ID{user(7)}}}})
			n, err := drain(view.Scan(r.ctx, storage.Query{IDs: []identity.ID{user(7)}}))
			if n != 0 || err != nil {
				r.failf("%d facts, error %v", n, err)
			}
		}},
		{"C5/rest/snapshot-and-redaction", "a view shows what is left of its own facts, and nothing of later ones", func(r *run) {
			s := r.open()
			r.add(s, touch(0), touch(1))
			view := r.snapshot(s)
			defer view.Close()
			r.add(s, touch(2), touch(3))
			red := func(n int) storage.Fact {
				return with(touch(n, account(n)), func(t *touchpoint.Touch) { t.Redacted = true })
			}
			r.erase(s, storage.Erasure{Redact: []storage.Fact{red(1), red(2), red(3)}})
			var got []storage.Fact
			for f, err := range view.Scan(r.ctx, storage.Query{}) {
				r.ok(err, "Scan of the view")
				got = append(got, f)
			}
			r.same(got, []storage.Fact{touch(0), red(1)}, "Scan of the view")
			if n, err := drain(view.Ties(r.ctx, []identity.ID{account(2), account(3)})); n != 0 || err != nil {
				r.failf("%d ties of later facts, error %v", n, err)
			}
		}},
		{"S14/rest/dump-and-restore", "a dump gives back the same facts to any store", func(r *run) {
			s, m := r.world(6, 200)
			r.add(s, fullTouch(), with(fullTouch(), func(t *touchpoint.Touch) { t.ID, t.Cost, t.Value = " ' ", touchpoint.Money{}, money(-1<<63, "QQQ") }))
			m.append([]storage.Fact{fullTouch()})
			var b, again bytes.Buffer
			r.ok(storage.Dump(r.ctx, s, &b), "Dump")
			text := b.String()
			for _, other := range []storage.Store{r.open(), memstore.New(nil)} {
				tally, err := storage.Restore(r.ctx, other, strings.NewReader(text))
				r.ok(err, "Restore")
				if tally[accepted] != tally.Offered() {
					r.failf("restored: %v", tally)
				}
				r.same(r.scan(other, storage.Query{}), r.scan(s, storage.Query{}), "Scan of the restored")
				again.Reset()
				r.ok(storage.Dump(r.ctx, other, &again), "Dump")
				if again.String() != text {
					r.failf("the dump of a restored store differs")
				}
			}
			tally, err := storage.Restore(r.ctx, s, strings.NewReader(text))
			r.ok(err, "Restore")
			if tally[duplicate] != tally.Offered() {
				r.failf("restored into itself: %v", tally)
			}
		}},
		{"S14/rest/digest-equals-memstore", "equal facts have equal digests, whatever the store", func(r *run) {
			s, m := r.world(7, 200)
			mem := memstore.New(nil)
			facts := slices.Clone(m.all())
			slices.Reverse(facts)
			for _, f := range facts {
				_, err := mem.Append(r.ctx, []storage.Fact{f})
				r.ok(err, "Append")
			}
			r.sameDigest(s, mem)
			r.append(s, touch(7777))
			a, err := storage.Digest(r.ctx, s)
			r.ok(err, "Digest")
			b, err := storage.Digest(r.ctx, mem)
			r.ok(err, "Digest")
			if a == b {
				r.failf("another fact, the same digest")
			}
		}},
		{"S14/rest/digest-leaves-out-what-is-random", "received instants, audits and erasures are not part of the state", func(r *run) {
			a, b := r.open(), r.open()
			r.add(a, touch(1), full(storage.ClassAudit, 1))
			r.add(b, with(touch(1), func(t *touchpoint.Touch) { t.ReceivedAt = end }))
			r.erase(b, storage.Erasure{ID: "e", Remove: []storage.Query{{IDs: []identity.ID{user(55)}}}})
			r.sameDigest(a, b)
		}},
		{"S14/rest/load-is-append", "bulk loading decides as Append does", func(r *run) {
			a, b := r.open(), r.open()
			g := newRandom(8)
			var facts []storage.Fact
			for range 2500 {
				facts = append(facts, g.fact())
			}
			facts = append(facts, storage.Fact{}, full(storage.ClassErasure, 1))
			tally, err := storage.Load(r.ctx, a, sequence(facts, nil))
			r.ok(err, "Load")
			var want touchpoint.Tally
			for batch := range slices.Chunk(facts, 500) {
				want.Merge(touchpoint.Count(r.append(b, batch...)))
			}
			if tally != want {
				r.failf("Load %v, Append %v", tally, want)
			}
			r.sameDigest(a, b)
		}},
		{"S14/rest/load-stops-at-an-error", "a broken source ends the load, and what came before is kept", func(r *run) {
			s := r.open()
			broken := errors.New("broken source")
			tally, err := storage.Load(r.ctx, s, sequence(touches(30), broken))
			r.is(err, broken, "Load")
			if tally.Offered() != tally[accepted] {
				r.failf("tally %v", tally)
			}
			tally, err = storage.Load(r.ctx, s, sequence(touches(60), nil))
			r.ok(err, "Load again")
			if tally.Offered() != 60 {
				r.failf("tally %v", tally)
			}
			r.holds(s, touches(60)...)
		}},
		{"S14/rest/verify-is-silent", "a sound store gives no finding", func(r *run) {
			s, _ := r.world(12, 250)
			r.ok(storage.Verify(r.ctx, s), "Verify")
		}},
		{"S14/rest/lag", "lag is never negative", func(r *run) {
			s := r.open()
			r.add(s, touch(1))
			if d, err := storage.Lag(r.ctx, s); d < 0 || err != nil {
				r.failf("%v, error %v", d, err)
			}
		}},
		{"S14/rest/reclaim", "giving space back changes nothing", func(r *run) {
			s, m := r.world(13, 100)
			_, err := storage.Reclaim(r.ctx, s)
			r.ok(err, "Reclaim")
			r.same(r.scan(s, storage.Query{}), m.all(), "Scan")
		}},
		{"S13/rest/close-twice", "a second Close is nothing", func(r *run) {
			s := r.open()
			r.add(s, touch(1))
			r.ok(s.Close(), "Close")
			r.ok(s.Close(), "Close again")
		}},
		{"S13/rest/closed", "every call after Close is ErrClosed", func(r *run) {
			s := r.open()
			r.add(s, touches(3)...)
			r.ok(s.Close(), "Close")
			outs, err := s.Append(r.ctx, touches(1))
			r.is(err, storage.ErrClosed, "Append")
			if outs != nil {
				r.failf("%d outcomes", len(outs))
			}
			for _, it := range iterations() {
				n, err := drain(it.of(r.ctx, s))
				r.is(err, storage.ErrClosed, it.name)
				if n != 0 {
					r.failf("%d values", n)
				}
			}
			_, err = s.Erase(r.ctx, storage.Erasure{ID: "e", At: erasedAt, Remove: []storage.Query{{IDs: []identity.ID{user(1)}}}})
			r.is(err, storage.ErrClosed, "Erase")
			_, err = storage.Count(r.ctx, s, storage.Query{})
			r.is(err, storage.ErrClosed, "Count")
			_, err = storage.Digest(r.ctx, s)
			r.is(err, storage.ErrClosed, "Digest")
			if _, able := s.(storage.Splitter); able {
				_, err = storage.Split(r.ctx, s, storage.Query{}, 3)
				r.is(err, storage.ErrClosed, "Split")
			}
			r.is(storage.Verify(r.ctx, s), storage.ErrClosed, "Verify")
			_, err = storage.Component(r.ctx, s, []identity.ID{user(1)}, nil, 0)
			r.is(err, storage.ErrClosed, "Component")
		}},
		{"S13/rest/close-in-a-loop", "closing inside a loop ends the loop with ErrClosed or its last value", func(r *run) {
			for _, it := range iterations() {
				r.at("%s", it.name)
				s := r.open()
				r.add(s, touches(2500)...)
				whole, err := drain(it.of(r.ctx, s))
				r.ok(err, it.name)
				n := 0
				var last error
				r.within("the loop", func() error {
					for _, err := range it.of(r.ctx, s) {
						if last = err; err != nil {
							continue
						}
						if n++; n == 1 {
							if err := s.Close(); err != nil {
								return err
							}
						}
					}
					return nil
				})
				if last != nil {
					r.is(last, storage.ErrClosed, it.name)
				} else if n != whole {
					r.failf("%d values of %d and no error", n, whole)
				}
			}
		}},
		{"S8/rest/context-nil", "a nil context is an error, not a panic, for optional calls too", func(r *run) {
			s := r.open()
			r.add(s, touches(3)...)
			var none context.Context
			calls := make(map[string]func() error)
			if c, able := s.(storage.Counter); able {
				calls["Count"] = func() error { _, err := c.Count(none, storage.Query{}); return err }
			}
			if c, able := s.(storage.Splitter); able {
				calls["Split"] = func() error { _, err := c.Split(none, storage.Query{}, 3); return err }
			}
			if c, able := s.(storage.Snapshotter); able {
				view := r.snapshot(s)
				defer view.Close()
				calls["Snapshot"] = func() error { _, err := c.Snapshot(none); return err }
				calls["Scan of a view"] = func() error { _, err := drain(view.Scan(none, storage.Query{})); return err }
				calls["Ties of a view"] = func() error { _, err := drain(view.Ties(none, nil)); return err }
			}
			if c, able := s.(storage.Summarizer); able {
				calls["PutSummaries"] = func() error { return c.PutSummaries(none, "m", storage.Cursor{}, place(1), nil, nil) }
				calls["SummaryCursor"] = func() error { _, err := c.SummaryCursor(none, "m"); return err }
				calls["Summaries"] = func() error { _, err := drain(c.Summaries(none, "m", storage.SummaryQuery{})); return err }
				calls["CountSummaries"] = func() error { _, err := c.CountSummaries(none, "m", storage.SummaryQuery{}); return err }
			}
			for name, call := range calls {
				r.is(attempt(call), storage.ErrNoContext, name)
			}
		}},
		{"S8/rest/cancel-at-every-look", "a call cancelled anywhere returns promptly, and the store goes on", func(r *run) {
			s := r.open()
			r.add(s, touches(300)...)
			calls := map[string]func(ctx context.Context, n int) error{
				"Append": func(ctx context.Context, n int) error {
					_, err := s.Append(ctx, []storage.Fact{touch(1000 + n), touch(2000 + n)})
					return err
				},
				"Scan":    func(ctx context.Context, _ int) error { _, err := drain(s.Scan(ctx, storage.Query{})); return err },
				"Ties":    func(ctx context.Context, _ int) error { _, err := drain(s.Ties(ctx, nil)); return err },
				"Changes": func(ctx context.Context, _ int) error { _, err := drain(s.Changes(ctx, storage.Cursor{})); return err },
				"Count":   func(ctx context.Context, _ int) error { _, err := storage.Count(ctx, s, storage.Query{}); return err },
				"Digest":  func(ctx context.Context, _ int) error { _, err := storage.Digest(ctx, s); return err },
				"Component": func(ctx context.Context, _ int) error {
					_, err := storage.Component(ctx, s, []identity.ID{user(1)}, nil, 0)
					return err
				},
			}
			for name, call := range calls {
				for n := 0; n < 400; n += 1 + n/8 {
					r.at("%s, look %d", name, n)
					var err error
					r.within(name, func() error {
						err = call(&countdown{Context: r.ctx, left: n}, n)
						return nil
					})
					if err == nil {
						break
					}
					if !errors.Is(err, context.Canceled) && !errors.Is(err, storage.ErrUnavailable) && !errors.Is(err, storage.ErrUncertain) {
						r.failf("error %v", err)
					}
				}
			}
			for n := range 400 { // a batch is there whole or not at all; then it can be offered again
				r.append(s, touch(1000+n), touch(2000+n))
			}
			r.ok(storage.Verify(r.ctx, s), "Verify")
		}},
		{"S13/rest/no-identifier-in-errors", "errors are logged; identifiers must not be", func(r *run) {
			s := r.open()
			secret := "zq-secret-value"
			id := identity.MakeID(identity.UserID, secret+"\x00")
			outs := r.append(s, touch(1, id), with(touch(2), func(t *touchpoint.Touch) { t.ID = secret + "\xff" }))
			_, err1 := s.Erase(r.ctx, storage.Erasure{ID: secret + "\x00", At: erasedAt, Remove: []storage.Query{{IDs: []identity.ID{id}}}})
			_, err2 := drain(s.Changes(r.ctx, storage.MakeCursor(secret)))
			_, err3 := drain(s.Scan(r.ctx, storage.Query{Sources: slices.Repeat([]string{secret}, storage.MaxValues+1)}))
			for i, err := range []error{outs[0].Err, outs[1].Err, err1, err2, err3} {
				if err == nil || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), secret) {
					r.failf("error %d is nil or holds the value", i)
				}
			}
		}},
	}
}
