package storage

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// Verify reads everything and checks it: bodies against their checksums, order, keys,
// groups and identifiers in both directions, and what a [Verifier] checks itself. It
// returns all findings joined, none with a value. It wants a store at rest or a
// [Snapshotter].
func Verify(ctx context.Context, s Store) error {
	v := verifier{scan: s.Scan, ties: s.Ties, groups: make(map[groupKey]Tie), want: make(map[Key]Tie)}
	if view, err := OpenSnapshot(ctx, s); err == nil {
		defer view.Close()
		v.scan, v.ties = view.Scan, view.Ties
	} else if !errors.Is(err, ErrUnsupported) {
		return err
	}
	if own, ok := s.(Verifier); ok {
		v.note(own.Verify(ctx))
	}
	v.note(v.facts(ctx))
	v.note(v.allTies(ctx))
	return errors.Join(v.found...)
}

// maxFound is where Verify stops to collect.
const maxFound = 100

// verifyChunk is how many facts are looked up at once: their identifiers fit into one query.
const verifyChunk = MaxValues / MaxIDs

type verifier struct {
	scan   func(context.Context, Query) iter.Seq2[Fact, error]
	ties   func(context.Context, []identity.ID) iter.Seq2[Tie, error]
	found  []error
	groups map[groupKey]Tie // of touches, as the facts make them
	want   map[Key]Tie      // of facts of identity
}

// A groupKey is what the touches of a group have in common.
type groupKey struct {
	set  [16]byte
	kind touchpoint.Kind
}

func (v *verifier) note(err error) {
	if err != nil && len(v.found) < maxFound {
		v.found = append(v.found, err)
	}
}

func (v *verifier) wrong(where string) { v.note(&CorruptError{where, -1}) }

// facts checks every fact by order, key and identifiers.
func (v *verifier) facts(ctx context.Context) error {
	var before, last Position
	var chunk []Fact
	n := 0
	flush := func() error {
		err := v.chunk(ctx, chunk, before)
		before, chunk = last, chunk[:0]
		return err
	}
	for f, err := range v.scan(ctx, Query{}) {
		if err != nil {
			return err
		}
		if Check(f) != nil {
			v.wrong("fact that Check refuses")
		}
		p := f.Position()
		if n++; n > 1 && p.Compare(last) <= 0 {
			v.wrong("order")
		}
		last = p
		v.group(f)
		if chunk = append(chunk, f); len(chunk) == verifyChunk {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// group notes a fact for the comparison with Ties.
func (v *verifier) group(f Fact) {
	k, c := f.Key(), f.Class()
	switch c {
	case ClassTouch:
		key := groupKey{HashSet(c, k.Source, f.IDs()), f.Touch.Kind}
		t := v.groups[key]
		if t.Count++; t.Count == 1 {
			t.Sighting = f.Touch.Sighting()
		}
		t.Last = f.At() // facts come in order
		v.groups[key] = t
	case ClassEvidence, ClassOverride, ClassMembership, ClassParent:
		v.want[k] = Tie{}
	}
}

// chunk looks consecutive facts up by key and by identifier.
func (v *verifier) chunk(ctx context.Context, facts []Fact, before Position) error {
	if len(facts) == 0 {
		return nil
	}
	var keys, named []Key
	var ids []identity.ID
	for _, f := range facts {
		keys = append(keys, f.Key())
		if mine := f.IDs(); len(mine) > 0 && len(ids)+len(mine) <= MaxValues {
			ids = append(ids, mine...)
			named = append(named, f.Key())
		}
	}
	if err := v.lookUp(ctx, "key", Query{Keys: keys}, keys); err != nil || len(named) == 0 {
		return err
	}
	end := facts[len(facts)-1].At().Add(time.Microsecond)
	return v.lookUp(ctx, "identifier", Query{IDs: ids, After: before, To: end}, named)
}

// lookUp checks that a query finds all of these.
func (v *verifier) lookUp(ctx context.Context, where string, q Query, want []Key) error {
	missing := make(map[Key]bool, len(want))
	for _, k := range want {
		missing[k] = true
	}
	for f, err := range v.scan(ctx, q) {
		if err != nil {
			return err
		}
		delete(missing, f.Key())
		if !q.Selects(f) {
			v.wrong(where)
		}
	}
	if len(missing) > 0 {
		v.wrong(where)
	}
	return nil
}

// allTies compares Ties with the groups and facts that the scan has seen.
func (v *verifier) allTies(ctx context.Context) error {
	for _, t := range v.groups {
		v.want[Key(t.key())] = t
	}
	for t, err := range v.ties(ctx, nil) {
		if err != nil {
			return err
		}
		k := Key(t.key())
		want, ok := v.want[k]
		if !ok || t.Count != want.Count || !t.Last.Equal(want.Last) ||
			!t.Sighting.At.Equal(want.Sighting.At) || !slices.Equal(t.Sighting.IDs, want.Sighting.IDs) {
			v.wrong("tie")
		}
		delete(v.want, k)
	}
	if len(v.want) > 0 {
		v.wrong("tie that is missing")
	}
	return nil
}
