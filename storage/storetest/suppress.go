package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// redactRules: replacing facts by what may be kept of them.
func redactRules() []rule {
	red := func(n int, ids ...identity.ID) storage.Fact {
		return with(touch(n, ids...), func(t *touchpoint.Touch) { t.Redacted = true })
	}
	return []rule{
		{"S11/erase/redact", "a redacted fact keeps its key and instant, and nothing else that was taken out", func(r *run) {
			s := r.open()
			r.add(s, touch(1, user(1), account(1)), touch(2, user(1)), touch(3, user(3)))
			rec := r.erase(s, storage.Erasure{ID: "e", Remove: []storage.Query{{Keys: []storage.Key{touch(2).Key()}}}, Redact: []storage.Fact{red(1, account(1))}})
			if rec.Redacted != 1 || rec.Removed[storage.ClassTouch] != 1 {
				r.failf("receipt says %d redacted, %v removed", rec.Redacted, rec.Removed)
			}
			want := []storage.Fact{red(1, account(1)), touch(3, user(3))}
			r.same(r.left(s), want, "Scan")
			r.same(r.scan(s, storage.Query{IDs: []identity.ID{user(1)}}), nil, "Scan of what was taken out")
			r.same(r.scan(s, storage.Query{IDs: []identity.ID{account(1)}}), want[:1], "Scan of what stays")
			r.tied2(s, want...)
			r.ok(storage.Verify(r.ctx, s), "Verify")
		}},
		{"S11/erase/redact-keeps-received-at", "when a fact was received is not taken out", func(r *run) {
			s := r.open()
			f := with(touch(1), func(t *touchpoint.Touch) { t.ReceivedAt = end })
			r.add(s, f)
			r.erase(s, storage.Erasure{ID: "e", Redact: []storage.Fact{red(1)}})
			r.same(r.left(s), []storage.Fact{with(red(1), func(t *touchpoint.Touch) { t.ReceivedAt = end })}, "Scan")
		}},
		{"S11/erase/redact-unknown", "a fact that is not there, or not any more, is passed over", func(r *run) {
			s := r.open()
			r.add(s, touch(1))
			rec := r.erase(s, storage.Erasure{ID: "e", Redact: []storage.Fact{red(8)}})
			if rec.Redacted != 0 {
				r.failf("%d redacted", rec.Redacted)
			}
			r.same(r.left(s), []storage.Fact{touch(1)}, "Scan")
		}},
		{"S11/erase/redact-the-same", "a replacement with the same content changes nothing", func(r *run) {
			s := r.open()
			r.add(s, touch(1))
			if rec := r.erase(s, storage.Erasure{ID: "e", Redact: []storage.Fact{touch(1)}}); rec.Redacted != 0 {
				r.failf("%d redacted", rec.Redacted)
			}
			r.same(r.left(s), []storage.Fact{touch(1)}, "Scan")
		}},
		{"S11/erase/redact-twice", "a redacted fact may be redacted again", func(r *run) {
			s := r.open()
			r.add(s, touch(1, user(1), mail(1), account(1)))
			for i, f := range []storage.Fact{red(1, mail(1), account(1)), red(1, account(1))} {
				r.erase(s, storage.Erasure{ID: fmt.Sprint("e", i), Redact: []storage.Fact{f}})
				r.same(r.left(s), []storage.Fact{f}, "Scan")
				r.tied2(s, f)
			}
			r.statuses(r.append(s, touch(1, user(1), mail(1), account(1)), red(1, account(1))), conflict, duplicate)
			r.ok(storage.Verify(r.ctx, s), "Verify")
		}},
		{"S11/erase/redact-and-remove", "what is to go goes, redacted or not", func(r *run) {
			s := r.open()
			r.add(s, touch(1))
			r.erase(s, storage.Erasure{ID: "e", Remove: []storage.Query{{IDs: []identity.ID{user(1)}}}, Redact: []storage.Fact{red(1, account(1))}})
			r.same(r.left(s), nil, "Scan")
		}},
		{"S11/erase/redacted-then-removed", "a redacted fact can still be erased", func(r *run) {
			s := r.open()
			r.add(s, touch(1, user(1), account(1)))
			r.erase(s, storage.Erasure{ID: "e1", Redact: []storage.Fact{red(1, account(1))}})
			r.erase(s, storage.Erasure{ID: "e2", Remove: []storage.Query{{IDs: []identity.ID{account(1)}}}})
			r.same(r.left(s), nil, "Scan")
			r.tied2(s)
		}},
		{"S11/erase/redact-many", "a thousand replacements are one step", func(r *run) {
			s := r.open()
			var want []storage.Fact
			for n := range 1200 {
				r.append(s, touch(n, user(n), account(n%3)))
				want = append(want, red(n, account(n%3)))
			}
			r.erase(s, storage.Erasure{ID: "e", Redact: want})
			r.same(r.left(s), want, "Scan")
			r.ok(storage.Verify(r.ctx, s), "Verify")
		}},
	}
}

// suppressRules: what may not come back.
func suppressRules() []rule {
	entry := func(n byte, at time.Time, p storage.Policy) storage.Suppression {
		return storage.Suppression{KeyID: "k", Tag: tag(n), At: at, Policy: p}
	}
	on := func(id string, at time.Time, list ...storage.Suppression) storage.Erasure {
		return storage.Erasure{ID: id, At: at, Suppress: list}
	}
	around := []time.Duration{-time.Hour, -time.Microsecond, 0, time.Microsecond, time.Hour, 1000 * time.Hour}
	offer := func(r *run, s storage.Store, n int, want ...touchpoint.Status) {
		for i, d := range around {
			f := tagged(with(touch(n*100+i), func(t *touchpoint.Touch) { t.At = minute(500).Add(d) }), 1)
			r.at("%v from the entry", d)
			outs := r.append(s, f)
			r.statuses(outs, want[i])
			if want[i] == suppressed && outs[0].Reason != touchpoint.SuppressedReason {
				r.failf("reason %q", outs[0].Reason)
			}
		}
	}
	all := func(st touchpoint.Status) []touchpoint.Status {
		return slices.Repeat([]touchpoint.Status{st}, len(around))
	}
	restart := []touchpoint.Status{suppressed, suppressed, suppressed, accepted, accepted, accepted}
	return []rule{
		{"S4/erase/refuse", "Refuse is for ever, whatever the instant", func(r *run) {
			s := r.open()
			r.erase(s, on("e", minute(500), entry(1, minute(500), storage.Refuse)))
			offer(r, s, 1, all(suppressed)...)
			r.same(r.left(s), nil, "Scan")
		}},
		{"S4/erase/restart", "RestartAsNew refuses up to the instant itself", func(r *run) {
			s := r.open()
			r.erase(s, on("e", minute(500), entry(1, minute(500), storage.RestartAsNew)))
			offer(r, s, 1, restart...)
		}},
		{"S4/erase/no-entry", "without an entry everything may come back", func(r *run) {
			s := r.open()
			r.erase(s, on("e", minute(500)))
			offer(r, s, 1, all(accepted)...)
		}},
		{"S4/erase/before-the-data", "people ask before their data arrives", func(r *run) {
			s := r.open()
			r.erase(s, on("e", minute(500), entry(1, minute(500), storage.Refuse)))
			r.statuses(r.append(s, touch(1), tagged(touch(2), 1), tagged(touch(3), 2)), accepted, suppressed, accepted)
			r.same(r.left(s), []storage.Fact{touch(1), touch(3)}, "Scan")
		}},
		{"S4/erase/any-of-the-tags", "one suppressed identifier refuses the whole fact", func(r *run) {
			s := r.open()
			r.erase(s, on("e", minute(500), entry(3, minute(500), storage.Refuse)))
			r.statuses(r.append(s, tagged(touch(1), 1, 2, 3, 4), tagged(touch(2), 1, 2, 4), tagged(touch(3), 3)), suppressed, accepted, suppressed)
		}},
		{"S4/erase/every-class", "links, consents and imports are checked like touches", func(r *run) {
			s := r.open()
			r.erase(s, on("e", minute(500), entry(1, minute(500), storage.Refuse)))
			for _, c := range appendable() {
				r.statuses(r.append(s, tagged(full(c, 1), 1)), suppressed)
			}
			r.same(r.left(s), nil, "Scan")
		}},
		{"S4/erase/precedence", "rejected comes before suppressed, suppressed before duplicate and conflict", func(r *run) {
			s := r.open()
			r.add(s, touch(1))
			r.erase(s, on("e", minute(500), entry(1, minute(500), storage.Refuse)))
			bad := tagged(with(touch(1), func(t *touchpoint.Touch) { t.Kind = "" }), 1)
			r.statuses(r.append(s, bad, tagged(touch(1), 1), tagged(changed(1), 1), touch(1)), rejected, suppressed, suppressed, duplicate)
		}},
		{"S4/erase/repeat-after-suppressed", "a repeat after a suppressed copy is judged alone", func(r *run) {
			s := r.open()
			r.erase(s, on("e", minute(500), entry(1, minute(500), storage.Refuse)))
			r.statuses(r.append(s, tagged(touch(1), 1), touch(1), tagged(touch(1), 1), touch(1)), suppressed, accepted, suppressed, duplicate)
		}},
		{"S4/erase/entries-join", "of two entries of a tag the greatest instant and the later policy hold", func(r *run) {
			s := r.open()
			r.erase(s, on("a", minute(500), entry(1, minute(500), storage.Refuse)))
			r.erase(s, on("b", minute(600), entry(1, minute(400), storage.RestartAsNew)))
			offer(r, s, 1, restart...)
			r.erase(s, on("c", minute(700), entry(1, minute(400), storage.Refuse)))
			offer(r, s, 2, all(suppressed)...)
		}},
		{"S4/erase/lift", "lifting turns Refuse into Restart and keeps the instant", func(r *run) {
			s := r.open()
			r.erase(s, on("a", minute(500), entry(1, minute(500), storage.Refuse)))
			offer(r, s, 1, all(suppressed)...)
			r.erase(s, on("b", minute(900), entry(1, minute(500), storage.RestartAsNew)))
			offer(r, s, 2, restart...)
		}},
		{"S4/erase/policy-of-the-later-instant", "the list is a function of the set of erasures, not of their arrival", func(r *run) {
			s := r.open()
			r.erase(s, on("b", minute(900), entry(1, minute(500), storage.RestartAsNew)))
			r.erase(s, on("a", minute(500), entry(1, minute(500), storage.Refuse)))
			offer(r, s, 1, restart...)
		}},
		{"S4/erase/many-entries", "a thousand identifiers are one erasure", func(r *run) {
			s := r.open()
			e := on("e", minute(500))
			for n := range 1000 {
				e.Suppress = append(e.Suppress, storage.Suppression{KeyID: "k", Tag: storage.Tag{byte(n), byte(n >> 8), 9}, At: minute(500)})
			}
			r.erase(s, e)
			f := touch(1)
			f.Tags = []storage.Tag{{231, 3, 9}}
			g := touch(2)
			g.Tags = []storage.Tag{{232, 3, 9}}
			r.statuses(r.append(s, f, g), suppressed, accepted)
		}},
		{"S14/erase/list-travels", "a copy and a restored dump refuse what the original refuses", func(r *run) {
			s := r.open()
			r.add(s, touches(4)...)
			r.erase(s, storage.Erasure{ID: "a", At: minute(500), Remove: []storage.Query{{IDs: []identity.ID{user(1)}}}, Suppress: []storage.Suppression{entry(1, minute(500), storage.Refuse)}})
			r.erase(s, on("b", minute(900), entry(1, minute(500), storage.RestartAsNew)))
			copied, restored := r.open(), r.open()
			_, _, err := storage.Copy(r.ctx, copied, s, storage.Cursor{})
			r.ok(err, "Copy")
			var b bytes.Buffer
			r.ok(storage.Dump(r.ctx, s, &b), "Dump")
			_, err = storage.Restore(r.ctx, restored, &b)
			r.ok(err, "Restore")
			for _, other := range []storage.Store{copied, restored} {
				r.same(r.scan(other, storage.Query{}), r.scan(s, storage.Query{}), "Scan of the copy")
				offer(r, other, 1, restart...)
			}
		}},
	}
}
