package journey

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

// Refreshed says what a call of [Tracker.Refresh] did.
type Refreshed struct {
	Steps  int // put into the store, each a batch of changes
	Facts  int // read in them
	People int // whose rows were made
	Lost   int // steps that another refresher won, or an erasure overtook; they were done anew
}

// Refresh brings the rows of [Tracker.Summaries] up to date with the facts: the people whom
// changes concern are derived anew, and nobody else. Run it after appends, now and then or in
// a loop, in as many processes as wanted: one wins each step, the others read on. It ends when
// it has caught up with Changes, which may lag, see [storage.Lag]. It is ErrUnsupported where
// the store is no [storage.Summarizer]. Facts are read in steps of 10,000, and the components
// of a step are resolved on all processors.
//
// Whom a change concerns: everybody in the component of an identifier it names, walked
// through everything that ties people, shared identifiers and evidence taken back included,
// since what is shared, refused, oversized or retracted is decided within that component and
// every decision there sees all of it. Blocked identifiers are not walked through: identity
// never looks through them either. Where a change may have made another account of account
// identifiers, it concerns also everybody whose touches, memberships or company domains lead
// there. An override that names no identifier concerns the touch it names, or everybody: then
// the rows are made anew from the first fact on.
func (t *Tracker) Refresh(ctx context.Context) (Refreshed, error) {
	var done Refreshed
	if ctx == nil {
		return done, storage.ErrNoContext
	}
	z, ok := t.store.store.(storage.Summarizer)
	if !ok {
		return done, fmt.Errorf("journey: %w", storage.ErrUnsupported)
	}
	for {
		s := step{t: t, z: summarizer{z}}
		err := s.run(ctx)
		switch {
		case errors.Is(err, storage.ErrStale):
			done.Lost++
		case err != nil:
			return done, err
		case s.put:
			done.Steps++
			done.Facts += len(s.news)
			done.People += s.people
		}
		if err == nil && s.end {
			return done, nil
		}
	}
}

const (
	stepFacts = 10_000 // read in one step
	stepIDs   = 512    // walked from at once, so that a step need not be held in memory
)

// The stages of rows that stand for no person. No stage has such a name.
//
// An erasure finds what it concerns by the identifiers that rows name, and leaves nothing in
// Changes that names them. So each identifier that a row depends on is named by some row:
// where one person is not all of a component, and for every component of accounts, one row
// names them all. What is left of such a component after an erasure is made anew because
// the store sets the cursor back.
const (
	componentRow = "(component)"
	domainRow    = "(domain)"       // somebody's address is of the company domain of which Account is the key
	knownRow     = "(known domain)" // and facts name that domain
	overrideRow  = "(overrides)"    // which overrides without identifiers the rows know
	nobodyRow    = "(nobody)"       // some touch leads to a company domain by nothing but its web site
)

// A step is one batch of changes being worked into the rows.
type step struct {
	t *Tracker
	z summarizer

	news    []storage.Fact
	nobody  bool  // see nobodyRow
	seeds   idSet // people concerned
	touched []identity.ID
	of      []identity.ID

	mu     sync.Mutex // guards the following while people are derived
	rows   []storage.Summary
	people int
	err    error

	put, end bool
}

// run does a step: the cursor is asked for before anything is read, which makes the put stale
// if an erasure comes between.
func (s *step) run(ctx context.Context) error {
	t, model := s.t, s.t.SummaryModel()
	from, err := s.z.cursor(ctx, model)
	if err != nil {
		return err
	}
	loose, err := t.loose(ctx)
	if err != nil {
		return err
	}
	s.seeds = idSet{}
	changed, everybody, err := s.overrides(ctx, loose)
	if err != nil {
		return err
	}
	start, to := from, from
	if everybody {
		start = storage.Cursor{}
	}
	s.end = true
	for c, err := range t.store.changes(ctx, start) {
		if err != nil {
			return err
		}
		if len(s.news) == stepFacts {
			s.end = false
			break
		}
		to = c.Cursor
		s.news = append(s.news, c.Fact)
		s.name(c.Fact)
	}
	if len(s.news) == 0 && !changed {
		return nil
	}
	if s.nobody {
		s.rows = append(s.rows, storage.Summary{Subject: [16]byte{0xFE}, IDs: []identity.ID{identity.MakeID("summary", "nobody")}, Stage: nobodyRow})
	}
	if err := s.accounts(ctx, loose); err != nil {
		return err
	}
	if err := s.orphans(ctx); err != nil {
		return err
	}
	if err := s.derive(ctx, loose); err != nil {
		return err
	}
	s.put = true
	return s.z.put(ctx, model, from, to, s.of, s.rows)
}

// name notes whom a fact names.
func (s *step) name(f storage.Fact) {
	ids := f.IDs()
	s.t.add(s.seeds, identity.PersonEntity, ids...)
	switch f.Class() {
	case storage.ClassEvidence, storage.ClassOverride, storage.ClassParent:
		s.touched = append(s.touched, ids...)
	case storage.ClassTouch:
		if len(s.t.domains(f)) > 0 && !slices.ContainsFunc(ids, func(id identity.ID) bool { return s.t.links(id, identity.PersonEntity) }) {
			s.nobody = true
		}
	case storage.ClassMembership:
		// It joins no accounts. It can make known an account that only a domain led to.
		for _, id := range ids {
			if id.Type() == identity.Domain {
				s.touched = append(s.touched, id)
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
	var now [][16]byte
	for i := range loose {
		body, err := storage.AppendFact(nil, storage.Fact{Override: &loose[i]})
		if err != nil {
			return false, false, err
		}
		sum := sha256.Sum256(body)
		mark := [16]byte(sum[:])
		now = append(now, mark)
		if known[mark] {
			delete(known, mark)
			continue
		}
		changed = true
		if everybody = everybody || !s.bounded(ctx, loose, &loose[i], &err); err != nil {
			return false, false, err
		}
	}
	if !changed && len(known) == 0 {
		return false, false, nil
	}
	self := []identity.ID{identity.MakeID("summary", "overrides")}
	s.of = append(s.of, self...)
	if len(now) > 0 {
		slices.SortFunc(now, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
		row := storage.Summary{Subject: [16]byte{0xFF}, IDs: self, Stage: overrideRow}
		for _, mark := range now {
			row.Body = append(row.Body, mark[:]...)
		}
		s.rows = append(s.rows, row)
	}
	return true, everybody || len(known) > 0, nil
}

// bounded names whom an override without identifiers concerns, and reports whether that is
// not everybody.
func (s *step) bounded(ctx context.Context, loose []identity.Override, o *identity.Override, err *error) bool {
	scan := func(q storage.Query, take func(storage.Fact)) {
		for f, e := range s.t.store.scan(ctx, q) {
			if e != nil {
				*err = e
				return
			}
			take(f)
		}
	}
	if o.Op == identity.Restore {
		target := o.Target
		o = nil
		for i := range loose {
			if loose[i].ID == target {
				o = &loose[i]
			}
		}
		if o == nil { // it names identifiers, or is not known yet
			scan(storage.Query{Keys: []storage.Key{{Class: storage.ClassOverride, ID: target}}}, s.nameAll)
			return true
		}
	}
	ref := o.Scope.Ref
	if o.Op != identity.Retract || ref.Source == "" || ref.ID == "" {
		return o.Op == identity.Restore
	}
	scan(storage.Query{Keys: []storage.Key{{Class: storage.ClassTouch, Source: ref.Source, ID: ref.ID}}}, s.nameAll)
	scan(storage.Query{Classes: []storage.Class{storage.ClassEvidence}, Sources: []string{ref.Source}}, func(f storage.Fact) {
		if f.Evidence.Ref == ref.ID {
			s.nameAll(f)
		}
	})
	return true
}

func (s *step) nameAll(f storage.Fact) {
	s.t.add(s.seeds, identity.PersonEntity, f.IDs()...)
	s.touched = append(s.touched, f.IDs()...)
}

// accounts adds the people who belong to accounts that the step may have changed. A touch
// changes none if an older one of the same account identifiers stands: it ties nothing new
// and is the first of nothing.
func (s *step) accounts(ctx context.Context, loose []identity.Override) error {
	t := s.t
	named, touched := idSet{}, idSet{}
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
	ties, err := t.walk(ctx, identity.AccountEntity, named.sorted())
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
		if len(ids) > 1 && len(retracts) > 0 && slices.ContainsFunc(retracts, func(o *identity.Scope) bool { return mayTake(o, &tie.Sighting) }) {
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
			s.touched = append(s.touched, ids...)
		}
	}
	t.add(touched, identity.AccountEntity, s.touched...)
	if len(touched) == 0 {
		return nil
	}
	if ties, err = t.walk(ctx, identity.AccountEntity, touched.sorted()); err != nil {
		return err
	}
	for _, tie := range ties {
		t.add(s.seeds, identity.PersonEntity, tie.IDs()...)
		t.add(touched, identity.AccountEntity, tie.IDs()...)
	}
	s.of = append(s.of, touched.sorted()...)
	s.rows = append(s.rows, components(touched, ties)...)
	for _, id := range touched.sorted() {
		if id.Type() != identity.Domain {
			continue
		}
		if err := t.ofDomain(ctx, s.z, id, func(ids []identity.ID) { t.add(s.seeds, identity.PersonEntity, ids...) }); err != nil {
			return err
		}
	}
	return nil
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
		s.t.add(s.seeds, identity.PersonEntity, ids...)
	}
	return nil
}

// components makes a row of each component that ties make of identifiers.
func components(ids idSet, ties []storage.Tie) []storage.Summary {
	parent := make(map[identity.ID]identity.ID, len(ids))
	find := func(id identity.ID) identity.ID {
		for parent[id] != id {
			parent[id] = parent[parent[id]]
			id = parent[id]
		}
		return id
	}
	list := ids.sorted()
	for _, id := range list {
		parent[id] = id
	}
	for _, tie := range ties {
		var first identity.ID
		for _, id := range tie.IDs() {
			switch {
			case !ids[id]:
			case first.IsZero():
				first = find(id)
			default:
				parent[find(id)] = first
			}
		}
	}
	place := map[identity.ID]int{}
	var rows []storage.Summary
	for _, id := range list {
		root := find(id)
		n, ok := place[root]
		if !ok {
			n = len(rows)
			place[root] = n
			rows = append(rows, storage.Summary{Subject: storage.HashID(id), Stage: componentRow})
		}
		rows[n].IDs = append(rows[n].IDs, id)
	}
	return rows
}

// mayTake reports whether a scope may take back what ties a sighting's identifiers.
func mayTake(o *identity.Scope, s *identity.Sighting) bool {
	return (o.Ref.ID == s.ID || o.Ref.ID == "") && (o.Ref.Source == s.Source || o.Ref.Source == "") && (o.Source == s.Source || o.Source == "")
}

// derive makes the rows of the people concerned, some components at a time, on all
// processors.
func (s *step) derive(ctx context.Context, loose []identity.Override) error {
	var wg sync.WaitGroup
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	done := idSet{}
	seeds := s.seeds.sorted()
	for len(seeds) > 0 && s.failed() == nil {
		var from []identity.ID
		for len(seeds) > 0 && len(from) < stepIDs {
			if !done[seeds[0]] {
				from = append(from, seeds[0])
			}
			seeds = seeds[1:]
		}
		ties, err := s.t.walk(ctx, identity.PersonEntity, from)
		if err != nil {
			s.fail(err)
			break
		}
		reached := idSet{}
		s.t.add(reached, identity.PersonEntity, from...)
		for _, tie := range ties {
			s.t.add(reached, identity.PersonEntity, tie.IDs()...)
		}
		for id := range reached {
			done[id] = true
		}
		s.of = append(s.of, reached.sorted()...)
		room <- struct{}{}
		wg.Go(func() {
			defer func() { <-room }()
			if err := s.summarize(ctx, reached, components(reached, ties), loose); err != nil {
				s.fail(err)
			}
		})
	}
	wg.Wait()
	return s.failed()
}

func (s *step) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}

func (s *step) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// summarize makes the rows of the people of whole components.
func (s *step) summarize(ctx context.Context, ids idSet, whole []storage.Summary, loose []identity.Override) error {
	t := s.t
	h, err := t.gather(ctx, ids, loose)
	if err != nil {
		return err
	}
	v := t.derive(h, everything, nil)
	domains := map[[16]byte]idSet{} // of people, and of components by their row's subject
	seen := func(of [16]byte, ds []identity.ID) {
		for _, d := range ds {
			if domains[of] == nil {
				domains[of] = idSet{}
			}
			domains[of][d] = true
		}
	}
	for i := range v.touches {
		tp := &v.touches[i]
		ds := t.domains(storage.Fact{Touch: tp})
		if len(ds) == 0 {
			continue
		}
		if owner := v.owners[i]; owner != (identity.PersonID{}) {
			seen(owner, ds)
			continue
		}
		for _, c := range whole { // nobody's touch can belong to an account all the same
			if slices.ContainsFunc(tp.IDs, func(id identity.ID) bool { _, ok := slices.BinarySearchFunc(c.IDs, id, identity.CompareIDs); return ok }) {
				seen(c.Subject, ds)
			}
		}
	}
	var rows []storage.Summary
	people := 0
	for _, subject := range v.Subjects(identity.PersonEntity) {
		row, ok, err := v.summary(subject)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		people++
		r := row.row()
		rows = append(rows, r)
		for _, id := range row.IDs {
			seen(r.Subject, t.domains(storage.Fact{Evidence: &identity.Evidence{A: id, B: id}}))
		}
	}
	alone := map[identity.ID]int{} // how many identifiers a person has, by each of them
	for _, r := range rows {
		for _, id := range r.IDs {
			alone[id] = len(r.IDs)
		}
	}
	for _, r := range slices.Concat(rows, whole) {
		for _, d := range domains[r.Subject].sorted() {
			name := storage.AppendIDs(nil, []identity.ID{d})
			sum := sha256.Sum256(slices.Concat(r.Subject[:], name))
			row := storage.Summary{Subject: [16]byte(sum[:]), IDs: r.IDs, Stage: domainRow, Account: storage.HashID(d)}
			if h.named[d] {
				row.Stage, row.Body = knownRow, name
			}
			rows = append(rows, row)
		}
	}
	for _, c := range whole {
		if alone[c.IDs[0]] != len(c.IDs) {
			rows = append(rows, c)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = append(s.rows, rows...)
	s.people += people
	return nil
}
