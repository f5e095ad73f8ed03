package journey

import (
	"context"
	"slices"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

// A place is the part of the facts that some news concerns.
type place struct {
	t     *Tracker
	loose []identity.Override
	concern
	news []storage.Fact
	all  bool // everything is read
}

// place finds whom news concerns.
func (t *Tracker) place(ctx context.Context, news []storage.Fact) (*place, error) {
	p := &place{t: t, concern: concern{idSet{}, idSet{}}, news: news}
	var err error
	if p.loose, err = t.loose(ctx); err != nil {
		return nil, err
	}
	for _, f := range news {
		ids := f.IDs()
		t.name(p.concern, ids)
		if f.Override != nil && len(ids) == 0 && !p.all {
			bounded, err := t.bounded(ctx, p.loose, f.Override, p.concern)
			if err != nil {
				return nil, err
			}
			p.all = !bounded
		}
	}
	return p, nil
}

// read reads the place. What it reads may lead to more, see widen.
func (p *place) read(ctx context.Context) (*hood, error) {
	t := p.t
	if !p.all {
		if err := p.surround(ctx); err != nil {
			return nil, err
		}
	}
	if p.all {
		fs, err := t.read(ctx, everything, nil)
		return &hood{facts: fs}, err
	}
	ids := idSet{}
	for _, set := range []idSet{p.people, p.accounts} {
		for id := range set {
			ids[id] = true
		}
	}
	h, err := t.gather(ctx, ids, p.loose)
	if err != nil {
		return nil, err
	}
	seen := map[storage.Key]bool{}
	for _, f := range h.facts {
		seen[f.Key()] = true
	}
	for _, f := range p.news { // those that name nobody
		if !seen[f.Key()] {
			h.facts = append(h.facts, f)
		}
	}
	slices.SortFunc(h.facts, func(a, b storage.Fact) int { return a.Position().Compare(b.Position()) })
	return h, nil
}

// surround adds all who belong to the accounts of the place, and whole components.
func (p *place) surround(ctx context.Context) error {
	t := p.t
	if _, err := t.members(ctx, p.concern); err != nil {
		return err
	}
	if slices.ContainsFunc(p.accounts.sorted(), func(id identity.ID) bool { return id.Type() == identity.Domain }) {
		s, ok := t.store.store.(storage.Summarizer)
		if p.all = !ok; p.all {
			return nil
		}
		if _, err := t.Refresh(ctx); err != nil {
			return err
		}
		z := summarizer{s}
		for _, err := range z.rows(ctx, t.SummaryModel(), storage.SummaryQuery{Stages: []string{nobodyRow}}) {
			if err != nil {
				return err
			}
			p.all = true
		}
		if err := t.ofDomains(ctx, z, p.concern); err != nil {
			return err
		}
	}
	_, err := t.walk(ctx, identity.PersonEntity, p.people)
	return err
}

// widen adds the accounts of which not everybody has been read, and reports whether there
// are some: what they fold to cannot be told yet.
func (p *place) widen(differing []Subject, views ...*View) bool {
	known := len(p.accounts)
	for _, s := range differing {
		for _, v := range views {
			if !p.whole(s, v) {
				p.t.add(p.accounts, identity.AccountEntity, v.Identifiers(s)...)
			}
		}
	}
	return len(p.accounts) > known
}

// whole reports whether all of a subject of a view has been read; an unknown one has.
func (p *place) whole(s Subject, v *View) bool {
	set := p.people
	if s.Entity == identity.AccountEntity {
		set = p.accounts
	}
	ids := v.Identifiers(s)
	return p.all || len(ids) == 0 || slices.ContainsFunc(ids, func(id identity.ID) bool { return set[id] })
}
