package identity

import (
	"slices"
	"strings"
	"time"
)

// A Ref is a touch's key: its source and the id it has there.
type Ref struct{ Source, ID string }

// A Sighting says which identifiers one touch carried, and when. End marks a logout or
// reset on the device. Two different sightings of one Ref are two facts: what either says
// counts, once, and the identifiers of one are not tied to those of the other. To refuse
// such a conflict is a store's task.
//
// Website and ReverseIP are hints for [Resolution.Account], empty for none: a site that
// the person named as theirs, and the domain to which the touch's network address
// belongs. Neither ever joins anybody.
type Sighting struct {
	Ref
	At                 time.Time
	IDs                []ID
	Kind               Kind
	End                bool
	Website, ReverseIP string
}

// Evidence says that two identifiers of one entity belong together. It comes from
// imports and scorers; touches give theirs as a [Sighting].
//
// With From or To set it is bounded: it never joins people, it says that the stronger
// identifier's person owned the weaker identifier in [From, To). Weight is the strength of [Probabilistic] evidence in
// thousandths of a bit, 0 for the other kinds.
type Evidence struct {
	A, B     ID
	Kind     Kind
	Source   string
	Ref      string
	At       time.Time
	From, To time.Time
	Weight   int32
}

// A Kind says how a pair of identifiers became known. The numbers are part of the
// encodings and never change.
type Kind uint8

// The kinds of evidence. All but Probabilistic are deterministic.
const (
	CoOccurrence  Kind = iota // seen together on one touch
	Login                     // login, identify, signup, alias
	Form                      // both typed into one form
	Import                    // a record of another system
	Manual                    // stated by an operator
	Probabilistic             // suggested by a scorer such as identity/match
)

var kindNames = [...]string{"co_occurrence", "login", "form", "import", "manual", "probabilistic"}

// String returns the kind in lower case with underscores, such as "co_occurrence".
func (k Kind) String() string { return nameOf(kindNames[:], int(k)) }

// ParseKind reads what String returns, in any case and with or without underscores.
func ParseKind(s string) (Kind, error) {
	plain := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }
	i := slices.IndexFunc(kindNames[:], func(name string) bool { return plain(name) == plain(s) })
	if i < 0 {
		return 0, &InvalidError{"kind", "out_of_range"}
	}
	return Kind(i), nil
}

func nameOf(names []string, i int) string {
	if i < 0 || i >= len(names) {
		return "unknown"
	}
	return names[i]
}
