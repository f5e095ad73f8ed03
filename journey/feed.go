package journey

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/storage"
)

// A ChangeKind says what became different.
type ChangeKind string

// The kinds of a [Change].
const (
	Moved       ChangeKind = "moved"        // a new visit behind those told before
	Revised     ChangeKind = "revised"      // a visit told before is another, is gone, or one was inserted
	Stalled     ChangeKind = "stalled"      // a silence grew longer than its stage allows
	Resumed     ChangeKind = "resumed"      // that silence ended
	GoalReached ChangeKind = "goal_reached" // or reached with another net value
	GoalRevoked ChangeKind = "goal_revoked" // a goal told before is not reached any more
	Opened      ChangeKind = "opened"       // a journey began, or one that was told to have ended has not
	Closed      ChangeKind = "closed"       // a journey ended
	Replaced    ChangeKind = "replaced"     // a journey told before has another id, or is gone
)

// A Change is one difference that facts made to one subject.
type Change struct {
	Cursor  storage.Cursor // where to ask from next; the same for every change of one call
	Subject Subject
	At      time.Time // of the business event, not of its arrival
	Kind    ChangeKind
	What    string // the visit as "stage/number", the goal's id, or the journey's id
	Old     string // what stood before: a stage, an instant, a reason, an id; "" for nothing
	New     string // what stands now
	Facts   []storage.Key
}

// Changes tells what the facts that were committed after a cursor (zero: all) changed, by
// subject, instant and kind. Subjects are derived without those facts and with them, so
// exactly the affected ones appear, however late or old a fact is. What only passing time
// brings, such as a stall, is told with the next fact of its subject. Replaying the feed
// from the zero cursor gives the present state: the visits, the goals reached and the
// journeys of everybody. The error comes last and once.
//
// A call reads the components that the facts name, and the members of the accounts that they
// change, whom it finds by company domain in the rows of [Tracker.Refresh], which it brings
// up to date. It reads all facts where there are no such rows and a company domain matters,
// and for the retraction of a whole source.
func (t *Tracker) Changes(ctx context.Context, since storage.Cursor) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		cs, err := t.changes(ctx, since)
		if err != nil {
			yield(Change{}, err)
			return
		}
		for _, c := range cs {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func (t *Tracker) changes(ctx context.Context, since storage.Cursor) (out []Change, err error) {
	defer catch(&err)
	d := differ{cursor: since, fresh: map[storage.Key]bool{}, named: map[identity.ID][]storage.Key{}}
	var news []storage.Fact
	for c, err := range t.store.changes(ctx, since) {
		if err != nil {
			return nil, err
		}
		d.cursor = c.Cursor
		news = append(news, c.Fact)
		key := c.Fact.Key()
		d.fresh[key] = true
		for _, id := range c.Fact.IDs() {
			d.named[id] = append(d.named[id], key)
		}
	}
	if len(news) == 0 {
		return nil, nil
	}
	now, err := t.now()
	if err != nil {
		return nil, err
	}
	p, err := t.place(ctx, news)
	if err != nil {
		return nil, err
	}
	for {
		h, err := p.read(ctx)
		if err != nil {
			return nil, err
		}
		d.after = t.derive(h, now, nil)
		d.before = t.derive(h, now, d.fresh)
		if !p.widen(d.differing(identity.AccountEntity), d.before, d.after) {
			break
		}
	}
	for _, e := range []identity.Entity{identity.PersonEntity, identity.AccountEntity} {
		if err := d.entity(e, p); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(d.out, func(a, b Change) int {
		return cmp.Or(compareSubjects(a.Subject, b.Subject), a.At.Compare(b.At), cmp.Compare(a.Kind, b.Kind))
	})
	return d.out, nil
}

// told is when the newest of a subject's facts that are not fresh had come in: the instant
// for which the subject was told. It is the zero time where there were none. Passing time
// alone is told by nobody, so what it brought since then is news too.
func (d *differ) told(s Subject) time.Time {
	of := d.before.people[s]
	if s.Entity == identity.AccountEntity {
		of = d.before.accounts[s]
	}
	var at time.Time
	for _, i := range of {
		for _, known := range []time.Time{d.before.touches[i].ReceivedAt, d.before.touches[i].At} {
			if known.After(at) {
				at = known
			}
		}
	}
	return at
}

// differ compares two views, subject by subject.
type differ struct {
	before, after *View
	cursor        storage.Cursor
	fresh         map[storage.Key]bool
	named         map[identity.ID][]storage.Key
	out           []Change
}

// differing lists the subjects of which the fresh facts change what their folding rests on.
func (d *differ) differing(e identity.Entity) []Subject {
	subjects := append(d.before.Subjects(e), d.after.Subjects(e)...)
	slices.SortFunc(subjects, compareSubjects)
	return slices.DeleteFunc(slices.Compact(subjects), func(s Subject) bool {
		return slices.Equal(d.before.evidence(s), d.after.evidence(s))
	})
}

func (d *differ) entity(e identity.Entity, p *place) error {
	for _, s := range d.differing(e) {
		if !p.whole(s, d.before) && !p.whole(s, d.after) {
			continue
		}
		then := *d.before
		then.at = d.told(s)
		old, err := then.Fold(s)
		if err != nil {
			return err
		}
		now, err := d.after.Fold(s)
		if err != nil {
			return err
		}
		d.subject(s, &old, &now)
	}
	return nil
}

// evidence is what a subject's folding rests on: its touches, whose they are, in which role
// and until when they are members.
func (v *View) evidence(s Subject) []string {
	of := v.people[s]
	if s.Entity == identity.AccountEntity {
		of = v.accounts[s]
	}
	out := make([]string, len(of))
	for i, n := range of {
		k, p := v.touches[n].Key(), PersonSubject(v.owners[n])
		out[i] = k.Source + "\x1f" + k.ID + "\x1f" + p.ID + "\x1f" + v.Role(p, s)
	}
	if s.Entity == identity.AccountEntity {
		for _, m := range v.members(s) {
			out = append(out, m.id.String()+"\x1f"+stamp(v.left(s, m)))
		}
	}
	return out
}

func (d *differ) subject(s Subject, old, now *Folded) {
	facts := d.causes(s)
	add := func(at time.Time, k ChangeKind, what, from, to string) {
		d.out = append(d.out, Change{Cursor: d.cursor, Subject: s, At: at, Kind: k, What: what, Old: from, New: to, Facts: facts})
	}
	visits(old.History.Visits, now.History.Visits, add)
	stalls(&old.History, &now.History, add)
	goals(old.Journeys, now.Journeys, add)
	journeys(old.Journeys, now.Journeys, add)
}

// causes are the fresh facts that name an identifier of the subject, then or now.
func (d *differ) causes(s Subject) []storage.Key {
	var out []storage.Key
	take := func(id identity.ID) { out = append(out, d.named[id]...) }
	for _, v := range []*View{d.before, d.after} {
		for _, id := range v.Identifiers(s) {
			take(id)
		}
		if s.Entity == identity.AccountEntity {
			for _, m := range v.Members(s) {
				for _, id := range v.Identifiers(m) {
					take(id)
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b storage.Key) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Source, b.Source), cmp.Compare(a.ID, b.ID))
	})
	return slices.Compact(out)
}

type adder func(at time.Time, k ChangeKind, what, from, to string)

func visitName(v *stage.Visit) string { return string(v.Stage) + "/" + strconv.Itoa(v.Number) }

// visits tells moves and revisions. A visit is known by its stage and number; that its end
// is known now is told by the move that ended it.
func visits(old, now []stage.Visit, add adder) {
	told := map[string]*stage.Visit{}
	for i := range old {
		told[visitName(&old[i])] = &old[i]
	}
	var end time.Time // of what was told
	if len(old) > 0 {
		end = old[len(old)-1].Enter
	}
	for i := range now {
		v := &now[i]
		name := visitName(v)
		was, known := told[name]
		delete(told, name)
		switch {
		case !known && !v.Enter.Before(end):
			add(v.Enter, Moved, name, string(v.From), stamp(v.Enter))
		case !known:
			add(v.Enter, Revised, name, "", stamp(v.Enter))
		case !was.Enter.Equal(v.Enter) || was.Via != v.Via || was.By != v.By:
			add(v.Enter, Revised, name, stamp(was.Enter), stamp(v.Enter))
		}
	}
	for _, v := range old {
		if _, gone := told[visitName(&v)]; gone {
			add(v.Enter, Revised, visitName(&v), stamp(v.Enter), "")
		}
	}
}

func stalls(old, now *stage.History, add adder) {
	type silence struct {
		visit string
		since time.Time
	}
	of := func(h *stage.History, s stage.Stall) silence {
		return silence{visitName(&h.Visits[s.Visit]), s.Since}
	}
	told := map[silence]time.Time{}
	for _, s := range old.Stalls {
		told[of(old, s)] = s.Resolved
	}
	for _, s := range now.Stalls {
		k := of(now, s)
		resolved, known := told[k]
		if !known {
			add(s.Since, Stalled, k.visit, "", stamp(s.Since))
		}
		if !s.Resolved.IsZero() && !resolved.Equal(s.Resolved) {
			add(s.Resolved, Resumed, k.visit, stamp(s.Since), stamp(s.Resolved))
		}
	}
}

func goals(old, now []Journey, add adder) {
	type key struct {
		goal string
		at   time.Time
		by   string
		net  string
	}
	list := func(js []Journey) (out []key) {
		for _, j := range js {
			for _, g := range j.Goals {
				out = append(out, key{g.Goal, g.At, g.Touch.Source + "\x1f" + g.Touch.ID, g.Net.Text() + " " + g.Net.Currency.String()})
			}
		}
		return out
	}
	a, b := list(old), list(now)
	only := func(of, than []key, k ChangeKind) {
		left := map[key]int{}
		for _, g := range than {
			left[g]++
		}
		for _, g := range of {
			if left[g]--; left[g] >= 0 {
				continue
			}
			if k == GoalReached {
				add(g.at, k, g.goal, "", g.net)
			} else {
				add(g.at, k, g.goal, g.net, "")
			}
		}
	}
	only(a, b, GoalRevoked)
	only(b, a, GoalReached)
}

func journeys(old, now []Journey, add adder) {
	told := map[string]*Journey{}
	for i := range old {
		told[old[i].ID] = &old[i]
	}
	for i := range now {
		j := &now[i]
		was := told[j.ID]
		delete(told, j.ID)
		switch {
		case was == nil:
			add(j.Start, Opened, j.ID, "", stamp(j.Start))
		case j.Reason == Open && was.Reason != Open:
			add(j.Start, Opened, j.ID, string(was.Reason), stamp(j.Start))
		}
		if j.Reason != Open && (was == nil || was.Reason != j.Reason || !was.End.Equal(j.End)) {
			from := ""
			if was != nil {
				from = string(was.Reason)
			}
			add(j.End, Closed, j.ID, from, string(j.Reason))
		}
	}
	for i := range old {
		if j := &old[i]; told[j.ID] != nil {
			add(j.Start, Replaced, j.ID, j.ID, covering(now, j))
		}
	}
}

// covering is the id of the journey that holds the old one's first touch now, "" for none.
func covering(now []Journey, old *Journey) string {
	if len(old.Steps) == 0 {
		return ""
	}
	for i := range now {
		for _, s := range now[i].Steps {
			if s.Touch == old.Steps[0].Touch {
				return now[i].ID
			}
		}
	}
	return ""
}
