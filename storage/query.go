package storage

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Query selects facts. Its fields are and-ed, the values inside a field or-ed; a nil
// field is no condition, an empty but non-nil one matches nothing. The zero Query selects
// everything. A field holds at most [MaxValues] values.
type Query struct {
	Classes []Class
	Keys    []Key
	Sources []string
	Kinds   []touchpoint.Kind // touches of these kinds; no other fact has one
	IDs     []identity.ID     // facts that name at least one of them, each once
	From    time.Time         // At ≥ From; zero = open
	To      time.Time         // At < To; zero = open
	After   Position          // strictly after (before, if Desc); zero = from the start
	Limit   int               // at most so many facts; 0 = all
	Desc    bool              // in reverse order
}

// Check returns ErrLimit if a field holds too many values.
func (q Query) Check() error {
	if max(len(q.Classes), len(q.Keys), len(q.Sources), len(q.Kinds), len(q.IDs)) > MaxValues || q.Limit < 0 {
		return ErrLimit
	}
	return nil
}

// Unconditional reports whether q has no condition at all, paging aside.
func (q Query) Unconditional() bool {
	return q.Classes == nil && q.Keys == nil && q.Sources == nil && q.Kinds == nil && q.IDs == nil &&
		q.From.IsZero() && q.To.IsZero()
}

// Selects reports whether f meets every condition of q; Limit is the caller's. It is the
// plain meaning of a query: stores use indexes and must agree with it.
func (q Query) Selects(f Fact) bool {
	k, at := f.Key(), f.At()
	switch {
	case q.Classes != nil && !slices.Contains(q.Classes, k.Class),
		q.Keys != nil && !slices.Contains(q.Keys, k),
		q.Sources != nil && !slices.Contains(q.Sources, k.Source),
		q.Kinds != nil && (f.Touch == nil || !slices.Contains(q.Kinds, f.Touch.Kind)),
		q.IDs != nil && !slices.ContainsFunc(f.IDs(), func(id identity.ID) bool { return slices.Contains(q.IDs, id) }),
		!q.From.IsZero() && at.Before(q.From),
		!q.To.IsZero() && !at.Before(q.To):
		return false
	}
	if q.After.IsZero() {
		return true
	}
	c := Position{at, k.Source, k.ID, k.Class}.Compare(q.After)
	return c > 0 && !q.Desc || c < 0 && q.Desc
}

// Touches yields the touches that q selects: [Store.Scan] with Classes = ClassTouch. The
// touches are the caller's.
func Touches(ctx context.Context, s Store, q Query) iter.Seq2[touchpoint.Touch, error] {
	if q.Classes == nil || slices.Contains(q.Classes, ClassTouch) {
		q.Classes = []Class{ClassTouch}
	} else {
		q.Classes = []Class{}
	}
	return func(yield func(touchpoint.Touch, error) bool) {
		for f, err := range s.Scan(ctx, q) {
			if err != nil {
				yield(touchpoint.Touch{}, err)
				return
			}
			if !yield(*f.Touch, nil) {
				return
			}
		}
	}
}
