package storetest

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// changes returns what Changes yields after a cursor.
func (r *run) changes(s storage.Store, after storage.Cursor) []storage.Change {
	var out []storage.Change
	for c, err := range s.Changes(r.ctx, after) {
		r.ok(err, "Changes")
		if (c.Cursor == storage.Cursor{}) {
			r.failf("a change without a cursor")
		}
		out = append(out, c)
	}
	return out
}

func factsOf(changes []storage.Change) []storage.Fact {
	facts := make([]storage.Fact, len(changes))
	for i, c := range changes {
		facts[i] = c.Fact
	}
	return facts
}

// Group C: facts in the order of their commit.
func changeRules() []rule {
	return []rule{
		{"C6/changes/empty", "an empty store has no changes", func(r *run) {
			if n := len(r.changes(r.open(), storage.Cursor{})); n != 0 {
				r.failf("%d changes", n)
			}
		}},
		{"C6/changes/complete", "the zero cursor stands before the first fact of every class", func(r *run) {
			s, m := r.world(2, 200)
			r.same(inOrder(factsOf(r.changes(s, storage.Cursor{}))), m.all(), "Changes")
		}},
		{"C7/changes/order-of-a-batch", "within one Append the order is that of the offer", func(r *run) {
			s := r.open()
			facts := touches(300)
			newRandom(1).Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
			r.add(s, facts...)
			r.same(factsOf(r.changes(s, storage.Cursor{})), facts, "Changes")
		}},
		{"C7/changes/order-of-commits", "what was acknowledged first comes first, whatever its instant", func(r *run) {
			s := r.open()
			var want []storage.Fact
			for n := 60; n > 0; n-- {
				batch := []storage.Fact{touch(n), full(storage.ClassEvidence, n)}
				r.add(s, batch...)
				want = append(want, batch...)
			}
			r.same(factsOf(r.changes(s, storage.Cursor{})), want, "Changes")
		}},
		{"C6/changes/resume-everywhere", "a reader that stopped anywhere goes on with the next", func(r *run) {
			s := r.open()
			for n := range 20 {
				r.add(s, touch(3*n), touch(3*n+1), touch(3*n+2))
			}
			all := r.changes(s, storage.Cursor{})
			for i, c := range all {
				r.at("cursor %d", i)
				r.same(factsOf(r.changes(s, c.Cursor)), factsOf(all[i+1:]), "Changes")
			}
		}},
		{"C6/changes/ends-when-caught-up", "a reader polls; it is not kept waiting", func(r *run) {
			s := r.open()
			r.add(s, touches(5)...)
			last := r.changes(s, storage.Cursor{})[4].Cursor
			for range 3 {
				if n := len(r.changes(s, last)); n != 0 {
					r.failf("%d changes after the last", n)
				}
			}
			r.add(s, touch(9))
			r.same(factsOf(r.changes(s, last)), []storage.Fact{touch(9)}, "Changes")
		}},
		{"C6/changes/cursors-are-stable", "the same fact has the same cursor in every reading", func(r *run) {
			s := r.open()
			r.add(s, touches(30)...)
			first := r.changes(s, storage.Cursor{})
			r.add(s, touch(99))
			for i, c := range r.changes(s, first[9].Cursor) {
				if i < 20 && c.Cursor != first[10+i].Cursor {
					r.failf("cursor %d differs", i)
				}
			}
		}},
		{"C6/changes/cursor-as-text", "a cursor survives being written down", func(r *run) {
			s := r.open()
			r.add(s, touches(9)...)
			for i, c := range r.changes(s, storage.Cursor{}) {
				text, err := c.Cursor.MarshalText()
				r.ok(err, "MarshalText")
				var back storage.Cursor
				r.ok(back.UnmarshalText(text), "UnmarshalText")
				if back != c.Cursor {
					r.failf("cursor %d comes back another", i)
				}
				if n := len(r.changes(s, back)); n != 8-i {
					r.failf("%d changes after cursor %d", n, i)
				}
			}
		}},
		{"C6/changes/cursor-of-another-store", "a cursor of another store would skip facts in silence", func(r *run) {
			a, b := r.open(), r.open()
			r.add(a, touches(3)...)
			r.add(b, touches(9)...)
			for _, c := range r.changes(a, storage.Cursor{}) {
				_, err := drain(b.Changes(r.ctx, c.Cursor))
				r.is(err, storage.ErrCursor, "Changes")
			}
		}},
		{"C6/changes/cursor-garbled", "no text makes a store skip or panic", func(r *run) {
			s := r.open()
			r.add(s, touches(3)...)
			text := r.changes(s, storage.Cursor{})[1].Cursor.String()
			bad := []string{"x", "0", "1", "-1", "999999999999999999999999", text + "0", text + "-", text + "x", "x" + text, strings.Repeat("9", 4000)}
			for i := range len(text) {
				bad = append(bad, text[:i]+"~"+text[i+1:])
				if i > 0 {
					bad = append(bad, text[:i])
				}
			}
			for _, b := range bad {
				if n, err := drain(s.Changes(r.ctx, storage.MakeCursor(b))); err == nil {
					r.failf("a garbled cursor gives %d changes and no error", n)
				}
			}
		}},
		{"C6/changes/only-what-is-new", "duplicates, conflicts and rejects change nothing", func(r *run) {
			s := r.open()
			r.add(s, touches(3)...)
			last := r.changes(s, storage.Cursor{})[2].Cursor
			r.append(s, touch(1), changed(2), storage.Fact{}, touch(0))
			if n := len(r.changes(s, last)); n != 0 {
				r.failf("%d changes", n)
			}
		}},
		{"C6/changes/erase-the-newest", "a number used again hides the next fact from its reader", func(r *run) {
			s := r.open()
			r.add(s, touches(5)...)
			all := r.changes(s, storage.Cursor{})
			r.erase(s, storage.Erasure{Remove: []storage.Query{{Keys: []storage.Key{touch(4).Key(), touch(3).Key()}}}})
			r.add(s, touch(7), touch(8))
			for i, c := range all[2:] {
				r.at("cursor %d", i+2)
				var touches []storage.Fact
				for _, f := range factsOf(r.changes(s, c.Cursor)) {
					if f.Touch != nil {
						touches = append(touches, f)
					}
				}
				r.same(touches, []storage.Fact{touch(7), touch(8)}, "Changes")
			}
		}},
		{"C6/changes/redacted-come-again", "a reader must learn what is left of a redacted fact", func(r *run) {
			s := r.open()
			r.add(s, touch(1, user(1), mail(1)), touch(2))
			last := r.changes(s, storage.Cursor{})[1].Cursor
			red := with(touch(1, user(1)), func(t *touchpoint.Touch) { t.Redacted = true })
			r.erase(s, storage.Erasure{Redact: []storage.Fact{red}})
			var got []storage.Fact
			for _, f := range factsOf(r.changes(s, last)) {
				if f.Touch != nil {
					got = append(got, f)
				}
			}
			r.same(got, []storage.Fact{red}, "Changes")
			n := 0
			for _, f := range factsOf(r.changes(s, storage.Cursor{})) {
				if f.Touch != nil && f.Touch.ID == red.Touch.ID {
					n++
				}
			}
			if n != 1 {
				r.failf("a redacted fact comes %d times", n)
			}
		}},
		{"C6/changes/removed-come-no-more", "what is erased is in no feed", func(r *run) {
			s := r.open()
			r.add(s, touches(10)...)
			r.erase(s, storage.Erasure{Remove: []storage.Query{{To: minute(6)}}})
			var got []storage.Fact
			for _, f := range factsOf(r.changes(s, storage.Cursor{})) {
				if f.Touch != nil {
					got = append(got, f)
				}
			}
			r.same(got, touches(10)[6:], "Changes")
		}},
		{"C6/changes/erasures-come", "a reader learns of an erasure, without an identifier", func(r *run) {
			s := r.open()
			r.add(s, touches(3)...)
			last := r.changes(s, storage.Cursor{})[2].Cursor
			r.erase(s, storage.Erasure{ID: "e-1", Remove: []storage.Query{{IDs: touch(1).IDs()}}, Suppress: []storage.Suppression{{Tag: storage.Tag{1}, At: start}}})
			got := factsOf(r.changes(s, last))
			if len(got) != 1 || got[0].Erasure == nil || got[0].Erasure.ID != "e-1" || got[0].Erasure.Removed[storage.ClassTouch] != 1 || len(got[0].IDs()) != 0 {
				r.failf("%d changes, or not the erasure", len(got))
			}
		}},
		{"C6/changes/polled-while-written", "no fact is ever jumped over, however commits overlap", func(r *run) {
			s := r.open()
			const writers, each = 4, 60
			var wg sync.WaitGroup
			errs := make(chan error, writers)
			var polls atomic.Int64
			for w := range writers {
				wg.Go(func() {
					for n := range each {
						if _, err := s.Append(r.ctx, []storage.Fact{touch(w*1000 + 2*n), touch(w*1000 + 2*n + 1)}); err != nil {
							errs <- err
							return
						}
						for p := polls.Load(); polls.Load() == p && r.ctx.Err() == nil; {
							time.Sleep(50 * time.Microsecond) // the reader has its turn while others write
						}
					}
				})
			}
			done := make(chan struct{})
			go func() { wg.Wait(); close(done) }()
			seen := make(map[storage.Key]int)
			var at storage.Cursor
			for ended := false; ; {
				for _, c := range r.changes(s, at) {
					at = c.Cursor
					seen[c.Fact.Key()]++
				}
				polls.Add(1)
				if ended {
					break
				}
				select {
				case <-done:
					ended = true
				default:
				}
			}
			select {
			case err := <-errs:
				r.ok(err, "Append")
			default:
			}
			if len(seen) != 2*writers*each {
				r.failf("%d facts seen of %d", len(seen), 2*writers*each)
			}
		}},
		{"C6/changes/late-commit", "a writer that began first and commits last must not be skipped", func(r *run) {
			s := r.open()
			r.add(s, touch(1))
			undo := r.fault(s, HoldTransaction)
			r.add(s, touch(2))
			var at storage.Cursor
			seen := make(map[storage.Key]bool)
			poll := func() {
				for _, c := range r.changes(s, at) {
					at = c.Cursor
					seen[c.Fact.Key()] = true
				}
			}
			poll()
			r.ok(undo(), "undo")
			poll()
			want := r.scan(s, storage.Query{})
			for range 100 { // Changes may lag for a while
				if len(seen) == len(want) {
					return
				}
				poll()
			}
			r.failf("%d facts seen of %d", len(seen), len(want))
		}},
		{"S14/changes/copy", "Copy goes on where it stopped and ends with the same facts", func(r *run) {
			src, m := r.world(4, 150)
			dst := r.open()
			var at storage.Cursor
			for n := range 5 {
				var err error
				at, _, err = storage.Copy(r.ctx, dst, src, at)
				r.ok(err, "Copy")
				r.same(r.scan(dst, storage.Query{}), m.all(), "Scan of the copy")
				batch := []storage.Fact{touch(5000 + n)}
				r.add(src, batch...)
				m.append(batch)
			}
		}},
	}
}

// fault makes the store fail and returns how to end it.
func (r *run) fault(s storage.Store, f Fault) (undo func() error) {
	if r.h.Fault == nil {
		r.skip(fmt.Sprintf("fault %d in its harness", f))
	}
	undo, err := r.h.Fault(s, f)
	if err != nil {
		r.skip(fmt.Sprintf("fault %d: %v", f, err))
	}
	return undo
}

// erase erases with an id and an instant where none is given, and checks the receipt.
func (r *run) erase(s storage.Store, e storage.Erasure) storage.Receipt {
	if e.ID == "" {
		r.erasures++
		e.ID = fmt.Sprint("erasure-", r.erasures)
	}
	if e.At.IsZero() {
		e.At = minute(100_000)
	}
	rec, err := s.Erase(r.ctx, e)
	r.ok(err, "Erase")
	if rec.ID != e.ID || !rec.Done {
		r.failf("receipt of %q, done %t", rec.ID, rec.Done)
	}
	return rec
}
