package storage

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"maps"
	"math/bits"
	"slices"
	"time"
)

// A SuppressionList is the list that a set of erasures makes. It is a pure function of
// the set: per tag the greatest At and generation, and everything else from the entry of
// the latest erasure by (At, ID). The zero value is empty. Not safe for concurrent use.
type SuppressionList struct {
	m     map[Tag]listed
	marks marks
	keys  names // of the secrets that made the tags
	calls names // of the erasures that gave the policies
}

// listed is an entry in 48 bytes: there may be millions.
type listed struct {
	at, called int64 // microseconds
	salt       [16]byte
	key, call  uint32
	generation int32
	policy     Policy
}

// marks are bits at the places of tags. They tell at the price of one of them that a tag is
// not on a list, where the map of a million takes several misses of the cache.
type marks []uint64

// bitsATag keep the places that another tag has marked under one in sixteen.
const bitsATag = 16

// newMarks has room for n tags and as many more.
func newMarks(n int) marks { return make(marks, max(1, bitsATag<<bits.Len(uint(n))/64)) }

func (m marks) place(t Tag) (word, bit uint64) {
	h := binary.LittleEndian.Uint64(t[:])
	return h >> 6 & uint64(len(m)-1), 1 << (h & 63)
}

// put marks the place of a tag, unless n tags are more than there is room for.
func (m marks) put(t Tag, n int) bool {
	if n*bitsATag > len(m)*64 {
		return false
	}
	word, bit := m.place(t)
	m[word] |= bit
	return true
}

func (m marks) may(t Tag) bool {
	word, bit := m.place(t)
	return m[word]&bit != 0
}

// names numbers texts.
type names struct {
	text  []string
	index map[string]uint32
}

func (n *names) number(s string) uint32 {
	i, ok := n.index[s]
	if !ok {
		if n.index == nil {
			n.index = make(map[string]uint32)
		}
		i = uint32(len(n.text))
		n.text, n.index[s] = append(n.text, s), i
	}
	return i
}

// Join adds the entries of an erasure; adding one again changes nothing.
func (l *SuppressionList) Join(e Erased) {
	if len(e.Entries) == 0 {
		return
	}
	if l.m == nil {
		l.m = make(map[Tag]listed)
	}
	call := l.calls.number(e.ID)
	for _, s := range e.Entries {
		next := listed{s.At.UnixMicro(), e.At.UnixMicro(), s.Salt, l.keys.number(s.KeyID), call, int32(s.Generation), s.Policy}
		if old, ok := l.m[s.Tag]; ok {
			at, generation := max(old.at, next.at), max(old.generation, next.generation)
			if cmp.Or(cmp.Compare(old.called, next.called), cmp.Compare(l.calls.text[old.call], e.ID)) > 0 {
				next = old
			}
			next.at, next.generation = at, generation
		}
		l.m[s.Tag] = next
		if !l.marks.put(s.Tag, len(l.m)) {
			l.marks = newMarks(len(l.m))
			for t := range l.m {
				l.marks.put(t, 0)
			}
		}
	}
}

// Refuses reports whether a fact with these tags and this instant may not be appended.
func (l *SuppressionList) Refuses(tags []Tag, at time.Time) bool {
	if len(l.m) == 0 {
		return false
	}
	for _, t := range tags {
		if !l.marks.may(t) {
			continue
		}
		if s, ok := l.m[t]; ok && (s.policy == Refuse || at.UnixMicro() <= s.at) {
			return true
		}
	}
	return false
}

// Entry returns the entry of a tag.
func (l *SuppressionList) Entry(t Tag) (Suppression, bool) {
	s, ok := l.m[t]
	if !ok {
		return Suppression{}, false
	}
	return Suppression{KeyID: l.keys.text[s.key], Tag: t, At: time.UnixMicro(s.at).UTC(), Policy: s.policy, Generation: int(s.generation), Salt: s.salt}, true
}

// Len returns the number of entries.
func (l *SuppressionList) Len() int { return len(l.m) }

// All yields the entries sorted by tag.
func (l *SuppressionList) All() iter.Seq[Suppression] {
	return func(yield func(Suppression) bool) {
		for _, t := range slices.SortedFunc(maps.Keys(l.m), func(a, b Tag) int { return bytes.Compare(a[:], b[:]) }) {
			if s, _ := l.Entry(t); !yield(s) {
				return
			}
		}
	}
}
