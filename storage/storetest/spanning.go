package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

// spanningTrees writes the edges of trees, each edge once by one of the writers,
// while readers resolve; at the end there are exactly so many people. A tree has no
// redundant edge that would heal a lost merge. With summaries, two refreshers follow the
// writers, and at the end there is one row a person.
func spanningTrees(ids, components, writers int, summaries bool) rule {
	name := fmt.Sprintf("S9/concurrency/spanning-trees-%d-%d", ids, components)
	if summaries {
		name = fmt.Sprintf("S14/concurrency/spanning-trees-summaries-%d-%d", ids, components)
	}
	return rule{name, "merging on write loses merges; people are derived from evidence, so none can be lost", func(r *run) {
		s := r.open()
		z, ok := s.(storage.Summarizer)
		if summaries && !ok {
			r.skip("Summarizer")
		}
		w := newForest(ids, components, writers)
		var writing atomic.Int64
		writing.Store(int64(writers))
		g := newRandom(uint64(writers))
		read := func(bool) error { return w.read(r.ctx, s, g) }
		refresh := func(last bool) error { return w.refresh(r.ctx, s, z, last) }
		helpers := []func(last bool) error{read} // until the writers are done, and once more
		if summaries {
			helpers = append(helpers, refresh, refresh)
		}
		written := make([]int, writers)
		if summaries { // of people who are yet to become one
			for k, facts := range w.of {
				written[k] = len(facts) / 4
				r.add(s, facts[:written[k]]...)
			}
			r.ok(refresh(true), "refresh")
		}
		r.together(writers+len(helpers), func(k int) error {
			if k < writers {
				defer writing.Add(-1)
				for _, f := range w.of[k][written[k]:] {
					if _, err := s.Append(r.ctx, []storage.Fact{f}); err != nil {
						return err
					}
				}
				return nil
			}
			for {
				last := writing.Load() == 0
				if err := helpers[k-writers](last); err != nil || last {
					return err
				}
				time.Sleep(time.Millisecond) // leaves the writers their turn
			}
		})
		people, err := resolveTies(s.Ties(r.ctx, nil))
		r.ok(err, "Ties")
		if len(people) != components {
			r.failf("%d people, want %d", len(people), components)
		}
		for c := range min(components, 3) {
			ties, err := storage.Component(r.ctx, s, []identity.ID{mail(c)}, nil, 0)
			r.ok(err, "Component")
			if want := w.size(c); len(ties) != want {
				r.failf("a component of %d ties, want %d", len(ties), want)
			}
		}
		if !reflect.DeepEqual(inOrder(slices.Concat(w.of...)), r.scan(s, storage.Query{})) {
			r.failf("the facts differ from what was written")
		}
		if !summaries {
			return
		}
		rows := r.rows(z, storage.SummaryQuery{})
		if len(rows) != components {
			r.failf("%d summaries, want %d", len(rows), components)
		}
		for _, row := range rows {
			c, err := w.componentOf(row.IDs)
			r.ok(err, "a summary")
			if len(row.IDs) != w.size(c) {
				r.failf("a summary of %d identifiers, want %d", len(row.IDs), w.size(c))
			}
		}
	}}
}

// A forest is the facts of trees, dealt out to writers: identifier n is of component n
// modulo the number of components, and is tied to an earlier one of it.
type forest struct {
	ids, components int
	of              [][]storage.Fact
	number          map[identity.ID]int
}

func newForest(ids, components, writers int) *forest {
	w := &forest{ids, components, make([][]storage.Fact, writers), make(map[identity.ID]int)}
	g := newRandom(uint64(ids))
	// In turn and component by component, so that writers meet; the first quarter is of all.
	order := g.Perm(ids)
	slices.SortStableFunc(order[ids/4:], func(a, b int) int { return a%components - b%components })
	for i, n := range order {
		f := touch(n, mail(n))
		if n >= components {
			other := n%components + components*g.IntN(n/components)
			f = storage.Fact{Evidence: &identity.Evidence{A: mail(other), B: mail(n), Kind: identity.Import, Source: "crm", Ref: fmt.Sprint(n), At: minute(n)}}
		}
		w.of[i%writers] = append(w.of[i%writers], f)
		w.number[mail(n)] = n
	}
	return w
}

// size is how many identifiers, and ties, a component has.
func (w *forest) size(component int) int {
	return (w.ids - component + w.components - 1) / w.components
}

// componentOf fails unless all identifiers are of one component.
func (w *forest) componentOf(ids []identity.ID) (int, error) {
	first := w.number[ids[0]] % w.components
	for _, id := range ids {
		if w.number[id]%w.components != first {
			return 0, errors.New("identifiers of two components are one person")
		}
	}
	return first, nil
}

// read resolves one component as far as it is there.
func (w *forest) read(ctx context.Context, s storage.Store, g random) error {
	ties, err := storage.Component(ctx, s, []identity.ID{mail(g.IntN(w.ids))}, nil, 0)
	if err != nil {
		return err
	}
	people, err := resolveTies(listed(ties))
	for _, p := range people {
		if _, err := w.componentOf(p.IDs); err != nil {
			return err
		}
	}
	return err
}

// resolveTies resolves people whose addresses have no limits.
func resolveTies(ties iter.Seq2[storage.Tie, error]) ([]identity.Person, error) {
	rules := identity.DefaultRules()
	mails := rules.Types[identity.Email]
	mails.Max, mails.MaxOwners, mails.MaxDegree = 0, 0, 0
	rules.Types[identity.Email] = mails
	graph, err := identity.New(&rules)
	if err != nil {
		return nil, err
	}
	for t, err := range ties {
		if err != nil {
			return nil, err
		}
		if t.Count > 0 {
			graph.See(t.Sighting)
		} else {
			addFact(graph, storage.Fact{Evidence: t.Evidence})
		}
	}
	return people(graph, time.Time{}), nil
}

// listed yields what was read.
func listed(ties []storage.Tie) iter.Seq2[storage.Tie, error] {
	return func(yield func(storage.Tie, error) bool) {
		for _, t := range ties {
			if !yield(t, nil) {
				return
			}
		}
	}
}

// refreshStep is how many identifiers a step of a refresher takes. What is less waits for more.
const refreshStep = 200

// refresh brings the summaries up to date, unless another refresher is faster.
func (w *forest) refresh(ctx context.Context, s storage.Store, z storage.Summarizer, last bool) error {
	for {
		from, err := z.SummaryCursor(ctx, "m")
		if err != nil {
			return err
		}
		to, of := from, make(map[identity.ID]bool)
		for c, err := range s.Changes(ctx, from) {
			if err != nil {
				return err
			}
			to = c.Cursor
			for _, id := range c.Fact.IDs() {
				of[id] = true
			}
			if len(of) >= refreshStep {
				break
			}
		}
		if to == from || !last && len(of) < refreshStep {
			return nil
		}
		var all []identity.ID
		var rows []storage.Summary
		seen := make(map[identity.ID]bool)
		for id := range of {
			all = append(all, id)
			if seen[id] {
				continue
			}
			ties, err := storage.Component(ctx, s, []identity.ID{id}, nil, 0)
			if err != nil {
				return err
			}
			people, err := resolveTies(listed(ties))
			if err != nil {
				return err
			}
			for _, p := range people {
				for _, id := range p.IDs {
					seen[id] = true
				}
				rows = append(rows, storage.Summary{Subject: p.ID, IDs: p.IDs, Stage: "aware", Last: minute(len(p.IDs))})
			}
		}
		if err := z.PutSummaries(ctx, "m", from, to, all, rows); err != nil && !errors.Is(err, storage.ErrStale) {
			return err
		}
	}
}
