package journey

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A View is everything derived from the facts at one instant: who is who, whose touches
// are whose. It is immutable and safe for concurrent use. It keeps the touches it read in
// memory; folding a subject costs its touches alone.
type View struct {
	config
	at       time.Time
	res      *identity.Resolution
	touches  []touchpoint.Touch // by (At, Source, ID)
	people   map[Subject][]int32
	accounts map[Subject][]int32
	owners   []identity.PersonID // of each touch
	placed   []identity.AccountID
	unowned  int

	memberships []identity.Membership
	roles       map[[2]Subject]role // of (person, account)
}

// View reads the facts with At at or before at (zero: the clock's now) and derives people
// and accounts. With ids it reads only what those identifiers are tied to: enough for the
// people they belong to, and for accounts as far as touches and memberships tie them.
func (t *Tracker) View(ctx context.Context, at time.Time, ids ...identity.ID) (v *View, err error) {
	defer catch(&err)
	if at.IsZero() {
		if at, err = t.now(); err != nil {
			return nil, err
		}
	}
	fs, err := t.read(ctx, at, ids)
	if err != nil {
		return nil, err
	}
	return t.derive(&hood{facts: fs}, at, nil), nil
}

// derive derives a view of facts, as if those in without had never come.
func (t *Tracker) derive(h *hood, at time.Time, without map[storage.Key]bool) *View {
	v := &View{config: t.config, at: at}
	g := t.blank.Empty()
	fs := h.facts
	touches := 0
	for _, f := range fs {
		if f.Touch != nil {
			touches++
		}
	}
	v.touches = make([]touchpoint.Touch, 0, touches) // touches are large: growing would copy them several times
	for _, f := range fs {
		if !f.At().After(at) && (without == nil || !without[f.Key()]) {
			v.take(g, f)
		}
	}
	for _, s := range h.sightings {
		if !s.At.After(at) {
			g.See(s)
		}
	}
	v.res = g.Resolve(at)
	v.assign()
	v.assignRoles()
	return v
}

// reach turns identifiers into the queries that read all they are tied to; none: all.
func (t *Tracker) reach(ctx context.Context, ids []identity.ID) ([]storage.Query, error) {
	if len(ids) == 0 {
		return []storage.Query{{}}, nil
	}
	through := func(id identity.ID) bool { ok, _ := t.rules.Linkable(id); return ok }
	ties, err := t.store.component(ctx, ids, through, 0)
	if err != nil {
		return nil, err
	}
	all := idSet{}
	add := func(ids []identity.ID) {
		for _, id := range ids {
			if !all[id] && through(id) {
				all[id] = true
			}
		}
	}
	add(ids)
	for _, tie := range ties {
		add(tie.IDs())
	}
	var qs []storage.Query
	for part := range slices.Chunk(all.sorted(), storage.MaxValues) {
		qs = append(qs, storage.Query{IDs: part})
	}
	// Statements without an identifier, such as the retraction of a whole source, concern
	// everybody.
	return append(qs, storage.Query{Classes: []storage.Class{storage.ClassOverride}}), nil
}

// read reads the facts at or before an instant, all or those tied to some identifiers, in
// order of (At, Source, ID).
func (t *Tracker) read(ctx context.Context, at time.Time, ids []identity.ID) ([]storage.Fact, error) {
	qs, err := t.reach(ctx, ids)
	if err != nil {
		return nil, err
	}
	var out []storage.Fact
	seen := map[storage.Key]bool{}
	for _, q := range qs {
		for f, err := range t.store.scan(ctx, q) {
			if err != nil {
				return nil, err
			}
			if f.At().After(at) || len(qs) > 1 && seen[f.Key()] {
				continue
			}
			if len(qs) > 1 {
				seen[f.Key()] = true
			}
			out = append(out, f)
		}
	}
	if len(qs) > 1 {
		slices.SortFunc(out, func(a, b storage.Fact) int { return a.Position().Compare(b.Position()) })
	}
	return out, nil
}

// take hands one fact to the graph. What the graph refuses (two entities in one piece of
// evidence, say) was accepted as a fact and simply says nothing here.
func (v *View) take(g *identity.Graph, f storage.Fact) {
	switch {
	case f.Touch != nil:
		v.touches = append(v.touches, *f.Touch)
		g.See(f.Touch.Sighting())
	case f.Evidence != nil:
		g.Add(*f.Evidence)
	case f.Override != nil:
		g.Apply(*f.Override)
	case f.Membership != nil:
		g.Relate(*f.Membership)
		v.memberships = append(v.memberships, *f.Membership)
	case f.Parent != nil:
		g.Nest(*f.Parent)
	}
}

// At returns the instant of the view.
func (v *View) At() time.Time { return v.at }

// Identity returns the stitching: people, accounts, links and explanations.
func (v *View) Identity() *identity.Resolution { return v.res }

// Person returns the subject that an identifier belongs to, the zero Subject if nobody.
func (v *View) Person(id identity.ID) Subject {
	p, ok := v.res.Person(id)
	if !ok {
		return Subject{}
	}
	return PersonSubject(p.ID)
}

// Identifiers lists what a person or account is made of, strongest first; nil for an
// unknown subject.
func (v *View) Identifiers(s Subject) []identity.ID {
	if s.Entity == identity.AccountEntity {
		var id identity.AccountID
		if id.UnmarshalText([]byte(s.ID)) != nil {
			return nil
		}
		a, _ := v.res.LookupAccount(id)
		return slices.Clone(a.IDs)
	}
	var id identity.PersonID
	if id.UnmarshalText([]byte(s.ID)) != nil {
		return nil
	}
	p, _ := v.res.Lookup(id)
	return slices.Clone(p.IDs)
}

// Subjects lists the people or accounts that own at least one touch, by id.
func (v *View) Subjects(e identity.Entity) []Subject {
	of := v.people
	if e == identity.AccountEntity {
		of = v.accounts
	}
	out := make([]Subject, 0, len(of))
	for s := range of {
		out = append(out, s)
	}
	slices.SortFunc(out, compareSubjects)
	return out
}

// Touches returns the merged view of a subject's touches in order: each contact once, also
// where two systems recorded it. Nil for an unknown subject.
func (v *View) Touches(s Subject) []touchpoint.Touch {
	if s.Entity == identity.AccountEntity {
		touches, _ := v.accountTouches(s)
		return touches
	}
	return v.merge(v.pick(v.people[s]), v.at)
}

// Facts is the number of distinct touches at or before the view's instant, and of those
// among them that belong to nobody.
func (v *View) Facts() (touches, unowned int) { return len(v.touches), v.unowned }

// Fold folds a subject's touches: its stage history and its journeys. An unknown subject
// has none, which is no error.
func (v *View) Fold(s Subject) (Folded, error) {
	if s.Entity == identity.AccountEntity {
		return v.foldAccount(s)
	}
	return v.config.fold(s, v.Touches(s), v.at)
}

func (v *View) pick(at []int32) []touchpoint.Touch {
	out := make([]touchpoint.Touch, len(at))
	for i, n := range at {
		out[i] = v.touches[n]
	}
	return out
}

// assign gives each touch to its owner and its account.
func (v *View) assign() {
	v.people, v.accounts = map[Subject][]int32{}, map[Subject][]int32{}
	v.owners = make([]identity.PersonID, len(v.touches))
	v.placed = make([]identity.AccountID, len(v.touches))
	byPerson := map[identity.PersonID][]int32{}
	for i := range v.touches {
		s := v.touches[i].Sighting()
		v.owners[i] = v.res.Owner(s).Person
		v.placed[i] = v.res.Account(s).Account
		if v.owners[i] == (identity.PersonID{}) {
			v.unowned++
			continue
		}
		byPerson[v.owners[i]] = append(byPerson[v.owners[i]], int32(i))
	}
	for id, touches := range byPerson {
		v.settleAccounts(touches)
		v.people[PersonSubject(id)] = touches
	}
	for i, a := range v.placed {
		if a != (identity.AccountID{}) {
			s := AccountSubject(a)
			v.accounts[s] = append(v.accounts[s], int32(i))
		}
	}
}

// settleAccounts places the touches of one person that identity could not place: where the
// person's touches were last placed before, else where the first after them is. So an
// anonymous visit between two calls counts for the account, and a change of employer
// leaves the old account's journey alone.
func (v *View) settleAccounts(touches []int32) {
	var none, last identity.AccountID
	var waiting []int32
	for _, i := range touches {
		switch {
		case v.placed[i] != none:
			last = v.placed[i]
			for _, w := range waiting {
				v.placed[w] = last
			}
			waiting = nil
		case last != none:
			v.placed[i] = last
		default:
			waiting = append(waiting, i)
		}
	}
}

func compareSubjects(a, b Subject) int {
	return cmp.Or(cmp.Compare(a.Entity, b.Entity), strings.Compare(a.ID, b.ID))
}
