package audience

import (
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/persona"
)

// A Change is a subject that entered a segment or left it.
type Change struct {
	Subject string
	Entered bool // else left
	At      time.Time
	// Leaves are the tests that came out otherwise than before. Of a subject that only
	// one of the evaluations saw, and where the segment's definition changed, they are
	// all tests.
	Leaves []LeafChange
}

// A LeafChange is one test before and after, with the values seen. The zero Leaf stands
// where there was no such test.
type LeafChange struct{ Before, After persona.Leaf }

// Changes returns who entered and left between two evaluations of a segment, by subject:
// the members before, with those who entered and without those who left, are the members
// after. Whom the later evaluation did not see has left.
func Changes(before, after Members) []Change {
	var out []Change
	note := func(subject string, b, a *verdict) {
		in := a.truth == persona.True
		if in != (b.truth == persona.True) {
			out = append(out, Change{subject, in, after.at, changed(b.leaves, a.leaves)})
		}
	}
	for i := range after.seen {
		a := &after.seen[i]
		b := before.find(a.subject)
		if b == nil {
			b = &verdict{}
		}
		note(a.subject, b, a)
	}
	for i := range before.seen {
		if b := &before.seen[i]; after.find(b.subject) == nil {
			note(b.subject, b, &verdict{})
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Subject, b.Subject) })
	return out
}

func changed(before, after []persona.Leaf) []LeafChange {
	same := slices.EqualFunc(before, after, func(b, a persona.Leaf) bool { return b.Field == a.Field && b.Op == a.Op })
	var out []LeafChange
	if !same {
		for _, leaf := range before {
			out = append(out, LeafChange{Before: leaf})
		}
		for _, leaf := range after {
			out = append(out, LeafChange{After: leaf})
		}
		return out
	}
	for i := range before {
		if before[i].Truth != after[i].Truth {
			out = append(out, LeafChange{before[i], after[i]})
		}
	}
	return out
}
