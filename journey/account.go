package journey

import (
	"slices"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// Members lists the people whose touches an account has, by id.
func (v *View) Members(account Subject) []Subject {
	var out []Subject
	for _, m := range v.members(account) {
		if m.id != (identity.PersonID{}) {
			out = append(out, PersonSubject(m.id))
		}
	}
	slices.SortFunc(out, compareSubjects)
	return out
}

// Role returns the buying role of a person in an account as last stated, by a membership
// or by the trait person.buying_role of a touch; "" where nothing states one.
func (v *View) Role(person, account Subject) string {
	return v.roles[[2]Subject{person, account}].name
}

// role is a stated buying role and when it was stated.
type role struct {
	name string
	at   time.Time
}

// assignRoles collects the roles that memberships and traits state. The newest statement
// counts; of one instant the greater name, so that no order shows.
func (v *View) assignRoles() {
	v.roles = map[[2]Subject]role{}
	state := func(p, a Subject, r role) {
		key := [2]Subject{p, a}
		old := v.roles[key]
		if r.name == "" || p.IsZero() || a.IsZero() || r.at.Before(old.at) || r.at.Equal(old.at) && r.name <= old.name {
			return
		}
		v.roles[key] = r
	}
	for _, m := range v.memberships {
		if m.To.IsZero() || m.To.After(v.at) {
			state(v.Person(m.Person), v.account(m.Account), role{m.Role, m.At})
		}
	}
	for i := range v.touches {
		if name, ok := v.touches[i].Props.Text("person", "buying_role"); ok {
			state(PersonSubject(v.owners[i]), AccountSubject(v.placed[i]), role{name, v.touches[i].At})
		}
	}
}

// account is the subject of the account that holds an account identifier.
func (v *View) account(id identity.ID) Subject {
	a, ok := v.res.AccountByID(id)
	if !ok {
		return Subject{}
	}
	return AccountSubject(a.ID)
}

// member is somebody with touches in an account; the zero id stands for the account's own
// records, which name nobody.
type member struct {
	id      identity.PersonID
	touches []int32
}

// members groups an account's touches by their owners, in order of first appearance.
func (v *View) members(account Subject) []member {
	var out []member
	index := map[identity.PersonID]int{}
	for _, i := range v.accounts[account] {
		id := v.owners[i]
		n, ok := index[id]
		if !ok {
			n = len(out)
			index[id] = n
			out = append(out, member{id: id})
		}
		out[n].touches = append(out[n].touches, i)
	}
	return out
}

// accountTouches is the union of the members' merged touches, each with its person.
func (v *View) accountTouches(account Subject) ([]touchpoint.Touch, map[touchpoint.Key]person) {
	var out []touchpoint.Touch
	who := map[touchpoint.Key]person{}
	for _, m := range v.members(account) {
		p := person{subject: PersonSubject(m.id)}
		p.role = v.Role(p.subject, account)
		merged := v.merge(v.pick(m.touches), v.at)
		for i := range merged {
			who[merged[i].Key()] = p
		}
		out = append(out, merged...)
	}
	slices.SortFunc(out, touchpoint.Compare)
	return out, who
}

// foldAccount folds an account: its history comes from what its members did in it, from
// the first touch of each until a later touch of theirs belongs elsewhere. What a member
// did for another account does not count here, or a sale would be won twice.
func (v *View) foldAccount(account Subject) (Folded, error) {
	var members []stage.Member
	for _, m := range v.members(account) {
		p := PersonSubject(m.id)
		if p.IsZero() {
			p = account
		}
		h, err := v.plan.Fold(v.merge(v.pick(m.touches), v.at), v.foldOptions(p, v.at))
		if err != nil {
			return Folded{}, err
		}
		members = append(members, stage.Member{
			Subject: p.ID, Role: v.Role(p, account), History: h,
			From: v.touches[m.touches[0]].At, To: v.left(account, m),
		})
	}
	h, err := v.plan.FoldAccount(members, v.policy, v.foldOptions(account, v.at))
	if err != nil {
		return Folded{}, err
	}
	touches, who := v.accountTouches(account)
	return v.cut(account, touches, h, func(i int) person { return who[touches[i].Key()] }, v.at), nil
}

// left is when a member's touches began to belong to another account for good, the zero
// time while they do not.
func (v *View) left(account Subject, m member) time.Time {
	last := m.touches[len(m.touches)-1]
	for _, i := range v.people[PersonSubject(m.id)] {
		if i > last && v.placed[i] != (identity.AccountID{}) && AccountSubject(v.placed[i]) != account {
			return v.touches[i].At
		}
	}
	return time.Time{}
}
