package audience

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/persona"
)

// Members are the subjects of a segment at an instant, and those who are not, with the
// tests that say so. The zero Members know nobody. Safe for concurrent use.
type Members struct {
	segment Segment
	at      time.Time
	seen    []verdict // by subject
	missing map[string]int
}

type verdict struct {
	subject string
	truth   persona.Truth
	leaves  []persona.Leaf
}

// Members tests subjects as of at, each under its id, in any order. Of subjects with the
// same id the first counts.
func (s *Segment) Members(subjects iter.Seq2[string, persona.Fields], at time.Time) Members {
	m := Members{segment: *s, at: at, missing: map[string]int{}}
	known := map[string]bool{}
	for id, f := range subjects {
		if known[id] {
			continue
		}
		known[id] = true
		truth, leaves, where := s.judge(f, at)
		m.seen = append(m.seen, verdict{id, truth, leaves})
		if truth != persona.Undecided {
			continue
		}
		fields := map[string]bool{}
		for _, leaf := range leaves[:where] {
			if leaf.Truth == persona.Undecided {
				fields[leaf.Field] = true
			}
		}
		for name := range fields {
			m.missing[name]++
		}
	}
	slices.SortFunc(m.seen, func(a, b verdict) int { return strings.Compare(a.subject, b.subject) })
	return m
}

// At returns the instant of the evaluation.
func (m Members) At() time.Time { return m.at }

// Segment returns the id of the segment.
func (m Members) Segment() string { return m.segment.ID }

// All yields the members' ids, sorted.
func (m Members) All() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range m.seen {
			if m.seen[i].truth == persona.True && !yield(m.seen[i].subject) {
				return
			}
		}
	}
}

// Count returns how many subjects are in, out, and undecided.
func (m Members) Count() (in, out, undecided int) {
	for i := range m.seen {
		switch m.seen[i].truth {
		case persona.True:
			in++
		case persona.False:
			out++
		default:
			undecided++
		}
	}
	return in, out, undecided
}

// Has reports whether a subject is a member.
func (m Members) Has(subject string) bool {
	v := m.find(subject)
	return v != nil && v.truth == persona.True
}

func (m Members) find(subject string) *verdict {
	i, ok := slices.BinarySearchFunc(m.seen, subject, func(v verdict, id string) int { return strings.Compare(v.subject, id) })
	if !ok {
		return nil
	}
	return &m.seen[i]
}

// A Missing is a field that undecided subjects lack.
type Missing struct {
	Field    string
	Subjects int // undecided ones for whom a test of the field is undecided
}

// Undecided lists what to find out: the fields that undecided subjects lack, those that
// concern most subjects first. One subject may lack several.
func (m Members) Undecided() []Missing {
	var out []Missing
	for _, name := range slices.Sorted(maps.Keys(m.missing)) {
		out = append(out, Missing{name, m.missing[name]})
	}
	slices.SortStableFunc(out, func(a, b Missing) int { return cmp.Compare(b.Subjects, a.Subjects) })
	return out
}
