package storetest

import (
	"fmt"
	"slices"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// reopen closes the store and opens the same data again, or skips the rule.
func (r *run) reopen(s storage.Store) storage.Store {
	if r.h.Reopen == nil {
		r.skip("Reopen in its harness: it is not durable")
	}
	r.opened = slices.DeleteFunc(r.opened, func(o storage.Store) bool { return o == s })
	s, err := r.h.Reopen(r.ctx, s)
	r.ok(err, "Reopen")
	r.opened = append(r.opened, s)
	return s
}

// Group R: the same data again after a clean close.
func reopenRules() []rule {
	return []rule{
		{"S10/reopen/empty", "an empty store opens again", func(r *run) {
			s := r.reopen(r.open())
			r.holds(s)
			r.add(s, touch(1))
		}},
		{"S10/reopen/every-class", "every value of every class is there again", func(r *run) {
			s := r.open()
			var facts []storage.Fact
			for _, c := range appendable() {
				facts = append(facts, full(c, 1), bareFact(c))
			}
			r.add(s, facts...)
			s = r.reopen(s)
			r.holds(s, facts...)
			r.tied(s, facts...)
			r.ok(storage.Verify(r.ctx, s), "Verify")
		}},
		{"S10/reopen/digest", "a store has the digest it had", func(r *run) {
			s, m := r.world(1, 250)
			before, err := storage.Digest(r.ctx, s)
			r.ok(err, "Digest")
			s = r.reopen(s)
			after, err := storage.Digest(r.ctx, s)
			r.ok(err, "Digest")
			if before != after {
				r.failf("another digest")
			}
			r.same(r.scan(s, storage.Query{}), m.all(), "Scan")
			r.ok(storage.Verify(r.ctx, s), "Verify")
		}},
		{"S3/reopen/duplicate", "a key is known for ever, not until the next start", func(r *run) {
			s := r.open()
			r.add(s, touches(20)...)
			s = r.reopen(s)
			r.statuses(r.append(s, touch(3), changed(4), touch(50)), duplicate, conflict, accepted)
		}},
		{"S10/reopen/again-and-again", "opening is no writing", func(r *run) {
			s := r.open()
			var facts []storage.Fact
			for n := range 8 {
				r.add(s, touch(n))
				facts = append(facts, touch(n))
				s = r.reopen(s)
				r.holds(s, facts...)
			}
		}},
		{"S4/reopen/suppression", "the list survives", func(r *run) {
			s := r.open()
			r.add(s, touch(1))
			r.erase(s, storage.Erasure{ID: "e", Remove: []storage.Query{{IDs: []identity.ID{user(1)}}}, Suppress: []storage.Suppression{
				{Tag: tag(1), At: minute(5)}, {Tag: tag(2), At: minute(5), Policy: storage.RestartAsNew}}})
			s = r.reopen(s)
			r.statuses(r.append(s, tagged(touch(1), 1), tagged(touch(2), 2), tagged(touch(9), 2)), suppressed, suppressed, accepted)
		}},
		{"S11/reopen/erased-stays-erased", "no start brings an erased fact back", func(r *run) {
			s := r.open()
			r.add(s, touches(30)...)
			e := storage.Erasure{ID: "e", At: erasedAt, Remove: []storage.Query{{To: minute(12)}}}
			first := r.erase(s, e)
			s = r.reopen(s)
			r.same(r.left(s), touches(30)[12:], "Scan")
			if again := r.erase(s, e); again.Removed[storage.ClassTouch] != first.Removed[storage.ClassTouch] {
				r.failf("the erasure again says %v", again.Removed)
			}
		}},
		{"S11/reopen/interrupted-erasure", "the next open finishes what was interrupted", func(r *run) {
			for n := 1; n < 40; n += 3 {
				r.at("cancelled at look %d", n)
				s := r.open()
				var facts []storage.Fact
				for i := range 2100 {
					facts = append(facts, touch(i, user(i%2)))
				}
				r.append(s, facts...)
				e := storage.Erasure{ID: "e", At: erasedAt, Remove: []storage.Query{{IDs: []identity.ID{user(1)}}}}
				_, err := s.Erase(&countdown{Context: r.ctx, left: n}, e)
				s = r.reopen(s)
				seen := len(r.scan(s, storage.Query{IDs: []identity.ID{user(1)}}))
				committed := len(r.scan(s, storage.Query{Classes: []storage.Class{storage.ClassErasure}})) == 1
				if committed != (seen == 0) {
					r.failf("%d facts seen, erasure committed: %t", seen, committed)
				}
				if committed { // finished by the open: the keys are free
					r.statuses(r.append(s, facts[1]), accepted)
				}
				r.ok(storage.Verify(r.ctx, s), "Verify")
				if err == nil {
					return
				}
			}
		}},
		{"C6/reopen/cursor", "a reader goes on after a restart of the store", func(r *run) {
			s := r.open()
			r.add(s, touches(10)...)
			at := r.changes(s, storage.Cursor{})[5].Cursor
			s = r.reopen(s)
			r.add(s, touch(20))
			r.same(factsOf(r.changes(s, at)), append(touches(10)[6:], touch(20)), "Changes")
		}},
		{"C6/reopen/cursor-after-erasing-the-newest", "a restart must not give a number again", func(r *run) {
			s := r.open()
			r.add(s, touches(5)...)
			at := r.changes(s, storage.Cursor{})[4].Cursor
			r.erase(s, storage.Erasure{Remove: []storage.Query{{Keys: []storage.Key{touch(4).Key()}}}})
			s = r.reopen(s)
			r.add(s, touch(7))
			got := slices.DeleteFunc(factsOf(r.changes(s, at)), func(f storage.Fact) bool { return f.Touch == nil })
			r.same(got, []storage.Fact{touch(7)}, "Changes")
		}},
		{"S5/reopen/received-at", "what is no content is kept too", func(r *run) {
			s := r.open()
			f := with(touch(1), func(t *touchpoint.Touch) { t.ReceivedAt = end })
			r.add(s, f)
			r.holds(r.reopen(s), f)
		}},
		{"S14/reopen/summaries", "derived rows and their cursor are there, or are both gone", func(r *run) {
			s, z := r.summarizer()
			r.ok(z.PutSummaries(r.ctx, "m", storage.Cursor{}, place(1), nil, summaries(9)), "PutSummaries")
			z = r.reopen(s).(storage.Summarizer)
			at, err := z.SummaryCursor(r.ctx, "m")
			r.ok(err, "SummaryCursor")
			rows := r.rows(z, storage.SummaryQuery{})
			if at == (storage.Cursor{}) && len(rows) == 0 {
				return
			}
			r.sameRows(rows, byLast(summaries(9)), "Summaries")
		}},
		{"S10/reopen/many-facts", "thousands of facts in many batches are there again", func(r *run) {
			s := r.open()
			var facts []storage.Fact
			for n := range 20 {
				var batch []storage.Fact
				for i := range 150 {
					batch = append(batch, with(touch(n*150+i, user(i%9)), func(t *touchpoint.Touch) { t.Touchpoint = fmt.Sprint("page ", i) }))
				}
				r.add(s, batch...)
				facts = append(facts, batch...)
			}
			s = r.reopen(s)
			r.same(r.scan(s, storage.Query{}), facts, "Scan")
			r.ok(storage.Verify(r.ctx, s), "Verify")
		}},
	}
}
