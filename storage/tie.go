package storage

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Tie is what ties identifiers together. Either it is a group, the touches of one
// source, kind and set of identifiers: then Count > 0, Sighting is that of its earliest
// touch by [Position], and Last is the greatest At. Or it is one fact of identity.
//
// Resolution needs of a group only its earliest sighting, so a person with ten thousand
// page views is a handful of ties.
type Tie struct {
	Sighting identity.Sighting
	Last     time.Time
	Count    int64

	Evidence   *identity.Evidence
	Override   *identity.Override
	Membership *identity.Membership
	Parent     *identity.Parent
}

// IDs returns every identifier that the tie names, sorted by (type, value), distinct.
func (t Tie) IDs() []identity.ID {
	f := Fact{Evidence: t.Evidence, Override: t.Override, Membership: t.Membership, Parent: t.Parent}
	if t.Count > 0 {
		f.Touch = &touchpoint.Touch{IDs: t.Sighting.IDs}
	}
	return f.IDs()
}

// Component returns the ties reached from start, walking breadth-first from identifier
// to identifier. It does not step through an identifier for which through is false
// (blocked values); nil = through all; a panic of it is a *touchpoint.CallbackError. It stops at limit ties (0 = 100,000) with what it
// has and ErrLimit.
//
// It reads one instant where the store is a [Snapshotter]; without, the hops are separate
// reads of a growing set, and the next call is right.
func Component(ctx context.Context, s Store, start []identity.ID, through func(identity.ID) bool, limit int) ([]Tie, error) {
	if limit == 0 {
		limit = DefaultTies
	}
	read := s.Ties
	if sn, ok := s.(Snapshotter); ok {
		view, err := sn.Snapshot(ctx)
		if err != nil {
			return nil, err
		}
		defer view.Close()
		read = view.Ties
	}
	ties := make([]Tie, 0, 8)
	seen := make(map[tieKey]bool)
	reached := make(map[identity.ID]bool)
	var next []identity.ID
	var bad error // of through
	reach := func(ids []identity.ID, first bool) {
		for _, id := range ids {
			if !reached[id] {
				reached[id] = true
				if first || passes(through, id, &bad) {
					next = append(next, id)
				}
			}
		}
	}
	for reach(start, true); len(next) > 0; {
		hop := next[:min(len(next), MaxValues)]
		next = next[len(hop):]
		for t, err := range read(ctx, hop) {
			if err != nil {
				return ties, err
			}
			k := t.key()
			if seen[k] {
				continue
			}
			if len(ties) >= limit {
				return ties, ErrLimit
			}
			seen[k] = true
			ties = append(ties, t)
			ids := t.Sighting.IDs
			if t.Count == 0 {
				ids = t.IDs()
			}
			if reach(ids, false); bad != nil {
				return ties, bad
			}
		}
	}
	return ties, nil
}

// passes asks the host's function whether to step through an identifier; nil = always.
func passes(through func(identity.ID) bool, id identity.ID, err *error) bool {
	if through == nil {
		return true
	}
	defer func() {
		if v := recover(); v != nil {
			*err = &touchpoint.CallbackError{Where: "storage.Component through", Value: fmt.Sprintf("%T", v), Stack: debug.Stack()}
		}
	}()
	return through(id)
}

// DefaultTies is where [Component] stops unless told otherwise.
const DefaultTies = 100_000

// A tieKey tells ties apart: a group by its earliest touch, a fact by its key.
type tieKey Key

func (t Tie) key() tieKey {
	if t.Count > 0 {
		return tieKey{ClassTouch, t.Sighting.Source, t.Sighting.ID}
	}
	return tieKey(Fact{Evidence: t.Evidence, Override: t.Override, Membership: t.Membership, Parent: t.Parent}.Key())
}
