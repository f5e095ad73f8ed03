package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// Group O: the order of facts and paging in it.
func orderRules() []rule {
	// inOneInstant has facts of one instant whose order is told by source, id and class only.
	sorted := []string{" ", "!", "-", "A", "B", "Z", "_", "a", "a ", "a b", "aa", "ab", "b", "z", "~", "É", "ß", "á", "ﾊ", "\uFFFD", "\U00010000", "\U0010FFFF"}
	shuffled := func(r *run, facts []storage.Fact) storage.Store {
		s := r.open()
		g := newRandom(3)
		mixed := slices.Clone(facts)
		g.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		for len(mixed) > 0 {
			n := min(1+g.IntN(9), len(mixed))
			r.add(s, mixed[:n]...)
			mixed = mixed[n:]
		}
		return s
	}
	many := func(n int, at func(i int) time.Time) []storage.Fact {
		facts := make([]storage.Fact, n)
		for i := range facts {
			facts[i] = with(touch(i, user(i%7)), func(t *touchpoint.Touch) { t.At, t.ID = at(i), fmt.Sprintf("%04d", i) })
		}
		return facts
	}
	instants := map[string]func(i int) time.Time{
		"one-instant":    func(int) time.Time { return start },
		"three-a-minute": func(i int) time.Time { return minute(i / 3) },
		"all-different":  func(i int) time.Time { return start.Add(time.Duration(i) * time.Microsecond) },
	}
	all := []rule{
		{"S7/order/by-source-bytes", "a collation of the database must not decide the order", func(r *run) {
			var facts []storage.Fact
			for _, x := range sorted {
				facts = append(facts, with(touch(1), func(t *touchpoint.Touch) { t.Source = x }))
			}
			r.same(r.scan(shuffled(r, facts), storage.Query{}), facts, "Scan")
		}},
		{"S7/order/by-id-bytes", "a collation of the database must not decide the order", func(r *run) {
			var facts []storage.Fact
			for _, x := range sorted {
				facts = append(facts, with(touch(1), func(t *touchpoint.Touch) { t.ID = x }))
			}
			r.same(r.scan(shuffled(r, facts), storage.Query{}), facts, "Scan")
		}},
		{"S7/order/by-class-at-last", "an override and an audit of one id and instant stand in the order of classes", func(r *run) {
			o, a := bareFact(storage.ClassOverride), bareFact(storage.ClassAudit)
			o.Override.ID, a.Audit.ID = "x", "x"
			r.same(r.scan(shuffled(r, []storage.Fact{a, o}), storage.Query{}), []storage.Fact{o, a}, "Scan")
		}},
		{"S7/order/source-before-id", "the source is the second term, the id the third", func(r *run) {
			mk := func(source, id string) storage.Fact {
				return with(touch(1), func(t *touchpoint.Touch) { t.Source, t.ID = source, id })
			}
			facts := []storage.Fact{mk("a", "z"), mk("b", "a"), mk("b", "z"), mk("c", "0")}
			r.same(r.scan(shuffled(r, facts), storage.Query{}), facts, "Scan")
		}},
		{"S7/order/instant-before-all", "the instant is the first term, to the microsecond", func(r *run) {
			a := with(touch(1), func(t *touchpoint.Touch) { t.Source, t.At = "z", start })
			b := with(touch(2), func(t *touchpoint.Touch) { t.Source, t.At = "a", start.Add(time.Microsecond) })
			r.same(r.scan(shuffled(r, []storage.Fact{b, a}), storage.Query{}), []storage.Fact{a, b}, "Scan")
		}},
		{"S7/order/overrides-stand-among-touches", "all classes are in one order", func(r *run) {
			var facts []storage.Fact
			for n := range 6 {
				for _, c := range appendable() {
					if c != storage.ClassResidue {
						facts = append(facts, full(c, n))
					}
				}
			}
			r.same(r.scan(shuffled(r, facts), storage.Query{}), inOrder(facts), "Scan")
		}},
		{"S7/order/late-facts-take-their-place", "what arrives late is not at the end", func(r *run) {
			s := r.open()
			for i := 40; i > 0; i-- {
				r.add(s, touch(i*3), touch(i*3-1))
			}
			got := r.scan(s, storage.Query{})
			r.same(got, inOrder(got), "Scan")
		}},
		{"S7/order/identifiers-of-many-sets", "ranges of several sets are merged, not laid end to end", func(r *run) {
			facts := many(200, instants["three-a-minute"])
			s := shuffled(r, facts)
			q := storage.Query{IDs: idsOf(facts[:4])}
			var want []storage.Fact
			for _, f := range facts {
				if q.Selects(f) {
					want = append(want, f)
				}
			}
			r.same(r.scan(s, q), want, "Scan")
		}},
		{"S7/order/keys-as-facts-not-as-asked", "the order of the keys asked for is no order", func(r *run) {
			facts := many(60, instants["three-a-minute"])
			s := shuffled(r, facts)
			q := storage.Query{Keys: []storage.Key{}}
			for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(60) {
				q.Keys = append(q.Keys, facts[i].Key())
			}
			r.same(r.scan(s, q), facts, "Scan")
		}},
		{"S7/order/touches-are-the-scan", "Touches is Scan of the class", func(r *run) {
			facts := append(many(30, instants["one-instant"]), full(storage.ClassConsent, 1))
			s := shuffled(r, facts)
			var got []storage.Fact
			for t, err := range storage.Touches(r.ctx, s, storage.Query{}) {
				r.ok(err, "Touches")
				got = append(got, storage.Fact{Touch: &t})
			}
			r.same(got, facts[:30], "Touches")
		}},
		{"S7/order/random-worlds", "any facts in any batches come back in one order", func(r *run) {
			for seed := range 5 {
				r.at("seed %d", seed)
				s, m := r.world(uint64(seed), 150)
				r.same(r.scan(s, storage.Query{}), m.all(), "Scan")
			}
		}},
		{"S7/order/after-between-facts", "a place at which no fact stands is a place too", func(r *run) {
			facts := many(9, instants["three-a-minute"])
			s := shuffled(r, facts)
			for i, f := range facts {
				r.at("fact %d", i)
				p := f.Position()
				p.ID += "x"
				r.same(r.scan(s, storage.Query{After: p}), facts[i+1:], "Scan after")
				back := slices.Clone(facts[:i+1])
				slices.Reverse(back)
				r.same(r.scan(s, storage.Query{After: p, Desc: true}), back, "Scan before")
			}
		}},
	}
	for name, at := range instants {
		all = append(all, rule{"S7/order/desc-is-reversed-" + name, "the newest first is the same order backwards", func(r *run) {
			facts := many(250, at)
			s := shuffled(r, facts)
			want := slices.Clone(facts)
			slices.Reverse(want)
			r.same(r.scan(s, storage.Query{Desc: true}), want, "Scan")
			r.same(r.scan(s, storage.Query{Desc: true, Limit: 10}), want[:10], "Scan with a limit")
		}}, rule{"S7/order/pages-" + name, "pages of any size are one scan", func(r *run) {
			facts := many(23, at)
			s := shuffled(r, facts)
			for _, desc := range []bool{false, true} {
				want := slices.Clone(facts)
				if desc {
					slices.Reverse(want)
				}
				for size := 1; size <= len(facts)+1; size++ {
					r.at("size %d, desc %t", size, desc)
					var got []storage.Fact
					q := storage.Query{Limit: size, Desc: desc}
					for {
						page := r.scan(s, q)
						if len(page) > size {
							r.failf("a page of %d facts", len(page))
						}
						if got = append(got, page...); len(page) < size {
							break
						}
						q.After = page[size-1].Position()
					}
					r.same(got, want, "Pages")
				}
			}
		}}, rule{"S7/order/pages-of-one-person-" + name, "paging works with conditions as without", func(r *run) {
			facts := many(60, at)
			s := shuffled(r, facts)
			q := storage.Query{IDs: idsOf(facts[:2])}
			want := r.scan(s, q)
			for _, size := range []int{1, 2, 5} {
				q := q
				q.Limit = size
				var got []storage.Fact
				for {
					page := r.scan(s, q)
					if got = append(got, page...); len(page) < size {
						break
					}
					q.After = page[size-1].Position()
				}
				r.same(got, want, "Pages")
			}
		}})
	}
	slices.SortFunc(all, func(a, b rule) int { return compareNames(a.name, b.name) })
	return all
}
