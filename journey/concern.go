package journey

import (
	"context"
	"slices"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

// A concern is whom some facts concern: people, and accounts with all who belong to them.
type concern struct{ people, accounts idSet }

func (t *Tracker) name(c concern, ids []identity.ID) {
	t.add(c.people, identity.PersonEntity, ids...)
	t.add(c.accounts, identity.AccountEntity, ids...)
}

// bounded names whom an override without identifiers concerns, and reports whether that is
// not everybody.
func (t *Tracker) bounded(ctx context.Context, loose []identity.Override, o *identity.Override, c concern) (bool, error) {
	var qs []storage.Query
	if o.Op == identity.Restore {
		target := o.Target
		if i := slices.IndexFunc(loose, func(l identity.Override) bool { return l.ID == target }); i >= 0 {
			o = &loose[i]
		} else { // it names identifiers, or is not known yet
			qs = []storage.Query{{Keys: []storage.Key{{Class: storage.ClassOverride, ID: target}}}}
		}
	}
	ref := o.Scope.Ref
	if o.Op == identity.Retract {
		if ref.Source == "" || ref.ID == "" {
			return false, nil
		}
		qs = []storage.Query{
			{Keys: []storage.Key{{Class: storage.ClassTouch, Source: ref.Source, ID: ref.ID}}},
			{Classes: []storage.Class{storage.ClassEvidence}, Sources: []string{ref.Source}},
		}
	}
	for _, q := range qs {
		for f, err := range t.store.scan(ctx, q) {
			if err != nil {
				return false, err
			}
			if f.Evidence == nil || f.Evidence.Ref == ref.ID {
				t.name(c, f.IDs())
			}
		}
	}
	return true, nil
}

// members names the people whom ties bring to the accounts, and all that the accounts are
// tied to.
func (t *Tracker) members(ctx context.Context, c concern) ([]storage.Tie, error) {
	ties, err := t.walk(ctx, identity.AccountEntity, c.accounts)
	for _, tie := range ties {
		t.add(c.people, identity.PersonEntity, tie.IDs()...)
	}
	return ties, err
}

// ofDomains names the people of the company domains among the accounts, as the rows of
// [Tracker.Refresh] know them.
func (t *Tracker) ofDomains(ctx context.Context, z summarizer, c concern) error {
	for _, id := range c.accounts.sorted() {
		if id.Type() != identity.Domain {
			continue
		}
		q := storage.SummaryQuery{Stages: []string{domainRow, knownRow}, Account: storage.HashID(id)}
		for r, err := range z.rows(ctx, t.SummaryModel(), q) {
			if err != nil {
				return err
			}
			t.add(c.people, identity.PersonEntity, r.IDs...)
		}
	}
	return nil
}
