package journey

import (
	"context"
	"crypto/sha256"
	"slices"
	"sync"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

// A step is one batch of changes being worked into the rows.
type step struct {
	t *Tracker
	z summarizer
	b *backlog

	from, to storage.Cursor
	past     bool // it reaches the end of the backlog

	news    []storage.Fact
	nobody  bool // see nobodyRow
	concern      // the accounts are those that may be others than they were
	of      []identity.ID

	mu   sync.Mutex // guards the following while people are derived
	rows []storage.Summary
	made int // people
	err  error

	put, end bool
}

// run does a step: the cursor is asked for before anything is read, which makes the put stale
// if an erasure comes between.
func (s *step) run(ctx context.Context) (err error) {
	defer catch(&err)
	t, model := s.t, s.t.SummaryModel()
	from, err := s.z.cursor(ctx, model)
	if err != nil {
		return err
	}
	loose, err := t.loose(ctx)
	if err != nil {
		return err
	}
	s.concern = concern{idSet{}, idSet{}}
	changed, everybody, err := s.overrides(ctx, loose)
	if err != nil {
		return err
	}
	start := from
	if everybody {
		start = storage.Cursor{}
	}
	if err := s.b.open(ctx, t, from, start, changed); err != nil {
		return err
	}
	s.from, s.to, s.end = from, from, true
	for c, err := range t.store.changes(ctx, start) {
		if err != nil {
			return err
		}
		if len(s.news) == t.stepFacts {
			s.end = false
			break
		}
		s.to = c.Cursor
		s.past = s.past || s.to == s.b.last
		s.news = append(s.news, c.Fact)
		s.note(c.Fact)
	}
	if len(s.news) == 0 && !changed {
		return nil
	}
	if s.nobody {
		s.rows = append(s.rows, storage.Summary{Subject: [16]byte{0xFE}, IDs: []identity.ID{identity.MakeID("summary", "nobody")}, Stage: nobodyRow})
	}
	if err := s.changed(ctx, loose); err != nil {
		return err
	}
	if err := s.orphans(ctx); err != nil {
		return err
	}
	if err := s.derive(ctx, loose); err != nil {
		return err
	}
	s.put = true
	return s.z.put(ctx, model, from, s.to, s.of, s.rows)
}

// note notes whom a fact names.
func (s *step) note(f storage.Fact) {
	ids := f.IDs()
	s.t.add(s.people, identity.PersonEntity, ids...)
	switch f.Class() {
	case storage.ClassEvidence, storage.ClassOverride, storage.ClassParent:
		s.t.name(s.concern, ids)
	case storage.ClassTouch:
		if len(s.t.domains(f)) > 0 && !slices.ContainsFunc(ids, func(id identity.ID) bool { return s.t.links(id, identity.PersonEntity) }) {
			s.nobody = true
		}
	case storage.ClassMembership:
		// It joins no accounts. It can make known an account that only a domain led to.
		for _, id := range ids {
			if id.Type() == identity.Domain {
				s.t.add(s.accounts, identity.AccountEntity, id)
			}
		}
	}
}

// overrides compares the overrides that name no identifier with those that the rows know.
// What is new and names a touch concerns the people of that touch; else everybody.
func (s *step) overrides(ctx context.Context, loose []identity.Override) (changed, everybody bool, err error) {
	known := map[[16]byte]bool{}
	for r, err := range s.z.rows(ctx, s.t.SummaryModel(), storage.SummaryQuery{Stages: []string{overrideRow}}) {
		if err != nil {
			return false, false, err
		}
		for b := r.Body; len(b) >= 16; b = b[16:] {
			known[[16]byte(b)] = true
		}
	}
	var now []byte
	for i := range loose {
		body, err := storage.AppendFact(nil, storage.Fact{Override: &loose[i]})
		if err != nil {
			return false, false, err
		}
		sum := sha256.Sum256(body)
		mark := [16]byte(sum[:])
		now = append(now, mark[:]...)
		if known[mark] {
			delete(known, mark)
			continue
		}
		changed = true
		if !everybody {
			bounded, err := s.t.bounded(ctx, loose, &loose[i], s.concern)
			if err != nil {
				return false, false, err
			}
			everybody = !bounded
		}
	}
	if !changed && len(known) == 0 {
		return false, false, nil
	}
	self := []identity.ID{identity.MakeID("summary", "overrides")}
	s.of = append(s.of, self...)
	if len(now) > 0 {
		s.rows = append(s.rows, storage.Summary{Subject: [16]byte{0xFF}, IDs: self, Stage: overrideRow, Body: now})
	}
	return true, everybody || len(known) > 0, nil
}

// changed names the people who belong to accounts that the step may have changed. A touch
// changes none if an older one of the same account identifiers stands: it ties nothing new
// and is the first of nothing.
func (s *step) changed(ctx context.Context, loose []identity.Override) error {
	t := s.t
	named := idSet{}
	of := func(ids []identity.ID) []identity.ID {
		set := idSet{}
		t.add(set, identity.AccountEntity, ids...)
		return set.sorted()
	}
	for _, f := range s.news {
		if f.Touch != nil {
			for _, id := range of(f.Touch.IDs) {
				named[id] = true
			}
		}
	}
	ties, err := t.walk(ctx, identity.AccountEntity, named)
	if err != nil {
		return err
	}
	var retracts []*identity.Scope
	note := func(o *identity.Override) {
		if o != nil {
			retracts = append(retracts, retractions([]storage.Fact{{Override: o}})...)
		}
	}
	for i := range loose {
		note(&loose[i])
	}
	for _, tie := range ties {
		note(tie.Override)
	}
	oldest := map[string]int64{} // of touches that name the same account identifiers
	for _, tie := range ties {
		if tie.Count == 0 {
			continue
		}
		ids := of(tie.Sighting.IDs)
		if len(ids) > 1 && slices.ContainsFunc(retracts, func(o *identity.Scope) bool { return mayTake(o, &tie.Sighting) }) {
			continue
		}
		key, at := string(storage.AppendIDs(nil, ids)), tie.Sighting.At.UnixMicro()
		if old, ok := oldest[key]; !ok || at < old {
			oldest[key] = at
		}
	}
	for _, f := range s.news {
		if f.Touch == nil {
			continue
		}
		ids := of(f.Touch.IDs)
		if old, ok := oldest[string(storage.AppendIDs(nil, ids))]; len(ids) > 0 && (!ok || f.Touch.At.UnixMicro() <= old) {
			t.name(s.concern, ids)
		}
	}
	if ties, err = t.members(ctx, s.concern); err != nil {
		return err
	}
	s.of = append(s.of, s.accounts.sorted()...)
	s.rows = append(s.rows, components(s.accounts, ties)...)
	return t.ofDomains(ctx, s.z, s.concern)
}

// orphans adds, where the step tells of an erasure, the people of domains that facts named
// and no fact does any more: nobody else depends on what nothing names.
func (s *step) orphans(ctx context.Context) error {
	if !slices.ContainsFunc(s.news, func(f storage.Fact) bool { return f.Erasure != nil }) {
		return nil
	}
	people := map[identity.ID][]identity.ID{} // by domain
	for r, err := range s.z.rows(ctx, s.t.SummaryModel(), storage.SummaryQuery{Stages: []string{knownRow}}) {
		if err != nil {
			return err
		}
		if d, err := storage.ReadIDs(r.Body); err == nil && len(d) == 1 && len(r.IDs) > 0 {
			people[d[0]] = append(people[d[0]], r.IDs[0])
		}
	}
	names := make(idSet, len(people))
	for d := range people {
		names[d] = true
	}
	for part := range slices.Chunk(names.sorted(), storage.MaxValues) {
		q := storage.SummaryQuery{Stages: []string{componentRow}, IDs: part}
		for r, err := range s.z.rows(ctx, s.t.SummaryModel(), q) {
			if err != nil {
				return err
			}
			for _, id := range r.IDs {
				delete(people, id)
			}
		}
	}
	for _, ids := range people {
		s.t.add(s.people, identity.PersonEntity, ids...)
	}
	return nil
}
