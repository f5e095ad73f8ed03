package sim

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

func plainID(id identity.ID) string { return string(id.Type()) + ":" + id.Value() }

func libraryID(plain string) identity.ID {
	typ, value, _ := strings.Cut(plain, ":")
	return identity.MakeID(identity.Type(typ), value)
}

// known lists the identifiers of the facts, sorted.
func (o *oracle) known() []string {
	out := make([]string, 0, len(o.people.home))
	for id := range o.people.home {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// An entity is a person or an account as the library tells it: id, and members sorted.
type entity struct {
	id      string
	members []string
	shared  bool
}

// entity is that of an identifier, asked for once.
func (c *comparison) entity(plain string) (id string, members []string, shared bool) {
	e, ok := c.entities[plain]
	if !ok {
		e.id, e.members, e.shared = c.ask(plain)
		c.entities[plain] = e
	}
	return e.id, e.members, e.shared
}

func (c *comparison) ask(plain string) (id string, members []string, shared bool) {
	r, x := c.view.Identity(), libraryID(plain)
	var ids []identity.ID
	if c.typeOf(plain).account {
		a, ok := r.AccountByID(x)
		if !ok {
			return "", nil, false
		}
		id, ids, shared = a.ID.String(), a.IDs, a.Shared
	} else {
		p, ok := r.Person(x)
		if !ok {
			return "", nil, false
		}
		id, ids, shared = p.ID.String(), p.IDs, p.Shared
	}
	return id, plainIDs(ids), shared
}

// plainIDs spells identifiers, sorted.
func plainIDs(ids []identity.ID) (out []string) {
	for _, id := range ids {
		out = append(out, plainID(id))
	}
	slices.Sort(out)
	return out
}

// checkPlaceholders is I8.
func checkPlaceholders(c *comparison) *Violation {
	for _, t := range c.touches {
		for _, id := range t.IDs {
			if links(id) {
				continue
			}
			if _, members, _ := c.entity(id); members != nil {
				return broken("I8", "an identifier that never links is somebody's with %d others", len(members)-1)
			}
		}
	}
	for p := range c.view.Identity().People() { // named by evidence alone
		if i := slices.IndexFunc(p.IDs, func(id identity.ID) bool { return !links(plainID(id)) }); i >= 0 && len(p.IDs) > 1 {
			return broken("I8", "an identifier that never links is somebody's with %d others", len(p.IDs)-1)
		}
	}
	return nil
}

// checkStrong is I9. Statements are heard before evidence, so those of a person's strong
// identifiers that share a type hang together by must-links, one of them forced.
func checkStrong(c *comparison) *Violation {
	for p := range c.view.Identity().People() {
		strong := map[identity.Type][]string{}
		for _, id := range p.IDs {
			if plain := plainID(id); c.typeOf(plain).class == 'k' {
				strong[id.Type()] = append(strong[id.Type()], plain)
			}
		}
		for _, typ := range slices.Sorted(maps.Keys(strong)) {
			if ids := strong[typ]; len(ids) > 1 && !c.forced(ids) {
				return broken("I9", "a person has %d of type %s", len(ids), typ)
			}
		}
	}
	return nil
}

// forced reports whether must-links, one of them forced, hold identifiers together.
func (o *oracle) forced(ids []string) bool {
	force, reached := false, []string{ids[0]}
	for i := 0; i < len(reached); i++ {
		for _, m := range o.musts {
			if !slices.Contains(m.IDs, reached[i]) {
				continue
			}
			force = force || m.Force
			for _, id := range m.IDs {
				if !slices.Contains(reached, id) {
					reached = append(reached, id)
				}
			}
		}
	}
	return force && !slices.ContainsFunc(ids, func(id string) bool { return !slices.Contains(reached, id) })
}

// checkRetracted is I10.
func checkRetracted(c *comparison) *Violation {
	for _, r := range c.takenBack {
		ids := r.IDs
		if r.Touch != nil {
			i := slices.IndexFunc(c.touches, func(t Record) bool { return t.Source == r.Touch[0] && t.ID == r.Touch[1] })
			if i < 0 {
				continue
			}
			ids = c.linking(c.touches[i].IDs, false)
		}
		for _, id := range ids {
			for _, other := range ids {
				a, _, _ := c.entity(id)
				b, _, _ := c.entity(other)
				if a != "" && a == b && c.person(id) != c.person(other) {
					return broken("I10", "still one person by evidence that was taken back")
				}
			}
		}
	}
	return nil
}

// checkPeople is I6.
func checkPeople(c *comparison) *Violation {
	for _, id := range c.known() {
		_, members, shared := c.entity(id)
		want := slices.Sorted(maps.Keys(c.people.home[id].ids))
		if !slices.Equal(members, want) {
			return broken("I6", "an identifier of type %s is one of %d, want %d: %v %v", libraryID(id).Type(), len(members), len(want), members, want)
		}
		if shared != (c.people.shared[id] && len(want) == 1) {
			return broken("I6", "an identifier of type %s is shared: %v", libraryID(id).Type(), shared)
		}
	}
	return nil
}

// checkNames is I7.
func checkNames(c *comparison) *Violation {
	for _, id := range c.known() {
		if got, _, _ := c.entity(id); got != c.person(id) {
			return broken("I7", "the entity of an identifier of type %s is %s, want %s", libraryID(id).Type(), got, c.person(id))
		}
	}
	return nil
}

// checkOwners is I11.
func checkOwners(c *comparison) *Violation {
	touches, unowned := c.view.Facts()
	if touches != len(c.touches) {
		return broken("I11", "%d touches, want %d", touches, len(c.touches))
	}
	nobodys, owned := 0, 0
	for i, t := range c.touches {
		who := ""
		if o := c.view.Identity().Owner(sightingOf(t)); !o.Person.IsZero() {
			who = o.Person.String()
		}
		want := ""
		if c.owners[i] == "" {
			nobodys++
		} else {
			want = c.person(c.owners[i])
		}
		if who != want {
			return broken("I11", "%s belongs to %q, want %q", describe(t), who, want)
		}
	}
	for _, s := range c.view.Subjects(identity.PersonEntity) {
		owned += len(c.view.Touches(s))
	}
	if unowned != nobodys || owned != touches-unowned {
		return broken("I11", "%d touches: %d owned, %d unowned, want %d unowned", touches, owned, unowned, nobodys)
	}
	return c.checkAccounts()
}

// checkAccounts compares whose account each touch counts for.
func (c *comparison) checkAccounts() *Violation {
	placed := map[string]string{} // by touch
	for _, s := range c.view.Subjects(identity.AccountEntity) {
		for _, t := range c.view.Touches(s) {
			placed[t.Source+"/"+t.ID] = s.ID
		}
	}
	for i, t := range c.touches {
		if got := placed[touchKey(t)]; got != c.places[i] {
			return broken("I11", "%s counts for account %q, want %q", describe(t), got, c.places[i])
		}
	}
	return nil
}

func sightingOf(t Record) identity.Sighting {
	s := identity.Sighting{Ref: identity.Ref{Source: t.Source, ID: t.ID}, At: instant(t.At)}
	for _, id := range t.IDs {
		s.IDs = append(s.IDs, libraryID(id))
	}
	switch t.Kind {
	case "login", "identify":
		s.Kind = identity.Login
	case "form":
		s.Kind = identity.Form
	case "logout":
		s.End = true
	}
	return s
}

// checkIncremental is I24: a graph that is asked after every fact says in the end what the
// view says that was derived at once. The same people under other names are I7: the facts
// came in another order.
func checkIncremental(c *comparison) *Violation {
	if bad := c.stepByStep(c.oracle); bad != nil || c.seed%2 == 0 {
		return bad
	}
	// Retractions make the graph careful with everybody; without them it takes short cuts.
	facts := slices.Concat(c.touches, c.evidence)
	for _, s := range c.overrides {
		if s.Kind != "retract" {
			facts = append(facts, s)
		}
	}
	return c.stepByStep(newOracle(c.setting, facts, c.at))
}

// stepByStep asks a graph after each of the oracle's facts, and compares the end.
func (c *comparison) stepByStep(o *oracle) *Violation {
	g, err := identity.New(c.rules)
	if err != nil {
		return broken("I24", "a graph: %v", err)
	}
	all := slices.Concat(o.touches, o.evidence, o.overrides)
	r := random(c.seed, streamReplay-3)
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, x := range all {
		switch f := x.fact(c.rules); {
		case f.Touch != nil:
			g.See(f.Touch.Sighting())
		case f.Evidence != nil:
			g.Add(*f.Evidence)
		case f.Override != nil:
			g.Apply(*f.Override)
		}
		if len(x.IDs) > 0 {
			g.Person(libraryID(x.IDs[0]))
		}
	}
	for _, id := range o.known() {
		if o.typeOf(id).account {
			continue
		}
		p, _ := g.Person(libraryID(id))
		if got := p.ID.String(); got != o.person(id) {
			invariant := "I24"
			if slices.Equal(plainIDs(p.IDs), slices.Sorted(maps.Keys(o.people.home[id].ids))) {
				invariant = "I7"
			}
			return broken(invariant, "step by step an identifier of type %s is %s, at once %s", libraryID(id).Type(), got, o.person(id))
		}
	}
	return nil
}

// checkConsents is I30 as far as there is a room for it: the latest word on each purpose
// is the one that was given. No output of the library is filtered by consent yet.
func checkConsents(c *comparison) *Violation {
	latest := func(all []Record) map[string]bool {
		slices.SortFunc(all, func(a, b Record) int {
			return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(b2i(b.Granted), b2i(a.Granted)))
		})
		out := map[string]bool{}
		for _, r := range all {
			out[r.IDs[0]+" "+r.Kind] = r.Granted
		}
		return out
	}
	if len(c.consents) == 0 {
		return nil
	}
	q := storage.Query{Classes: []storage.Class{storage.ClassConsent}} // as a gate at read asks
	for _, r := range c.consents {
		q.IDs = append(q.IDs, libraryID(r.IDs[0]))
	}
	stored, bad := c.stored(q)
	if bad != nil {
		return bad
	}
	got, want := latest(stored), latest(slices.Clone(c.consents))
	for k, granted := range want {
		if g, ok := got[k]; !ok || g != granted {
			return broken("I30", "a consent is %v in the store, want %v", g, granted)
		}
	}
	if len(got) != len(want) {
		return broken("I30", "%d consents in the store, want %d", len(got), len(want))
	}
	return nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
