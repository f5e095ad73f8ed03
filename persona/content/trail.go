package content

import (
	"cmp"
	"slices"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Stay is a time in a stage.
type Stay struct {
	Stage string
	// Rank orders the stages: entering one of higher rank is to advance. Give the ends that
	// nobody wants, such as lost, the rank 0.
	Rank         int
	Enter, Leave time.Time // Leave is zero while it lasts
}

// A Trail is one subject's way: where it stood when, and what it touched. Touches may come
// in any order and more than once; those after the instant that is asked for do not count.
type Trail struct {
	Persona string // id, "" for none
	Stays   []Stay
	Touches []touchpoint.Touch
}

func (t *Trail) contacts(at time.Time) []touchpoint.Touch {
	return persona.Contacts(persona.OfTouches(t.Touches), at)
}

// A way is a trail made ready: stays in order.
type way []Stay

func (t *Trail) way() way {
	return slices.SortedStableFunc(slices.Values(t.Stays), func(a, b Stay) int {
		return cmp.Or(a.Enter.Compare(b.Enter), cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.Stage, b.Stage))
	})
}

// at returns where the subject stood when a contact came: the stage before the contact,
// and for one that brought it into its first stage, that stage.
func (w way) at(t time.Time) (Stay, bool) {
	var first, found Stay
	for _, s := range w {
		if s.Enter.After(t) {
			break
		}
		if s.Enter.Before(t) && (s.Leave.IsZero() || !s.Leave.Before(t)) {
			found = s
		}
		if first.Stage == "" && s.Enter.Equal(t) {
			first = s
		}
	}
	if found.Stage == "" {
		found = first
	}
	return found, found.Stage != ""
}

// advances reports whether the subject entered a stage of higher rank than s from an
// instant on, within a span.
func (w way) advances(s Stay, from time.Time, within time.Duration) bool {
	for _, next := range w {
		if next.Rank > s.Rank && !next.Enter.Before(from) && next.Enter.Sub(from) <= within {
			return true
		}
	}
	return false
}
