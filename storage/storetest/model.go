package storetest

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

func compareNames(a, b string) int { return strings.Compare(a, b) }

// A model is what a store should be: a map of keys. It shares no code with any store.
type model struct {
	facts map[storage.Key]storage.Fact
	list  storage.SuppressionList

	sorted []storage.Fact // all of them, nil after a change
}

func newModel() *model { return &model{facts: make(map[storage.Key]storage.Fact)} }

// world fills a store with random facts, in random batches, and a model with the same.
func (r *run) world(seed uint64, n int) (storage.Store, *model) {
	s, m, g := r.open(), newModel(), newRandom(seed)
	for n > 0 {
		batch := make([]storage.Fact, min(n, 1+g.IntN(20)))
		for i := range batch {
			batch[i] = g.fact()
		}
		r.agree(r.append(s, batch...), m.append(batch))
		n -= len(batch)
	}
	return s, m
}

// agree compares the outcomes of a store with those of the model.
func (r *run) agree(got, want []touchpoint.Outcome) {
	for i := range got {
		if got[i].Status != want[i].Status || !slices.Equal(got[i].Fields, want[i].Fields) {
			r.failf("outcome %d of %d is %v %v, want %v %v", i, len(got), got[i].Status, got[i].Fields, want[i].Status, want[i].Fields)
		}
	}
}

func (m *model) append(facts []storage.Fact) []touchpoint.Outcome {
	m.sorted = nil
	outs := make([]touchpoint.Outcome, len(facts))
	for i, f := range facts {
		k := f.Key()
		outs[i].Key = touchpoint.Key{Source: k.Source, ID: k.ID}
		old, known := m.facts[k]
		switch {
		case storage.Check(f) != nil || f.Erasure != nil:
			outs[i].Status = rejected
		case m.list.Refuses(f.Tags, f.At()):
			outs[i].Status = suppressed
		case !known:
			outs[i].Status = accepted
			f.Tags = nil
			m.facts[k] = f
		default:
			outs[i].Status = duplicate
			if d := storage.Diff(old, f); len(d) > 0 {
				outs[i].Status, outs[i].Fields = conflict, d
			}
		}
	}
	return outs
}

// all returns the facts in order; the slice is the model's.
func (m *model) all() []storage.Fact {
	if m.sorted == nil {
		m.sorted = inOrder(slices.Collect(maps.Values(m.facts)))
	}
	return m.sorted
}

// scan is the plain meaning of a query.
func (m *model) scan(q storage.Query) []storage.Fact {
	var out []storage.Fact
	for _, f := range m.all() {
		if q.Selects(f) {
			out = append(out, f)
		}
	}
	if q.Desc {
		slices.Reverse(out)
	}
	if q.Limit > 0 {
		out = out[:min(q.Limit, len(out))]
	}
	return out
}

func (m *model) erase(e storage.Erasure) (removed map[storage.Class]int64, redacted int64) {
	k := storage.Key{Class: storage.ClassErasure, ID: e.ID}
	if f, known := m.facts[k]; known {
		return f.Erasure.Removed, f.Erasure.Redacted
	}
	removed = make(map[storage.Class]int64)
	gone := make(map[storage.Key]bool)
	for _, q := range e.Remove {
		for _, f := range m.scan(q) {
			if f.Erasure == nil && f.Audit == nil {
				gone[f.Key()] = true
			}
		}
	}
	for k := range gone {
		removed[k.Class]++
		delete(m.facts, k)
	}
	for _, f := range e.Redact {
		if old, known := m.facts[f.Key()]; known && len(storage.Diff(old, f)) > 0 {
			redacted++
			if f.Touch != nil {
				f = with(f, func(t *touchpoint.Touch) { t.ReceivedAt = old.Touch.ReceivedAt })
			}
			m.facts[f.Key()] = f
		}
	}
	for _, f := range e.Add {
		if _, known := m.facts[f.Key()]; !known {
			m.facts[f.Key()] = f
		}
	}
	m.sorted = nil
	rec := e.Record(removed, redacted)
	m.facts[k] = storage.Fact{Erasure: rec}
	m.list.Join(*rec)
	return rec.Removed, rec.Redacted
}

// ties are the groups and facts that name one of ids (nil = all), by the plain meaning,
// sorted.
func (m *model) ties(ids []identity.ID) []storage.Tie {
	type groupKey struct {
		source, ids string
		kind        touchpoint.Kind
	}
	groups := make(map[groupKey]*storage.Tie)
	var out []storage.Tie
	for _, f := range m.all() {
		named := ids == nil || f.Override != nil && len(f.IDs()) == 0 ||
			slices.ContainsFunc(f.IDs(), func(id identity.ID) bool { return slices.Contains(ids, id) })
		if !named {
			continue
		}
		switch {
		case f.Touch != nil:
			k := groupKey{f.Touch.Source, setText(f.IDs()), f.Touch.Kind}
			if groups[k] == nil {
				groups[k] = &storage.Tie{Sighting: f.Touch.Sighting()}
			}
			groups[k].Count++
			groups[k].Last = f.At()
		case f.Evidence != nil, f.Override != nil, f.Membership != nil, f.Parent != nil:
			out = append(out, storage.Tie{Evidence: f.Evidence, Override: f.Override, Membership: f.Membership, Parent: f.Parent})
		}
	}
	for _, t := range groups {
		out = append(out, *t)
	}
	sortTies(out)
	return out
}

func setText(ids []identity.ID) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(string(id.Type()) + "\x1f" + id.Value() + "\x1f")
	}
	return b.String()
}

// tieKey tells ties apart: a group by its first touch, a fact by its key.
func tieKey(t storage.Tie) storage.Key {
	if t.Count > 0 {
		return storage.Key{Class: storage.ClassTouch, Source: t.Sighting.Source, ID: t.Sighting.Ref.ID}
	}
	return storage.Fact{Evidence: t.Evidence, Override: t.Override, Membership: t.Membership, Parent: t.Parent}.Key()
}

func sortTies(ties []storage.Tie) {
	type keyed struct {
		key storage.Key
		tie storage.Tie
	}
	list := make([]keyed, len(ties))
	for i, t := range ties {
		list[i] = keyed{tieKey(t), t}
	}
	slices.SortFunc(list, func(a, b keyed) int { return compareKeys(a.key, b.key) })
	for i, k := range list {
		ties[i] = k.tie
	}
}

func compareKeys(a, b storage.Key) int {
	return cmp.Or(cmp.Compare(a.Class, b.Class), strings.Compare(a.Source, b.Source), strings.Compare(a.ID, b.ID))
}
