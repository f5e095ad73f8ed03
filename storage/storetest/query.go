package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// queryFields are conditions of one field each, which every world of rules meets in part.
func queryFields() []struct {
	name string
	set  func(q *storage.Query)
} {
	return []struct {
		name string
		set  func(q *storage.Query)
	}{
		{"classes", func(q *storage.Query) {
			q.Classes = []storage.Class{storage.ClassTouch, storage.ClassOverride, storage.ClassTouch}
		}},
		{"keys", func(q *storage.Query) {
			q.Keys = []storage.Key{{Class: storage.ClassOverride, ID: "bare1"}, {Class: storage.ClassTouch, Source: "nowhere", ID: "t1"}}
			for n := range 40 {
				q.Keys = append(q.Keys, storage.Key{Class: storage.ClassTouch, Source: pick(newRandom(uint64(n)), "web", "crm", "Web"), ID: fmt.Sprint("t", n)})
			}
			q.Keys = append(q.Keys, q.Keys[3])
		}},
		{"sources", func(q *storage.Query) { q.Sources = []string{"web", "", "WEB", "web"} }},
		{"kinds", func(q *storage.Query) { q.Kinds = []touchpoint.Kind{touchpoint.KindOrder, "never"} }},
		{"ids", func(q *storage.Query) { q.IDs = []identity.ID{user(1), mail(2), user(3), user(1), user(999)} }},
		{"from", func(q *storage.Query) { q.From = minute(5) }},
		{"to", func(q *storage.Query) { q.To = minute(11) }},
		{"after", func(q *storage.Query) { q.After = storage.Position{At: minute(7), Source: "web", ID: "t3", Class: 1} }},
	}
}

// Group Q: what a query selects.
func queryRules() []rule {
	var all []rule
	fields := queryFields()
	selects := func(name, why string, queries ...storage.Query) {
		all = append(all, rule{"S7/query/" + name, why, func(r *run) {
			s, m := r.world(11, 400)
			for i, q := range queries {
				for _, desc := range []bool{false, true} {
					r.at("query %d, desc %t", i, desc)
					q.Desc = desc
					want := m.scan(q)
					r.same(r.scan(s, q), want, "Scan")
					n, err := storage.Count(r.ctx, s, q)
					if err != nil || n != int64(len(want)) {
						r.failf("Count %d, error %v, Scan %d", n, err, len(want))
					}
				}
			}
		}})
	}
	of := func(set ...func(q *storage.Query)) (q storage.Query) {
		for _, f := range set {
			f(&q)
		}
		return q
	}
	selects("everything", "the zero query selects everything", storage.Query{})
	for i, f := range fields {
		selects(f.name, "each condition has its plain meaning", of(f.set))
		for _, g := range fields[i+1:] {
			selects(f.name+"-and-"+g.name, "conditions of two fields are and-ed", of(f.set, g.set))
		}
	}
	for _, c := range storage.Classes() {
		selects("class-"+c.String(), "each class alone", storage.Query{Classes: []storage.Class{c}})
	}
	for name, q := range map[string]storage.Query{
		"classes": {Classes: []storage.Class{}}, "keys": {Keys: []storage.Key{}}, "sources": {Sources: []string{}},
		"kinds": {Kinds: []touchpoint.Kind{}}, "ids": {IDs: []identity.ID{}},
	} {
		selects("empty-"+name, "an empty list is not the same as none: it matches nothing", q, storage.Query{
			Classes: q.Classes, Keys: q.Keys, Sources: q.Sources, Kinds: q.Kinds, IDs: q.IDs, From: start, Limit: 3})
	}
	var limits []storage.Query
	for n := range 12 {
		limits = append(limits, storage.Query{Limit: n}, storage.Query{Limit: n, IDs: []identity.ID{user(1), mail(2)}}, storage.Query{Limit: 1000 * n})
	}
	selects("limit", "Limit cuts, 0 is all", limits...)
	selects("half-open", "From is inclusive, To is not, both to the microsecond", borders()...)
	selects("unknown-values", "what nobody has selects nothing", storage.Query{Sources: []string{"x"}}, storage.Query{Kinds: []touchpoint.Kind{"x"}},
		storage.Query{IDs: []identity.ID{user(998)}}, storage.Query{Keys: []storage.Key{{Class: 1, Source: "x", ID: "y"}}}, storage.Query{Classes: []storage.Class{99}})
	selects("identifier-type-counts", "equal text of two types is two identifiers", storage.Query{IDs: []identity.ID{
		identity.MakeID(identity.Email, "u1"), identity.MakeID(identity.UserID, "ann1@example.com")}})
	selects("zone-of-the-window", "a window in another zone is the same window", storage.Query{
		From: minute(3).In(time.FixedZone("", 3600)), To: minute(9).In(time.FixedZone("", -7200))})

	all = append(all,
		rule{"S7/query/several-identifiers-once", "a fact that names three of them comes once", func(r *run) {
			s := r.open()
			f := touch(1, user(1), user(2), user(3))
			e := storage.Fact{Evidence: &identity.Evidence{A: user(1), B: user(2), At: start}}
			r.add(s, f, e)
			r.same(r.scan(s, storage.Query{IDs: []identity.ID{user(1), user(2), user(3)}}), inOrder([]storage.Fact{f, e}), "Scan")
		}},
		rule{"S7/query/every-identifier-of-an-override", "an override is found by each of its six places", func(r *run) {
			s := r.open()
			f := full(storage.ClassOverride, 1)
			r.add(s, f)
			for _, id := range f.IDs() {
				r.same(r.scan(s, storage.Query{IDs: []identity.ID{id}}), []storage.Fact{f}, "Scan")
			}
		}},
		rule{"S7/query/ten-thousand-values", "a field at its bound is taken", func(r *run) {
			s := r.open()
			facts := touches(50)
			r.add(s, facts...)
			q := storage.Query{Sources: []string{"web"}, Kinds: []touchpoint.Kind{touchpoint.KindPageview}, Classes: []storage.Class{storage.ClassTouch}}
			for n := range storage.MaxValues {
				q.IDs = append(q.IDs, user(n))
				q.Keys = append(q.Keys, touch(n).Key())
				if n > 0 {
					q.Sources = append(q.Sources, fmt.Sprint(n))
					q.Kinds = append(q.Kinds, touchpoint.Kind(fmt.Sprint("k", n)))
				}
			}
			r.same(r.scan(s, q), facts, "Scan")
			r.same(r.scan(s, storage.Query{IDs: q.IDs}), facts, "Scan by identifiers")
			r.same(r.scan(s, storage.Query{Keys: q.Keys}), facts, "Scan by keys")
		}},
	)
	for name, q := range map[string]storage.Query{
		"classes": {Classes: make([]storage.Class, storage.MaxValues+1)}, "keys": {Keys: make([]storage.Key, storage.MaxValues+1)},
		"sources": {Sources: make([]string, storage.MaxValues+1)}, "kinds": {Kinds: make([]touchpoint.Kind, storage.MaxValues+1)},
		"ids": {IDs: make([]identity.ID, storage.MaxValues+1)},
	} {
		all = append(all, rule{"S7/query/too-many-" + name, "a field over its bound is an error, not a slow query", func(r *run) {
			s := r.open()
			r.add(s, touch(1))
			n, err := drain(s.Scan(r.ctx, q))
			r.is(err, storage.ErrLimit, "Scan")
			if n != 0 {
				r.failf("%d facts", n)
			}
			_, err = storage.Count(r.ctx, s, q)
			r.is(err, storage.ErrLimit, "Count")
		}})
	}
	for _, n := range []int{1, 2, 3, 8, 1000} {
		all = append(all, rule{fmt.Sprint("S14/query/split-", n), "parts are disjoint, complete and in order", func(r *run) {
			s, m := r.world(5, 300)
			for i, q := range []storage.Query{{}, {Classes: []storage.Class{storage.ClassTouch}}, {IDs: []identity.ID{user(1), mail(2)}}, {From: minute(3), To: minute(12)},
				{After: storage.Position{At: minute(7), Source: "web"}}, {Limit: 20}, {Desc: true}, {To: start}} {
				r.at("query %d", i)
				parts, err := storage.Split(r.ctx, s, q, n)
				r.ok(err, "Split")
				if len(parts) > n || len(parts) == 0 {
					r.failf("%d parts of %d", len(parts), n)
				}
				var got []storage.Fact
				for _, p := range parts {
					got = append(got, r.scan(s, p)...)
				}
				r.same(got, m.scan(q), "Scan of the parts")
			}
			empty := r.open()
			parts, err := storage.Split(r.ctx, empty, storage.Query{}, n)
			r.ok(err, "Split of an empty store")
			r.add(empty, touches(3)...)
			var got []storage.Fact
			for _, p := range parts {
				got = append(got, r.scan(empty, p)...)
			}
			r.same(got, touches(3), "Scan of the parts")
		}})
	}
	slices.SortFunc(all, func(a, b rule) int { return compareNames(a.name, b.name) })
	return all
}

// borders are windows around instants at which facts stand.
func borders() []storage.Query {
	var out []storage.Query
	for _, n := range []int{0, 7, 19} {
		for _, d := range []time.Duration{-time.Microsecond, -1, 0, 1, time.Microsecond} {
			at := minute(n).Add(d)
			out = append(out, storage.Query{From: at}, storage.Query{To: at}, storage.Query{From: at, To: at}, storage.Query{From: at, To: minute(n + 2)})
		}
	}
	return append(out, storage.Query{From: time.Unix(-1<<50, 0)}, storage.Query{To: time.Unix(1<<60, 0)}, storage.Query{From: minute(9), To: minute(3)})
}
