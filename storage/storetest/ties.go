package storetest

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// ties returns what Ties yields, sorted.
func (r *run) ties(s storage.Store, ids []identity.ID) []storage.Tie {
	var out []storage.Tie
	for t, err := range s.Ties(r.ctx, ids) {
		r.ok(err, "Ties")
		out = append(out, t)
	}
	sortTies(out)
	return out
}

func (r *run) sameTies(got, want []storage.Tie, what string) {
	if len(got) != len(want) {
		r.failf("%s gives %d ties, want %d", what, len(got), len(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		switch {
		case tieKey(g) != tieKey(w):
			r.failf("%s: tie %d of %d is another one", what, i, len(got))
		case g.Count != w.Count || !g.Last.Equal(w.Last):
			r.failf("%s: a group of %d touches until %v, want %d until %v", what, g.Count, g.Last, w.Count, w.Last)
		case !reflect.DeepEqual(g, w):
			r.failf("%s: tie %d of %d differs", what, i, len(got))
		}
	}
}

// tied fails unless Ties of everything, and of each identifier, is what the facts make.
func (r *run) tied(s storage.Store, facts ...storage.Fact) {
	m := newModel()
	m.append(facts)
	r.sameTies(r.ties(s, nil), m.ties(nil), "Ties of everything")
	for _, id := range idsOf(facts) {
		r.sameTies(r.ties(s, []identity.ID{id}), m.ties([]identity.ID{id}), "Ties of one identifier")
	}
}

// Group L: what ties identifiers together.
func tieRules() []rule {
	var all []rule
	holds := func(name, why string, batches ...[]storage.Fact) {
		all = append(all, rule{"S7/ties/" + name, why, func(r *run) {
			s := r.open()
			var facts []storage.Fact
			for _, b := range batches {
				r.add(s, b...)
				facts = append(facts, b...)
				r.tied(s, facts...)
			}
		}})
	}
	at := func(f storage.Fact, n int, id string) storage.Fact {
		return with(f, func(t *touchpoint.Touch) { t.At, t.ID = minute(n), id })
	}
	pair := touch(1, user(1), mail(1))
	holds("empty", "an empty store ties nothing", nil)
	holds("one-touch", "a group of one", []storage.Fact{pair})
	holds("singletons", "a person may have one identifier only", []storage.Fact{touch(1), touch(2), touch(3, account(1))})
	holds("no-identifier", "a touch without identifiers is a group too", []storage.Fact{with(touch(1), func(t *touchpoint.Touch) { t.IDs = nil })})
	holds("one-group", "many touches are one tie", []storage.Fact{at(pair, 1, "a"), at(pair, 2, "b"), at(pair, 3, "c")})
	holds("earliest-arrives-late", "the earliest touch speaks for the group, whenever it arrives", []storage.Fact{at(pair, 5, "a")}, []storage.Fact{at(pair, 9, "b")}, []storage.Fact{at(pair, 2, "c")}, []storage.Fact{at(pair, 7, "d")})
	holds("earliest-by-id", "among equal instants the lesser id speaks", []storage.Fact{at(pair, 5, "m")}, []storage.Fact{at(pair, 5, "z")}, []storage.Fact{at(pair, 5, "a")}, []storage.Fact{at(pair, 5, "é")})
	holds("sources-apart", "another source is another group", []storage.Fact{pair, with(pair, func(t *touchpoint.Touch) { t.Source = "shop" })})
	holds("kinds-apart", "another kind is another group: a login ties closer than a page view", []storage.Fact{pair, with(pair, func(t *touchpoint.Touch) { t.ID, t.Kind = "x", touchpoint.KindLogin })})
	holds("sets-apart", "another set of identifiers is another group", []storage.Fact{pair, touch(2, user(1)), touch(3, mail(1)), touch(4, user(1), mail(1), account(1))})
	holds("text-does-not-run-together", "sets glued without a mark confuse their parts", []storage.Fact{
		touch(1, identity.MakeID("a", "bc"), identity.MakeID("d", "e")), touch(2, identity.MakeID("a", "b"), identity.MakeID("cd", "e")),
		touch(3, identity.MakeID("a", "bcde")), touch(4, identity.MakeID("ab", "cde"))})
	for _, c := range []storage.Class{storage.ClassEvidence, storage.ClassOverride, storage.ClassMembership, storage.ClassParent} {
		holds(c.String(), "each fact of identity is a tie", []storage.Fact{full(c, 1), full(c, 2)}, []storage.Fact{full(c, 3), pair})
	}
	holds("other-classes", "consents, residues and audits tie nobody", []storage.Fact{full(storage.ClassConsent, 1), full(storage.ClassResidue, 1), full(storage.ClassAudit, 1)})
	holds("logout", "the end of a session is part of the sighting", []storage.Fact{with(pair, func(t *touchpoint.Touch) { t.Kind = touchpoint.KindLogout })})

	all = append(all,
		rule{"S7/ties/bare-overrides", "the retraction of a whole source concerns everybody", func(r *run) {
			s := r.open()
			bare := bareFact(storage.ClassOverride)
			r.add(s, bare, pair)
			want := []storage.Tie{{Override: bare.Override}}
			r.sameTies(r.ties(s, []identity.ID{user(99)}), want, "Ties of an unknown identifier")
			r.sameTies(r.ties(s, []identity.ID{}), want, "Ties of no identifier")
			if n := len(r.ties(s, nil)); n != 2 {
				r.failf("%d ties in all", n)
			}
		}},
		rule{"S7/ties/nil-and-empty", "nil is all, empty is none", func(r *run) {
			s := r.open()
			r.add(s, pair, touch(2))
			if n := len(r.ties(s, nil)); n != 2 {
				r.failf("nil: %d ties", n)
			}
			if n := len(r.ties(s, []identity.ID{})); n != 0 {
				r.failf("empty: %d ties", n)
			}
		}},
		rule{"S7/ties/several-identifiers-once", "a tie that names several of them comes once", func(r *run) {
			s := r.open()
			e := full(storage.ClassOverride, 1)
			r.add(s, pair, e)
			m := newModel()
			m.append([]storage.Fact{pair, e})
			ids := append(pair.IDs(), e.IDs()...)
			r.sameTies(r.ties(s, append(ids, ids...)), m.ties(ids), "Ties")
		}},
		rule{"S7/ties/too-many", "more than ten thousand identifiers are an error", func(r *run) {
			s := r.open()
			r.add(s, pair)
			n, err := drain(s.Ties(r.ctx, manyIDs(storage.MaxValues+1)))
			r.is(err, storage.ErrLimit, "Ties")
			if n != 0 {
				r.failf("%d ties", n)
			}
		}},
		rule{"S7/ties/many-groups", "thousands of groups and of facts come whole", func(r *run) {
			s := r.open()
			var facts []storage.Fact
			for n := range 3000 {
				facts = append(facts, touch(n, user(n%1500)), storage.Fact{Evidence: &identity.Evidence{A: user(1), B: mail(1), Source: "crm", Ref: fmt.Sprint(n), At: start}})
			}
			r.add(s, facts...)
			if n := len(r.ties(s, nil)); n != 4500 {
				r.failf("%d ties, want 4500", n)
			}
			if n := len(r.ties(s, []identity.ID{user(1)})); n != 3001 {
				r.failf("%d ties of one identifier, want 3001", n)
			}
		}},
		rule{"S7/ties/random-worlds", "ties are what the facts make, for any identifiers", func(r *run) {
			for seed := range 4 {
				r.at("seed %d", seed)
				s, m := r.world(uint64(seed), 250)
				r.sameTies(r.ties(s, nil), m.ties(nil), "Ties of everything")
				g := newRandom(uint64(seed))
				for range 20 {
					ids := g.ids()
					r.sameTies(r.ties(s, ids), m.ties(ids), "Ties")
				}
			}
		}},
		rule{"S7/ties/after-erasure", "a group is told again from what is left", func(r *run) {
			s := r.open()
			facts := []storage.Fact{at(pair, 1, "a"), at(pair, 2, "b"), at(pair, 3, "c"), at(pair, 4, "d")}
			r.add(s, facts...)
			for _, drop := range []int{0, 2, 0, 0} {
				r.erase(s, storage.Erasure{Remove: []storage.Query{{Keys: []storage.Key{facts[drop].Key()}}}})
				facts = slices.Delete(facts, drop, drop+1)
				r.tied(s, facts...)
			}
		}},
	)
	return append(all, componentRules()...)
}

// componentRules: walking from tie to tie.
func componentRules() []rule {
	// closure is the walk as a naive reader would do it.
	closure := func(m *model, start []identity.ID, through func(identity.ID) bool) []storage.Tie {
		reached := make(map[identity.ID]bool)
		queue := slices.Clone(start)
		for _, id := range start {
			reached[id] = true
		}
		found := make(map[storage.Key]storage.Tie)
		for len(queue) > 0 {
			id := queue[0]
			queue = queue[1:]
			for _, t := range m.ties([]identity.ID{id}) {
				found[tieKey(t)] = t
				for _, next := range t.IDs() {
					if !reached[next] {
						reached[next] = true
						if through == nil || through(next) {
							queue = append(queue, next)
						}
					}
				}
			}
		}
		var out []storage.Tie
		for _, t := range found {
			out = append(out, t)
		}
		sortTies(out)
		return out
	}
	component := func(r *run, s storage.Store, start []identity.ID, through func(identity.ID) bool) []storage.Tie {
		ties, err := storage.Component(r.ctx, s, start, through, 0)
		r.ok(err, "Component")
		sortTies(ties)
		return ties
	}
	return []rule{
		{"S7/ties/component-is-the-closure", "who somebody is depends on all that is reached", func(r *run) {
			for seed := range 4 / r.step(4) {
				r.at("seed %d", seed)
				s, m := r.world(uint64(seed), 60)
				g := newRandom(uint64(seed))
				for range 8 {
					ids := g.ids()
					r.sameTies(component(r, s, ids, nil), closure(m, ids, nil), "Component")
				}
			}
		}},
		{"S7/ties/component-not-through", "a shared placeholder must not pull the whole world in", func(r *run) {
			s, m := r.world(9, 80)
			odd := func(id identity.ID) bool { return len(id.Value())%2 == 0 }
			for n := range 12 {
				ids := []identity.ID{user(n)}
				r.sameTies(component(r, s, ids, odd), closure(m, ids, odd), "Component")
			}
		}},
		{"S7/ties/component-of-a-chain", "a chain is followed to its end", func(r *run) {
			s := r.open()
			var facts []storage.Fact
			for n := range 60 {
				facts = append(facts, touch(n, user(n), user(n+1)))
			}
			r.add(s, facts...)
			if n := len(component(r, s, []identity.ID{user(60)}, nil)); n != 60 {
				r.failf("%d ties of 60", n)
			}
		}},
		{"S7/ties/component-limit", "a huge component stops with what it has", func(r *run) {
			s := r.open()
			var facts []storage.Fact
			for n := range 100 {
				facts = append(facts, touch(n, user(0), user(n+1)))
			}
			r.add(s, facts...)
			ties, err := storage.Component(r.ctx, s, []identity.ID{user(0)}, nil, 40)
			r.is(err, storage.ErrLimit, "Component")
			if len(ties) != 40 {
				r.failf("%d ties, limit 40", len(ties))
			}
			ties, err = storage.Component(r.ctx, s, []identity.ID{user(0)}, nil, 100)
			if len(ties) != 100 || err != nil {
				r.failf("%d ties, error %v at the limit", len(ties), err)
			}
		}},
		{"S7/ties/component-of-nobody", "an unknown identifier and none at all reach nothing", func(r *run) {
			s := r.open()
			r.add(s, touch(1))
			if n := len(component(r, s, []identity.ID{user(77)}, nil)) + len(component(r, s, nil, nil)); n != 0 {
				r.failf("%d ties", n)
			}
		}},
		{"S8/ties/component-cancelled", "a cancelled walk returns its error", func(r *run) {
			s := r.open()
			r.add(s, touch(1))
			ctx, cancel := context.WithCancel(r.ctx)
			cancel()
			_, err := storage.Component(ctx, s, []identity.ID{user(1)}, nil, 0)
			r.is(err, context.Canceled, "Component")
		}},
		{"S7/ties/resolve-of-ties-is-resolve-of-sightings", "groups must be enough to know who is who", func(r *run) {
			for seed := range 4 * r.h.seeds() {
				r.at("seed %d", seed)
				s, m := r.world(uint64(1000+seed), 40)
				ties := identityOf(r, s.Ties(r.ctx, nil))
				facts, err := identity.New(nil)
				r.ok(err, "New")
				for _, f := range m.all() {
					if f.Touch != nil {
						facts.See(f.Touch.Sighting())
					}
					addFact(facts, f)
				}
				for _, at := range []time.Time{{}, minute(10)} {
					if a, b := people(ties, at), people(facts, at); !reflect.DeepEqual(a, b) {
						r.failf("%d people by ties, %d by sightings, or others", len(a), len(b))
					}
				}
			}
		}},
	}
}

// identityOf fills a graph with ties.
func identityOf(r *run, ties iter.Seq2[storage.Tie, error]) *identity.Graph {
	g, err := identity.New(nil)
	r.ok(err, "New")
	for t, err := range ties {
		r.ok(err, "Ties")
		if t.Count > 0 {
			g.See(t.Sighting)
		}
		addFact(g, storage.Fact{Evidence: t.Evidence, Override: t.Override, Membership: t.Membership, Parent: t.Parent})
	}
	return g
}

func addFact(g *identity.Graph, f storage.Fact) {
	switch {
	case f.Evidence != nil:
		g.Add(*f.Evidence)
	case f.Override != nil:
		g.Apply(*f.Override)
	case f.Membership != nil:
		g.Relate(*f.Membership)
	case f.Parent != nil:
		g.Nest(*f.Parent)
	}
}

// people lists the persons of a graph with their identifiers.
func people(g *identity.Graph, at time.Time) []identity.Person {
	return slices.Collect(g.Resolve(at).People())
}
