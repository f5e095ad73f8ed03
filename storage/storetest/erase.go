package storetest

import (
	"errors"
	"maps"
	"strings"

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
	removes("after", "a query removes what comes after its place", storage.Query{Sources: []string{"crm"}, After: storage.Position{At: minute(8), Source: "crm", ID: "t3"}},
		storage.Query{Classes: []storage.Class{storage.ClassTouch}, After: storage.Position{At: minute(3)}, Desc: true})
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
		rule{"S11/erase/record-over-its-bound", "an erasure whose record does not fit with its counts is refused whole", func(r *run) {
			s := r.open()
			r.add(s, touches(3)...)
			e := storage.Erasure{ID: "e", At: erasedAt}
			for n := range 5800 {
				e.Suppress = append(e.Suppress, storage.Suppression{KeyID: "k", Tag: storage.Tag{byte(n), byte(n >> 8), 9}, At: erasedAt})
			}
			size := func() int {
				b, err := storage.AppendFact(nil, storage.Fact{Erasure: e.Record(nil, 0)})
				r.ok(err, "AppendFact")
				return len(b)
			}
			for n := 0; size() < storage.MaxBody-500; n++ {
				e.Suppress[n].KeyID = strings.Repeat("k", min(storage.MaxText, 1+storage.MaxBody-500-size()))
			}
			e.Note.Reason = "r"
			e.Note.Reason = strings.Repeat("r", 1+storage.MaxBody-size()-1)
			if n := size(); n != storage.MaxBody {
				r.failf("the record has %d bytes without counts", n)
			}
			e.Remove = []storage.Query{{IDs: []identity.ID{user(1)}}}
			if _, err := s.Erase(r.ctx, e); !errors.Is(err, touchpoint.ErrInvalid) {
				r.failf("error %v", err)
			}
			r.holds(s, touches(3)...)
			e.Remove = nil
			r.erase(s, e)
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
