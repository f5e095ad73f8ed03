package touchpoint

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/tabi-go/tabi/identity"
)

// Split makes one touch a participant of an activity, such as a meeting of several people.
// Identifiers on one touch say "one person", so three attendees on one touch would become
// one. Person identifiers among activity.IDs are participants too; those of accounts and
// deals stand on each touch. Our own staff (Options.OwnDomains with their subdomains,
// Options.OwnUsers) are left out.
//
// Each touch has the activity's fields, props.activity_id with the activity's ID, and an ID
// of its own: the UUIDv5 of the activity's ID, the type and the value. Cost and value are
// split equally in the order of the identifiers, the odd minor units first, so that the sum
// stays exact. An activity without participants is one touch of its accounts under its own
// ID. An activity without an ID gets the derived one. The touches are normalised; the error
// is that of [Touch.Normalize].
func Split(activity Touch, participants []identity.ID, o *Options) ([]Touch, error) {
	o = o.orDefault()
	var accounts, people []identity.ID
	types := o.types()
	for _, id := range slices.Concat(activity.IDs, participants) {
		switch {
		case types[id.Type()].Entity == identity.AccountEntity:
			accounts = append(accounts, id)
		case !o.own(id):
			people = append(people, id)
		}
	}
	people = sortIDs(people)
	if activity.ID == "" {
		whole := activity
		whole.IDs = slices.Concat(accounts, people)
		if err := whole.Normalize(o); err != nil {
			return nil, err
		}
		activity.ID = whole.ID
	}
	if _, ok := activity.Props.Text("activity_id"); !ok {
		activity.Props = activity.Props.SetText("activity_id", activity.ID)
	}
	if len(people) == 0 {
		activity.IDs = accounts
		if err := activity.Normalize(o); err != nil {
			return nil, err
		}
		return []Touch{activity}, nil
	}
	touches := make([]Touch, len(people))
	for i, id := range people {
		t := activity
		t.ID = uuid.NewSHA1(namespace, []byte(strings.Join([]string{activity.ID, string(id.Type()), id.Value()}, "\x1f"))).String()
		t.IDs = append(slices.Clone(accounts), id)
		t.Cost.Minor = share(activity.Cost.Minor, i, len(people))
		t.Value.Minor = share(activity.Value.Minor, i, len(people))
		if err := t.Normalize(o); err != nil {
			return nil, err
		}
		touches[i] = t
	}
	return touches, nil
}

// share is the i-th of n equal parts of an amount; the first ones take what is left over.
func share(minor int64, i, n int) int64 {
	part, rest := minor/int64(n), minor%int64(n)
	switch {
	case int64(i) < rest:
		return part + 1
	case int64(i) < -rest:
		return part - 1
	}
	return part
}

// own reports whether an identifier is one of our staff.
func (o *Options) own(id identity.ID) bool {
	if slices.Contains(o.OwnUsers, id) {
		return true
	}
	_, host, ok := strings.Cut(id.Value(), "@")
	if !ok || id.Type() != identity.Email {
		return false
	}
	for _, d := range o.OwnDomains {
		d = strings.ToLower(d)
		if host == d || d != "" && strings.HasSuffix(host, "."+d) {
			return true
		}
	}
	return false
}
