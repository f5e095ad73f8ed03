package storetest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"sync"
	"time"
	"unicode/utf16"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// erasedAt is the instant of erasures, unless a rule says otherwise.
var erasedAt = minute(100_000)

func tag(n byte) storage.Tag { return storage.Tag{n, 15: n} }

// tagged gives a fact tags.
func tagged(f storage.Fact, tags ...byte) storage.Fact {
	for _, n := range tags {
		f.Tags = append(f.Tags, tag(n))
	}
	return f
}

// left are the facts of a store without the records of erasures and audits.
func (r *run) left(s storage.Store) []storage.Fact {
	return r.scan(s, storage.Query{Classes: []storage.Class{
		storage.ClassTouch, storage.ClassEvidence, storage.ClassOverride, storage.ClassMembership, storage.ClassParent, storage.ClassConsent, storage.ClassResidue}})
}

// Group E: forgetting.
func eraseRules() []rule {
	var all []rule
	removes := func(name, why string, queries ...storage.Query) {
		all = append(all, rule{"S11/erase/remove-" + name, why, func(r *run) {
			s, m := r.world(21, 300)
			e := storage.Erasure{ID: "e", At: erasedAt, Remove: queries}
			want, _ := m.erase(e)
			rec := r.erase(s, e)
			if !maps.Equal(rec.Removed, want) && len(want)+len(rec.Removed) > 0 {
				r.failf("receipt says %v, want %v", rec.Removed, want)
			}
			r.same(r.scan(s, storage.Query{}), m.all(), "Scan")
			r.sameTies(r.ties(s, nil), m.ties(nil), "Ties")
			for n := range 12 {
				ids := []identity.ID{user(n), mail(n)}
				r.same(r.scan(s, storage.Query{IDs: ids}), m.scan(storage.Query{IDs: ids}), "Scan of identifiers")
				r.sameTies(r.ties(s, ids), m.ties(ids), "Ties of identifiers")
			}
			r.same(inOrder(factsOf(r.changes(s, storage.Cursor{}))), m.all(), "Changes")
			r.ok(storage.Verify(r.ctx, s), "Verify")
		}})
	}
	removes("by-identifier", "every fact that names it goes", storage.Query{IDs: []identity.ID{user(1)}})
	removes("by-all-identifiers", "a person is all of its identifiers, not the first", storage.Query{IDs: []identity.ID{user(1), mail(2), user(3), mail(1)}})
	removes("by-key", "keys name facts", storage.Query{Keys: []storage.Key{touch(3).Key(), touch(4).Key(), {Class: storage.ClassOverride, ID: "bare1"}, touch(999).Key()}})
	removes("by-time", "retention is an erasure by time", storage.Query{Classes: []storage.Class{storage.ClassTouch}, To: minute(9)})
	removes("by-source", "a source may be taken out whole", storage.Query{Sources: []string{"crm"}})
	removes("by-kind", "so may a kind", storage.Query{Kinds: []touchpoint.Kind{touchpoint.KindOrder}})
	removes("by-two-conditions", "conditions are and-ed here too", storage.Query{IDs: []identity.ID{user(1), mail(1)}, To: minute(12)})
	removes("union", "several queries are a union", storage.Query{IDs: []identity.ID{user(1)}}, storage.Query{To: minute(2)}, storage.Query{IDs: []identity.ID{user(1), user(2)}})
	removes("nothing", "what nobody has may be erased", storage.Query{IDs: []identity.ID{user(777)}})
	removes("limited", "a limited query removes what its scan shows", storage.Query{Classes: []storage.Class{storage.ClassTouch}, Limit: 7, Desc: true}, storage.Query{Sources: []string{"web"}, After: storage.Position{At: minute(8), Source: "web", ID: "t3"}, Limit: 5})
	removes("all-identifiers-there-are", "everybody may go", storage.Query{IDs: append(manyIDs(13), identsOf(mail, 13)...)})
	removes("by-class", "classes name facts", storage.Query{Classes: []storage.Class{storage.ClassConsent, storage.ClassResidue}})

	all = append(all,
		rule{"S11/erase/records-stay", "what was done must stay on record", func(r *run) {
			s := r.open()
			r.add(s, full(storage.ClassAudit, 1), touch(1))
			r.erase(s, storage.Erasure{ID: "first", Remove: []storage.Query{{To: minute(50)}}})
			r.erase(s, storage.Erasure{ID: "second", Remove: []storage.Query{{Classes: storage.Classes()}, {To: minute(1_000_000)}}})
			got := r.scan(s, storage.Query{})
			if len(got) != 3 || got[0].Audit == nil || got[1].Erasure == nil || got[2].Erasure == nil {
				r.failf("%d facts left", len(got))
			}
		}},
		rule{"S11/erase/record", "what stays on record is counts and entries, not identifiers", func(r *run) {
			s := r.open()
			r.add(s, touch(1, user(1)), touch(2, user(1)), storage.Fact{Consent: &touchpoint.Consent{ID: user(1), At: start}})
			e := storage.Erasure{ID: "e-1", At: erasedAt, Remove: []storage.Query{{IDs: []identity.ID{user(1)}}},
				Suppress: []storage.Suppression{{KeyID: "k", Tag: tag(2), At: erasedAt, Generation: 3, Salt: [16]byte{5}}, {KeyID: "k", Tag: tag(1), At: erasedAt}},
				Note:     storage.Erased{Actor: "ann", Reason: "asked", Policy: storage.RestartAsNew, Mode: 1, Scope: 2}}
			rec := r.erase(s, e)
			if rec.Removed[storage.ClassTouch] != 2 || rec.Removed[storage.ClassConsent] != 1 || len(rec.Removed) != 2 {
				r.failf("receipt says %v", rec.Removed)
			}
			want := storage.Fact{Erasure: e.Record(map[storage.Class]int64{storage.ClassTouch: 2, storage.ClassConsent: 1}, 0)}
			r.same(r.scan(s, storage.Query{}), []storage.Fact{want}, "Scan")
		}},
		rule{"S11/erase/other-people-stay", "an erasure touches nobody else", func(r *run) {
			s := r.open()
			var want []storage.Fact
			for n := range 200 {
				f := touch(n, user(n%10))
				r.add(s, f)
				if n%10 != 3 {
					want = append(want, f)
				}
			}
			r.erase(s, storage.Erasure{Remove: []storage.Query{{IDs: []identity.ID{user(3)}}}})
			r.same(r.left(s), want, "Scan")
		}},
		rule{"S11/erase/everything-is-refused", "an empty query by mistake must not empty the store", func(r *run) {
			s := r.open()
			r.add(s, touches(3)...)
			for _, q := range [][]storage.Query{{{}}, {{IDs: []identity.ID{user(1)}}, {}}, {{Limit: 2}}, {{Desc: true}}} {
				_, err := s.Erase(r.ctx, storage.Erasure{ID: "e", At: erasedAt, Remove: q})
				r.is(err, storage.ErrAll, "Erase")
			}
			r.holds(s, touches(3)...)
		}},
		rule{"S11/erase/malformed-does-nothing", "an erasure that is refused is refused whole", func(r *run) {
			s := r.open()
			r.add(s, touches(3)...)
			gone := []storage.Query{{IDs: []identity.ID{user(1)}}}
			for i, e := range []storage.Erasure{
				{At: erasedAt, Remove: gone},
				{ID: "e", Remove: gone},
				{ID: "e", At: erasedAt, Remove: gone, Add: []storage.Fact{touch(9)}},
				{ID: "e", At: erasedAt, Remove: gone, Add: []storage.Fact{full(storage.ClassErasure, 1)}},
				{ID: "e", At: erasedAt, Remove: gone, Redact: []storage.Fact{with(touch(2), func(t *touchpoint.Touch) { t.At = minute(3) })}},
				{ID: "e", At: erasedAt, Remove: gone, Redact: []storage.Fact{{}}},
				{ID: "e", At: erasedAt, Remove: []storage.Query{{IDs: make([]identity.ID, storage.MaxValues+1)}}},
				{ID: "e", At: erasedAt, Remove: gone, Suppress: []storage.Suppression{{Tag: tag(1), At: erasedAt, Policy: storage.NoSuppression}}},
				{ID: "e\x00", At: erasedAt, Remove: gone},
			} {
				r.at("case %d", i)
				if _, err := s.Erase(r.ctx, e); err == nil {
					r.failf("accepted")
				}
				r.holds(s, touches(3)...)
			}
			r.statuses(r.append(s, tagged(touch(9), 1)), accepted)
		}},
		rule{"S11/erase/same-id-twice", "the same erasure again reports the first and does no more", func(r *run) {
			s := r.open()
			r.add(s, touches(3)...)
			e := storage.Erasure{ID: "e", At: erasedAt, Remove: []storage.Query{{IDs: []identity.ID{user(1)}}}}
			first := r.erase(s, e)
			r.add(s, touch(1), touch(5))
			e.Remove = []storage.Query{{To: minute(50)}}
			e.Suppress = []storage.Suppression{{Tag: tag(1), At: erasedAt}}
			second := r.erase(s, e)
			if !maps.Equal(first.Removed, second.Removed) {
				r.failf("the first removed %v, the second says %v", first.Removed, second.Removed)
			}
			r.same(r.left(s), []storage.Fact{touch(0), touch(1), touch(2), touch(5)}, "Scan")
			r.statuses(r.append(s, tagged(touch(6), 1)), accepted)
		}},
		rule{"S11/erase/many-facts", "an erasure of thousands is one step for its readers", func(r *run) {
			s := r.open()
			var rest []storage.Fact
			for n := range 30 {
				var batch []storage.Fact
				for i := range 120 {
					batch = append(batch, touch(n*120+i, user(i%4)))
				}
				r.add(s, batch...)
			}
			for _, f := range r.scan(s, storage.Query{}) {
				if f.IDs()[0] != user(2) {
					rest = append(rest, f)
				}
			}
			rec := r.erase(s, storage.Erasure{Remove: []storage.Query{{IDs: []identity.ID{user(2)}}}})
			if rec.Removed[storage.ClassTouch] != 900 {
				r.failf("%d touches removed", rec.Removed[storage.ClassTouch])
			}
			r.same(r.left(s), rest, "Scan")
			r.ok(storage.Verify(r.ctx, s), "Verify")
		}},
		rule{"S11/erase/as-if-never", "the digest afterwards is that of a store that never had them", func(r *run) {
			s, clean := r.open(), r.open()
			for n := range 100 {
				r.add(s, touch(n, user(n%5)))
				if n%5 != 2 {
					r.add(clean, touch(n, user(n%5)))
				}
			}
			r.erase(s, storage.Erasure{Remove: []storage.Query{{IDs: []identity.ID{user(2)}}}})
			r.sameDigest(s, clean)
		}},
		rule{"S11/erase/add", "residue and audit facts appear with the commit", func(r *run) {
			s := r.open()
			r.add(s, touch(1))
			res, aud := full(storage.ClassResidue, 1), full(storage.ClassAudit, 1)
			r.erase(s, storage.Erasure{ID: "e", Remove: []storage.Query{{IDs: []identity.ID{user(1)}}}, Add: []storage.Fact{res, aud, res}})
			r.same(r.scan(s, storage.Query{Classes: []storage.Class{storage.ClassResidue, storage.ClassAudit}}), inOrder([]storage.Fact{res, aud}), "Scan")
		}},
		rule{"S11/erase/fold-residues", "old residues are removed and their sum added in one step", func(r *run) {
			s := r.open()
			a, b, sum := full(storage.ClassResidue, 1), full(storage.ClassResidue, 2), full(storage.ClassResidue, 3)
			r.add(s, a, b)
			sum.Residue.Erasure, sum.Residue.Count = "", 4
			r.erase(s, storage.Erasure{Remove: []storage.Query{{Keys: []storage.Key{a.Key(), b.Key()}}}, Add: []storage.Fact{sum}})
			r.same(r.left(s), []storage.Fact{sum}, "Scan")
		}},
		rule{"S11/erase/key-is-free-again", "a key whose fact is gone may be used again, with other content", func(r *run) {
			s := r.open()
			r.add(s, touches(3)...)
			r.erase(s, storage.Erasure{Remove: []storage.Query{{Keys: []storage.Key{touch(1).Key()}}}})
			r.statuses(r.append(s, changed(1), touch(1)), accepted, conflict)
			r.same(r.left(s), inOrder([]storage.Fact{touch(0), changed(1), touch(2)}), "Scan")
		}},
		rule{"S11/erase/set-is-found-again", "a fact written after its set was erased must be found by its identifiers", func(r *run) {
			s := r.open()
			for n := range 5 {
				f := touch(n, user(1), mail(1))
				r.add(s, f)
				r.same(r.scan(s, storage.Query{IDs: []identity.ID{mail(1)}}), []storage.Fact{f}, "Scan")
				r.tied2(s, f)
				r.erase(s, storage.Erasure{Remove: []storage.Query{{IDs: []identity.ID{user(1)}}}})
				r.same(r.scan(s, storage.Query{IDs: []identity.ID{mail(1), user(1)}}), nil, "Scan")
			}
		}},
	)
	all = append(all, redactRules()...)
	all = append(all, suppressRules()...)
	return append(all, hardEraseRules()...)
}

// tied2 compares ties of a store whose only touches are these.
func (r *run) tied2(s storage.Store, facts ...storage.Fact) {
	m := newModel()
	m.append(facts)
	r.sameTies(r.ties(s, nil), m.ties(nil), "Ties")
}

func identsOf(of func(int) identity.ID, n int) []identity.ID {
	ids := make([]identity.ID, n)
	for i := range ids {
		ids[i] = of(i)
	}
	return ids
}

func (r *run) sameDigest(a, b storage.Store) {
	x, err := storage.Digest(r.ctx, a)
	r.ok(err, "Digest")
	y, err := storage.Digest(r.ctx, b)
	r.ok(err, "Digest")
	if x != y {
		r.failf("digests differ")
	}
}

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

// hardEraseRules: erasing while other things happen.
func hardEraseRules() []rule {
	return []rule{
		{"C9/erase/against-append", "an erasure and an append that race end as one before the other", func(r *run) {
			s := r.open()
			for n := range 300 {
				r.at("round %d", n)
				f := tagged(touch(n, user(n)), 0)
				f.Tags[0] = storage.Tag{byte(n), byte(n >> 8), 7}
				e := storage.Erasure{ID: fmt.Sprint("race", n), At: erasedAt, Remove: []storage.Query{{IDs: []identity.ID{user(n)}}},
					Suppress: []storage.Suppression{{Tag: f.Tags[0], At: erasedAt}}}
				var wg sync.WaitGroup
				var outs []touchpoint.Outcome
				var err1, err2 error
				wg.Go(func() {
					time.Sleep(time.Duration(n%3) * 50 * time.Microsecond) // who comes first varies
					outs, err1 = s.Append(r.ctx, []storage.Fact{f})
				})
				wg.Go(func() {
					time.Sleep(time.Duration(n/3%3) * 50 * time.Microsecond)
					_, err2 = s.Erase(r.ctx, e)
				})
				wg.Wait()
				r.ok(errors.Join(ignore(err1, storage.ErrUnavailable), err2), "race")
				if st := outs[0].Status; st != accepted && st != suppressed && st != touchpoint.Retry {
					r.failf("the append is %v", st)
				}
				if got := r.scan(s, storage.Query{IDs: []identity.ID{user(n)}}); len(got) > 0 {
					r.failf("a fact is there after its erasure (append %v)", outs[0].Status)
				}
			}
		}},
		{"C9/erase/against-erase", "two erasures of overlapping people may run at once", func(r *run) {
			s := r.open()
			for n := range 300 {
				r.append(s, touch(n, user(n%6), mail(n%5)))
			}
			var wg sync.WaitGroup
			errs := make([]error, 6)
			for k := range 6 {
				wg.Go(func() {
					_, errs[k] = s.Erase(r.ctx, storage.Erasure{ID: fmt.Sprint("e", k/2), At: erasedAt, Remove: []storage.Query{{IDs: []identity.ID{user(k / 2), mail(k / 2)}}}})
				})
			}
			wg.Wait()
			r.ok(errors.Join(errs...), "Erase")
			for _, f := range r.left(s) {
				for _, id := range f.IDs() {
					if slices.Contains([]identity.ID{user(0), user(1), user(2), mail(0), mail(1), mail(2)}, id) {
						r.failf("a fact that was to go is there")
					}
				}
			}
			r.ok(storage.Verify(r.ctx, s), "Verify")
		}},
		{"S11/erase/cancelled-at-every-step", "an erasure that was interrupted anywhere is finished by the next", func(r *run) {
			for n := 0; ; n++ {
				r.at("cancelled at look %d", n)
				s := r.open()
				var facts []storage.Fact
				for i := range 2500 {
					facts = append(facts, touch(i, user(i%2)))
				}
				r.append(s, facts...)
				e := storage.Erasure{ID: "e", At: erasedAt, Remove: []storage.Query{{IDs: []identity.ID{user(1)}}}}
				ctx := &countdown{Context: r.ctx, left: n}
				_, err := s.Erase(ctx, e)
				if err != nil && !errors.Is(err, context.Canceled) {
					r.failf("Erase: %v", err)
				}
				seen := r.scan(s, storage.Query{IDs: []identity.ID{user(1)}})
				if committed := len(r.scan(s, storage.Query{Classes: []storage.Class{storage.ClassErasure}})) == 1; committed != (len(seen) == 0) || len(seen)%1250 != 0 {
					r.failf("%d facts seen, erasure committed: %t", len(seen), committed)
				}
				rec, err2 := s.Erase(r.ctx, e)
				r.ok(err2, "Erase again")
				if !rec.Done || rec.Removed[storage.ClassTouch] != 1250 {
					r.failf("receipt says %v, done %t", rec.Removed, rec.Done)
				}
				if got := len(r.left(s)); got != 1250 {
					r.failf("%d facts left", got)
				}
				r.ok(storage.Verify(r.ctx, s), "Verify")
				if err == nil {
					return
				}
			}
		}},
		{"S4/erase/key-being-erased", "a key on an open work list is to be offered again", func(r *run) {
			s := r.open()
			var facts []storage.Fact
			for i := range 2500 {
				facts = append(facts, touch(i, user(1)))
			}
			r.append(s, facts...)
			e := storage.Erasure{ID: "e", At: erasedAt, Remove: []storage.Query{{IDs: []identity.ID{user(1)}}}}
			for n := 0; n < 50; n++ {
				if _, err := s.Erase(&countdown{Context: r.ctx, left: n}, e); err == nil {
					break
				}
				if len(r.scan(s, storage.Query{Classes: []storage.Class{storage.ClassErasure}})) == 0 {
					continue
				}
				outs, err := s.Append(r.ctx, []storage.Fact{facts[2499], touch(9000)})
				if len(outs) != 2 || outs[1].Status != accepted && outs[1].Status != duplicate || (outs[0].Status == touchpoint.Retry) != (err != nil) {
					r.failf("outcomes %v, error %v", outs, err)
				}
				if outs[0].Status != touchpoint.Retry && outs[0].Status != accepted && outs[0].Status != duplicate {
					r.failf("the key being erased is %v", outs[0].Status)
				}
			}
		}},
		{"S8/erase/context", "an erasure that cannot begin does nothing", func(r *run) {
			s := r.open()
			r.add(s, touch(1))
			ctx, cancel := context.WithCancel(r.ctx)
			cancel()
			e := storage.Erasure{ID: "e", At: erasedAt, Remove: []storage.Query{{IDs: []identity.ID{user(1)}}}}
			_, err := s.Erase(ctx, e)
			r.is(err, context.Canceled, "Erase")
			var none context.Context
			if _, err := s.Erase(none, e); err == nil {
				r.failf("a nil context is taken")
			}
			r.holds(s, touch(1))
		}},
		{"C9/erase/second-handle-knows", "a process that remembers which sets it wrote must learn that they are gone", func(r *run) {
			a := r.open()
			b := r.second(a)
			f := func(n int) storage.Fact { return touch(n, user(1), mail(1)) }
			r.add(a, f(1))
			r.add(b, f(2))
			for n := 3; n < 9; n += 2 {
				r.erase(a, storage.Erasure{ID: fmt.Sprint("e", n), Remove: []storage.Query{{IDs: []identity.ID{user(1)}}}})
				r.add(b, f(n))
				r.add(a, f(n+1))
				for _, s := range []storage.Store{a, b} {
					r.same(r.scan(s, storage.Query{IDs: []identity.ID{mail(1)}}), []storage.Fact{f(n), f(n + 1)}, "Scan")
					r.tied2(s, f(n), f(n+1))
				}
			}
			r.ok(storage.Verify(r.ctx, a), "Verify")
		}},
		{"C9/erase/second-handle-refuses", "an erasure through one handle holds for all", func(r *run) {
			a := r.open()
			b := r.second(a)
			r.statuses(r.append(b, tagged(touch(1), 1)), accepted)
			r.erase(a, storage.Erasure{ID: "e", Remove: []storage.Query{{IDs: []identity.ID{user(1)}}}, Suppress: []storage.Suppression{{Tag: tag(1), At: erasedAt}}})
			r.statuses(r.append(b, tagged(touch(1), 1)), suppressed)
			r.same(r.left(b), nil, "Scan")
		}},
		{"S4/erase/fails-closed", "a list that cannot be read accepts nothing", func(r *run) {
			s := r.open()
			r.erase(s, storage.Erasure{ID: "e", Suppress: []storage.Suppression{{Tag: tag(1), At: erasedAt}}})
			undo := r.fault(s, UnreadableSuppression)
			for i, o := range r.append(s, tagged(touch(1), 1), tagged(touch(2), 2), touch(3)) {
				if o.Status != touchpoint.Retry {
					r.failf("fact %d is %v", i, o.Status)
				}
			}
			r.ok(undo(), "undo")
			r.statuses(r.append(s, tagged(touch(1), 1), tagged(touch(2), 2), touch(3)), suppressed, accepted, accepted)
		}},
		{"S11/erase/bytes-are-gone", "no byte that the store has written shows the value any more", func(r *run) {
			if r.h.Bytes == nil {
				r.skip("Bytes in its harness")
			}
			s := r.open()
			secret := "zq-secret-ann/çé@example.com"
			id := identity.MakeID(identity.Email, secret)
			for n := range 400 {
				r.append(s, with(touch(n, user(n%9)), func(t *touchpoint.Touch) {
					if n%4 == 0 {
						t.IDs, t.Touchpoint, t.Props = []identity.ID{id}, "page of "+secret, touchpoint.Props{}.SetText("mail", secret)
					}
				}))
			}
			r.add(s, storage.Fact{Evidence: &identity.Evidence{A: id, B: user(1), Source: "crm", At: start}}, storage.Fact{Consent: &touchpoint.Consent{ID: id, At: start, Proof: secret}},
				touch(5000, id, account(1)))
			if r.search(s, secret) == "" {
				r.failf("the search finds nothing before the erasure: it cannot tell")
			}
			rec := r.erase(s, storage.Erasure{ID: "e", Remove: []storage.Query{{IDs: []identity.ID{id}, To: minute(4000)}}, Redact: []storage.Fact{
				with(touch(5000, account(1)), func(t *touchpoint.Touch) { t.Redacted = true })}})
			if len(rec.OutOfReach) > 0 {
				r.skip(fmt.Sprintf("reach of %v", rec.OutOfReach))
			}
			if form := r.search(s, secret); form != "" {
				r.failf("the erased value is there, %s", form)
			}
		}},
	}
}

func ignore(err, what error) error {
	if errors.Is(err, what) {
		return nil
	}
	return err
}

// second returns another handle of the store.
func (r *run) second(s storage.Store) storage.Store {
	if r.h.Second == nil {
		r.skip("second handle")
	}
	other, err := r.h.Second(r.ctx, s)
	r.ok(err, "Second")
	r.opened = append(r.opened, other)
	return other
}

// search looks for a value in everything that the store has written, in six encodings. It
// returns the name of the one it was found in.
func (r *run) search(s storage.Store, value string) string {
	quoted, _ := json.Marshal(value)
	ascii := make([]byte, 0, len(value))
	for _, c := range value {
		if c < 0x80 {
			ascii = append(ascii, byte(c))
		} else {
			ascii = fmt.Appendf(ascii, `\u%04x`, c)
		}
	}
	var wide []byte
	for _, u := range utf16.Encode([]rune(value)) {
		wide = binary.LittleEndian.AppendUint16(wide, u)
	}
	forms := map[string][]byte{
		"plain": []byte(value), "hex": []byte(hex.EncodeToString([]byte(value))), "utf-16": wide,
		"url": []byte(url.QueryEscape(value)), "json": quoted[1 : len(quoted)-1], "json ascii": ascii,
	}
	for shift := range 3 { // base64 depends on where the value begins in it
		b := []byte(base64.StdEncoding.EncodeToString(append(make([]byte, shift), value...)))
		forms[fmt.Sprint("base64 ", shift)] = b[4 : len(b)-4]
	}
	list, err := r.h.Bytes(s)
	r.ok(err, "Bytes")
	found := ""
	for _, in := range list {
		all, err := io.ReadAll(in)
		r.ok(errors.Join(err, in.Close()), "Bytes")
		for name, form := range forms {
			if bytes.Contains(all, form) {
				found = name
			}
		}
	}
	return found
}

// A countdown is a context that is cancelled once it has been looked at so many times.
type countdown struct {
	context.Context
	mu   sync.Mutex // guards left
	left int
	done chan struct{}
}

func (c *countdown) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left < 0 {
		c.cancel()
		return context.Canceled
	}
	return c.Context.Err()
}

func (c *countdown) cancel() {
	if c.done == nil {
		c.done = make(chan struct{})
	}
	select {
	case <-c.done:
	default:
		close(c.done)
	}
}

func (c *countdown) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
	}
	return c.done
}
