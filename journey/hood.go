package journey

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

// everything is an instant at which all facts count, those dated ahead too.
var everything = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)

// links reports whether an identifier of an entity ties others together. Walks step through
// no other: a placeholder that half the world carries ties nobody. One that is shared by many
// is stepped through, since that it is shared is decided among all who hold it.
func (c *config) links(id identity.ID, e identity.Entity) bool {
	r, known := c.rules.Types[id.Type()]
	if !known || r.Entity != e {
		return false
	}
	ok, _ := c.rules.Linkable(id)
	return ok
}

// walk reads the ties of an entity's identifiers, and of all that they lead to, which it adds
// to the set. People and accounts are walked apart: no account joins people, and no person
// joins accounts, so one walk never runs through a whole firm.
func (t *Tracker) walk(ctx context.Context, e identity.Entity, ids idSet) ([]storage.Tie, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	ties, err := t.store.component(ctx, ids.sorted(), func(id identity.ID) bool { return t.links(id, e) }, math.MaxInt)
	if err != nil {
		return nil, err
	}
	for _, tie := range ties {
		t.add(ids, e, tie.IDs()...)
	}
	return ties, nil
}

// An idSet is a set of identifiers.
type idSet map[identity.ID]bool

// add adds those identifiers of an entity that tie others together.
func (c *config) add(s idSet, e identity.Entity, ids ...identity.ID) {
	for _, id := range ids {
		if !s[id] && c.links(id, e) {
			s[id] = true
		}
	}
}

func (s idSet) sorted() []identity.ID {
	out := make([]identity.ID, 0, len(s))
	for id := range s {
		out = append(out, id)
	}
	slices.SortFunc(out, identity.CompareIDs)
	return out
}

// loose reads the overrides that name no identifier: they may concern anybody.
func (t *Tracker) loose(ctx context.Context) ([]identity.Override, error) {
	var out []identity.Override
	for tie, err := range t.store.ties(ctx, []identity.ID{}) {
		if err != nil {
			return nil, err
		}
		if tie.Override != nil {
			out = append(out, *tie.Override)
		}
	}
	return out, nil
}

// A hood is what a part of the people, and the accounts of their touches, derive from.
type hood struct {
	facts     []storage.Fact      // by Position
	sightings []identity.Sighting // of accounts: the earliest touch of each group, stripped of people
	named     idSet               // account identifiers that a fact names
}

// gather reads what people and accounts with these identifiers derive from: every fact that
// names one of them, and what the other accounts of their touches hang on. The identifiers
// are whole components, as walk gives them.
//
// Of another account it reads who it is, not who is in it: the earliest touch of each group
// tells that, at the price of index entries. Only where that touch may be retracted, a later
// one of the group may have to stand in for it.
func (t *Tracker) gather(ctx context.Context, ids idSet, loose []identity.Override) (*hood, error) {
	h := &hood{named: idSet{}}
	seen := map[storage.Key]bool{}
	take := func(f storage.Fact) bool {
		k := f.Key()
		fresh := !seen[k]
		if seen[k] = true; fresh {
			h.facts = append(h.facts, f)
		}
		return fresh
	}
	accounts := idSet{}
	for part := range slices.Chunk(ids.sorted(), storage.MaxValues) {
		for f, err := range t.store.scan(ctx, storage.Query{IDs: part}) {
			if err != nil {
				return nil, err
			}
			if take(f) {
				t.add(accounts, identity.AccountEntity, f.IDs()...)
				t.add(accounts, identity.AccountEntity, t.domains(f)...)
			}
		}
	}
	ties, err := t.walk(ctx, identity.AccountEntity, accounts)
	if err != nil {
		return nil, err
	}
	for i := range loose {
		take(storage.Fact{Override: &loose[i]})
	}
	for _, tie := range ties {
		if tie.Count == 0 {
			take(storage.Fact{Evidence: tie.Evidence, Override: tie.Override, Membership: tie.Membership, Parent: tie.Parent})
		}
	}
	for _, tie := range ties {
		t.add(h.named, identity.AccountEntity, tie.IDs()...)
	}
	retracts := retractions(h.facts)
	again := idSet{}
	for _, tie := range ties {
		if tie.Count == 0 {
			continue
		}
		s := t.stripped(tie.Sighting)
		switch {
		case slices.ContainsFunc(s.IDs, func(id identity.ID) bool { return ids[id] }): // all of them are read
		case tie.Count > 1 && len(s.IDs) > 1 && mayKill(retracts, &s):
			t.add(again, identity.AccountEntity, s.IDs...)
		default:
			h.sightings = append(h.sightings, s)
		}
	}
	for part := range slices.Chunk(again.sorted(), storage.MaxValues) {
		for f, err := range t.store.scan(ctx, storage.Query{Classes: []storage.Class{storage.ClassTouch}, IDs: part}) {
			if err != nil {
				return nil, err
			}
			h.sightings = append(h.sightings, t.stripped(f.Touch.Sighting()))
		}
	}
	slices.SortFunc(h.facts, func(a, b storage.Fact) int { return a.Position().Compare(b.Position()) })
	return h, nil
}

// stripped is what a sighting says of accounts.
func (t *Tracker) stripped(s identity.Sighting) identity.Sighting {
	of := idSet{}
	t.add(of, identity.AccountEntity, s.IDs...)
	s.IDs, s.Website, s.ReverseIP = of.sorted(), "", ""
	return s
}

// retractions are the overrides that take evidence back.
func retractions(fs []storage.Fact) []*identity.Scope {
	var out []*identity.Scope
	for _, f := range fs {
		if f.Override != nil && f.Override.Op == identity.Retract {
			out = append(out, &f.Override.Scope)
		}
	}
	return out
}

// mayKill reports whether one of these scopes may take back what ties a sighting's
// identifiers, and yet not what a later one of its group does.
func mayKill(scopes []*identity.Scope, s *identity.Sighting) bool {
	return slices.ContainsFunc(scopes, func(o *identity.Scope) bool {
		return mayTake(o, s) && (o.Ref.ID != "" || !o.From.IsZero() || !o.To.IsZero())
	})
}

// mayTake reports whether a scope may take back what ties a sighting's identifiers.
func mayTake(o *identity.Scope, s *identity.Sighting) bool {
	return (o.Ref.ID == s.ID || o.Ref.ID == "") && (o.Ref.Source == s.Source || o.Ref.Source == "") && (o.Source == s.Source || o.Source == "")
}

// domains are the identifiers of the company domains that a fact's addresses and web sites
// lead to: by them identity finds accounts that no touch names.
func (t *Tracker) domains(f storage.Fact) []identity.ID {
	var out []identity.ID
	add := func(text string) {
		if name, ok := t.rules.Accounts.CompanyDomain(text); ok {
			out = append(out, identity.MakeID(identity.Domain, name))
		}
	}
	for _, id := range f.IDs() {
		if at := strings.LastIndexByte(id.Value(), '@'); at >= 0 && t.links(id, identity.PersonEntity) {
			add(id.Value()[at+1:])
		}
	}
	if f.Touch != nil {
		s := f.Touch.Sighting()
		add(s.Website)
		add(s.ReverseIP)
	}
	return out
}
